//! Small stacks and what is found in them: the file, applications, dependencies, variables, layers, placement.

use expect_test::expect;

use super::lint;
use super::test_texts::{application, check, check_one, found, options, with_layer};

fn plain(more: &str) -> String {
    application("custom", more)
}

/// Two applications, `a` and `b`, of a type that publishes variables.
fn pair(first: &str, second: &str) -> String {
    let b = application("statsd-mesos-0.1.x", &format!("healthcheck: /\nid: b\n{second}"));
    let b = b.replace("name: s\napplications:\n  a:", "  b-key:");
    format!("{}{b}", application("statsd-mesos-0.1.x", &format!("healthcheck: /\n{first}")))
}

#[test]
fn reads_the_file() {
    let rows = [
        ("typing", plain("cpu: lots")),
        ("no yaml", "name: [".into()),
        ("flow url", plain("artifact_urls: [http://x/a]")),
        ("empty application", "name: s\napplications:\n  a:\n".into()),
        ("empty task", application("kafka-mesos-0.9.x", "tasks:\n  t: 5")),
        ("unknown keys", plain("cpus: 2\nvolumes: x\nlaunchCommand: y\ndocker:\n  image: i\n  net: host")),
        ("misplaced", "name: s\nkafka: {}\napplications: {}\n".into()),
        ("twice", plain("user: x\nuser: y")),
        ("no name", "applications:\n  a: {type: t, id: a, cpu: 1, mem: 1, launch_command: x}\n".into()),
        ("nothing", String::new()),
        (
            "merged tasks",
            application(
                "statsd-mesos-0.1.x",
                "healthcheck: /\nenv: &e\n  a: yes\ntasks:\n  t:\n    <<: *e\n    b: c",
            ),
        ),
        ("documents", format!("# one\n---\n{}---\nname: t\n", plain(""))),
        ("one document", format!("%YAML 1.1\n---\n{}...\n", plain(""))),
        ("good", plain("")),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
            typing
              SD001 8:10 yaml: unmarshal errors: line 8: cannot unmarshal !!str `lots` into float64
            no yaml
              SD001 1:7 yaml: line 1: unclosed bracket '['
            flow url
              SD002 9:25 yaml: line 9: found unexpected ':': put the text with the colon into quotes, or the list on lines of its own
            empty application
              SD003 3:4 yaml: unmarshal errors: line 3: an application without any key
            empty task
              SD003 13:10 yaml: unmarshal errors: line 13: task `t` is not a map of parameters
            unknown keys
              SD004 9:5 an application has no key `cpus`, and it is ignored: did you mean `cpu`?
              SD004 10:5 an application has no key `volumes`, and it is ignored: take it out, or into the block where it belongs
              SD004 11:5 an application has no key `launchCommand`, and it is ignored: did you mean `launch_command`?
              SD004 14:7 `docker` has no key `net`, and it is ignored: take it out, or into the block where it belongs
            misplaced
              SD004 2:1 a stack has no key `kafka`, and it is ignored: take it out, or into the block where it belongs
              SD007 3:15 there are no applications: the run waits for ever; add some under `applications`
            twice
              SD005 10:5 key `user` stands here again (first at 9:5): the last one counts; take one out
            no name
              SD006 1:1 the stack has no name: production mode refuses it (`Key may not be empty`); give it a `name`
            nothing
              SD006 1:1 the stack has no name: production mode refuses it (`Key may not be empty`); give it a `name`
              SD007 1:1 there are no applications: the run waits for ever; add some under `applications`
            merged tasks
              SD009 11:7 what is merged (`<<`) inside `tasks` is ignored; write it out
            documents
              SD008 11:1 what stands below is a document of its own, and only the first one is read: split the file
            one document
              nothing
            good
              nothing
        "#]],
    );
}

