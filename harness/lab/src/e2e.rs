//! One scenario from beginning to end: build the cluster, deploy, send traces, read them back, look at everything,
//! compare, tear down.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stacklab_live::mesos::Commands;
use stacklab_live::{Part, Recorder};
use stacklab_machine::timeline::{Stage, What};
use stacklab_machine::{Pace, Time};
use stacklab_traces::Readback;

use crate::backing::Backing;
use crate::deploy::deploy;
use crate::input::{InputError, StackInput, read_stack};
use crate::lab::{Lab, LabConfig, LabError};
use crate::observe::{Subjects, look};
use crate::places::Places;
use crate::redact::{Redactor, ports_in};
use crate::report::{CriticalPath, Running, ServiceAt, critical_path, running};
use crate::scenario::{Backend, Expect, Scenario};
use crate::snapshot::{SnapshotFile, difference, render};
use crate::traffic::{
    Brokers, KafkaError, ReadBack, Workload, WorkloadError, read_back, wait_for_produced, workload,
};
use crate::verdict;

/// How long the last span may take from the broker to the query service.
const TRACES_LIMIT: Duration = Duration::from_secs(30);
/// The same where the real services do it, on a machine that may be busy with starting others.
const REAL_TRACES_LIMIT: Duration = Duration::from_secs(120);
/// How long services may take to serve that were started with the last steps of the stack: a framework says that Zipkin
/// runs as soon as its process is there.
const SERVING_LIMIT: Duration = Duration::from_secs(180);
/// Spans are dated a little back: what is dated ahead of the query's clock is not found.
const BACKDATED: Duration = Duration::from_secs(600);

/// How a scenario is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How fast waits pass.
    pub pace: Pace,
    /// Where ids and ports come from.
    pub seed: u64,
    /// Folder that stack files are relative to.
    pub stacks: PathBuf,
    /// Folder of the snapshots; without it nothing is compared.
    pub snapshots: Option<PathBuf>,
    /// Write the snapshot anew instead of comparing.
    pub bless: bool,
    /// Which services are the real ones.
    pub backing: Backing,
}

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whether everything was as expected.
    pub passed: bool,
    /// The verdict in words; the cause first where it is a bad one.
    pub verdict: String,
    /// What ran at the end.
    pub tasks: Vec<Running>,
    /// With these services.
    pub services: Vec<ServiceAt>,
    /// APIs of the frameworks' schedulers: application type and URL.
    pub frameworks: Vec<(String, String)>,
    /// Where this run differs from the snapshot.
    pub difference: Option<String>,
    /// The slowest chain of starts, each of which had to wait for the one before.
    pub critical_path: CriticalPath,
    /// From the first event to the last.
    pub took: Duration,
}

/// Why a scenario was not run.
#[derive(Debug, thiserror::Error)]
pub enum NotRun {
    /// The stack or the scenario is no good.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The traces are described badly.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
    /// The backend is not for this scenario.
    #[error("{scenario} does not run on {backend}: {why}")]
    Backend {
        /// The scenario.
        scenario: String,
        /// The backend.
        backend: Backend,
        /// Why.
        why: String,
    },
    /// The environment is in the way.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The snapshot cannot be written.
    #[error("cannot write the snapshot {path}: {why}")]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
}

impl NotRun {
    /// Whether it is the environment that is in the way, not what was asked for.
    pub fn is_environment(&self) -> bool {
        matches!(self, Self::Lab(_) | Self::Snapshot { .. })
    }
}

/// Spans that the real Zipkin is sent at a time.
const PORTION: usize = 50;

/// Where a scenario's stack file lies.
pub fn stack_path(scenario: &Scenario, stacks: &Path) -> PathBuf {
    let own = scenario.stack.components().count() > 1 || scenario.stack.is_absolute();
    if own { scenario.stack.clone() } else { stacks.join(&scenario.stack) }
}

