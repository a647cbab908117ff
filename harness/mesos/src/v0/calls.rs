//! What drivers say, read from protobuf into the calls that the master knows from its v1 API.

use prost::{DecodeError, Message};

use super::messages::{
    Acknowledgement, FrameworkMessage, KillTask, LaunchTasks, OfFramework, OfRoles, ReconcileTasks,
    RegisterFramework, ReregisterFramework,
};
use super::names::task_state;
use super::read::{Missing, framework_info, id, present, task_info, uuid};
use super::scheduler_call;
use crate::ids::{AgentId, ExecutorId, FrameworkId};
use crate::v1::{FrameworkInfo, SchedulerCall};

/// What a driver says to the master.
#[derive(Clone, Debug, PartialEq)]
pub enum DriverCall {
    /// A new framework wants in.
    Register {
        /// Who is there.
        info: Box<FrameworkInfo>,
    },
    /// A framework with an id wants in again.
    Reregister {
        /// Who is there.
        info: Box<FrameworkInfo>,
        /// Whether it is a new process that takes over, and not the old one after a change of masters.
        failover: bool,
    },
    /// The driver stops for good: as a teardown.
    Unregister {
        /// Which framework.
        framework_id: FrameworkId,
    },
    /// The driver aborts: it wants no more offers.
    Deactivate {
        /// Which framework.
        framework_id: FrameworkId,
    },
    /// What the v1 API has a call for, too.
    Call {
        /// Which framework.
        framework_id: FrameworkId,
        /// What.
        call: SchedulerCall,
    },
}

/// Why a message says nothing. Mesos drops it, after it has answered 202.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Dropped {
    /// The master has no such message.
    #[error("no message of a driver is called {0}")]
    Unknown(String),
    /// The body is not protobuf.
    #[error("not protobuf: {0}")]
    Malformed(#[from] DecodeError),
    /// A required field is absent, or holds what it cannot.
    #[error(transparent)]
    Missing(#[from] Missing),
}

impl DriverCall {
    /// Reads the message of this name, without its package if that is `mesos.internal`: `RegisterFrameworkMessage`.
    ///
    /// # Errors
    /// The message is to be dropped.
    pub fn decode(name: &str, body: &[u8]) -> Result<Self, Dropped> {
        match name {
            "RegisterFrameworkMessage" => {
                let message = RegisterFramework::decode(body)?;
                let info = Box::new(framework_info(present(message.framework, "framework")?)?);
                Ok(Self::Register { info })
            }
            "ReregisterFrameworkMessage" => {
                let message = ReregisterFramework::decode(body)?;
                let info = Box::new(framework_info(present(message.framework, "framework")?)?);
                Ok(Self::Reregister { info, failover: present(message.failover, "failover")? })
            }
            "UnregisterFrameworkMessage" => Ok(Self::Unregister { framework_id: of_framework(body)? }),
            "DeactivateFrameworkMessage" => Ok(Self::Deactivate { framework_id: of_framework(body)? }),
            scheduler_call::NAME => scheduler_call::decode(body),
            _ => {
                let (framework_id, call) = call(name, body)?;
                Ok(Self::Call { framework_id, call })
            }
        }
    }
}

fn of_framework(body: &[u8]) -> Result<FrameworkId, Dropped> {
    Ok(id(OfFramework::decode(body)?.framework_id, "framework_id")?)
}

fn call(name: &str, body: &[u8]) -> Result<(FrameworkId, SchedulerCall), Dropped> {
    match name {
        "LaunchTasksMessage" => launch(body),
        "ReviveOffersMessage" => {
            let OfRoles { framework_id, roles } = OfRoles::decode(body)?;
            Ok((id(framework_id, "framework_id")?, SchedulerCall::Revive { roles }))
        }
        "SuppressOffersMessage" => {
            let OfRoles { framework_id, roles } = OfRoles::decode(body)?;
            Ok((id(framework_id, "framework_id")?, SchedulerCall::Suppress { roles }))
        }
        "KillTaskMessage" => {
            let message = KillTask::decode(body)?;
            let task_id = id(message.task_id, "task_id")?;
            let call = SchedulerCall::Kill { task_id, agent_id: None, kill_policy: None };
            Ok((id(message.framework_id, "framework_id")?, call))
        }
        "StatusUpdateAcknowledgementMessage" => {
            let message = Acknowledgement::decode(body)?;
            let call = SchedulerCall::Acknowledge {
                agent_id: id(message.slave_id, "slave_id")?,
                task_id: id(message.task_id, "task_id")?,
                uuid: uuid(message.uuid)?,
            };
            Ok((id(message.framework_id, "framework_id")?, call))
        }
        "ReconcileTasksMessage" => reconcile(body),
        "ResourceRequestMessage" => Ok((of_framework(body)?, SchedulerCall::Request)),
        "FrameworkToExecutorMessage" => {
            let message = FrameworkMessage::decode(body)?;
            let call = SchedulerCall::Message {
                agent_id: id::<AgentId>(message.slave_id, "slave_id")?,
                executor_id: id::<ExecutorId>(message.executor_id, "executor_id")?,
                data: present(message.data, "data")?,
            };
            Ok((id(message.framework_id, "framework_id")?, call))
        }
        _ => Err(Dropped::Unknown(name.to_owned())),
    }
}

/// Launches, and without tasks declines.
fn launch(body: &[u8]) -> Result<(FrameworkId, SchedulerCall), Dropped> {
    let message = LaunchTasks::decode(body)?;
    let filters = present(message.filters, "filters")?;
    let call = SchedulerCall::Accept {
        offer_ids: message
            .offer_ids
            .into_iter()
            .map(|one| id(Some(one), "offer_ids"))
            .collect::<Result<_, _>>()?,
        tasks: message.tasks.into_iter().map(task_info).collect::<Result<_, _>>()?,
        refuse_seconds: filters.refuse_seconds,
    };
    Ok((id(message.framework_id, "framework_id")?, call))
}

fn reconcile(body: &[u8]) -> Result<(FrameworkId, SchedulerCall), Dropped> {
    let message = ReconcileTasks::decode(body)?;
    let mut tasks = Vec::with_capacity(message.statuses.len());
    for status in message.statuses {
        // Required and not looked at: the driver asks what the state is.
        task_state(present(status.state, "state")?).ok_or(Missing("state"))?;
        let agent_id = status.slave_id.map(|agent| id(Some(agent), "slave_id")).transpose()?;
        tasks.push((id(status.task_id, "task_id")?, agent_id));
    }
    Ok((id(message.framework_id, "framework_id")?, SchedulerCall::Reconcile { tasks }))
}
