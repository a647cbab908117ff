//! Small stacks and what is found in them: tasks and schedulers of the frameworks.

use expect_test::expect;

use super::test_texts::{application, check, check_one, options, task};

const EXHIBITOR: &str = "exhibitor-mesos-0.1.x";
const KAFKA: &str = "kafka-mesos-0.9.x";
const DSE: &str = "dse-mesos-0.2.x";
const ZIPKIN: &str = "zipkin-mesos-0.1.x";

#[test]
fn shows_what_yaml_makes_of_values() {
    let any = |parameters: &str| {
        task("statsd-mesos-0.1.x", parameters).replace("launch", "healthcheck: /\n    launch")
    };
    let rows = [
        ("numbers", any("a: 0.50\nb: '0.50'\nc: 010\nd: 1_000\ne: 1e3\nf: 10\ncpu: 0.50\nmem: 1e3")),
        ("words", any("a: yes\nb: off\nc: true\nd: 'yes'\ne: TRUE")),
        ("nothing", any("a:\nb: ~\nc: ''")),
        ("lists", any("a: [1, 2]\nb: {c: d}")),
        ("keys", any("n: 1\n'y': 2\n010: 3\n7: 4")),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
        numbers
          SD070 12:12 `0.50` is sent as `0.5`: put it into quotes
          SD070 14:12 `010` is sent as `8`: put it into quotes
          SD070 15:12 `1_000` is sent as `1000`: put it into quotes
          SD070 16:12 `1e3` is sent as `1000`: put it into quotes
        words
          SD071 12:12 `yes` is sent as `true`: put it into quotes if the word is meant
          SD071 13:12 `off` is sent as `false`: put it into quotes if the word is meant
          SD071 16:12 `TRUE` is sent as `true`: put it into quotes if the word is meant
        nothing
          SD072 12:10 `a` has no value and is sent as `<nil>`: leave it out, or write ''
          SD072 13:12 `b` has no value and is sent as `<nil>`: leave it out, or write ''
        lists
          SD073 12:12 `a` is sent as `[1 2]`: write it as one text, in quotes
          SD073 13:12 `b` is sent as `[{c d}]`: write it as one text, in quotes
        keys
          SD074 12:9 the key `n` is sent as `false`: put it into quotes
          SD074 14:9 the key `010` is sent as `8`: put it into quotes
    "#]],
    );
}

#[test]
fn knows_both_time_grammars() {
    let exhibitor = |time: &str| task(EXHIBITOR, &format!("id: 0\nconfigtype: zookeeper\ntimeout: {time}"));
    let kafka = |time: &str| task(KAFKA, &format!("id: 0\ntimeout: {time}"));
    let dse = |time: &str| task(DSE, &format!("node: 0\ncluster: c\ntimeout: {time}"));
    let zipkin = |time: &str| task(ZIPKIN, &format!("type: query\nid: 0\ntimeout: {time}"));
    let rows = [
        ("exhibitor 10m", exhibitor("10m")),
        ("exhibitor 30min", exhibitor("30min")),
        ("kafka 10m", kafka("10m")),
        ("kafka 30min", kafka("30min")),
        ("dse 10m", dse("10m")),
        ("dse 2 minutes", dse("2 minutes")),
        ("dse stickiness", task(DSE, "node: 0\ncluster: c\nstickinessPeriod: 30min")),
        ("zipkin 10m", zipkin("10m")),
        ("zipkin 0s", zipkin("0s")),
        ("kafka 0", kafka("'0'")),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
            exhibitor 10m
              SD100 16:18 `10m` is no time to Exhibitor-Mesos, and the call fails: write it as one of 500ms, 60s, 30min, 1h, 30d
            exhibitor 30min
              nothing
            kafka 10m
              nothing
            kafka 30min
              SD100 15:18 `30min` is no time to Kafka-Mesos, and the call fails: write it as one of 500ms, 60s, 10m, 1h, 30d
            dse 10m
              SD100 16:18 `10m` is no time to DSE-Mesos, and the call fails: write it as one of 500ms, 60s, 30min, 1h, 30d
            dse 2 minutes
              nothing
            dse stickiness
              SD100 16:27 `30min` is no time to DSE-Mesos, and the call fails: write it as one of 500ms, 60s, 10m, 1h, 30d
            zipkin 10m
              SD133 13:7 without CASSANDRA_CONTACT_POINTS in `env` it looks for Cassandra on its own host: name one
              SD100 16:18 `10m` is no time to Zipkin-Mesos, and the call fails: write it as one of 500ms, 60s, 30min, 1h, 30d
            zipkin 0s
              SD133 13:7 without CASSANDRA_CONTACT_POINTS in `env` it looks for Cassandra on its own host: name one
              SD113 16:18 a timeout of 0 is answered with an empty body, and the run fails: any other will do
            kafka 0
              nothing
        "#]],
    );
}

