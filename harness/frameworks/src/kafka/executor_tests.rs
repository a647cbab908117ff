//! The executor as a whole.

use std::sync::Arc;

use expect_test::expect;
use stacklab_machine::process::{Input, Output};
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::{Machine, Outbox, Time};
use stacklab_mesos::{ExecutorEvent, Resources, TaskInfo};

use super::rig::{Rig, context};
use super::{Broker, BrokerWork};
use crate::base::{Executor, TextMap, web};

const FILES: [&str; 2] = ["kafka-mesos-0.9.2.0.jar", "kafka_2.10-0.8.2.2/"];
const DEFAULTS: &str = "broker.id=70,port=31250,log.dirs=kafka-logs,log.retention.bytes=10737418240,\
                        zookeeper.connect=zk0:2181/ch,host.name=slave0";

fn task(change: impl Fn(&mut Broker)) -> Arc<TaskInfo> {
    let mut broker = Broker::new("70");
    change(&mut broker);
    let mut data = TextMap::default();
    data.insert("broker", Some(web::spaced(&broker)));
    data.insert("defaults", Some(DEFAULTS.into()));
    let mut task = TaskInfo::new("broker-70-1", "broker-70", "S1".into(), Resources::new());
    task.data = Some(data.to_string().into_bytes());
    Arc::new(task)
}

fn rig() -> Rig<Executor<BrokerWork>> {
    Rig::executor(BrokerWork::new(), &FILES)
}

fn kill() -> ExecutorEvent {
    ExecutorEvent::Kill { task_id: "broker-70-1".into(), kill_policy: None }
}

fn exited(code: i32) -> Input<ExecutorEvent> {
    Input::Service(ServiceEvent::Exited { code, message: "bye".into() })
}

fn properties(change: impl Fn(&mut Broker)) -> String {
    let mut executor = Executor::new(BrokerWork::new(), context(&FILES));
    let mut out = Outbox::new();
    executor.handle(Time::SIM_START, Input::Mesos(ExecutorEvent::Launch(task(change))), &mut out);
    let spec = out.take_outputs().into_iter().find_map(|output| match output {
        Output::StartService(spec) => Some(*spec),
        _ => None,
    });
    let Some(ServiceSpec::Kafka(spec)) = spec else { panic!("no Kafka: {spec:?}") };
    spec.properties.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

#[test]
fn lays_options_over_the_archives_file() {
    let found = properties(|broker| {
        let options = "num.io.threads=4,log.dirs=/data/$id,host.name=h,port=9,zookeeper.connect=z";
        broker.options = TextMap::parse(options).expect("options");
        broker.bind_address = Some("if:eth1".into());
    });
    expect![[r#"
        broker.id=70
        host.name=slave0
        log.cleaner.enable=false
        log.dirs=/data/70
        log.retention.bytes=10737418240
        log.retention.check.interval.ms=300000
        log.retention.hours=168
        log.segment.bytes=1073741824
        num.io.threads=4
        num.network.threads=3
        num.partitions=1
        num.recovery.threads.per.data.dir=1
        port=9
        socket.receive.buffer.bytes=102400
        socket.request.max.bytes=104857600
        socket.send.buffer.bytes=102400
        zookeeper.connect=z
        zookeeper.connection.timeout.ms=6000
    "#]]
    .assert_eq(&found);
}

#[test]
fn resolves_addresses() {
    for (address, host_name) in [("slave*", "slave0"), ("if:eth0", "slave0"), ("other", "other")] {
        let found = properties(|broker| broker.bind_address = Some(address.into()));
        assert!(found.contains(&format!("host.name={host_name}\n")), "{address}");
    }
}

#[test]
fn runs_and_stops() {
    let mut rig = rig();
    let mut told = rig.give(Input::Start);
    told += &rig.agent(ExecutorEvent::Launch(task(|_| {})));
    told += &rig.give(Input::Service(ServiceEvent::Started));
    told += &rig.give(Input::Service(ServiceEvent::Log("starting".into())));
    told += &rig.give(Input::Service(ServiceEvent::Ready));
    told += &rig.agent(kill());
    told += &rig.agent(kill());
    told += &rig.give(exited(0));
    told += &rig.give(exited(0));
    expect![[r#"
        SUBSCRIBE
        log [launchTask] broker-70-1
        log Starting KafkaServer
        start kafka
        log starting
        TASK_RUNNING slave0:31250
        log [killTask] broker-70-1
        log Stopping KafkaServer
        stop service
        log [killTask] broker-70-1
        log Kafka ended with exit code 0: bye
        TASK_FINISHED
        exit 0
    "#]]
    .assert_eq(&told);
}

#[test]
fn ends_with_kafka() {
    let mut told = String::new();
    for (ready, code) in [(false, 1), (false, 0), (true, 137), (true, 0)] {
        let mut rig = rig();
        rig.agent(ExecutorEvent::Launch(task(|_| {})));
        if ready {
            rig.give(Input::Service(ServiceEvent::Ready));
        }
        told += &format!("-- ready {ready}, code {code}\n");
        told += &rig.give(exited(code));
    }
    expect![[r#"
        -- ready false, code 1
        log Kafka ended with exit code 1: bye
        exit 1
        -- ready false, code 0
        log Kafka ended with exit code 0: bye
        exit 1
        -- ready true, code 137
        log Kafka ended with exit code 137: bye
        exit 137
        -- ready true, code 0
        log Kafka ended with exit code 0: bye
        TASK_FINISHED
        exit 0
    "#]]
    .assert_eq(&told);
}

#[test]
fn fails_what_it_cannot_start() {
    let mut told = String::new();
    let mut nonsense = TaskInfo::clone(&task(|_| {}));
    nonsense.data = Some(b"broker={".to_vec());
    told += &rig().agent(ExecutorEvent::Launch(Arc::new(nonsense)));
    let mask = task(|broker| broker.bind_address = Some("192.168.50.*".into()));
    told += &rig().agent(ExecutorEvent::Launch(mask));
    told += &Rig::executor(BrokerWork::new(), &FILES[..1]).agent(ExecutorEvent::Launch(task(|_| {})));
    expect![[r#"
        log [launchTask] broker-70-1
        TASK_FAILED java.lang.IllegalArgumentException: Failed to parse json: broker={
        exit 0
        log [launchTask] broker-70-1
        TASK_FAILED java.lang.IllegalStateException: Failed to resolve 192.168.50.*
        exit 0
        log [launchTask] broker-70-1
        TASK_FAILED java.lang.IllegalStateException: Kafka distribution dir not found
        exit 0
    "#]]
    .assert_eq(&told);
}

#[test]
fn leaves_at_once_when_told() {
    let mut rig = rig();
    rig.agent(ExecutorEvent::Launch(task(|_| {})));
    let mut told = rig.agent(ExecutorEvent::Message { data: b"hello".to_vec() });
    told += &rig.agent(ExecutorEvent::Message { data: b"stop".to_vec() });
    told += &Rig::executor(BrokerWork::new(), &FILES).agent(ExecutorEvent::Shutdown);
    expect![[r#"
        log [frameworkMessage] hello
        log [frameworkMessage] stop
        exit 0
        log [shutdown]
        exit 0
    "#]]
    .assert_eq(&told);
}
