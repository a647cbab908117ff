//! SUBSCRIBE: who may come in, and as whom.

use std::sync::Arc;

use stacklab_machine::timeline::What;
use stacklab_machine::{Outbox, Time, uuid_v4};

use super::MasterOutput;
use super::machine::Master;
use super::state::{Channel, Framework, Stream};
use super::validation::{id_fault, role_fault};
use crate::ids::{ConnectionId, FrameworkId, StreamId};
use crate::v0::DriverEvent;
use crate::v1::{Capability, FrameworkInfo, SchedulerEvent};

/// What the old one hears when a framework is there twice.
pub(super) const FAILED_OVER: &str = "Framework failed over";

impl Master {
    pub(super) fn subscribe(
        &mut self,
        now: Time,
        connection: ConnectionId,
        info: FrameworkInfo,
        suppressed_roles: &[String],
        out: &mut Outbox<MasterOutput>,
    ) {
        let stream_id = StreamId::new(uuid_v4(&mut self.id_rng));
        out.push(MasterOutput::Stream { connection, stream_id: stream_id.clone() });
        if let Some(message) = self.refusal(&info, suppressed_roles) {
            note_refusal(&info, &message, out);
            out.push(MasterOutput::Event { connection, event: SchedulerEvent::Error { message } });
            out.push(MasterOutput::Close { connection });
            return;
        }
        let id = info.id.clone().unwrap_or_else(|| self.draw_framework_id());
        let known = self.admit(now, &id, info, suppressed_roles, out);
        let next_heartbeat = now + self.config.heartbeat_interval;
        if let Some(framework) = self.frameworks.get_mut(&id) {
            framework.channel = Some(Channel::Stream(Stream { connection, id: stream_id, next_heartbeat }));
            note_subscription(framework, known, out);
        }
        self.streams.insert(connection, id.clone());
        let subscribed = SchedulerEvent::Subscribed {
            framework_id: id,
            heartbeat_interval: self.config.heartbeat_interval,
            master: Arc::clone(&self.info),
        };
        out.push(MasterOutput::Event { connection, event: subscribed });
        out.push(MasterOutput::Event { connection, event: SchedulerEvent::Heartbeat });
        self.allocate(now, None, out);
    }

    pub(super) fn draw_framework_id(&mut self) -> FrameworkId {
        let id = format!("{}-{:04}", self.config.id, self.next_framework);
        self.next_framework += 1;
        FrameworkId::new(id)
    }

    /// Takes the framework in, new or come back; whether the id was known.
    pub(super) fn admit(
        &mut self,
        now: Time,
        id: &FrameworkId,
        mut info: FrameworkInfo,
        suppressed_roles: &[String],
        out: &mut Outbox<MasterOutput>,
    ) -> bool {
        info.id = Some(id.clone());
        let Some(framework) = self.frameworks.get_mut(id) else {
            let mut framework = Framework::new(id.clone(), Arc::new(info), now);
            framework.set_roles(suppressed_roles);
            self.frameworks.insert(id.clone(), framework);
            return false;
        };
        // User and checkpoint keep their old values, silently.
        info.user.clone_from(&framework.info.user);
        info.checkpoint = framework.info.checkpoint;
        framework.info = Arc::new(info);
        framework.set_roles(suppressed_roles);
        framework.filters.clear();
        framework.removed_at = None;
        framework.recovered = false;
        framework.deactivated = false;
        framework.pid = None;
        framework.reregistered = Some(now);
        let message = FAILED_OVER.to_owned();
        match framework.channel.take() {
            Some(Channel::Stream(old)) => {
                let connection = old.connection;
                self.streams.remove(&connection);
                out.push(MasterOutput::Event { connection, event: SchedulerEvent::Error { message } });
                out.push(MasterOutput::Close { connection });
            }
            Some(Channel::Driver(pid)) => {
                self.drivers.remove(&pid);
                out.push(MasterOutput::Post { pid, event: DriverEvent::Error { message } });
            }
            None => {}
        }
        self.take_back_offers_of(now, id, "framework failed over", out);
        true
    }

