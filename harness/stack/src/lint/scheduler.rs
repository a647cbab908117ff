//! Options and files of the frameworks' schedulers.

use super::application::has_runner;
use super::context::Context;
use super::finding::Findings;
use super::framework::framework_name;
use super::grammar;
use super::nearest::nearest;
use super::rules;
use crate::Application;

/// A file that must lie in a scheduler's directory: how its name may begin and end, and what it is called.
type File = (&'static [&'static str], &'static [&'static str], &'static str);

/// What a scheduler takes and needs.
struct Scheduler {
    options: &'static [&'static str],
    needed: &'static [&'static str],
    files: &'static [File],
    /// Whether its times are Scala's.
    duration: bool,
}

/// What every scheduler needs.
const ALWAYS: &[&str] = &["api", "master"];

/// Exhibitor-Mesos 0.1.
const EXHIBITOR: Scheduler = Scheduler {
    options: &[
        "api",
        "master",
        "user",
        "storage",
        "framework-name",
        "framework-timeout",
        "ensemble-modify-retries",
        "ensemble-modify-backoff",
        "debug",
    ],
    needed: ALWAYS,
    files: &[
        (&["mesos-exhibitor"], &[".jar"], "mesos-exhibitor.*\\.jar"),
        (&["exhibitor"], &[".jar"], "exhibitor.*\\.jar"),
        (&["zookeeper"], &[""], "zookeeper.*"),
        (&["jdk"], &[""], "jdk.*"),
    ],
    duration: true,
};

/// Kafka-Mesos 0.9.2.
const KAFKA: Scheduler = Scheduler {
    options: &[
        "api",
        "bind-address",
        "debug",
        "framework-name",
        "framework-role",
        "framework-timeout",
        "jre",
        "log",
        "master",
        "principal",
        "secret",
        "storage",
        "user",
        "zk",
    ],
    needed: &["api", "master", "zk"],
    files: &[(&["kafka-mesos"], &[".jar"], "kafka-mesos.*\\.jar"), (&["kafka"], &[".tgz"], "kafka.*\\.tgz")],
    duration: false,
};

/// DSE-Mesos 0.2.
const DSE: Scheduler = Scheduler {
    options: &[
        "api",
        "debug",
        "framework-name",
        "framework-role",
        "framework-timeout",
        "jre",
        "master",
        "principal",
        "secret",
        "storage",
        "user",
    ],
    needed: ALWAYS,
    files: &[
        (&["dse-mesos"], &["jar"], "dse-mesos.*jar"),
        (&["dse", "apache-cassandra"], &["gz"], "apache-cassandra.*gz or dse.*gz"),
    ],
    duration: true,
};

/// Zipkin-Mesos 0.1.
const ZIPKIN: Scheduler = Scheduler {
    options: &[
        "api",
        "master",
        "storage",
        "framework-name",
        "framework-role",
        "framework-timeout",
        "principal",
        "secret",
        "debug",
        "bind-address",
        "log",
        "genTraces",
    ],
    needed: ALWAYS,
    files: &[
        (&["zipkin-mesos"], &[".jar"], "zipkin-mesos.*\\.jar"),
        (&["zipkin-collector-service"], &[".jar"], "zipkin-collector-service.*\\.jar"),
        (&["zipkin-query-service"], &[".jar"], "zipkin-query-service.*\\.jar"),
        (&["zipkin-web"], &[".jar"], "zipkin-web.*\\.jar"),
        (&["zipkin-deps"], &[""], "zipkin-deps.tar.gz"),
    ],
    duration: false,
};

fn scheduler(kind: &str) -> Option<&'static Scheduler> {
    match kind {
        "exhibitor-mesos-0.1.x" => Some(&EXHIBITOR),
        "kafka-mesos-0.9.x" => Some(&KAFKA),
        "dse-mesos-0.2.x" => Some(&DSE),
        "zipkin-mesos-0.1.x" => Some(&ZIPKIN),
        _ => None,
    }
}

