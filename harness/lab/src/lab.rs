//! A running cluster: platform ZooKeeper, master, agents, Marathon, and what the scenario says runs already.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stacklab_live::mesos::{AgentHost, AgentPlace, Commands, MasterHost, SchedulerLink};
use stacklab_live::program::{Place, Running, Services, spawn};
use stacklab_live::{Names, Recorder, Sandbox};
use stacklab_machine::process::Input;
use stacklab_machine::timeline::What;
use stacklab_machine::{Pace, Streams};
use stacklab_marathon::{Marathon, MarathonConfig};
use stacklab_mesos::resources::parse_attributes;
use stacklab_mesos::v1::Address;
use stacklab_mesos::{AgentConfig, LinkId, MasterConfig, Resources, SchedulerEvent};
use stacklab_once::Heard;
use stacklab_zookeeper::client::{Client, CreateMode};
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};

use crate::already::{self, OwnService};
use crate::backing::{Backing, Leftovers};
use crate::cluster::ClusterSpec;
use crate::network::{Network, NetworkError};
use crate::scenario::Already;

const ZOOKEEPER_PORT: u16 = 2181;
/// Under this name some stacks look for the platform's ZooKeeper, as a service discovery would have it.
pub(crate) const ZOOKEEPER_NAME: &str = "zookeeper.service";
const MASTER_PORT: u16 = 5050;
const MARATHON_PORT: u16 = 8080;
const AGENT_PORT: u16 = 5051;
/// How long the cluster may take until Marathon is subscribed and all agents are registered.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How a lab is built.
#[derive(Clone, Debug)]
pub struct LabConfig {
    /// The agents.
    pub cluster: ClusterSpec,
    /// What runs already.
    pub already_running: Vec<Already>,
    /// How fast waits pass.
    pub pace: Pace,
    /// Where ids and ports come from.
    pub seed: u64,
    /// Which services are the real ones.
    pub backing: Backing,
    /// What becomes of commands that no program plays.
    pub commands: Commands,
}

/// Why a lab could not be built: something of the environment, not of the stack.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// No addresses.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Something did not start.
    #[error("cannot start {what} on {address}: {why}")]
    Start {
        /// What.
        what: &'static str,
        /// Where.
        address: String,
        /// Why.
        why: String,
    },
    /// The cluster did not come together in time.
    #[error("the cluster is not complete after {} s: {missing}", START_LIMIT.as_secs())]
    Incomplete {
        /// What is missing.
        missing: String,
    },
    /// The description of an agent cannot be used.
    #[error("agent {0}: {1}")]
    Agent(usize, String),
}

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// `host:port` of the platform's ZooKeeper: what `zk_url` is to be.
    pub zookeeper: String,
    /// URL of the Mesos master.
    pub master: String,
    /// URL of Marathon.
    pub marathon: String,
    /// Addresses of the agents, in order.
    pub agents: Vec<String>,
    /// Connect string of the lab's own Kafka, with its chroot, if it runs.
    pub kafka_zookeeper: Option<String>,
    /// `host:port` of the lab's own broker, if it runs.
    pub kafka: Option<String>,
    /// `host:port` of the lab's own Cassandra node, if it runs.
    pub cassandra: Option<String>,
}

/// A running cluster. Dropping it ends everything at once; nothing of it is left.
pub struct Lab {
    addresses: Addresses,
    recorder: Recorder,
    names: Names,
    pace: Pace,
    streams: Streams,
    // The order of the fields is the order in which they end: users before what they use.
    /// Stack Deploy's own framework, of each deployment that had something for it: what is scheduled goes on.
    frameworks: Mutex<Vec<Running<Heard>>>,
    marathon: Running<SchedulerEvent>,
    agents: Vec<AgentHost>,
    own: Vec<OwnService>,
    master: MasterHost,
    services: Arc<dyn Services>,
    /// The session that holds the master's node.
    registration: Client,
    /// The master's settings, for another one in its place.
    settings: MasterConfig,
    // Behind everything that may start a container, before the addresses are given back.
    leftovers: Leftovers,
    zookeeper: ServerHandle,
    _network: Network,
}

