//! The executor alone: what it makes of its task.

use std::sync::Arc;

use stacklab_machine::http::{Method, Request};
use stacklab_machine::process::{ExchangeId, Input};
use stacklab_machine::service::ServiceEvent;
use stacklab_mesos::{ExecutorEvent, Resources, TaskInfo};

use super::ExhibitorExecutor;
use super::server::Server;
use crate::base::{Executor, web};
use crate::kafka::rig::{Rig, context};

type Worker = Rig<Executor<ExhibitorExecutor>>;

fn task(arguments: &[(&str, &str)]) -> Arc<TaskInfo> {
    let mut config = Server::new("70").config;
    for (key, value) in arguments {
        config.exhibitor.insert((*key).into(), (*value).into());
    }
    let mut task = TaskInfo::new("exhibitor-70-x", "exhibitor-70", "S0".into(), Resources::new());
    task.data = Some(web::compact(&config).into_bytes());
    Arc::new(task)
}

const GOOD: [(&str, &str); 4] = [
    ("configtype", "zookeeper"),
    ("zkconfigconnect", "zk0:2181"),
    ("zkconfigzpath", "/exhibitor/config"),
    ("port", "31150"),
];

#[test]
fn says_running_when_its_port_is_open() {
    let mut rig = Worker::executor(ExhibitorExecutor::new(), &[]);
    assert_eq!(rig.give(Input::Start), "SUBSCRIBE\n");
    assert_eq!(rig.agent(ExecutorEvent::Launch(task(&GOOD))), "listen 31150\nTASK_RUNNING\n");
}

#[test]
fn fails_what_exhibitor_refuses() {
    for (arguments, expected) in [
        (&GOOD[3..], "MissingConfigurationTypeException"),
        (&GOOD[..1], "--zkconfigzpath must be specified"),
        (&[("configtype", "s3")], "Configuration type not supported here: s3"),
    ] {
        let mut rig = Worker::executor(ExhibitorExecutor::new(), &[]);
        let told = rig.agent(ExecutorEvent::Launch(task(arguments)));
        assert!(told.contains("TASK_FAILED") && told.contains(expected), "{told}");
    }
    let mut broken = TaskInfo::new("exhibitor-70-x", "exhibitor-70", "S0".into(), Resources::new());
    broken.data = Some(b"{}".to_vec());
    let mut rig = Worker::executor(ExhibitorExecutor::new(), &[]);
    assert!(rig.agent(ExecutorEvent::Launch(Arc::new(broken))).contains("TASK_FAILED"));
}

#[test]
fn answers_while_the_platform_zookeeper_is_away() {
    let mut rig = Worker::executor(ExhibitorExecutor::new(), &[]);
    rig.zk_down = true;
    let told = rig.agent(ExecutorEvent::Launch(task(&GOOD)));
    assert!(told.contains("TASK_RUNNING"), "{told}");
    let mut get = |url: &str| {
        let request = Request::get(format!("/exhibitor/v1/{url}"));
        rig.give(Input::Http { exchange: ExchangeId(1), request })
    };
    let state = get("config/get-state");
    assert!(
        state.contains(r#""zookeeperInstallDirectory":"","#) && state.contains(r#""clientPort":2181"#),
        "{state}"
    );
    assert_eq!(get("cluster/status"), "reply 1: 200 []\n");
    assert!(get("cluster/state").contains(r#""description":"latent","isLeader":false"#));
    assert!(get("ui/index.html").contains("Exhibitor for ZooKeeper"));
    assert!(get("explorer/node").contains("404"));
}

#[test]
fn ends_its_task_but_not_itself() {
    let mut rig = Worker::executor(ExhibitorExecutor::new(), &[]);
    rig.agent(ExecutorEvent::Launch(task(&GOOD)));
    let kill = || ExecutorEvent::Kill { task_id: "exhibitor-70-x".into(), kill_policy: None };
    assert_eq!(rig.agent(kill()), "TASK_FINISHED\n");
    assert_eq!(rig.agent(kill()), "");
    let request = Request::get("/exhibitor/v1/config/get-state");
    assert!(rig.give(Input::Http { exchange: ExchangeId(1), request }).contains("503"));
    assert_eq!(rig.agent(ExecutorEvent::Launch(task(&GOOD))), "TASK_RUNNING\n", "on the port it has");
    assert_eq!(rig.agent(ExecutorEvent::Shutdown), "exit 0\n");
}

/// A server that leaves an ensemble of its own for a larger one still answers for a while, but what is written to it
/// then is lost: whoever waits for the ensemble has to wait for it.
#[test]
fn does_not_serve_while_it_changes_the_ensemble() {
    let mut rig = Worker::executor(ExhibitorExecutor::new(), &[]);
    let host = context(&[]).host;
    let config = format!(
        "com.netflix.exhibitor.zookeeper-install-directory=/tmp/zookeeper\n\
         com.netflix.exhibitor.servers-spec=S\\:70\\:{host}\n"
    );
    rig.zk.insert("/exhibitor/config/configs/config".into(), config);
    rig.agent(ExecutorEvent::Launch(task(&GOOD)));
    assert_eq!(rig.pass(60), "start zookeeper\n");
    rig.give(Input::Service(ServiceEvent::Ready));
    let state = |rig: &mut Worker| {
        let request = Request::get("/exhibitor/v1/cluster/state");
        rig.give(Input::Http { exchange: ExchangeId(1), request })
    };
    assert!(state(&mut rig).contains(r#""description":"serving""#));
    let body = format!(r#"{{"serversSpec":"S:70:{host},S:71:slave1"}}"#);
    let set = Request::json(Method::Post, "/exhibitor/v1/config/set", body);
    rig.give(Input::Http { exchange: ExchangeId(2), request: set });
    assert!(rig.pass(61).contains("stop service\n"));
    assert!(state(&mut rig).contains(r#""description":"not serving""#));
    let ended = ServiceEvent::Exited { code: 0, message: String::new() };
    assert!(rig.give(Input::Service(ended)).ends_with("start zookeeper\n"));
}
