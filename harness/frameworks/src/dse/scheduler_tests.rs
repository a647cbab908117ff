//! The scheduler as a whole: what goes in, what comes out, in order.

use std::sync::Arc;

use expect_test::{Expect, expect};
use stacklab_machine::process::Input;
use stacklab_machine::service::ServiceEvent;
use stacklab_mesos::{ExecutorEvent, TaskState};

use super::{DseMesos, NodeWork};
use crate::base::Scheduler;
use crate::kafka::rig::{Rig, sandbox};

const LINE: &str = "--api http://slave0:31000 --master m:5050 --debug true --framework-name dse-mesos-0.2.x";
const FILES: [&str; 3] = ["dse-mesos-0.2.jar", "dse-mesos.sh", "dse.tar.gz"];
const BIG: &str = "O1 slave0 cpus:4;mem:16384;ports:[31000-32000] rack:r1";
/// What the deploy tool sends to all three calls.
const QUERY: &str = "api=x&cluster=dse-mesos&constraints=hostname%3Dunique&cpu=0.5&cqlPort=31100&mem=10000&node=70\
                     &timeout=30min";

type Dse = Rig<Scheduler<DseMesos>>;

fn rig() -> Dse {
    let mut rig = Dse::scheduler(LINE, &FILES);
    rig.begin();
    rig
}

fn task(rig: &Dse) -> String {
    rig.task.as_ref().expect("a launch").task_id.to_string()
}

/// A rig with node 70 running, nobody waiting.
fn running() -> (Dse, String) {
    let mut rig = rig();
    rig.get("/api/node/add?node=70");
    rig.get("/api/node/start?node=70&timeout=0s");
    rig.offers(BIG);
    let task = task(&rig);
    rig.status(&task, TaskState::Running, "slave0");
    (rig, task)
}

fn check(found: &str, expected: &Expect) {
    expected.assert_eq(found);
}