#[test]
fn checks_exhibitor() {
    let with = |more: &str| task(EXHIBITOR, &format!("configtype: zookeeper\n{more}"));
    let rows = [
        ("no id", with("cpu: 1")),
        ("ids", with("id: first")),
        ("backwards", with("id: 2..0")),
        ("all", with("id: '*'")),
        ("no configtype", task(EXHIBITOR, "id: 0")),
        ("not applicable", with("id: 0\nclient-port: 2182")),
        ("unknown", with("id: 0\ncpus: 1\nzkconfigConnect: z")),
        ("constraint", with("id: 0\nconstraints: hostname=uniq")),
        ("meet", with("id: 0..1\nconstraints: rack=like:r1")),
        ("numbers", with("id: 0\ncpu: some\nport: 70000")),
    ];
    check(
        &rows,
        "agents:3,attr=rack:r1",
        &expect![[r#"
        no id
          SD101 13:7 the task t has no `id`, and its first call fails: give it one
        ids
          SD101 15:13 `first` is no id: ids are numbers, as in `0`, `0,2` or `0..2`
        backwards
          SD101 15:13 `2..0` runs backwards: ids are numbers, as in `0`, `0,2` or `0..2`
        all
          SD101 15:13 `*` means those that exist, and none does yet: name the ids to add
        no configtype
          SD108 13:7 without `configtype` each server ends at once and is started again for ever: add `configtype: zookeeper`
        not applicable
          SD107 16:9 release 0.1 cannot apply `client-port`: the server never joins, and the run hangs; take it out
        unknown
          SD103 16:9 Exhibitor-Mesos has no parameter `cpus` and ignores it: did you mean `cpu`?
          SD103 17:9 Exhibitor-Mesos has no parameter `zkconfigConnect` and ignores it: did you mean `zkconfigconnect`?
        constraint
          SD105 16:22 `uniq` is no condition (there are like:<regex>, unlike:<regex>, unique, cluster[:<value>], groupBy[:<n>]): Exhibitor-Mesos refuses `constraints`, and the run fails
        meet
          SD109 16:22 two of the 2 servers may come to one agent, where their ZooKeepers both want 2181: add hostname=unique
        numbers
          SD104 16:14 `some` is no number: Exhibitor-Mesos refuses `cpu`, and the run fails
          SD104 17:15 `70000` is no port: Exhibitor-Mesos refuses `port`, and the run fails
    "#]],
    );
}

#[test]
fn checks_kafka() {
    let with = |more: &str| task(KAFKA, &format!("id: 0\n{more}"));
    let rows = [
        ("cpu", with("cpu: 2")),
        ("heap", with("mem: 1024")),
        ("own heap", with("heap: 3000")),
        ("mem", with("mem: 1.5")),
        ("options", with("options: num.io.threads=4,log.dirs\nlog4jOptions: 'a=b,,c=d'")),
        ("twice", application(KAFKA, "tasks:\n  one: {id: 0..2}\n  two: {id: '3,1'}")),
        ("broker", task(KAFKA, "broker: 0")),
        ("none", task(KAFKA, "cpus: 1")),
        ("seven on three", task(KAFKA, "id: 0..6\nconstraints: hostname=unique\nport: 31250")),
        ("no shell", with("bindAddress: ${HOST}\njvmOptions: $HOST")),
        ("a cpu too many", with("cpus: 5")),
        ("attribute", with("constraints: dc=like:a")),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
            cpu
              SD103 15:9 Kafka-Mesos has no parameter `cpu` and ignores it: did you mean `cpus`?
            heap
              SD112 15:14 a heap of 1024 MB (the default) does not fit into 1024 MB, and a hard limit kills the broker: set `heap` some hundred MB below `mem`
            own heap
              SD112 15:15 a heap of 3000 MB does not fit into 2048 MB, and a hard limit kills the broker: set `heap` some hundred MB below `mem`
            mem
              SD104 15:14 `1.5` is no whole number: Kafka-Mesos refuses `mem`, and the run fails
            options
              SD110 15:35 `log.dirs` has no value in `options`, and no executor can read that: write a comma inside a value as `\,`
              SD117 16:23 an entry is empty in `log4jOptions`: it is a list k=v,k2=v2
            twice
              SD111 14:17 the task one adds 1, too, and the second add fails: take other ids
            broker
              nothing
            none
              SD101 13:7 the task t has no `id`, and its first call fails: give it one
            seven on three
              SD144 15:22 a t has 7 instances, and its constraints leave room for 3: more agents, or fewer instances
              SD140 16:15 7 instances ask for port 31250 (a t), and 3 agents offer it, once each: give them other ports
            no shell
              SD051 15:22 nobody gives the variable HOST, and the framework gets the text ${HOST} as it stands: give it with --var HOST=…
              SD060 16:21 $HOST… is a variable of a task's shell, and here is none; it is sent as it stands: use the variables that applications publish
            a cpu too many
              SD142 15:15 a t asks for 5 cpus and 2048 MB at once, and no agent has both (at most 4 and 16384): no offer ever fits
            attribute
              SD145 15:22 no agent meets the constraint on `dc` of a t, and no offer ever fits
        "#]],
    );
}

#[test]
fn checks_dse() {
    let rows = [
        ("id", task(DSE, "id: 0\ncluster: c")),
        ("no cluster", task(DSE, "node: 0")),
        ("cpus", task(DSE, "node: 0\ncluster: c\ncpus: 1\napi: x")),
        ("seed", task(DSE, "node: 0\ncluster: c\nseed: 'yes'")),
        ("first release", task("dse-mesos-0.1.x", "id: 0\ncpu: some\nseed: maybe")),
        ("port", task(DSE, "node: 0\ncluster: c\ncqlPort: 9042")),
        (
            "second cluster",
            application(
                DSE,
                "tasks:\n  one: {node: 0, cluster: c, cqlPort: 31100}\n  two: {node: 1, cluster: c, cqlPort: 31200}",
            ),
        ),
        (
            "four apart",
            application(
                DSE,
                "tasks:\n  one: {node: 0..1, cluster: c, constraints: hostname=unique}\n  two: {node: '2,3', cluster: c, \
                 constraints: hostname=unique}",
            ),
        ),
        (
            "last only",
            format!(
                "{}{}",
                application(DSE, "tasks:\n  one: {node: 0, cluster: c}\n  two: {node: 1, cluster: c}"),
                application("statsd-mesos-0.1.x", "id: b\nhealthcheck: /\ndependencies: [a]\nenv: {A: '${a.cassandraConnect} ${a.cassandra-1}'}")
                    .replace("name: s\napplications:\n  a:", "  b:")
            ),
        ),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
            id
              SD101 13:7 the task t has no `node`, and its first call fails: give it one
              SD103 14:9 DSE-Mesos has no parameter `id` and ignores it: did you mean `node`?
            no cluster
              SD119 13:7 the task t names no `cluster`, and its first call fails: give it one, such as `default`
            cpus
              SD103 16:9 DSE-Mesos has no parameter `cpus` and ignores it: did you mean `cpu`?
            seed
              SD131 16:15 only `true` counts as true, and `yes` as false: write one of these two
            first release
              SD031 3:3 a has no healthcheck: its API is called as soon as its process exists, before it listens; add `healthcheck: /health`
              SD037 4:11 no released DSE-Mesos offers the API of this type: use dse-mesos-0.2.x
              SD104 12:14 `some` is no number: DSE-Mesos refuses `cpu`, and the run fails
              SD104 13:15 `maybe` is neither true nor false, and the run fails: write one of these
            port
              SD141 16:18 no agent offers the port 9042 that a t asks for: take one that is offered
            second cluster
              SD118 14:43 the cluster c is made by the task one, whose `cqlPort` (31100) counts: set it there
            four apart
              SD144 14:51 a two has 4 instances with those of the tasks before, and its constraints leave room for 3: more agents, or fewer instances
            last only
              SD061 23:15 a overwrites cassandraConnect with each of its 2 tasks: only the last one is in it
        "#]],
    );
}

#[test]
fn checks_zipkin() {
    let with = |more: &str| task(ZIPKIN, more);
    let rows = [
        ("nothing", with("cpu: 1")),
        ("type", with("id: 0\ntype: collectors")),
        ("no query", with("id: 0\ntype: web")),
        ("scheme", with("id: 0\ntype: web\nflags: zipkin.web.query.dest=http://q:1,x=y")),
        ("mysql", with("id: 0\ntype: query\nconfigFile: query-mysql.scala")),
        ("no kafka", with("id: 0\ntype: collector\nenv: A=b,CASSANDRA_CONTACT_POINTS=c")),
        ("two", with("id: 0..1\ntype: collector\nenv: KAFKA_ZOOKEEPER=z:2181,CASSANDRA_CONTACT_POINTS=c")),
        ("comma", with("id: 0\ntype: query\nenv: CASSANDRA_CONTACT_POINTS=a,b,X=c")),
        ("escaped", with("id: 0\ntype: query\nenv: 'CASSANDRA_CONTACT_POINTS=a\\,b,X=c'")),
        ("unique", with("id: 0\ntype: query\nconstraints: hostname=unique")),
        ("admin port", with("id: 0\ntype: web\nport: 31983\nadminPort: 31984")),
        (
            "later task",
            application(
                ZIPKIN,
                "tasks:\n  web: {type: web, id: 0, flags: 'zipkin.web.query.dest=${a.query-0.endpoint}'}\n  query: {type: query, id: 0}",
            ),
        ),
        (
            "other id",
            application(
                ZIPKIN,
                "tasks:\n  query: {type: query, id: 1}\n  web: {type: web, id: 0, flags: 'zipkin.web.query.dest=${a.query-0.endpoint}'}",
            ),
        ),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
            nothing
              SD101 13:7 the task t has no `id`, and its first call fails: give it one
              SD102 13:7 the task t has no `type`, and fails: one of collector, query, web
            type
              SD102 15:15 there is no `collectors` in Zipkin, and its call fails: one of collector, query, web
            no query
              SD132 13:7 without zipkin.web.query.dest in `flags` it looks for the query service on its own host: name it
            scheme
              SD132 16:9 `http://q:1` is to be host:port, without a scheme: searches fail; take the scheme out
            mysql
              nothing
            no kafka
              SD114 16:9 without KAFKA_ZOOKEEPER in `env` the collector listens for Scribe only: name Kafka's ZooKeeper
            two
              SD115 14:13 collectors share one consumer id, and a second one on a Kafka displaces the first: run one only
            comma
              SD110 16:41 `b` has no value in `env`, and no executor can read that: write a comma inside a value as `\,`
            escaped
              nothing
            unique
              SD133 13:7 without CASSANDRA_CONTACT_POINTS in `env` it looks for Cassandra on its own host: name one
              SD106 16:22 Zipkin-Mesos compares the wrong values, so that unique, cluster and groupBy are not enforced: use fixed ports to keep instances apart
            admin port
              SD132 13:7 without zipkin.web.query.dest in `flags` it looks for the query service on its own host: name it
              SD116 17:20 31984 is above 31983 in one offered range, and such an offer is declined for ever: take a lower one, or none
            later task
              SD053 13:61 a publishes query-0.endpoint only later, when its task query has run: it is not there yet
              SD133 14:7 without CASSANDRA_CONTACT_POINTS in `env` it looks for Cassandra on its own host: name one
            other id
              SD133 13:7 without CASSANDRA_CONTACT_POINTS in `env` it looks for Cassandra on its own host: name one
              SD054 14:61 a never publishes query-0.endpoint: did you mean ${a.query-1.endpoint}?
        "#]],
    );
}

/// Exhibitor with so many servers, Kafka, and a collector.
fn tracing(ids: &str, zk: &str, storage: &str, kafka_zookeeper: &str) -> String {
    let rename = |text: String, id: &str| text.replace("name: s\napplications:\n  a:", &format!("  {id}:"));
    let exhibitor = application(
        EXHIBITOR,
        &format!(
            "id: ex\nscheduler: {{api: 'http://$HOST:$PORT0', master: m, storage: 'zk:z:2181/ex'}}\ntasks:\n  t: {{id: {ids}, configtype: zookeeper, zkconfigconnect: 'z:2181'}}"
        ),
    );
    let kafka = application(
        KAFKA,
        &format!(
            "id: kafka\ndependencies: [ex]\nscheduler:\n  api: http://$HOST:$PORT0\n  master: m\n  zk: {zk}\n  storage: {storage}"
        ),
    );
    let zipkin = application(
        ZIPKIN,
        &format!(
            "id: zipkin\ndependencies: [kafka]\ntasks:\n  t: {{type: collector, id: 0, env: 'KAFKA_ZOOKEEPER={kafka_zookeeper},CASSANDRA_CONTACT_POINTS=c'}}"
        ),
    );
    format!(
        "name: s\napplications:\n{}{}{}",
        rename(exhibitor, "ex"),
        rename(kafka, "kafka"),
        rename(zipkin, "zipkin")
    )
}

#[test]
fn checks_what_goes_from_one_to_the_next() {
    let connect = "${ex.zkConnect}";
    let rows = [
        ("one server", tracing("0", connect, "zk:/kafka", connect)),
        ("three servers", tracing("0..2", connect, "zk:/kafka", connect)),
        ("one of three", tracing("0..2", connect, "zk:/kafka", "${ex.exhibitor-2}")),
        ("position", tracing("'70'", connect, "zk:/kafka", "${ex.exhibitor-70}")),
        ("chroot", tracing("0", "${ex.zkConnect}/k", "zk:/kafka", connect)),
        ("same chroot", tracing("0", "${ex.zkConnect}/k", "zk:/kafka", "${ex.zkConnect}/k")),
        ("absolute storage", tracing("0", connect, "zk:z:2181/kafka", connect)),
        ("nested storage", tracing("0", connect, "zk:/a/b", connect)),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
        one server
          nothing
        three servers
          SD110 39:57 ex.zkConnect holds 3 values with commas, and the first comma ends the value in `env`: refer to a single one, or give it with `\,`
        one of three
          nothing
        position
          SD054 39:57 ex never publishes exhibitor-70: did you mean ${ex.exhibitor-0}?
        chroot
          SD123 39:57 the brokers of kafka are registered below `/k` of that ZooKeeper, and not `/`: write ${ex.zkConnect}/k
        same chroot
          nothing
        absolute storage
          SD120 27:16 Kafka-Mesos keeps its state below its --zk (${ex.zkConnect}), and `zk:z:2181/kafka` is no path in it: write zk:/<name>
        nested storage
          SD130 27:16 nobody creates /a, and Kafka-Mesos ends at its first save: take a path of one name
    "#]],
    );
}

#[test]
fn checks_schedulers() {
    let with = |kind: &str, options: &str| {
        application(kind, &format!("scheduler:\n  {}", options.replace('\n', "\n  ")))
    };
    let good = "api: http://$HOST:$PORT0\nmaster: m";
    let rows = [
        ("missing", with(KAFKA, "debug: true")),
        ("unknown", with(ZIPKIN, &format!("{good}\nzk: z:2181\nmasters: m"))),
        ("time", with(KAFKA, &format!("{good}\nzk: z\nframework-timeout: 30min"))),
        ("port", with(DSE, "api: http://$HOST:7000\nmaster: m")),
        (
            "second port",
            application(DSE, "ports: [31000, 31001]\nscheduler: {api: 'http://$HOST:$PORT1', master: m}"),
        ),
        ("fixed port", application(DSE, "ports: [31999]\nscheduler: {api: 'http://$HOST:31999', master: m}")),
        ("storage", with(DSE, &format!("{good}\nstorage: zk:/dse"))),
        ("slashes", with(DSE, &format!("{good}\nstorage: zk://h:2181/dse"))),
        ("other storage", with(ZIPKIN, &format!("{good}\nstorage: s3:x"))),
        ("file", with(ZIPKIN, &format!("{good}\nstorage: file:x.json"))),
        (
            "artifacts",
            application(
                EXHIBITOR,
                "artifact_urls: ['http://h/exhibitor.jar', 'http://h/zookeeper.tgz?x=/jdk']",
            ),
        ),
        (
            "dse script is no archive",
            application(DSE, "artifact_urls: ['dse-mesos-0.2.jar', 'dse-mesos.tar.gz']"),
        ),
        (
            "zookeepers",
            application(
                EXHIBITOR,
                "scheduler: {api: 'http://$HOST:$PORT0', master: m, storage: 'zk:a:2181/x'}\ntasks:\n  t:\n    id: 0\n    \
                 configtype: zookeeper\n    zkconfigconnect: b:2181",
            ),
        ),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
            missing
              SD124 11:5 Kafka-Mesos ends at once without --api: add `api` to `scheduler`
              SD124 11:5 Kafka-Mesos ends at once without --master: add `master` to `scheduler`
              SD124 11:5 Kafka-Mesos ends at once without --zk: add `zk` to `scheduler`
            unknown
              SD125 14:7 Zipkin-Mesos knows no option --zk and ends at once: take it out
              SD125 15:7 Zipkin-Mesos knows no option --masters and ends at once: did you mean `master`?
            time
              SD100 15:26 `30min` is no time to Kafka-Mesos, which ends at once: write 30m, 1h or 30d
            port
              SD126 12:12 the scheduler listens on 7000, and calls go to the port that Marathon chooses: write http://$HOST:$PORT0
            second port
              SD126 12:22 the scheduler listens on $PORT1, and calls go to $PORT0: write http://$HOST:$PORT0
            fixed port
              nothing
            storage
              SD120 14:16 DSE-Mesos takes zk:<host:port>[,…]/<path>, not `zk:/dse`, and ends at once
            slashes
              SD120 14:16 DSE-Mesos takes zk:<host:port>[,…]/<path>, not `zk://h:2181/dse`, and ends at once
            other storage
              SD120 14:16 Zipkin-Mesos takes no storage `s3:x` and ends at once: file:<path> or zk:…
            file
              nothing
            artifacts
              SD127 11:5 Exhibitor-Mesos ends at once without a file mesos-exhibitor.*\.jar beside it: add it to `artifact_urls`
              SD127 11:5 Exhibitor-Mesos ends at once without a file jdk.* beside it: add it to `artifact_urls`
            dse script is no archive
              SD127 11:5 DSE-Mesos ends at once without a file apache-cassandra.*gz or dse.*gz beside it: add it to `artifact_urls`
            zookeepers
              SD122 16:26 Exhibitor keeps its settings in b:2181, and its scheduler in a:2181: both belong into the cluster's own ZooKeeper
        "#]],
    );
    let one = |id: &str| {
        application(
            ZIPKIN,
            &format!(
                "id: {id}\nscheduler: {{api: 'http://$HOST:$PORT0', master: m, storage: 'zk:h:2181/x'}}"
            ),
        )
    };
    let two = format!("{}{}", one("a"), one("b").replace("name: s\napplications:\n  a:", "  b:"));
    check_one(
        &two,
        &options(""),
        &expect![[r#"
        found
          SD121 20:65 a keeps its state in h:2181/x, too, and they overwrite each other: take another path
    "#]],
    );
}
