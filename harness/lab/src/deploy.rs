//! Runs a stack on a lab, the way Stack Deploy does, until it is deployed, has failed, or waits for what will not come.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use stacklab_diagnosis::diagnose;
use stacklab_live::program::{Place, Running, spawn};
use stacklab_live::{Recorder, Sandbox};
use stacklab_machine::timeline::{Event, What};
use stacklab_machine::{Pace, Time};
use stacklab_once::{Heard, OnceConfig};
use stacklab_stack::{OnceReply, RUN_ONCE, Run, RunConfig, Stack};
use stacklab_stack_deploy::framework::{self, RunLink};

use crate::lab::Lab;
use crate::report::running;
use crate::stall::{Suspicion, starved};
use crate::verdict;

/// Between two looks for a cause that will not go away.
const SUSPECT: Duration = Duration::from_millis(400);
/// How often the timeline is looked at for an instance without a place.
const LOOK: Duration = Duration::from_millis(200);
/// Time in which nothing must have changed before an instance counts as without a place: at least this, and at
/// least [`QUIET_ORIGINAL`] at the lab's pace.
const QUIET: Duration = Duration::from_millis(1500);
const QUIET_ORIGINAL: Duration = Duration::from_secs(45);
/// Nothing at all may change for this long: longer than any time-out of the embedded services, and at least
/// [`SILENCE_ORIGINAL`] at the lab's pace, in which four nodes may join an ensemble one after the other.
const SILENCE: Duration = Duration::from_secs(90);
const SILENCE_ORIGINAL: Duration = Duration::from_secs(15 * 60);
/// The same while a service is starting: a real one takes its time, whatever the pace, on a machine that is busy.
const STARTING: Duration = Duration::from_secs(300);

/// The same while a task of a run-once application runs.
const ONCE: Duration = Duration::from_secs(60 * 60);
/// How long the start of a run waits for it to be registered.
const SUBSCRIBED: Duration = Duration::from_secs(10);
/// Name of Stack Deploy's own framework.
const FRAMEWORK: &str = "stack-deploy";

/// Why a stack is not deployed. What led to it `stacklab_diagnosis::diagnose` says, from the lab's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDeployed {
    /// Stack Deploy says so, in these words.
    Failed(String),
    /// It goes on for ever, or for much longer: the text says what it waits for.
    GivenUp(String),
}

impl std::fmt::Display for NotDeployed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(text) | Self::GivenUp(text) => f.write_str(text),
        }
    }
}

/// Deploys a stack.
///
/// # Errors
/// The stack is not deployed.
pub async fn deploy(
    lab: &Lab,
    stack: Stack,
    variables: &BTreeMap<String, String>,
) -> Result<(), NotDeployed> {
    let recorder = lab.recorder();
    let name = stack.name.clone();
    let first = recorder.with(|timeline| timeline.events().len());
    let mut config = RunConfig::new(stack, &lab.addresses().marathon);
    config.variables = lab.fill(variables);
    config.mesos_master_state_url = Some(format!("{}/master/state.json", lab.addresses().master));
    config.pace = lab.pace();
    let deployment = start(lab, config).await;
    let limits = Limits::at(lab.pace());
    let mut calls = Vec::new();
    let mut changed = recorder.now();
    let mut seen = first;
    let mut certainty = Certainty::default();
    loop {
        tokio::time::sleep(LOOK.min(Duration::from_millis(5))).await;
        let events = recorder.events_from(seen);
        seen += events.len();
        if let Some(event) = events.iter().rfind(|event| is_new(&event.what, &mut calls)) {
            changed = event.at;
        }
        let ended = events.iter().find_map(|event| match &event.what {
            What::StackFinished { stack, error } if *stack == name => Some(error.clone()),
            _ => None,
        });
        match ended {
            Some(None) => {
                if let Some(framework) = deployment.framework {
                    lab.keep(framework);
                }
                return Ok(());
            }
            Some(Some(error)) => return Err(NotDeployed::Failed(error)),
            None => {}
        }
        let why = certainty
            .grows(recorder)
            .or_else(|| recorder.with(|timeline| never_starts(timeline.events())))
            .or_else(|| hopeless(recorder, limits, changed));
        if let Some(why) = why {
            return Err(NotDeployed::GivenUp(why));
        }
    }
}

/// A [`Suspicion`] that is looked into every now and then.
#[derive(Debug, Default)]
struct Certainty {
    next: Option<Time>,
    suspicion: Suspicion,
}

