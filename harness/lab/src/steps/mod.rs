//! The steps of a scenario, done one after the other on whatever ground there is: a lab on sockets, or a simulated
//! world. What a step consists of is said here once.

mod calls;
mod holds;

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use stacklab_machine::http::{Request, Response};
use stacklab_machine::timeline::{Event, EventId, What};

use crate::scenario::{Condition, Expect, PATIENCE, Scenario, Step};
use crate::stall::agents;
use holds::holds;

/// What is said of a deployment that nothing brings to its end any more. Why not is the diagnosis' business.
pub(crate) const GIVEN_UP: &str = "given up: it does not come to an end by itself";

/// Something is done at a place in ZooKeeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ZnodeCall {
    /// Deletes a node with all below it.
    Delete(String),
    /// Writes a node, and its parents if they are missing.
    Write(String, String),
}

/// Where steps are done.
pub(crate) trait Ground {
    /// Looks at the timeline.
    fn events<T>(&self, look: impl FnOnce(&[Event]) -> T) -> T;
    /// Adds to it.
    fn record(&mut self, cause: Option<EventId>, what: What) -> Option<EventId>;
    /// URL of Marathon.
    fn marathon(&self) -> String;
    /// URL of the master.
    fn master(&self) -> String;
    /// Asks something over HTTP.
    async fn http(&mut self, request: Request) -> Result<Response, String>;
    /// Does something in the platform's ZooKeeper.
    async fn znode(&mut self, call: ZnodeCall) -> Result<(), String>;
    /// Lets time pass until something is so; false if it is not so after this long, at the original's pace.
    async fn wait(&mut self, so: &(dyn Fn(&[Event]) -> bool + Sync), within: Duration) -> bool;
    /// Lets time pass, so long at the original's pace.
    async fn pause(&mut self, time: Duration);
    /// Deploys the scenario's stack, or another one.
    async fn deploy(&mut self, stack: Option<&Path>) -> Result<(), String>;
    /// Sends the traces and reads them back; says so if there is no way to on this ground.
    async fn traces(&mut self) -> Traced;
}

/// What became of the traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Traced {
    /// Sent, or not: why.
    Sent(Result<(), String>),
    /// There is nobody who could.
    NotHere,
}

/// What came of all steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Each step and how it ended.
    pub steps: Vec<(String, Ended)>,
    /// Why the scenario's subject, a deployment or its traces, failed in the end.
    pub failure: Option<String>,
    /// A step that did not do what it should: the scenario is not as expected, whatever the end.
    pub broken: Option<String>,
}

impl Course {
    /// Whether traces were to be sent, and nobody was there who could.
    pub fn is_without_traces(&self) -> bool {
        let traces = Step::SendTraces.to_string();
        self.failure.is_none()
            && self.steps.iter().any(|(step, ended)| *step == traces && *ended == Ended::Skipped)
    }

    /// Whether everything was done, and went well.
    pub fn is_good(&self) -> bool {
        self.failure.is_none() && self.broken.is_none()
    }
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As it should.
    Done,
    /// It failed, and says why.
    Failed(String),
    /// Not on this backend.
    Skipped,
}

/// Does all steps, until one does not do what it should.
pub(crate) async fn perform(scenario: &Scenario, steps: &[Step], ground: &mut impl Ground) -> Course {
    let mut course = Course::default();
    let last_deploy = steps.iter().rposition(|step| matches!(step, Step::Deploy { .. }));
    let may_fail = scenario.expect != Expect::Deployed;
    let mut since = 0;
    for (index, step) in steps.iter().enumerate() {
        let begun = ground.events(<[Event]>::len);
        let ended = match (step, &course.failure) {
            // There is nothing to send them to.
            (Step::SendTraces, Some(_)) => Ended::Skipped,
            _ => recorded(ground, step, since).await,
        };
        since = begun;
        course.steps.push((step.to_string(), ended.clone()));
        match (step, ended) {
            (Step::Deploy { fails: true, .. }, Ended::Done) => {
                course.broken = Some(format!("step '{step}': it was deployed"));
            }
            (Step::Deploy { fails: true, .. }, Ended::Failed(why)) => {
                course.failure = Some(why).filter(|_| may_fail && Some(index) == last_deploy);
            }
            (Step::Deploy { .. }, Ended::Failed(why)) if Some(index) == last_deploy => {
                course.failure = Some(why);
                if !may_fail {
                    break;
                }
            }
            (Step::SendTraces, Ended::Failed(why)) => course.failure = Some(why),
            (Step::Deploy { .. }, Ended::Failed(why)) => {
                course.failure = Some(why.clone());
                course.broken = Some(format!("step '{step}': {why}"));
            }
            (_, Ended::Failed(why)) => course.broken = Some(format!("step '{step}': {why}")),
            (_, Ended::Done | Ended::Skipped) => {}
        }
        if course.broken.is_some() {
            break;
        }
    }
    course
}

/// Does the steps of the cure, after which the stack must be deployed.
pub(crate) async fn cure(scenario: &Scenario, ground: &mut impl Ground) -> Course {
    let cured = Scenario { expect: Expect::Deployed, ..scenario.clone() };
    perform(&cured, &scenario.cure, ground).await
}

async fn recorded(ground: &mut impl Ground, step: &Step, since: usize) -> Ended {
    let name = step.to_string();
    let cause = ground.record(None, What::StepStarted { step: name.clone() });
    let ended = Box::pin(one(ground, step, since)).await;
    let error = match &ended {
        Ended::Failed(why) => Some(why.clone()),
        Ended::Done | Ended::Skipped => None,
    };
    ground.record(cause, What::StepFinished { step: name, error });
    ended
}

