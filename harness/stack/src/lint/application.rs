//! What the original checks of an application at the start of a run, what Marathon refuses, and what is ignored.

use std::collections::BTreeSet;

use regex::Regex;

use super::context::Context;
use super::document::Document;
use super::finding::Findings;
use super::nearest::nearest;
use super::rules;
use crate::{Application, RUNNER_TYPES, constraint};

/// The type of applications that Stack Deploy runs itself.
pub(super) const RUN_ONCE: &str = "run-once";

/// Whether an application has calls made to it once it runs.
pub(super) fn has_runner(app: &Application) -> bool {
    RUNNER_TYPES.contains(&app.kind.as_str())
}

/// Looks at each application.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    for (key, app) in context.applications() {
        let mut one = One { context, key, app, found };
        one.kind();
        one.id();
        one.numbers();
        one.constraints();
        one.command();
        one.scheduler();
        one.run_once();
        one.hooks();
    }
    duplicate_ids(context, found);
}

struct One<'c> {
    context: &'c Context<'c>,
    key: &'c str,
    app: &'c Application,
    found: &'c mut Findings,
}

impl One<'_> {
    fn kind(&mut self) {
        let (app, key) = (self.app, self.key);
        let place = || self.context.value(key, &["type"]);
        if app.kind.is_empty() {
            // Of several files the lowest is to blame, which is said there.
            let having = |document: &&Document| document.stack.applications.contains_key(key);
            if self.context.documents.iter().filter(having).count() == 1 {
                let message = format!("{key} has no type: the run is refused; give it a `type`");
                self.found.add(rules::NO_TYPE, self.context.application(key), message);
            }
            return;
        }
        let near = nearest(&app.kind, RUNNER_TYPES.iter().copied().chain([RUN_ONCE]));
        let near = near.filter(|near| *near != app.kind);
        if has_runner(app) {
            self.runner();
        } else if !app.tasks.is_empty() {
            let advice = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "take `tasks` out, or give it a type that has one".into(),
            };
            let message = format!("there is no task runner for the type {}: {advice}", app.kind);
            self.found.add(rules::NO_RUNNER, place(), message);
        } else if let Some(near) = near {
            let message = format!(
                "`{}` is no known type and becomes a plain Marathon app: did you mean `{near}`?",
                app.kind
            );
            self.found.add(rules::TYPE_TYPO, place(), message);
        }
    }

    fn runner(&mut self) {
        let (app, key) = (self.app, self.key);
        if app.kind == "elasticsearch" && !app.tasks.is_empty() {
            let message =
                "the task runner of elasticsearch runs no tasks, and the first one fails: take `tasks` out";
            self.found.add(rules::NO_TASKS_TAKEN, self.context.key(key, &["tasks"]), message);
        }
        if app.kind == "dse-mesos-0.1.x" {
            let message = "no released DSE-Mesos offers the API of this type: use dse-mesos-0.2.x";
            self.found.add(rules::OLD_DSE, self.context.value(key, &["type"]), message);
        }
        if !matches!(app.instances.as_str(), "" | "1") {
            let message = format!(
                "{} schedulers with one configuration displace each other, and only the first is called: 1 is enough",
                app.instances
            );
            self.found.add(rules::MANY_SCHEDULERS, self.context.value(key, &["instances"]), message);
        }
    }

    fn id(&mut self) {
        let (app, key) = (self.app, self.key);
        if app.id.is_empty() {
            let message = format!("{key} has no id: the run is refused; give it an `id`");
            self.found.add(rules::NO_ID, self.context.application(key), message);
        } else if app.kind != RUN_ONCE && !app.id.contains("${") && !is_marathon_id(&app.id) {
            let message = format!(
                "Marathon refuses the id `{}`: lower case letters, digits, dots and dashes between them only",
                app.id
            );
            self.found.add(rules::ID_GRAMMAR, self.context.value(key, &["id"]), message);
        }
    }

    fn numbers(&mut self) {
        let (app, key) = (self.app, self.key);
        for (name, value) in [("cpu", app.cpu), ("mem", app.mem)] {
            if value.is_nan() || value <= 0.0 {
                let message =
                    format!("`{name}` must be above 0, and the run is refused: say how much {key} needs");
                self.found.add(rules::NO_RESOURCES, self.context.value(key, &[name]), message);
            }
        }
        let instances = app.instances.as_str();
        if !matches!(instances, "" | "all") && !instances.parse::<i64>().is_ok_and(|number| number >= 1) {
            let message = format!("`{instances}` instances: only numbers from 1 and `all` are taken");
            self.found.add(rules::INSTANCES, self.context.value(key, &["instances"]), message);
        }
        let mut seen = BTreeSet::new();
        for (index, port) in app.ports.iter().enumerate() {
            if *port != 0 && !seen.insert(port) {
                let message = format!("port {port} stands twice, and Marathon refuses the app: take one out");
                self.found.add(rules::SAME_PORT_LISTED, self.context.item(key, &["ports"], index), message);
            }
        }
    }

    fn constraints(&mut self) {
        for (index, words) in self.app.constraints.iter().enumerate() {
            if let Err(error) = constraint::check(words) {
                let operators = "LIKE <regex>, UNLIKE <regex>, UNIQUE, CLUSTER [value], GROUP_BY [n]";
                let message =
                    format!("{error}: a constraint is [attribute, OPERATOR, value], with one of {operators}");
                self.found.add(
                    rules::CONSTRAINT,
                    self.context.item(self.key, &["constraints"], index),
                    message,
                );
            }
        }
    }

    fn command(&mut self) {
        let (app, key) = (self.app, self.key);
        let command = !app.launch_command.is_empty() || !app.scheduler.is_empty();
        if app.kind == RUN_ONCE {
            if app.launch_command.is_empty() {
                let message = format!("{key} has no launch_command, and nothing is run: give it one");
                self.found.add(rules::COMMAND, self.context.application(key), message);
            }
        } else if command && !app.args.is_empty() {
            let message = "Marathon takes either a command line or args, and `scheduler` is part of the command line: \
                           put args into launch_command";
            self.found.add(rules::COMMAND, self.context.key(key, &["args"]), message);
        } else if !command && app.args.is_empty() && app.docker.is_none() {
            let message =
                format!("{key} has neither launch_command, args nor docker, and Marathon refuses it");
            self.found.add(rules::COMMAND, self.context.application(key), message);
        }
    }

    fn scheduler(&mut self) {
        let (app, key) = (self.app, self.key);
        if has_runner(app) && !app.tasks.is_empty() && app.healthcheck.is_empty() {
            let message = format!(
                "{key} has no healthcheck: its API is called as soon as its process exists, before it listens; \
                 add `healthcheck: /health`"
            );
            self.found.add(rules::NO_HEALTHCHECK, self.context.application(key), message);
        }
        if app.kind != RUN_ONCE {
            for (name, text) in [("start_time", &app.start_time), ("time_schedule", &app.time_schedule)] {
                if !text.is_empty() {
                    let message =
                        format!("`{name}` counts for run-once applications only: {key} starts at once");
                    self.found.add(rules::TIMES_IGNORED, self.context.key(key, &[name]), message);
                }
            }
        }
    }

    fn run_once(&mut self) {
        let app = self.app;
        if app.kind != RUN_ONCE {
            return;
        }
        let ignored = [
            ("scheduler", !app.scheduler.is_empty()),
            ("args", !app.args.is_empty()),
            ("env", !app.env.is_empty()),
            ("user", !app.user.is_empty()),
            ("docker", app.docker.is_some()),
            ("ports", !app.ports.is_empty()),
            ("healthcheck", !app.healthcheck.is_empty()),
        ];
        for (name, _) in ignored.into_iter().filter(|(_, given)| *given) {
            let message =
                format!("a run-once task is given its launch_command and artifacts only, no `{name}`");
            self.found.add(rules::RUN_ONCE_FIELDS, self.context.key(self.key, &[name]), message);
        }
    }

    fn hooks(&mut self) {
        for (name, lines) in self.app.hooks() {
            if lines.is_empty() {
                continue;
            }
            let place = || self.context.key(self.key, &[name]);
            let message = format!(
                "`{name}` runs on the server's machine, and only if the server was started with --allow-hooks"
            );
            self.found.add(rules::HOOKS, place(), message);
            let sets = lines.iter().any(|line| line.trim_start().starts_with("set -e"));
            if lines.len() > 1 && !sets {
                let message = format!(
                    "only the last of the {} commands decides whether `{name}` failed: begin with `set -e`",
                    lines.len()
                );
                self.found.add(rules::HOOK_STATUS, place(), message);
            }
        }
    }
}

fn duplicate_ids(context: &Context<'_>, found: &mut Findings) {
    let mut seen = std::collections::BTreeMap::<&str, &str>::new();
    for (key, app) in context.applications().filter(|(_, app)| !app.id.is_empty()) {
        if let Some(first) = seen.insert(&app.id, key) {
            let message =
                format!("{first} has the id {}, too, and only one of them is started: change one", app.id);
            found.add(rules::DUPLICATE_ID, context.value(key, &["id"]), message);
        }
    }
}

fn is_marathon_id(id: &str) -> bool {
    let segment = "(([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])\\.)*([a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])";
    Regex::new(&format!("^/?{segment}(/{segment})*$")).is_ok_and(|regex| regex.is_match(id))
}
