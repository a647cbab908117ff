//! The scheduler as a whole: what goes in, what comes out, in order.

use std::sync::Arc;

use expect_test::{Expect, expect};
use stacklab_machine::process::Input;
use stacklab_machine::service::ServiceEvent;
use stacklab_mesos::{ExecutorEvent, SchedulerEvent, TaskState};

use super::rig::{Rig, sandbox};
use super::{BrokerWork, KafkaMesos};
use crate::base::Scheduler;

const LINE: &str =
    "--api http://slave0:31990 --master m:5050 --zk zk0:2181 --storage zk:/kafka-mesos --debug true";
const FILES: [&str; 2] = ["kafka-mesos-0.9.2.0.jar", "kafka_2.10-0.8.2.2.tgz"];
const BIG: &str = "O1 slave0 cpus:4;mem:4096;ports:[31000-32000] rack:r1";

fn rig() -> Rig<Scheduler<KafkaMesos>> {
    let mut rig = Rig::scheduler(LINE, &FILES);
    rig.begin();
    rig
}

/// A rig with broker 70 running.
fn running() -> (Rig<Scheduler<KafkaMesos>>, String) {
    let mut rig = rig();
    rig.get("/api/broker/add?broker=70&cpus=0.5&mem=1024&port=31250&constraints=hostname%3Dunique");
    rig.get("/api/broker/start?broker=70&timeout=10m");
    rig.offers(BIG);
    let task = task(&rig);
    rig.status(&task, TaskState::Running, "slave0:31250");
    (rig, task)
}

fn task(rig: &Rig<Scheduler<KafkaMesos>>) -> String {
    rig.task.as_ref().expect("a launch").task_id.to_string()
}

fn check(found: &str, expected: &Expect) {
    expected.assert_eq(found);
}

