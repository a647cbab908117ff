//! A container of an agent: a program of the registry that runs on the agent's address.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use stacklab_frameworks::registry::{AnyProgram, ProgramContext, UnknownProgram, artifacts, program};
use stacklab_machine::process::Input;
use stacklab_machine::timeline::{EventId, What};
use stacklab_machine::{Pace, Streams};
use stacklab_mesos::{ContainerId, ExecutorCall, ExecutorEvent, Exit, SchedulerEvent, StartSpec};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::agent::Message;
use super::command::{self, Process};
use super::image::Image;
use super::scheduler::SchedulerLink;
use crate::image::ImageTask;
use crate::mishap::{Owner, Surroundings};
use crate::names::Names;
use crate::program::{MesosLink, Place, Running, Services, spawn};
use crate::recorder::Recorder;
use crate::sandbox::Sandbox;

const SIGTERM: i32 = 15;

/// What every container of an agent shares.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) recorder: Recorder,
    pub(super) services: Arc<dyn Services>,
    pub(super) names: Names,
    pub(super) pace: Pace,
    pub(super) streams: Streams,
    pub(super) agent: mpsc::Sender<Message>,
    pub(super) surroundings: Surroundings,
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
    /// A command that nobody plays, as a process.
    Process(Process),
    /// An image that the task brought along.
    Image(Image),
    /// A command that nobody plays, and that is not run either: it ends at this time, like this.
    Modelled(Option<Instant>, Exit),
}

impl Container {
    /// SIGTERM.
    pub(super) async fn terminate(&mut self) {
        match &mut self.running {
            AnyRunning::Scheduler(running) => drop(running.inbox().send(Input::Terminate, None).await),
            AnyRunning::Executor(running) => drop(running.inbox().send(Input::Terminate, None).await),
            AnyRunning::Process(process) => process.terminate(),
            AnyRunning::Image(image) => image.terminate(),
            AnyRunning::Modelled(end, exit) => (*end, *exit) = (Some(Instant::now()), Exit::Signal(SIGTERM)),
        }
    }

    pub(super) async fn tell(&self, event: ExecutorEvent, cause: Option<EventId>) {
        if let AnyRunning::Executor(running) = &self.running {
            running.inbox().send(Input::Mesos(event), cause).await;
        }
    }

    pub(super) async fn exited(&mut self) -> Exit {
        match &mut self.running {
            AnyRunning::Scheduler(running) => Exit::Code(running.exited().await.code),
            AnyRunning::Executor(running) => Exit::Code(running.exited().await.code),
            AnyRunning::Process(process) => process.exited().await,
            AnyRunning::Image(image) => image.exited().await,
            AnyRunning::Modelled(Some(end), exit) => {
                tokio::time::sleep_until(*end).await;
                *exit
            }
            AnyRunning::Modelled(None, _) => std::future::pending().await,
        }
    }

    /// Notes how it ended, and kills what is left: another program may use its port as soon as this returns.
    pub(super) async fn end(self, exit: Exit) {
        match self.running {
            AnyRunning::Scheduler(running) => running.kill().await,
            AnyRunning::Executor(running) => running.kill().await,
            AnyRunning::Process(process) => process.kill().await,
            AnyRunning::Image(image) => image.kill().await,
            AnyRunning::Modelled(..) => {}
        }
        let code = match exit {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
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
    let mut context = ProgramContext::new(&spec.command, &spec.hostname);
    context.env = spec.environment.iter().cloned().collect();
    context.files = sandbox_of(&spec.files);
    context.user.clone_from(&spec.user);
    context.rng = ground.streams.stream(&format!("ids/{}", spec.container));
    context.pace = ground.pace;
    let place = Place {
        name: name_of(spec),
        task: task_of(spec),
        // Checked when the agent was made: it is the agent's own.
        address: spec.ip.parse().unwrap_or(IpAddr::from([127, 0, 0, 1])),
        recorder: ground.recorder.clone(),
        names: ground.names.clone(),
        sandbox: fetched(spec),
        services: Arc::clone(&ground.services),
        surroundings: ground.surroundings.clone(),
    };
    let host = ground.surroundings.host.clone();
    host.has(&place.sandbox);
    place.sandbox.own(Owner { party: place.party(), host });
    let running = match program(context)? {
        AnyProgram::Scheduler(machine) => {
            let link = SchedulerLink::at(&place);
            AnyRunning::Scheduler(spawn(machine, place, link))
        }
        AnyProgram::Executor(machine) => {
            let link = AgentLink { container: spec.container.clone(), agent: ground.agent.clone() };
            AnyRunning::Executor(spawn(machine, place, |_| link))
        }
    };
    Ok(container(ground, spec, running, cause))
}

/// A command that is not played, as a process of this machine.
///
/// # Errors
/// It cannot be started.
pub(super) fn run_command(
    ground: &Ground,
    spec: &StartSpec,
    sandbox: &Path,
    cause: Option<EventId>,
) -> std::io::Result<Container> {
    let process = command::start(spec, sandbox, &name_of(spec), &ground.recorder)?;
    Ok(container(ground, spec, AnyRunning::Process(process), cause))
}

/// An image that a task brings along, where there are containers.
///
/// # Errors
/// It is not run; the text says why.
pub(super) async fn run_image(
    ground: &Ground,
    spec: &StartSpec,
    cause: Option<EventId>,
) -> Option<Result<Container, String>> {
    let task = match ImageTask::of(spec, task_of(spec))? {
        Ok(task) => task,
        Err(why) => return Some(Err(why)),
    };
    let image = Image::start(&ground.services, task, &name_of(spec), &ground.recorder).await;
    Some(image.map(|image| container(ground, spec, AnyRunning::Image(image), cause)))
}

/// A command that is not played, and not run either.
pub(super) fn model_command(
    ground: &Ground,
    spec: &StartSpec,
    runs_for: Option<Duration>,
    cause: Option<EventId>,
) -> Container {
    let line = "no program here plays this command: the task runs, and does nothing".to_owned();
    ground.recorder.record(&name_of(spec), cause, What::Log { line });
    let end = runs_for.and_then(|time| Instant::now().checked_add(time));
    container(ground, spec, AnyRunning::Modelled(end, Exit::Code(0)), cause)
}

fn container(ground: &Ground, spec: &StartSpec, running: AnyRunning, cause: Option<EventId>) -> Container {
    let (name, task, program) = (name_of(spec), task_of(spec), spec.command.clone());
    let host = spec.hostname.clone();
    let started = What::ProgramStarted { task: task.clone(), program: program.clone(), host };
    ground.recorder.record(&name, cause, started);
    Container { name, task, program, recorder: ground.recorder.clone(), running }
}

/// The task's id, or the executor's name.
fn task_of(spec: &StartSpec) -> String {
    spec.task.as_ref().map_or_else(|| name_of(spec), |task| task.task_id.to_string())
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