#[test]
fn checks_applications_as_the_original_and_marathon() {
    let rows = [
        ("no type", plain("type: ''")),
        ("no runner", plain("type: kafka-mesos-0.9\ntasks:\n  t:\n    id: 0")),
        ("nearly a type", plain("type: zipkin-mesos-0.1")),
        ("no id", plain("id: ''")),
        ("ids for Marathon", plain("id: Kafka_Mesos")),
        ("no resources", plain("cpu: 0\nmem: -1")),
        ("instances", plain("instances: 0")),
        ("constraints", plain("constraints:\n  - []\n  - [hostname, UNIQ]\n  - [rack, LIKE, '(']")),
        ("command and args", plain("args: [x]")),
        ("neither", plain("launch_command: ''")),
        ("docker alone", plain("launch_command: ''\ndocker: {image: i}")),
        ("ports", plain("ports: [31000, 31001, 31000]")),
        (
            "schedulers",
            application("kafka-mesos-0.9.x", "instances: 2\nhealthcheck: ''\ntasks:\n  t:\n    id: 0"),
        ),
        ("elasticsearch", application("elasticsearch", "healthcheck: /\ntasks:\n  t: {a: b}")),
        ("old dse", application("dse-mesos-0.1.x", "")),
        (
            "run-once",
            application("run-once", "scheduler: {a: b}\nargs: [x]\nenv: {A: b}\nuser: u\ndocker: {image: i}"),
        ),
        ("times", plain("start_time: '@hourly'")),
        ("hooks", plain("before_scheduler: [make, make install]\nafter_tasks: [set -e; a, b]")),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
            no type
              SD020 3:3 a has no type: the run is refused; give it a `type`
            no runner
              SD021 8:11 there is no task runner for the type kafka-mesos-0.9: did you mean `kafka-mesos-0.9.x`?
            nearly a type
              SD027 8:11 `zipkin-mesos-0.1` is no known type and becomes a plain Marathon app: did you mean `zipkin-mesos-0.1.x`?
            no id
              SD022 3:3 a has no id: the run is refused; give it an `id`
            ids for Marathon
              SD028 8:9 Marathon refuses the id `Kafka_Mesos`: lower case letters, digits, dots and dashes between them only
            no resources
              SD023 7:10 `cpu` must be above 0, and the run is refused: say how much a needs
              SD023 8:10 `mem` must be above 0, and the run is refused: say how much a needs
            instances
              SD024 9:16 `0` instances: only numbers from 1 and `all` are taken
            constraints
              SD025 10:9 Invalid constraint: a constraint is [attribute, OPERATOR, value], with one of LIKE <regex>, UNLIKE <regex>, UNIQUE, CLUSTER [value], GROUP_BY [n]
              SD025 11:9 Unsupported constraint: [UNIQ]: a constraint is [attribute, OPERATOR, value], with one of LIKE <regex>, UNLIKE <regex>, UNIQUE, CLUSTER [value], GROUP_BY [n]
              SD025 12:9 Invalid like: error parsing regexp: missing closing ): `(`: a constraint is [attribute, OPERATOR, value], with one of LIKE <regex>, UNLIKE <regex>, UNIQUE, CLUSTER [value], GROUP_BY [n]
            command and args
              SD029 9:5 Marathon takes either a command line or args, and `scheduler` is part of the command line: put args into launch_command
            neither
              SD029 3:3 a has neither launch_command, args nor docker, and Marathon refuses it
            docker alone
              nothing
            ports
              SD038 9:27 port 31000 stands twice, and Marathon refuses the app: take one out
            schedulers
              SD031 3:3 a has no healthcheck: its API is called as soon as its process exists, before it listens; add `healthcheck: /health`
              SD030 11:16 2 schedulers with one configuration displace each other, and only the first is called: 1 is enough
            elasticsearch
              SD036 10:5 the task runner of elasticsearch runs no tasks, and the first one fails: take `tasks` out
            old dse
              SD037 4:11 no released DSE-Mesos offers the API of this type: use dse-mesos-0.2.x
            run-once
              SD032 9:5 a run-once task is given its launch_command and artifacts only, no `scheduler`
              SD032 10:5 a run-once task is given its launch_command and artifacts only, no `args`
              SD032 11:5 a run-once task is given its launch_command and artifacts only, no `env`
              SD032 12:5 a run-once task is given its launch_command and artifacts only, no `user`
              SD032 13:5 a run-once task is given its launch_command and artifacts only, no `docker`
            times
              SD033 9:5 `start_time` counts for run-once applications only: a starts at once
            hooks
              SD034 9:5 `before_scheduler` runs on the server's machine, and only if the server was started with --allow-hooks
              SD035 9:5 only the last of the 2 commands decides whether `before_scheduler` failed: begin with `set -e`
              SD034 10:5 `after_tasks` runs on the server's machine, and only if the server was started with --allow-hooks
        "#]],
    );
}