impl Certainty {
    fn grows(&mut self, recorder: &Recorder) -> Option<String> {
        let now = recorder.now();
        if self.next.is_some_and(|next| now < next) {
            return None;
        }
        // Of a copy: nobody who records has to wait.
        let certain = self.suspicion.is_confirmed(&recorder.events_from(0));
        // Looking takes time, too: a small part of all.
        let took = recorder.now().since(now);
        self.next = Some(recorder.now() + SUSPECT.max(took * 10));
        certain.then(|| recorder.with(|timeline| explained(timeline.events())))
    }
}

/// The diagnosis of a deployment that goes on.
fn explained(events: &[Event]) -> String {
    let found = diagnose(events).map(|diagnosis| diagnosis.text());
    found.unwrap_or_else(|| "nothing keeps it from going on".to_owned())
}

/// What a deployment consists of. Dropping it ends it; the framework goes on with the lab if all is well.
struct Deployment {
    _run: Running<OnceReply>,
    /// Only if the stack has something for it.
    framework: Option<Running<Heard>>,
}

async fn start(lab: &Lab, mut config: RunConfig) -> Deployment {
    config.run_once = config.stack.applications.values().any(|app| app.kind == RUN_ONCE);
    let (framework, desk) = if config.run_once {
        let first = lab.recorder().with(|timeline| timeline.events().len());
        let mut once = OnceConfig::new(lab.addresses().master.trim_start_matches("http://"));
        once.name = FRAMEWORK.into();
        (once.user, once.pace) = ("root".into(), lab.pace());
        // Nobody comes back after it.
        once.failover_timeout = Duration::ZERO;
        let started = framework::start(once, lab.streams(), place(lab, "stack-deploy-framework"));
        subscribed(lab.recorder(), first).await;
        (Some(started.0), Some(started.1))
    } else {
        (None, None)
    };
    let run = Box::new(Run::new(config));
    let run = spawn(run, place(lab, "stack-deploy"), |inbox| RunLink::new(desk, inbox));
    Deployment { _run: run, framework }
}

/// Waits until the framework is registered, as a server has it long before it is asked for anything; but not for ever:
/// what needs it waits for it anyway.
async fn subscribed(recorder: &Recorder, first: usize) {
    let mut length = recorder.watch();
    let is_there = || {
        let ours = |what: &What| matches!(what, What::FrameworkSubscribed { name, .. } if name == FRAMEWORK);
        recorder.events_from(first).iter().any(|event| ours(&event.what))
    };
    let come = async { while !is_there() && length.changed().await.is_ok() {} };
    let _ = tokio::time::timeout(SUBSCRIBED, come).await;
}

fn place(lab: &Lab, name: &str) -> Place {
    Place {
        name: name.to_owned(),
        task: name.to_owned(),
        address: IpAddr::from([127, 0, 0, 1]),
        recorder: lab.recorder().clone(),
        names: lab.names().clone(),
        sandbox: Sandbox::new(),
        services: Arc::clone(lab.services()),
        surroundings: lab.surroundings(),
    }
}

/// How often an artifact must have been missing: once may be a scheduler that was just restarted.
const MISSING: usize = 3;

/// How often a container must have failed to start for the same reason.
const NOT_STARTED: usize = 5;

/// What cannot be had, and never will: an artifact, or a container. The original tries on until the deployment's time
/// is up.
fn never_starts(events: &[Event]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        let (what, limit) = match &event.what {
            What::ArtifactMissing { uri, .. } => (uri, MISSING),
            What::TaskStatus { message: Some(message), .. } if message.starts_with("Failed to launch") => {
                (message, NOT_STARTED)
            }
            _ => continue,
        };
        let count = counts.entry(what).or_default();
        *count += 1;
        if *count >= limit {
            return Some(match &event.what {
                What::ArtifactMissing { uri, why, .. } => format!("the artifact {uri} cannot be had: {why}"),
                _ => what.clone(),
            });
        }
    }
    None
}

/// Why waiting on makes no sense, if it does not.
fn hopeless(recorder: &Recorder, limits: Limits, changed: Time) -> Option<String> {
    let now = recorder.now();
    if now.since(changed) < limits.quiet {
        return None;
    }
    let silent = now.since(changed);
    let (_, services) = recorder.with(|timeline| running(timeline.events()));
    if services.iter().any(|service| !service.ready) {
        // Something is about to change.
        let limit = limits.silence.max(STARTING);
        return (silent >= limit)
            .then(|| recorder.with(|timeline| verdict::silent(silent, timeline.events())));
    }
    if recorder.with(|timeline| once_runs(timeline.events())) {
        // A command of the user's takes as long as it takes.
        return (silent >= ONCE)
            .then(|| recorder.with(|timeline| verdict::silent(silent, timeline.events())));
    }
    let found = recorder.with(|timeline| starved(timeline.events(), now, limits.quiet));
    if let Some(starved) = found.first() {
        return Some(starved.explain());
    }
    (silent >= limits.silence).then(|| recorder.with(|timeline| verdict::silent(silent, timeline.events())))
}

