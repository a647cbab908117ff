//! The protobuf of Mesos' values, as far as drivers of schedulers send or read it.
//!
//! Every field is optional here: what Mesos requires is checked where a message is read, so that an absent field
//! can be told from a default. Unknown fields are passed over, as every protobuf does.

use prost::Message;

use super::container::ContainerInfo;

/// Any of the ids.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Id {
    #[prost(string, optional, tag = "1")]
    pub(super) value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct FrameworkInfo {
    #[prost(string, optional, tag = "1")]
    pub(super) user: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub(super) id: Option<Id>,
    #[prost(double, optional, tag = "4")]
    pub(super) failover_timeout: Option<f64>,
    #[prost(bool, optional, tag = "5")]
    pub(super) checkpoint: Option<bool>,
    #[prost(string, optional, tag = "6")]
    pub(super) role: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub(super) hostname: Option<String>,
    #[prost(string, optional, tag = "8")]
    pub(super) principal: Option<String>,
    #[prost(string, optional, tag = "9")]
    pub(super) webui_url: Option<String>,
    #[prost(message, repeated, tag = "10")]
    pub(super) capabilities: Vec<Capability>,
    #[prost(message, optional, tag = "11")]
    pub(super) labels: Option<Labels>,
    #[prost(string, repeated, tag = "12")]
    pub(super) roles: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Capability {
    #[prost(int32, optional, tag = "1")]
    pub(super) r#type: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Labels {
    #[prost(message, repeated, tag = "1")]
    pub(super) labels: Vec<Label>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Label {
    #[prost(string, optional, tag = "1")]
    pub(super) key: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MasterInfo {
    #[prost(string, optional, tag = "1")]
    pub(super) id: Option<String>,
    #[prost(uint32, optional, tag = "2")]
    pub(super) ip: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    pub(super) port: Option<u32>,
    #[prost(string, optional, tag = "4")]
    pub(super) pid: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(super) hostname: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(super) version: Option<String>,
    #[prost(message, optional, tag = "7")]
    pub(super) address: Option<Address>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Address {
    #[prost(string, optional, tag = "1")]
    pub(super) hostname: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) ip: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub(super) port: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Url {
    #[prost(string, optional, tag = "1")]
    pub(super) scheme: Option<String>,
    #[prost(message, optional, tag = "2")]
    pub(super) address: Option<Address>,
    #[prost(string, optional, tag = "3")]
    pub(super) path: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Scalar {
    #[prost(double, optional, tag = "1")]
    pub(super) value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Range {
    #[prost(uint64, optional, tag = "1")]
    pub(super) begin: Option<u64>,
    #[prost(uint64, optional, tag = "2")]
    pub(super) end: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Ranges {
    #[prost(message, repeated, tag = "1")]
    pub(super) range: Vec<Range>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Set {
    #[prost(string, repeated, tag = "1")]
    pub(super) item: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Text {
    #[prost(string, optional, tag = "1")]
    pub(super) value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Attribute {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(int32, optional, tag = "2")]
    pub(super) r#type: Option<i32>,
    #[prost(message, optional, tag = "3")]
    pub(super) scalar: Option<Scalar>,
    #[prost(message, optional, tag = "4")]
    pub(super) ranges: Option<Ranges>,
    #[prost(message, optional, tag = "5")]
    pub(super) text: Option<Text>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Resource {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(int32, optional, tag = "2")]
    pub(super) r#type: Option<i32>,
    #[prost(message, optional, tag = "3")]
    pub(super) scalar: Option<Scalar>,
    #[prost(message, optional, tag = "4")]
    pub(super) ranges: Option<Ranges>,
    #[prost(message, optional, tag = "5")]
    pub(super) set: Option<Set>,
    #[prost(string, optional, tag = "6")]
    pub(super) role: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Offer {
    #[prost(message, optional, tag = "1")]
    pub(super) id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) framework_id: Option<Id>,
    #[prost(message, optional, tag = "3")]
    pub(super) slave_id: Option<Id>,
    #[prost(string, optional, tag = "4")]
    pub(super) hostname: Option<String>,
    #[prost(message, repeated, tag = "5")]
    pub(super) resources: Vec<Resource>,
    #[prost(message, repeated, tag = "6")]
    pub(super) executor_ids: Vec<Id>,
    #[prost(message, repeated, tag = "7")]
    pub(super) attributes: Vec<Attribute>,
    #[prost(message, optional, tag = "8")]
    pub(super) url: Option<Url>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Filters {
    #[prost(double, optional, tag = "1")]
    pub(super) refuse_seconds: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Uri {
    #[prost(string, optional, tag = "1")]
    pub(super) value: Option<String>,
    #[prost(bool, optional, tag = "2")]
    pub(super) executable: Option<bool>,
    #[prost(bool, optional, tag = "3")]
    pub(super) extract: Option<bool>,
    #[prost(bool, optional, tag = "4")]
    pub(super) cache: Option<bool>,
    #[prost(string, optional, tag = "5")]
    pub(super) output_file: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Variable {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Environment {
    #[prost(message, repeated, tag = "1")]
    pub(super) variables: Vec<Variable>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct CommandInfo {
    #[prost(message, repeated, tag = "1")]
    pub(super) uris: Vec<Uri>,
    #[prost(message, optional, tag = "2")]
    pub(super) environment: Option<Environment>,
    #[prost(string, optional, tag = "3")]
    pub(super) value: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(super) user: Option<String>,
    #[prost(bool, optional, tag = "6")]
    pub(super) shell: Option<bool>,
    #[prost(string, repeated, tag = "7")]
    pub(super) arguments: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ExecutorInfo {
    #[prost(message, optional, tag = "1")]
    pub(super) executor_id: Option<Id>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(super) data: Option<Vec<u8>>,
    #[prost(message, repeated, tag = "5")]
    pub(super) resources: Vec<Resource>,
    #[prost(message, optional, tag = "7")]
    pub(super) command: Option<CommandInfo>,
    #[prost(message, optional, tag = "8")]
    pub(super) framework_id: Option<Id>,
    #[prost(string, optional, tag = "9")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub(super) source: Option<String>,
    #[prost(message, optional, tag = "11")]
    pub(super) container: Option<ContainerInfo>,
    #[prost(message, optional, tag = "14")]
    pub(super) labels: Option<Labels>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TaskInfo {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(message, optional, tag = "2")]
    pub(super) task_id: Option<Id>,
    #[prost(message, optional, tag = "3")]
    pub(super) slave_id: Option<Id>,
    #[prost(message, repeated, tag = "4")]
    pub(super) resources: Vec<Resource>,
    #[prost(message, optional, tag = "5")]
    pub(super) executor: Option<ExecutorInfo>,
    #[prost(bytes = "vec", optional, tag = "6")]
    pub(super) data: Option<Vec<u8>>,
    #[prost(message, optional, tag = "7")]
    pub(super) command: Option<CommandInfo>,
    #[prost(message, optional, tag = "9")]
    pub(super) container: Option<ContainerInfo>,
    #[prost(message, optional, tag = "10")]
    pub(super) labels: Option<Labels>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TaskStatus {
    #[prost(message, optional, tag = "1")]
    pub(super) task_id: Option<Id>,
    #[prost(int32, optional, tag = "2")]
    pub(super) state: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) data: Option<Vec<u8>>,
    #[prost(string, optional, tag = "4")]
    pub(super) message: Option<String>,
    #[prost(message, optional, tag = "5")]
    pub(super) slave_id: Option<Id>,
    #[prost(double, optional, tag = "6")]
    pub(super) timestamp: Option<f64>,
    #[prost(message, optional, tag = "7")]
    pub(super) executor_id: Option<Id>,
    #[prost(bool, optional, tag = "8")]
    pub(super) healthy: Option<bool>,
    #[prost(int32, optional, tag = "9")]
    pub(super) source: Option<i32>,
    #[prost(int32, optional, tag = "10")]
    pub(super) reason: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "11")]
    pub(super) uuid: Option<Vec<u8>>,
    #[prost(message, optional, tag = "12")]
    pub(super) labels: Option<Labels>,
    #[prost(message, optional, tag = "13")]
    pub(super) container_status: Option<ContainerStatus>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerStatus {
    #[prost(message, repeated, tag = "1")]
    pub(super) network_infos: Vec<NetworkInfo>,
    #[prost(message, optional, tag = "4")]
    pub(super) container_id: Option<Id>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct NetworkInfo {
    #[prost(message, repeated, tag = "5")]
    pub(super) ip_addresses: Vec<IpAddress>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct IpAddress {
    #[prost(string, optional, tag = "2")]
    pub(super) ip_address: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StatusUpdate {
    #[prost(message, optional, tag = "1")]
    pub(super) framework_id: Option<Id>,
    #[prost(message, optional, tag = "2")]
    pub(super) executor_id: Option<Id>,
    #[prost(message, optional, tag = "3")]
    pub(super) slave_id: Option<Id>,
    #[prost(message, optional, tag = "4")]
    pub(super) status: Option<TaskStatus>,
    #[prost(double, optional, tag = "5")]
    pub(super) timestamp: Option<f64>,
    #[prost(bytes = "vec", optional, tag = "6")]
    pub(super) uuid: Option<Vec<u8>>,
}
