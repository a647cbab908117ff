//! The servers that are measured, each as a lab has it: our own, or the real ones.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use stacklab_live::program::Services;
use stacklab_live::{Clock, Part, Recorder};
use stacklab_machine::service::{ServiceSpec, ZipkinRole, ZipkinSpec, ZooKeeperPeer, ZooKeeperSpec};
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};

use crate::already::{self, OwnService};
use crate::backing::{Backing, Leftovers};
use crate::lab::LabError;
use crate::network::Network;
use crate::scenario::Already;

const ZOOKEEPER_PORT: u16 = 2181;
const QUERY_PORT: u16 = 9411;

/// One of each. Dropping it ends them all.
pub(super) struct Servers {
    pub(super) zookeeper: String,
    pub(super) kafka: String,
    pub(super) cassandra: String,
    /// The query service, which takes spans as well.
    pub(super) zipkin: String,
    // In the order in which they end: users before what they use.
    own: Vec<OwnService>,
    server: Option<ServerHandle>,
    leftovers: Leftovers,
    recorder: Recorder,
    _network: Network,
}

impl Servers {
    /// Starts them on addresses of their own.
    pub(super) async fn start(backing: &Backing) -> Result<Self, LabError> {
        let network = Network::claim(1)?;
        let recorder = Recorder::new(Clock::new());
        let (services, leftovers) = backing.plain_services(&format!("bench-{}", network.lab()), &recorder);
        let address = SocketAddr::new(IpAddr::from(network.lab()), ZOOKEEPER_PORT);
        let (mut own, mut server) = (Vec::new(), None);
        if backing.real().contains(&Part::ZooKeeper) {
            own.push(already::run(zookeeper(address), recorder.clone(), Arc::clone(&services)).await?);
        } else {
            server = Some(bare_zookeeper(address).await?);
        }
        let wanted = [Already::Kafka, Already::Cassandra];
        own.extend(already::start(&wanted, &network, &address.to_string(), &recorder, &services).await?);
        let cassandra = already::cassandra_address(&network);
        let query = SocketAddr::new(IpAddr::from(network.agent(0)), QUERY_PORT);
        own.insert(0, zipkin(query, &cassandra, &recorder, &services).await?);
        Ok(Self {
            zookeeper: address.to_string(),
            kafka: already::kafka_address(&network),
            cassandra,
            zipkin: query.to_string(),
            own,
            server,
            leftovers,
            recorder,
            _network: network,
        })
    }

    /// Ends them.
    pub(super) async fn stop(self) {
        drop(self.own);
        if let Some(server) = self.server {
            server.stop().await;
        }
        self.leftovers.remove(&self.recorder).await;
    }
}

/// Our own, without a timeline: a lab writes down what is written to its ZooKeeper, which is the lab's cost.
async fn bare_zookeeper(address: SocketAddr) -> Result<ServerHandle, LabError> {
    let ensemble = EnsembleHandle::new(EnsembleConfig::standalone("bench"));
    let server = Server::start(ServerConfig::new(address), ensemble, Arc::new(|_line: String| {})).await;
    server.map_err(|why| LabError::Start {
        what: "ZooKeeper",
        address: address.to_string(),
        why: why.to_string(),
    })
}

fn zookeeper(address: SocketAddr) -> ServiceSpec {
    let host = address.ip().to_string();
    let peer = ZooKeeperPeer { id: 1, host: host.clone(), connect_port: 2888, election_port: 3888 };
    ServiceSpec::ZooKeeper(ZooKeeperSpec {
        server_id: 1,
        host,
        client_port: address.port(),
        servers: vec![peer],
        extra: BTreeMap::new(),
    })
}

async fn zipkin(
    address: SocketAddr,
    cassandra: &str,
    recorder: &Recorder,
    services: &Arc<dyn Services>,
) -> Result<OwnService, LabError> {
    let env = [
        ("CASSANDRA_CONTACT_POINTS".to_owned(), cassandra.to_owned()),
        ("QUERY_PORT".to_owned(), address.port().to_string()),
    ];
    let spec = ZipkinSpec {
        role: ZipkinRole::Query,
        host: address.ip().to_string(),
        env: env.into(),
        flags: BTreeMap::new(),
        config_file: None,
    };
    already::run(ServiceSpec::Zipkin(spec), recorder.clone(), Arc::clone(services)).await
}
