//! A running cluster: platform ZooKeeper, master, agents, Marathon, and what the scenario says runs already.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stacklab_faults::{Fault, Reaction};
use stacklab_live::mesos::{AgentPlace, Commands, MasterHost, SchedulerLink};
use stacklab_live::program::{Place, Running, Services, spawn};
use stacklab_live::{Host, Mishaps, Names, Recorder, Sandbox, Surroundings};
use stacklab_machine::process::Input;
use stacklab_machine::timeline::What;
use stacklab_machine::{Pace, Streams};
use stacklab_marathon::{Marathon, MarathonConfig};
use stacklab_mesos::resources::parse_attributes;
use stacklab_mesos::v1::Address;
use stacklab_mesos::{AgentConfig, LinkId, MasterConfig, Resources, SchedulerEvent};
use stacklab_once::Heard;
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, ServerHandle};

use crate::already;
use crate::backing::{Backing, Leftovers};
use crate::cluster::ClusterSpec;
use crate::faults::{
    self, AgentSeat, CannotBreak, Controls, FaultsHandle, HeldPorts, MasterSeat, Platform, Takers, register,
};
use crate::network::{Network, NetworkError};
use crate::scenario::Already;

/// The machine of everything that runs on no agent.
const LAB: &str = "lab";
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
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
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
    /// The plan's driver.
    faults: FaultsHandle,
    controls: Arc<Controls>,
    services: Arc<dyn Services>,
    // Behind everything that may start a container, before the addresses are given back.
    leftovers: Leftovers,
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
        let (ensemble, zookeeper) = start_zookeeper(lab, &recorder).await?;
        let connect = format!("{lab}:{ZOOKEEPER_PORT}");
        let settings = master_settings(lab, &config, streams, &recorder);
        let at = SocketAddr::new(lab, MASTER_PORT);
        let mishaps = Mishaps::default();
        mishaps.host_at(lab, LAB);
        let master = MasterHost::start_among(settings.clone(), at, recorder.clone(), mishaps.clone())
            .await
            .map_err(cannot("the Mesos master", &at))?;
        let registration = register(&connect, &master).await?;
        let id = format!("{lab}-{}", std::process::id());
        let fronts = config.faults.iter().any(|fault| faults::needs_fronts(&fault.reaction));
        let (desk, leftovers) = config.backing.services(&id, &recorder, &mishaps, fronts);
        let services: Arc<dyn Services> = Arc::new(desk.watched.clone());
        let names = Names::new([(ZOOKEEPER_NAME.to_owned(), lab.to_string())]);
        let ground = Ground { recorder: recorder.clone(), services, names: names.clone(), streams, mishaps };
        let agents = start_agents(&network, &config, &ground, &master)?;
        let marathon = start_marathon(lab, &config, &ground);
        let own =
            already::start(&config.already_running, &network, &connect, &recorder, &ground.services).await?;
        let addresses = addresses_of(&config, &network, &master);
        let controls = Arc::new(Controls {
            later: Mutex::default(),
            takers: Takers::default(),
            ports: HeldPorts::default(),
            agents,
            own: Mutex::new(own),
            master: tokio::sync::Mutex::new(MasterSeat {
                host: master,
                registration,
                settings,
                zookeeper: connect,
            }),
            platform: Platform {
                ensemble,
                server: tokio::sync::Mutex::new(Some(zookeeper)),
                address: SocketAddr::new(lab, ZOOKEEPER_PORT),
                services: Arc::clone(&ground.services),
            },
            desk,
            mishaps: ground.mishaps.clone(),
            recorder: recorder.clone(),
            streams,
            pace: config.pace,
            silence: faults::silence(config.pace),
        });
        let faults = FaultsHandle::start(&controls, config.faults);
        let lab = Self {
            addresses,
            recorder,
            names,
            pace: config.pace,
            streams,
            frameworks: Mutex::default(),
            marathon,
            faults,
            services: ground.services,
            controls,
            leftovers,
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
        &self.controls.platform.ensemble
    }

    /// What became of the plan of faults so far.
    pub fn faults(&self) -> &FaultsHandle {
        &self.faults
    }

    /// Where its programs are that run on no agent.
    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings { host: Host::new(LAB), lab: self.controls.mishaps.clone() }
    }

    /// Breaks something, whatever the plan says. What lasts has begun when this returns; its end comes by itself.
    ///
    /// # Errors
    /// There is nothing that this could be done to; the text says what there is.
    pub async fn carry_out(&self, reaction: &Reaction) -> Result<(), CannotBreak> {
        self.controls.carry_out(reaction, None).await
    }

    /// Ends the master and starts another one in its place, as a supervisor does. It has a new id and knows nobody:
    /// agents and frameworks come back to it, if they can.
    ///
    /// # Errors
    /// It cannot be registered in ZooKeeper.
    pub async fn restart_master(&self) -> Result<(), LabError> {
        self.controls.master.lock().await.restart(self.recorder.now()).await
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
        let Self { frameworks, marathon, faults, controls, recorder, leftovers, .. } = self;
        drop(faults);
        drop(frameworks);
        marathon.inbox().send(Input::Terminate, None).await;
        controls.end_agents();
        drop(marathon);
        leftovers.remove(&recorder).await;
        controls.end().await;
    }

    /// Waits until Marathon is subscribed and every agent is registered.
    async fn complete(&self) -> Result<(), LabError> {
        let wanted = self.controls.agents.len();
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
    mishaps: Mishaps,
}

