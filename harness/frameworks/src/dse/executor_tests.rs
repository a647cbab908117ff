//! The executor as a whole.

use std::sync::Arc;

use expect_test::expect;
use stacklab_machine::process::{Input, Output};
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::{Machine, Outbox, Time};
use stacklab_mesos::{ExecutorEvent, Resources, TaskInfo};

use super::api::{add_or_update_cluster, add_or_update_nodes};
use super::{NodeWork, Nodes, Port, Reservation, Runtime};
use crate::base::{Executor, web};
use crate::kafka::params::params;
use crate::kafka::rig::{Rig, context};

const FILES: [&str; 2] = ["dse-mesos-0.2.jar", "dse/"];

fn task(cluster: &str, node: &str, seeds: &[&str]) -> Arc<TaskInfo> {
    let mut nodes = Nodes::default();
    add_or_update_cluster(&mut nodes, true, &params(&format!("cluster=c1&{cluster}"))).expect("cluster");
    add_or_update_nodes(&mut nodes, true, &params(&format!("node=70&cluster=c1&{node}"))).expect("node");
    let ports = Port::ALL.into_iter().zip(31000..).collect();
    let node = nodes.node_mut("70").expect("node 70");
    node.runtime = Some(Runtime {
        task_id: "cassandra-70-1".into(),
        executor_id: "cassandra-70-1".into(),
        slave_id: "S1".into(),
        hostname: "slave0".into(),
        address: None,
        seeds: seeds.iter().map(|seed| (*seed).to_owned()).collect(),
        attributes: [].into(),
        reservation: Reservation { cpus: 0.5, mem: 512, ports, ignored: Vec::new() },
    });
    let node = nodes.node("70").expect("node 70");
    let mut task = TaskInfo::new("cassandra-70-1", "cassandra-70", "S1".into(), Resources::new());
    task.data = Some(web::spaced(&nodes.show(node)).into_bytes());
    Arc::new(task)
}

fn rig() -> Rig<Executor<NodeWork>> {
    Rig::executor(NodeWork::new(), &FILES)
}

fn launch() -> ExecutorEvent {
    ExecutorEvent::Launch(task("", "", &[]))
}

fn kill() -> ExecutorEvent {
    ExecutorEvent::Kill { task_id: "cassandra-70-1".into(), kill_policy: None }
}

fn ready() -> Input<ExecutorEvent> {
    Input::Service(ServiceEvent::Ready)
}

fn exited(code: i32) -> Input<ExecutorEvent> {
    Input::Service(ServiceEvent::Exited { code, message: "bye".into() })
}

fn started(task: Arc<TaskInfo>) -> String {
    let mut executor = Executor::new(NodeWork::new(), context(&FILES));
    let mut out = Outbox::new();
    executor.handle(Time::SIM_START, Input::Mesos(ExecutorEvent::Launch(task)), &mut out);
    let spec = out.take_outputs().into_iter().find_map(|output| match output {
        Output::StartService(spec) => Some(*spec),
        _ => None,
    });
    let Some(ServiceSpec::Cassandra(spec)) = spec else { panic!("no Cassandra: {spec:?}") };
    format!("{spec:#?}\n")
}

