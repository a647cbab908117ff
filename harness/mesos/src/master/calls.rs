//! Calls of schedulers: which framework speaks, may it, and whose turn it is to act.

use stacklab_machine::http::Response;
use stacklab_machine::{Outbox, Time};

use super::MasterOutput;
use super::machine::Master;
use crate::http::texts::{bad_request, forbidden};
use crate::ids::{ConnectionId, FrameworkId, StreamId};
use crate::messages::MasterToAgent;
use crate::v1::SchedulerCall;

impl Master {
    pub(super) fn call(
        &mut self,
        now: Time,
        connection: ConnectionId,
        framework_id: Option<&FrameworkId>,
        stream_id: Option<&StreamId>,
        call: SchedulerCall,
        out: &mut Outbox<MasterOutput>,
    ) {
        if let SchedulerCall::Subscribe { info, suppressed_roles } = call {
            return self.subscribe(now, connection, *info, &suppressed_roles, out);
        }
        match self.check_call(framework_id, stream_id) {
            Err(response) => out.push(MasterOutput::Reply { connection, response }),
            Ok(id) => {
                out.push(MasterOutput::Reply { connection, response: Response::empty(202) });
                self.obey(now, &id, call, out);
            }
        }
    }

    /// The checks that need the master's state, in Mesos' order.
    fn check_call(
        &self,
        framework_id: Option<&FrameworkId>,
        stream_id: Option<&StreamId>,
    ) -> Result<FrameworkId, Response> {
        let framework = framework_id
            .and_then(|id| self.frameworks.get(id))
            .ok_or_else(|| bad_request("Framework cannot be found"))?;
        if framework.driver().is_some() {
            return Err(forbidden("Framework is not connected via HTTP"));
        }
        let stream = framework.stream().ok_or_else(|| forbidden("Framework is not subscribed"))?;
        let given = stream_id.ok_or_else(|| {
            bad_request("All non-subscribe calls should include the 'Mesos-Stream-Id' header")
        })?;
        if *given == stream.id {
            return Ok(framework.id.clone());
        }
        Err(bad_request(&format!(
            "The stream ID '{given}' included in this request didn't match the stream ID currently associated \
             with framework ID {}",
            framework.id
        )))
    }

    pub(super) fn obey(
        &mut self,
        now: Time,
        id: &FrameworkId,
        call: SchedulerCall,
        out: &mut Outbox<MasterOutput>,
    ) {
        match call {
            SchedulerCall::Teardown => self.remove_framework(now, id, "teardown", out),
            SchedulerCall::Accept { offer_ids, tasks, refuse_seconds } => {
                self.accept(now, id, &offer_ids, tasks, refuse_seconds, out);
            }
            SchedulerCall::Decline { offer_ids, refuse_seconds } => {
                self.decline(now, id, &offer_ids, refuse_seconds);
            }
            SchedulerCall::Revive { roles } => self.revive(now, id, &roles, out),
            SchedulerCall::Suppress { roles } => self.suppress(id, &roles),
            SchedulerCall::Kill { task_id, agent_id, kill_policy } => {
                self.kill(now, id, task_id, agent_id.as_ref(), kill_policy, out);
            }
            SchedulerCall::Shutdown { executor_id, agent_id } => {
                if let Some(link) = self.agents.get(&agent_id).and_then(|agent| agent.link) {
                    let framework_id = id.clone();
                    let message = MasterToAgent::ShutdownExecutor { framework_id, executor_id };
                    out.push(MasterOutput::ToAgent { link, message });
                }
            }
            SchedulerCall::Acknowledge { agent_id, task_id, uuid } => {
                self.acknowledge(id, &agent_id, task_id, uuid, out);
            }
            SchedulerCall::Reconcile { tasks } => self.reconcile(now, id, &tasks, out),
            SchedulerCall::Message { agent_id, executor_id, data } => {
                if let Some(link) = self.agents.get(&agent_id).and_then(|agent| agent.link) {
                    let framework_id = id.clone();
                    let message = MasterToAgent::Message { framework_id, executor_id, data };
                    out.push(MasterOutput::ToAgent { link, message });
                }
            }
            // The default allocator takes no requests; Subscribe never gets here.
            SchedulerCall::Request | SchedulerCall::Subscribe { .. } => {}
        }
    }

    fn revive(&mut self, now: Time, id: &FrameworkId, roles: &[String], out: &mut Outbox<MasterOutput>) {
        let Some(framework) = self.frameworks.get_mut(id) else { return };
        if roles.iter().any(|role| !framework.has_role(role)) {
            return;
        }
        let current: Vec<String> = framework.info.all_roles().into_iter().map(str::to_owned).collect();
        let revived = |role: &str| roles.is_empty() || roles.iter().any(|name| name == role);
        framework.filters.retain(|filter| !revived(&filter.role));
        for share in &mut framework.shares {
            if revived(&share.role) && current.iter().any(|role| share.role == *role.as_str()) {
                share.suppressed = false;
            }
        }
        self.allocate(now, None, out);
    }

    fn suppress(&mut self, id: &FrameworkId, roles: &[String]) {
        let Some(framework) = self.frameworks.get_mut(id) else { return };
        if roles.iter().any(|role| !framework.has_role(role)) {
            return;
        }
        for share in &mut framework.shares {
            if roles.is_empty() || roles.iter().any(|name| share.role == *name.as_str()) {
                share.suppressed = true;
            }
        }
    }
}
