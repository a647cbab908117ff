//! What a framework says of itself.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json::number;
use super::names::Capability;
use crate::ids::FrameworkId;

/// A framework, as it introduces itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrameworkInfo {
    /// User under whom tasks run; may be empty.
    pub user: String,
    /// Name.
    pub name: String,
    /// Id, when it comes back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<FrameworkId>,
    /// Seconds for which its tasks live on after its connection broke. Negative: for ever.
    #[serde(default, deserialize_with = "number")]
    pub failover_timeout: f64,
    /// Whether agents keep its executors over their own restart.
    #[serde(default)]
    pub checkpoint: bool,
    /// Role, unless MULTI_ROLE; absent means `*`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub role: Option<String>,
    /// Roles, if MULTI_ROLE.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub roles: Vec<String>,
    /// Host of the scheduler.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hostname: Option<String>,
    /// Principal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub principal: Option<String>,
    /// Address of its web page.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub webui_url: Option<String>,
    /// Capabilities; unknown ones are dropped.
    #[serde(skip_serializing_if = "Vec::is_empty", default, with = "capabilities")]
    pub capabilities: Vec<Capability>,
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub labels: Option<Labels>,
}

impl FrameworkInfo {
    /// A framework of that name and user, all else as Mesos' defaults have it.
    pub fn new(name: &str, user: &str) -> Self {
        Self { name: name.into(), user: user.into(), ..Self::default() }
    }

    /// Whether it has a capability.
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// The roles it has, whichever way it says so.
    pub fn all_roles(&self) -> Vec<&str> {
        if self.can(Capability::MultiRole) {
            self.roles.iter().map(String::as_str).collect()
        } else {
            vec![self.role.as_deref().unwrap_or("*")]
        }
    }
}

/// Key-value pairs; a key may be there twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// The pairs.
    #[serde(default)]
    pub labels: Vec<Label>,
}

/// One pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Key.
    pub key: String,
    /// Value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<String>,
}

/// `[{"type":"PARTITION_AWARE"}]`
mod capabilities {
    use super::{Capability, Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize)]
    struct Written {
        r#type: Capability,
    }

    #[derive(Deserialize)]
    struct Read {
        r#type: Option<String>,
    }

    pub(super) fn serialize<S: Serializer>(
        capabilities: &[Capability],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(capabilities.iter().map(|capability| Written { r#type: *capability }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Capability>, D::Error> {
        let read = Vec::<Read>::deserialize(deserializer)?;
        Ok(read.iter().filter_map(|one| Capability::from_name(one.r#type.as_deref()?)).collect())
    }
}
