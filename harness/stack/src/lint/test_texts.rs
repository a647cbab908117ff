//! For tests: small stacks, and what is found in them as text.

use expect_test::Expect;

use super::{LintOptions, Source, lint};
use crate::lint::agents::parse_agents;

/// An application `a` of a type, with what each needs; lines of `more` replace those with the same key.
pub(super) fn application(kind: &str, more: &str) -> String {
    let (command, artifacts): (&str, &[&str]) = match kind {
        "exhibitor-mesos-0.1.x" => (
            "scheduler",
            &["mesos-exhibitor-0.1.jar", "exhibitor-1.5.jar", "zookeeper.tar.gz", "jdk-7.tar.gz"],
        ),
        "kafka-mesos-0.9.x" => ("scheduler", &["kafka-mesos-0.9.jar", "kafka_2.10.tgz"]),
        "dse-mesos-0.2.x" => ("scheduler", &["dse-mesos-0.2.jar", "dse.tar.gz"]),
        "zipkin-mesos-0.1.x" => (
            "scheduler",
            &[
                "zipkin-mesos-0.1.jar",
                "zipkin-collector-service.jar",
                "zipkin-query-service.jar",
                "zipkin-web.jar",
                "zipkin-deps.tar.gz",
            ],
        ),
        _ => ("run", &[]),
    };
    let mut lines = vec![
        format!("type: {kind}"),
        "id: a".into(),
        "cpu: 1".into(),
        "mem: 64".into(),
        format!("launch_command: {command}"),
    ];
    if !artifacts.is_empty() {
        lines.push("healthcheck: /health".into());
        lines.push(format!("artifact_urls: ['{}']", artifacts.join("', '")));
        let zk = if kind == "kafka-mesos-0.9.x" { ", zk: 'z:2181'" } else { "" };
        lines.push(format!("scheduler: {{api: 'http://$HOST:$PORT0', master: m{zk}}}"));
    }
    let given = |line: &String| {
        let key = line.split(':').next().unwrap_or_default();
        more.lines().any(|line| line.starts_with(&format!("{key}:")))
    };
    lines.retain(|line| !given(line));
    lines.extend(more.lines().map(str::to_owned));
    format!("name: s\napplications:\n  a:\n    {}\n", lines.join("\n    "))
}

/// A framework's application with one task `t`.
pub(super) fn task(kind: &str, parameters: &str) -> String {
    application(kind, &format!("tasks:\n  t:\n    {}", parameters.replace('\n', "\n    ")))
}

/// Findings, a line each: `SD004 9:5 message`.
pub(super) fn found(text: &str, options: &LintOptions) -> String {
    let line = |finding: &super::Finding| {
        let file = if finding.file == options.file { String::new() } else { format!("{}:", finding.file) };
        format!("  {} {file}{} {}\n", finding.rule.code, finding.at, finding.message)
    };
    let all: String = lint(text, options).findings.iter().map(line).collect();
    if all.is_empty() { "  nothing\n".into() } else { all }
}

/// Options from words: `k=v` is a variable, `zone:z` the zone, `skip:x` an expression, `agents:…` agents.
pub(super) fn options(words: &str) -> LintOptions {
    let mut options = LintOptions::default();
    let mut agents = Vec::new();
    for word in words.split_whitespace() {
        if let Some(zone) = word.strip_prefix("zone:") {
            options.zone = zone.into();
        } else if let Some(text) = word.strip_prefix("agents:") {
            agents.extend(parse_agents(text, agents.len() + 1).unwrap());
        } else if let Some(pattern) = word.strip_prefix("skip:") {
            options.skip.push(regex::Regex::new(pattern).unwrap());
        } else if let Some((key, value)) = word.split_once('=') {
            options.variables.insert(key.into(), value.into());
        }
    }
    if !agents.is_empty() {
        options.cluster = agents;
    }
    options
}

/// Adds a layer.
pub(super) fn with_layer(mut options: LintOptions, file: &str, text: &str) -> LintOptions {
    options.layers.push(Source { file: file.into(), text: text.into() });
    options
}

/// Checks a table: each row is what it is about, with a text.
#[track_caller]
pub(super) fn check(rows: &[(&str, String)], words: &str, expected: &Expect) {
    let options = options(words);
    let shown = rows.iter().map(|(name, text)| format!("{name}\n{}", found(text, &options)));
    expected.assert_eq(&shown.collect::<String>());
}

/// Checks one text.
#[track_caller]
pub(super) fn check_one(text: &str, options: &LintOptions, expected: &Expect) {
    expected.assert_eq(&format!("found\n{}", found(text, options)));
}