/// Looks at each application that is a framework's scheduler.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    for (key, app) in context.applications().filter(|(_, app)| !context.is_skipped(app)) {
        let Some(scheduler) = scheduler(&app.kind) else { continue };
        // What is on the command line or in a configuration file is not looked into.
        let plain = app.launch_command.trim_end().ends_with("scheduler") && app.docker.is_none();
        if plain {
            options(context, key, app, scheduler, found);
            files(context, key, app, scheduler, found);
        }
        api(context, key, app, found);
    }
}

fn options(context: &Context<'_>, key: &str, app: &Application, scheduler: &Scheduler, found: &mut Findings) {
    let framework = framework_name(&app.kind);
    for name in scheduler.needed.iter().filter(|name| !app.scheduler.contains_key(**name)) {
        // Two of them take it from the environment, too.
        let variable = match app.kind.as_str() {
            "exhibitor-mesos-0.1.x" => "EM_API",
            "dse-mesos-0.2.x" => "DM_API",
            _ => "",
        };
        if *name == "api" && app.env.contains_key(variable) {
            continue;
        }
        let message = format!("{framework} ends at once without --{name}: add `{name}` to `scheduler`");
        found.add(rules::OPTION_MISSING, context.key(key, &["scheduler"]), message);
    }
    for (name, value) in &app.scheduler {
        let path = ["scheduler", name.as_str()];
        if !scheduler.options.contains(&name.as_str()) {
            let advice = match nearest(name, scheduler.options.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => "take it out".into(),
            };
            let message = format!("{framework} knows no option --{name} and ends at once: {advice}");
            found.add(rules::OPTION_UNKNOWN, context.key(key, &path), message);
        } else if name == "framework-timeout" && !value.contains("${") {
            let good =
                if scheduler.duration { grammar::is_duration(value) } else { grammar::is_period(value) };
            if !good {
                let form = if scheduler.duration { "30min, 1h or 30d" } else { "30m, 1h or 30d" };
                let message =
                    format!("`{value}` is no time to {framework}, which ends at once: write {form}");
                found.add(rules::TIME, context.value(key, &path), message);
            }
        }
    }
}

fn files(context: &Context<'_>, key: &str, app: &Application, scheduler: &Scheduler, found: &mut Findings) {
    let names: Vec<&str> = app.uris().map(file_name).collect();
    for (begins, ends, mask) in scheduler.files {
        let fits = |name: &&str| {
            begins.iter().any(|begin| name.starts_with(begin)) && ends.iter().any(|end| name.ends_with(end))
        };
        let own = |name: &&str| begins == &["dse", "apache-cassandra"] && name.starts_with("dse-mesos");
        if !names.iter().any(|name| fits(name) && !own(name)) {
            let message = format!(
                "{} ends at once without a file {mask} beside it: add it to `artifact_urls`",
                framework_name(&app.kind)
            );
            found.add(rules::ARTIFACT, context.key(key, &["artifact_urls"]), message);
        }
    }
}

fn file_name(uri: &str) -> &str {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// Calls go to the first port of the task, whatever the scheduler listens on.
fn api(context: &Context<'_>, key: &str, app: &Application, found: &mut Findings) {
    let Some(api) = app.scheduler.get("api").filter(|_| has_runner(app)) else { return };
    let path = ["scheduler", "api"];
    let rest = api.split_once("://").map_or(api.as_str(), |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').map_or("80", |(_, port)| port);
    if port.strip_prefix("$PORT").is_some_and(|index| !matches!(index, "" | "0")) {
        let message =
            format!("the scheduler listens on {port}, and calls go to $PORT0: write http://$HOST:$PORT0");
        return found.add(rules::API_PORT, context.value(key, &path), message);
    }
    let Ok(number) = port.parse::<i64>() else { return };
    let first = app.ports.first().copied();
    if first != Some(number) && !(number == 0 && matches!(app.kind.as_str(), "kafka-mesos-0.9.x")) {
        let expected = first.map_or("the port that Marathon chooses".into(), |first| first.to_string());
        let message = format!(
            "the scheduler listens on {number}, and calls go to {expected}: write http://$HOST:$PORT0"
        );
        found.add(rules::API_PORT, context.value(key, &path), message);
    }
}
