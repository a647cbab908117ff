//! Some services real, the others our own: what a lab starts where an executor wants a service.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use tokio::sync::{mpsc, oneshot};

use crate::image::ImageTask;
use crate::program::Services;
use crate::sandbox::Sandbox;

/// A service that can be the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// ZooKeeper.
    ZooKeeper,
    /// Kafka.
    Kafka,
    /// Cassandra.
    Cassandra,
    /// Zipkin: collector, query service and web UI.
    Zipkin,
}

impl Part {
    /// All four.
    pub const ALL: [Self; 4] = [Self::ZooKeeper, Self::Kafka, Self::Cassandra, Self::Zipkin];

    /// What it is called on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ZooKeeper => "zookeeper",
            Self::Kafka => "kafka",
            Self::Cassandra => "cassandra",
            Self::Zipkin => "zipkin",
        }
    }

    /// Which of the four a specification is for.
    pub const fn of(spec: &ServiceSpec) -> Self {
        match spec {
            ServiceSpec::ZooKeeper(_) => Self::ZooKeeper,
            ServiceSpec::Kafka(_) => Self::Kafka,
            ServiceSpec::Cassandra(_) => Self::Cassandra,
            ServiceSpec::Zipkin(_) => Self::Zipkin,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|part| part.name() == text);
        found.ok_or_else(|| format!("'{text}' is no service: zookeeper, kafka, cassandra or zipkin"))
    }
}

/// Starts each service with the one or the other.
#[derive(Clone)]
pub struct Mixed {
    real: BTreeSet<Part>,
    containers: Arc<dyn Services>,
    embedded: Arc<dyn Services>,
}

impl Mixed {
    /// These services by `containers`, all others by `embedded`.
    pub fn new(real: BTreeSet<Part>, containers: Arc<dyn Services>, embedded: Arc<dyn Services>) -> Self {
        Self { real, containers, embedded }
    }
}

impl Services for Mixed {
    fn run(
        &self,
        spec: ServiceSpec,
        sandbox: &Sandbox,
        events: mpsc::Sender<ServiceEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let one = if self.real.contains(&Part::of(&spec)) { &self.containers } else { &self.embedded };
        one.run(spec, sandbox, events, stop)
    }

    fn image(
        &self,
        task: ImageTask,
        events: mpsc::Sender<ServiceEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        self.containers.image(task, events, stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_their_names() {
        for part in Part::ALL {
            assert_eq!(part.name().parse(), Ok(part));
        }
        assert!("redis".parse::<Part>().is_err());
    }
}
