//! Whether a condition holds, as the timeline shows it.

use stacklab_machine::timeline::{Event, What};
use stacklab_mesos::v1::TaskState;

use crate::scenario::Condition;
use crate::stall::agents;

/// Whether a condition holds at the end of these events. `since` is where the step before began.
pub(super) fn holds(condition: &Condition, events: &[Event], since: usize) -> bool {
    match condition {
        Condition::Instance(wanted, state) => last(events, |what| match what {
            What::InstanceState { instance, to, .. } if instance == wanted => {
                Some(to.eq_ignore_ascii_case(state))
            }
            _ => None,
        }),
        Condition::AppRuns(app) => last_of_app(events, app).is_some_and(|state| state == "TASK_RUNNING"),
        Condition::AppHealthy(wanted) => last(events, |what| match what {
            What::HealthChanged { app, healthy, .. } if same(app, wanted) => Some(*healthy),
            What::AppRemoved { app } if same(app, wanted) => Some(false),
            _ => None,
        }),
        Condition::AppGone(app) => app_is_gone(events, app),
        Condition::FrameworkRegistered(wanted) => last(events, |what| match what {
            What::FrameworkSubscribed { name, .. } if name == wanted => Some(true),
            What::FrameworkDisconnected { name, .. } | What::FrameworkRemoved { name, .. }
                if name == wanted =>
            {
                Some(false)
            }
            _ => None,
        }),
        Condition::FrameworkGone(name) => frameworks(events, name).is_empty(),
        Condition::Task(task, state) => {
            last_of_task(events, task).is_some_and(|found| is_state(found, state))
        }
        Condition::AgentLost(number) => {
            host(events, *number).is_some_and(|host| !agents(events).contains(&host))
        }
        Condition::AgentThere(number) => {
            host(events, *number).is_some_and(|host| agents(events).contains(&host))
        }
        Condition::ServiceServes(kind) => last(events, |what| match what {
            What::ServiceReady { service, .. } if service == kind => Some(true),
            What::ServiceExited { service, .. } if service == kind => Some(false),
            _ => None,
        }),
        Condition::ZnodeThere(path) => znode(events, path) == Some(true),
        Condition::ZnodeGone(path) => znode(events, path) != Some(true),
        Condition::Event(pattern) => pattern.find(events.get(since..).unwrap_or_default()).is_some(),
    }
}

/// What is so instead, for who waits in vain.
pub(super) fn instead(condition: &Condition, events: &[Event]) -> Option<String> {
    match condition {
        Condition::Instance(wanted, _) => {
            let state = events.iter().rev().find_map(|event| match &event.what {
                What::InstanceState { instance, to, .. } if instance == wanted => Some(to.clone()),
                _ => None,
            });
            Some(
                state
                    .map_or_else(|| format!("no framework has a {wanted}"), |state| format!("it is {state}")),
            )
        }
        Condition::AppRuns(app) => last_of_app(events, app).map(|state| format!("it is {state}")),
        Condition::Task(task, _) => last_of_task(events, task).map(|state| format!("it is {state}")),
        _ => None,
    }
}

/// What the last event says that says anything; no if none does.
fn last(events: &[Event], says: impl Fn(&What) -> Option<bool>) -> bool {
    events.iter().rev().find_map(|event| says(&event.what)).unwrap_or(false)
}

fn same(app: &str, wanted: &str) -> bool {
    app.trim_start_matches('/') == wanted.trim_start_matches('/')
}

fn is_state(found: &str, wanted: &str) -> bool {
    let bare = |state: &str| state.trim_start_matches("TASK_").to_ascii_lowercase();
    bare(found) == bare(wanted)
}

/// The state of the last task that Marathon launched for an app.
fn last_of_app<'e>(events: &'e [Event], wanted: &str) -> Option<&'e str> {
    let task = events.iter().rev().find_map(|event| match &event.what {
        What::TaskLaunched { task, name, .. } if same(name, wanted) => Some(task),
        _ => None,
    })?;
    state(events, task).or(Some("TASK_STAGING"))
}

fn last_of_task<'e>(events: &'e [Event], wanted: &str) -> Option<&'e str> {
    let task = events.iter().rev().find_map(|event| match &event.what {
        What::TaskLaunched { task, name, .. } if name.contains(wanted) || task.contains(wanted) => Some(task),
        _ => None,
    })?;
    state(events, task).or(Some("TASK_STAGING"))
}

fn state<'e>(events: &'e [Event], wanted: &str) -> Option<&'e str> {
    events.iter().rev().find_map(|event| match &event.what {
        What::TaskStatus { task, state, .. } if task == wanted => Some(state.as_str()),
        _ => None,
    })
}

pub(super) fn launched(events: &[Event], app: &str) -> bool {
    events.iter().any(|event| matches!(&event.what, What::TaskLaunched { name, .. } if same(name, app)))
}

fn is_over(state: &str) -> bool {
    TaskState::from_name(state).is_some_and(TaskState::is_terminal)
}

/// Removed, and all its tasks have ended.
fn app_is_gone(events: &[Event], wanted: &str) -> bool {
    let removed = last(events, |what| match what {
        What::AppRemoved { app } if same(app, wanted) => Some(true),
        What::AppCreated { app, .. } if same(app, wanted) => Some(false),
        _ => None,
    });
    let tasks = events.iter().filter_map(|event| match &event.what {
        What::TaskLaunched { task, name, .. } if same(name, wanted) => Some(task),
        _ => None,
    });
    let mut alive = tasks.filter(|task| !state(events, task).is_some_and(is_over));
    removed && alive.next().is_none()
}

/// Marathon's apps.
pub(super) fn apps(events: &[Event]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for event in events {
        match &event.what {
            What::AppCreated { app, .. } if !found.contains(app) => found.push(app.clone()),
            What::AppRemoved { app } => found.retain(|known| known != app),
            _ => {}
        }
    }
    found
}

/// Ids of the frameworks of this name that Mesos knows.
pub(super) fn frameworks(events: &[Event], wanted: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for event in events {
        match &event.what {
            What::FrameworkSubscribed { framework, name, .. }
                if name == wanted && !found.contains(framework) =>
            {
                found.push(framework.clone());
            }
            What::FrameworkRemoved { framework, .. } => found.retain(|known| known != framework),
            _ => {}
        }
    }
    found
}

/// The host of the agent of this number, from 1: all were there at the beginning, on addresses in their order.
fn host(events: &[Event], number: usize) -> Option<String> {
    let mut hosts: Vec<(Vec<u8>, &String)> = Vec::new();
    for event in events {
        if let What::AgentRegistered { host, .. } = &event.what
            && !hosts.iter().any(|(_, known)| *known == host)
        {
            hosts.push((host.split('.').filter_map(|part| part.parse().ok()).collect(), host));
        }
    }
    hosts.sort();
    hosts.get(number.checked_sub(1)?).map(|(_, host)| (*host).clone())
}

/// Whether a node is there; unknown if nobody has touched it.
fn znode(events: &[Event], wanted: &str) -> Option<bool> {
    events.iter().rev().find_map(|event| match &event.what {
        What::ZnodeWritten { path, .. } if path == wanted => Some(true),
        What::ZnodeDeleted { path, .. } if path == wanted => Some(false),
        _ => None,
    })
}
