//! Marathon as a framework: registration, status updates, reconciliation.

use std::time::Duration;

use serde_json::Value;
use stacklab_machine::Time;
use stacklab_machine::process::Output;
use stacklab_machine::timeline::What;
use stacklab_mesos::{FrameworkInfo, SchedulerCall, SchedulerEvent, TaskState, TaskStatus};

use super::{Marathon, Out};
use crate::app::Failure;
use crate::task::CheckState;

/// `failover_timeout`: a week.
const FAILOVER_TIMEOUT_S: f64 = 604_800.0;
/// After registration (`--reconciliation_initial_delay`).
const FIRST_RECONCILIATION: Duration = Duration::from_secs(15);
/// After that (`--reconciliation_interval`).
const RECONCILIATION: Duration = Duration::from_secs(300);
/// Before a lost connection is opened again.
const RECONNECT: Duration = Duration::from_secs(1);
/// Exit code of a Marathon that the master refuses.
const REFUSED: i32 = 9;

impl Marathon {
    pub(super) fn subscribe(&self, out: &mut Out) {
        let mut info = FrameworkInfo::new(&self.config.framework_name, &self.config.user);
        info.id.clone_from(&self.framework_id);
        info.failover_timeout = FAILOVER_TIMEOUT_S;
        info.checkpoint = true;
        info.hostname = Some(self.config.host.clone());
        info.webui_url = Some(format!("http://{}", self.config.address()));
        let info = Box::new(info);
        out.push(Output::Mesos(SchedulerCall::Subscribe { info, suppressed_roles: Vec::new() }));
    }

    pub(super) fn take_event(&mut self, now: Time, event: SchedulerEvent, out: &mut Out) {
        match event {
            SchedulerEvent::Subscribed { framework_id, .. } => {
                self.framework_id = Some(framework_id);
                self.connected = true;
                self.subscribe_at = None;
                self.reconcile_at = Some(now + self.config.pace.wait(FIRST_RECONCILIATION));
                self.want_offers(now, out);
            }
            SchedulerEvent::Offers(offers) => {
                for offer in &offers {
                    self.take_offer(now, offer, out);
                }
            }
            SchedulerEvent::Update(status) => self.take_update(now, &status, out),
            SchedulerEvent::Error { message } => {
                out.push(Output::Log(format!("Error: {message}")));
                out.push(Output::Exit { code: REFUSED });
            }
            SchedulerEvent::Disconnected { why } => {
                out.push(Output::Log(format!("Disconnected: {why}")));
                self.connected = false;
                self.reconcile_at = None;
                self.subscribe_at = Some(now + self.config.pace.wait(RECONNECT));
            }
            SchedulerEvent::Refused { status, text } => {
                out.push(Output::Log(format!("Call refused with {status}: {text}")));
            }
            // A lost agent's tasks are reported one by one; an offer that is taken back is not held here.
            SchedulerEvent::Rescind(_)
            | SchedulerEvent::Message { .. }
            | SchedulerEvent::Failure { .. }
            | SchedulerEvent::Heartbeat => {}
        }
    }

    /// Asks for the state of the tasks it knows, then of those it does not know.
    pub(super) fn reconcile(&mut self, now: Time, out: &mut Out) {
        self.reconcile_at = Some(now + self.config.pace.wait(RECONCILIATION));
        let tasks: Vec<_> =
            self.tasks.values().map(|task| (task.id.clone(), Some(task.agent_id.clone()))).collect();
        if !tasks.is_empty() {
            out.push(Output::Mesos(SchedulerCall::Reconcile { tasks }));
        }
        out.push(Output::Mesos(SchedulerCall::Reconcile { tasks: Vec::new() }));
    }

    fn take_update(&mut self, now: Time, status: &TaskStatus, out: &mut Out) {
        if let (Some(uuid), Some(agent_id)) = (status.uuid, &status.agent_id) {
            let (agent_id, task_id) = (agent_id.clone(), status.task_id.clone());
            out.push(Output::Mesos(SchedulerCall::Acknowledge { agent_id, task_id, uuid }));
        }
        if !self.tasks.contains_key(&status.task_id) {
            if matches!(status.state, TaskState::Staging | TaskState::Starting | TaskState::Running) {
                // Nobody wants it any more.
                let (task_id, agent_id) = (status.task_id.clone(), status.agent_id.clone());
                out.push(Output::Mesos(SchedulerCall::Kill { task_id, agent_id, kill_policy: None }));
            }
            return;
        }
        if status.state.is_terminal() {
            self.task_ended(now, status, out);
        } else if status.state == TaskState::Running {
            self.task_runs(now, status, out);
        } else {
            return;
        }
        self.settle(now, out);
    }

    fn task_runs(&mut self, now: Time, status: &TaskStatus, out: &mut Out) {
        let Some(task) = self.tasks.get_mut(&status.task_id) else { return };
        task.ip = ip_address(status).or(task.ip.take());
        let checks = match self.apps.get(&task.app) {
            // Checks belong to the version that the task was launched with.
            Some(stored) if task.version >= stored.last_config_change => stored.app.health_checks.as_slice(),
            _ => &[],
        };
        if task.started_at.is_none() {
            task.started_at = Some(now);
            let pace = self.config.pace;
            let state =
                |interval| CheckState { due: Some(now + pace.wait(interval)), ..CheckState::default() };
            if !task.is_killed() {
                task.checks = checks.iter().map(|check| state(check.interval)).collect();
            }
        }
        if let Some(healthy) = status.healthy {
            let id = status.task_id.clone();
            self.take_command_health(now, &id, healthy, out);
        }
    }

    fn task_ended(&mut self, now: Time, status: &TaskStatus, out: &mut Out) {
        let Some(task) = self.tasks.remove(&status.task_id) else { return };
        let Some(stored) = self.apps.get_mut(&task.app) else { return };
        if matches!(status.state, TaskState::Failed | TaskState::Error | TaskState::Lost) {
            stored.last_failure = Some(Failure {
                host: task.host.to_string(),
                message: status.message.clone().unwrap_or_default(),
                state: status.state.as_str(),
                task_id: task.id.to_string(),
                timestamp: now,
                version: task.version,
                agent_id: task.agent_id.to_string(),
            });
        }
        let counted = matches!(
            status.state,
            TaskState::Error | TaskState::Failed | TaskState::Lost | TaskState::Finished
        );
        if counted && task.version >= stored.last_config_change {
            let delay = self.backoff.add(&stored.app, now, self.config.pace);
            let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            out.note(What::LaunchDelayed { app: task.app, delay_ms });
        }
    }
}

fn ip_address(status: &TaskStatus) -> Option<String> {
    let network = status.container_status.as_ref()?.network_infos.first()?;
    network.pointer("/ip_addresses/0/ip_address").and_then(Value::as_str).map(str::to_owned)
}
