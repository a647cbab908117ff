//! What `lint` calls an error does fail: each row is a change of the full stack, the code of its finding, and what becomes
//! of the deployment in virtual time. Where `lint` finds no error the stack deploys.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use stacklab_lab::cluster::ClusterSpec;
use stacklab_lab::sim::{Simulation, simulate};
use stacklab_stack::Stack;
use stacklab_stack::lint::{LintOptions, Severity, lint};

const FULL: &str = include_str!("../../../fixtures/stacks/zipkin-full.stack");

/// What is replaced by what, and the code of the error that comes of it.
const ROWS: &[(&str, &str, &str)] = &[
    // Applications.
    ("type: kafka-mesos-0.9.x", "type: kafka-mesos-0.9", "SD021"),
    ("cpu: 0.1\n    mem: 512\n    healthcheck", "cpu: 0\n    mem: 512\n    healthcheck", "SD023"),
    ("id: kafka-mesos\n", "id: kafka-mesos\n    instances: none\n", "SD024"),
    ("id: kafka-mesos\n", "id: kafka-mesos\n    constraints: [[hostname, UNIQ]]\n", "SD025"),
    ("id: kafka-mesos\n", "id: Kafka_Mesos\n", "SD028"),
    ("id: kafka-mesos\n", "id: kafka-mesos\n    args: [x]\n", "SD029"),
    ("- 31990", "- 31990\n      - 31990", "SD038"),
    ("      - exhibitor-mesos\n", "      - exhibitors\n", "SD046"),
    ("      - dse-mesos-0.2.x\n", "      - dse-mesos\n", "SD045"),
    ("      - exhibitor-mesos\n", "      - zipkin-mesos\n", "SD047"),
    // Variables.
    ("storage: zk:${zk_url}", "storage: zk:${zk_uri}", "SD050"),
    ("framework-name: dse-mesos-0.2.x", "framework-name: ${kafka-mesos.host}", "SD052"),
    ("log: ./std-log.log", "log: ${kafka-mesos.host}", "SD053"),
    ("zk: ${exhibitor-mesos.zkConnect}", "zk: ${exhibitor-mesos.zkconnect}", "SD054"),
    ("zk: ${exhibitor-mesos.zkConnect}", "zk: ${exhibitor-mesos.exhibitor-70}", "SD054"),
    ("log: ./std-log.log", "log: ${HOST}.log", "SD055"),
    // Tasks.
    ("timeout: 10m", "timeout: 10min", "SD100"),
    ("timeout: 30min", "timeout: 30m", "SD100"),
    ("timeout: 60s", "timeout: 1m", "SD100"),
    ("id: 70\n        cpus", "id: first\n        cpus", "SD101"),
    ("node: 70", "id: 70", "SD101"),
    ("type: query\n", "type: queries\n", "SD102"),
    ("mem: 10000", "mem: 1.5", "SD104"),
    ("hostname=unique\n        port: 31250", "hostname=uniq\n        port: 31250", "SD105"),
    ("configtype: zookeeper", "configtype: zookeeper\n        client-port: 2182", "SD107"),
    ("configtype: zookeeper\n", "timeout: 60s\n", "SD108"),
    ("id: 70\n        cpu:", "id: 0..2\n        cpu:", "SD110"),
    ("      web:\n        type: web", "      web:\n        type: query", "SD111"),
    ("timeout: 60s", "timeout: 0s", "SD113"),
    ("port: 31983", "port: 31983\n        adminPort: 31984", "SD116"),
    ("cluster: dse-mesos\n", "rack: dse-mesos\n", "SD119"),
    // Schedulers.
    ("storage: zk:/kafka-mesos", "storage: zookeeper:/kafka-mesos", "SD120"),
    ("storage: zk:${zk_url}/exhibitor-mesos", "storage: zk:${zk_url}", "SD120"),
    ("zk: ${exhibitor-mesos.zkConnect}\n", "debug: true\n", "SD124"),
    ("log: ./std-log.log", "logs: ./std-log.log", "SD125"),
    ("framework-name: dse-mesos-0.2.x", "framework-timeout: 30m", "SD100"),
    ("      - http://repo.elodina.s3.amazonaws.com/zookeeper.tar.gz\n", "", "SD127"),
    ("storage: zk:/kafka-mesos", "storage: zk:/a/b", "SD130"),
    // Placement.
    ("port: 31983", "port: 8080", "SD141"),
    ("mem: 10000", "mem: 40000", "SD142"),
    ("node: 70", "node: 0..3", "SD144"),
    ("hostname=unique\n        cluster", "rack=like:r1\n        cluster", "SD145"),
    // Not at all.
    ("timeout: 10m", "timeout: 60s", ""),
    ("timeout: 30min", "timeout: 30 minutes", ""),
    ("cpu: 0.5", "cpu: 0.50", ""),
    ("zk: ${exhibitor-mesos.zkConnect}", "zk: ${exhibitor-mesos.exhibitor-0}", ""),
    ("hostname=unique\n        cluster", "hostname=like:.*\n        cluster", ""),
];

