//! Kafka-Mesos 0.9.

use super::One;
use crate::lint::rules;

/// What a broker is given in MB if nothing is said.
const DEFAULT_HEAP: i64 = 1024;
const DEFAULT_MEM: i64 = 2048;

pub(super) fn check(one: &mut One<'_>) {
    let number = |name: &str, default: i64| match one.task.parameters.get(name) {
        None => Some(default),
        Some(text) => text.parse().ok(),
    };
    let (Some(heap), Some(mem)) = (number("heap", DEFAULT_HEAP), number("mem", DEFAULT_MEM)) else { return };
    if heap >= mem {
        let given = if one.has("heap") { "" } else { " (the default)" };
        let name = if one.has("heap") { "heap" } else { "mem" };
        let place = one.value(name);
        let message = format!(
            "a heap of {heap} MB{given} does not fit into {mem} MB, and a hard limit kills the broker: set `heap` some \
             hundred MB below `mem`"
        );
        one.add(rules::HEAP, place, message);
    }
}
