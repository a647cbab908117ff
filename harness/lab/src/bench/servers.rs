//! The embedded servers that are measured, each as a lab has it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use stacklab_live::program::Services;
use stacklab_live::{Clock, Embedded, Recorder};
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};

use crate::already::{self, OwnService};
use crate::lab::LabError;
use crate::network::Network;
use crate::scenario::Already;

const ZOOKEEPER_PORT: u16 = 2181;

/// One of each. Dropping it ends them all.
pub(super) struct Servers {
    pub(super) zookeeper: String,
    pub(super) kafka: String,
    pub(super) cassandra: String,
    // In the order in which they end: users before what they use.
    own: Vec<OwnService>,
    server: ServerHandle,
    _network: Network,
}

impl Servers {
    /// Starts them on addresses of their own.
    pub(super) async fn start() -> Result<Self, LabError> {
        let network = Network::claim(1)?;
        let address = SocketAddr::new(IpAddr::from(network.lab()), ZOOKEEPER_PORT);
        // Without a timeline: a lab writes down what is written to its ZooKeeper, which is the lab's cost.
        let ensemble = EnsembleHandle::new(EnsembleConfig::standalone("bench"));
        let server = Server::start(ServerConfig::new(address), ensemble, Arc::new(|_line: String| {})).await;
        let server = server.map_err(|why| LabError::Start {
            what: "ZooKeeper",
            address: address.to_string(),
            why: why.to_string(),
        })?;
        let recorder = Recorder::new(Clock::new());
        let services: Arc<dyn Services> = Arc::new(Embedded::new(recorder.clone()));
        let wanted = [Already::Kafka, Already::Cassandra];
        let own = already::start(&wanted, &network, &address.to_string(), &recorder, &services).await?;
        Ok(Self {
            zookeeper: address.to_string(),
            kafka: already::kafka_address(&network),
            cassandra: already::cassandra_address(&network),
            own,
            server,
            _network: network,
        })
    }

    /// Ends them.
    pub(super) async fn stop(self) {
        drop(self.own);
        self.server.stop().await;
    }
}
