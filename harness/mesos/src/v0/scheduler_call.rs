//! The one message that the C++ driver sends since 0.23 in place of all others: `mesos.scheduler.Call`.

use prost::Message;

use super::DriverCall;
use super::calls::Dropped;
use super::read::{Missing, framework_info, id, present, task_info, uuid};
use super::wire::{Filters, FrameworkInfo, Id, TaskInfo};
use crate::v1::{KillPolicy, SchedulerCall};

/// Name of the message, with its package.
pub(super) const NAME: &str = "mesos.scheduler.Call";

#[derive(Clone, PartialEq, Message)]
pub(super) struct Call {
    #[prost(message, optional, tag = "1")]
    pub(super) framework_id: Option<Id>,
    #[prost(int32, optional, tag = "2")]
    pub(super) r#type: Option<i32>,
    #[prost(message, optional, tag = "3")]
    pub(super) subscribe: Option<Subscribe>,
    #[prost(message, optional, tag = "4")]
    pub(super) accept: Option<Accept>,
    #[prost(message, optional, tag = "5")]
    pub(super) decline: Option<Decline>,
    #[prost(message, optional, tag = "6")]
    pub(super) kill: Option<Kill>,
    #[prost(message, optional, tag = "7")]
    pub(super) shutdown: Option<Shutdown>,
    #[prost(message, optional, tag = "8")]
    pub(super) acknowledge: Option<Acknowledge>,
    #[prost(message, optional, tag = "9")]
    pub(super) reconcile: Option<Reconcile>,
    #[prost(message, optional, tag = "10")]
    pub(super) message: Option<ToExecutor>,
    #[prost(message, optional, tag = "15")]
    pub(super) revive: Option<Roles>,
    #[prost(message, optional, tag = "16")]
    pub(super) suppress: Option<Roles>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Subscribe {
    #[prost(message, optional, tag = "1")]
    pub(super) framework_info: Option<FrameworkInfo>,
    #[prost(bool, optional, tag = "2")]
    pub(super) force: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Accept {
    #[prost(message, repeated, tag = "1")]
    pub(super) offer_ids: Vec<Id>,
    #[prost(message, repeated, tag = "2")]
    pub(super) operations: Vec<Operation>,
    #[prost(message, optional, tag = "3")]
    pub(super) filters: Option<Filters>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Operation {
    #[prost(int32, optional, tag = "1")]
    pub(super) r#type: Option<i32>,
    #[prost(message, optional, tag = "2")]
    pub(super) launch: Option<Launch>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Launch {
    #[prost(message, repeated, tag = "1")]
    pub(super) task_infos: Vec<TaskInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Decline {
    #[prost(message, repeated, tag = "1")]
    pub(super) offer_ids: Vec<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) filters: Option<Filters>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Kill {
    #[prost(message, optional, tag = "1")]
    pub(super) task_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) slave_id: Option<Id>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Shutdown {
    #[prost(message, optional, tag = "1")]
    pub(super) executor_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) slave_id: Option<Id>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Acknowledge {
    #[prost(message, optional, tag = "1")]
    pub(super) slave_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) task_id: Option<Id>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) uuid: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Reconcile {
    #[prost(message, repeated, tag = "1")]
    pub(super) tasks: Vec<Kill>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ToExecutor {
    #[prost(message, optional, tag = "1")]
    pub(super) slave_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) executor_id: Option<Id>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) data: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Roles {
    #[prost(string, repeated, tag = "1")]
    pub(super) roles: Vec<String>,
}

/// Reads one. Roles that are suppressed from the beginning, and a kill policy, are not taken over.
pub(super) fn decode(body: &[u8]) -> Result<DriverCall, Dropped> {
    let mut call = Call::decode(body)?;
    let kind = present(call.r#type, "type")?;
    if kind == 1 {
        let subscribe = present(call.subscribe, "subscribe")?;
        let info = Box::new(framework_info(present(subscribe.framework_info, "framework_info")?)?);
        let failover = subscribe.force.unwrap_or_default();
        return Ok(match info.id {
            None => DriverCall::Register { info },
            Some(_) => DriverCall::Reregister { info, failover },
        });
    }
    let framework_id = id(call.framework_id.take(), "framework_id")?;
    let call = match kind {
        2 => return Ok(DriverCall::Unregister { framework_id }),
        3 => accept(present(call.accept, "accept")?)?,
        4 => {
            let decline = present(call.decline, "decline")?;
            let refuse_seconds = decline.filters.and_then(|filters| filters.refuse_seconds);
            SchedulerCall::Decline { offer_ids: ids(decline.offer_ids)?, refuse_seconds }
        }
        5 => SchedulerCall::Revive { roles: call.revive.unwrap_or_default().roles },
        12 => SchedulerCall::Suppress { roles: call.suppress.unwrap_or_default().roles },
        11 => SchedulerCall::Request,
        _ => about_tasks(kind, call)?,
    };
    Ok(DriverCall::Call { framework_id, call })
}

fn ids<T: From<String>>(list: Vec<Id>) -> Result<Vec<T>, Missing> {
    list.into_iter().map(|one| id(Some(one), "offer_ids")).collect()
}

/// Operations other than launches are passed over.
fn accept(accept: Accept) -> Result<SchedulerCall, Missing> {
    let launches = accept.operations.into_iter().filter_map(|operation| operation.launch);
    let tasks = launches.flat_map(|launch| launch.task_infos).map(task_info);
    Ok(SchedulerCall::Accept {
        tasks: tasks.collect::<Result<_, _>>()?,
        offer_ids: ids(accept.offer_ids)?,
        refuse_seconds: accept.filters.and_then(|filters| filters.refuse_seconds),
    })
}

fn about_tasks(kind: i32, call: Call) -> Result<SchedulerCall, Missing> {
    match kind {
        6 => {
            let Kill { task_id, slave_id } = present(call.kill, "kill")?;
            let agent_id = slave_id.map(|agent| id(Some(agent), "slave_id")).transpose()?;
            let kill_policy: Option<KillPolicy> = None;
            Ok(SchedulerCall::Kill { task_id: id(task_id, "task_id")?, agent_id, kill_policy })
        }
        7 => {
            let Shutdown { executor_id, slave_id } = present(call.shutdown, "shutdown")?;
            let executor_id = id(executor_id, "executor_id")?;
            Ok(SchedulerCall::Shutdown { executor_id, agent_id: id(slave_id, "slave_id")? })
        }
        8 => {
            let acknowledge = present(call.acknowledge, "acknowledge")?;
            Ok(SchedulerCall::Acknowledge {
                agent_id: id(acknowledge.slave_id, "slave_id")?,
                task_id: id(acknowledge.task_id, "task_id")?,
                uuid: uuid(acknowledge.uuid)?,
            })
        }
        9 => {
            let task = |Kill { task_id, slave_id }| {
                let agent_id = slave_id.map(|agent| id(Some(agent), "slave_id")).transpose()?;
                Ok((id(task_id, "task_id")?, agent_id))
            };
            let tasks = present(call.reconcile, "reconcile")?.tasks.into_iter().map(task);
            Ok(SchedulerCall::Reconcile { tasks: tasks.collect::<Result<_, _>>()? })
        }
        10 => {
            let ToExecutor { slave_id, executor_id, data } = present(call.message, "message")?;
            Ok(SchedulerCall::Message {
                agent_id: id(slave_id, "slave_id")?,
                executor_id: id(executor_id, "executor_id")?,
                data: present(data, "data")?,
            })
        }
        _ => Err(Missing("type")),
    }
}
