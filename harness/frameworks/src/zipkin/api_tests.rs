//! The scheduler as a whole, and its executor: what goes in, what comes out, in order.

use std::sync::Arc;

use expect_test::expect;
use stacklab_machine::process::Input;
use stacklab_machine::service::ServiceEvent;
use stacklab_mesos::{ExecutorEvent, SchedulerEvent, TaskState};

use super::{ZipkinExecutor, ZipkinScheduler};
use crate::base::{Executor, Scheduler};
use crate::kafka::rig::Rig;

type Zipkin = Rig<Scheduler<ZipkinScheduler>>;

const LINE: &str = "--api http://master:31500 --master m:5050 --debug true";
const FILES: [&str; 9] = [
    "zipkin-mesos-0.1.jar",
    "zipkin-collector-service-1.14.1-all.jar",
    "zipkin-query-service-1.14.1-all.jar",
    "zipkin-web-1.14.1-all.jar",
    "zipkin-deps.tar.gz",
    "zipkin-deps/",
    "zipkin-deps/collector-cassandra.scala",
    "zipkin-deps/query-cassandra.scala",
    "zipkin-deps/zipkin-web-resources-1.14.1.tar.gz",
];
const BIG: &str = "O1 slave0 cpus:4;mem:8192;ports:[31000-32000]";
const SMALL: &str = "O9 slave1 cpus:0.1;mem:1;ports:[31000-32000]";

fn rig() -> Zipkin {
    let mut rig = Rig::scheduler(LINE, &FILES);
    rig.begin();
    rig
}

fn task(rig: &Zipkin) -> String {
    rig.task.as_ref().expect("a launch").task_id.to_string()
}

/// A rig with one instance running.
fn running(kind: &str, parameters: &str) -> (Zipkin, String) {
    let mut rig = rig();
    rig.get(&format!("/api/{kind}/add?id=0{parameters}"));
    rig.get(&format!("/api/{kind}/start?id=0"));
    rig.offers(BIG);
    let task = task(&rig);
    rig.status(&task, TaskState::Running, "");
    (rig, task)
}

fn reply(told: &str) -> &str {
    let line = told.lines().find(|line| line.starts_with("reply")).unwrap_or_default();
    line.split_once(": ").map_or("", |(_, text)| text)
}