#[test]
fn checks_times_of_jobs() {
    let once = |more: &str| application("run-once", more);
    let rows = [
        ("bad", once("time_schedule: '@every 17'")),
        ("minutes first", once("time_schedule: '*/5 * * * *'")),
        ("six fields", once("time_schedule: '0 */5 * * * *'")),
        ("multiplies", once("start_time: '0 0 12 * * *'\ntime_schedule: '@every 17s'")),
        ("once a year", once("start_time: '0 0 12 24 12 *'\ntime_schedule: '@every 17s'")),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
        bad
          SD040 9:20 `17` is no duration such as 17s or 1h30m: it never fires, and nothing says so; fields are seconds, minutes, hours, day, month and weekday
        minutes first
          SD041 9:20 five fields begin with seconds, not with minutes as elsewhere: put a `0` in front if minutes are meant
        six fields
          nothing
        multiplies
          SD042 9:17 each time start_time fires it adds one more job of time_schedule, and these can be neither listed nor removed: name day and month in start_time
        once a year
          nothing
    "#]],
    );
}

#[test]
fn checks_dependencies() {
    let rows = [
        ("by key", pair("dependencies: [b-key]", "")),
        ("unknown", pair("dependencies:\n  - statsd-kafka", "")),
        ("nearly", pair("id: exhibitor", "dependencies: [exhibitors]")),
        ("cycle", pair("dependencies: [b]", "dependencies: [a]")),
        ("itself", pair("dependencies: [a]", "")),
        ("twice", pair("id: b", "")),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
        by key
          SD045 10:20 b-key is the key of an application, and dependencies are ids: the run hangs; write b
        unknown
          SD046 11:9 no application has the id statsd-kafka, and the run hangs: there are a, b
        nearly
          SD046 17:20 no application has the id exhibitors, and the run hangs: did you mean exhibitor?
        cycle
          SD047 10:20 a -> b -> a wait for each other, and the run hangs: cut the circle
        itself
          SD047 10:20 a -> a wait for each other, and the run hangs: cut the circle
        twice
          SD026 16:9 a has the id b, too, and only one of them is started: change one
    "#]],
    );
    let skipped = found(&pair("dependencies: [b]", "dependencies: [nowhere]"), &options("skip:^b$"));
    assert_eq!(skipped, "  nothing\n");
    check_one(
        &plain(""),
        &options("skip:a skip:^a"),
        &expect![[r#"
        found
          SD048 2:1 the expressions to skip match 2 times, and there are 1 applications: the run hangs; make them one
    "#]],
    );
}

#[test]
fn checks_variables() {
    let rows = [
        ("missing", plain("launch_command: run ${zk_url} ${nope} ${mesos.mastr}")),
        ("in hooks", plain("after_scheduler:\n  - 'echo ${nope} ${nope}'")),
        ("of the run", plain("args: []\nenv: {A: '${mesos.master} ${zone} ${stack}'}")),
        ("braces", plain("launch_command: run ${HOST}:${PORT0} $HOST")),
        ("shell", plain("launch_command: run ${HOME} ${OPTS:-x} ${JAVA_HOME}")),
        ("nested", plain("launch_command: run ${a${zone}} x")),
        ("not closed", plain("env:\n  A: x ${zk_url")),
        (
            "nowhere resolved",
            plain(
                "artifact_urls:\n  - 'http://${zk_url}/a'\nuser: '${zk_url}'\ndocker: {image: 'i:${zk_url}'}",
            ),
        ),
        ("no shell", plain("env: {A: $HOST}\nbefore_scheduler: [echo $PORT0]")),
        ("no dependency", pair("env: {A: '${b.api}'}", "")),
        ("dependency", pair("env: {A: '${b.api} ${b.port0}'}\ndependencies: [b]", "")),
        ("never published", pair("env: {A: '${b.port} ${b.port1} ${b.zkConnect}'}\ndependencies: [b]", "")),
        ("by key", pair("env: {A: '${b-key.api}'}\ndependencies: [b]", "")),
        ("its own", pair("env: {A: '${a.api}'}\nafter_scheduler: ['curl ${a.api}']", "")),
        ("plain apps publish nothing", plain("after_scheduler: ['curl ${a.api}']")),
    ];
    check(
        &rows,
        "",
        &expect![[r#"
            missing
              SD050 8:25 nobody gives the variable zk_url, and the run fails here: give it with --var zk_url=…
              SD050 8:35 nobody gives the variable nope, and the run fails here: give it with --var nope=…
              SD050 8:43 nobody gives the variable mesos.mastr, and the run fails here: did you mean ${mesos.master}?
            in hooks
              SD034 9:5 `after_scheduler` runs on the server's machine, and only if the server was started with --allow-hooks
              SD050 10:15 nobody gives the variable nope, and the run fails here: give it with --var nope=…
              SD050 10:23 nobody gives the variable nope, and the run fails here: give it with --var nope=…
            of the run
              nothing
            braces
              SD055 8:25 ${HOST} is taken for a variable of Stack Deploy, and the shell never sees it: write $HOST
              SD055 8:33 ${PORT0} is taken for a variable of Stack Deploy, and the shell never sees it: write $PORT0
            shell
              SD055 8:25 ${HOME} is taken for a variable of Stack Deploy, not for the shell's, and the run fails here: write it without braces, or give it with --var
              SD055 8:33 ${OPTS:-x} is taken for a variable of Stack Deploy, not for the shell's, and the run fails here: write it without braces, or give it with --var
              SD055 8:44 ${JAVA_HOME} is taken for a variable of Stack Deploy, not for the shell's, and the run fails here: write it without braces, or give it with --var
            nested
              SD050 8:25 variables do not nest: `${a${zone}…` is never resolved as a whole; write the name in full
            not closed
              SD058 10:12 `${zk_url` has no closing brace and stays as it is: close it
            nowhere resolved
              SD056 10:17 no variable is resolved in `artifact_urls`, and ${zk_url} stays as it is: write the value
              SD056 11:12 no variable is resolved in `user`, and ${zk_url} stays as it is: write the value
              SD056 12:24 no variable is resolved in `docker`, and ${zk_url} stays as it is: write the value
            no shell
              SD060 9:14 $HOST… is a variable of a task's shell, and here is none; it is handed over as it stands: put it into the command line
              SD034 10:5 `before_scheduler` runs on the server's machine, and only if the server was started with --allow-hooks
              SD060 10:29 $PORT… is a variable of a task's shell, and here is none; a hook runs on the server's machine, which does not know it
            no dependency
              SD052 10:15 a does not depend on b, which publishes it: unless b happens to be complete before, the run fails; add b to its dependencies
            dependency
              nothing
            never published
              SD054 10:15 b never publishes port: did you mean ${b.port0}?
              SD054 10:25 b never publishes port1: did you mean ${b.port0}?
              SD054 10:36 b never publishes zkConnect: there are api, host, port0
            by key
              SD062 10:15 b-key is the key of an application, and variables begin with its id: ${b.api}
            its own
              SD053 10:15 a publishes api only later, when its scheduler runs: it is not there yet
              SD034 11:5 `after_scheduler` runs on the server's machine, and only if the server was started with --allow-hooks
            plain apps publish nothing
              SD034 9:5 `after_scheduler` runs on the server's machine, and only if the server was started with --allow-hooks
              SD054 9:29 a never publishes api: the type custom publishes no variables at all
        "#]],
    );
}

/// A file with one fault many times is checked at once, and said so a thousand times at most.
#[test]
fn ends_early_with_many_faults() {
    let report = lint(&plain(&format!("launch_command: '{}'", "${x} é ".repeat(20_000))), &options(""));
    assert_eq!((report.findings.len(), report.errors()), (1000, 1000));
    let last = &report.findings[999];
    assert_eq!((last.at.line, last.at.column), (8, 22 + 999 * 7));
    let longest = report.to_text().lines().map(|line| line.chars().count()).max();
    assert!(longest.is_some_and(|longest| longest < 300), "{longest:?}");
}

#[test]
fn checks_given_variables() {
    let text = plain("env: {A: '${zk_url}', B: '${y}', C: '${kafka_url}'}");
    let rows = [("given", text)];
    check(
        &rows,
        "zk_url=1 y=${x} x=1 zone=z kafka_ulr=2 more=3",
        &expect![[r#"
            given
              SD059 1:7 nothing refers to the variable kafka_ulr that is given: did you mean kafka_url?
              SD059 1:7 nothing refers to the variable more that is given: leave it out
              SD063 1:7 the run sets zone itself, and the value given for it does not count
              SD057 9:31 the value of y holds a variable itself (${x}), which may stay as it is
              SD050 9:42 nobody gives the variable kafka_url, and the run fails here: did you mean ${kafka_ulr}?
        "#]],
    );
}

#[test]
fn checks_options_as_a_shell_reads_them() {
    let rows = [("options", plain("scheduler: {a: 1 2, b: '', c: '\"1 2\"', d: a;b, e: $HOST}"))];
    check(
        &rows,
        "",
        &expect![[r#"
        options
          SD128 9:20 --a is put on the command line without quotes, and the shell takes `1 2` apart: quote it
          SD129 9:25 --b is put on the command line without a value, and takes the next word for it
          SD128 9:47 --d is put on the command line without quotes, and the shell takes `a;b` apart: quote it
    "#]],
    );
}

#[test]
fn checks_layers() {
    let stack = plain("type: custom\ninstances: 2\nenv: {A: b}");
    let zone = "name: z\nfrom: c\napplications:\n  a: {type: custom, env: {A: c}, mem: 99999}\n";
    let cluster = "name: c\napplications:\n  a: {type: other}\n  b: {id: b}\n";
    let with_zone = with_layer(options("zone:z"), "zone.stack", zone);
    check_one(
        &stack,
        &with_zone,
        &expect![[r#"
        found
          SD013 9:5 `instances` is never taken from a child: that of z (zone.stack) counts; change it there
          SD013 10:5 `env` is never taken from a child: that of z (zone.stack) counts; change it there
          SD010 zone.stack:2:7 the parent c is in none of the given files, and the check goes on without it: add its file with --layer
    "#]],
    );
    check_one(
        &stack,
        &with_layer(with_zone, "cluster.stack", cluster),
        &expect![[r#"
        found
          SD013 8:5 `type` is never taken from a child: that of c (cluster.stack) counts; change it there
          SD013 9:5 `instances` is never taken from a child: that of c (cluster.stack) counts; change it there
          SD013 10:5 `env` is never taken from a child: that of c (cluster.stack) counts; change it there
          SD015 zone.stack:2:7 a server in developer mode drops the zone z and takes its parent only, since that has no parent itself
          SD013 zone.stack:4:7 `type` is never taken from a child: that of c (cluster.stack) counts; change it there
          SD013 zone.stack:4:21 `env` is never taken from a child: that of c (cluster.stack) counts; change it there
          SD020 cluster.stack:4:3 b has no type: the run is refused; give it a `type`
          SD023 cluster.stack:4:3 `cpu` must be above 0, and the run is refused: say how much b needs
          SD023 cluster.stack:4:3 `mem` must be above 0, and the run is refused: say how much b needs
          SD029 cluster.stack:4:3 b has neither launch_command, args nor docker, and Marathon refuses it
    "#]],
    );
    let untyped = with_layer(options("zone:z"), "zone.stack", "name: z\napplications:\n  a: {mem: 99999}\n");
    check_one(
        &stack,
        &untyped,
        &expect![[r#"
        found
          SD013 8:5 `type` is never taken from a child: that of z (zone.stack) counts; change it there
          SD013 9:5 `instances` is never taken from a child: that of z (zone.stack) counts; change it there
          SD013 10:5 `env` is never taken from a child: that of z (zone.stack) counts; change it there
          SD014 zone.stack:3:3 z names the application a without its type, and no file above it can add one: write `type` here
    "#]],
    );
    let taken = with_layer(
        options("zone:z"),
        "zone.stack",
        "name: z\napplications:\n  a: {type: custom, user: u, ports: [1]}\n",
    );
    check_one(
        &plain("user: ''\nports: []\nhealthcheck: ''\nscheduler: {a: ''}"),
        &taken,
        &expect![[r#"
        found
          SD016 9:5 an empty `user` takes nothing away: that of z (zone.stack) counts; change it there
          SD016 10:5 an empty `ports` takes nothing away: that of z (zone.stack) counts; change it there
          SD141 zone.stack:3:38 no agent offers the port 1 that a asks for: take one that is offered
    "#]],
    );
    let empty = with_layer(options("zone:z"), "zone.stack", "name: z\n");
    check_one(
        &stack,
        &empty,
        &expect![[r#"
        found
          SD012 zone.stack:1:1 stack s cannot be merged onto z, which has no applications: the request dies with EOF; give it one, or leave it out
    "#]],
    );
    check_one(
        &stack,
        &options("zone:z"),
        &expect![[r#"
        found
          SD011 1:1 the zone z is in none of the given files: add its file with --layer
    "#]],
    );
    let child = format!("from: base\n{stack}");
    check_one(
        &child,
        &options(""),
        &expect![[r#"
        found
          SD010 1:7 the parent base is in none of the given files, and the check goes on without it: add its file with --layer
    "#]],
    );
    let own = with_layer(
        options(""),
        "base.stack",
        &format!("from: s\n{}", stack.replace("name: s", "name: base")),
    );
    check_one(
        &child,
        &own,
        &expect![[r#"
        found
          SD015 1:7 a server in developer mode ignores `from`: it runs this file as it is written
          SD011 base.stack:1:7 s is above itself: the run never begins; cut the loop
    "#]],
    );
    let broken = with_layer(options(""), "base.stack", "name: [");
    check_one(
        &child,
        &broken,
        &expect![[r#"
        found
          SD010 1:7 the parent base is in none of the given files, and the check goes on without it: add its file with --layer
          SD001 base.stack:1:7 yaml: line 1: unclosed bracket '['
    "#]],
    );
}

#[test]
fn checks_placement() {
    let rows = [
        ("fits", plain("instances: 2")),
        ("large", plain("mem: 5000")),
        ("too much", plain("instances: 5\nmem: 3000")),
        ("tight", plain("instances: 3\nmem: 2600")),
        ("fixed port", plain("instances: 3\nports: [31000]")),
        ("not offered", plain("ports:\n  - 31000\n  - 9092")),
        ("any port", plain("ports: [0, 0]\ninstances: 3")),
        ("unique", plain("instances: 3\nconstraints:\n  - [hostname, UNIQUE]")),
        ("unique rack", plain("instances: 2\nconstraints: [[rack, UNIQUE]]")),
        ("whole values", plain("constraints: [[rack, LIKE, r]]")),
        ("parts for run-once", application("run-once", "constraints: [[rack, LIKE, r]]")),
        ("no such rack", plain("constraints: [[rack, LIKE, r9]]")),
        ("no such attribute", plain("constraints: [[dc, UNIQUE]]")),
        ("all", plain("instances: all")),
        ("all of none", plain("instances: all\nconstraints: [[rack, LIKE, r9]]")),
        ("once of none", application("run-once", "instances: all\nconstraints: [[rack, LIKE, r9]]")),
        ("once apart", application("run-once", "instances: 3\nconstraints: [[hostname, UNIQUE]]")),
    ];
    check(
        &rows,
        "agents:2,cpus=4,mem=4000,ports=31000-31100,attr=rack:r1",
        &expect![[r#"
            fits
              nothing
            large
              SD142 8:10 a asks for 1 cpus and 5000 MB at once, and no agent has both (at most 4 and 4000): no offer ever fits
            too much
              SD143 2:1 all together ask for 5 cpus and 15000 MB, and the agents have 8 and 8000: run on a larger cluster, or ask for less
            tight
              SD147 2:1 all together are less than the agents have, but the largest first leave no agent with room for the rest: whether it fits depends on the order of offers
            fixed port
              SD140 10:13 3 instances ask for port 31000 (a), and 2 agents offer it, once each: give them other ports
            not offered
              SD141 11:9 no agent offers the port 9092 that a asks for: take one that is offered
            any port
              nothing
            unique
              SD144 10:5 a has 3 instances, and its constraints leave room for 2: more agents, or fewer instances
            unique rack
              SD144 10:18 a has 2 instances, and its constraints leave room for 1: more agents, or fewer instances
            whole values
              SD145 9:18 no agent meets the constraint on `rack LIKE r` of a, and no offer ever fits
            parts for run-once
              nothing
            no such rack
              SD145 9:18 no agent meets the constraint on `rack LIKE r9` of a, and no offer ever fits
            no such attribute
              SD145 9:18 no agent meets the constraint on `dc UNIQUE` of a, and no offer ever fits
            all
              nothing
            all of none
              SD145 9:16 `all` are none here, since no agent meets the constraints: Marathon starts none, and the wait for it fails
            once of none
              SD146 9:16 `all` are none here, since no agent meets the constraints: nothing runs, and the run succeeds
            once apart
              SD144 10:18 a has 3 instances, and its constraints leave room for 2: more agents, or fewer instances
        "#]],
    );
}
