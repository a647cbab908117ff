//! Hooks: shell commands of a stack, run beside the run itself at fixed points of an application's way.

use stacklab_machine::process::{Output, ScriptEnd};
use stacklab_machine::timeline::What;

use super::application::{App, State, World};
use crate::Application;

/// A point of an application's way; tasks by their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook {
    BeforeScheduler,
    AfterScheduler,
    BeforeTask(usize),
    AfterTask(usize),
    AfterTasks,
}

impl Hook {
    fn name(self) -> &'static str {
        match self {
            Self::BeforeScheduler => "before_scheduler",
            Self::AfterScheduler => "after_scheduler",
            Self::BeforeTask(_) => "before_task",
            Self::AfterTask(_) => "after_task",
            Self::AfterTasks => "after_tasks",
        }
    }

    fn lines(self, app: &Application) -> &[String] {
        match self {
            Self::BeforeScheduler => &app.before_scheduler,
            Self::AfterScheduler => &app.after_scheduler,
            Self::BeforeTask(_) => &app.before_task,
            Self::AfterTask(_) => &app.after_task,
            Self::AfterTasks => &app.after_tasks,
        }
    }
}

impl App {
    /// Resolves what can be resolved by now, in place as the original does: what a variable is at the start of an
    /// application holds for its tasks and hooks, even if its own scheduler publishes another value later.
    pub(super) fn resolve(&mut self, world: &World<'_>) {
        let app = &mut self.application;
        let hooks = [
            &mut app.before_scheduler,
            &mut app.after_scheduler,
            &mut app.before_task,
            &mut app.after_task,
            &mut app.after_tasks,
        ];
        let parameters = app.tasks.iter_mut().flat_map(|task| task.parameters.values_mut());
        for text in hooks.into_iter().flatten().chain(parameters) {
            if let std::borrow::Cow::Owned(resolved) = world.variables.resolve(text) {
                *text = resolved;
            }
        }
    }

    /// Insists that nothing in a hook is unresolved.
    pub(super) fn check_hook(&self, hook: Hook, world: &World<'_>) -> Result<(), String> {
        for line in hook.lines(&self.application) {
            world.variables.resolve_all(line).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Comes to a hook: resolves, checks, runs it if there is one, and goes on.
    pub(super) fn hook(&mut self, hook: Hook, world: &mut World<'_>) -> Result<(), String> {
        self.resolve(world);
        self.check_hook(hook, world)?;
        self.run_hook(hook, world)
    }

    /// Runs a hook that was checked, and goes on when it has ended.
    pub(super) fn run_hook(&mut self, hook: Hook, world: &mut World<'_>) -> Result<(), String> {
        let lines = hook.lines(&self.application);
        if lines.is_empty() {
            return self.go_on(hook, world);
        }
        let name = format!("{}_{}.sh", self.application.id, hook.name());
        let text = format!("#!/bin/sh\n\n{}", lines.join("\n"));
        world.out.push(Output::Log(format!("Running {name}")));
        world.out.note_with(|| What::Waiting { for_what: format!("the script {name}") });
        let call = world.calls.number();
        world.out.push(Output::Script { call, name, text });
        (self.call, self.state) = (Some(call), State::Hook(hook));
        Ok(())
    }

    /// A hook's script has ended.
    pub(super) fn hooked(
        &mut self,
        result: Result<ScriptEnd, String>,
        world: &mut World<'_>,
    ) -> Result<(), String> {
        let State::Hook(hook) = self.state else { return Ok(()) };
        match result? {
            ScriptEnd::Code(0) => self.go_on(hook, world),
            ScriptEnd::Code(code) => Err(format!("exit status {code}")),
            ScriptEnd::Signal(signal) => Err(format!("signal: {}", signal_name(signal))),
        }
    }

    fn go_on(&mut self, hook: Hook, world: &mut World<'_>) -> Result<(), String> {
        match hook {
            Hook::BeforeScheduler => self.launch(world),
            Hook::AfterScheduler => self.find(world),
            Hook::BeforeTask(index) => self.run_task(index, world),
            Hook::AfterTask(index) => self.begin_task(index + 1, world),
            Hook::AfterTasks => {
                self.complete(world);
                Ok(())
            }
        }
    }
}

/// A signal as Go calls it.
fn signal_name(signal: i32) -> String {
    match signal {
        1 => "hangup".into(),
        2 => "interrupt".into(),
        3 => "quit".into(),
        6 => "aborted".into(),
        9 => "killed".into(),
        11 => "segmentation fault".into(),
        13 => "broken pipe".into(),
        15 => "terminated".into(),
        other => format!("signal {other}"),
    }
}
