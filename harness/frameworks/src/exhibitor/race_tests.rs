//! Two servers that join at the same time: what becomes of the list of servers.

use std::sync::Arc;
use std::time::Duration;

use stacklab_machine::http::{Method, Request};
use stacklab_machine::process::{ExchangeId, Input, Output, ZkError, ZkOp, ZkReply};
use stacklab_machine::{Machine, Outbox, Pace, Rng, Step, Time};
use stacklab_mesos::{ExecutorEvent, Resources, TaskInfo};

use super::ExhibitorExecutor;
use super::server::Server;
use crate::base::{Context, Executor, web};

/// An Exhibitor, and the one node that it shares with the others.
struct World {
    exhibitor: Executor<ExhibitorExecutor>,
    now: Time,
    node: (String, i32),
    answers: Vec<String>,
}

impl World {
    fn new(pace: Pace) -> Self {
        let context = Context::new("c", Rng::new(1), pace);
        let node = (String::from("servers-spec=S\\:0\\:a\n"), 1);
        let exhibitor = Executor::new(ExhibitorExecutor::new(), context);
        let mut world = Self { exhibitor, now: Time::SIM_START, node, answers: Vec::new() };
        let mut config = Server::new("2").config;
        for (key, value) in [
            ("configtype", "zookeeper"),
            ("zkconfigconnect", "zk0:2181"),
            ("zkconfigzpath", "/exhibitor/config"),
            ("port", "31150"),
        ] {
            config.exhibitor.insert(key.into(), value.into());
        }
        let mut task = TaskInfo::new("exhibitor-2-x", "exhibitor-2", "S0".into(), Resources::new());
        task.data = Some(web::compact(&config).into_bytes());
        world.give(Input::Start);
        world.give(Input::Mesos(ExecutorEvent::Launch(Arc::new(task))));
        world
    }

    fn give(&mut self, input: Input<ExecutorEvent>) {
        let mut out = Outbox::new();
        self.exhibitor.handle(self.now, input, &mut out);
        self.settle(out);
    }

    fn settle(&mut self, mut out: Outbox<Output<stacklab_mesos::ExecutorCall>>) {
        for step in out.drain().collect::<Vec<_>>() {
            match step {
                Step::Output(Output::Zk { call, op, .. }) => {
                    let result = self.zookeeper(op);
                    self.give(Input::Zk { call, result });
                }
                Step::Output(Output::Respond { response, .. }) => self.answers.push(response.text().into()),
                _ => {}
            }
        }
    }

    fn zookeeper(&mut self, op: ZkOp) -> Result<ZkReply, ZkError> {
        match op {
            ZkOp::Get { .. } => {
                Ok(ZkReply::Data { data: self.node.0.clone().into_bytes(), version: self.node.1 })
            }
            ZkOp::Set { path, version, .. } if version != self.node.1 => Err(ZkError::BadVersion(path)),
            ZkOp::Set { data, .. } => {
                self.node = (String::from_utf8(data).expect("properties"), self.node.1 + 1);
                Ok(ZkReply::Done)
            }
            other => panic!("{other:?}"),
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.exhibitor.wake_at().filter(|at| *at <= end) {
            self.now = at;
            let mut out = Outbox::new();
            self.exhibitor.wake(self.now, &mut out);
            self.settle(out);
        }
        self.now = end;
    }

    fn answer(&mut self, request: Request) -> String {
        self.give(Input::Http { exchange: ExchangeId(1), request });
        self.answers.pop().expect("an answer")
    }
}

/// Server 2 joins by a list that it read before server 1 joined, after its Exhibitor has seen the newer one.
fn join_late(world: &mut World) -> String {
    assert!(world.answer(Request::get("/exhibitor/v1/config/get-state")).contains("S:0:a"));
    world.node = ("servers-spec=S\\:0\\:a,S\\:1\\:b\n".into(), 2);
    world.pass(Duration::from_secs(31));
    let list = r#"{"serversSpec":"S:0:a,S:2:c"}"#;
    world.answer(Request::json(Method::Post, "/exhibitor/v1/config/set", list))
}

#[test]
fn the_originals_race_loses_a_server() {
    let mut world = World::new(Pace::REAL);
    assert!(join_late(&mut world).contains(r#""succeeded":true"#));
    assert!(world.node.0.contains("S\\:0\\:a,S\\:2\\:c"), "{}", world.node.0);
}

#[test]
fn a_faster_pace_does_not_make_the_race_likely() {
    let mut world = World::new(Pace::FAST);
    let refused = join_late(&mut world);
    assert!(refused.contains("Another process has updated the config"), "{refused}");
    let state = world.answer(Request::get("/exhibitor/v1/config/get-state"));
    assert!(state.contains("S:0:a,S:1:b"), "the next try sees both: {state}");
    let list = r#"{"serversSpec":"S:0:a,S:1:b,S:2:c"}"#;
    let set = Request::json(Method::Post, "/exhibitor/v1/config/set", list);
    assert!(world.answer(set).contains(r#""succeeded":true"#));
}
