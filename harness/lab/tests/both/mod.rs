//! What the conformance suites share: the seed, the two servers side by side, the search for the shortest
//! sequence that still differs, and the last line.
#![allow(dead_code)] // Each suite uses its own part.
#![allow(clippy::print_stderr)] // What a test says.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use stacklab_live::docker::{CleanUp, Docker, Engine, Image, Images, Owner, Sweeper};
use stacklab_live::program::{Services, address_of};
use stacklab_live::{Clock, Embedded, Recorder, Sandbox};
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a service may take until it serves.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How much is compared, and from which seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// `STACKLAB_SEED`, or always the same.
    pub(crate) seed: u64,
    /// `STACKLAB_OPERATIONS`, or what the suite does in well under a minute.
    pub(crate) operations: usize,
}

impl Settings {
    pub(crate) fn from_env(operations: usize) -> Self {
        Self {
            seed: number("STACKLAB_SEED").unwrap_or(1),
            operations: number("STACKLAB_OPERATIONS").unwrap_or(operations),
        }
    }

    /// Where generated values come from: the same ones for the same seed.
    pub(crate) fn generator(&self) -> Generator {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_be_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        Generator(TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng))
    }
}

fn number<N: FromStr>(name: &str) -> Option<N> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

/// Draws values of strategies.
pub(crate) struct Generator(TestRunner);

impl Generator {
    pub(crate) fn draw<S: Strategy>(&mut self, strategy: &S) -> S::Value {
        strategy.new_tree(&mut self.0).expect("a strategy without filters gives a value").current()
    }
}

/// A service that serves. Dropping it kills it.
pub(crate) struct Running {
    /// `host:port`, as its clients write it.
    pub(crate) address: String,
    _stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    clean_up: Option<CleanUp>,
    _sandbox: Sandbox,
}

impl Running {
    /// Starts a service and waits until it is ready.
    pub(crate) async fn start(services: &dyn Services, spec: ServiceSpec) -> Self {
        let (address, sandbox) = (address_of(&spec), Sandbox::new());
        let (events, mut told) = mpsc::channel(256);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(services.run(spec, &sandbox, events, stopped));
        let ready = async {
            let mut lines = Vec::new();
            loop {
                match told.recv().await {
                    Some(ServiceEvent::Ready) => return,
                    Some(ServiceEvent::Started) => {}
                    Some(ServiceEvent::Log(line)) => lines.push(line),
                    last => panic!("{address} did not start: {last:?}\n{}", lines.join("\n")),
                }
            }
        };
        timeout(START_LIMIT, ready).await.unwrap_or_else(|_| panic!("{address} is not ready in time"));
        // Its log goes on: it must not wait for a reader.
        tokio::spawn(async move { while told.recv().await.is_some() {} });
        Self { address, _stop: Some(stop), task: Some(task), clean_up: None, _sandbox: sandbox }
    }

    /// One that runs already.
    pub(crate) fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), _stop: None, task: None, clean_up: None, _sandbox: Sandbox::new() }
    }

    pub(crate) fn socket(&self) -> SocketAddr {
        self.address.parse().expect("an address and a port")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// The embedded service.
pub(crate) async fn embedded(spec: ServiceSpec) -> Running {
    Running::start(&Embedded::new(Recorder::new(Clock::new())), spec).await
}

/// The real one, in a container that goes with it: if there is an engine to run it, or `STACKLAB_REAL` names one
/// that runs.
pub(crate) async fn real(spec: ServiceSpec) -> Option<Running> {
    if let Ok(address) = env::var("STACKLAB_REAL") {
        return Some(Running::at(address));
    }
    let engine = match Engine::connect().await {
        Ok(engine) => engine,
        Err(why) => {
            assert!(
                env::var("CI").as_deref() != Ok("true"),
                "no Docker engine, and here there must be one: {why}"
            );
            eprintln!("skipped: no Docker engine: {why}");
            return None;
        }
    };
    // What a killed run left would hold the address, or show its old data.
    Sweeper::dead(&engine).await.unwrap_or_else(|why| panic!("cannot sweep: {why}"));
    let image = match &spec {
        ServiceSpec::ZooKeeper(_) => Image::ZooKeeper,
        ServiceSpec::Kafka(_) => Image::Kafka,
        ServiceSpec::Cassandra(_) => Image::Cassandra,
        ServiceSpec::Zipkin(_) => Image::Zipkin,
    };
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images");
    let say = |line: &str| eprintln!("{line}");
    let images = Images::ensure(&engine, &recipes, &BTreeSet::from([image]), &BTreeMap::new(), &say).await;
    let images = images.unwrap_or_else(|why| panic!("no image of {image:?}: {why}"));
    // One for each service: the first test to end must not sweep another's container.
    let owner = Owner::new(&format!("conformance-{}", address_of(&spec).replace(':', "-")));
    let clean_up = CleanUp::new(&engine, &owner);
    let docker = Docker::new(engine, images, owner, Recorder::new(Clock::new()), BTreeMap::new());
    let mut running = Running::start(&docker, spec).await;
    running.clean_up = Some(clean_up);
    Some(running)
}

/// The shortest sequence, reached by dropping operations, for which `differs` still holds.
pub(crate) async fn shortest<T: Clone>(
    mut sequence: Vec<T>,
    mut differs: impl AsyncFnMut(&[T]) -> bool,
) -> Vec<T> {
    let mut step = sequence.len().div_ceil(2);
    while step > 0 {
        let mut from = 0;
        while from < sequence.len() {
            let mut fewer = sequence.clone();
            fewer.drain(from..(from + step).min(sequence.len()));
            if differs(&fewer).await {
                sequence = fewer;
            } else {
                from += step;
            }
        }
        step /= 2;
    }
    sequence
}

/// Shows a difference: the operations that lead to it, and both answers.
pub(crate) fn show(settings: Settings, sequence: &[impl Debug], embedded: &str, real: &str) {
    eprintln!("difference (STACKLAB_SEED={}) after", settings.seed);
    for operation in sequence {
        eprintln!("    {operation:?}");
    }
    eprintln!("  embedded: {embedded}\n  real:     {real}");
}

/// Says what was compared, and fails if anything differs.
pub(crate) fn finish(operations: usize, with: &str, differences: usize) {
    eprintln!("compared {operations} operations with {with}, {differences} differences");
    assert_eq!(differences, 0, "the simulator differs from {with}");
}
