//! From the master's values to protobuf.

use super::names::{reason_number, source_number, task_state_number};
use super::wire;
use crate::ids::FrameworkId;
use crate::resources::{Attribute, AttributeValue, Ranges, Resource, Scalar, Value};
use crate::v1::{Address, ContainerStatus, Labels, MasterInfo, Offer, TaskStatus};

/// An id.
#[allow(clippy::unnecessary_wraps)] // Every field of protobuf's is optional.
pub(super) fn id(text: &str) -> Option<wire::Id> {
    Some(wire::Id { value: Some(text.to_owned()) })
}

/// The process of an agent, as offers and updates name it.
pub(crate) fn agent_pid(address: &Address) -> String {
    format!("slave(1)@{}", address.socket())
}

pub(super) fn master_info(info: &MasterInfo) -> wire::MasterInfo {
    wire::MasterInfo {
        id: Some(info.id.clone()),
        ip: Some(info.ip_number()),
        port: Some(info.address.port.into()),
        pid: Some(info.pid.clone()),
        hostname: Some(info.address.hostname.clone()),
        version: Some(info.version.clone()),
        address: Some(address(&info.address)),
    }
}

fn address(address: &Address) -> wire::Address {
    wire::Address {
        hostname: Some(address.hostname.clone()),
        ip: Some(address.ip.clone()),
        port: Some(address.port.into()),
    }
}

pub(super) fn offer(offer: &Offer) -> wire::Offer {
    let url = wire::Url {
        scheme: Some("http".to_owned()),
        address: Some(address(&offer.address)),
        path: Some("/slave(1)".to_owned()),
    };
    wire::Offer {
        id: id(offer.id.as_str()),
        framework_id: id(offer.framework_id.as_str()),
        slave_id: id(offer.agent_id.as_str()),
        hostname: Some(offer.hostname.to_string()),
        resources: offer.resources.iter().map(resource).collect(),
        executor_ids: offer.executor_ids.iter().filter_map(|executor| id(executor.as_str())).collect(),
        attributes: offer.attributes.iter().map(attribute).collect(),
        url: Some(url),
    }
}

fn resource(resource: &Resource) -> wire::Resource {
    let mut written = wire::Resource {
        name: Some(resource.name.to_string()),
        role: Some(resource.role.to_string()),
        ..wire::Resource::default()
    };
    let number = match &resource.value {
        Value::Scalar(value) => {
            written.scalar = Some(scalar(*value));
            0
        }
        Value::Ranges(value) => {
            written.ranges = Some(ranges(value));
            1
        }
        Value::Set(items) => {
            written.set = Some(wire::Set { item: items.clone() });
            2
        }
    };
    written.r#type = Some(number);
    written
}

fn attribute(attribute: &Attribute) -> wire::Attribute {
    let mut written =
        wire::Attribute { name: Some(attribute.name.to_string()), ..wire::Attribute::default() };
    let number = match &attribute.value {
        AttributeValue::Scalar(value) => {
            written.scalar = Some(scalar(*value));
            0
        }
        AttributeValue::Ranges(value) => {
            written.ranges = Some(ranges(value));
            1
        }
        AttributeValue::Text(text) => {
            written.text = Some(wire::Text { value: Some(text.clone()) });
            3
        }
    };
    written.r#type = Some(number);
    written
}

fn scalar(scalar: Scalar) -> wire::Scalar {
    wire::Scalar { value: Some(scalar.to_f64()) }
}

fn ranges(ranges: &Ranges) -> wire::Ranges {
    let range = |(begin, end): &(u64, u64)| wire::Range { begin: Some(*begin), end: Some(*end) };
    wire::Ranges { range: ranges.pairs().iter().map(range).collect() }
}

/// The update around a status. What names it for its acknowledgement is in both.
pub(super) fn update(framework_id: &FrameworkId, status: &TaskStatus) -> wire::StatusUpdate {
    let timestamp = status.timestamp.unwrap_or_default().as_secs_f64();
    wire::StatusUpdate {
        framework_id: id(framework_id.as_str()),
        executor_id: status.executor_id.as_ref().and_then(|executor| id(executor.as_str())),
        slave_id: status.agent_id.as_ref().and_then(|agent| id(agent.as_str())),
        timestamp: Some(timestamp),
        uuid: status.uuid.map(|uuid| uuid.0.to_vec()),
        status: Some(task_status(status, timestamp)),
    }
}

fn task_status(status: &TaskStatus, timestamp: f64) -> wire::TaskStatus {
    wire::TaskStatus {
        task_id: id(status.task_id.as_str()),
        state: Some(task_state_number(status.state)),
        data: status.data.clone(),
        message: status.message.clone(),
        slave_id: status.agent_id.as_ref().and_then(|agent| id(agent.as_str())),
        timestamp: Some(timestamp),
        executor_id: status.executor_id.as_ref().and_then(|executor| id(executor.as_str())),
        healthy: status.healthy,
        source: status.source.map(source_number),
        reason: status.reason.map(reason_number),
        uuid: status.uuid.map(|uuid| uuid.0.to_vec()),
        labels: status.labels.as_ref().map(labels),
        container_status: status.container_status.as_deref().map(container_status),
    }
}

fn labels(labels: &Labels) -> wire::Labels {
    let pairs = labels.labels.iter();
    let label =
        |label: &crate::v1::Label| wire::Label { key: Some(label.key.clone()), value: label.value.clone() };
    wire::Labels { labels: pairs.map(label).collect() }
}

fn container_status(status: &ContainerStatus) -> wire::ContainerStatus {
    let addresses = |network: &serde_json::Value| {
        let list = network["ip_addresses"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |one: &serde_json::Value| one["ip_address"].as_str().map(str::to_owned);
        let ip_addresses = list.iter().map(|one| wire::IpAddress { ip_address: text(one) }).collect();
        wire::NetworkInfo { ip_addresses }
    };
    wire::ContainerStatus {
        network_infos: status.network_infos.iter().map(addresses).collect(),
        container_id: status.container_id.as_ref().and_then(|container| id(container.as_str())),
    }
}
