//! What master and agents say of themselves.

use std::net::Ipv4Addr;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::json::number;
use crate::ids::AgentId;
use crate::resources::{Attribute, Resources};

/// Where somebody listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address {
    /// Name of the host.
    pub hostname: String,
    /// Its IPv4 address.
    pub ip: String,
    /// Port.
    #[serde(deserialize_with = "number")]
    pub port: u16,
}

impl Address {
    /// `ip:port`
    pub fn socket(&self) -> String {
        format!("{}:{}", self.ip, self.port)
    }
}

/// The master, as SUBSCRIBED and `json.info_` nodes describe it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MasterInfo {
    /// Random UUID, new at every start.
    pub id: String,
    /// Where it listens.
    pub address: Address,
    /// `master@ip:port`
    pub pid: String,
    /// Version.
    pub version: String,
}

impl MasterInfo {
    /// What is known of a master that does not introduce itself, as 0.28 does not.
    pub(crate) fn unknown() -> Self {
        let address = Address { hostname: String::new(), ip: String::new(), port: 5050 };
        Self { id: String::new(), address, pid: String::new(), version: String::new() }
    }

    /// The content of the node `json.info_…` in ZooKeeper, by which the leader is found: fields in alphabetical order.
    pub fn znode(&self) -> String {
        let capabilities = ["AGENT_UPDATE", "AGENT_DRAINING", "QUOTA_V2"];
        let capabilities = capabilities.map(|name| serde_json::json!({ "type": name }));
        serde_json::json!({
            "address": self.address,
            "capabilities": capabilities,
            "hostname": self.address.hostname,
            "id": self.id,
            "ip": self.ip_number(),
            "pid": self.pid,
            "port": self.address.port,
            "version": self.version,
        })
        .to_string()
    }

    /// The address as protobuf has it: the first octet in the lowest byte.
    pub fn ip_number(&self) -> u32 {
        self.address.ip.parse().map_or(0, |ip: Ipv4Addr| u32::from_le_bytes(ip.octets()))
    }
}

impl Serialize for MasterInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("ip", &self.ip_number())?;
        map.serialize_entry("port", &self.address.port)?;
        map.serialize_entry("pid", &self.pid)?;
        map.serialize_entry("hostname", &self.address.hostname)?;
        map.serialize_entry("version", &self.version)?;
        map.serialize_entry("address", &self.address)?;
        // The third, QUOTA_V2, has no name in the v1 enum, and so Mesos 1.11 prints an empty object.
        let capabilities = serde_json::json!([{"type": "AGENT_UPDATE"}, {"type": "AGENT_DRAINING"}, {}]);
        map.serialize_entry("capabilities", &capabilities)?;
        map.end()
    }
}

/// An agent, as it introduces itself to the master and to executors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentInfo {
    /// Host name.
    pub hostname: String,
    /// Port, 5051 by default.
    #[serde(deserialize_with = "number")]
    pub port: u16,
    /// All it has.
    #[serde(default)]
    pub resources: Resources,
    /// Attributes.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    /// Id, once the master gave it one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<AgentId>,
    /// Its IPv4 address; not part of the JSON.
    #[serde(skip, default)]
    pub ip: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn introduces_itself_in_zookeeper() {
        let address = Address { hostname: "lab".into(), ip: "127.77.0.1".into(), port: 5050 };
        let pid = "master@127.77.0.1:5050".into();
        let info = MasterInfo { id: "M".into(), address, pid, version: "1.11.0".into() };
        let expected = concat!(
            r#"{"address":{"hostname":"lab","ip":"127.77.0.1","port":5050},"#,
            r#""capabilities":[{"type":"AGENT_UPDATE"},{"type":"AGENT_DRAINING"},{"type":"QUOTA_V2"}],"#,
            r#""hostname":"lab","id":"M","ip":16797055,"pid":"master@127.77.0.1:5050","port":5050,"#,
            r#""version":"1.11.0"}"#
        );
        assert_eq!(info.znode(), expected);
    }
}
