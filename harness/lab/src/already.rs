//! Services that the lab runs itself, as a platform that has them: one broker, one Cassandra node.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stacklab_live::mishap::{Owner, Party};
use stacklab_live::program::Services;
use stacklab_live::{Host, Recorder, Sandbox};
use stacklab_machine::service::{CassandraSpec, KafkaSpec, ServiceEvent, ServiceSpec};
use stacklab_machine::timeline::{EventId, What};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::lab::LabError;
use crate::network::Network;
use crate::scenario::Already;

/// Below which node of the platform's ZooKeeper the lab's broker keeps everything.
pub(crate) const CHROOT: &str = "/kafka";
pub(crate) const KAFKA_PORT: u16 = 9092;
pub(crate) const CQL_PORT: u16 = 9042;
/// What a process ends with that was killed.
const KILLED: i32 = 137;
/// How long one may take to serve.
const LIMIT: Duration = Duration::from_secs(180);

/// A running service of the lab's own. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct OwnService {
    _stop: oneshot::Sender<()>,
    _tasks: JoinSet<()>,
}

pub(crate) fn kafka_address(network: &Network) -> String {
    format!("{}:{KAFKA_PORT}", network.kafka())
}

pub(crate) fn cassandra_address(network: &Network) -> String {
    format!("{}:{CQL_PORT}", network.cassandra())
}

/// Starts what is asked for, and waits until all of it serves.
pub(crate) async fn start(
    wanted: &[Already],
    network: &Network,
    zookeeper: &str,
    recorder: &Recorder,
    services: &Arc<dyn Services>,
) -> Result<Vec<OwnService>, LabError> {
    let specs = wanted.iter().map(|service| match service {
        Already::Kafka => ServiceSpec::Kafka(kafka(&network.kafka().to_string(), zookeeper)),
        Already::Cassandra => ServiceSpec::Cassandra(cassandra(network)),
    });
    let mut starting = JoinSet::new();
    for spec in specs {
        starting.spawn(run(spec, recorder.clone(), Arc::clone(services)));
    }
    let mut running = Vec::new();
    while let Some(started) = starting.join_next().await {
        let ended = |why: tokio::task::JoinError| LabError::Start {
            what: "a service of the lab's own",
            address: network.lab().to_string(),
            why: why.to_string(),
        };
        running.push(started.map_err(ended)??);
    }
    Ok(running)
}

/// Starts one service, and waits until it serves.
pub(crate) async fn run(
    spec: ServiceSpec,
    recorder: Recorder,
    services: Arc<dyn Services>,
) -> Result<OwnService, LabError> {
    let (service, address) = (spec.kind(), stacklab_live::program::address_of(&spec));
    let task = format!("lab-{service}");
    let (sender, mut events) = mpsc::channel(256);
    let (stop, stopped) = oneshot::channel();
    let mut tasks = JoinSet::new();
    let started =
        What::ServiceStarted { task: task.clone(), service: service.to_owned(), address: address.clone() };
    let cause = recorder.record("lab", None, started);
    let sandbox = Sandbox::new();
    sandbox.own(Owner { party: Party::new("lab", &task, &task), host: Host::new("lab") });
    tasks.spawn(services.run(spec.clone(), &sandbox, sender, stopped));
    let ready = async {
        loop {
            match events.recv().await {
                Some(ServiceEvent::Ready) => return Ok(()),
                Some(ServiceEvent::Exited { message, .. }) => return Err(message),
                Some(_) => {}
                None => return Err("it ended".to_owned()),
            }
        }
    };
    let ready =
        tokio::time::timeout(LIMIT, ready).await.unwrap_or_else(|_| Err("it does not serve".to_owned()));
    ready.map_err(|why| LabError::Start { what: service, address: address.clone(), why })?;
    let supervised = Supervised { spec, services, sandbox, recorder, task, address };
    supervised.ready(Some(cause));
    tasks.spawn(supervised.keep(events));
    Ok(OwnService { _stop: stop, _tasks: tasks })
}

/// A service that is started again when it was killed, as a platform's services are.
struct Supervised {
    spec: ServiceSpec,
    services: Arc<dyn Services>,
    sandbox: Sandbox,
    recorder: Recorder,
    task: String,
    address: String,
}

impl Supervised {
    fn ready(&self, cause: Option<EventId>) {
        let (task, service, address) = (self.task.clone(), self.spec.kind().to_owned(), self.address.clone());
        self.recorder.record("lab", cause, What::ServiceReady { task, service, address });
    }

    /// Takes what it says out of its channel; starts it again when it was killed.
    async fn keep(self, mut events: mpsc::Receiver<ServiceEvent>) {
        let mut stops = Vec::new();
        let mut running = JoinSet::new();
        while let Some(event) = events.recv().await {
            match event {
                ServiceEvent::Ready => self.ready(None),
                ServiceEvent::Exited { code, message } => {
                    let (task, service) = (self.task.clone(), self.spec.kind().to_owned());
                    self.recorder.record("lab", None, What::ServiceExited { task, service, code, message });
                    if code != KILLED {
                        return;
                    }
                    let (sender, again) = mpsc::channel(256);
                    let (stop, stopped) = oneshot::channel();
                    // Nobody asks it to stop, but it is not to believe so.
                    stops = vec![stop];
                    running.spawn(self.services.run(self.spec.clone(), &self.sandbox, sender, stopped));
                    events = again;
                }
                ServiceEvent::Started | ServiceEvent::Log(_) => {}
            }
        }
        drop(stops);
    }
}

/// The lab's broker, on this address and below [`CHROOT`] of this ZooKeeper.
pub(crate) fn kafka(host: &str, zookeeper: &str) -> KafkaSpec {
    let pairs = [
        ("broker.id", "1".to_owned()),
        ("host.name", host.to_owned()),
        ("port", KAFKA_PORT.to_string()),
        ("zookeeper.connect", format!("{zookeeper}{CHROOT}")),
    ];
    let properties: BTreeMap<String, String> = pairs.map(|(key, value)| (key.to_owned(), value)).into();
    KafkaSpec { properties }
}

fn cassandra(network: &Network) -> CassandraSpec {
    let address = network.cassandra().to_string();
    CassandraSpec {
        cluster_name: "platform".to_owned(),
        seeds: vec![address.clone()],
        address,
        cql_port: CQL_PORT,
        storage_port: 7000,
        jmx_port: 7199,
        thrift_port: 9160,
        dc: "datacenter1".to_owned(),
        rack: "rack1".to_owned(),
        yaml: BTreeMap::new(),
    }
}
