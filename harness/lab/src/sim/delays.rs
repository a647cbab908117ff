//! How long things take that take time on a cluster: drawn from one stream per concern.

use std::time::Duration;

use stacklab_machine::service::ServiceSpec;
use stacklab_machine::{Rng, Streams};

/// The delays of one run.
#[derive(Debug)]
pub(super) struct Delays {
    network: Rng,
    fetch: Rng,
    boot: Rng,
    service: Rng,
}

impl Delays {
    pub(super) fn new(streams: Streams) -> Self {
        Self {
            network: streams.stream("delays/network"),
            fetch: streams.stream("delays/fetch"),
            boot: streams.stream("delays/boot"),
            service: streams.stream("delays/service"),
        }
    }

    /// One message from one machine to another: 0.1 to 2 ms.
    pub(super) fn network(&mut self) -> Duration {
        Duration::from_micros(self.network.between(100, 2_000))
    }

    /// Downloading one artifact: 0.2 to 3 s.
    pub(super) fn fetch(&mut self) -> Duration {
        Duration::from_millis(self.fetch.between(200, 3_000))
    }

    /// A Java program from its start until its first call: 0.4 to 1.5 s.
    pub(super) fn boot(&mut self) -> Duration {
        Duration::from_millis(self.boot.between(400, 1_500))
    }

    /// A service from its process to serving, as measured with the real ones on two cores, and up to twice as long.
    pub(super) fn service(&mut self, spec: &ServiceSpec) -> Duration {
        let (fastest, slowest) = match spec {
            ServiceSpec::ZooKeeper(_) => (700, 2_000),
            ServiceSpec::Kafka(_) => (1_200, 3_400),
            ServiceSpec::Cassandra(_) => (3_000, 9_000),
            ServiceSpec::Zipkin(_) => (7_800, 22_000),
        };
        Duration::from_millis(self.service.between(fastest, slowest))
    }
}
