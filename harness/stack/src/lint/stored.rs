//! Where the schedulers keep their state, and whether Kafka and its clients mean the same ZooKeeper.

use std::collections::BTreeMap;

use super::context::Context;
use super::finding::Findings;
use super::framework::framework_name;
use super::rules;
use crate::Application;

/// Looks at `storage` and `zk` of each scheduler.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    let mut places = BTreeMap::<String, &str>::new();
    for (key, app) in context.applications().filter(|(_, app)| !context.is_skipped(app)) {
        if !matches!(
            framework_name(&app.kind),
            "Exhibitor-Mesos" | "Kafka-Mesos" | "DSE-Mesos" | "Zipkin-Mesos"
        ) {
            continue;
        }
        if let Some(storage) = app.scheduler.get("storage")
            && let Some(place) = storage_of(context, key, app, storage, found)
            && let Some(other) = places.insert(place.clone(), app.id.as_str())
        {
            let message = format!(
                "{other} keeps its state in {place}, too, and they overwrite each other: take another path"
            );
            found.add(rules::SHARED_STORAGE, context.value(key, &["scheduler", "storage"]), message);
        }
    }
    chroots(context, found);
}

/// Checks the form of a storage; where it is, if that is in a ZooKeeper.
fn storage_of(
    context: &Context<'_>,
    key: &str,
    app: &Application,
    written: &str,
    found: &mut Findings,
) -> Option<String> {
    let place = context.value(key, &["scheduler", "storage"]);
    let text = context.variables.resolve(written).into_owned();
    if text.starts_with("file:") {
        return None;
    }
    let framework = framework_name(&app.kind);
    let Some(address) = text.strip_prefix("zk:") else {
        if !text.starts_with("${") {
            let message =
                format!("{framework} takes no storage `{text}` and ends at once: file:<path> or zk:…");
            found.add(rules::STORAGE, place, message);
        }
        return None;
    };
    if app.kind != "kafka-mesos-0.9.x" {
        // `zk://h:2181/x` reads as no servers and a path.
        let Some((servers, path)) = address.split_once('/').filter(|(servers, _)| !servers.is_empty()) else {
            let message =
                format!("{framework} takes zk:<host:port>[,…]/<path>, not `{text}`, and ends at once");
            found.add(rules::STORAGE, place, message);
            return None;
        };
        return Some(format!("{servers}/{path}"));
    }
    let zk = context.variables.resolve(app.scheduler.get("zk")?).into_owned();
    let (servers, chroot) = zk.split_once('/').unwrap_or((&zk, ""));
    if !address.starts_with('/') || address.len() < 2 || address.starts_with("//") {
        let message = format!(
            "Kafka-Mesos keeps its state below its --zk ({zk}), and `{text}` is no path in it: write zk:/<name>"
        );
        found.add(rules::STORAGE, place, message);
        return None;
    }
    if address[1..].trim_end_matches('/').contains('/') {
        let parent = &address[..address.rfind('/').unwrap_or(0)];
        let message = format!(
            "nobody creates {parent}, and Kafka-Mesos ends at its first save: take a path of one name"
        );
        found.add(rules::NESTED_STORAGE, place, message);
    }
    let chroot = chroot.trim_end_matches('/');
    let slash = if chroot.is_empty() { "" } else { "/" };
    Some(format!("{servers}{slash}{chroot}{address}"))
}

/// Collectors read topics from where the brokers are registered, or from nowhere.
fn chroots(context: &Context<'_>, found: &mut Findings) {
    let brokers: Vec<(&str, &str)> = context
        .applications()
        .filter(|(_, app)| app.kind == "kafka-mesos-0.9.x")
        .filter_map(|(_, app)| Some((app.id.as_str(), app.scheduler.get("zk")?.as_str())))
        .collect();
    for (key, app) in context.applications().filter(|(_, app)| app.kind == "zipkin-mesos-0.1.x") {
        for task in &app.tasks {
            let Some(env) = task.parameters.get("env") else { continue };
            let Some(start) = env.find("KAFKA_ZOOKEEPER=").map(|at| at + "KAFKA_ZOOKEEPER=".len()) else {
                continue;
            };
            let value = env[start..].split(',').next().unwrap_or_default();
            let (servers, path) = split(value);
            let Some((id, zk)) = brokers.iter().find(|(_, zk)| split(zk).0 == servers) else { continue };
            let its = split(zk).1;
            if its != path {
                let place = context.piece(key, &["tasks", &task.name, "env"], None, value, 0);
                let message = format!(
                    "the brokers of {id} are registered below `/{its}` of that ZooKeeper, and not `/{path}`: write {zk}"
                );
                found.add(rules::OTHER_CHROOT, place, message);
            }
        }
    }
}

/// Servers and path; a slash inside of `${…}` would be none, but names hold no slash.
fn split(connect: &str) -> (&str, &str) {
    let (servers, path) = connect.split_once('/').unwrap_or((connect, ""));
    (servers, path.trim_end_matches('/'))
}