fn cannot<E: std::fmt::Display>(
    what: &'static str,
    address: &dyn std::fmt::Display,
) -> impl FnOnce(E) -> LabError + use<E> {
    let address = address.to_string();
    move |why| LabError::Start { what, address, why: why.to_string() }
}

fn addresses_of(config: &LabConfig, network: &Network, master: &MasterHost) -> Addresses {
    let lab = network.lab();
    let has = |service| config.already_running.contains(&service);
    let connect = format!("{lab}:{ZOOKEEPER_PORT}");
    let agents = config.cluster.each_agent().len();
    Addresses {
        master: format!("http://{}", master.address()),
        marathon: format!("http://{lab}:{MARATHON_PORT}"),
        agents: (0..agents).map(|index| network.agent(index).to_string()).collect(),
        kafka_zookeeper: has(Already::Kafka).then(|| format!("{connect}{}", already::CHROOT)),
        kafka: has(Already::Kafka).then(|| already::kafka_address(network)),
        cassandra: has(Already::Cassandra).then(|| already::cassandra_address(network)),
        zookeeper: connect,
    }
}

async fn start_zookeeper(
    lab: IpAddr,
    recorder: &Recorder,
) -> Result<(EnsembleHandle, ServerHandle), LabError> {
    let sink = recorder.clone();
    let ensemble = EnsembleHandle::with_sink(EnsembleConfig::standalone("platform"), move |what| {
        sink.record("zookeeper", None, what);
    });
    let address = SocketAddr::new(lab, ZOOKEEPER_PORT);
    let server = Platform::serve(&ensemble, address).await;
    let server = server.map_err(cannot("the platform's ZooKeeper", &address))?;
    Ok((ensemble, server))
}

fn master_settings(lab: IpAddr, config: &LabConfig, streams: Streams, recorder: &Recorder) -> MasterConfig {
    let mut rng = streams.stream("ids/master");
    let id = stacklab_machine::uuid_v4(&mut rng);
    let mut settings = MasterConfig::new(id, address(lab, MASTER_PORT), rng);
    settings.started = recorder.now();
    settings.allocation_interval = config.pace.wait(settings.allocation_interval);
    settings.filter_pace = config.pace;
    if config.faults.iter().any(|fault| faults::is_about_silence(&fault.reaction)) {
        let silence = faults::silence(config.pace);
        settings.agent_ping_timeout = silence.wait(settings.agent_ping_timeout);
        settings.agent_reregister_timeout = config.pace.wait(settings.agent_reregister_timeout);
    }
    settings
}

fn start_agents(
    network: &Network,
    config: &LabConfig,
    ground: &Ground,
    master: &MasterHost,
) -> Result<Vec<AgentSeat>, LabError> {
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
            link: LinkId(index as u64),
            recorder: ground.recorder.clone(),
            services: Arc::clone(&ground.services),
            names: ground.names.clone(),
            pace: config.pace,
            streams: ground.streams,
            artifacts: config.cluster.artifacts(),
            commands: config.commands.clone(),
            surroundings: Surroundings { host: Host::new(&name), lab: ground.mishaps.clone() },
            name,
        };
        let address = IpAddr::from(network.agent(index));
        ground.mishaps.host_at(address, &place.name);
        agents.push(AgentSeat::start(address, settings, place, master.handle()));
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
        surroundings: Surroundings { host: Host::new(LAB), lab: ground.mishaps.clone() },
    };
    let link = SchedulerLink::at(&place);
    spawn(Box::new(Marathon::new(settings, ground.streams)), place, link)
}

fn address(ip: IpAddr, port: u16) -> Address {
    Address { hostname: ip.to_string(), ip: ip.to_string(), port }
}
