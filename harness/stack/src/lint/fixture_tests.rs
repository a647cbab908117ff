//! The repository's own stacks, through the command line.

use expect_test::{Expect, expect};
use serde_json::Value;

use super::{Output, command};

fn read(file: &str) -> Result<String, String> {
    let text = match file {
        "exhibitor-kafka.stack" => include_str!("../../../../fixtures/stacks/exhibitor-kafka.stack"),
        "zipkin-full.stack" => include_str!("../../../../fixtures/stacks/zipkin-full.stack"),
        "zipkin-full-scaled.stack" => include_str!("../../../../fixtures/stacks/zipkin-full-scaled.stack"),
        "zipkin-standalone.stack" => include_str!("../../../../fixtures/stacks/zipkin-standalone.stack"),
        "broken.stack" => "name: [",
        _ => return Err("no such file or directory".into()),
    };
    Ok(text.to_owned())
}

fn run(line: &str) -> Output {
    let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    command(&args, &read)
}

#[track_caller]
fn check(line: &str, code: u8, expected: &Expect) {
    let output = run(line);
    assert_eq!((output.code, output.stderr.as_str()), (code, ""), "{line}");
    expected.assert_eq(&output.stdout);
}

#[test]
fn names_both_variables_of_the_standalone_stack() {
    check(
        "zipkin-standalone.stack",
        1,
        &expect![[r#"
        zipkin-standalone.stack:30:30: error[SD051]: nobody gives the variable kafka_zk_url, and the framework gets the text ${kafka_zk_url} as it stands: give it with --var kafka_zk_url=…
         30 |         env: KAFKA_ZOOKEEPER=${kafka_zk_url},KAFKA_TOPIC=zipkin,CASSANDRA_CONTACT_POINTS=${cassandra_url}
            |                              ^^^^^^^^^^^^^^^
        zipkin-standalone.stack:30:90: error[SD051]: nobody gives the variable cassandra_url, and the framework gets the text ${cassandra_url} as it stands: give it with --var cassandra_url=…
         30 |         env: KAFKA_ZOOKEEPER=${kafka_zk_url},KAFKA_TOPIC=zipkin,CASSANDRA_CONTACT_POINTS=${cassandra_url}
            |                                                                                          ^^^^^^^^^^^^^^^^
        zipkin-standalone.stack:36:39: error[SD051]: nobody gives the variable cassandra_url, and the framework gets the text ${cassandra_url} as it stands: give it with --var cassandra_url=…
         36 |         env: CASSANDRA_CONTACT_POINTS=${cassandra_url}
            |                                       ^^^^^^^^^^^^^^^^

        plan of zipkin-standalone
        └─ at once
           └─ zipkin-mesos (zipkin-mesos-0.1.x): 0.1 cpus, 256 MB, any port; with its tasks 1.3 cpus, 3840 MB
              ├─ collector: 0.5 cpus, 1536 MB, any 2 ports
              ├─ query: 0.5 cpus, 1536 MB, any 2 ports
              └─ web: 0.2 cpus, 512 MB, port 31983, any port
        asks for 1.3 cpus, 3840 MB of 12 cpus, 49152 MB (3 agents with 4 cpus, 16384 MB, ports 31000-32000)

        3 errors, 0 warnings; `stack-deploy lint --explain SD051` says more
    "#]],
    );
    check(
        "zipkin-standalone.stack --var kafka_zk_url=h:2181 --var cassandra_url=h",
        0,
        &expect![[r#"
        plan of zipkin-standalone
        └─ at once
           └─ zipkin-mesos (zipkin-mesos-0.1.x): 0.1 cpus, 256 MB, any port; with its tasks 1.3 cpus, 3840 MB
              ├─ collector: 0.5 cpus, 1536 MB, any 2 ports
              ├─ query: 0.5 cpus, 1536 MB, any 2 ports
              └─ web: 0.2 cpus, 512 MB, port 31983, any port
        asks for 1.3 cpus, 3840 MB of 12 cpus, 49152 MB (3 agents with 4 cpus, 16384 MB, ports 31000-32000)

        no errors, no warnings
    "#]],
    );
    check(
        "zipkin-standalone.stack --var kafka_zk_url=h:2181,i:2181 --var casandra_url=h",
        1,
        &expect![[r#"
        zipkin-standalone.stack:3:7: warning[SD059]: nothing refers to the variable casandra_url that is given: did you mean cassandra_url?
         3 | name: zipkin-standalone
           |       ^^^^^^^^^^^^^^^^^
        zipkin-standalone.stack:30:30: error[SD110]: kafka_zk_url holds 2 values with commas, and the first comma ends the value in `env`: refer to a single one, or give it with `\,`
         30 |         env: KAFKA_ZOOKEEPER=${kafka_zk_url},KAFKA_TOPIC=zipkin,CASSANDRA_CONTACT_POINTS=${cassandra_url}
            |                              ^^^^^^^^^^^^^^^
        zipkin-standalone.stack:30:90: error[SD051]: nobody gives the variable cassandra_url, and the framework gets the text ${cassandra_url} as it stands: did you mean ${casandra_url}?
         30 |         env: KAFKA_ZOOKEEPER=${kafka_zk_url},KAFKA_TOPIC=zipkin,CASSANDRA_CONTACT_POINTS=${cassandra_url}
            |                                                                                          ^^^^^^^^^^^^^^^^
        zipkin-standalone.stack:36:39: error[SD051]: nobody gives the variable cassandra_url, and the framework gets the text ${cassandra_url} as it stands: did you mean ${casandra_url}?
         36 |         env: CASSANDRA_CONTACT_POINTS=${cassandra_url}
            |                                       ^^^^^^^^^^^^^^^^

        plan of zipkin-standalone
        └─ at once
           └─ zipkin-mesos (zipkin-mesos-0.1.x): 0.1 cpus, 256 MB, any port; with its tasks 1.3 cpus, 3840 MB
              ├─ collector: 0.5 cpus, 1536 MB, any 2 ports
              ├─ query: 0.5 cpus, 1536 MB, any 2 ports
              └─ web: 0.2 cpus, 512 MB, port 31983, any port
        asks for 1.3 cpus, 3840 MB of 12 cpus, 49152 MB (3 agents with 4 cpus, 16384 MB, ports 31000-32000)

        3 errors, 1 warning; `stack-deploy lint --explain SD110` says more
    "#]],
    );
}

#[test]
fn has_no_errors_in_the_full_stacks() {
    check(
        "zipkin-full.stack --var zk_url=h:2181",
        0,
        &expect![[r#"
        zipkin-full.stack:61:14: warning[SD112]: a heap of 1024 MB (the default) does not fit into 1024 MB, and a hard limit kills the broker: set `heap` some hundred MB below `mem`
         61 |         mem: 1024
            |              ^^^^

        plan of zipkin-full
        ├─ at once, together
        │  ├─ dse-mesos-0.2.x (dse-mesos-0.2.x): 0.1 cpus, 512 MB, any port; with its tasks 0.6 cpus, 10512 MB
        │  │  └─ seed: 0.5 cpus, 10000 MB, port 31100, any 4 ports, one per agent
        │  └─ exhibitor-mesos (exhibitor-mesos-0.1.x): 0.1 cpus, 512 MB, port 31991; with its tasks 0.2 cpus, 1536 MB
        │     └─ exhibitors: 0.1 cpus, 1024 MB, port 31150, one per agent
        ├─ then
        │  └─ kafka-mesos (kafka-mesos-0.9.x), after exhibitor-mesos: 0.1 cpus, 512 MB, port 31990; with its tasks 0.6 cpus, 1536 MB
        │     └─ brokers: 0.5 cpus, 1024 MB, port 31250, one per agent
        └─ then
           └─ zipkin-mesos (zipkin-mesos-0.1.x), after kafka-mesos and dse-mesos-0.2.x: 0.1 cpus, 256 MB, any port; with its tasks 1.3 cpus, 3840 MB
              ├─ collector: 0.5 cpus, 1536 MB, any 2 ports
              ├─ query: 0.5 cpus, 1536 MB, any 2 ports
              └─ web: 0.2 cpus, 512 MB, port 31983, any port
        asks for 2.7 cpus, 17424 MB of 12 cpus, 49152 MB (3 agents with 4 cpus, 16384 MB, ports 31000-32000)

        0 errors, 1 warning; `stack-deploy lint --explain SD112` says more
    "#]],
    );
    check(
        "zipkin-full-scaled.stack --var zk_url=h:2181",
        0,
        &expect![[r#"
        zipkin-full-scaled.stack:138:13: warning[SD115]: collectors share one consumer id, and a second one on a Kafka displaces the first: run one only
         138 |         id: 0..1
             |             ^^^^

        plan of zipkin-full-scaled
        ├─ at once, together
        │  ├─ dse-mesos-0.2.x (dse-mesos-0.2.x): 0.1 cpus, 512 MB, any port; with its tasks 3.1 cpus, 18512 MB
        │  │  ├─ seed: 1 cpus, 6000 MB, port 31100, any 4 ports, one per agent
        │  │  ├─ second: 1 cpus, 6000 MB, port 31100, any 4 ports, one per agent
        │  │  └─ third: 1 cpus, 6000 MB, port 31100, any 4 ports, one per agent
        │  └─ exhibitor-mesos (exhibitor-mesos-0.1.x): 0.1 cpus, 512 MB, port 31991; with its tasks 0.3 cpus, 1280 MB
        │     └─ exhibitors: 0.2 cpus, 768 MB, port 31150, one per agent
        ├─ then
        │  └─ kafka-mesos (kafka-mesos-0.9.x), after exhibitor-mesos: 0.1 cpus, 512 MB, port 31990; with its tasks 2.35 cpus, 5120 MB
        │     └─ brokers: 3 x 0.75 cpus, 1536 MB, port 31250, one per agent
        └─ then
           └─ zipkin-mesos (zipkin-mesos-0.1.x), after kafka-mesos and dse-mesos-0.2.x: 0.1 cpus, 256 MB, any port; with its tasks 1.4 cpus, 3712 MB
              ├─ collector: 2 x 0.4 cpus, 1024 MB, any 2 ports
              ├─ query: 0.4 cpus, 1024 MB, any 2 ports
              └─ web: 0.1 cpus, 384 MB, port 31983, any port
        asks for 7.15 cpus, 28624 MB of 12 cpus, 49152 MB (3 agents with 4 cpus, 16384 MB, ports 31000-32000)

        0 errors, 1 warning; `stack-deploy lint --explain SD115` says more
    "#]],
    );
    check(
        "exhibitor-kafka.stack",
        0,
        &expect![[r#"
        exhibitor-kafka.stack:60:14: warning[SD112]: a heap of 1024 MB (the default) does not fit into 1024 MB, and a hard limit kills the broker: set `heap` some hundred MB below `mem`
         60 |         mem: 1024
            |              ^^^^

        plan of exhibitor-kafka
        ├─ at once
        │  └─ exhibitor-mesos (exhibitor-mesos-0.1.x): 0.1 cpus, 512 MB, port 31991; with its tasks 0.4 cpus, 3584 MB
        │     └─ exhibitors: 3 x 0.1 cpus, 1024 MB, port 31150, one per agent
        └─ then
           └─ kafka-mesos (kafka-mesos-0.9.x), after exhibitor-mesos: 0.1 cpus, 512 MB, port 31990; with its tasks 1.6 cpus, 3584 MB
              └─ brokers: 3 x 0.5 cpus, 1024 MB, port 31250, one per agent
        asks for 2 cpus, 7168 MB of 12 cpus, 49152 MB (3 agents with 4 cpus, 16384 MB, ports 31000-32000)

        0 errors, 1 warning; `stack-deploy lint --explain SD112` says more
    "#]],
    );
}

#[test]
fn prints_json() {
    let output = run("zipkin-standalone.stack --var kafka_zk_url=h:2181 --json");
    assert_eq!((output.code, output.stderr.as_str()), (1, ""));
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    let mut finding = value["findings"][0].clone();
    let page = finding["page"].take();
    assert!(page.as_str().is_some_and(|page| page.starts_with("# SD051 (error): ")));
    expect![[r#"
        {
          "code": "SD051",
          "severity": "error",
          "title": "a variable in a task parameter that nobody gives",
          "message": "nobody gives the variable cassandra_url, and the framework gets the text ${cassandra_url} as it stands: give it with --var cassandra_url=…",
          "file": "zipkin-standalone.stack",
          "line": 30,
          "column": 90,
          "end": {
            "line": 30,
            "column": 106
          },
          "path": "applications.zipkin-mesos.tasks.collector.env",
          "page": null
        }"#]].assert_eq(&format!("{finding:#}"));
    expect![[r#"
        {
          "stack": "zipkin-standalone",
          "groups": [
            [
              {
                "key": "zipkin-mesos",
                "id": "zipkin-mesos",
                "type": "zipkin-mesos-0.1.x",
                "after": [],
                "asks": {
                  "instances": 1,
                  "cpus": 0.1,
                  "mem": 256.0,
                  "ports": [],
                  "any_ports": 1,
                  "apart": false
                },
                "tasks": [
                  {
                    "name": "collector",
                    "asks": {
                      "instances": 1,
                      "cpus": 0.5,
                      "mem": 1536.0,
                      "ports": [],
                      "any_ports": 2,
                      "apart": false
                    }
                  },
                  {
                    "name": "query",
                    "asks": {
                      "instances": 1,
                      "cpus": 0.5,
                      "mem": 1536.0,
                      "ports": [],
                      "any_ports": 2,
                      "apart": false
                    }
                  },
                  {
                    "name": "web",
                    "asks": {
                      "instances": 1,
                      "cpus": 0.2,
                      "mem": 512.0,
                      "ports": [
                        [
                          31983,
                          31983
                        ]
                      ],
                      "any_ports": 1,
                      "apart": false
                    }
                  }
                ],
                "total": {
                  "cpus": 1.3,
                  "mem": 3840.0
                }
              }
            ]
          ],
          "never": [],
          "skipped": [],
          "total": {
            "cpus": 1.3,
            "mem": 3840.0
          },
          "available": {
            "cpus": 12.0,
            "mem": 49152.0
          },
          "cluster": "3 agents with 4 cpus, 16384 MB, ports 31000-32000"
        }"#]]
    .assert_eq(&format!("{:#}", value["plan"]));
    assert_eq!((&value["version"], &value["errors"], &value["warnings"]), (&1.into(), &2.into(), &0.into()));
    let broken = run("broken.stack --json=true");
    let value: Value = serde_json::from_str(&broken.stdout).unwrap();
    assert_eq!(
        (broken.code, &value["plan"], &value["findings"][0]["code"]),
        (1, &Value::Null, &"SD001".into())
    );
}

/// What the page about JSON promises is what is printed.
#[test]
fn explains_its_json() {
    let output = run("zipkin-full.stack --json");
    let value: Value = serde_json::from_str(&output.stdout).unwrap();
    let page = run("--explain json").stdout;
    let step = &value["plan"]["groups"][0][0];
    for object in [&value, &value["findings"][0], &value["plan"], step, &step["asks"], &step["tasks"][0]] {
        for field in object.as_object().unwrap().keys() {
            let named = page.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == field);
            assert!(named, "{field} is not explained");
        }
    }
}

#[test]
fn is_a_command() {
    let wrong = |line: &str| {
        let output = run(line);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{line}");
        let hint = "\nSee `stack-deploy lint --help`.\n";
        output.stderr.strip_suffix(hint).unwrap_or_else(|| panic!("{}", output.stderr)).to_owned()
    };
    for (line, error) in [
        ("", "a stack file is needed"),
        ("a b", "one stack file at a time, and b is a second one"),
        ("nope.stack", "Can't read file nope.stack: no such file or directory"),
        ("zipkin-full.stack --layer x", "Can't read file x: no such file or directory"),
        ("--nope", "flag provided but not defined: -nope"),
        ("-var", "flag needs an argument: -var"),
        ("-var a", "invalid value \"a\" for flag -var: Variables are expected in k=v format."),
        ("--skip (", "invalid value \"(\" for flag -skip: error parsing regexp: missing closing ): `(`"),
        ("--agents 0", "invalid value \"0\" for flag -agents: `0` is no number of agents (1 to 10000)"),
        ("--json=maybe", "--json is true or false, not `maybe`"),
        ("--explain SD999", "there is no code SD999: --explain all lists them"),
    ] {
        assert_eq!(wrong(line), error, "{line}");
    }
    for line in ["--help", "-h", "zipkin-full.stack --help"] {
        let output = run(line);
        assert_eq!((output.code, output.stderr.as_str()), (0, ""));
        assert!(output.stdout.starts_with("Checks a stack file") && output.stdout.contains("examples:"));
    }
    assert_eq!(run("--explain=all").stdout.lines().count(), super::rules::ALL.len());
    assert!(run("--explain sd110").stdout.contains("comma"));
    // As with all of Stack Deploy's commands: one dash or two, a blank or `=`.
    for line in
        ["-var zk_url=h zipkin-full.stack", "zipkin-full.stack --var=zk_url=h", "zipkin-full.stack -skip . "]
    {
        assert_eq!(run(line).code, 0, "{line}");
    }
}

#[test]
fn explains_each_option_of_its_help() {
    let help = run("--help").stdout;
    for flag in ["--zone", "--layer", "--var", "--skip", "--agents", "--json", "--explain"] {
        assert!(help.contains(flag), "{flag}");
    }
}

#[test]
fn sees_what_does_not_fit() {
    check(
        "zipkin-full.stack --var zk_url=h:2181 --agents 2,cpus=4,mem=8192,ports=31000-31900",
        1,
        &expect![[r#"
            zipkin-full.stack:4:1: error[SD143]: all together ask for 2.7 cpus and 17424 MB, and the agents have 8 and 16384: run on a larger cluster, or ask for less
             4 | applications:
               | ^^^^^^^^^^^^
            zipkin-full.stack:12:9: error[SD141]: no agent offers the port 31991 that exhibitor-mesos asks for: take one that is offered
             12 |       - 31991
                |         ^^^^^
            zipkin-full.stack:44:9: error[SD141]: no agent offers the port 31990 that kafka-mesos asks for: take one that is offered
             44 |       - 31990
                |         ^^^^^
            zipkin-full.stack:61:14: warning[SD112]: a heap of 1024 MB (the default) does not fit into 1024 MB, and a hard limit kills the broker: set `heap` some hundred MB below `mem`
             61 |         mem: 1024
                |              ^^^^
            zipkin-full.stack:89:14: error[SD142]: dse-mesos-0.2.x seed asks for 0.5 cpus and 10000 MB at once, and no agent has both (at most 4 and 8192): no offer ever fits
             89 |         mem: 10000
                |              ^^^^^
            zipkin-full.stack:132:15: error[SD141]: no agent offers the port 31983 that zipkin-mesos web asks for: take one that is offered
             132 |         port: 31983
                 |               ^^^^^

            plan of zipkin-full
            ├─ at once, together
            │  ├─ dse-mesos-0.2.x (dse-mesos-0.2.x): 0.1 cpus, 512 MB, any port; with its tasks 0.6 cpus, 10512 MB
            │  │  └─ seed: 0.5 cpus, 10000 MB, port 31100, any 4 ports, one per agent
            │  └─ exhibitor-mesos (exhibitor-mesos-0.1.x): 0.1 cpus, 512 MB, port 31991; with its tasks 0.2 cpus, 1536 MB
            │     └─ exhibitors: 0.1 cpus, 1024 MB, port 31150, one per agent
            ├─ then
            │  └─ kafka-mesos (kafka-mesos-0.9.x), after exhibitor-mesos: 0.1 cpus, 512 MB, port 31990; with its tasks 0.6 cpus, 1536 MB
            │     └─ brokers: 0.5 cpus, 1024 MB, port 31250, one per agent
            └─ then
               └─ zipkin-mesos (zipkin-mesos-0.1.x), after kafka-mesos and dse-mesos-0.2.x: 0.1 cpus, 256 MB, any port; with its tasks 1.3 cpus, 3840 MB
                  ├─ collector: 0.5 cpus, 1536 MB, any 2 ports
                  ├─ query: 0.5 cpus, 1536 MB, any 2 ports
                  └─ web: 0.2 cpus, 512 MB, port 31983, any port
            asks for 2.7 cpus, 17424 MB of 8 cpus, 16384 MB (2 agents with 4 cpus, 8192 MB, ports 31000-31900)

            5 errors, 1 warning; `stack-deploy lint --explain SD143` says more
        "#]],
    );
    check(
        "exhibitor-kafka.stack --agents 2,attr=rack:r1",
        1,
        &expect![[r#"
        exhibitor-kafka.stack:29:15: error[SD140]: 3 instances ask for port 31150 (exhibitor-mesos exhibitors), and 2 agents offer it, once each: give them other ports
         29 |         port: 31150
            |               ^^^^^
        exhibitor-kafka.stack:30:22: error[SD144]: exhibitor-mesos exhibitors has 3 instances, and its constraints leave room for 2: more agents, or fewer instances
         30 |         constraints: hostname=unique
            |                      ^^^^^^^^^^^^^^^
        exhibitor-kafka.stack:60:14: warning[SD112]: a heap of 1024 MB (the default) does not fit into 1024 MB, and a hard limit kills the broker: set `heap` some hundred MB below `mem`
         60 |         mem: 1024
            |              ^^^^
        exhibitor-kafka.stack:61:22: error[SD144]: kafka-mesos brokers has 3 instances, and its constraints leave room for 2: more agents, or fewer instances
         61 |         constraints: hostname=unique
            |                      ^^^^^^^^^^^^^^^
        exhibitor-kafka.stack:62:15: error[SD140]: 3 instances ask for port 31250 (kafka-mesos brokers), and 2 agents offer it, once each: give them other ports
         62 |         port: 31250
            |               ^^^^^

        plan of exhibitor-kafka
        ├─ at once
        │  └─ exhibitor-mesos (exhibitor-mesos-0.1.x): 0.1 cpus, 512 MB, port 31991; with its tasks 0.4 cpus, 3584 MB
        │     └─ exhibitors: 3 x 0.1 cpus, 1024 MB, port 31150, one per agent
        └─ then
           └─ kafka-mesos (kafka-mesos-0.9.x), after exhibitor-mesos: 0.1 cpus, 512 MB, port 31990; with its tasks 1.6 cpus, 3584 MB
              └─ brokers: 3 x 0.5 cpus, 1024 MB, port 31250, one per agent
        asks for 2 cpus, 7168 MB of 8 cpus, 32768 MB (2 agents with 4 cpus, 16384 MB, ports 31000-32000, rack:r1)

        4 errors, 1 warning; `stack-deploy lint --explain SD140` says more
    "#]],
    );
}