/// Runs a scenario on sockets, with the services that [`Options::backing`] names. `keep` is called with the verdict, and the cluster stays until what it
/// returns is done.
///
/// # Errors
/// The scenario was not run at all.
pub async fn run<K, F>(
    scenario: &Scenario,
    options: &Options,
    recorder: &Recorder,
    keep: K,
) -> Result<Report, NotRun>
where
    K: FnOnce(&Lab, &Report) -> F,
    F: Future<Output = ()>,
{
    let backend =
        if options.backing.real().len() == Part::ALL.len() { Backend::Docker } else { Backend::Embedded };
    if let Some(why) = scenario.not_on.get(&backend) {
        return Err(NotRun::Backend { scenario: scenario.name.clone(), backend, why: why.clone() });
    }
    let input = read_stack(&stack_path(scenario, &options.stacks), &scenario.variables)?;
    // Whole milliseconds: some of the generators have no finer grain.
    let start = Time::from_millis((recorder.now() - BACKDATED).as_millis());
    let workload = match &scenario.traces {
        Some(traces) => workload(traces, start)?,
        None => Workload::default(),
    };
    let (name, pace) = (scenario.name.clone(), options.pace.divisor());
    let seed = options.seed;
    recorder.record(
        "lab",
        None,
        What::RunStarted { scenario: name, backend: options.backing.name(), seed, pace },
    );
    let config = LabConfig {
        cluster: scenario.cluster.clone(),
        already_running: scenario.already_running.clone(),
        pace: options.pace,
        seed: options.seed,
        backing: options.backing.clone(),
        commands: Commands::Modelled { runs_for: scenario.cluster.plain_tasks() },
        faults: Vec::new(),
    };
    let lab = step(recorder, "build the cluster", Lab::start(config, recorder.clone())).await?;
    let deployed = deploy(&lab, input.stack.clone(), &scenario.variables).await;
    let traced = match &deployed {
        Ok(()) => match serving(recorder).await {
            Ok(()) => traces(&lab, scenario, &options.backing, &input, &workload).await,
            Err(why) => Err(why),
        },
        Err(_) => Ok(()),
    };
    let frameworks = observe(&lab, &input, &workload, recorder).await;
    let (tasks, services) = recorder.with(|timeline| running(timeline.events()));
    let mut redactor = redactor(&lab, &input);
    redactor.base_micros(start.as_micros());
    let difference = compare(scenario, options, recorder, &redactor)?;
    let (passed, mut text) = judge(scenario, deployed, traced, difference.as_deref());
    text.push_str(&recorder.with(|timeline| verdict::warnings(timeline.events())));
    recorder.record("lab", None, What::Verdict { passed, text: text.clone() });
    let took = recorder.clock().elapsed();
    let critical_path = recorder.with(|timeline| critical_path(timeline.events()));
    let report =
        Report { passed, verdict: text, tasks, services, frameworks, difference, critical_path, took };
    keep(&lab, &report).await;
    lab.stop().await;
    Ok(report)
}

/// Does something as a step of the timeline.
async fn step<T, E: std::fmt::Display>(
    recorder: &Recorder,
    name: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let cause = recorder.record("lab", None, What::StepStarted { step: name.to_owned() });
    let result = work.await;
    let error = result.as_ref().err().map(ToString::to_string);
    recorder.record("lab", Some(cause), What::StepFinished { step: name.to_owned(), error });
    result
}

/// Waits until every service serves that runs.
async fn serving(recorder: &Recorder) -> Result<(), String> {
    let missing = || -> Vec<String> {
        let (_, services) = recorder.with(|timeline| running(timeline.events()));
        let waiting = services.into_iter().filter(|service| !service.ready);
        waiting.map(|service| format!("{} on {}", service.service, service.address)).collect()
    };
    if missing().is_empty() {
        return Ok(());
    }
    let mut length = recorder.watch();
    let waiting = async {
        let all = async {
            while !missing().is_empty() {
                if length.changed().await.is_err() {
                    return;
                }
            }
        };
        let in_time = tokio::time::timeout(SERVING_LIMIT, all).await;
        in_time.map_err(|_| {
            format!("after {} s there does not serve: {}", SERVING_LIMIT.as_secs(), missing().join(", "))
        })
    };
    step(recorder, "wait until everything serves", waiting).await
}

