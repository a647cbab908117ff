//! zipkin-full as a whole: on the embedded backend, in real time, and in the simulator, in virtual time.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use stacklab_live::{Clock, Recorder};
use stacklab_machine::Pace;
use stacklab_machine::timeline::{Stage, Timeline, What};
use stacklab_stack::Stack;
use tokio::task::JoinSet;

use super::load::{WINDOWS, median};
use super::machine::peak_memory;
use super::{BenchError, BenchOptions, Figure};
use crate::backing::Backing;
use crate::cluster::ClusterSpec;
use crate::e2e::{self, Options};
use crate::input::read_stack;
use crate::scenario::{Scenario, TracesSpec};
use crate::sim::{Simulation, simulate};

const STACK: &str = "zipkin-full.stack";
/// Virtual time after which a simulated deployment counts as failed.
const VIRTUAL_LIMIT: Duration = Duration::from_secs(3600);

fn variables() -> BTreeMap<String, String> {
    BTreeMap::from([("zk_url".to_owned(), "{zk}".to_owned())])
}

/// Deploys it once, sends traces through it, and reads them back.
pub(super) async fn deployed(
    options: &BenchOptions,
    backing: &Backing,
    traces: u32,
) -> Result<Vec<Figure>, BenchError> {
    let scenario = Scenario {
        name: "bench".to_owned(),
        about: "zipkin-full under load".to_owned(),
        variables: variables(),
        traces: Some(TracesSpec { topic: None, gen_traces: false, go_zipkin: 0, load: traces, seed: 1 }),
        ..Scenario::of_stack(Path::new(STACK))
    };
    let options = Options {
        pace: Pace::FAST,
        seed: 1,
        stacks: options.stacks.clone(),
        snapshots: None,
        bless: false,
        backing: backing.clone(),
        cure: false,
    };
    let recorder = Recorder::new(Clock::new());
    let start = recorder.now();
    let mut following = JoinSet::new();
    following.spawn(peak_when_read_back(recorder.clone()));
    let report = e2e::run(&scenario, &options, &recorder, |_, _| async {}).await?;
    let peak = following.try_join_next().and_then(Result::ok).unwrap_or_else(peak_memory);
    if !report.passed {
        return Err(BenchError::failed("zipkin-full")(report.verdict));
    }
    let at = recorder.with(Moments::of);
    let since = |at: Option<stacklab_machine::Time>| at.unwrap_or(recorder.now()).since(start).as_secs_f64();
    let name = format!("zipkin-full, {traces} traces read back");
    let (up, sent) = (since(at.deployed), since(at.sent));
    let note =
        format!("{}, fast; deployed after {up:.2} s, traces sent after {sent:.2} s; one run", backing.name());
    let whole =
        "this process until then: cluster, servers, clients; without the look at everything that follows";
    let memory = Figure::new("zipkin-full, peak memory", peak.unwrap_or(f64::NAN), "MB", whole);
    Ok(vec![Figure::new(&name, since(at.read_back), "s", note), memory])
}

/// The peak of memory at the moment when the last trace is there; what a run does afterwards is not measured.
async fn peak_when_read_back(recorder: Recorder) -> Option<f64> {
    let (mut length, mut looked) = (recorder.watch(), 0);
    loop {
        let there = recorder.with(|timeline| {
            let new = timeline.events().get(looked..).unwrap_or_default();
            looked += new.len();
            new.iter().any(|event| is_read_back(&event.what))
        });
        if there || length.changed().await.is_err() {
            return peak_memory();
        }
    }
}

fn is_read_back(what: &What) -> bool {
    matches!(what, What::SpansReached { stage: Stage::Queried, spans, of } if spans == of)
}

/// When a run came to its stages.
#[derive(Default)]
struct Moments {
    deployed: Option<stacklab_machine::Time>,
    sent: Option<stacklab_machine::Time>,
    read_back: Option<stacklab_machine::Time>,
}

impl Moments {
    fn of(timeline: &Timeline) -> Self {
        let mut moments = Self::default();
        for event in timeline.events() {
            let moment = match &event.what {
                What::StackFinished { .. } => &mut moments.deployed,
                What::StepFinished { step, .. } if step.starts_with("send ") => &mut moments.sent,
                What::SpansReached { stage: Stage::Queried, spans, of } if spans == of => {
                    &mut moments.read_back
                }
                _ => continue,
            };
            moment.get_or_insert(event.at);
        }
        moments
    }
}

/// Deploys it again and again in virtual time, each time with another seed.
pub(super) async fn simulated(options: &BenchOptions) -> Result<Vec<Figure>, BenchError> {
    let stack = read_stack(&options.stacks.join(STACK), &variables())?.stack;
    let window = options.simulate;
    let failed = BenchError::failed("the simulated zipkin-full");
    let measured = tokio::task::spawn_blocking(move || deployments(&stack, window)).await;
    let (rate, all) = measured.unwrap_or_else(|why| Err(why.to_string())).map_err(failed)?;
    let note = format!("no timeline; {all} seeds, median of {WINDOWS} windows");
    Ok(vec![Figure::new("zipkin-full simulated, one core", rate, "deployments/s", note)])
}

/// Deployments a second, and how many seeds there were.
fn deployments(stack: &Stack, window: Duration) -> Result<(f64, u64), String> {
    let mut simulation = Simulation {
        cluster: ClusterSpec::default(),
        already_running: Vec::new(),
        stack: stack.clone(),
        variables: variables(),
        seed: 0,
        faults: Vec::new(),
        recording: false,
        limit: VIRTUAL_LIMIT,
    };
    let mut rates = Vec::with_capacity(WINDOWS);
    // The first is the warm-up, a fifth as long.
    for length in [window / 5, window, window, window] {
        let (started, first) = (Instant::now(), simulation.seed);
        while simulation.seed == first || started.elapsed() < length {
            simulation.seed += 1;
            let seed = simulation.seed;
            simulate(&simulation).result.map_err(|why| format!("seed {seed}: {why}"))?;
        }
        rates.push((simulation.seed - first) as f64 / started.elapsed().as_secs_f64());
    }
    Ok((median(rates.split_off(1)), simulation.seed))
}
