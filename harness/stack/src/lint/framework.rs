//! Task parameters, as the frameworks' APIs read them.

mod dse;
mod exhibitor;
mod kafka;
mod parameters;
mod zipkin;

use std::collections::BTreeMap;

use super::context::{Context, Spot};
use super::finding::Findings;
use super::grammar;
use super::nearest::nearest;
use super::published;
use super::rules;
use super::variables::references;
use crate::{Application, Task, Variables};

use self::parameters::{Kind, table};

/// Whether a parameter is a number to a framework, so that only its value counts.
pub(super) fn is_number(kind: &str, name: &str) -> bool {
    let kinds = table(kind).unwrap_or_default();
    kinds.iter().any(|(known, kind)| *known == name && matches!(kind, Kind::Decimal | Kind::Whole))
        || matches!(name, "cpu" | "cpus" | "mem")
}

/// Looks at the tasks of each application.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    for (key, app) in context.applications().filter(|(_, app)| !context.is_skipped(app)) {
        for written in &app.tasks {
            let task = context.resolved(written);
            let mut one = One { context, key, app, written, task: &task, found };
            one.parameters();
            match app.kind.as_str() {
                "exhibitor-mesos-0.1.x" => exhibitor::check(&mut one),
                "kafka-mesos-0.9.x" => kafka::check(&mut one),
                "dse-mesos-0.1.x" => dse::check_first(&mut one),
                "dse-mesos-0.2.x" => dse::check(&mut one),
                "zipkin-mesos-0.1.x" => zipkin::check(&mut one),
                _ => {}
            }
        }
        added_twice(context, key, app, found);
        match app.kind.as_str() {
            "dse-mesos-0.2.x" => dse::check_together(context, key, app, found),
            "zipkin-mesos-0.1.x" => zipkin::check_together(context, key, app, found),
            _ => {}
        }
    }
}

/// The parameter that names the instances of a task.
fn id_parameter(kind: &str) -> Option<&'static str> {
    match kind {
        "exhibitor-mesos-0.1.x" | "kafka-mesos-0.9.x" | "zipkin-mesos-0.1.x" | "dse-mesos-0.1.x" => {
            Some("id")
        }
        "dse-mesos-0.2.x" => Some("node"),
        _ => None,
    }
}

/// One task of an application.
struct One<'c> {
    context: &'c Context<'c>,
    key: &'c str,
    app: &'c Application,
    /// As it stands in the file.
    written: &'c Task,
    /// With the variables in it that are known.
    task: &'c Task,
    found: &'c mut Findings,
}

