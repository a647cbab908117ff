//! DSE-Mesos 0.2.

use std::collections::BTreeMap;

use super::One;
use super::parameters::DSE_CLUSTER;
use crate::lint::context::Context;
use crate::lint::finding::Findings;
use crate::lint::rules;
use crate::{Application, Task};

pub(super) fn check(one: &mut One<'_>) {
    if !one.has("cluster") {
        let place = one.task_key();
        let message = format!(
            "the task {} names no `cluster`, and its first call fails: give it one, such as `default`",
            one.task.name
        );
        one.add(rules::CLUSTER_REQUIRED, place, message);
    }
}

/// What a later task says of a cluster that is there already is ignored.
pub(super) fn check_together(context: &Context<'_>, key: &str, app: &Application, found: &mut Findings) {
    let mut clusters = BTreeMap::<String, &Task>::new();
    for task in &app.tasks {
        let Some(cluster) = task.parameters.get("cluster") else { continue };
        let Some(first) = clusters.get(cluster) else {
            clusters.insert(cluster.clone(), task);
            continue;
        };
        for name in DSE_CLUSTER {
            let (mine, its) = (task.parameters.get(*name), first.parameters.get(*name));
            if mine.is_some() && mine != its {
                let message = format!(
                    "the cluster {cluster} is made by the task {}, whose `{name}` ({}) counts: set it there",
                    first.name,
                    its.map_or("any", String::as_str)
                );
                found.add(rules::SECOND_CLUSTER, context.value(key, &["tasks", &task.name, name]), message);
            }
        }
    }
}
