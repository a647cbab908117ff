//! Every `${name}` of the stack: whether somebody gives it, in time, and whether it is resolved where it stands.

use std::collections::{BTreeMap, BTreeSet};

use super::application::has_runner;
use super::context::{Context, Spot};
use super::finding::Findings;
use super::nearest::nearest;
use super::published::{self, Published, When};
use super::rules::{self, Rule};
use crate::Application;

/// Variables that the run sets.
pub(super) const OF_THE_RUN: [&str; 3] = ["mesos.master", "zone", "stack"];

/// When a text is resolved, in the life of its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the scheduler is started.
    Start,
    /// The scheduler runs.
    Up,
    /// Before the task of this index.
    BeforeTask(usize),
    /// After the first task, and again after each.
    AfterTask,
    /// After all tasks.
    End,
}

impl Phase {
    /// Whether the application's own variable is there.
    fn has(self, when: When) -> bool {
        match (self, when) {
            (Self::Start, _) => false,
            (_, When::Up) => true,
            (Self::Up, When::Task(_)) => false,
            (Self::BeforeTask(index), When::Task(publisher)) => publisher < index,
            (Self::AfterTask, When::Task(publisher)) => publisher == 0,
            (Self::End, When::Task(_)) => true,
        }
    }
}

/// A text in which variables are resolved.
pub(super) struct Text<'c> {
    /// Below the application.
    pub(super) path: Vec<&'c str>,
    /// If it is an item of a list.
    pub(super) index: Option<usize>,
    pub(super) text: &'c str,
    pub(super) phase: Phase,
    /// Whether the run fails if something is left: everywhere but in task parameters.
    pub(super) checked: bool,
}

/// All texts of an application in which variables are resolved.
pub(super) fn texts(app: &Application) -> Vec<Text<'_>> {
    let mut texts = Vec::new();
    let mut add = |path: Vec<_>, index, text, phase| {
        texts.push(Text { path, index, text, phase, checked: true });
    };
    add(vec!["launch_command"], None, app.launch_command.as_str(), Phase::Start);
    for (name, value) in &app.scheduler {
        add(vec!["scheduler", name.as_str()], None, value.as_str(), Phase::Start);
    }
    for (name, value) in &app.env {
        add(vec!["env", name.as_str()], None, value.as_str(), Phase::Start);
    }
    for (index, value) in app.args.iter().enumerate() {
        add(vec!["args"], Some(index), value.as_str(), Phase::Start);
    }
    for (name, lines) in app.hooks() {
        let phase = match name {
            "before_scheduler" => Phase::Start,
            "after_scheduler" => Phase::Up,
            "before_task" => Phase::BeforeTask(0),
            "after_task" => Phase::AfterTask,
            _ => Phase::End,
        };
        for (index, line) in lines.iter().enumerate() {
            add(vec![name], Some(index), line.as_str(), phase);
        }
    }
    for (index, task) in app.tasks.iter().enumerate() {
        for (name, value) in &task.parameters {
            let path = vec!["tasks", task.name.as_str(), name.as_str()];
            texts.push(Text {
                path,
                index: None,
                text: value,
                phase: Phase::BeforeTask(index),
                checked: false,
            });
        }
    }
    texts
}

/// The names that a text refers to, each with how many equal ones come before it. What has no end on its line is no
/// reference.
pub(super) fn references(text: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut seen = BTreeMap::<&str, usize>::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("${").map(|offset| from + offset + 2) {
        from = start;
        let Some(name) = text[start..].find('}').map(|length| &text[start..start + length]) else { break };
        if !name.contains("${") && !name.contains('\n') {
            let count = seen.entry(name).or_default();
            found.push((name, *count));
            *count += 1;
        }
    }
    found
}

/// Looks at all texts, and at the variables that are given.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    let mut used = BTreeSet::new();
    for (key, app) in context.applications() {
        if context.is_skipped(app) {
            used.extend(
                texts(app).iter().flat_map(|text| references(text.text)).map(|(name, _)| name.to_owned()),
            );
            continue;
        }
        for text in texts(app) {
            for (name, nth) in references(text.text) {
                used.insert(name.to_owned());
                let one = Reference { context, key, app, text: &text, name, nth };
                one.check(found);
            }
            not_closed(context, key, &text, found);
            nested(context, key, &text, found);
        }
        unresolved_fields(context, key, app, found);
    }
    given(context, &used, found);
}

struct Reference<'c> {
    context: &'c Context<'c>,
    key: &'c str,
    app: &'c Application,
    text: &'c Text<'c>,
    name: &'c str,
    nth: usize,
}

