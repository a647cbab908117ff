//! Runs a stack on a lab, the way Stack Deploy does, until it is deployed, has failed, or waits for what will not come.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use stacklab_live::program::{NoMesos, Place, Running, Services, spawn};
use stacklab_live::{Embedded, Recorder, Sandbox};
use stacklab_machine::process::Never;
use stacklab_machine::timeline::What;
use stacklab_stack::{Run, RunConfig, Stack};

use crate::lab::Lab;
use crate::stall::starved;
use crate::verdict;

/// How often the timeline is looked at for an instance without a place.
const LOOK: Duration = Duration::from_millis(200);
/// Time in which nothing must have changed before an instance counts as without a place: at least this, and at
/// least [`QUIET_ORIGINAL`] at the lab's pace.
const QUIET: Duration = Duration::from_millis(1500);
const QUIET_ORIGINAL: Duration = Duration::from_secs(45);
/// Nothing at all may change for this long, whatever the pace: longer than any time-out of the embedded services.
const SILENCE: Duration = Duration::from_secs(90);

/// Deploys a stack. The error says why it is not deployed, cause first.
///
/// # Errors
/// The stack is not deployed.
pub async fn deploy(lab: &Lab, stack: Stack, variables: &BTreeMap<String, String>) -> Result<(), String> {
    let recorder = lab.recorder();
    let name = stack.name.clone();
    let first = recorder.with(|timeline| timeline.events().len());
    let mut config = RunConfig::new(stack, &lab.addresses().marathon);
    config.variables = lab.fill(variables);
    config.mesos_master_state_url = Some(format!("{}/master/state.json", lab.addresses().master));
    config.pace = lab.pace();
    let _run = start(lab, config);
    let quiet = QUIET.max(lab.pace().wait(QUIET_ORIGINAL));
    let mut changed = recorder.now();
    let mut seen = first;
    loop {
        tokio::time::sleep(LOOK.min(Duration::from_millis(5))).await;
        let events = recorder.events_from(seen);
        seen += events.len();
        if let Some(event) = events.iter().rev().find(|event| !is_routine(&event.what)) {
            changed = event.at;
        }
        let ended = events.iter().find_map(|event| match &event.what {
            What::StackFinished { stack, error } if *stack == name => Some(error.clone()),
            _ => None,
        });
        match ended {
            Some(None) => return Ok(()),
            Some(Some(error)) => return Err(recorder.with(|t| verdict::failed(&error, t.events()))),
            None => {}
        }
        let why = missing_artifact(recorder).or_else(|| hopeless(recorder, quiet, changed));
        if let Some(why) = why {
            recorder.record("lab", None, What::StackFinished { stack: name, error: Some(why.clone()) });
            return Err(why);
        }
    }
}

fn start(lab: &Lab, config: RunConfig) -> Running<Never> {
    let recorder = lab.recorder().clone();
    let services: Arc<dyn Services> = Arc::new(Embedded::new(recorder.clone()));
    let place = Place {
        name: "stack-deploy".to_owned(),
        task: "stack-deploy".to_owned(),
        address: IpAddr::from([127, 0, 0, 1]),
        recorder,
        names: lab.names().clone(),
        sandbox: Sandbox::new(),
        services,
    };
    spawn(Box::new(Run::new(config)), place, |_| NoMesos)
}

/// How often an artifact must have been missing: once may be a scheduler that was just restarted.
const MISSING: usize = 3;

/// An artifact that cannot be had, and never will: the original tries on until the deployment's time is up.
fn missing_artifact(recorder: &Recorder) -> Option<String> {
    recorder.with(|timeline| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for event in timeline.events() {
            let What::ArtifactMissing { uri, why, .. } = &event.what else { continue };
            let count = counts.entry(uri).or_default();
            *count += 1;
            if *count >= MISSING {
                let text = format!("the artifact {uri} cannot be had: {why}");
                return Some(verdict::failed(&text, timeline.events()));
            }
        }
        None
    })
}

/// Why waiting on makes no sense, if it does not.
fn hopeless(recorder: &Recorder, quiet: Duration, changed: stacklab_machine::Time) -> Option<String> {
    let now = recorder.now();
    if now.since(changed) < quiet {
        return None;
    }
    let found = recorder.with(|timeline| starved(timeline.events(), now, quiet));
    if let Some(starved) = found.first() {
        return Some(starved.explain());
    }
    let silent = now.since(changed);
    (silent >= SILENCE).then(|| recorder.with(|timeline| verdict::silent(silent, timeline.events())))
}

/// Events that come again and again while nothing gets on.
fn is_routine(what: &What) -> bool {
    matches!(
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
