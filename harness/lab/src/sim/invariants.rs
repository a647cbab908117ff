//! What must hold in every run, whatever its end: read from the timeline.

use std::collections::{BTreeMap, BTreeSet};

use stacklab_machine::timeline::{Event, What};
use stacklab_mesos::Resources;
use stacklab_mesos::v1::TaskState;

/// What does not hold: one line each, none if all is well. A task id is used once; a host port belongs to one
/// running task of its agent at a time.
pub fn broken(events: &[Event]) -> Vec<String> {
    let mut found = Vec::new();
    let mut launched: BTreeSet<&str> = BTreeSet::new();
    let mut held: BTreeMap<(&str, u64), &str> = BTreeMap::new();
    for event in events {
        match &event.what {
            What::TaskLaunched { task, agent, resources, .. } => {
                if !launched.insert(task) {
                    found.push(format!("task id {task} was launched twice"));
                }
                for port in ports(resources) {
                    if let Some(other) = held.insert((agent, port), task) {
                        found.push(format!(
                            "port {port} of agent {agent} was given to {task} while {other} had it"
                        ));
                    }
                }
            }
            What::TaskStatus { task, state, .. } if is_over(state) => {
                held.retain(|_, holder| *holder != task)
            }
            _ => {}
        }
    }
    found
}

fn is_over(state: &str) -> bool {
    TaskState::from_name(state).is_some_and(TaskState::is_terminal)
}

fn ports(resources: &str) -> Vec<u64> {
    // What the master printed it can read.
    let resources = resources.parse::<Resources>().unwrap_or_default();
    resources.ports().values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stacklab_machine::Time;
    use stacklab_machine::timeline::Timeline;

    fn launched(task: &str, resources: &str) -> What {
        let (name, framework, agent) = ("n".into(), "f".into(), "S0".into());
        What::TaskLaunched {
            task: task.into(),
            name,
            framework,
            agent,
            host: "h".into(),
            resources: resources.into(),
        }
    }

    fn status(task: &str, state: &str) -> What {
        let (framework, agent, source) = ("f".into(), "S0".into(), "SOURCE_EXECUTOR".into());
        let (task, state) = (task.into(), state.into());
        What::TaskStatus { task, framework, agent, state, source, reason: None, message: None }
    }

    #[test]
    fn names_ids_and_ports_that_are_used_twice() {
        let mut timeline = Timeline::new();
        let events = [
            launched("a", "cpus:0.1; mem:512; ports:[31000-31001]"),
            launched("b", "cpus:0.1; ports:[31002-31002]"),
            status("b", "TASK_RUNNING"),
            status("b", "TASK_FAILED"),
            launched("c", "ports:[31002-31002]"),
            launched("c", "cpus:1"),
            launched("d", "ports:[31001-31001]"),
        ];
        for what in events {
            timeline.record(Time::SIM_START, "mesos-master", None, what);
        }
        assert_eq!(
            broken(timeline.events()),
            ["task id c was launched twice", "port 31001 of agent S0 was given to d while a had it"]
        );
    }
}