impl Reference<'_> {
    fn spot(&self) -> Spot {
        let piece = format!("${{{}}}", self.name);
        self.context.piece(self.key, &self.text.path, self.text.index, &piece, self.nth)
    }

    fn check(&self, found: &mut Findings) {
        let name = self.name;
        if OF_THE_RUN.contains(&name) || found.is_full() {
            return;
        }
        let given = self.context.options.variables.get(name);
        if let Some(value) = given.filter(|value| value.contains("${")) {
            let message =
                format!("the value of {name} holds a variable itself ({value}), which may stay as it is");
            found.add(rules::NESTED, self.spot(), message);
        }
        let owner = self.owner();
        match owner {
            Some((id, app)) => self.published(id, app, given.is_some(), found),
            None if given.is_some() => {}
            None => self.missing(found),
        }
    }

    /// The application whose id the name begins with, the longest if there are several.
    fn owner(&self) -> Option<(&str, &Application)> {
        let applications = self.context.stack.applications.values();
        let owners = applications.filter(|app| {
            let rest = self.name.strip_prefix(app.id.as_str());
            !app.id.is_empty() && rest.is_some_and(|rest| rest.starts_with('.'))
        });
        owners.max_by_key(|app| app.id.len()).map(|app| (app.id.as_str(), app))
    }

    fn published(&self, id: &str, app: &Application, given: bool, found: &mut Findings) {
        let name = &self.name[id.len() + 1..];
        if given && (!has_runner(app) || self.context.is_skipped(app)) {
            return;
        }
        if self.context.is_skipped(app) {
            let message =
                format!("{id} is skipped and publishes nothing: give {0} with --var {0}=…", self.name);
            return found.add(self.missing_rule(), self.spot(), message);
        }
        let when = match published::find(app, name) {
            Published::From(when) => when,
            Published::Never { .. } if given => return,
            Published::Never { meant, known } => {
                let advice = match meant {
                    Some(meant) => format!("did you mean ${{{id}.{meant}}}?"),
                    None if known.is_empty() => {
                        format!("the type {} publishes no variables at all", app.kind)
                    }
                    None => format!("there are {}", known.join(", ")),
                };
                let message = format!("{id} never publishes {name}: {advice}");
                return found.add(rules::NEVER_PUBLISHED, self.spot(), message);
            }
        };
        if std::ptr::eq(app, self.app) {
            if !self.text.phase.has(when) && !given {
                let message =
                    format!("{id} publishes {name} only later, {}: it is not there yet", after(app, when));
                found.add(rules::TOO_EARLY, self.spot(), message);
            }
        } else if !self.context.before(self.app).contains(id) && !given {
            let what = if self.text.checked { "the run fails" } else { "it is sent as it stands" };
            let message = format!(
                "{} does not depend on {id}, which publishes it: unless {id} happens to be complete before, {what}; \
                 add {id} to its dependencies",
                self.app.id
            );
            found.add(rules::NOT_A_DEPENDENCY, self.spot(), message);
        } else if published::is_list_of_last_task(app, name) {
            let message = format!(
                "{id} overwrites {name} with each of its {} tasks: only the last one is in it",
                app.tasks.len()
            );
            found.add(rules::LAST_TASK_ONLY, self.spot(), message);
        }
    }

    fn missing_rule(&self) -> Rule {
        if self.text.checked { rules::UNRESOLVED } else { rules::SENT_LITERALLY }
    }

    fn missing(&self, found: &mut Findings) {
        let name = self.name;
        if self.text.checked && is_of_a_shell(name) {
            let message = format!(
                "${{{name}}} is taken for a variable of Stack Deploy, not for the shell's, and the run fails here: write \
                 it without braces, or give it with --var"
            );
            return found.add(rules::SHELL_BRACES, self.spot(), message);
        }
        if self.text.checked && is_of_mesos(name) {
            let message = format!(
                "${{{name}}} is taken for a variable of Stack Deploy, and the shell never sees it: write ${name}"
            );
            return found.add(rules::SHELL_BRACES, self.spot(), message);
        }
        if let Some((key, app)) = self.by_key() {
            let message = format!(
                "{key} is the key of an application, and variables begin with its id: ${{{}{}}}",
                app.id,
                &name[key.len()..]
            );
            return found.add(rules::KEY_AS_PREFIX, self.spot(), message);
        }
        let given = self.context.options.variables.keys().map(String::as_str);
        let advice = match nearest(name, given.chain(OF_THE_RUN)) {
            Some(near) => format!("did you mean ${{{near}}}?"),
            None => format!("give it with --var {name}=…"),
        };
        let message = if self.text.checked {
            format!("nobody gives the variable {name}, and the run fails here: {advice}")
        } else {
            format!(
                "nobody gives the variable {name}, and the framework gets the text ${{{name}}} as it stands: {advice}"
            )
        };
        found.add(self.missing_rule(), self.spot(), message);
    }

    fn by_key(&self) -> Option<(&str, &Application)> {
        let owners = self.context.applications().filter(|(key, app)| {
            *key != app.id && self.name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'))
        });
        owners.max_by_key(|(key, _)| key.len())
    }
}

fn after(app: &Application, when: When) -> String {
    match when {
        When::Up => "when its scheduler runs".into(),
        When::Task(index) => format!("when its task {} has run", app.tasks[index].name),
    }
}

