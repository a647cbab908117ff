//! Zipkin-Mesos 0.1.

use super::One;
use crate::Application;
use crate::lint::context::Context;
use crate::lint::finding::Findings;
use crate::lint::{grammar, rules};

const TYPES: [&str; 3] = ["collector", "query", "web"];

pub(super) fn check(one: &mut One<'_>) {
    match one.task.parameters.get("type").cloned() {
        None => {
            let place = one.task_key();
            let message =
                format!("the task {} has no `type`, and fails: one of {}", one.task.name, TYPES.join(", "));
            one.add(rules::ZIPKIN_TYPE, place, message);
        }
        Some(kind) if !TYPES.contains(&kind.as_str()) && !kind.contains("${") => {
            let place = one.value("type");
            let message =
                format!("there is no `{kind}` in Zipkin, and its call fails: one of {}", TYPES.join(", "));
            one.add(rules::ZIPKIN_TYPE, place, message);
        }
        Some(kind) => {
            match kind.as_str() {
                "web" => web(one),
                "collector" => collector(one),
                _ => {}
            }
            if kind != "web" {
                cassandra(one);
            }
        }
    }
    admin_port(one);
}

fn collector(one: &mut One<'_>) {
    let env = one.written.parameters.get("env").cloned().unwrap_or_default();
    if !env.contains("KAFKA_ZOOKEEPER") && !env.starts_with("${") {
        let place = one.context.key(one.key, &["tasks", &one.task.name, "env"]);
        let message =
            "without KAFKA_ZOOKEEPER in `env` the collector listens for Scribe only: name Kafka's ZooKeeper";
        one.add(rules::NO_KAFKA, place, message);
    }
}

fn web(one: &mut One<'_>) {
    const DEST: &str = "zipkin.web.query.dest=";
    let flags = one.written.parameters.get("flags").cloned().unwrap_or_default();
    let dest = flags.split_once(DEST).map(|(_, rest)| rest.split(',').next().unwrap_or_default());
    let message = match dest {
        None if flags.starts_with("${") => return,
        None => {
            "without zipkin.web.query.dest in `flags` it looks for the query service on its own host: name it"
                .into()
        }
        Some(dest) if dest.contains("://") => {
            format!("`{dest}` is to be host:port, without a scheme: searches fail; take the scheme out")
        }
        Some(_) => return,
    };
    let place = one.context.key(one.key, &["tasks", &one.task.name, "flags"]);
    one.add(rules::NO_QUERY, place, message);
}

fn cassandra(one: &mut One<'_>) {
    let env = one.written.parameters.get("env").cloned().unwrap_or_default();
    let file = one.task.parameters.get("configFile").map_or("cassandra", String::as_str);
    if file.contains("cassandra") && !env.contains("CASSANDRA_CONTACT_POINTS") && !env.starts_with("${") {
        let place = one.context.key(one.key, &["tasks", &one.task.name, "env"]);
        let message =
            "without CASSANDRA_CONTACT_POINTS in `env` it looks for Cassandra on its own host: name one";
        one.add(rules::NO_CASSANDRA, place, message);
    }
}

/// Above the main port in one range, the second is never found.
fn admin_port(one: &mut One<'_>) {
    let ports = |name: &str| one.get(name).and_then(|text| grammar::ports(text, true).ok());
    let (Some(main), Some(admin)) = (ports("port"), ports("adminPort")) else { return };
    let (Some((main, _)), Some((admin, _))) = (main.first(), admin.first()) else { return };
    let together =
        one.context.options.cluster.iter().any(|machine| {
            machine.ports.iter().any(|(low, high)| low <= main && main < admin && admin <= high)
        });
    if together {
        let place = one.value("adminPort");
        let message = format!(
            "{admin} is above {main} in one offered range, and such an offer is declined for ever: take a lower one, or \
             none"
        );
        one.add(rules::ADMIN_PORT, place, message);
    }
}

/// Collectors have one consumer id for all, so that two of them on one Kafka displace each other.
pub(super) fn check_together(context: &Context<'_>, key: &str, app: &Application, found: &mut Findings) {
    let mut count = 0;
    for written in &app.tasks {
        let task = context.resolved(written);
        if task.parameters.get("type").is_none_or(|kind| kind != "collector")
            || !task.parameters.get("env").is_some_and(|env| env.contains("KAFKA_ZOOKEEPER"))
        {
            continue;
        }
        let ids = task.parameters.get("id").and_then(|text| grammar::ids(text).ok());
        let before = count;
        count += ids.map_or(1, |ids| ids.ids.len());
        if count > 1 && before <= 1 {
            let message = "collectors share one consumer id, and a second one on a Kafka displaces the first: run one \
                           only";
            found.add(rules::TWO_COLLECTORS, context.value(key, &["tasks", &written.name, "id"]), message);
        }
    }
}
