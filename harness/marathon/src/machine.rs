//! Marathon as a whole.

use stacklab_machine::http::Response;
use stacklab_machine::process::{Input, Output};
use stacklab_machine::{Machine, Outbox, Streams, Time};
use stacklab_mesos::{FrameworkId, FrameworkInfo, SchedulerCall, SchedulerEvent};

use crate::MarathonConfig;

/// What a [`Marathon`] puts its outputs in.
pub(crate) type Out = Outbox<Output<SchedulerCall>>;

/// Marathon, as a machine. It begins with [`Input::Start`] and ends on [`Input::Terminate`], or when the master refuses
/// it for good.
#[derive(Debug)]
pub struct Marathon {
    config: MarathonConfig,
    framework_id: Option<FrameworkId>,
}

impl Marathon {
    /// Makes a Marathon; nothing happens before [`Input::Start`]. Ids and ports are drawn from streams of their own.
    pub fn new(config: MarathonConfig, _streams: Streams) -> Self {
        Self { config, framework_id: None }
    }

    fn subscribe(&self, out: &mut Out) {
        let mut info = FrameworkInfo::new(&self.config.framework_name, &self.config.user);
        info.id.clone_from(&self.framework_id);
        info.failover_timeout = 604_800.0;
        info.checkpoint = true;
        let info = Box::new(info);
        out.push(Output::Mesos(SchedulerCall::Subscribe { info, suppressed_roles: Vec::new() }));
    }
}

impl Machine for Marathon {
    type Input = Input<SchedulerEvent>;
    type Output = Output<SchedulerCall>;

    fn handle(&mut self, _now: Time, input: Self::Input, out: &mut Out) {
        match input {
            Input::Start => {
                out.push(Output::Listen { port: self.config.listen_port });
                out.push(Output::Attach { master: self.config.master.clone() });
                self.subscribe(out);
            }
            Input::Http { exchange, request } => {
                let response = match request.path() {
                    "/ping" => Response::new(200, "text/plain", "pong"),
                    path => Response::json(404, format!("{{\"message\":\"URI not found: {path}\"}}")),
                };
                out.push(Output::Respond { exchange, response });
            }
            Input::Mesos(SchedulerEvent::Subscribed { framework_id, .. }) => {
                self.framework_id = Some(framework_id);
            }
            Input::Terminate => out.push(Output::Exit { code: 143 }),
            _ => {}
        }
    }

    fn wake_at(&self) -> Option<Time> {
        None
    }

    fn wake(&mut self, _now: Time, _out: &mut Out) {}
}