/// Names that Mesos and Marathon give to a task's shell.
fn is_of_mesos(name: &str) -> bool {
    let numbered =
        name.strip_prefix("PORT").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    numbered
        || name == "HOST"
        || name == "PORTS"
        || name.starts_with("MESOS_")
        || name.starts_with("MARATHON_")
}

/// Names as only a shell has them: in capitals, or with an operator behind, as in `HOME:-/root`.
fn is_of_a_shell(name: &str) -> bool {
    let end = name.find([':', '#', '%', '/']).unwrap_or(name.len());
    let plain = !end.eq(&0)
        && name[..end].bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit());
    plain && !is_of_mesos(name)
}

/// References inside of references.
fn nested(context: &Context<'_>, key: &str, text: &Text<'_>, found: &mut Findings) {
    for line in text.text.lines() {
        for (start, _) in line.match_indices("${") {
            let rest = &line[start + 2..];
            let (inner, end) = (rest.find("${"), rest.find('}'));
            if inner.zip(end).is_none_or(|(inner, end)| inner > end) {
                continue;
            }
            let piece: String = line[start..].chars().take_while(|c| *c != '}').collect();
            let place = context.piece(key, &text.path, text.index, &piece, 0);
            let rule = if text.checked { rules::UNRESOLVED } else { rules::SENT_LITERALLY };
            let message = format!(
                "variables do not nest: `{piece}}}…` is never resolved as a whole; write the name in full"
            );
            found.add(rule, place, message);
        }
    }
}

fn not_closed(context: &Context<'_>, key: &str, text: &Text<'_>, found: &mut Findings) {
    for line in text.text.lines() {
        let Some(start) = line.rfind("${").filter(|start| !line[*start..].contains('}')) else { continue };
        let piece: String = line[start..].chars().take(24).collect();
        let message = format!("`{piece}` has no closing brace and stays as it is: close it");
        found.add(rules::NOT_CLOSED, context.piece(key, &text.path, text.index, &piece, 0), message);
    }
}

/// Fields in which no variable is resolved.
fn unresolved_fields(context: &Context<'_>, key: &str, app: &Application, found: &mut Findings) {
    let mut texts: Vec<(Vec<&str>, Option<usize>, &str)> = vec![
        (vec!["id"], None, &app.id),
        (vec!["type"], None, &app.kind),
        (vec!["instances"], None, &app.instances),
        (vec!["user"], None, &app.user),
        (vec!["healthcheck"], None, &app.healthcheck),
        (vec!["start_time"], None, &app.start_time),
        (vec!["time_schedule"], None, &app.time_schedule),
    ];
    let lists = [
        ("artifact_urls", &app.artifact_urls),
        ("additional_artifacts", &app.additional_artifacts),
        ("dependencies", &app.dependencies),
    ];
    for (name, list) in lists {
        texts.extend(list.iter().enumerate().map(|(index, text)| (vec![name], Some(index), text.as_str())));
    }
    for (index, words) in app.constraints.iter().enumerate() {
        texts.extend(words.iter().map(|word| (vec!["constraints"], Some(index), word.as_str())));
    }
    if let Some(docker) = &app.docker {
        texts.push((vec!["docker", "image"], None, &docker.image));
        texts.push((vec!["docker", "network"], None, &docker.network));
        let parameters = docker.parameters.iter();
        texts.extend(
            parameters.map(|(name, text)| (vec!["docker", "parameters", name.as_str()], None, text.as_str())),
        );
        for (index, volume) in docker.volumes.iter().enumerate() {
            let paths = [&volume.container_path, &volume.host_path];
            texts.extend(paths.map(|text| (vec!["docker", "volumes"], Some(index), text.as_str())));
        }
    }
    for name in app.scheduler.keys() {
        texts.push((vec!["scheduler", name], None, name));
    }
    for name in app.env.keys() {
        texts.push((vec!["env", name], None, name));
    }
    for (path, index, text) in texts {
        for (name, nth) in references(text) {
            let place = context.piece(key, &path, index, &format!("${{{name}}}"), nth);
            let message = format!(
                "no variable is resolved in `{}`, and ${{{name}}} stays as it is: write the value",
                path[0]
            );
            found.add(rules::NOT_RESOLVED_HERE, place, message);
        }
    }
}

/// Variables that are given for nothing.
fn given(context: &Context<'_>, used: &BTreeSet<String>, found: &mut Findings) {
    let in_values = context.options.variables.values().flat_map(|value| references(value));
    let in_values: BTreeSet<&str> = in_values.map(|(name, _)| name).collect();
    for name in context.options.variables.keys() {
        if OF_THE_RUN.contains(&name.as_str()) {
            let message = format!("the run sets {name} itself, and the value given for it does not count");
            found.add(rules::OVERRULED, context.top("name"), message);
        } else if !used.contains(name) && !in_values.contains(name.as_str()) {
            let advice = match nearest(name, used.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near}?"),
                None => "leave it out".into(),
            };
            let message = format!("nothing refers to the variable {name} that is given: {advice}");
            found.add(rules::UNUSED, context.top("name"), message);
        }
    }
}
