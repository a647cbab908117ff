//! What a server of Exhibitor and an instance of Zipkin have in common: both frameworks are of one family, and keep
//! state and task in the same words.

use serde::Serialize;
use serde_json::Value;

use super::fields;

/// State of a server or an instance. The names are the originals': `Stopped` means "wanted, waiting for an offer",
/// `Added` "idle".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum State {
    Added,
    Stopped,
    Staging,
    Running,
    Reconciling,
}

impl State {
    const ALL: [Self; 5] = [Self::Added, Self::Stopped, Self::Staging, Self::Running, Self::Reconciling];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Added => "Added",
            Self::Stopped => "Stopped",
            Self::Staging => "Staging",
            Self::Running => "Running",
            Self::Reconciling => "Reconciling",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// The task of a server or an instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Task {
    pub(crate) id: String,
    #[serde(rename = "slaveId")]
    pub(crate) agent: String,
    #[serde(rename = "executorId")]
    pub(crate) executor: String,
    #[serde(serialize_with = "fields::object")]
    pub(crate) attributes: Vec<(String, String)>,
}

impl Task {
    /// Reads what was stored; nothing if a part of it is missing.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let text = |field: &str| value[field].as_str().map(str::to_owned);
        let attributes = value["attributes"].as_object()?.iter();
        Some(Self {
            id: text("id")?,
            agent: text("slaveId")?,
            executor: text("executorId")?,
            attributes: attributes
                .map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect::<Option<_>>()?,
        })
    }
}

/// The parameters of a call.
pub(crate) struct Parameters(pub(crate) Vec<(String, String)>);

impl Parameters {
    /// Of several values the first counts, as in a servlet.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What a call's handler does not catch: what becomes of its text the door decides.
pub(crate) struct Thrown(pub(crate) String);

impl<E: std::error::Error> From<E> for Thrown {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