#[test]
fn starts_a_node_for_the_deploy_tool() {
    let mut rig = Dse::scheduler(LINE, &FILES);
    let mut told = rig.begin();
    for call in ["cluster/add", "node/add", "node/start", "cluster/add"] {
        told += &rig.get(&format!("/api/{call}?{QUERY}"));
    }
    told += &rig.offers("O1 slave0 cpus:4;mem:8192;ports:[31000-32000]");
    told += &rig.offers("O2 slave0 cpus:4;mem:16384;ports:[31000-32000] rack:r1;n:3");
    told += &rig.offers("O3 slave1 cpus:4;mem:16384;ports:[31000-32000]");
    let task = task(&rig);
    told += &rig.status(&task, TaskState::Starting, "");
    told += &rig.status(&task, TaskState::Running, "slave0");
    told += &rig.offers("O4 slave1 cpus:4;mem:16384;ports:[31000-32000]");
    check(
        &told,
        &expect![[r#"
        listen 31000
        log started on http://slave0:31000
        attach m:5050
        SUBSCRIBE dse-mesos-0.2.x as None
        log [registered] framework:F1
        RECONCILE []
        reply 1: 200 {"id" : "dse-mesos", "ports" : {"cql" : "31100"}}
        reply 2: 200 [{"id" : "70", "state" : "idle", "cluster" : {"id" : "dse-mesos", "ports" : {"cql" : "31100"}}, "stickiness" : {"period" : "30m"}, "cpu" : 0.5, "mem" : 10000, "seed" : false, "rack" : "default", "dc" : "default", "constraints" : "hostname=unique"}]
        event node 70 idle -> starting
        reply 4: 400 {"code" : 400, "error" : "duplicate cluster"}
        log Declined offer slave0#O1 cpus:4.0 mem:8192.0 ports:31000..32000: |   node 70: mem < 10000
        event declined O1: [node 70] node 70: mem < 10000
        DECLINE O1
        log No seed nodes available in cluster dse-mesos. Forcing seed==true for node 70
        log Starting node 70 with task cassandra-70-1456790400000 for offer O2
        ACCEPT O2 for cpus:0.5; mem:10000; ports:[31000-31003, 31100-31100] for 1 s
        log Declined offer slave1#O3 cpus:4.0 mem:16384.0 ports:31000..32000: |   node 70 is starting
        event declined O3: [] node 70 is starting
        DECLINE O3
        log [statusUpdate] cassandra-70-1456790400000 TASK_STARTING slave:S-slave0
        log [statusUpdate] cassandra-70-1456790400000 TASK_RUNNING slave:S-slave0
        event node 70 starting -> running
        reply 3: 200 {"status" : "started", "nodes" : [{"id" : "70", "state" : "running", "cluster" : {"id" : "dse-mesos", "ports" : {"cql" : "31100"}}, "stickiness" : {"period" : "30m", "hostname" : "slave0"}, "runtime" : {"taskId" : "cassandra-70-1456790400000", "executorId" : "cassandra-70-1456790400000", "slaveId" : "S-slave0", "hostname" : "slave0", "address" : "slave0", "seeds" : [], "attributes" : {"rack" : "r1"}, "reservation" : {"cpus" : 0.5, "mem" : 10000, "ports" : {"storage" : 31000, "jmx" : 31001, "cql" : 31100, "thrift" : 31002, "agent" : 31003}, "ignoredPorts" : []}}, "cpu" : 0.5, "mem" : 10000, "seed" : true, "rack" : "default", "dc" : "default", "constraints" : "hostname=unique"}]}
        log Declined offer slave1#O4 cpus:4.0 mem:16384.0 ports:31000..32000: |   no nodes to start
        event declined O4: [] no nodes to start
        DECLINE O4
    "#]],
    );
    check(
        &rig.files["dse-mesos.json"],
        &expect![[
            r#"{"frameworkId" : "F1", "clusters" : [{"id" : "default", "ports" : {}}, {"id" : "dse-mesos", "ports" : {"cql" : "31100"}}], "nodes" : [{"id" : "70", "state" : "running", "cluster" : "dse-mesos", "stickiness" : {"period" : "30m", "hostname" : "slave0"}, "runtime" : {"taskId" : "cassandra-70-1456790400000", "executorId" : "cassandra-70-1456790400000", "slaveId" : "S-slave0", "hostname" : "slave0", "address" : "slave0", "seeds" : [], "attributes" : {"rack" : "r1"}, "reservation" : {"cpus" : 0.5, "mem" : 10000, "ports" : {"storage" : 31000, "jmx" : 31001, "cql" : 31100, "thrift" : 31002, "agent" : 31003}, "ignoredPorts" : []}}, "cpu" : 0.5, "mem" : 10000, "seed" : true, "rack" : "default", "dc" : "default", "constraints" : "hostname=unique"}]}"#
        ]],
    );
    let launched = rig.task.expect("a launch");
    let executor = launched.executor.expect("an executor");
    let command = executor.command.expect("a command");
    let uris: Vec<_> = command.uris.iter().map(|uri| format!("{} {:?}", uri.value, uri.extract)).collect();
    let shown = format!(
        "{} in {}\n{}\n{}\n{}\n",
        launched.name,
        executor.name.unwrap_or_default(),
        command.value.unwrap_or_default(),
        uris.join("\n"),
        String::from_utf8(launched.data.expect("data")).expect("text"),
    );
    check(
        &shown,
        &expect![[r#"
        cassandra-70 in cassandra-70
        java -cp dse-mesos-0.2.jar -Ddebug net.elodina.mesos.dse.Executor
        http://slave0:31000/dse/dse.tar.gz Some(true)
        http://slave0:31000/jar/dse-mesos-0.2.jar Some(false)
        {"id" : "70", "state" : "starting", "cluster" : {"id" : "dse-mesos", "ports" : {"cql" : "31100"}}, "stickiness" : {"period" : "30m"}, "runtime" : {"taskId" : "cassandra-70-1456790400000", "executorId" : "cassandra-70-1456790400000", "slaveId" : "S-slave0", "hostname" : "slave0", "seeds" : [], "attributes" : {"rack" : "r1"}, "reservation" : {"cpus" : 0.5, "mem" : 10000, "ports" : {"storage" : 31000, "jmx" : 31001, "cql" : 31100, "thrift" : 31002, "agent" : 31003}, "ignoredPorts" : []}}, "cpu" : 0.5, "mem" : 10000, "seed" : true, "rack" : "default", "dc" : "default", "constraints" : "hostname=unique"}
    "#]],
    );
}

#[test]
fn its_executor_understands_it() {
    let mut rig = rig();
    for call in ["cluster/add", "node/add", "node/start"] {
        rig.get(&format!("/api/{call}?{QUERY}"));
    }
    rig.offers(BIG);
    let launched = rig.task.clone().expect("a launch");
    let files = sandbox(&launched);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let mut executor = Rig::executor(NodeWork::new(), &files);
    let mut told = executor.agent(ExecutorEvent::Launch(Arc::new(launched)));
    told += &executor.give(Input::Service(ServiceEvent::Ready));
    told += &executor.pass(5);
    let data = told.lines().find_map(|line| line.strip_prefix("TASK_RUNNING ")).expect("RUNNING").to_owned();
    let task = task(&rig);
    let reply = rig.status(&task, TaskState::Running, &data);
    assert!(reply.contains("reply 3: 200 {\"status\" : \"started\""), "{reply}");
    check(
        &told,
        &expect![[r#"
        log [launchTask] cassandra-70-1456790400000
        TASK_STARTING
        log Starting Cassandra process
        start cassandra
        log Node jumped to normal state
        TASK_RUNNING slave0
    "#]],
    );
}

#[test]
fn starts_seeds_first_and_one_at_a_time() {
    let mut rig = rig();
    rig.get("/api/node/add?node=2,3,10");
    rig.get("/api/node/update?node=10&seed=true");
    rig.get("/api/node/start?node=*&timeout=0s");
    let mut told = String::new();
    for host in ["slave0", "slave1", "slave2"] {
        told += &rig.offers(&format!("O-{host} {host} cpus:4;mem:4096;ports:[31000-32000]"));
        told += &rig.offers(BIG);
        let task = task(&rig);
        told += &rig.status(&task, TaskState::Running, host);
    }
    told += &rig.offers(BIG);
    check(
        &told,
        &expect![[r#"
        log No seed nodes available in cluster default. Forcing seed==true for node 10
        log Starting node 10 with task cassandra-10-1456790400000 for offer O-slave0
        ACCEPT O-slave0 for cpus:0.5; mem:512; ports:[31000-31004] for 1 s
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   node 10 is starting
        event declined O1: [] node 10 is starting
        DECLINE O1
        log [statusUpdate] cassandra-10-1456790400000 TASK_RUNNING slave:S-slave0
        event node 10 starting -> running
        log Starting node 2 with task cassandra-2-1456790400000 for offer O-slave1
        ACCEPT O-slave1 for cpus:0.5; mem:512; ports:[31000-31004] for 1 s
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   node 2 is starting
        event declined O1: [] node 2 is starting
        DECLINE O1
        log [statusUpdate] cassandra-2-1456790400000 TASK_RUNNING slave:S-slave0
        event node 2 starting -> running
        log Starting node 3 with task cassandra-3-1456790400000 for offer O-slave2
        ACCEPT O-slave2 for cpus:0.5; mem:512; ports:[31000-31004] for 1 s
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   node 3 is starting
        event declined O1: [] node 3 is starting
        DECLINE O1
        log [statusUpdate] cassandra-3-1456790400000 TASK_RUNNING slave:S-slave0
        event node 3 starting -> running
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   no nodes to start
        event declined O1: [] no nodes to start
        DECLINE O1
    "#]],
    );
    let document = &rig.files["dse-mesos.json"];
    assert!(document.contains(r#""seeds" : ["slave0"]"#), "{document}");
}

#[test]
fn refuses_offers_for_every_node() {
    let mut rig = rig();
    rig.get("/api/node/add?node=1..2&mem=1000");
    rig.get("/api/node/update?node=1&constraints=rack%3Dlike:r2");
    let mut told = rig.offers(BIG);
    rig.get("/api/node/start?node=1..2&timeout=0s");
    told += &rig.offers("O2 slave0 cpus:4;mem:999;ports:[31000-32000]");
    told += &rig.offers("O3 slave0 cpus:4;mem:1000;ports:[31000-31003] rack:r1");
    check(
        &told,
        &expect![[r#"
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   no nodes to start
        event declined O1: [] no nodes to start
        DECLINE O1
        log Declined offer slave0#O2 cpus:4.0 mem:999.0 ports:31000..32000: |   node 1: mem < 1000, node 2: mem < 1000
        event declined O2: [node 1] node 1: mem < 1000, [node 2] node 2: mem < 1000
        DECLINE O2
        log Declined offer slave0#O3 cpus:4.0 mem:1000.0 ports:31000..31003: |   node 1: no suitable agent port, node 2: no suitable agent port
        event declined O3: [node 1] node 1: no suitable agent port, [node 2] node 2: no suitable agent port
        DECLINE O3
    "#]],
    );
}

#[test]
fn a_timeout_is_a_reply_and_a_node_without_an_offer_cannot_be_stopped() {
    let mut rig = rig();
    rig.get("/api/node/add?node=70");
    let mut told = rig.get("/api/node/start?node=70&timeout=3s");
    told += &rig.pass(3);
    told += &rig.get("/api/node/stop?node=70&timeout=1s");
    told += &rig.pass(1);
    told += &rig.get("/api/node/remove?node=70");
    check(
        &told,
        &expect![[r#"
        event node 70 idle -> starting
        reply 2: 200 {"status" : "timeout", "nodes" : [{"id" : "70", "state" : "starting", "cluster" : {"id" : "default", "ports" : {}}, "stickiness" : {"period" : "30m"}, "cpu" : 0.5, "mem" : 512, "seed" : false, "rack" : "default", "dc" : "default"}]}
        reply 3: 200 {"status" : "timeout", "nodes" : [{"id" : "70", "state" : "starting", "cluster" : {"id" : "default", "ports" : {}}, "stickiness" : {"period" : "30m"}, "cpu" : 0.5, "mem" : 512, "seed" : false, "rack" : "default", "dc" : "default"}]}
        reply 4: 400 {"code" : 400, "error" : "node 70 should be idle"}
    "#]],
    );
}

#[test]
fn stops_and_removes() {
    let (mut rig, task) = running();
    let mut told = rig.get("/api/node/stop?node=70");
    // The executor tells of RUNNING although it was a kill that ended its polling.
    told += &rig.status(&task, TaskState::Running, "slave0");
    told += &rig.status(&task, TaskState::Finished, "");
    told += &rig.status(&task, TaskState::Lost, "");
    told += &rig.get("/api/node/remove?node=70");
    check(
        &told,
        &expect![[r#"
        log Killing task cassandra-70-1456790400000 of node 70
        KILL cassandra-70-1456790400000
        event node 70 running -> stopping
        log [statusUpdate] cassandra-70-1456790400000 TASK_RUNNING slave:S-slave0
        log Got TASK_RUNNING for node 70:stopping, killing task cassandra-70-1456790400000
        KILL cassandra-70-1456790400000
        log [statusUpdate] cassandra-70-1456790400000 TASK_FINISHED slave:S-slave0
        event node 70 stopping -> idle
        reply 3: 200 {"status" : "stopped", "nodes" : [{"id" : "70", "state" : "idle", "cluster" : {"id" : "default", "ports" : {}}, "stickiness" : {"period" : "30m", "stopTime" : "2016-03-01 00:00:00.000", "hostname" : "slave0"}, "cpu" : 0.5, "mem" : 512, "seed" : true, "rack" : "default", "dc" : "default"}]}
        log [statusUpdate] cassandra-70-1456790400000 TASK_LOST slave:S-slave0
        log Got TASK_LOST for node 70:idle, ignoring it
        reply 4: 200 
    "#]],
    );
    check(
        &rig.files["dse-mesos.json"],
        &expect![[r#"{"frameworkId" : "F1", "clusters" : [{"id" : "default", "ports" : {}}]}"#]],
    );
}

#[test]
fn relaunches_at_once_on_its_host_only() {
    let (mut rig, task) = running();
    let mut told = rig.status("cassandra-70-0", TaskState::Failed, "");
    told += &rig.status(&task, TaskState::Failed, "");
    told += &rig.offers("O2 slave1 cpus:4;mem:4096;ports:[31000-32000]");
    told += &rig.pass(1);
    told += &rig.offers(BIG);
    told += &rig.pass(1800);
    let again = self::task(&rig);
    told += &rig.status(&again, TaskState::Lost, "");
    told += &rig.pass(1800);
    told += &rig.offers("O2 slave1 cpus:4;mem:4096;ports:[31000-32000]");
    check(
        &told,
        &expect![[r#"
        log [statusUpdate] cassandra-70-0 TASK_FAILED slave:S-slave0
        log Got TASK_FAILED for node 70:running, ignoring it
        log [statusUpdate] cassandra-70-1456790400000 TASK_FAILED slave:S-slave0
        event node 70 running -> starting
        log Declined offer slave1#O2 cpus:4.0 mem:4096.0 ports:31000..32000: |   node 70: hostname != stickiness hostname
        event declined O2: [node 70] node 70: hostname != stickiness hostname
        DECLINE O2
        log No seed nodes available in cluster default. Forcing seed==true for node 70
        log Starting node 70 with task cassandra-70-1456790401000 for offer O1
        ACCEPT O1 for cpus:0.5; mem:512; ports:[31000-31004] for 1 s
        log [statusUpdate] cassandra-70-1456790401000 TASK_LOST slave:S-slave0
        log No seed nodes available in cluster default. Forcing seed==true for node 70
        log Starting node 70 with task cassandra-70-1456794001000 for offer O2
        ACCEPT O2 for cpus:0.5; mem:512; ports:[31000-31004] for 1 s
    "#]],
    );
}

#[test]
fn reconciles_what_it_finds_and_may_hang() {
    let (old, task) = running();
    let restart = || {
        let mut rig = Dse::scheduler(LINE, &FILES);
        rig.files.clone_from(&old.files);
        rig
    };
    let mut rig = restart();
    let mut told = rig.begin();
    told += &rig.offers(BIG);
    // Made up by the master: no data, and so the address is lost.
    told += &rig.status(&task, TaskState::Running, "");
    assert!(rig.files["dse-mesos.json"].contains(r#""address" : """#));
    check(
        &told,
        &expect![[r#"
        listen 31000
        log started on http://slave0:31000
        attach m:5050
        SUBSCRIBE dse-mesos-0.2.x as Some(FrameworkId(F1))
        log [registered] framework:F1
        log Reconciling 1/3 state of node 70, task cassandra-70-1456790400000
        event node 70 running -> reconciling
        RECONCILE []
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   reconciling
        event declined O1: [] reconciling
        DECLINE O1
        log [statusUpdate] cassandra-70-1456790400000 TASK_RUNNING slave:S-slave0
        log Finished reconciling of node 70, task cassandra-70-1456790400000
        event node 70 reconciling -> running
    "#]],
    );
    let mut rig = restart();
    let mut told = rig.begin();
    for _ in 0..4 {
        told += &rig.pass(20);
        told += &rig.offers(BIG);
    }
    told += &rig.get("/api/node/stop?node=70&timeout=0s");
    check(
        &told,
        &expect![[r#"
        listen 31000
        log started on http://slave0:31000
        attach m:5050
        SUBSCRIBE dse-mesos-0.2.x as Some(FrameworkId(F1))
        log [registered] framework:F1
        log Reconciling 1/3 state of node 70, task cassandra-70-1456790400000
        event node 70 running -> reconciling
        RECONCILE []
        RECONCILE [cassandra-70-1456790400000]
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   reconciling
        event declined O1: [] reconciling
        DECLINE O1
        RECONCILE [cassandra-70-1456790400000]
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   reconciling
        event declined O1: [] reconciling
        DECLINE O1
        log Reconciling exceeded 3 tries for node 70, sending killTask for task cassandra-70-1456790400000
        KILL cassandra-70-1456790400000
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   reconciling
        event declined O1: [] reconciling
        DECLINE O1
        log Declined offer slave0#O1 cpus:4.0 mem:16384.0 ports:31000..32000: |   reconciling
        event declined O1: [] reconciling
        DECLINE O1
        reply 1: 200 {"status" : "scheduled", "nodes" : [{"id" : "70", "state" : "reconciling", "cluster" : {"id" : "default", "ports" : {}}, "stickiness" : {"period" : "30m", "hostname" : "slave0"}, "cpu" : 0.5, "mem" : 512, "seed" : true, "rack" : "default", "dc" : "default"}]}
    "#]],
    );
}

#[test]
fn a_placed_node_without_the_attribute_ends_the_process() {
    let (mut rig, _) = running();
    rig.get("/api/node/add?node=71&constraints=zone%3Dunique");
    rig.get("/api/node/start?node=71&timeout=0s");
    let told = rig.offers("O2 slave1 cpus:4;mem:4096;ports:[31000-32000] zone:a");
    check(
        &told,
        &expect![[r#"
        log java.util.NoSuchElementException: key not found: zone
        exit 1
    "#]],
    );
}

#[test]
fn files_and_documents() {
    let mut told = String::new();
    for files in [&FILES[..0], &FILES[..2]] {
        told += &Dse::scheduler(LINE, files).give(Input::Start);
    }
    let mut rig = Dse::scheduler(LINE, &FILES);
    rig.files.insert("dse-mesos.json".into(), r#"{"nodes" : [{}]}"#.into());
    told += &rig.give(Input::Start);
    let mut rig = Dse::scheduler(LINE, &["dse-mesos-0.2.jar", "dse.tar.gz", "apache-cassandra-2.2.gz"]);
    rig.begin();
    rig.files.insert("apache-cassandra-2.2.gz".into(), "archive".into());
    for path in ["/cassandra/x", "/jre/x", "/health", "/api/node/restart", "/api/cluster/x", "/x"] {
        told += &rig.get(path);
    }
    told += &rig.get("/api/node/list");
    told += &rig.get("/api/cluster/list");
    check(
        &told,
        &expect![[r#"
        log Error: dse-mesos.*jar not found in current dir
        exit 1
        log Error: Either apache-cassandra.*gz or dse.*gz should be present in current dir
        exit 1
        log Error: state document: field id is missing or unreadable
        exit 1
        reply 1: 200 archive
        reply 2: 404 404 - not found
        reply 3: 200 ok
        reply 4: 404 {"code" : 404, "error" : "unsupported method"}
        reply 5: 404 {"code" : 404, "error" : "unsupported method"}
        reply 6: 404 404 - not found
        reply 7: 200 []
        reply 8: 200 [{"id" : "default", "ports" : {}}]
    "#]],
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_query_is_answered(
        call in "(node/(list|add|update|start|stop|remove)|cluster/(list|add|update|remove))",
        query in "((node|cluster|cpu|cqlPort|constraints|cassandraDotYaml)=[0-9a-z*.,=%\\[\\]\\\\]{0,9}&){0,4}timeout=0s",
    ) {
        let (mut rig, _) = running();
        let told = rig.get(&format!("/api/{call}?{query}"));
        proptest::prop_assert_eq!(told.matches("reply ").count(), 1, "{}", told);
    }
}
