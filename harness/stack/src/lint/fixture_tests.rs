//! The repository's own stacks, through the command line.

use expect_test::{Expect, expect};

use super::{Output, command};

fn read(file: &str) -> Result<String, String> {
    let text = match file {
        "exhibitor-kafka.stack" => include_str!("../../../../fixtures/stacks/exhibitor-kafka.stack"),
        "zipkin-full.stack" => include_str!("../../../../fixtures/stacks/zipkin-full.stack"),
        "zipkin-full-scaled.stack" => include_str!("../../../../fixtures/stacks/zipkin-full-scaled.stack"),
        "zipkin-standalone.stack" => include_str!("../../../../fixtures/stacks/zipkin-standalone.stack"),
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