#[test]
fn makes_the_configuration() {
    expect![[r#"
        CassandraSpec {
            cluster_name: "c1",
            address: "slave0",
            cql_port: 31002,
            storage_port: 31000,
            jmx_port: 31001,
            thrift_port: 31003,
            seeds: [
                "slave0",
            ],
            dc: "default",
            rack: "default",
            yaml: {},
        }
    "#]]
    .assert_eq(&started(task("", "", &[])));
    let full = started(task(
        "bindAddress=10.*,slave*",
        "rack=r1&dc=d1&dataFileDirs=/d1,/d2&cassandraDotYaml=num_tokens%3D8,commitlog_directory%3D/c&commitLogDir=/x",
        &["s1", "s2"],
    ));
    expect![[r#"
        CassandraSpec {
            cluster_name: "c1",
            address: "slave0",
            cql_port: 31002,
            storage_port: 31000,
            jmx_port: 31001,
            thrift_port: 31003,
            seeds: [
                "s1",
                "s2",
            ],
            dc: "d1",
            rack: "r1",
            yaml: {
                "commitlog_directory": "/c",
                "data_file_directories": "/d1,/d2",
                "num_tokens": "8",
            },
        }
    "#]]
    .assert_eq(&full);
}

#[test]
fn runs_on_its_grid_and_stops() {
    let mut rig = rig();
    let mut told = rig.give(Input::Start);
    told += &rig.agent(launch());
    told += &rig.pass(11);
    told += &rig.give(ready());
    told += &rig.pass(3);
    told += "-- 14 s\n";
    told += &rig.pass(1);
    told += &rig.agent(kill());
    told += &rig.give(exited(143));
    expect![[r#"
        SUBSCRIBE
        log [launchTask] cassandra-70-1
        TASK_STARTING
        log Starting Cassandra process
        start cassandra
        -- 14 s
        log Node jumped to normal state
        TASK_RUNNING slave0
        log [killTask] cassandra-70-1
        log Stopping Cassandra process
        stop service
        log Cassandra process ended with exit code 143: bye
        TASK_FINISHED
        exit 0
    "#]]
    .assert_eq(&told);
}

#[test]
fn an_end_that_nobody_asked_for_is_a_failure() {
    let mut told = String::new();
    for code in [0, 1, 137] {
        let mut rig = rig();
        rig.agent(launch());
        rig.give(ready());
        rig.pass(5);
        told += &rig.give(exited(code));
    }
    expect![[r#"
        log Cassandra process ended with exit code 0: bye
        TASK_FAILED exitCode=0
        exit 0
        log Cassandra process ended with exit code 1: bye
        TASK_FAILED exitCode=1
        exit 0
        log Cassandra process ended with exit code 137: bye
        TASK_FAILED exitCode=137
        exit 0
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_death_before_it_is_ready_hangs_until_a_kill() {
    let mut rig = rig();
    rig.agent(launch());
    let mut told = rig.give(exited(1));
    told += &rig.pass(3600);
    told += "-- an hour later\n";
    told += &rig.pass(1);
    told += &rig.agent(kill());
    told += &rig.pass(3);
    told += "-- the poll\n";
    told += &rig.pass(1);
    expect![[r#"
        log Cassandra process ended with exit code 1: bye
        -- an hour later
        log [killTask] cassandra-70-1
        log Stopping Cassandra process
        -- the poll
        TASK_RUNNING slave0
        TASK_FAILED exitCode=1
        exit 0
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_kill_while_starting_still_tells_of_running() {
    let mut rig = rig();
    rig.agent(launch());
    rig.pass(2);
    let mut told = rig.agent(kill());
    told += &rig.pass(1);
    told += &rig.give(exited(143));
    told += "-- the poll\n";
    told += &rig.pass(2);
    expect![[r#"
        log [killTask] cassandra-70-1
        log Stopping Cassandra process
        stop service
        log Cassandra process ended with exit code 143: bye
        -- the poll
        TASK_RUNNING slave0
        TASK_FINISHED
        exit 0
    "#]]
    .assert_eq(&told);
}

#[test]
fn fails_what_it_cannot_start() {
    let mut told = Rig::executor(NodeWork::new(), &FILES[..1]).agent(launch());
    let mut nonsense = TaskInfo::clone(&task("", "", &[]));
    nonsense.data = Some(b"{}".to_vec());
    told += &rig().agent(ExecutorEvent::Launch(Arc::new(nonsense)));
    told += &rig().agent(ExecutorEvent::Launch(task("bindAddress=192.168.50.*", "", &[])));
    told += &rig().agent(kill());
    told += &rig().agent(ExecutorEvent::Shutdown);
    expect![[r#"
        log [launchTask] cassandra-70-1
        log java.lang.IllegalStateException: Either cassandra or dse dir should exist
        exit 1
        log [launchTask] cassandra-70-1
        TASK_STARTING
        TASK_FAILED java.lang.IllegalArgumentException: Failed to parse json: {}
        exit 0
        log [launchTask] cassandra-70-1
        TASK_STARTING
        TASK_FAILED java.lang.IllegalStateException: Failed to resolve address 192.168.50.* or allocate port 31000
        exit 0
        log [killTask] cassandra-70-1
        log [shutdown]
        exit 0
    "#]].assert_eq(&told);
}
