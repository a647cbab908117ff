//! A stack in the form that `show` prints: keys in the original's order, empty ones left out, some of them always there.

use std::collections::BTreeMap;

use super::emit::{Yaml, emit};
use super::{Application, Docker, PortMapping, Stack, Task, Volume};
use crate::go_json;

/// Prints a whole stack.
pub(super) fn stack(stack: &Stack) -> String {
    let mut entries = Vec::new();
    entries.push(entry("namespace", Yaml::text(&stack.namespace)));
    text(&mut entries, "name", &stack.name);
    text(&mut entries, "from", &stack.from);
    if !stack.applications.is_empty() {
        entries.push(entry("applications", applications_tree(&stack.applications)));
    }
    entries.push(entry("layer", int(stack.layer)));
    emit(&Yaml::Map(entries))
}

/// Prints a map of applications alone.
pub(super) fn applications(applications: &BTreeMap<String, Application>) -> String {
    emit(&applications_tree(applications))
}

/// Prints a list of names.
pub(super) fn names(names: &[String]) -> String {
    emit(&texts(names))
}

fn applications_tree(applications: &BTreeMap<String, Application>) -> Yaml {
    sorted(applications, application)
}

fn application(app: &Application) -> Yaml {
    let mut entries = vec![entry("rwmutex", Yaml::Map(Vec::new()))];
    let e = &mut entries;
    text(e, "type", &app.kind);
    text(e, "id", &app.id);
    text(e, "version", &app.version);
    for (key, value) in [("cpu", app.cpu), ("mem", app.mem)] {
        if value != 0.0 {
            e.push(entry(key, Yaml::Plain(float(value))));
        }
    }
    some(e, "ports", Yaml::List(app.ports.iter().copied().map(int).collect()));
    text(e, "instances", &app.instances);
    some(e, "constraints", Yaml::List(app.constraints.iter().map(|words| texts(words)).collect()));
    text(e, "user", &app.user);
    text(e, "healthcheck", &app.healthcheck);
    text(e, "launch_command", &app.launch_command);
    some(e, "args", texts(&app.args));
    some(e, "env", text_map(&app.env));
    some(e, "artifact_urls", texts(&app.artifact_urls));
    some(e, "additional_artifacts", texts(&app.additional_artifacts));
    some(e, "scheduler", text_map(&app.scheduler));
    some(e, "tasks", Yaml::Map(app.tasks.iter().map(task).collect()));
    some(e, "dependencies", texts(&app.dependencies));
    if let Some(container) = &app.docker {
        e.push(entry("docker", docker(container)));
    }
    text(e, "start_time", &app.start_time);
    text(e, "time_schedule", &app.time_schedule);
    some(e, "before_scheduler", texts(&app.before_scheduler));
    some(e, "after_scheduler", texts(&app.after_scheduler));
    some(e, "before_task", texts(&app.before_task));
    some(e, "after_task", texts(&app.after_task));
    some(e, "after_tasks", texts(&app.after_tasks));
    Yaml::Map(entries)
}

/// As it was written: order and types of its parameters.
fn task(task: &Task) -> (Yaml, Yaml) {
    let (name, parameters) = match &task.written {
        Some(written) => (written.name.clone(), written.parameters.clone()),
        None => {
            let parameter = |(key, value): (&String, &String)| (Yaml::text(key), Yaml::text(value));
            (Yaml::text(&task.name), task.parameters.iter().map(parameter).collect())
        }
    };
    (name, Yaml::Map(parameters))
}

fn docker(docker: &Docker) -> Yaml {
    let mut entries = Vec::new();
    let e = &mut entries;
    flag(e, "force_pull_image", docker.force_pull_image);
    text(e, "image", &docker.image);
    text(e, "network", &docker.network);
    some(e, "parameters", text_map(&docker.parameters));
    some(e, "port_mappings", Yaml::List(docker.port_mappings.iter().map(port_mapping).collect()));
    flag(e, "privileged", docker.privileged);
    some(e, "volumes", Yaml::List(docker.volumes.iter().map(volume).collect()));
    Yaml::Map(entries)
}