/// Sends the scenario's traces and finds them again.
async fn traces(
    lab: &Lab,
    scenario: &Scenario,
    backing: &Backing,
    input: &StackInput,
    workload: &Workload,
) -> Result<(), String> {
    let recorder = lab.recorder();
    let Some(spec) = &scenario.traces else { return Ok(()) };
    let places = Places::of(lab, recorder);
    if places.brokers.is_empty() {
        // A stack without Kafka has nowhere to send them.
        return Ok(());
    }
    let topic = spec.topic.clone().or_else(|| topic_of(input)).unwrap_or_else(|| "zipkin".to_owned());
    let brokers = Brokers::at(&places.brokers);
    let mut seen = Readback::new(&workload.messages);
    let place = places.query.clone().map(|query| ReadBack {
        query,
        cassandra: places.cassandra.clone(),
        brokers: brokers.clone(),
        topic: topic.clone(),
        zookeeper: places.kafka_zookeeper.clone(),
        limit: if backing.real().is_empty() { TRACES_LIMIT } else { REAL_TRACES_LIMIT },
    });
    let waits = place.as_ref().filter(|_| backing.real().contains(&Part::Zipkin));
    let sending = send(&brokers, &topic, workload, &mut seen, waits);
    let sent =
        step(recorder, &format!("send {} spans to topic {topic}", workload.messages.len()), sending).await;
    sent.map_err(|why| why.to_string())?;
    let Some(place) = place else {
        return step(recorder, "read the topic back", in_log(&brokers, &topic, &mut seen)).await;
    };
    let reading = async {
        read_back(&place, workload, &mut seen, recorder).await;
        if seen.is_complete() {
            return Ok(());
        }
        let missing = seen.missing().count();
        Err(format!("{missing} of {} spans were not found again", seen.total()))
    };
    step(recorder, "read the traces back", reading).await
}

/// Sends the workload: all at once, or, where `waits` says where to look, in portions that are answered one after
/// the other. Zipkin 1.14.1 gives up what its pool of connections to Cassandra does not take at once (256 waiting
/// statements), which a burst of some hundred spans comes to on a small machine.
async fn send(
    brokers: &Brokers,
    topic: &str,
    workload: &Workload,
    seen: &mut Readback,
    waits: Option<&ReadBack>,
) -> Result<(), KafkaError> {
    let portion = if waits.is_some() { PORTION } else { workload.messages.len().max(1) };
    for (nth, messages) in workload.messages.chunks(portion).enumerate() {
        if let Some(place) = waits.filter(|_| nth > 0) {
            wait_for_produced(place, workload, seen).await;
        }
        let first = nth * portion;
        let delivered = |index| seen.produced(stacklab_traces::MessageId(first + index));
        brokers.produce(topic, messages, delivered).await?;
    }
    Ok(())
}

/// A stack without Zipkin: whether the brokers have all messages.
async fn in_log(brokers: &Brokers, topic: &str, seen: &mut Readback) -> Result<(), String> {
    for (_, _, value) in brokers.read_all(topic).await.map_err(|why| why.to_string())? {
        seen.in_log(&value);
    }
    let (found, total) = (seen.reached(Stage::InLog), seen.total());
    if found == total { Ok(()) } else { Err(format!("{found} of {total} messages are in topic {topic}")) }
}