/// Whether a task of a run-once application runs: one that Stack Deploy's own framework has launched.
fn once_runs(events: &[Event]) -> bool {
    let (mut own, mut running) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        match &event.what {
            What::FrameworkSubscribed { framework, name, .. } if name == FRAMEWORK => {
                own.insert(framework);
            }
            What::TaskStatus { task, framework, state, .. } if own.contains(framework) => {
                if state == "TASK_RUNNING" {
                    running.insert(task);
                } else {
                    running.remove(task);
                }
            }
            _ => {}
        }
    }
    !running.is_empty()
}

/// How long nothing may change.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Before an instance counts as without a place.
    quiet: Duration,
    /// Before the deployment as a whole counts as stuck.
    silence: Duration,
}

impl Limits {
    fn at(pace: Pace) -> Self {
        Self {
            quiet: QUIET.max(pace.wait(QUIET_ORIGINAL)),
            silence: SILENCE.max(pace.wait(SILENCE_ORIGINAL)),
        }
    }
}

/// Whether an event shows that something gets on. `calls` are the calls on tasks so far: Stack Deploy asks for a
/// status again and again, and the same answer is nothing new.
fn is_new(what: &What, calls: &mut Vec<What>) -> bool {
    if matches!(what, What::TaskCall { .. }) {
        let new = !calls.contains(what);
        if new {
            calls.push(what.clone());
        }
        return new;
    }
    !matches!(
        what,
        What::OfferSent { .. }
            | What::OfferDeclined { .. }
            | What::HttpExchange { .. }
            | What::Log { .. }
            | What::Waiting { .. }
            | What::ZnodeWritten { .. }
            | What::ZnodeDeleted { .. }
    )
}

#[cfg(test)]
mod tests {
    use stacklab_machine::timeline::Timeline;

    use super::*;

    #[test]
    fn a_status_that_is_asked_for_again_is_nothing_new() {
        let call = |name: &str| What::TaskCall {
            application: "exhibitor-mesos".into(),
            task: "exhibitors".into(),
            call: name.into(),
            error: None,
        };
        let mut calls = Vec::new();
        assert!(is_new(&call("/api/start"), &mut calls));
        assert!(is_new(&call("/api/status"), &mut calls));
        assert!(!is_new(&call("/api/status"), &mut calls));
        assert!(!is_new(&What::Log { line: "x".into() }, &mut calls));
        let created = What::AppCreated { app: "/x".into(), instances: 1 };
        assert!(is_new(&created, &mut calls) && is_new(&created, &mut calls));
    }

    #[test]
    fn what_never_starts_is_given_up() {
        let mut timeline = Timeline::new();
        let mut after = |message: &str| {
            let what = What::TaskStatus {
                task: "web.1".into(),
                framework: "F".into(),
                agent: "S0".into(),
                state: "TASK_FAILED".into(),
                source: String::new(),
                reason: None,
                message: Some(message.into()),
            };
            timeline.record(Time::SIM_START, "mesos-master", None, what);
            never_starts(timeline.events())
        };
        let failed = "Failed to launch container: no image";
        for _ in 1..NOT_STARTED {
            assert_eq!(after(failed), None);
            assert_eq!(after("Command exited with status 1"), None);
        }
        assert!(after(failed).is_some_and(|why| why.starts_with(failed)));
    }

    #[test]
    fn a_run_once_task_is_given_its_time() {
        let mut timeline = Timeline::new();
        let mut once_runs_after = |what: What| {
            timeline.record(Time::SIM_START, "mesos-master", None, what);
            once_runs(timeline.events())
        };
        let subscribed = |framework: &str, name: &str| What::FrameworkSubscribed {
            framework: framework.into(),
            name: name.into(),
            known: false,
        };
        let status = |framework: &str, state: &str| What::TaskStatus {
            task: "once|a|1".into(),
            framework: framework.into(),
            agent: "S0".into(),
            state: state.into(),
            source: String::new(),
            reason: None,
            message: None,
        };
        assert!(!once_runs_after(subscribed("F0", "marathon")));
        assert!(!once_runs_after(status("F0", "TASK_RUNNING")));
        assert!(!once_runs_after(subscribed("F1", "stack-deploy")));
        assert!(once_runs_after(status("F1", "TASK_RUNNING")));
        assert!(!once_runs_after(status("F1", "TASK_FINISHED")));
    }

    #[test]
    fn patience_is_as_long_as_the_pace_asks_for() {
        assert_eq!(Limits::at(Pace::FAST).silence, Duration::from_secs(90));
        assert_eq!(Limits::at(Pace::REAL).silence, Duration::from_secs(900));
    }
}