#[test]
fn starts_the_three_for_the_deploy_tool() {
    let mut rig = Zipkin::scheduler(LINE, &FILES);
    let mut told = rig.begin();
    for (kind, parameters) in [
        ("collector", "cpu=0.5&env=KAFKA_ZOOKEEPER%3Dslave0:2181,KAFKA_TOPIC%3Dzipkin&id=0&mem=1536"),
        ("query", "cpu=0.5&env=CASSANDRA_CONTACT_POINTS%3Dslave0:31100&id=0&mem=1536"),
        ("web", "cpu=0.2&flags=zipkin.web.query.dest%3Dslave0:31001&id=0&mem=512&port=31983"),
    ] {
        told += &rig.get(&format!("/api/{kind}/add?{parameters}"));
        told += &rig.get(&format!("/api/{kind}/start?id=0&timeout=60s"));
        told += &rig.offers(BIG);
        let task = task(&rig);
        told += &rig.status(&task, TaskState::Running, "");
    }
    told += &rig.offers(SMALL);
    expect![[r#"
        listen 31500
        log started on http://master:31500
        attach m:5050
        SUBSCRIBE zipkin as None
        log [registered] framework:F1
        RECONCILE []
        event collector instance 0  -> Added
        reply 1: 200 {"success":true,"message":"Added servers 0","value":[{"id":"0","state":"Added","constraints":"","task":null,"stickiness":null,"config":{"cpu":0.5,"mem":1536.0,"ports":"","adminPorts":"","env":{"KAFKA_ZOOKEEPER":"slave0:2181","KAFKA_TOPIC":"zipkin"},"flags":{},"configFile":"collector-cassandra.scala","hostname":""}}]}
        event collector instance 0 Added -> Stopped
        event collector instance 0 Stopped -> Staging
        ACCEPT O1 for cpus:0.5; mem:1536; ports:[31000-31001] for 1 s
        log [statusUpdate] zipkin-collector-0-b3f2af6d-0fc7-40c5-853b-559647364cea TASK_RUNNING slave:S-slave0
        event collector instance 0 Staging -> Running
        reply 2: 200 {"success":true,"message":"Started collector instance(s) 0","value":[{"id":"0","state":"Running","constraints":"","task":{"id":"zipkin-collector-0-b3f2af6d-0fc7-40c5-853b-559647364cea","slaveId":"S-slave0","executorId":"collector-0","attributes":{}},"stickiness":null,"config":{"cpu":0.5,"mem":1536.0,"ports":"","adminPorts":"","env":{"KAFKA_ZOOKEEPER":"slave0:2181","KAFKA_TOPIC":"zipkin","COLLECTOR_PORT":"31000","COLLECTOR_ADMIN_PORT":"31001"},"flags":{},"configFile":"collector-cassandra.scala","hostname":"slave0"}}]}
        event query instance 0  -> Added
        reply 3: 200 {"success":true,"message":"Added servers 0","value":[{"id":"0","state":"Added","constraints":"","task":null,"stickiness":{"period":"10m","hostname":null,"port":null,"stopTime":null},"config":{"cpu":0.5,"mem":1536.0,"ports":"","adminPorts":"","env":{"CASSANDRA_CONTACT_POINTS":"slave0:31100"},"flags":{},"configFile":"query-cassandra.scala","hostname":""}}]}
        event query instance 0 Added -> Stopped
        event query instance 0 Stopped -> Staging
        ACCEPT O1 for cpus:0.5; mem:1536; ports:[31000-31001] for 1 s
        log [statusUpdate] zipkin-query-0-92f89756-082a-4514-a42e-1c7bc266a3a7 TASK_RUNNING slave:S-slave0
        event query instance 0 Staging -> Running
        reply 4: 200 {"success":true,"message":"Started query instance(s) 0","value":[{"id":"0","state":"Running","constraints":"","task":{"id":"zipkin-query-0-92f89756-082a-4514-a42e-1c7bc266a3a7","slaveId":"S-slave0","executorId":"query-0","attributes":{}},"stickiness":{"period":"10m","hostname":"slave0","port":31000,"stopTime":null},"config":{"cpu":0.5,"mem":1536.0,"ports":"","adminPorts":"","env":{"CASSANDRA_CONTACT_POINTS":"slave0:31100","QUERY_PORT":"31000","QUERY_ADMIN_PORT":"31001"},"flags":{},"configFile":"query-cassandra.scala","hostname":"slave0"}}]}
        event web instance 0  -> Added
        reply 5: 200 {"success":true,"message":"Added servers 0","value":[{"id":"0","state":"Added","constraints":"","task":null,"stickiness":null,"config":{"cpu":0.2,"mem":512.0,"ports":"31983","adminPorts":"","env":{},"flags":{"zipkin.web.query.dest":"slave0:31001"},"configFile":null,"hostname":""}}]}
        event web instance 0 Added -> Stopped
        event web instance 0 Stopped -> Staging
        ACCEPT O1 for cpus:0.2; mem:512; ports:[31000-31000, 31983-31983] for 1 s
        log [statusUpdate] zipkin-web-0-b27a48e2-9a23-4673-a4c1-23126ffda722 TASK_RUNNING slave:S-slave0
        event web instance 0 Staging -> Running
        reply 6: 200 {"success":true,"message":"Started web instance(s) 0","value":[{"id":"0","state":"Running","constraints":"","task":{"id":"zipkin-web-0-b27a48e2-9a23-4673-a4c1-23126ffda722","slaveId":"S-slave0","executorId":"web-0","attributes":{}},"stickiness":null,"config":{"cpu":0.2,"mem":512.0,"ports":"31983","adminPorts":"","env":{},"flags":{"zipkin.web.query.dest":"slave0:31001","zipkin.web.port":":31983","admin.port":":31000","zipkin.web.resourcesRoot":"resources"},"configFile":null,"hostname":"slave0"}}]}
        log Declined offer: all collector instances are running; all query instances are running; all web instances are running
        event declined O9: [] all collector instances are running, [] all query instances are running, [] all web instances are running
        DECLINE O9
    "#]].assert_eq(&told);
    expect![[r#"{"frameworkId":"F1","collectors":[{"id":"0","state":"Running","constraints":"","task":{"id":"zipkin-collector-0-b3f2af6d-0fc7-40c5-853b-559647364cea","slaveId":"S-slave0","executorId":"collector-0","attributes":{}},"stickiness":null,"config":{"cpu":0.5,"mem":1536.0,"ports":"","adminPorts":"","env":{"KAFKA_ZOOKEEPER":"slave0:2181","KAFKA_TOPIC":"zipkin","COLLECTOR_PORT":"31000","COLLECTOR_ADMIN_PORT":"31001"},"flags":{},"configFile":"collector-cassandra.scala","hostname":"slave0"}}],"webServices":[{"id":"0","state":"Running","constraints":"","task":{"id":"zipkin-web-0-b27a48e2-9a23-4673-a4c1-23126ffda722","slaveId":"S-slave0","executorId":"web-0","attributes":{}},"stickiness":null,"config":{"cpu":0.2,"mem":512.0,"ports":"31983","adminPorts":"","env":{},"flags":{"zipkin.web.query.dest":"slave0:31001","zipkin.web.port":":31983","admin.port":":31000","zipkin.web.resourcesRoot":"resources"},"configFile":null,"hostname":"slave0"}}],"queryServices":[{"id":"0","state":"Running","constraints":"","task":{"id":"zipkin-query-0-92f89756-082a-4514-a42e-1c7bc266a3a7","slaveId":"S-slave0","executorId":"query-0","attributes":{}},"stickiness":{"period":"10m","hostname":"slave0","port":31000,"stopTime":null},"config":{"cpu":0.5,"mem":1536.0,"ports":"","adminPorts":"","env":{"CASSANDRA_CONTACT_POINTS":"slave0:31100","QUERY_PORT":"31000","QUERY_ADMIN_PORT":"31001"},"flags":{},"configFile":"query-cassandra.scala","hostname":"slave0"}}]}"#]].assert_eq(&rig.files["zipkin-mesos.json"]);
}

#[test]
fn gives_the_executor_everything_it_needs() {
    let (rig, _) = running("web", "");
    let launched = rig.task.expect("a launch");
    let executor = launched.executor.expect("an executor");
    let command = executor.command.expect("a command");
    let uris: Vec<_> = command.uris.iter().map(|uri| format!("{} {:?}", uri.value, uri.extract)).collect();
    let shown = format!(
        "{} in {} {}\n{}\n{}\n",
        launched.name,
        executor.executor_id,
        executor.name.unwrap_or_default(),
        command.value.unwrap_or_default(),
        uris.join("\n"),
    );
    expect![[r#"
        zipkin-web-0 in web-0 zipkin-web-0
        java -cp zipkin-mesos-0.1.jar -Ddebug net.elodina.mesos.zipkin.Executor
        http://master:31500/jar/zipkin-mesos-0.1.jar Some(false)
        http://master:31500/collector/zipkin-collector-service-1.14.1-all.jar Some(false)
        http://master:31500/query/zipkin-query-service-1.14.1-all.jar Some(false)
        http://master:31500/web/zipkin-web-1.14.1-all.jar Some(false)
        http://master:31500/web-resources/zipkin-web-resources-1.14.1.tar.gz Some(true)
        http://master:31500/collector-conf/collector-cassandra.scala Some(false)
        http://master:31500/query-conf/query-cassandra.scala Some(false)
    "#]]
    .assert_eq(&shown);
}

#[test]
fn answers_in_the_originals_words() {
    let mut rig = rig();
    let mut told = String::new();
    for url in [
        "/api/collector/add?id=0..1&env=A%3Db",
        "/api/collector/add?id=1,2",
        "/api/collector/add",
        "/api/collector/add?id=3&cpu=x",
        "/api/collector/add?id=3&port=5..4",
        "/api/collector/config?id=0&cpu=x&mem=2&env=C%3Dd&flags=,,&constraints=x%3Dy",
        "/api/collector/config?id=0&port=x",
        "/api/collector/config?id=9",
        "/api/collector/start?id=0&timeout=10m",
        "/api/collector/start?id=0&timeout=0s",
        "/api/collector/stop?id=0",
        "/api/collector/list?id=0",
        "/api/web/list",
        "/api/web/start?id=3",
        "/api/collector/remove?id=*",
        "/api/collector/nothing?id=0",
        "/api/other/list",
        "/collector-conf/unknown.scala",
    ] {
        let answer = rig.get(url);
        told += &format!("{url}\n  {}\n", reply(&answer));
    }
    expect![[r#"
        /api/collector/add?id=0..1&env=A%3Db
          200 {"success":true,"message":"Added servers 0..1","value":[{"id":"0","state":"Added","constraints":"","task":null,"stickiness":null,"config":{"cpu":0.5,"mem":256.0,"ports":"","adminPorts":"","env":{"A":"b"},"flags":{},"configFile":"collector-cassandra.scala","hostname":""}},{"id":"1","state":"Added","constraints":"","task":null,"stickiness":null,"config":{"cpu":0.5,"mem":256.0,"ports":"","adminPorts":"","env":{"A":"b"},"flags":{},"configFile":"collector-cassandra.scala","hostname":""}}]}
        /api/collector/add?id=1,2
          200 {"success":false,"message":"Zipkin collector instance(s) 1 already exist"}
        /api/collector/add
          500 500 - ID expression cannot be null or empty
        /api/collector/add?id=3&cpu=x
          500 500 - For input string: "x"
        /api/collector/add?id=3&port=5..4
          500 500 - start > end
        /api/collector/config?id=0&cpu=x&mem=2&env=C%3Dd&flags=,,&constraints=x%3Dy
          200 {"success":true,"message":"Updated configuration for Zipkin collector instance(s) 0","value":[{"id":"0","state":"Added","constraints":"","task":null,"stickiness":null,"config":{"cpu":0.5,"mem":2.0,"ports":"","adminPorts":"","env":{"C":"d"},"flags":{},"configFile":"collector-cassandra.scala","hostname":""}}]}
        /api/collector/config?id=0&port=x
          500 500 - For input string: "x"
        /api/collector/config?id=9
          200 {"success":false,"message":"Zipkin collector instance(s) 9 do not exist"}
        /api/collector/start?id=0&timeout=10m
          500 500 - format error 10m
        /api/collector/start?id=0&timeout=0s
          200 
        /api/collector/stop?id=0
          200 {"success":true,"message":"Stopped collector instance(s) 0","value":[{"id":"0","state":"Added","constraints":"","task":null,"stickiness":null,"config":{"cpu":0.5,"mem":2.0,"ports":"","adminPorts":"","env":{"C":"d"},"flags":{},"configFile":"collector-cassandra.scala","hostname":""}}]}
        /api/collector/list?id=0
          200 {"success":true,"message":"","value":[{"id":"0","state":"Added","constraints":"","task":null,"stickiness":null,"config":{"cpu":0.5,"mem":2.0,"ports":"","adminPorts":"","env":{"C":"d"},"flags":{},"configFile":"collector-cassandra.scala","hostname":""}}]}
        /api/web/list
          200 {"success":true,"message":"","value":[]}
        /api/web/start?id=3
          200 {"success":false,"message":"Zipkin web instance(s) 3 do not exist"}
        /api/collector/remove?id=*
          200 {"success":true,"message":"Removed collector instance(s) *","value":[{"id":"0","state":"Added","constraints":"","task":null,"stickiness":null,"config":{"cpu":0.5,"mem":2.0,"ports":"","adminPorts":"","env":{"C":"d"},"flags":{},"configFile":"collector-cassandra.scala","hostname":""}},{"id":"1","state":"Added","constraints":"","task":null,"stickiness":null,"config":{"cpu":0.5,"mem":256.0,"ports":"","adminPorts":"","env":{"A":"b"},"flags":{},"configFile":"collector-cassandra.scala","hostname":""}}]}
        /api/collector/nothing?id=0
          404 404 - Not Found
        /api/other/list
          404 404 - Not Found
        /collector-conf/unknown.scala
          404 404 - Not Found
    "#]].assert_eq(&told);
}

#[test]
fn an_idle_sibling_makes_start_time_out() {
    let mut rig = rig();
    rig.get("/api/collector/add?id=0..1");
    rig.get("/api/collector/start?id=0");
    rig.offers(BIG);
    let task = task(&rig);
    assert!(!rig.status(&task, TaskState::Running, "").contains("reply"));
    // The running one is done with at once; the idle one gets the full time.
    assert!(!rig.pass(59).contains("reply"));
    assert_eq!(
        reply(&rig.pass(1)),
        r#"200 {"success":false,"message":"Start collector instance(s) 0 timed out after 60 seconds"}"#
    );
}

#[test]
fn statuses_move_the_states() {
    for state in [TaskState::Lost, TaskState::Failed, TaskState::Error] {
        let (mut rig, task) = running("collector", "");
        let told = rig.status(&task, state, "");
        assert!(told.contains("event collector instance 0 Running -> Stopped\n"), "{told}");
        assert!(rig.offers(BIG).contains("ACCEPT"), "at once, for ever");
    }
    for state in [TaskState::Finished, TaskState::Killed] {
        let (mut rig, task) = running("collector", "");
        assert!(!rig.status(&task, state, "").contains("event"), "stays as it is");
        assert!(rig.get("/api/collector/list").contains(r#""state":"Running""#));
    }
    let (mut rig, task) = running("collector", "");
    let told = rig.get("/api/collector/stop?id=0");
    assert!(
        told.starts_with(&format!("KILL {task}\nevent collector instance 0 Running -> Added\n")),
        "{told}"
    );
    assert!(told.contains(r#""task":null"#), "forgotten at once: {told}");
    assert!(rig.status("zipkin-web-7-x", TaskState::Running, "").contains("KILL zipkin-web-7-x"));
    assert!(rig.status("nonsense", TaskState::Running, "").ends_with("exit 1\n"));
}

#[test]
fn an_unescaped_comma_in_env_is_a_loop_and_a_lost_state() {
    let env = "&env=KAFKA_ZOOKEEPER%3Dh1:2181,h2:2181";
    let (rig, task) = running("collector", env);
    assert!(rig.files["zipkin-mesos.json"].contains(r#""KAFKA_ZOOKEEPER":"h1:2181","h2:2181":null"#));
    let info = rig.task.clone().expect("a launch");
    assert_eq!(info.task_id.to_string(), task);
    let mut worker = Rig::executor(ZipkinExecutor::new(false), &[]);
    let told = worker.agent(ExecutorEvent::Launch(Arc::new(info)));
    assert!(told.starts_with("TASK_FAILED play.api.libs.json.JsResultException"), "{told}");
    let mut again = Zipkin::scheduler(LINE, &FILES);
    again.files = rig.files;
    assert!(again.begin().contains("SUBSCRIBE zipkin as None"), "a new framework, without a word");
    assert_eq!(reply(&again.get("/api/collector/list")), r#"200 {"success":true,"message":"","value":[]}"#);
    let (rig, _) = running("collector", "&env=KAFKA_ZOOKEEPER%3Dh1:2181%5C,h2:2181");
    assert!(rig.files["zipkin-mesos.json"].contains(r#""KAFKA_ZOOKEEPER":"h1:2181,h2:2181","#));
}

#[test]
fn a_query_comes_back_to_its_host_and_port() {
    let (mut rig, task) = running("query", "");
    rig.status(&task, TaskState::Failed, "");
    let told = rig.offers("O2 slave1 cpus:4;mem:8192;ports:[31000-32000]");
    assert!(told.contains("query instance 0: slave1 != stickiness host: Some(slave0)"), "{told}");
    // Its last port is taken before lower ones, and what lies above it in the range is lost.
    let told = rig.offers("O3 slave0 cpus:4;mem:8192;ports:[30990-32000]");
    assert!(told.contains("ports:[30990-30990, 31000-31000]"), "{told}");
    let (mut rig, task) = running("query", "");
    rig.status(&task, TaskState::Failed, "");
    rig.pass(600);
    assert!(
        rig.offers("O2 slave1 cpus:4;mem:8192;ports:[31000-32000]").contains("ACCEPT"),
        "after ten minutes"
    );
}

#[test]
fn a_restart_reconciles_and_starts_anew_what_is_gone() {
    let (old, task) = running("collector", "");
    let mut rig = Zipkin::scheduler(LINE, &FILES);
    rig.files = old.files;
    let told = rig.begin();
    assert!(told.contains("SUBSCRIBE zipkin as Some(FrameworkId(F1))"), "{told}");
    assert!(told.contains("event collector instance 0 Running -> Reconciling\nRECONCILE []\n"), "{told}");
    let passes: Vec<String> = (0..3)
        .map(|_| {
            rig.pass(10);
            rig.offers(SMALL)
        })
        .collect();
    assert!(passes[1].starts_with(&format!("RECONCILE [{task}]\n")), "{passes:?}");
    assert!(passes[2].starts_with(&format!("KILL {task}\n")), "{passes:?}");
    assert!(passes[2].contains("Reconciling -> Stopped"), "{passes:?}");
}

#[test]
fn files_and_options_decide_whether_the_process_lives() {
    let mut told = String::new();
    for missing in ["zipkin-mesos-0.1.jar", FILES[1], FILES[2], FILES[3], FILES[8]] {
        let files: Vec<&str> = FILES.into_iter().filter(|file| *file != missing).collect();
        told += &format!("# without {missing}\n{}", Zipkin::scheduler(LINE, &files).give(Input::Start));
    }
    told += &format!("# not unpacked\n{}", Zipkin::scheduler(LINE, &FILES[..5]).give(Input::Start));
    for line in [
        "--api http://h:1",
        "--master m",
        "--api http://h:1 --master m --framework-timeout 30min",
        "--api http://h:1 --master m --storage zk:/zipkin",
        "--zk h:2181",
    ] {
        told += &format!("# {line}\n{}", Zipkin::scheduler(line, &FILES).give(Input::Start));
    }
    expect![[r#"
        # without zipkin-mesos-0.1.jar
        log Error: zipkin-mesos.*\.jar not found in current dir
        exit 1
        # without zipkin-collector-service-1.14.1-all.jar
        log Error: zipkin-collector-service.*\.jar not found in current dir
        exit 1
        # without zipkin-query-service-1.14.1-all.jar
        log Error: zipkin-query-service.*\.jar not found in current dir
        exit 1
        # without zipkin-web-1.14.1-all.jar
        log Error: zipkin-web.*\.jar not found in current dir
        exit 1
        # without zipkin-deps/zipkin-web-resources-1.14.1.tar.gz
        log Error: zipkin-web-resources.*\.tar\.gz not found in current dir
        exit 1
        # not unpacked
        log Error: java.lang.NullPointerException
        exit 1
        # --api http://h:1
        log Error: Undefined master. Provide either cli option or config default value
        exit 1
        # --master m
        log Error: Undefined api. Provide either cli option or config default value
        exit 1
        # --api http://h:1 --master m --framework-timeout 30min
        log Error: Invalid framework-timeout
        exit 1
        # --api http://h:1 --master m --storage zk:/zipkin
        log Error: Unsupported storage: zk:/zipkin
        exit 1
        # --zk h:2181
        log Error: zk is not a recognized option
        exit 1
    "#]]
    .assert_eq(&told);
    let mut rig = Zipkin::scheduler("x.properties --master m", &[&FILES[..], &["x.properties"]].concat());
    assert_eq!(rig.give(Input::Start), "log Error: config-file x.properties not found\nexit 1\n", "inverted");
    let mut rig = Zipkin::scheduler("--master m", &[&FILES[..], &["zipkin-mesos.properties"]].concat());
    rig.files.insert("zipkin-mesos.properties".into(), "api=http://h:7000\nmaster=other\nzk=x\n".into());
    let told = rig.give(Input::Start);
    assert!(
        told.starts_with("log Loading config defaults from zipkin-mesos.properties\nlisten 7000\n"),
        "{told}"
    );
    assert!(told.contains("attach m\n"), "{told}");
}

#[test]
fn a_refused_framework_id_ends_the_process() {
    let mut rig = rig();
    let told = rig.mesos(SchedulerEvent::Error { message: "Framework failed over".into() });
    assert_eq!(told, "log [error] Framework failed over\nexit 1\n");
    assert!(rig.files.is_empty() || rig.files.contains_key("zipkin-mesos.json"));
}

#[test]
fn the_executor_says_running_before_anything_serves() {
    let (rig, _) = running("web", "&port=31983");
    let info = Arc::new(rig.task.expect("a launch"));
    let kill = || ExecutorEvent::Kill { task_id: info.task_id.clone(), kill_policy: None };
    let exited = |code| ServiceEvent::Exited { code, message: "cannot reach Cassandra".into() };
    let mut rig = Rig::<Executor<ZipkinExecutor>>::executor(ZipkinExecutor::new(false), &[]);
    let mut told = rig.give(Input::Start);
    told += &rig.agent(ExecutorEvent::Launch(info.clone()));
    told += &rig.give(Input::Service(ServiceEvent::Started));
    told += &rig.give(Input::Service(ServiceEvent::Ready));
    told += &rig.give(Input::Service(exited(0)));
    told += "# again\n";
    told += &rig.agent(ExecutorEvent::Launch(info.clone()));
    told += &rig.agent(kill());
    told += &rig.agent(kill());
    told += "# the next task comes before the last one's end\n";
    told += &rig.agent(ExecutorEvent::Launch(info.clone()));
    told += &rig.give(Input::Service(exited(143)));
    told += &rig.agent(ExecutorEvent::Shutdown);
    expect![[r#"
        SUBSCRIBE
        start zipkin-web
        TASK_RUNNING
        log process ended with 0: cannot reach Cassandra
        TASK_FAILED cannot reach Cassandra
        # again
        start zipkin-web
        stop service
        # the next task comes before the last one's end
        log process ended with 143: cannot reach Cassandra
        TASK_FINISHED
        start zipkin-web
        exit 0
    "#]]
    .assert_eq(&told);
}

#[test]
fn the_option_gen_traces_sends_empty_messages() {
    let (rig, _) = running("collector", "");
    let info = Arc::new(rig.task.expect("a launch"));
    let mut rig = Rig::<Executor<ZipkinExecutor>>::executor(ZipkinExecutor::new(true), &[]);
    rig.agent(ExecutorEvent::Launch(info));
    assert_eq!(rig.pass(3), "MESSAGE \n".repeat(3));
    let exited = ServiceEvent::Exited { code: 1, message: String::new() };
    rig.give(Input::Service(exited));
    assert_eq!(rig.pass(3), "");
}
