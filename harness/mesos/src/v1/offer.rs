//! Offers: what a framework may use on one agent.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;

use super::master::Address;
use crate::ids::{AgentId, ExecutorId, FrameworkId, OfferId};
use crate::resources::{Attribute, Resources, Word};

/// An offer; cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Id.
    pub id: OfferId,
    /// To whom.
    pub framework_id: FrameworkId,
    /// Of whom.
    pub agent_id: AgentId,
    /// The agent's host name.
    pub hostname: Arc<str>,
    /// The agent's address.
    pub address: Arc<Address>,
    /// What.
    pub resources: Resources,
    /// The agent's attributes.
    pub attributes: Arc<[Attribute]>,
    /// Executors that the framework has on the agent.
    pub executor_ids: Vec<ExecutorId>,
    /// The role it is allocated to; `None` for frameworks that are not MULTI_ROLE, who are not told.
    pub allocation_role: Option<Word>,
}

impl Offer {
    /// The text of an attribute.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|found| found.value.to_string())
    }
}

impl Serialize for Offer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("framework_id", &self.framework_id)?;
        map.serialize_entry("agent_id", &self.agent_id)?;
        map.serialize_entry("hostname", &*self.hostname)?;
        let url = json!({ "scheme": "http", "address": &*self.address, "path": "/slave(1)" });
        map.serialize_entry("url", &url)?;
        let allocation = self.allocation_role.as_ref().map(|role| json!({ "role": role }));
        map.serialize_entry("resources", &self.resource_list(allocation.as_ref()))?;
        if !self.attributes.is_empty() {
            map.serialize_entry("attributes", &*self.attributes)?;
        }
        if !self.executor_ids.is_empty() {
            map.serialize_entry("executor_ids", &self.executor_ids)?;
        }
        if let Some(allocation) = &allocation {
            map.serialize_entry("allocation_info", allocation)?;
        }
        map.end()
    }
}

impl Offer {
    fn resource_list(&self, allocation: Option<&serde_json::Value>) -> Vec<serde_json::Value> {
        self.resources
            .iter()
            .map(|resource| {
                let mut value = json!(resource);
                if let (Some(allocation), Some(object)) = (allocation, value.as_object_mut()) {
                    object.insert("allocation_info".into(), allocation.clone());
                }
                value
            })
            .collect()
    }
}

#[derive(Deserialize)]
struct AllocationJson {
    role: Option<Word>,
}

#[derive(Deserialize)]
struct UrlJson {
    address: Address,
}

#[derive(Deserialize)]
struct OfferJson {
    id: OfferId,
    framework_id: FrameworkId,
    agent_id: AgentId,
    hostname: String,
    url: Option<UrlJson>,
    #[serde(default)]
    resources: Resources,
    #[serde(default)]
    attributes: Vec<Attribute>,
    #[serde(default)]
    executor_ids: Vec<ExecutorId>,
    allocation_info: Option<AllocationJson>,
}

impl<'de> Deserialize<'de> for Offer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = OfferJson::deserialize(deserializer)?;
        let unknown = || Address { hostname: json.hostname.clone(), ip: json.hostname.clone(), port: 5051 };
        Ok(Self {
            id: json.id,
            framework_id: json.framework_id,
            agent_id: json.agent_id,
            address: Arc::new(json.url.map_or_else(unknown, |url| url.address)),
            hostname: json.hostname.into(),
            resources: json.resources,
            attributes: json.attributes.into(),
            executor_ids: json.executor_ids,
            allocation_role: json.allocation_info.and_then(|info| info.role),
        })
    }
}
