//! What the originals are known not to survive, seen in the timeline. Our machines play it on purpose: that a stack does
//! not come up again for one of these reasons is no fault of theirs.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::Time;
use stacklab_machine::timeline::{Event, What};

use crate::occupant::is_occupant;

/// No program takes so long to start.
const LONG_IN_STAGING: Duration = Duration::from_secs(300);

/// What it is called, and whether a run has come to it.
type Limit = (&'static str, fn(&[Event]) -> bool);

/// The first limit that a run has come to.
pub(super) fn known(events: &[Event]) -> Option<&'static str> {
    let limits: [Limit; 6] = [
        ("a scheduler came back as another framework", came_back_as_another),
        ("a framework that was torn down keeps its id, which is refused", id_refused),
        ("the ensemble moved, and those who use it keep its old address", ensemble_moved),
        ("a task that never leaves TASK_STAGING is waited for", stuck_in_staging),
        ("an instance whose task is killed from outside is not started again", killed_from_outside),
        ("an address was lost when tasks were reconciled", address_lost),
    ];
    limits.into_iter().find(|(_, is_so)| is_so(events)).map(|(limit, _)| limit)
}

/// The state of the DSE and Zipkin schedulers lies in their sandbox: with the next task they are a new framework, which
/// knows of no instance, and the old one keeps what it had.
fn came_back_as_another(events: &[Event]) -> bool {
    let mut ids: BTreeMap<&str, &str> = BTreeMap::new();
    events.iter().any(|event| match &event.what {
        What::FrameworkSubscribed { framework, name, .. } => {
            let before = ids.insert(name, framework);
            before.is_some_and(|before| before != framework)
        }
        _ => false,
    })
}

/// A scheduler that keeps its state comes back with the id of a framework that is gone for good, as soon as it has to.
fn id_refused(events: &[Event]) -> bool {
    events.iter().any(|event| match &event.what {
        What::FrameworkRefused { .. } => true,
        What::FrameworkRemoved { name, .. } => !is_occupant(name),
        _ => false,
    })
}

/// Where ZooKeeper serves is found out once, when an application is created.
fn ensemble_moved(events: &[Event]) -> bool {
    let mut first = None;
    events.iter().any(|event| match &event.what {
        What::ServiceReady { service, address, .. } if service == "zookeeper" => {
            *first.get_or_insert(address) != address
        }
        _ => false,
    })
}

/// The launch was lost on its way: nobody speaks for the task.
fn stuck_in_staging(events: &[Event]) -> bool {
    let mut silent: BTreeMap<&str, Time> = BTreeMap::new();
    for event in events {
        match &event.what {
            What::TaskLaunched { task, .. } => {
                silent.insert(task, event.at);
            }
            What::TaskStatus { task, state, .. } if state != "TASK_STAGING" => {
                silent.remove(task.as_str());
            }
            _ => {}
        }
    }
    let end = events.last().map_or(Time::ZERO, |event| event.at);
    silent.values().any(|launched| end.since(*launched) > LONG_IN_STAGING)
}

/// The schedulers of Exhibitor and Zipkin take the end of a task that was killed for their own doing.
fn killed_from_outside(events: &[Event]) -> bool {
    let theirs = |task: &str| task.starts_with("zipkin-") || task.starts_with("exhibitor-");
    let is_scheduler = |task: &str| task.contains("-mesos.");
    events.iter().any(|event| match &event.what {
        What::TaskStatus { task, state, .. } => {
            let ended = state == "TASK_KILLED" || state == "TASK_FINISHED";
            ended && theirs(task) && !is_scheduler(task)
        }
        _ => false,
    })
}

/// A node's address is taken from a status' slave, which a reconciled status need not have: it is empty then, and whoever
/// asks for contact points gets `:31100`.
fn address_lost(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(&event.what, What::Log { line } if line.contains("(tried: :")))
}
