//! Exhibitor-Mesos 0.1.

use super::One;
use super::parameters::NOT_APPLICABLE;
use crate::lint::grammar::{self, Means};
use crate::lint::rules;

pub(super) fn check(one: &mut One<'_>) {
    if !one.has("configtype") {
        let place = one.task_key();
        let message = "without `configtype` each server ends at once and is started again for ever: add \
                       `configtype: zookeeper`";
        one.add(rules::NO_CONFIGTYPE, place, message);
    }
    for name in NOT_APPLICABLE.iter().filter(|name| one.task.parameters.contains_key(**name)) {
        let place = one.context.key(one.key, &["tasks", &one.task.name, name]);
        let message = format!(
            "release 0.1 cannot apply `{name}`: the server never joins, and the run hangs; take it out"
        );
        one.found.add(rules::NOT_APPLICABLE, place, message);
    }
    may_meet(one);
    two_zookeepers(one);
}

/// ZooKeeper's own ports are not reserved: only a constraint keeps servers apart.
fn may_meet(one: &mut One<'_>) {
    let count = one.get("id").and_then(|ids| grammar::ids(ids).ok()).map_or(1, |ids| ids.ids.len());
    let Some(constraints) = one.get("constraints").and_then(|text| grammar::constraints(text, false).ok())
    else {
        return;
    };
    let apart =
        constraints.iter().any(|one| one.attribute == "hostname" && matches!(one.means, Means::Unique));
    if count > 1 && !apart {
        let place = one.value("constraints");
        let message = format!(
            "two of the {count} servers may come to one agent, where their ZooKeepers both want 2181: add hostname=unique"
        );
        one.add(rules::EXHIBITORS_MEET, place, message);
    }
}

/// The scheduler's storage and Exhibitor's shared configuration belong into one ZooKeeper, that of the platform.
fn two_zookeepers(one: &mut One<'_>) {
    let variables = &one.context.variables;
    let Some(storage) = one.app.scheduler.get("storage").and_then(|storage| storage.strip_prefix("zk:"))
    else {
        return;
    };
    let Some(connect) = one.written.parameters.get("zkconfigconnect") else { return };
    let storage = variables.resolve(storage).into_owned();
    let connect = variables.resolve(connect).into_owned();
    let servers = |text: &str| {
        let text = text.split('/').next().unwrap_or_default();
        text.split(',').map(|server| server.trim().to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    if servers(&storage) != servers(&connect) {
        let place = one.value("zkconfigconnect");
        let message = format!(
            "Exhibitor keeps its settings in {connect}, and its scheduler in {}: both belong into the cluster's own \
             ZooKeeper",
            storage.split('/').next().unwrap_or_default()
        );
        one.add(rules::OTHER_ZOOKEEPER, place, message);
    }
}
