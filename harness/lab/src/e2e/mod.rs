//! One scenario from beginning to end: build the cluster, do its steps, look at everything, explain, compare, tear
//! down.

mod looking;
mod socket;
mod traffic;
mod virtually;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use stacklab_diagnosis::{Diagnosis, diagnose};
use stacklab_faults::Hits;
use stacklab_live::mesos::Commands;
use stacklab_live::{Part, Recorder};
use stacklab_machine::timeline::What;
use stacklab_machine::{Pace, Time};

use crate::backing::Backing;
use crate::input::{InputError, StackInput, read_stack, read_stack_as_it_is};
use crate::judge::{Seen, compare, judge};
use crate::lab::{Lab, LabConfig, LabError};
use crate::report::{CriticalPath, Running, ServiceAt, critical_path, running};
use crate::scenario::{Backend, Expect, Scenario};
use crate::steps::{Course, cure, perform};
use crate::traffic::{Workload, WorkloadError, workload};
use crate::verdict;
use looking::{observe, redactor};
use socket::Socket;
pub use virtually::run_virtually;

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
    /// Do the scenario's cure when it has failed.
    pub cure: bool,
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
    /// What became of each step.
    pub course: Course,
    /// Why it failed, if it did.
    pub diagnosis: Option<Diagnosis>,
    /// How often each fault of the plan happened.
    pub hits: Vec<Hits>,
    /// What became of the cure, if it was asked for and there was something to cure.
    pub cured: Option<Course>,
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
    /// The real services cannot be had.
    #[error(transparent)]
    Backing(crate::backing::BackingError),
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
        matches!(self, Self::Lab(_) | Self::Backing(_) | Self::Snapshot { .. })
    }
}

/// Where a scenario's stack file lies.
pub fn stack_path(scenario: &Scenario, stacks: &Path) -> PathBuf {
    resolve(&scenario.stack, stacks)
}

/// A stack file is looked for among the others, unless its name says where it is.
pub(crate) fn resolve(stack: &Path, stacks: &Path) -> PathBuf {
    let ours = stacks.join(stack);
    let own = stack.components().count() > 1 && !ours.is_file();
    if own { stack.to_owned() } else { ours }
}

/// Runs a scenario on sockets, with the services that [`Options::backing`] names. `keep` is called with the verdict, and
/// the cluster stays until what it returns is done.
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
    let all_real = options.backing.real().len() == Part::ALL.len();
    let backend = if all_real { Backend::Docker } else { Backend::Embedded };
    let input = input(scenario, options, backend)?;
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
    let lab =
        step(recorder, "build the cluster", Lab::start(config(scenario, options), recorder.clone())).await?;
    let mut ground = Socket { lab: &lab, scenario, options, input: &input, workload: &workload };
    // Boxed: what a run consists of is deep.
    let mut course = Box::pin(perform(scenario, &scenario.steps(), &mut ground)).await;
    if let Some((index, why)) = lab.faults().failures().into_iter().next() {
        course.broken.get_or_insert(format!("fault {} cannot be done: {why}", index + 1));
    }
    let (frameworks, diagnosis) = if course.is_good() {
        (observe(&lab, &input, &workload, recorder).await, None)
    } else {
        (Vec::new(), recorder.with(|timeline| diagnose(timeline.events())))
    };
    let hits = lab.faults().hits();
    let cured = match options.cure && course.failure.is_some() {
        true => Some(Box::pin(cure(scenario, &mut ground)).await),
        false => None,
    };
    let mut redactor = redactor(&lab, &input);
    redactor.base_micros(start.as_micros());
    let seen = Seen { scenario, course: &course, diagnosis: diagnosis.as_ref(), hits: &hits };
    let difference = recorder.with(|timeline| {
        compare(&seen, options.snapshots.as_deref(), options.bless, timeline.events(), &redactor)
    })?;
    let (passed, mut text) = judge(&seen, difference.as_deref());
    text.push_str(&recorder.with(|timeline| verdict::warnings(timeline.events())));
    recorder.record("lab", None, What::Verdict { passed, text: text.clone() });
    let (tasks, services) = recorder.with(|timeline| running(timeline.events()));
    let took = recorder.clock().elapsed();
    let critical_path = recorder.with(|timeline| critical_path(timeline.events()));
    let report = Report {
        passed,
        verdict: text,
        tasks,
        services,
        frameworks,
        course,
        diagnosis,
        hits,
        cured,
        difference,
        critical_path,
        took,
    };
    keep(&lab, &report).await;
    lab.stop().await;
    Ok(report)
}

/// The stack of a scenario, if that runs on this backend.
fn input(scenario: &Scenario, options: &Options, backend: Backend) -> Result<StackInput, NotRun> {
    if let Some(why) = scenario.not_on.get(&backend) {
        return Err(NotRun::Backend { scenario: scenario.name.clone(), backend, why: why.clone() });
    }
    let path = stack_path(scenario, &options.stacks);
    Ok(match scenario.expect {
        Expect::Deployed => read_stack(&path, &scenario.variables)?,
        // What is wrong with it may be what is to be seen.
        Expect::Failed(_) => read_stack_as_it_is(&path)?,
    })
}

fn config(scenario: &Scenario, options: &Options) -> LabConfig {
    LabConfig {
        cluster: scenario.cluster.clone(),
        already_running: scenario.already_running.clone(),
        pace: options.pace,
        seed: options.seed,
        backing: options.backing.clone(),
        commands: Commands::Modelled { runs_for: scenario.cluster.plain_tasks() },
        faults: scenario.faults.clone(),
    }
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