impl One<'_> {
    /// A parameter that is fully known.
    fn get(&self, name: &str) -> Option<&str> {
        self.task.parameters.get(name).map(String::as_str).filter(|text| !text.contains("${"))
    }

    fn has(&self, name: &str) -> bool {
        self.task.parameters.contains_key(name)
    }

    fn value(&self, name: &str) -> Spot {
        self.context.value(self.key, &["tasks", &self.task.name, name])
    }

    fn task_key(&self) -> Spot {
        self.context.key(self.key, &["tasks", &self.task.name])
    }

    fn add(&mut self, rule: rules::Rule, spot: Spot, message: impl Into<String>) {
        self.found.add(rule, spot, message);
    }

    /// Reads each parameter as its framework does.
    fn parameters(&mut self) {
        let Some(table) = table(&self.app.kind) else { return };
        self.ids();
        for (name, text) in &self.task.parameters {
            let Some((_, kind)) = table.iter().find(|(known, _)| known == name) else {
                self.unknown(name, table);
                continue;
            };
            match kind {
                Kind::Map | Kind::FullMap => self.map(name),
                _ if text.contains("${") => {}
                Kind::Any | Kind::Ids => {}
                Kind::Period | Kind::Duration => self.time(name, text, *kind),
                Kind::Constraints => self.constraints(name, text),
                Kind::Decimal | Kind::Whole | Kind::Port | Kind::PortList | Kind::Truth => {
                    self.number(name, text, *kind);
                }
            }
        }
    }

    fn ids(&mut self) {
        let Some(name) = id_parameter(&self.app.kind) else { return };
        // Kafka-Mesos' own name for it works, too, since Stack Deploy hands it through.
        let name = if self.app.kind == "kafka-mesos-0.9.x" && !self.has(name) { "broker" } else { name };
        let Some(text) = self.task.parameters.get(name).cloned() else {
            let wanted = id_parameter(&self.app.kind).unwrap_or(name);
            let message = format!(
                "the task {} has no `{wanted}`, and its first call fails: give it one",
                self.task.name
            );
            let place = self.task_key();
            return self.add(rules::IDS, place, message);
        };
        if text.contains("${") {
            return;
        }
        if let Err(why) = grammar::ids(&text) {
            let place = self.value(name);
            self.add(rules::IDS, place, format!("{why}: ids are numbers, as in `0`, `0,2` or `0..2`"));
        } else if grammar::ids(&text).is_ok_and(|ids| ids.all && ids.ids.is_empty()) {
            let place = self.value(name);
            self.add(rules::IDS, place, "`*` means those that exist, and none does yet: name the ids to add");
        }
    }

    fn unknown(&mut self, name: &str, table: &[(&str, Kind)]) {
        // Stack files for DSE carry it, and it does no harm.
        if self.app.kind == "dse-mesos-0.2.x" && name == "api" {
            return;
        }
        let own_id =
            id_parameter(&self.app.kind).filter(|_| matches!(name, "id" | "node" | "broker" | "server"));
        let meant = own_id.or_else(|| nearest(name, table.iter().map(|(known, _)| *known)));
        let advice = match meant {
            Some(known) => format!("did you mean `{known}`?"),
            None => "take it out".into(),
        };
        let framework = framework_name(&self.app.kind);
        let message = format!("{framework} has no parameter `{name}` and ignores it: {advice}");
        let place = self.context.key(self.key, &["tasks", &self.task.name, name]);
        self.add(rules::UNKNOWN_PARAMETER, place, message);
    }

    fn time(&mut self, name: &str, text: &str, kind: Kind) {
        let (good, forms) = match kind {
            Kind::Period => (grammar::is_period(text), "500ms, 60s, 10m, 1h, 30d"),
            _ => (grammar::is_duration(text), "500ms, 60s, 30min, 1h, 30d"),
        };
        let framework = framework_name(&self.app.kind);
        let place = self.value(name);
        if !good {
            let message =
                format!("`{text}` is no time to {framework}, and the call fails: write it as one of {forms}");
            self.add(rules::TIME, place, message);
        } else if name == "timeout" && text.starts_with('0') && !text.contains(|c| ('1'..='9').contains(&c)) {
            let message = match self.app.kind.as_str() {
                "zipkin-mesos-0.1.x" => {
                    "a timeout of 0 is answered with an empty body, and the run fails: any other will do"
                }
                _ => return,
            };
            self.add(rules::ZERO_TIMEOUT, place, message);
        }
    }

    fn number(&mut self, name: &str, text: &str, kind: Kind) {
        let why = match kind {
            Kind::Whole => text.parse::<i64>().err().map(|_| format!("`{text}` is no whole number")),
            Kind::Decimal => {
                let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
                number.is_none().then(|| format!("`{text}` is no number"))
            }
            // An empty text takes a port back.
            Kind::Port => grammar::ports(text, false).err().filter(|_| !text.is_empty()),
            Kind::PortList => grammar::ports(text, true).err(),
            Kind::Truth if !matches!(text, "true" | "false") => {
                let place = self.value(name);
                let message =
                    format!("only `true` counts as true, and `{text}` as false: write one of these two");
                return self.add(rules::NOT_TRUE, place, message);
            }
            _ => None,
        };
        if let Some(why) = why {
            let message =
                format!("{why}: {} refuses `{name}`, and the run fails", framework_name(&self.app.kind));
            let place = self.value(name);
            self.add(rules::NUMBER, place, message);
        }
    }

    fn constraints(&mut self, name: &str, text: &str) {
        let kind = self.app.kind.as_str();
        match grammar::constraints(text, kind == "dse-mesos-0.2.x") {
            Err(why) => {
                let message = format!("{why}: {} refuses `{name}`, and the run fails", framework_name(kind));
                let place = self.value(name);
                self.add(rules::TASK_CONSTRAINT, place, message);
            }
            Ok(conditions) if kind == "zipkin-mesos-0.1.x" && !conditions.is_empty() => {
                let message = "Zipkin-Mesos compares the wrong values, so that unique, cluster and groupBy are not \
                               enforced: use fixed ports to keep instances apart";
                let place = self.value(name);
                let peers = conditions
                    .iter()
                    .any(|one| !matches!(one.means, grammar::Means::Like(_) | grammar::Means::Unlike(_)));
                if peers {
                    self.add(rules::NOT_ENFORCED, place, message);
                }
            }
            Ok(_) => {}
        }
    }

    /// A map as text: its grammar, and commas that come out of variables.
    fn map(&mut self, name: &str) {
        let Some(text) = self.written.parameters.get(name) else { return };
        let path = ["tasks", self.task.name.as_str(), name];
        for (variable, nth) in references(text) {
            let Some(count) = self.values_of(variable) else { continue };
            if count < 2 {
                continue;
            }
            let place = self.context.piece(self.key, &path, None, &format!("${{{variable}}}"), nth);
            let message = format!(
                "{variable} holds {count} values with commas, and the first comma ends the value in `{name}`: refer to \
                 a single one, or give it with `\\,`"
            );
            self.add(rules::COMMA, place, message);
        }
        // Whatever the variables hold, they stand for one word here.
        let plain = without_references(text);
        match grammar::map(&plain) {
            Err(why) => {
                let place = self.value(name);
                self.add(rules::MAP, place, format!("{why} in `{name}`: it is a list k=v,k2=v2"));
            }
            Ok(entries) => {
                for (entry, _) in entries.iter().filter(|(_, value)| value.is_none()) {
                    let place = self.context.piece(self.key, &path, None, entry, 0);
                    let message = format!(
                        "`{entry}` has no value in `{name}`, and no executor can read that: write a comma inside a \
                         value as `\\,`"
                    );
                    self.add(rules::COMMA, place, message);
                }
            }
        }
    }

    /// How many values with commas between them a variable holds, if that can be told.
    fn values_of(&self, variable: &str) -> Option<usize> {
        if let Some(given) = self.context.options.variables.get(variable) {
            let escaped = given.replace("\\,", "");
            return Some(escaped.split(',').count());
        }
        let applications = self.context.stack.applications.values();
        applications
            .filter_map(|app| Some((app, variable.strip_prefix(app.id.as_str())?.strip_prefix('.')?)))
            .find_map(|(app, name)| published::addresses(app, name))
    }
}

