//! The embedded services: our own servers, in this process, behind the sockets that the real ones would have.

mod ensembles;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use stacklab_cassandra::server::{Node, NodeConfig, Rings};
use stacklab_kafka::{Broker, BrokerConfig};
use stacklab_machine::service::{
    CassandraSpec, KafkaSpec, ServiceEvent, ServiceSpec, ZipkinSpec, ZooKeeperSpec,
};
use stacklab_zipkin::{Options, StorageAtStart};
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig};
use tokio::sync::{mpsc, oneshot};

use self::ensembles::Ensembles;
use crate::mishap::Mishaps;
use crate::program::Services;
use crate::recorder::Recorder;
use crate::sandbox::{Sandbox, SandboxWitness};

/// 143: what a Java program ends with on SIGTERM.
const TERMINATED: i32 = 143;

/// Starts embedded services. Clones share ensembles and rings.
#[derive(Clone)]
pub struct Embedded {
    ensembles: Ensembles,
    rings: Rings,
}

impl Embedded {
    /// Nothing runs yet; what is written to ZooKeepers is recorded.
    pub fn new(recorder: Recorder) -> Self {
        Self::among(recorder, Mishaps::default())
    }

    /// The same, in a lab in which things go wrong.
    pub fn among(recorder: Recorder, mishaps: Mishaps) -> Self {
        Self { ensembles: Ensembles::new(recorder, mishaps), rings: Rings::new() }
    }

    /// The ensembles that there are.
    pub fn ensembles(&self) -> Vec<EnsembleHandle> {
        self.ensembles.all()
    }

    /// Loses what a service has on its disks. False for a service that has nothing that outlives its process.
    pub fn lose_data(&self, spec: &ServiceSpec) -> bool {
        match spec {
            ServiceSpec::ZooKeeper(spec) => self.ensembles.of(spec).map(|ensemble| ensemble.wipe()).is_some(),
            ServiceSpec::Cassandra(spec) => {
                self.rings.forget(&spec.cluster_name);
                true
            }
            ServiceSpec::Kafka(_) | ServiceSpec::Zipkin(_) => false,
        }
    }
}

impl Services for Embedded {
    fn run(
        &self,
        spec: ServiceSpec,
        sandbox: &Sandbox,
        events: mpsc::Sender<ServiceEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let services = self.clone();
        let sandbox = sandbox.witness();
        Box::pin(async move {
            let life = Life { events, stop };
            match spec {
                ServiceSpec::ZooKeeper(spec) => services.zookeeper(spec, sandbox, life).await,
                ServiceSpec::Kafka(spec) => services.kafka(spec, life).await,
                ServiceSpec::Cassandra(spec) => services.cassandra(spec, life).await,
                ServiceSpec::Zipkin(spec) => services.zipkin(spec, life).await,
            }
        })
    }
}

/// What a service tells, and how it is told to stop.
struct Life {
    events: mpsc::Sender<ServiceEvent>,
    stop: oneshot::Receiver<()>,
}

impl Life {
    async fn tell(&self, event: ServiceEvent) {
        // Who started it may be gone; then nobody wants to know.
        let _ = self.events.send(event).await;
    }

    async fn exited(&self, code: i32, message: impl Into<String>) {
        self.tell(ServiceEvent::Exited { code, message: message.into() }).await;
    }

    /// A sink for log lines; what does not fit is dropped, as a log must not hold a server up.
    fn log(&self) -> Arc<dyn Fn(String) + Send + Sync> {
        let events = self.events.clone();
        Arc::new(move |line| {
            let _ = events.try_send(ServiceEvent::Log(line));
        })
    }

    fn log_str(&self) -> Arc<dyn Fn(&str) + Send + Sync> {
        let log = self.log();
        Arc::new(move |line| log(line.to_owned()))
    }

    /// Waits until the service is to stop; for ever, if whoever could say so is gone.
    async fn stopped(&mut self) {
        if (&mut self.stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Embedded {
    async fn zookeeper(&self, spec: ZooKeeperSpec, sandbox: SandboxWitness, mut life: Life) {
        life.tell(ServiceEvent::Started).await;
        let address = match socket(&spec.host, spec.client_port) {
            Ok(address) => address,
            Err(why) => return life.exited(1, why).await,
        };
        let ensemble = self.ensembles.join(&spec, sandbox);
        let config = ServerConfig::new(address).with_id(spec.server_id);
        let server = match Server::start(config, ensemble, life.log()).await {
            Ok(server) => server,
            Err(why) => return life.exited(1, why.to_string()).await,
        };
        life.tell(ServiceEvent::Ready).await;
        life.stopped().await;
        server.stop().await;
        life.exited(TERMINATED, "").await;
    }

    async fn kafka(&self, spec: KafkaSpec, mut life: Life) {
        life.tell(ServiceEvent::Started).await;
        let config = match BrokerConfig::from_spec(&spec) {
            Ok(config) => config,
            Err(why) => return life.exited(1, why.to_string()).await,
        };
        let broker = match Broker::start(config, life.log_str()).await {
            Ok(broker) => broker,
            Err(why) => return life.exited(1, why.to_string()).await,
        };
        life.tell(ServiceEvent::Ready).await;
        let exit = tokio::select! {
            exit = broker.exited() => Some(exit),
            () = life.stopped() => None,
        };
        let exit = match exit {
            Some(exit) => exit,
            None => broker.stop().await,
        };
        life.exited(exit.code, exit.message).await;
    }

    async fn cassandra(&self, spec: CassandraSpec, mut life: Life) {
        life.tell(ServiceEvent::Started).await;
        let ring = self.rings.ring(&spec.cluster_name);
        let node = match Node::start(NodeConfig::new(spec), ring, life.log_str()).await {
            Ok(node) => node,
            Err(why) => return life.exited(3, why.to_string()).await,
        };
        life.tell(ServiceEvent::Ready).await;
        life.stopped().await;
        node.stop().await;
        life.exited(TERMINATED, "").await;
    }

    async fn zipkin(&self, spec: ZipkinSpec, mut life: Life) {
        life.tell(ServiceEvent::Started).await;
        // The services that Zipkin-Mesos runs look for Cassandra at once, unlike zipkin-server.
        let options = Options { storage_at_start: StorageAtStart::Required, ..Options::default() };
        let component = match stacklab_zipkin::start(&spec, options, life.log()).await {
            Ok(component) => component,
            Err(why) => return life.exited(1, why.to_string()).await,
        };
        life.tell(ServiceEvent::Ready).await;
        let exit = tokio::select! {
            exit = component.exited() => Some(exit),
            () = life.stopped() => None,
        };
        let exit = match exit {
            Some(exit) => exit,
            None => component.stop().await,
        };
        life.exited(exit.code, exit.message).await;
    }
}

fn socket(host: &str, port: u16) -> Result<SocketAddr, String> {
    let ip: IpAddr = host.parse().map_err(|_| format!("{host} is not an address of this host"))?;
    Ok(SocketAddr::new(ip, port))
}
