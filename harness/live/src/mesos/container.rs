//! A container of an agent: a program of the registry that runs on the agent's address.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use stacklab_frameworks::registry::{AnyProgram, ProgramContext, UnknownProgram, artifacts, program};
use stacklab_machine::process::Input;
use stacklab_machine::timeline::{EventId, What};
use stacklab_machine::{Pace, Streams};
use stacklab_mesos::{ContainerId, ExecutorCall, ExecutorEvent, SchedulerEvent, StartSpec};
use tokio::sync::mpsc;

use super::agent::Message;
use super::scheduler::SchedulerLink;
use crate::names::Names;
use crate::program::{Exit, MesosLink, Place, Running, Services, spawn};
use crate::recorder::Recorder;
use crate::sandbox::Sandbox;

/// What every container of an agent shares.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) recorder: Recorder,
    pub(super) services: Arc<dyn Services>,
    pub(super) names: Names,
    pub(super) pace: Pace,
    pub(super) streams: Streams,
    pub(super) agent: mpsc::Sender<Message>,
}

/// A running program. Dropping it kills it.
pub(super) struct Container {
    name: String,
    task: String,
    program: String,
    recorder: Recorder,
    running: AnyRunning,
}

enum AnyRunning {
    Scheduler(Running<SchedulerEvent>),
    Executor(Running<ExecutorEvent>),
}

impl Container {
    /// SIGTERM.
    pub(super) async fn terminate(&self) {
        match &self.running {
            AnyRunning::Scheduler(running) => running.inbox().send(Input::Terminate, None).await,
            AnyRunning::Executor(running) => running.inbox().send(Input::Terminate, None).await,
        };
    }

    pub(super) async fn tell(&self, event: ExecutorEvent, cause: Option<EventId>) {
        if let AnyRunning::Executor(running) = &self.running {
            running.inbox().send(Input::Mesos(event), cause).await;
        }
    }

    pub(super) async fn exited(&mut self) -> Exit {
        match &mut self.running {
            AnyRunning::Scheduler(running) => running.exited().await,
            AnyRunning::Executor(running) => running.exited().await,
        }
    }

    /// Notes how it ended, and kills what is left: another program may use its port as soon as this returns.
    pub(super) async fn end(self, exit: stacklab_mesos::Exit) {
        match self.running {
            AnyRunning::Scheduler(running) => running.kill().await,
            AnyRunning::Executor(running) => running.kill().await,
        }
        let code = match exit {
            stacklab_mesos::Exit::Code(code) => code,
            stacklab_mesos::Exit::Signal(signal) => 128 + signal,
        };
        let what = What::ProgramExited { task: self.task, program: self.program, code };
        self.recorder.record(&self.name, None, what);
    }
}

/// The name of a container's program in the timeline: the task's, or the executor's.
pub(super) fn name_of(spec: &StartSpec) -> String {
    let executor = || spec.executor.as_ref().and_then(|executor| executor.name.clone());
    let task = spec.task.as_ref().map(|task| task.name.clone());
    task.or_else(executor).unwrap_or_else(|| spec.executor_id.to_string())
}

/// Starts the program of a command line.
///
/// # Errors
/// No machine plays it, or the real one would end at once.
pub(super) fn start(
    ground: &Ground,
    spec: &StartSpec,
    cause: Option<EventId>,
) -> Result<Container, UnknownProgram> {
    let name = name_of(spec);
    let mut context = ProgramContext::new(&spec.command, &spec.hostname);
    context.env = spec.environment.iter().cloned().collect();
    context.files = sandbox_of(&spec.files);
    context.user.clone_from(&spec.user);
    context.rng = ground.streams.stream(&format!("ids/{}", spec.container));
    context.pace = ground.pace;
    let place = Place {
        name: name.clone(),
        task: spec.task.as_ref().map_or_else(|| name.clone(), |task| task.task_id.to_string()),
        // Checked when the agent was made: it is the agent's own.
        address: spec.ip.parse().unwrap_or(IpAddr::from([127, 0, 0, 1])),
        recorder: ground.recorder.clone(),
        names: ground.names.clone(),
        sandbox: fetched(spec),
        services: Arc::clone(&ground.services),
    };
    let (task, host) = (place.task.clone(), spec.hostname.clone());
    let running = match program(context)? {
        AnyProgram::Scheduler(machine) => AnyRunning::Scheduler(spawn(machine, place, SchedulerLink::new)),
        AnyProgram::Executor(machine) => {
            let link = AgentLink { container: spec.container.clone(), agent: ground.agent.clone() };
            AnyRunning::Executor(spawn(machine, place, |_| link))
        }
    };
    let started = What::ProgramStarted { task: task.clone(), program: spec.command.clone(), host };
    ground.recorder.record(&name, cause, started);
    Ok(Container { name, task, program: spec.command.clone(), recorder: ground.recorder.clone(), running })
}

/// A sandbox with these files. What is in them plays no part, only that they are there: schedulers hand them on.
fn fetched(spec: &StartSpec) -> Sandbox {
    // Whole megabytes, up: a limit below what was asked for would be none of Mesos'.
    let memory = spec.memory.ceil() as u32;
    let sandbox = if memory > 0 { Sandbox::with_memory(memory) } else { Sandbox::new() };
    for file in sandbox_of(&spec.files).iter().filter(|file| !file.ends_with('/')) {
        // Within the limits: a task has a few dozen files.
        let _ = sandbox.write(file, format!("stacklab stands in for {file}\n").into_bytes());
    }
    sandbox
}

/// Everything in a sandbox into which these files were fetched: archives are unpacked and stay.
pub(super) fn sandbox_of(files: &[String]) -> BTreeSet<String> {
    let unpacked = |file: &String| artifacts::fetch(file, true).unwrap_or_else(|| vec![file.clone()]);
    files.iter().flat_map(unpacked).collect()
}

/// An executor's way to its agent.
struct AgentLink {
    container: ContainerId,
    agent: mpsc::Sender<Message>,
}

impl MesosLink<ExecutorCall> for AgentLink {
    fn attach(&mut self, _: &str) {}

    fn call(&mut self, call: ExecutorCall, cause: Option<EventId>) {
        // An agent that is thousands of messages behind is as good as gone; the executor's update is lost with it.
        let _ = self.agent.try_send(Message::Executor(self.container.clone(), call, cause));
    }
}
