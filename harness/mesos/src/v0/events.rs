//! What the master says to drivers, written as protobuf.

use std::sync::Arc;

use prost::Message;

use super::messages::{
    ExitedExecutor, FrameworkError, FrameworkMessage, LostSlave, Registered, RescindResourceOffer,
    ResourceOffers, StatusUpdate,
};
use super::write::{agent_pid, id, master_info, offer, update};
use crate::ids::{AgentId, ExecutorId, FrameworkId, OfferId};
use crate::v1::{MasterInfo, Offer, TaskStatus};

/// What the master says to a driver.
#[derive(Clone, Debug, PartialEq)]
pub enum DriverEvent {
    /// The framework is in.
    Registered {
        /// Its id.
        framework_id: FrameworkId,
        /// The master.
        master: Arc<MasterInfo>,
        /// Whether it is the same process as before, and not one that is new or took over.
        again: bool,
    },
    /// New offers, each with its agent's address.
    Offers(Vec<Offer>),
    /// An offer is no longer valid.
    Rescind(OfferId),
    /// A task has a new state.
    Update {
        /// The framework.
        framework_id: FrameworkId,
        /// The state.
        status: Box<TaskStatus>,
        /// Who sent it: the agent's process, `@0.0.0.0:0` for the master itself, nothing for a reconciliation.
        sender: Option<String>,
    },
    /// An agent is lost.
    LostAgent(AgentId),
    /// An executor ended.
    ExitedExecutor {
        /// Where.
        agent_id: AgentId,
        /// The framework.
        framework_id: FrameworkId,
        /// Which.
        executor_id: ExecutorId,
        /// Its wait status.
        status: i32,
    },
    /// Bytes from an executor.
    Message {
        /// Where.
        agent_id: AgentId,
        /// The framework.
        framework_id: FrameworkId,
        /// From whom.
        executor_id: ExecutorId,
        /// What.
        data: Vec<u8>,
    },
    /// The framework is refused, or has been taken over: its driver ends.
    Error {
        /// In the master's words.
        message: String,
    },
}

impl DriverEvent {
    /// Name of the message, without its package.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Registered { again: false, .. } => "FrameworkRegisteredMessage",
            Self::Registered { again: true, .. } => "FrameworkReregisteredMessage",
            Self::Offers(_) => "ResourceOffersMessage",
            Self::Rescind(_) => "RescindResourceOfferMessage",
            Self::Update { .. } => "StatusUpdateMessage",
            Self::LostAgent(_) => "LostSlaveMessage",
            Self::ExitedExecutor { .. } => "ExitedExecutorMessage",
            Self::Message { .. } => "ExecutorToFrameworkMessage",
            Self::Error { .. } => "FrameworkErrorMessage",
        }
    }

    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Registered { framework_id, master, .. } => {
                Registered { framework_id: id(framework_id.as_str()), master_info: Some(master_info(master)) }
                    .encode_to_vec()
            }
            Self::Offers(offers) => ResourceOffers {
                offers: offers.iter().map(offer).collect(),
                pids: offers.iter().map(|offer| agent_pid(&offer.address)).collect(),
            }
            .encode_to_vec(),
            Self::Rescind(offer_id) => {
                RescindResourceOffer { offer_id: id(offer_id.as_str()) }.encode_to_vec()
            }
            Self::Update { framework_id, status, sender } => {
                let update = Some(update(framework_id, status));
                StatusUpdate { update, pid: sender.clone() }.encode_to_vec()
            }
            Self::LostAgent(agent_id) => LostSlave { slave_id: id(agent_id.as_str()) }.encode_to_vec(),
            Self::ExitedExecutor { agent_id, framework_id, executor_id, status } => ExitedExecutor {
                slave_id: id(agent_id.as_str()),
                framework_id: id(framework_id.as_str()),
                executor_id: id(executor_id.as_str()),
                status: Some(*status),
            }
            .encode_to_vec(),
            Self::Message { agent_id, framework_id, executor_id, data } => FrameworkMessage {
                slave_id: id(agent_id.as_str()),
                framework_id: id(framework_id.as_str()),
                executor_id: id(executor_id.as_str()),
                data: Some(data.clone()),
            }
            .encode_to_vec(),
            Self::Error { message } => FrameworkError { message: Some(message.clone()) }.encode_to_vec(),
        }
    }
}
