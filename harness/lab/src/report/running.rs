//! What runs at the end of a timeline: tasks with their places, services with their addresses.

use std::collections::BTreeMap;

use stacklab_machine::timeline::{Event, What};

/// A task that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Name of its framework.
    pub framework: String,
    /// Its own name, as Mesos has it.
    pub name: String,
    /// Task id.
    pub task: String,
    /// Host name of its agent.
    pub host: String,
    /// Its last state.
    pub state: String,
    /// What it was given, in Mesos' text form.
    pub resources: String,
}

/// A service that serves or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAt {
    /// `kafka`, `cassandra`, `zipkin-query`, …
    pub service: String,
    /// `host:port` for its clients.
    pub address: String,
    /// Its task.
    pub task: String,
    /// Whether it serves.
    pub ready: bool,
}

/// Tasks that are not over, in the order of their launch, and their services.
pub fn running(events: &[Event]) -> (Vec<Running>, Vec<ServiceAt>) {
    let mut frameworks: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut tasks, mut services): (Vec<Running>, Vec<ServiceAt>) = (Vec::new(), Vec::new());
    for event in events {
        match &event.what {
            What::FrameworkSubscribed { framework, name, .. } => {
                frameworks.insert(framework, name);
            }
            What::TaskLaunched { task, name, framework, host, resources, .. } => tasks.push(Running {
                framework: frameworks.get(framework.as_str()).copied().unwrap_or(framework).to_owned(),
                name: name.clone(),
                task: task.clone(),
                host: host.clone(),
                state: "TASK_STAGING".to_owned(),
                resources: resources.clone(),
            }),
            What::TaskStatus { task, state, .. } if is_over(state) => {
                tasks.retain(|running| running.task != *task)
            }
            What::TaskStatus { task, state, .. } => {
                if let Some(running) = tasks.iter_mut().find(|running| running.task == *task) {
                    running.state.clone_from(state);
                }
            }
            What::ServiceStarted { task, service, address } => services.push(ServiceAt {
                service: service.clone(),
                address: address.clone(),
                task: task.clone(),
                ready: false,
            }),
            What::ServiceReady { task, service, .. } => {
                for running in services.iter_mut().filter(|s| s.task == *task && s.service == *service) {
                    running.ready = true;
                }
            }
            What::ServiceExited { task, service, .. } => {
                services.retain(|running| running.task != *task || running.service != *service);
            }
            _ => {}
        }
    }
    (tasks, services)
}

fn is_over(state: &str) -> bool {
    super::line::is_bad(state) || matches!(state, "TASK_FINISHED" | "TASK_KILLED" | "TASK_GONE_BY_OPERATOR")
}