    /// Why a framework may not subscribe, in Mesos' words.
    pub(super) fn refusal(&self, info: &FrameworkInfo, suppressed_roles: &[String]) -> Option<String> {
        roles_fault(info)
            .or_else(|| info.id.as_ref().and_then(|id| id_fault(id.as_str())))
            .or_else(|| timeout_fault(info.failover_timeout))
            .or_else(|| self.policy_fault(info))
            .or_else(|| {
                let foreign = suppressed_roles.iter().find(|role| !info.all_roles().contains(&role.as_str()));
                foreign.map(|role| format!("Suppressed role '{role}' is not contained in the list of roles"))
            })
            .or_else(|| self.history_fault(info))
    }

    fn policy_fault(&self, info: &FrameworkInfo) -> Option<String> {
        if info.user == "root" && !self.config.root_submissions {
            let text = "User 'root' is not allowed to run frameworks without --root_submissions set";
            return Some(text.into());
        }
        let allowed = self.config.roles.as_ref()?;
        let known = |role: &&str| *role == "*" || allowed.iter().any(|name| name == role);
        let strangers: Vec<_> = info.all_roles().into_iter().filter(|role| !known(role)).collect();
        let text = || format!("Roles {{ {} }} are not present in the master's --roles", strangers.join(", "));
        (!strangers.is_empty()).then(text)
    }

    fn history_fault(&self, info: &FrameworkInfo) -> Option<String> {
        let id = info.id.as_ref()?;
        if self.completed.iter().any(|framework| framework.id == *id) {
            return Some("Framework has been removed".into());
        }
        let known = self.frameworks.get(id).filter(|known| !known.recovered)?;
        (known.info.principal != info.principal)
            .then(|| "Changing framework's principal is not allowed.".into())
    }
}

pub(super) fn note_refusal(info: &FrameworkInfo, message: &str, out: &mut Outbox<MasterOutput>) {
    out.note_with(|| What::FrameworkRefused {
        framework: info.id.as_ref().map(ToString::to_string).unwrap_or_default(),
        name: info.name.clone(),
        message: message.to_owned(),
    });
}

pub(super) fn note_subscription(framework: &Framework, known: bool, out: &mut Outbox<MasterOutput>) {
    out.note_with(|| What::FrameworkSubscribed {
        framework: framework.id.to_string(),
        name: framework.info.name.clone(),
        known,
    });
}

fn roles_fault(info: &FrameworkInfo) -> Option<String> {
    if !info.can(Capability::MultiRole) {
        if !info.roles.is_empty() {
            let text = "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable";
            return Some(text.into());
        }
        let why = role_fault(info.role.as_deref().unwrap_or("*"))?;
        return Some(format!("'FrameworkInfo.role' is not a valid role: {why}"));
    }
    if info.role.is_some() {
        let text = "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable";
        return Some(text.into());
    }
    let mut twice: Vec<&str> = Vec::new();
    for (index, role) in info.roles.iter().enumerate() {
        if info.roles[..index].contains(role) && !twice.contains(&role.as_str()) {
            twice.push(role);
        }
    }
    if !twice.is_empty() {
        let items = twice.join(", ");
        return Some(format!("'FrameworkInfo.roles' contains duplicate items: {{ {items} }}"));
    }
    let why = info.roles.iter().find_map(|role| role_fault(role))?;
    Some(format!("'FrameworkInfo.roles' contains invalid role: {why}"))
}

/// Seconds that do not fit into 64 bits of nanoseconds are no duration for Mesos.
fn timeout_fault(seconds: f64) -> Option<String> {
    let limit = i64::MAX as f64 / 1e9;
    let fits = seconds.abs() < limit;
    (!fits).then(|| format!("The framework failover_timeout ({}) is invalid", cpp_double(seconds)))
}

/// A number as C++ streams print it by default: six digits, two for the exponent.
fn cpp_double(number: f64) -> String {
    let scientific = format!("{number:.5e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return number.to_string() };
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{digits}e+{exponent:0>2}")
}
