//! The three kinds of instances.

use stacklab_machine::service::ZipkinRole;

/// A kind of instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Takes spans from Kafka (or Scribe) and stores them.
    Collector,
    /// Answers queries.
    Query,
    /// Shows them.
    Web,
}

impl Component {
    /// All, in the order in which they are given offers.
    pub const ALL: [Self; 3] = [Self::Collector, Self::Query, Self::Web];

    /// Its name in paths, ids and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Query => "query",
            Self::Web => "web",
        }
    }

    /// The component of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }

    /// The key of its list in the stored document.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Collector => "collectors",
            Self::Query => "queryServices",
            Self::Web => "webServices",
        }
    }

    /// The configuration script it is started with unless another one is named.
    pub(super) const fn default_script(self) -> Option<&'static str> {
        match self {
            Self::Collector => Some("collector-cassandra.scala"),
            Self::Query => Some("query-cassandra.scala"),
            Self::Web => None,
        }
    }

    pub(super) const fn role(self) -> ZipkinRole {
        match self {
            Self::Collector => ZipkinRole::Collector,
            Self::Query => ZipkinRole::Query,
            Self::Web => ZipkinRole::Web,
        }
    }
}

/// Component and instance id out of a task id, `zipkin-<type>-<id>-<uuid>`.
pub(super) fn of_task(task_id: &str) -> Option<(Component, &str)> {
    let mut parts = task_id.split('-').skip(1);
    Some((Component::from_name(parts.next()?)?, parts.next()?))
}
