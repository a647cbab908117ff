//! Somebody else on the cluster: a framework that takes certain resources of one agent and keeps them.

use stacklab_machine::process::{Input, Output};
use stacklab_machine::{Machine, Outbox, Time};
use stacklab_mesos::{
    CommandInfo, FrameworkInfo, Resources, SchedulerCall, SchedulerEvent, TaskInfo, TaskState, TaskStatus,
};

/// What its task runs: nothing that the lab plays.
const COMMAND: &str = "sleep infinity";
/// What their names begin with.
const NAME: &str = "somebody-else";
/// It stays for as long as anybody looks.
const FAILOVER: f64 = 7.0 * 24.0 * 3600.0;

/// Whether a framework of this name is one of these.
pub fn is_occupant(name: &str) -> bool {
    name.starts_with(NAME)
}

/// A framework with one task.
#[derive(Clone, Debug)]
pub struct Occupant {
    name: String,
    host: String,
    wanted: Resources,
    launched: bool,
}

impl Occupant {
    /// One that will take `wanted` of the agent on `host`; several are told apart by their number.
    pub fn new(number: u32, host: String, wanted: Resources) -> Self {
        Self { name: format!("{NAME}-{number}"), host, wanted, launched: false }
    }

    /// The name of the framework and of its task.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn offers(&mut self, offers: Vec<stacklab_mesos::Offer>, out: &mut Outbox<Output<SchedulerCall>>) {
        for offer in offers {
            let fits = *offer.hostname == *self.host && offer.resources.contains(&self.wanted);
            let call = if fits && !self.launched {
                self.launched = true;
                let mut task =
                    TaskInfo::new(self.name.as_str(), &self.name, offer.agent_id, self.wanted.clone());
                task.command = Some(CommandInfo::shell(COMMAND));
                SchedulerCall::Accept { offer_ids: vec![offer.id], tasks: vec![task], refuse_seconds: None }
            } else {
                // Whoever has enough wants nothing more for a day.
                let refuse_seconds = Some(if self.launched { 86_400.0 } else { 1.0 });
                SchedulerCall::Decline { offer_ids: vec![offer.id], refuse_seconds }
            };
            out.push(Output::Mesos(call));
        }
    }

    fn acknowledge(status: TaskStatus, out: &mut Outbox<Output<SchedulerCall>>) {
        let TaskStatus { task_id, agent_id: Some(agent_id), uuid: Some(uuid), .. } = status else { return };
        out.push(Output::Mesos(SchedulerCall::Acknowledge { agent_id, task_id, uuid }));
    }

    fn subscribe(&self, out: &mut Outbox<Output<SchedulerCall>>) {
        let mut info = FrameworkInfo::new(&self.name, "root");
        info.failover_timeout = FAILOVER;
        let call = SchedulerCall::Subscribe { info: Box::new(info), suppressed_roles: Vec::new() };
        out.push(Output::Mesos(call));
    }
}

impl Machine for Occupant {
    type Input = Input<SchedulerEvent>;
    type Output = Output<SchedulerCall>;

    fn handle(&mut self, _: Time, input: Self::Input, out: &mut Outbox<Self::Output>) {
        match input {
            Input::Start => self.subscribe(out),
            Input::Mesos(SchedulerEvent::Offers(offers)) => self.offers(offers, out),
            Input::Mesos(SchedulerEvent::Update(status)) => {
                // What could not be launched is tried again.
                self.launched = !matches!(status.state, TaskState::Error | TaskState::Lost);
                Self::acknowledge(status, out);
            }
            _ => {}
        }
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn wake(&mut self, _: Time, _: &mut Outbox<Self::Output>) {}
}