impl Lab {
    /// Builds a cluster and waits until it is complete.
    ///
    /// # Errors
    /// Something of the environment is in the way.
    pub async fn start(config: LabConfig, recorder: Recorder) -> Result<Self, LabError> {
        let network = Network::claim(config.cluster.each_agent().len())?;
        let streams = Streams::new(config.seed);
        let lab = IpAddr::from(network.lab());
        let zookeeper = start_zookeeper(lab, &recorder).await?;
        let connect = format!("{lab}:{ZOOKEEPER_PORT}");
        let settings = master_settings(lab, &config, streams, &recorder);
        let at = SocketAddr::new(lab, MASTER_PORT);
        let master = MasterHost::start(settings.clone(), at, recorder.clone())
            .await
            .map_err(cannot("the Mesos master", &at))?;
        let registration = register_master(&connect, &master).await?;
        let id = format!("{lab}-{}", std::process::id());
        let (services, leftovers) = config.backing.services(&id, &recorder);
        let names = Names::new([(ZOOKEEPER_NAME.to_owned(), lab.to_string())]);
        let ground = Ground { recorder: recorder.clone(), services, names: names.clone(), streams };
        let agents = start_agents(&network, &config, &ground, &master)?;
        let marathon = start_marathon(lab, &config, &ground);
        let own =
            already::start(&config.already_running, &network, &connect, &recorder, &ground.services).await?;
        let has = |service| config.already_running.contains(&service);
        let addresses = Addresses {
            zookeeper: connect.clone(),
            master: format!("http://{}", master.address()),
            marathon: format!("http://{lab}:{MARATHON_PORT}"),
            agents: (0..agents.len()).map(|index| network.agent(index).to_string()).collect(),
            kafka_zookeeper: has(Already::Kafka).then(|| format!("{connect}{}", already::CHROOT)),
            kafka: has(Already::Kafka).then(|| already::kafka_address(&network)),
            cassandra: has(Already::Cassandra).then(|| already::cassandra_address(&network)),
        };
        let lab = Self {
            addresses,
            recorder,
            names,
            pace: config.pace,
            streams,
            frameworks: Mutex::default(),
            marathon,
            agents,
            own,
            master,
            services: Arc::clone(&ground.services),
            registration,
            settings,
            leftovers,
            zookeeper,
            _network: network,
        };
        lab.complete().await?;
        Ok(lab)
    }

    /// Where everything is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The timeline.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Host names of the cluster.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What starts its services.
    pub(crate) fn services(&self) -> &Arc<dyn Services> {
        &self.services
    }

    /// How fast waits pass.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Keeps a framework running until the lab ends.
    pub(crate) fn keep(&self, framework: Running<Heard>) {
        self.frameworks.lock().unwrap_or_else(PoisonError::into_inner).push(framework);
    }

    /// Where random numbers come from.
    pub(crate) fn streams(&self) -> Streams {
        self.streams
    }

    /// The platform's ZooKeeper.
    pub fn platform(&self) -> &EnsembleHandle {
        self.zookeeper.ensemble()
    }

    /// Ends the master and starts another one in its place, as a supervisor does. It has a new id and knows nobody:
    /// agents and frameworks come back to it, if they can.
    ///
    /// # Errors
    /// It cannot be registered in ZooKeeper.
    pub async fn restart_master(&mut self) -> Result<(), LabError> {
        self.settings.id = stacklab_machine::uuid_v4(&mut self.settings.rng);
        self.settings.started = self.recorder.now();
        self.master.restart(self.settings.clone()).await;
        let registration = register_master(&self.addresses.zookeeper, &self.master).await?;
        std::mem::replace(&mut self.registration, registration).close().await;
        Ok(())
    }

    /// Values for `{zk}`, `{kafka-zk}` and `{cassandra}` in a scenario's variables.
    pub fn fill(&self, variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let known = [
            ("{zk}", Some(&self.addresses.zookeeper)),
            ("{kafka-zk}", self.addresses.kafka_zookeeper.as_ref()),
            ("{cassandra}", self.addresses.cassandra.as_ref()),
        ];
        let fill = |value: &String| {
            known.iter().fold(value.clone(), |text, (place, known)| match known {
                Some(known) => text.replace(place, known),
                None => text,
            })
        };
        variables.iter().map(|(key, value)| (key.clone(), fill(value))).collect()
    }

    /// Ends everything, users before what they use, so that each can say goodbye.
    pub async fn stop(self) {
        let Self {
            frameworks,
            marathon,
            agents,
            own,
            master,
            recorder,
            leftovers,
            registration,
            zookeeper,
            ..
        } = self;
        drop(frameworks);
        marathon.inbox().send(Input::Terminate, None).await;
        drop(agents);
        drop(own);
        drop(marathon);
        drop(master);
        leftovers.remove(&recorder).await;
        registration.close().await;
        zookeeper.stop().await;
    }