#[test]
fn starts_a_broker_for_the_deploy_tool() {
    let mut rig = Rig::<Scheduler<KafkaMesos>>::scheduler(LINE, &FILES);
    let mut told = rig.begin();
    told += &rig.get("/api/broker/add?broker=70&constraints=hostname%3Dunique&cpus=0.5&mem=1024&port=31250");
    told += &rig.get("/api/broker/start?broker=70&timeout=10m");
    told += &rig.offers("O1 slave0 cpus:0.4;mem:4096;ports:[31000-32000]");
    told += &rig.offers("O2 slave0 cpus:4;mem:4096;ports:[31000-32000] rack:r1;n:3");
    let task = task(&rig);
    told += &rig.status(&task, TaskState::Staging, "");
    told += &rig.status(&task, TaskState::Running, "slave0:31250");
    told += &rig.offers("O3 slave0 cpus:4;mem:4096;ports:[31000-32000]");
    check(
        &told,
        &expect![[r#"
        listen 31990
        log started on http://slave0:31990
        attach m:5050
        SUBSCRIBE kafka as None
        log [registered] framework:F1
        RECONCILE []
        reply 1: 200 {"brokers" : [{"id" : "70", "active" : false, "cpus" : 0.5, "mem" : 1024, "heap" : 1024, "port" : "31250", "constraints" : "hostname=unique", "stickiness" : {"period" : "10m"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}}]}
        event broker 70 stopped -> starting
        log Declined offers: | slave0#O1 - broker 70: cpus < 0.5
        event declined O1: [broker 70] broker 70: cpus < 0.5
        DECLINE O1
        log Starting broker 70: launching task broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea by offer slave0#O2
        ACCEPT O2 for cpus:0.5; mem:1024; ports:[31250-31250]
        log [statusUpdate] broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea TASK_STAGING slave:S-slave0
        log Got unexpected task state: TASK_STAGING
        log [statusUpdate] broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea TASK_RUNNING slave:S-slave0
        event broker 70 starting -> running
        reply 2: 200 {"status" : "started", "brokers" : [{"id" : "70", "active" : true, "cpus" : 0.5, "mem" : 1024, "heap" : 1024, "port" : "31250", "constraints" : "hostname=unique", "stickiness" : {"period" : "10m", "hostname" : "slave0"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}, "task" : {"id" : "broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea", "slaveId" : "S-slave0", "executorId" : "broker-70-92f89756-082a-4514-a42e-1c7bc266a3a7", "hostname" : "slave0", "endpoint" : "slave0:31250", "attributes" : {"rack" : "r1"}, "state" : "running"}}]}
        event declined O3: 
        DECLINE O3
    "#]],
    );
    check(
        &rig.zk["/kafka-mesos"],
        &expect![[
            r#"{"brokers" : [{"id" : "70", "active" : true, "cpus" : 0.5, "mem" : 1024, "heap" : 1024, "port" : "31250", "constraints" : "hostname=unique", "stickiness" : {"period" : "10m", "hostname" : "slave0"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}, "task" : {"id" : "broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea", "slaveId" : "S-slave0", "executorId" : "broker-70-92f89756-082a-4514-a42e-1c7bc266a3a7", "hostname" : "slave0", "endpoint" : "slave0:31250", "attributes" : {"rack" : "r1"}, "state" : "running"}}], "frameworkId" : "F1"}"#
        ]],
    );
    let launched = rig.task.expect("a launch");
    let executor = launched.executor.expect("an executor");
    let command = executor.command.expect("a command");
    let uris: Vec<_> = command.uris.iter().map(|uri| uri.value.as_str()).collect();
    let shown = format!(
        "{} in {}\n{}\n{}\n{}\n",
        launched.name,
        executor.name.unwrap_or_default(),
        command.value.unwrap_or_default(),
        uris.join(" "),
        String::from_utf8(launched.data.expect("data")).expect("text"),
    );
    check(
        &shown,
        &expect![[r#"
        broker-70 in broker-70
        java -cp kafka-mesos-0.9.2.0.jar -Xmx1024m -Ddebug ly.stealth.mesos.kafka.Executor
        http://slave0:31990/jar/kafka-mesos-0.9.2.0.jar http://slave0:31990/kafka/kafka_2.10-0.8.2.2.tgz
        broker={"id" : "70"\, "active" : true\, "cpus" : 0.5\, "mem" : 1024\, "heap" : 1024\, "port" : "31250"\, "constraints" : "hostname\=unique"\, "stickiness" : {"period" : "10m"}\, "failover" : {"delay" : "1m"\, "maxDelay" : "10m"}},defaults=broker.id\=70\,port\=31250\,log.dirs\=kafka-logs\,log.retention.bytes\=10737418240\,zookeeper.connect\=zk0:2181\,host.name\=slave0
    "#]],
    );
}

#[test]
fn its_executor_understands_it() {
    let mut rig = rig();
    rig.get("/api/broker/add?broker=70&cpus=0.5&mem=1024&port=31250&options=num.io.threads%3D4");
    rig.get("/api/broker/start?broker=70&timeout=10m");
    rig.offers(BIG);
    let launched = rig.task.clone().expect("a launch");
    let files = sandbox(&launched);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let mut executor = Rig::executor(BrokerWork::new(), &files);
    let mut told = executor.agent(ExecutorEvent::Launch(Arc::new(launched)));
    told += &executor.give(Input::Service(ServiceEvent::Ready));
    let data = told.lines().find_map(|line| line.strip_prefix("TASK_RUNNING ")).expect("RUNNING").to_owned();
    let task = task(&rig);
    let reply = rig.status(&task, TaskState::Running, &data);
    assert!(reply.contains("reply 2: 200 {\"status\" : \"started\""), "{reply}");
    check(
        &told,
        &expect![[r#"
        log [launchTask] broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea
        log Starting KafkaServer
        start kafka
        TASK_RUNNING slave0:31250
    "#]],
    );
}

#[test]
fn a_timeout_is_a_reply_and_nothing_is_undone() {
    let mut rig = rig();
    rig.get("/api/broker/add?broker=0..1");
    let mut told = rig.get("/api/broker/start?broker=0..1&timeout=0");
    told += &rig.get("/api/broker/stop?broker=*&timeout=5s");
    told += &rig.get("/api/broker/start?broker=*&timeout=5s");
    told += &rig.pass(4);
    told += "--\n";
    told += &rig.pass(1);
    assert!(rig.zk["/kafka-mesos"].contains("\"active\" : true"));
    check(
        &told,
        &expect![[r#"
        event broker 0 stopped -> starting
        event broker 1 stopped -> starting
        reply 2: 200 {"status" : "scheduled", "brokers" : [{"id" : "0", "active" : true, "cpus" : 1.0, "mem" : 2048, "heap" : 1024, "stickiness" : {"period" : "10m"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}}, {"id" : "1", "active" : true, "cpus" : 1.0, "mem" : 2048, "heap" : 1024, "stickiness" : {"period" : "10m"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}}]}
        event broker 0 starting -> stopped
        event broker 1 starting -> stopped
        reply 3: 200 {"status" : "stopped", "brokers" : [{"id" : "0", "active" : false, "cpus" : 1.0, "mem" : 2048, "heap" : 1024, "stickiness" : {"period" : "10m"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}}, {"id" : "1", "active" : false, "cpus" : 1.0, "mem" : 2048, "heap" : 1024, "stickiness" : {"period" : "10m"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}}]}
        event broker 0 stopped -> starting
        event broker 1 stopped -> starting
        --
        reply 4: 200 {"status" : "timeout", "brokers" : [{"id" : "0", "active" : true, "cpus" : 1.0, "mem" : 2048, "heap" : 1024, "stickiness" : {"period" : "10m"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}}, {"id" : "1", "active" : true, "cpus" : 1.0, "mem" : 2048, "heap" : 1024, "stickiness" : {"period" : "10m"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}}]}
    "#]],
    );
}

#[test]
fn stops_with_the_next_offers_only() {
    let (mut rig, task) = running();
    let mut told = rig.get("/api/broker/stop?broker=70&timeout=30s");
    told += &rig.pass(10);
    told += "-- offers\n";
    told += &rig.offers(BIG);
    told += &rig.status(&task, TaskState::Finished, "");
    told += &rig.offers(BIG);
    told += &rig.get("/api/broker/remove?broker=70");
    check(
        &told,
        &expect![[r#"
        -- offers
        event declined O1: 
        DECLINE O1
        log Stopping broker 70: killing task broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea
        KILL broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea
        event broker 70 running -> stopping
        log [statusUpdate] broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea TASK_FINISHED slave:S-slave0
        event broker 70 stopping -> stopped
        reply 3: 200 {"status" : "stopped", "brokers" : [{"id" : "70", "active" : false, "cpus" : 0.5, "mem" : 1024, "heap" : 1024, "port" : "31250", "constraints" : "hostname=unique", "stickiness" : {"period" : "10m", "stopTime" : "2016-03-01 00:00:10.000", "hostname" : "slave0"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}}]}
        event declined O1: 
        DECLINE O1
        reply 4: 200 {"ids" : "70"}
    "#]],
    );
    check(&rig.zk["/kafka-mesos"], &expect![[r#"{"frameworkId" : "F1"}"#]]);
}

#[test]
fn force_sends_a_message() {
    let (mut rig, task) = running();
    let mut told = rig.get("/api/broker/stop?broker=70&timeout=0&force");
    told += &rig.status(&task, TaskState::Lost, "");
    check(
        &told,
        &expect![[r#"
        log Stopping broker 70 forcibly: sending 'stop' message
        MESSAGE stop to broker-70-92f89756-082a-4514-a42e-1c7bc266a3a7
        reply 3: 200 {"status" : "scheduled", "brokers" : [{"id" : "70", "active" : false, "cpus" : 0.5, "mem" : 1024, "heap" : 1024, "port" : "31250", "constraints" : "hostname=unique", "stickiness" : {"period" : "10m", "hostname" : "slave0"}, "failover" : {"delay" : "1m", "maxDelay" : "10m"}, "task" : {"id" : "broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea", "slaveId" : "S-slave0", "executorId" : "broker-70-92f89756-082a-4514-a42e-1c7bc266a3a7", "hostname" : "slave0", "endpoint" : "slave0:31250", "attributes" : {"rack" : "r1"}, "state" : "running"}}]}
        log [statusUpdate] broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea TASK_LOST slave:S-slave0
        event broker 70 running -> stopped
    "#]],
    );
}

#[test]
fn fails_over_with_delays_and_gives_up() {
    let (mut rig, first) = running();
    rig.get("/api/broker/stop?broker=70&timeout=0&force");
    rig.status(&first, TaskState::Finished, "");
    rig.get("/api/broker/update?broker=70&failoverMaxTries=2&constraints=");
    rig.get("/api/broker/start?broker=70&timeout=0");
    rig.offers(BIG);
    let mut told = rig.status(&task(&rig), TaskState::Failed, "");
    told += &rig.pass(59);
    told += &rig.offers(BIG);
    told += &rig.pass(1);
    // The host of the last time that it ran.
    told += &rig.offers("O2 slave1 cpus:4;mem:4096;ports:[31000-32000]");
    told += &rig.offers("O3 slave0 cpus:4;mem:4096;ports:[31000-32000]");
    told += &rig.status(&task(&rig), TaskState::Lost, "");
    told += &rig.pass(600);
    told += &rig.offers(BIG);
    check(
        &told,
        &expect![[r#"
        log [statusUpdate] broker-70-b27a48e2-9a23-4673-a4c1-23126ffda722 TASK_FAILED slave:S-slave0
        log Broker 70 failed 1/2, waiting 1m, next start ~ 2016-03-01 00:01:00Z
        event broker 70 starting -> failed
        event declined O1: 
        DECLINE O1
        log Declined offers: | slave1#O2 - broker 70: hostname != stickiness host
        event declined O2: [broker 70] broker 70: hostname != stickiness host
        DECLINE O2
        log Starting broker 70: launching task broker-70-ddfdb48a-b9ed-4a21-8d3c-db8c3aa5b1d0 by offer slave0#O3
        ACCEPT O3 for cpus:0.5; mem:1024; ports:[31250-31250]
        log [statusUpdate] broker-70-ddfdb48a-b9ed-4a21-8d3c-db8c3aa5b1d0 TASK_LOST slave:S-slave0
        log Broker 70 failed 2/2, failure limit exceeded, deactivating broker
        event broker 70 starting -> stopped
        event declined O1: 
        DECLINE O1
    "#]],
    );
}

#[test]
fn reconciles_what_it_finds_in_the_document() {
    let (old, task) = running();
    let document = old.zk["/kafka-mesos"].clone();
    let restart = || {
        let mut rig = Rig::<Scheduler<KafkaMesos>>::scheduler(LINE, &FILES);
        rig.zk.insert("/kafka-mesos".into(), document.clone());
        rig
    };
    let mut rig = restart();
    let mut told = rig.begin();
    told += &rig.offers(BIG);
    // Made up by the master: no data, so the endpoint stays.
    told += &rig.status(&task, TaskState::Running, "");
    assert!(rig.zk["/kafka-mesos"].contains("\"endpoint\" : \"slave0:31250\""));
    check(
        &told,
        &expect![[r#"
        listen 31990
        log started on http://slave0:31990
        attach m:5050
        SUBSCRIBE kafka as Some(FrameworkId(F1))
        log [registered] framework:F1
        log Reconciling 1/3 state of broker 70, task broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea
        event broker 70 running -> reconciling
        RECONCILE []
        log Declined offers: | slave0#O1 - reconciling
        event declined O1: [] reconciling
        DECLINE O1
        log [statusUpdate] broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea TASK_RUNNING slave:S-slave0
        log Finished reconciling of broker 70, task broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea
        event broker 70 reconciling -> running
    "#]],
    );
    let mut rig = restart();
    let mut told = rig.begin();
    for _ in 0..4 {
        told += &rig.pass(10);
        told += &rig.offers(BIG);
    }
    check(
        &told,
        &expect![[r#"
        listen 31990
        log started on http://slave0:31990
        attach m:5050
        SUBSCRIBE kafka as Some(FrameworkId(F1))
        log [registered] framework:F1
        log Reconciling 1/3 state of broker 70, task broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea
        event broker 70 running -> reconciling
        RECONCILE []
        RECONCILE [broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea]
        log Declined offers: | slave0#O1 - reconciling
        event declined O1: [] reconciling
        DECLINE O1
        RECONCILE [broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea]
        log Declined offers: | slave0#O1 - reconciling
        event declined O1: [] reconciling
        DECLINE O1
        log Reconciling exceeded 3 tries for broker 70, sending killTask for task broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea
        KILL broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea
        event broker 70 reconciling -> starting
        log Starting broker 70: launching task broker-70-b3f2af6d-0fc7-40c5-853b-559647364cea by offer slave0#O1
        ACCEPT O1 for cpus:0.5; mem:1024; ports:[31250-31250]
        event declined O1: 
        DECLINE O1
    "#]],
    );
}

#[test]
fn a_refused_id_ends_the_process() {
    let (old, _) = running();
    let mut rig = Rig::<Scheduler<KafkaMesos>>::scheduler(LINE, &FILES);
    rig.zk = old.zk;
    let mut told = rig.give(Input::Start);
    let message = "Framework has been removed".into();
    told += &rig.mesos(SchedulerEvent::Error { message });
    check(
        &told,
        &expect![[r#"
        listen 31990
        log started on http://slave0:31990
        attach m:5050
        SUBSCRIBE kafka as Some(FrameworkId(F1))
        log [error] Framework has been removed
        exit 1
    "#]],
    );
}

#[test]
fn a_document_that_cannot_be_read_ends_the_process() {
    for (document, expected) in [
        (
            "{",
            expect![[r#"
            log Error: cannot read the stored state: EOF while parsing an object at line 1 column 1
            exit 1
        "#]],
        ),
        (
            r#"{"brokers" : [{"id" : "7"}]}"#,
            expect![[r#"
            log Error: state document: field active is missing or unreadable
            exit 1
        "#]],
        ),
    ] {
        let mut rig = Rig::<Scheduler<KafkaMesos>>::scheduler(LINE, &FILES);
        rig.zk.insert("/kafka-mesos".into(), document.into());
        check(&rig.give(Input::Start), &expected);
    }
}

#[test]
fn missing_files_and_a_missing_zookeeper_end_the_process() {
    let mut told = String::new();
    for files in [&FILES[..0], &FILES[..1]] {
        told += &Rig::<Scheduler<KafkaMesos>>::scheduler(LINE, files).give(Input::Start);
    }
    let mut rig = Rig::<Scheduler<KafkaMesos>>::scheduler(LINE, &FILES);
    rig.zk_down = true;
    told += &rig.give(Input::Start);
    check(
        &told,
        &expect![[r#"
        log Error: kafka-mesos.*\.jar not found in current dir
        exit 1
        log Error: kafka.*\.tgz not found in in current dir
        exit 1
        log cannot reach ZooKeeper at zk0:2181: refused
        exit 1
    "#]],
    );
}

#[test]
fn strangers_are_killed_or_fatal() {
    let mut rig = rig();
    rig.get("/api/broker/add?broker=7");
    let mut told = rig.status("broker-8-x", TaskState::Running, "h:1");
    told += &rig.status("broker-7-x", TaskState::Running, "h:1");
    // A late end of a former task hits the broker, whatever task it has.
    told += &rig.status("broker-7-x", TaskState::Lost, "");
    told += &rig.status("broker-8-x", TaskState::Lost, "");
    check(
        &told,
        &expect![[r#"
        log [statusUpdate] broker-8-x TASK_RUNNING slave:S-slave0
        log Got TASK_RUNNING for unknown/stopped broker, killing task broker-8-x
        KILL broker-8-x
        log [statusUpdate] broker-7-x TASK_RUNNING slave:S-slave0
        log Got TASK_RUNNING for unknown/stopped broker, killing task broker-7-x
        KILL broker-7-x
        log [statusUpdate] broker-7-x TASK_LOST slave:S-slave0
        log [statusUpdate] broker-8-x TASK_LOST slave:S-slave0
        log java.lang.NullPointerException
        exit 1
    "#]],
    );
}

#[test]
fn two_roles_in_an_offer_end_the_process() {
    let mut rig = rig();
    rig.get("/api/broker/add?broker=7");
    rig.get("/api/broker/start?broker=7&timeout=0");
    let told = rig.offers("O1 slave0 cpus(a):4;mem(b):4096");
    check(
        &told,
        &expect![[r#"
        log java.lang.IllegalArgumentException: Offer contains 2 non-default roles: a, b
        exit 1
    "#]],
    );
}

#[test]
fn serves_files_and_refuses_the_rest() {
    let mut rig = rig();
    rig.files.insert(FILES[1].into(), "archive".into());
    let told: String =
        ["/kafka/any", "/jre/jre.zip", "/health", "/api/broker/restart", "/api/topic/delete", "/x"]
            .map(|path| rig.get(path))
            .concat();
    check(
        &told,
        &expect![[r#"
        reply 1: 200 archive
        reply 2: 404 404 - uri not found
        reply 3: 200 ok
        reply 4: 404 {"code" : 404, "error" : "uri not found"}
        reply 5: 404 {"code" : 404, "error" : "uri not found"}
        reply 6: 404 404 - uri not found
    "#]],
    );
}

#[test]
fn keeps_topics_in_the_brokers_zookeeper() {
    let line = LINE.replace("zk0:2181", "zk0:2181/ch");
    let mut rig = Rig::<Scheduler<KafkaMesos>>::scheduler(&line, &FILES);
    rig.begin();
    let mut told = rig.get("/api/topic/list");
    told += &rig.get("/api/topic/add?topic=t0");
    rig.zk.insert("/ch/brokers/ids/70".into(), String::new());
    rig.zk.insert("/ch/brokers/ids/8".into(), String::new());
    for call in [
        "add?topic=t0,t1&partitions=2&replicas=2&options=retention.ms%3D5",
        "add?topic=t0,t2",
        "add?topic=t2&replicas=3",
        "add?topic=t2&broker=x&partitions=a&replicas=b&options=c",
        "add?topic=",
        "add?topic=a+b",
        "update?topic=t0",
        "update?topic=t9&options=segment.jitter.ms%3D1",
        "update?topic=t0&options=cleanup.policy%3Dcompact",
        "update?topic=t1&options=",
        "list?topic=t0,x*",
        "rebalance",
        "rebalance?topic=t0",
    ] {
        told += &rig.get(&format!("/api/topic/{call}"));
    }
    rig.zk.retain(|path, _| path != "/ch/kafka-mesos");
    for (path, data) in &rig.zk {
        told += &format!("{path} {data}\n");
    }
    rig.zk_down = true;
    told += &rig.get("/api/topic/list");
    check(
        &told,
        &expect![[r#"
        reply 1: 200 {"topics" : []}
        reply 2: 500 {"code" : 500, "error" : "org.I0Itec.zkclient.exception.ZkNoNodeException: org.apache.zookeeper.KeeperException$NoNodeException: KeeperErrorCode = NoNode for \/brokers\/ids"}
        reply 3: 200 {"topics" : [{"name" : "t0", "partitions" : {"0" : "8, 70", "1" : "70, 8"}, "options" : {"retention.ms" : "5"}}, {"name" : "t1", "partitions" : {"0" : "8, 70", "1" : "70, 8"}, "options" : {"retention.ms" : "5"}}]}
        reply 4: 400 {"code" : 400, "error" : "Topic t0 already exists"}
        reply 5: 500 {"code" : 500, "error" : "kafka.admin.AdminOperationException: replication factor: 3 larger than available brokers: 2"}
        reply 6: 400 {"code" : 400, "error" : "Invalid broker-expr; Invalid partitions; Invalid replicas; Invalid options: c"}
        reply 7: 400 {"code" : 400, "error" : "topic required"}
        reply 8: 500 {"code" : 500, "error" : "kafka.common.InvalidTopicException: topic name a b is illegal, contains a character other than ASCII alphanumerics, '.', '_' and '-'"}
        reply 9: 400 {"code" : 400, "error" : "options required"}
        reply 10: 400 {"code" : 400, "error" : "requirement failed: Unknown configuration \"segment.jitter.ms\".; Topic t9 not found"}
        reply 11: 200 {"topics" : [{"name" : "t0", "partitions" : {"0" : "8, 70", "1" : "70, 8"}, "options" : {"cleanup.policy" : "compact"}}]}
        reply 12: 200 {"topics" : [{"name" : "t1", "partitions" : {"0" : "8, 70", "1" : "70, 8"}, "options" : {}}]}
        reply 13: 200 {"topics" : [{"name" : "t0", "partitions" : {"0" : "8, 70", "1" : "70, 8"}, "options" : {"cleanup.policy" : "compact"}}]}
        reply 14: 200 {"status" : "idle", "state" : ""}
        reply 15: 400 {"code" : 400, "error" : "rebalance is not played here"}
        /ch 
        /ch/brokers/ids/70 
        /ch/brokers/ids/8 
        /ch/brokers/topics/t0 {"version":1,"partitions":{"0":[8,70],"1":[70,8]}}
        /ch/brokers/topics/t1 {"version":1,"partitions":{"0":[8,70],"1":[70,8]}}
        /ch/config/changes/config_change_0000000000 "t0"
        /ch/config/changes/config_change_0000000001 "t1"
        /ch/config/topics/t0 {"version":1,"config":{"cleanup.policy":"compact"}}
        /ch/config/topics/t1 {"version":1,"config":{}}
        reply 16: 500 {"code" : 500, "error" : "org.I0Itec.zkclient.exception.ZkTimeoutException: Unable to connect to zookeeper server within timeout: 30000"}
    "#]],
    );
}

#[test]
fn a_save_that_fails_is_told() {
    let mut rig = rig();
    rig.zk_down = true;
    let mut told = rig.get("/api/broker/add?broker=7");
    told += &rig.offers(BIG);
    check(
        &told,
        &expect![[r#"
        log cannot save the state: cannot reach ZooKeeper at zk0:2181: refused
        reply 1: 500 {"code" : 500, "error" : "cannot reach ZooKeeper at zk0:2181: refused"}
        event declined O1: 
        DECLINE O1
        log cannot save the state: cannot reach ZooKeeper at zk0:2181: refused
        exit 1
    "#]],
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_query_is_answered(
        call in "(broker/(list|add|update|start|stop|remove)|topic/(list|add|update|rebalance))",
        query in "((broker|topic|cpus|port|options|constraints|replicas)=[0-9a-z*.,=%\\[\\]\\\\]{0,9}&){0,4}timeout=0",
    ) {
        let (mut rig, _) = running();
        let told = rig.get(&format!("/api/{call}?{query}"));
        proptest::prop_assert_eq!(told.matches("reply ").count(), 1, "{}", told);
    }

    #[test]
    fn any_document_is_read_or_refused(change in 0..600usize, by in "[\\[\\]{}:,\"a1.-]{0,3}") {
        let (mut old, _) = running();
        let mut document = old.zk.remove("/kafka-mesos").expect("a document");
        let end = (change + 2).min(document.len());
        document.replace_range(change.min(end)..end, &by);
        let mut rig = Rig::<Scheduler<KafkaMesos>>::scheduler(LINE, &FILES);
        rig.zk.insert("/kafka-mesos".into(), document);
        let told = rig.give(Input::Start);
        proptest::prop_assert!(told.contains("SUBSCRIBE") || told.ends_with("exit 1\n"), "{}", told);
    }
}
