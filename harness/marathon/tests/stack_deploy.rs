//! Stack Deploy's run and Marathon, talking to each other: what one writes the other must read.

use std::sync::Arc;
use std::time::Duration;

use stacklab_machine::http::Response;
use stacklab_machine::process::{CallId, ExchangeId, Input, Output};
use stacklab_machine::{Machine, Outbox, Pace, Step, Streams, Time};
use stacklab_marathon::{Marathon, MarathonConfig};
use stacklab_mesos::v1::{Address, MasterInfo};
use stacklab_mesos::{FrameworkId, Offer, SchedulerCall, SchedulerEvent, TaskState, TaskStatus};
use stacklab_stack::{Run, RunConfig, Stack};

const STACK: &str = "name: s\napplications:\n  first: {type: x, id: first, cpu: 0.5, mem: 64, launch_command: a, healthcheck: /health}\n  \
    second: {type: kafka-mesos-0.9.x, id: second, cpu: 0.5, mem: 64, ports: [31990], launch_command: b, dependencies: [first], \
    tasks: {brokers: {id: 0}}}\n";

/// Both machines, and a master that offers one agent whenever offers are asked for.
struct World {
    run: Run,
    marathon: Marathon,
    now: Time,
    to_run: Outbox<Output<stacklab_stack::OnceRequest>>,
    to_marathon: Outbox<Output<SchedulerCall>>,
    requests: Vec<String>,
    exit: Option<i32>,
}

impl World {
    fn tell(&mut self, event: SchedulerEvent) {
        self.marathon.handle(self.now, Input::Mesos(event), &mut self.to_marathon);
    }

    /// Carries out what both have said, until neither says anything.
    fn turn(&mut self) {
        while !self.to_run.is_empty() || !self.to_marathon.is_empty() {
            let steps: Vec<_> = self.to_run.drain().collect();
            for step in steps {
                match step {
                    Step::Output(Output::Http { call, request, .. }) => {
                        self.requests.push(request.path_and_query().to_owned());
                        if request.authority() == "10.0.0.1:8080" {
                            let exchange = ExchangeId(call.0);
                            let input = Input::Http { exchange, request };
                            self.marathon.handle(self.now, input, &mut self.to_marathon);
                        } else {
                            let result = Ok(Response::json(200, r#"{"status":"started"}"#));
                            self.run.handle(self.now, Input::HttpReply { call, result }, &mut self.to_run);
                        }
                    }
                    Step::Output(Output::Exit { code }) => self.exit = Some(code),
                    _ => {}
                }
            }
            let steps: Vec<_> = self.to_marathon.drain().collect();
            for step in steps {
                if let Step::Output(output) = step {
                    self.carry_out(output);
                }
            }
        }
    }

    fn carry_out(&mut self, output: Output<SchedulerCall>) {
        match output {
            Output::Respond { exchange, response } => {
                let reply = Input::HttpReply { call: CallId(exchange.0), result: Ok(response) };
                self.run.handle(self.now, reply, &mut self.to_run);
            }
            Output::Http { call, .. } => {
                let result = Ok(Response::empty(200));
                self.marathon.handle(self.now, Input::HttpReply { call, result }, &mut self.to_marathon);
            }
            Output::Mesos(SchedulerCall::Revive { .. }) => self.tell(SchedulerEvent::Offers(vec![offer()])),
            Output::Mesos(SchedulerCall::Accept { tasks, .. }) => {
                for task in tasks {
                    self.tell(SchedulerEvent::Update(TaskStatus::new(task.task_id, TaskState::Running)));
                }
            }
            _ => {}
        }
    }
}

fn address() -> Address {
    Address { hostname: "agent".into(), ip: "10.0.0.2".into(), port: 5051 }
}

fn offer() -> Offer {
    Offer {
        id: "O1".into(),
        framework_id: FrameworkId::from("fw"),
        agent_id: "S0".into(),
        hostname: "agent".into(),
        address: Arc::new(address()),
        resources: "cpus:4;mem:1024;ports:[31000-32000]".parse().unwrap_or_default(),
        attributes: Arc::new([]),
        executor_ids: Vec::new(),
        allocation_role: None,
    }
}

#[test]
fn a_stack_runs_on_this_marathon() {
    let mut config = RunConfig::new(Stack::parse(STACK).unwrap().stack, "http://10.0.0.1:8080");
    config.pace = Pace::FAST;
    let mut settings = MarathonConfig::new("10.0.0.1", 8080, "zk://10.0.0.1:2181/mesos");
    settings.pace = Pace::FAST;
    let mut world = World {
        run: Run::new(config),
        marathon: Marathon::new(settings, Streams::new(1)),
        now: Time::SIM_START,
        to_run: Outbox::new(),
        to_marathon: Outbox::new(),
        requests: Vec::new(),
        exit: None,
    };
    world.marathon.handle(world.now, Input::Start, &mut world.to_marathon);
    let master = MasterInfo { id: "m".into(), address: address(), pid: "m".into(), version: "1.11.0".into() };
    world.tell(SchedulerEvent::Subscribed {
        framework_id: FrameworkId::from("fw"),
        heartbeat_interval: Duration::from_secs(15),
        master: Arc::new(master),
    });
    world.run.handle(world.now, Input::Start, &mut world.to_run);
    for _ in 0..1000 {
        world.turn();
        let wakes = [world.run.wake_at(), world.marathon.wake_at()];
        let Some(at) = wakes.into_iter().flatten().min().filter(|_| world.exit.is_none()) else { break };
        world.now = world.now.max(at);
        world.run.wake(world.now, &mut world.to_run);
        world.marathon.wake(world.now, &mut world.to_marathon);
    }
    assert_eq!((world.run.outcome(), world.exit), (Some(Ok(())), Some(0)));
    assert_eq!(world.run.variables().get("mesos.master"), Some("zk://10.0.0.1:2181/mesos"));
    assert_eq!(world.run.variables().get("second.api"), Some("http://agent:31990"));
    assert_eq!(world.requests.last().map(String::as_str), Some("/api/broker/start?broker=0"));
}