    /// Waits until Marathon is subscribed and every agent is registered.
    async fn complete(&self) -> Result<(), LabError> {
        let wanted = self.agents.len();
        let look = |recorder: &Recorder| {
            recorder.with(|timeline| {
                let (mut agents, mut marathon) = (0, false);
                for event in timeline.events() {
                    match &event.what {
                        What::AgentRegistered { .. } => agents += 1,
                        What::FrameworkSubscribed { name, .. } => marathon |= name == "marathon",
                        _ => {}
                    }
                }
                (agents, marathon)
            })
        };
        let mut length = self.recorder.watch();
        let complete = async {
            while look(&self.recorder) < (wanted, true) {
                if length.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(START_LIMIT, complete).await.is_ok() {
            return Ok(());
        }
        let (agents, marathon) = look(&self.recorder);
        let missing = if marathon { format!("{agents} of {wanted} agents") } else { "Marathon".to_owned() };
        Err(LabError::Incomplete { missing })
    }
}

/// What everything on the cluster shares.
struct Ground {
    recorder: Recorder,
    services: Arc<dyn Services>,
    names: Names,
    streams: Streams,
}

fn cannot<E: std::fmt::Display>(
    what: &'static str,
    address: &dyn std::fmt::Display,
) -> impl FnOnce(E) -> LabError + use<E> {
    let address = address.to_string();
    move |why| LabError::Start { what, address, why: why.to_string() }
}

async fn start_zookeeper(lab: IpAddr, recorder: &Recorder) -> Result<ServerHandle, LabError> {
    let sink = recorder.clone();
    let ensemble = EnsembleHandle::with_sink(EnsembleConfig::standalone("platform"), move |what| {
        sink.record("zookeeper", None, what);
    });
    let address = SocketAddr::new(lab, ZOOKEEPER_PORT);
    // The platform's ZooKeeper is taken for granted: its log is nobody's concern.
    let log = Arc::new(|_line: String| {});
    Server::start(ServerConfig::new(address), ensemble, log)
        .await
        .map_err(cannot("the platform's ZooKeeper", &address))
}

fn master_settings(lab: IpAddr, config: &LabConfig, streams: Streams, recorder: &Recorder) -> MasterConfig {
    let mut rng = streams.stream("ids/master");
    let id = stacklab_machine::uuid_v4(&mut rng);
    let mut settings = MasterConfig::new(id, address(lab, MASTER_PORT), rng);
    settings.started = recorder.now();
    settings.allocation_interval = config.pace.wait(settings.allocation_interval);
    settings.filter_pace = config.pace;
    settings
}

/// Puts the master's node where schedulers look for the leader, as a master does that was elected.
async fn register_master(connect: &str, master: &MasterHost) -> Result<Client, LabError> {
    let failed = || cannot("the leader election", &connect);
    let client = Client::connect(connect, Duration::from_secs(10)).await.map_err(|why| failed()(why))?;
    let data = master.info().znode();
    client
        .create_with_parents("/mesos/json.info_", Some(data.as_bytes()), CreateMode::EphemeralSequential)
        .await
        .map_err(|why| failed()(why))?;
    Ok(client)
}

fn start_agents(
    network: &Network,
    config: &LabConfig,
    ground: &Ground,
    master: &MasterHost,
) -> Result<Vec<AgentHost>, LabError> {
    let mut agents = Vec::new();
    for (index, spec) in config.cluster.each_agent().iter().enumerate() {
        let bad = |why: String| LabError::Agent(index + 1, why);
        let resources: Resources = spec.resources().parse().map_err(|why| bad(format!("{why}")))?;
        let name = format!("agent-{}", index + 1);
        let rng = ground.streams.stream(&format!("ids/{name}"));
        let mut settings = AgentConfig::new(address(network.agent(index).into(), AGENT_PORT), resources, rng);
        settings.attributes = parse_attributes(&spec.attributes()).map_err(|why| bad(format!("{why}")))?;
        settings.limits_memory = config.cluster.memory_limits;
        settings.registration_backoff = config.pace.wait(settings.registration_backoff);
        let place = AgentPlace {
            name,
            link: LinkId(index as u64),
            recorder: ground.recorder.clone(),
            services: Arc::clone(&ground.services),
            names: ground.names.clone(),
            pace: config.pace,
            streams: ground.streams,
            artifacts: config.cluster.artifacts(),
            commands: config.commands.clone(),
        };
        agents.push(AgentHost::start(settings, place, master.handle()));
    }
    Ok(agents)
}

fn start_marathon(lab: IpAddr, config: &LabConfig, ground: &Ground) -> Running<SchedulerEvent> {
    let mut settings =
        MarathonConfig::new(lab.to_string(), MARATHON_PORT, format!("zk://{lab}:{ZOOKEEPER_PORT}/mesos"));
    settings.pace = config.pace;
    let place = Place {
        name: "marathon".to_owned(),
        task: "marathon".to_owned(),
        address: lab,
        recorder: ground.recorder.clone(),
        names: ground.names.clone(),
        sandbox: Sandbox::new(),
        services: Arc::clone(&ground.services),
    };
    spawn(Box::new(Marathon::new(settings, ground.streams)), place, SchedulerLink::new)
}

fn address(ip: IpAddr, port: u16) -> Address {
    Address { hostname: ip.to_string(), ip: ip.to_string(), port }
}
