//! A framework of the lab's own: takes resources with a task that does nothing, or the id of another framework.

use std::net::IpAddr;

use stacklab_machine::process::{Input, Output};
use stacklab_machine::{Machine, Outbox, Time};
use stacklab_mesos::{
    CommandInfo, FrameworkId, FrameworkInfo, Offer, Resources, SchedulerCall, SchedulerEvent, TaskInfo,
    TaskStatus,
};

type Out = Outbox<Output<SchedulerCall>>;

/// The framework, as a machine.
#[derive(Debug)]
pub(crate) struct Taker {
    info: FrameworkInfo,
    master: String,
    /// On the agent with this address.
    wanted: Option<(IpAddr, Resources)>,
    /// Whether its task is launched.
    has: bool,
    launches: u32,
}

impl Taker {
    /// Takes these resources of the agent with this address.
    pub(super) fn of_resources(agent: IpAddr, resources: Resources) -> Self {
        Self::new(FrameworkInfo::new("somebody-else", "root"), Some((agent, resources)))
    }

    /// Takes a framework's id, as a second scheduler on the same storage does. It lets go when the first comes back.
    pub(super) fn of_framework(name: &str, id: FrameworkId) -> Self {
        let mut info = FrameworkInfo::new(name, "root");
        info.id = Some(id);
        // It must not take the other's tasks along.
        info.failover_timeout = 30.0 * 24.0 * 3600.0;
        Self::new(info, None)
    }

    fn new(info: FrameworkInfo, wanted: Option<(IpAddr, Resources)>) -> Self {
        Self { info, master: String::new(), wanted, has: false, launches: 0 }
    }

    /// Under the master at this address.
    pub(super) fn at(self, master: String) -> Self {
        Self { master, ..self }
    }

    /// What it is called in the timeline.
    pub(super) fn name(&self) -> &str {
        if self.wanted.is_some() { &self.info.name } else { "second-scheduler" }
    }

    fn subscribe(&self, out: &mut Out) {
        let info = Box::new(self.info.clone());
        let suppressed_roles = if self.wanted.is_some() { Vec::new() } else { vec!["*".to_owned()] };
        out.push(Output::Mesos(SchedulerCall::Subscribe { info, suppressed_roles }));
    }

    fn offered(&mut self, offer: &Offer, out: &mut Out) {
        let fits = |(agent, wanted): &&(IpAddr, Resources)| {
            !self.has && offer.address.ip.parse() == Ok(*agent) && offer.resources.contains(wanted)
        };
        let offer_ids = vec![offer.id.clone()];
        let Some((_, resources)) = self.wanted.as_ref().filter(fits) else {
            // Offered again soon: what is asked for may get free.
            let refuse_seconds = Some(if self.has { 3600.0 } else { 1.0 });
            out.push(Output::Mesos(SchedulerCall::Decline { offer_ids, refuse_seconds }));
            return;
        };
        self.launches += 1;
        let id = format!("somebody-else-{}", self.launches);
        let mut task = TaskInfo::new(id, "somebody-else", offer.agent_id.clone(), resources.clone());
        task.command = Some(CommandInfo::shell("tail -f /dev/null"));
        self.has = true;
        let accept = SchedulerCall::Accept { offer_ids, tasks: vec![task], refuse_seconds: None };
        out.push(Output::Mesos(accept));
    }

    fn updated(&mut self, status: TaskStatus, out: &mut Out) {
        self.has &= !status.state.is_terminal();
        if let (Some(uuid), Some(agent_id)) = (status.uuid, status.agent_id) {
            let call = SchedulerCall::Acknowledge { agent_id, task_id: status.task_id, uuid };
            out.push(Output::Mesos(call));
        }
    }
}

impl Machine for Taker {
    type Input = Input<SchedulerEvent>;
    type Output = Output<SchedulerCall>;

    fn handle(&mut self, _: Time, input: Self::Input, out: &mut Out) {
        match input {
            Input::Start => {
                out.push(Output::Attach { master: self.master.clone() });
                self.subscribe(out);
            }
            Input::Mesos(SchedulerEvent::Subscribed { framework_id, .. }) => {
                self.info.id = Some(framework_id);
            }
            Input::Mesos(SchedulerEvent::Offers(offers)) => {
                for offer in offers {
                    self.offered(&offer, out);
                }
            }
            Input::Mesos(SchedulerEvent::Update(status)) => self.updated(status, out),
            // The one whose id it has taken came back, or the master does not want it.
            Input::Mesos(SchedulerEvent::Error { .. }) => out.push(Output::Exit { code: 1 }),
            // After a change of masters it comes back only for its resources.
            Input::Mesos(SchedulerEvent::Disconnected { .. }) if self.wanted.is_some() => self.subscribe(out),
            Input::Terminate => out.push(Output::Exit { code: 0 }),
            _ => {}
        }
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn wake(&mut self, _: Time, _: &mut Out) {}
}