/// The same for warnings: these deploy.
const WARNINGS: &[(&str, &str, &str)] = &[
    ("version: 0.9.2\n", "versions: 0.9.2\n", "SD004"),
    ("version: 0.9.2\n", "version: 0.9.2\n    time_schedule: '@hourly'\n", "SD033"),
    ("version: 0.9.2\n", "version: 0.9.2\n    env: {A: $HOST}\n", "SD060"),
    ("    healthcheck: /health\n", "", "SD031"),
    ("/exhibitor/config\n", "/exhibitor/config\n        loglines: 0x10\n", "SD070"),
    ("/exhibitor/config\n", "/exhibitor/config\n        servo: yes\n", "SD071"),
    ("/exhibitor/config\n", "/exhibitor/config\n        headingtext:\n", "SD072"),
    ("        cpus: 0.5", "        cpu: 0.5", "SD103"),
    ("port: 31983", "port: 31983\n        constraints: hostname=unique", "SD106"),
    ("        cpus: 0.5\n", "        cpus: 0.50\n", "SD112"),
    ("type: collector\n        id: 0", "type: collector\n        id: 0..1", "SD115"),
    ("node: 70", "node: 70\n        seed: 'yes'", "SD131"),
    ("        flags: zipkin.web.query.dest=${zipkin-mesos.query-0.endpoint}\n", "", "SD132"),
];

/// Every stack of the fixtures, given the variables of the tests, is one without errors.
#[test]
fn no_stack_of_the_fixtures_has_errors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/stacks");
    let given = [("zk_url", "z:2181"), ("kafka_zk_url", "k:2181"), ("cassandra_url", "c")];
    let mut found = Vec::new();
    let mut stacks = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "stack") {
            continue;
        }
        stacks += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let options = LintOptions {
            file: path.file_name().unwrap().to_string_lossy().into_owned(),
            variables: given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            ..LintOptions::default()
        };
        let report = lint(&text, &options);
        if report.errors() > 0 {
            found.push(report.to_text());
        }
    }
    assert!(stacks >= 4 && found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_lint_calls_an_error_fails() {
    check(ROWS, Severity::Error);
}

#[test]
fn what_lint_warns_of_deploys() {
    check(WARNINGS, Severity::Warning);
}

#[track_caller]
fn check(rows: &[(&str, &str, &str)], severity: Severity) {
    let variables = |value: &str| BTreeMap::from([("zk_url".to_owned(), value.to_owned())]);
    let mut wrong = Vec::new();
    for (from, to, code) in rows {
        assert!(FULL.contains(from), "{from} is not in the stack");
        let text = FULL.replacen(from, to, 1);
        let options = LintOptions { variables: variables("z:2181"), ..LintOptions::default() };
        let report = lint(&text, &options);
        let of_severity = report.findings.iter().filter(|finding| finding.rule.severity == severity);
        let codes: Vec<&str> = of_severity.map(|finding| finding.rule.code).collect();
        let outcome = simulate(&Simulation {
            cluster: ClusterSpec::default(),
            stack: Stack::parse(&text).unwrap().stack,
            already_running: Vec::new(),
            variables: variables("{zk}"),
            seed: 1,
            faults: Vec::new(),
            recording: false,
            limit: Duration::from_secs(3600),
        });
        let found = if code.is_empty() { report.errors() == 0 } else { codes.contains(code) };
        let fails = report.errors() > 0;
        if !found || outcome.result.is_err() != fails {
            wrong.push(format!(
                "{from} -> {to}\n  lint finds {codes:?} for {code}, the run: {:?}",
                outcome.result
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
