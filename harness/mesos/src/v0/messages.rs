//! The protobuf of the messages themselves (package `mesos.internal`).

use prost::Message;

use super::wire::{
    Filters, FrameworkInfo, Id, MasterInfo, Offer, StatusUpdate as Update, TaskInfo, TaskStatus,
};

#[derive(Clone, PartialEq, Message)]
pub(super) struct RegisterFramework {
    #[prost(message, optional, tag = "1")]
    pub(super) framework: Option<FrameworkInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReregisterFramework {
    #[prost(message, optional, tag = "2")]
    pub(super) framework: Option<FrameworkInfo>,
    #[prost(bool, optional, tag = "3")]
    pub(super) failover: Option<bool>,
}

/// Unregister, deactivate, request resources: nothing but the framework.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OfFramework {
    #[prost(message, optional, tag = "1")]
    pub(super) framework_id: Option<Id>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LaunchTasks {
    #[prost(message, optional, tag = "1")]
    pub(super) framework_id: Option<Id>,
    #[prost(message, repeated, tag = "3")]
    pub(super) tasks: Vec<TaskInfo>,
    #[prost(message, optional, tag = "5")]
    pub(super) filters: Option<Filters>,
    #[prost(message, repeated, tag = "6")]
    pub(super) offer_ids: Vec<Id>,
}

/// Revive or suppress offers.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OfRoles {
    #[prost(message, optional, tag = "1")]
    pub(super) framework_id: Option<Id>,
    #[prost(string, repeated, tag = "2")]
    pub(super) roles: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct KillTask {
    #[prost(message, optional, tag = "1")]
    pub(super) framework_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) task_id: Option<Id>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Acknowledgement {
    #[prost(message, optional, tag = "1")]
    pub(super) slave_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) framework_id: Option<Id>,
    #[prost(message, optional, tag = "3")]
    pub(super) task_id: Option<Id>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(super) uuid: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReconcileTasks {
    #[prost(message, optional, tag = "1")]
    pub(super) framework_id: Option<Id>,
    #[prost(message, repeated, tag = "2")]
    pub(super) statuses: Vec<TaskStatus>,
}

/// Bytes between a scheduler and an executor, in either direction.
#[derive(Clone, PartialEq, Message)]
pub(super) struct FrameworkMessage {
    #[prost(message, optional, tag = "1")]
    pub(super) slave_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) framework_id: Option<Id>,
    #[prost(message, optional, tag = "3")]
    pub(super) executor_id: Option<Id>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(super) data: Option<Vec<u8>>,
}

/// Registered and re-registered.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Registered {
    #[prost(message, optional, tag = "1")]
    pub(super) framework_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) master_info: Option<MasterInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ResourceOffers {
    #[prost(message, repeated, tag = "1")]
    pub(super) offers: Vec<Offer>,
    #[prost(string, repeated, tag = "2")]
    pub(super) pids: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RescindResourceOffer {
    #[prost(message, optional, tag = "1")]
    pub(super) offer_id: Option<Id>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StatusUpdate {
    #[prost(message, optional, tag = "1")]
    pub(super) update: Option<Update>,
    #[prost(string, optional, tag = "2")]
    pub(super) pid: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LostSlave {
    #[prost(message, optional, tag = "1")]
    pub(super) slave_id: Option<Id>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ExitedExecutor {
    #[prost(message, optional, tag = "1")]
    pub(super) slave_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) framework_id: Option<Id>,
    #[prost(message, optional, tag = "3")]
    pub(super) executor_id: Option<Id>,
    #[prost(int32, optional, tag = "4")]
    pub(super) status: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct FrameworkError {
    #[prost(string, optional, tag = "2")]
    pub(super) message: Option<String>,
}