fn port_mapping(mapping: &PortMapping) -> Yaml {
    let mut entries = Vec::new();
    if mapping.container_port != 0 {
        entries.push(entry("container_port", int(mapping.container_port)));
    }
    entries.push(entry("host_port", int(mapping.host_port)));
    if mapping.service_port != 0 {
        entries.push(entry("service_port", int(mapping.service_port)));
    }
    entries.push(entry("protocol", Yaml::text(&mapping.protocol)));
    Yaml::Map(entries)
}

fn volume(volume: &Volume) -> Yaml {
    let mut entries = Vec::new();
    text(&mut entries, "container_path", &volume.container_path);
    text(&mut entries, "host_path", &volume.host_path);
    text(&mut entries, "mode", &volume.mode);
    Yaml::Map(entries)
}

fn entry(key: &str, value: Yaml) -> (Yaml, Yaml) {
    (Yaml::text(key), value)
}

fn text(entries: &mut Vec<(Yaml, Yaml)>, key: &str, value: &str) {
    if !value.is_empty() {
        entries.push(entry(key, Yaml::text(value)));
    }
}

fn flag(entries: &mut Vec<(Yaml, Yaml)>, key: &str, value: bool) {
    if value {
        entries.push(entry(key, Yaml::Plain("true".into())));
    }
}

/// Adds a collection unless it is empty.
fn some(entries: &mut Vec<(Yaml, Yaml)>, key: &str, value: Yaml) {
    let empty = match &value {
        Yaml::List(items) => items.is_empty(),
        Yaml::Map(items) => items.is_empty(),
        Yaml::Plain(_) | Yaml::Text(_) => false,
    };
    if !empty {
        entries.push(entry(key, value));
    }
}

fn int(value: i64) -> Yaml {
    Yaml::Plain(value.to_string())
}

/// A number as go-yaml writes it: with the digits that tell it from other numbers of 32 bits.
pub(super) fn float(value: f64) -> String {
    match go_json::print_float32(value as f32).as_str() {
        "+Inf" => ".inf".into(),
        "-Inf" => "-.inf".into(),
        "NaN" => ".nan".into(),
        text => text.into(),
    }
}

fn texts(items: &[String]) -> Yaml {
    Yaml::List(items.iter().map(Yaml::text).collect())
}

fn text_map(map: &BTreeMap<String, String>) -> Yaml {
    sorted(map, Yaml::text)
}

fn sorted<'v, V>(map: &'v BTreeMap<String, V>, tree: impl Fn(&'v V) -> Yaml) -> Yaml {
    let entries = merge_sorted(map.iter().collect());
    Yaml::Map(entries.into_iter().map(|(key, value)| (Yaml::text(key), tree(value))).collect())
}

/// Sorts by [`natural`], which the sort of the library must not be given: it is no order, as `a91` comes before `a100`,
/// that before `a12`, and that before `a91`. Where it matters, the original's result is a matter of chance.
fn merge_sorted<'v, V>(mut entries: Vec<(&'v String, &'v V)>) -> Vec<(&'v String, &'v V)> {
    if entries.len() < 2 {
        return entries;
    }
    let second = merge_sorted(entries.split_off(entries.len() / 2));
    let first = merge_sorted(entries);
    let mut sorted = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
        let from = if natural(a.0, b.0).is_le() { &mut first } else { &mut second };
        sorted.extend(from.next());
    }
    sorted.extend(first);
    sorted.extend(second);
    sorted
}

/// How go-yaml compares: letters behind all else, numbers by their value.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else { return a.len().cmp(&b.len()) };
    match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
        (true, true) => return a[at].cmp(&b[at]),
        (false, true) => return std::cmp::Ordering::Less,
        (true, false) => return std::cmp::Ordering::Greater,
        (false, false) => {}
    }
    let number = |chars: &[char]| {
        let digits: Vec<i64> = chars.iter().map_while(|c| c.to_digit(10)).map(i64::from).collect();
        // Go's numbers wrap around.
        (digits.iter().fold(0_i64, |all, digit| all.wrapping_mul(10).wrapping_add(*digit)), digits.len())
    };
    number(&a[at..]).cmp(&number(&b[at..])).then(a[at].cmp(&b[at]))
}

#[cfg(test)]
#[path = "print_tests.rs"]
mod tests;
