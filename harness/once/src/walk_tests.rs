//! Random walks: whatever comes in whatever order, some things hold.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use stacklab_machine::process::{CallId, Input, Output};
use stacklab_machine::{Machine, Outbox, Streams, Time};
use stacklab_mesos::v1::Address;
use stacklab_mesos::{Offer, SchedulerCall, SchedulerEvent, TaskState, TaskStatus};
use stacklab_stack::{OnceApplication, OnceReply, OnceRequest};

use crate::{Framework, Heard, OnceConfig, Said};

const IDS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    Run { id: usize, instances: u32, scheduled: bool },
    Offer { cpus: u32 },
    State { task: usize, state: usize },
    Foreign(String),
    Disconnected,
    Error,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize, 0..4_u32, any::<bool>())
            .prop_map(|(id, instances, scheduled)| Step::Run { id, instances, scheduled }),
        8 => (0..3_u32).prop_map(|cpus| Step::Offer { cpus }),
        8 => (0..20_usize, 0..TaskState::ALL.len()).prop_map(|(task, state)| Step::State { task, state }),
        1 => "[abc|]{0,6}".prop_map(Step::Foreign),
        1 => Just(Step::Disconnected),
        1 => (0..10_u32).prop_map(|number| if number == 0 { Step::Error } else { Step::Disconnected }),
        4 => (0..4000_u64).prop_map(Step::Pass),
    ]
}

/// The framework, and what is known of it from outside.
struct Walk {
    framework: Framework,
    now: Time,
    out: Outbox<Output<Said>>,
    calls: u64,
    /// How often each call was answered.
    answers: BTreeMap<CallId, u32>,
    /// Tasks by id, with their application.
    tasks: Vec<String>,
    offers: u32,
    /// How the last offer was answered: with how many tasks.
    answered: Vec<usize>,
    /// How many tasks each application was asked for, in all.
    asked: BTreeMap<String, u32>,
}

impl Walk {
    fn new() -> Self {
        let framework = Framework::new(OnceConfig::new("m:5050"), Streams::new(1));
        let (answers, asked) = (BTreeMap::new(), BTreeMap::new());
        let (tasks, answered) = (Vec::new(), Vec::new());
        let (now, out) = (Time::SIM_START, Outbox::new());
        Self { framework, now, out, calls: 0, answers, tasks, offers: 0, answered, asked }
    }

    fn input(&mut self, input: Input<Heard>) {
        self.framework.handle(self.now, input, &mut self.out);
        self.collect();
    }

    fn mesos(&mut self, event: SchedulerEvent) {
        self.input(Input::Mesos(Heard::Mesos(event)));
    }

    fn collect(&mut self) {
        for output in self.out.take_outputs() {
            match output {
                Output::Mesos(Said::Reply(OnceReply::Ran { call, .. })) => {
                    *self.answers.entry(call).or_default() += 1;
                }
                Output::Mesos(Said::Mesos(SchedulerCall::Accept { tasks, .. })) => {
                    self.answered.push(tasks.len());
                    self.tasks.extend(tasks.iter().map(|task| task.task_id.to_string()));
                }
                Output::Mesos(Said::Mesos(SchedulerCall::Decline { .. })) => self.answered.push(0),
                Output::Exit { code } => panic!("exit {code}"),
                _ => {}
            }
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Run { id, instances, scheduled } => self.run(IDS[*id], *instances, *scheduled),
            Step::Offer { cpus } => self.offer(*cpus),
            Step::State { task, state } => {
                let Some(id) = self.tasks.get(*task).cloned() else { return };
                self.mesos(SchedulerEvent::Update(TaskStatus::new(id.into(), TaskState::ALL[*state])));
            }
            Step::Foreign(id) => {
                let status = TaskStatus::new(id.as_str().into(), TaskState::Running);
                self.mesos(SchedulerEvent::Update(status));
            }
            Step::Disconnected => self.mesos(SchedulerEvent::Disconnected { why: String::new() }),
            Step::Error => self.mesos(SchedulerEvent::Error { message: String::new() }),
            Step::Pass(seconds) => self.pass(*seconds),
        }
    }

    fn run(&mut self, id: &str, instances: u32, scheduled: bool) {
        self.calls += 1;
        let call = CallId(self.calls);
        self.answers.insert(call, 0);
        let application = OnceApplication {
            id: id.into(),
            cpus: 1.0,
            mem: 1.0,
            instances,
            time_schedule: if scheduled { "@every 1000s".into() } else { String::new() },
            ..OnceApplication::default()
        };
        if !scheduled {
            *self.asked.entry(id.into()).or_default() += instances;
        }
        let application = Box::new(application);
        self.input(Input::Mesos(Heard::Request(OnceRequest::Run { call, application })));
    }

    fn offer(&mut self, cpus: u32) {
        self.offers += 1;
        let offer = Offer {
            id: format!("O{}", self.offers).into(),
            framework_id: "F".into(),
            agent_id: "S".into(),
            hostname: "h".into(),
            address: Arc::new(Address { hostname: "h".into(), ip: "10.0.0.2".into(), port: 5051 }),
            resources: format!("cpus:{cpus};mem:10").parse().unwrap(),
            attributes: Vec::new().into(),
            executor_ids: Vec::new(),
            allocation_role: None,
        };
        self.answered.clear();
        self.mesos(SchedulerEvent::Offers(vec![offer]));
        assert!(matches!(self.answered[..], [0 | 1]), "an offer is answered once, with one task at most");
        assert!(cpus > 0 || self.answered == [0], "what does not fit is not launched");
    }

    fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.framework.wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.framework.wake(self.now, &mut self.out);
            self.collect();
            assert!(self.framework.wake_at().is_none_or(|next| next > self.now), "it was woken for nothing");
        }
        self.now = end;
    }
}

proptest! {
    #[test]
    fn every_run_is_answered_once(steps in proptest::collection::vec(step(), 0..80)) {
        let mut walk = Walk::new();
        walk.input(Input::Start);
        let scheduled = steps.iter().any(|step| matches!(step, Step::Run { scheduled: true, .. }));
        for step in &steps {
            walk.take(step);
            prop_assert!(walk.answers.values().all(|times| *times <= 1));
        }
        if !scheduled {
            for (id, asked) in &walk.asked {
                let prefix = format!("{id}|");
                let launched = walk.tasks.iter().filter(|task| task.starts_with(&prefix)).count();
                prop_assert!(launched <= *asked as usize, "{} tasks of {}, asked for {}", launched, id, asked);
            }
        }
        // In the end each has an answer: its tasks have failed, or it found no place for them.
        walk.pass(4000);
        for task in walk.tasks.clone() {
            walk.mesos(SchedulerEvent::Update(TaskStatus::new(task.into(), TaskState::Failed)));
        }
        prop_assert!(walk.answers.values().all(|times| *times == 1), "{:?}", walk.answers);
    }
}