/// The collector's topic, as the stack file has it.
fn topic_of(input: &StackInput) -> Option<String> {
    let tasks = input.stack.applications.values().flat_map(|application| &application.tasks);
    let collector = tasks.filter(|task| task.parameters.get("type").is_some_and(|kind| kind == "collector"));
    let env = collector.filter_map(|task| task.parameters.get("env"));
    env.flat_map(|env| env.split(',')).find_map(|pair| pair.strip_prefix("KAFKA_TOPIC=").map(str::to_owned))
}

/// Looks at everything; gives the frameworks' APIs.
async fn observe(
    lab: &Lab,
    input: &StackInput,
    workload: &Workload,
    recorder: &Recorder,
) -> Vec<(String, String)> {
    let places = Places::of(lab, recorder);
    let kinds: BTreeMap<&str, &str> = input
        .stack
        .applications
        .values()
        .map(|application| (application.id.as_str(), application.kind.as_str()))
        .collect();
    let subjects = Subjects {
        marathon: lab.addresses().marathon.clone(),
        master: lab.addresses().master.clone(),
        frameworks: places.frameworks(&kinds).await,
        zookeepers: places.zookeepers.clone(),
        brokers: places.brokers.clone(),
        cassandra: places.cassandra.clone(),
        query: places.query.clone(),
        web: places.web.clone(),
        expectation: workload.expectation.clone(),
    };
    let looking = async {
        look(&subjects, recorder).await;
        Ok::<(), std::convert::Infallible>(())
    };
    let _ = step(recorder, "look at everything", looking).await;
    subjects.frameworks
}

fn redactor(lab: &Lab, input: &StackInput) -> Redactor {
    let mut redactor = Redactor::new();
    let addresses = lab.addresses();
    for agent in &addresses.agents {
        // Which agent a task lands on is the allocator's choice: not shown.
        redactor.host(agent, "<agent>");
    }
    let lab = addresses.zookeeper.split(':').next().unwrap_or_default();
    redactor.host(lab, "<lab>");
    for own in [&addresses.kafka, &addresses.cassandra].into_iter().flatten() {
        redactor.host(own.split(':').next().unwrap_or_default(), "<platform>");
    }
    redactor.fixed_ports(ports_in(&input.text));
    redactor
}

fn compare(
    scenario: &Scenario,
    options: &Options,
    recorder: &Recorder,
    redactor: &Redactor,
) -> Result<Option<String>, NotRun> {
    let Some(folder) = &options.snapshots else { return Ok(None) };
    let file = SnapshotFile::new(folder, &scenario.name);
    let found = recorder.with(|timeline| render(timeline.events(), redactor));
    if options.bless {
        let failed = |why| NotRun::Snapshot { path: file.path().to_owned(), why };
        return file.write(&found).map_err(failed).map(|()| None);
    }
    Ok(match file.read() {
        Some(expected) => difference(&expected, &found),
        None => Some(format!("there is no snapshot yet; --bless writes {}", file.path().display())),
    })
}

fn judge(
    scenario: &Scenario,
    deployed: Result<(), String>,
    traced: Result<(), String>,
    difference: Option<&str>,
) -> (bool, String) {
    let (passed, text) = match (&scenario.expect, deployed, traced) {
        (Expect::Deployed, Ok(()), Ok(())) if scenario.traces.is_none() => (true, "deployed".to_owned()),
        (Expect::Deployed, Ok(()), Ok(())) => (true, "deployed, and all traces found".to_owned()),
        (Expect::Deployed, Ok(()), Err(why)) => (false, why),
        (Expect::Deployed, Err(why), _) => (false, why),
        (Expect::Failed(text), Err(why), _) if why.contains(text) => {
            (true, format!("failed as expected: {why}"))
        }
        (Expect::Failed(text), Err(why), _) => {
            (false, format!("expected a failure with '{text}', got: {why}"))
        }
        (Expect::Failed(text), Ok(()), _) => {
            (false, format!("expected a failure with '{text}', but it deployed"))
        }
    };
    match difference {
        Some(difference) if passed => (false, format!("differs from the snapshot:\n{difference}")),
        _ => (passed, text),
    }
}