async fn one(ground: &mut impl Ground, step: &Step, since: usize) -> Ended {
    let result = match step {
        Step::Deploy { stack, .. } => ground.deploy(stack.as_deref()).await,
        Step::SendTraces => match ground.traces().await {
            Traced::Sent(result) => result,
            Traced::NotHere => return Ended::Skipped,
        },
        Step::RemoveApp(app) => remove(ground, vec![app.clone()]).await,
        Step::RemoveAllApps => {
            let apps = ground.events(holds::apps);
            remove(ground, apps).await
        }
        Step::RestartApp(app) => restart(ground, app).await,
        Step::ScaleApp(app, to) => {
            let request = calls::scale(&ground.marathon(), app, *to);
            asked(ground, request).await.map(drop)
        }
        Step::TearDown(name) => tear_down(ground, name).await,
        Step::DeleteZnode(path) => ground.znode(ZnodeCall::Delete(path.clone())).await,
        Step::WriteZnode(path, data) => ground.znode(ZnodeCall::Write(path.clone(), data.clone())).await,
        Step::Call { app, path } => call(ground, app, path).await,
        Step::WaitUntil { condition, within } => until(ground, condition, since, *within).await,
        Step::Wait(seconds) => {
            ground.pause(Duration::from_secs((*seconds).into())).await;
            Ok(())
        }
        Step::ExpectAgents(count) => match ground.events(|events| agents(events).len()) {
            there if there == *count => Ok(()),
            there => Err(format!("there are {there}")),
        },
        Step::ExpectEvent(pattern) => {
            let found = ground.events(|events| pattern.find(events).is_some());
            if found { Ok(()) } else { Err("there is none".to_owned()) }
        }
        Step::ExpectNoEvent(pattern) => {
            let found = ground.events(|events| pattern.find(events).cloned());
            found.map_or(Ok(()), |event| Err(format!("there is one: event {}", event.id.0)))
        }
        Step::Expect(condition) => {
            let so = ground.events(|events| holds(condition, events, since));
            if so { Ok(()) } else { Err("it is not so".to_owned()) }
        }
    };
    result.map_or_else(Ended::Failed, |()| Ended::Done)
}

async fn until(
    ground: &mut impl Ground,
    condition: &Condition,
    since: usize,
    within: u32,
) -> Result<(), String> {
    let within = Duration::from_secs(within.into());
    if ground.wait(&|events| holds(condition, events, since), within).await {
        return Ok(());
    }
    let seen = ground.events(|events| holds::instead(condition, events));
    let seen = seen.map(|seen| format!("; {seen}")).unwrap_or_default();
    Err(format!("not within {} s{seen}", within.as_secs()))
}

async fn asked(ground: &mut impl Ground, request: Request) -> Result<Response, String> {
    let what = format!("{} {}", request.method, request.url);
    let response = ground.http(request).await.map_err(|why| format!("{what}: {why}"))?;
    if (200..300).contains(&response.status) {
        return Ok(response);
    }
    Err(format!("{what}: {} {}", response.status, response.text()))
}

async fn remove(ground: &mut impl Ground, apps: Vec<String>) -> Result<(), String> {
    for app in &apps {
        let request = calls::remove(&ground.marathon(), app);
        asked(ground, request).await?;
    }
    for app in apps {
        until(ground, &Condition::AppGone(app.clone()), 0, PATIENCE)
            .await
            .map_err(|why| format!("{app} does not go: {why}"))?;
    }
    Ok(())
}

async fn restart(ground: &mut impl Ground, app: &str) -> Result<(), String> {
    let from = ground.events(<[Event]>::len);
    let request = calls::restart(&ground.marathon(), app);
    asked(ground, request).await?;
    let launched = |events: &[Event]| holds::launched(&events[from..], app);
    let within = Duration::from_secs(PATIENCE.into());
    if ground.wait(&launched, within).await { Ok(()) } else { Err("no new task was launched".to_owned()) }
}

async fn tear_down(ground: &mut impl Ground, name: &str) -> Result<(), String> {
    let ids = ground.events(|events| holds::frameworks(events, name));
    if ids.is_empty() {
        return Err(format!("Mesos knows no framework {name}"));
    }
    for id in ids {
        let request = calls::tear_down(&ground.master(), &id);
        asked(ground, request).await?;
    }
    until(ground, &Condition::FrameworkGone(name.to_owned()), 0, PATIENCE).await
}

async fn call(ground: &mut impl Ground, app: &str, path: &str) -> Result<(), String> {
    let request = calls::tasks(&ground.marathon());
    let tasks = asked(ground, request).await?;
    let api = calls::api(&tasks.body, app).ok_or_else(|| format!("Marathon runs no app {app}"))?;
    asked(ground, Request::get(format!("{api}{path}"))).await.map(drop)
}

/// The steps and how they ended, a line each.
pub(crate) fn lines(course: &Course, shown: impl Fn(&str) -> String) -> Vec<String> {
    let line = |(step, ended): &(String, Ended)| {
        let end: &dyn Display = match ended {
            Ended::Done => &"done",
            Ended::Failed(_) => &"failed",
            Ended::Skipped => &"not done",
        };
        format!("{}: {end}", shown(step))
    };
    course.steps.iter().map(line).collect()
}
