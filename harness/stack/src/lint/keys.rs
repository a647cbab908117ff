//! Keys that the parser does not know, keys that stand twice, and what the whole must have.

use super::context::{Context, Spot, spot};
use super::document::{Document, entries, items, key_text};
use super::finding::Findings;
use super::nearest::nearest;
use super::rules;
use crate::Position;
use crate::file::yaml::Node;

/// Keys of a stack.
pub(super) const STACK: [&str; 5] = ["name", "from", "applications", "namespace", "layer"];
/// Keys of an application, in the order in which the original shows them.
pub(super) const APPLICATION: [&str; 27] = [
    "type",
    "id",
    "version",
    "cpu",
    "mem",
    "ports",
    "instances",
    "constraints",
    "user",
    "healthcheck",
    "launch_command",
    "args",
    "env",
    "artifact_urls",
    "additional_artifacts",
    "scheduler",
    "tasks",
    "dependencies",
    "docker",
    "start_time",
    "time_schedule",
    "before_scheduler",
    "after_scheduler",
    "before_task",
    "after_task",
    "after_tasks",
    // Shown by the original, for nobody to write.
    "rwmutex",
];
/// Keys of `docker`.
pub(super) const DOCKER: [&str; 7] =
    ["image", "force_pull_image", "privileged", "network", "parameters", "port_mappings", "volumes"];
/// Keys of an entry of `docker.port_mappings`.
pub(super) const PORT_MAPPING: [&str; 4] = ["container_port", "host_port", "service_port", "protocol"];
/// Keys of an entry of `docker.volumes`.
pub(super) const VOLUME: [&str; 3] = ["container_path", "host_path", "mode"];

/// Looks at all files that are merged.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    for document in &context.documents {
        Keys { document, found }.walk();
        repeated(document, found);
        if let Some(line) = document.second() {
            let text = document.line(line);
            let (at, end) = (Position { line, column: 1 }, Position { line, column: 4 });
            let place = Spot { file: document.file.clone(), at, end, path: String::new(), line: text };
            let message =
                "what stands below is a document of its own, and only the first one is read: split the file";
            found.add(rules::SECOND_DOCUMENT, place, message);
        }
    }
    if context.stack.name.is_empty() {
        let message =
            "the stack has no name: production mode refuses it (`Key may not be empty`); give it a `name`";
        found.add(rules::NO_NAME, context.top("name"), message);
    }
    if context.stack.applications.is_empty() {
        let message = "there are no applications: the run waits for ever; add some under `applications`";
        found.add(rules::EMPTY_STACK, context.top("applications"), message);
    }
}

struct Keys<'d> {
    document: &'d Document,
    found: &'d mut Findings,
}

impl Keys<'_> {
    fn walk(&mut self) {
        let Some(root) = self.document.root() else { return };
        self.structure(root, "", &STACK, "a stack");
        let Some(applications) = self.document.entry(&["applications"]) else { return };
        for app in entries(applications.value) {
            let path = format!("applications.{}", key_text(app.key));
            self.structure(app.value, &path, &APPLICATION, "an application");
            for docker in entries(app.value).filter(|entry| key_text(entry.key) == "docker") {
                let path = format!("{path}.docker");
                self.structure(docker.value, &path, &DOCKER, "`docker`");
                for entry in entries(docker.value) {
                    let (name, known): (_, &[&str]) = match key_text(entry.key).as_str() {
                        "port_mappings" => ("a port mapping", &PORT_MAPPING),
                        "volumes" => ("a volume", &VOLUME),
                        _ => continue,
                    };
                    for (index, item) in items(entry.value).iter().enumerate() {
                        self.structure(
                            item,
                            &format!("{path}.{}[{index}]", key_text(entry.key)),
                            known,
                            name,
                        );
                    }
                }
            }
        }
    }

    fn structure(&mut self, node: &Node, path: &str, known: &[&str], what: &str) {
        for entry in entries(node) {
            let key = key_text(entry.key);
            if known.contains(&key.as_str()) {
                continue;
            }
            let advice = match nearest(&key, known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "take it out, or into the block where it belongs".into(),
            };
            let message = format!("{what} has no key `{key}`, and it is ignored: {advice}");
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.found.add(rules::UNKNOWN_KEY, spot(self.document, entry.key, path), message);
        }
    }
}

/// What the parser says of keys that stand twice, and of those that it drops.
fn repeated(document: &Document, found: &mut Findings) {
    for warning in &document.warnings {
        let (rule, advice) = if warning.text.contains("stands here again") {
            (rules::REPEATED_KEY, "take one out")
        } else if warning.text.contains("`<<`") {
            (rules::MERGED_TASKS, "write it out")
        } else {
            continue;
        };
        let line = document.line(warning.at.line);
        let width = line.chars().skip(warning.at.column as usize - 1).take_while(|c| *c != ':').count();
        let end = Position { line: warning.at.line, column: warning.at.column + width.max(1) as u32 };
        let at = warning.at;
        let place = Spot { file: document.file.clone(), at, end, path: String::new(), line };
        found.add(rule, place, format!("{}; {advice}", warning.text));
    }
}