/// A framework's own name.
pub(super) fn framework_name(kind: &str) -> &'static str {
    match kind {
        "exhibitor-mesos-0.1.x" => "Exhibitor-Mesos",
        "kafka-mesos-0.9.x" => "Kafka-Mesos",
        "zipkin-mesos-0.1.x" => "Zipkin-Mesos",
        "dse-mesos-0.1.x" | "dse-mesos-0.2.x" => "DSE-Mesos",
        _ => "the framework",
    }
}

/// A text with a word in place of each reference.
fn without_references(text: &str) -> String {
    let names = references(text);
    let words = names.iter().map(|(name, _)| ((*name).to_owned(), "x".to_owned()));
    let variables = Variables { arbitrary: words.collect(), ..Variables::default() };
    variables.resolve(text).into_owned()
}

/// Ids that two tasks of an application name.
fn added_twice(context: &Context<'_>, key: &str, app: &Application, found: &mut Findings) {
    let Some(parameter) = id_parameter(&app.kind) else { return };
    let mut seen = BTreeMap::<(String, u32), &str>::new();
    for written in &app.tasks {
        let task = context.resolved(written);
        let Some(ids) = task.parameters.get(parameter).and_then(|text| grammar::ids(text).ok()) else {
            continue;
        };
        let kind = task.parameters.get("type").filter(|_| app.kind == "zipkin-mesos-0.1.x");
        let mut twice = None;
        for id in ids.ids {
            let first = seen.insert((kind.cloned().unwrap_or_default(), id), written.name.as_str());
            twice = twice.or(first.map(|first| (first, id)));
        }
        if let Some((first, id)) = twice {
            let message =
                format!("the task {first} adds {id}, too, and the second add fails: take other ids");
            found.add(rules::ADDED_TWICE, context.value(key, &["tasks", &written.name, parameter]), message);
        }
    }
}
