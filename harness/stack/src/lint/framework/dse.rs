//! DSE-Mesos 0.2.

use std::collections::BTreeMap;

use super::One;
use super::parameters::{DSE_CLUSTER, Kind};
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

/// Stack Deploy itself reads some parameters of DSE-Mesos 0.1, to send them as JSON.
pub(super) fn check_first(one: &mut One<'_>) {
    for name in ["cpu", "mem"] {
        if let Some(text) = one.get(name).map(str::to_owned) {
            one.number(name, &text, Kind::Decimal);
        }
    }
    let truths = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];
    if let Some(seed) = one.get("seed").filter(|seed| !truths.contains(seed)).map(str::to_owned) {
        let place = one.value("seed");
        one.add(
            rules::NUMBER,
            place,
            format!("`{seed}` is neither true nor false, and the run fails: write one of these"),
        );
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
