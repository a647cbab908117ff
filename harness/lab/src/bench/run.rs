//! All figures, one after the other: two at a time would measure each other.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use super::load::Windows;
use super::servers::Servers;
use super::{Figure, cassandra, kafka, stack, zipkin, zookeeper};
use crate::backing::Backing;
use crate::e2e::NotRun;
use crate::input::InputError;
use crate::lab::LabError;

/// One server's figures that take longer are given up: something hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// Traces that are sent through both. Zipkin 1.14.1 gives spans up that Cassandra does not take at once: of a thousand
/// traces in one burst it lost a hundredth on two cores.
const TRACES_OF_BOTH: u32 = 100;

/// What is measured, and for how long.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// Folder that holds `zipkin-full.stack`.
    pub stacks: PathBuf,
    /// Traces that are sent through it; 1,000.
    pub traces: u32,
    /// Length of each of the simulator's three windows; 1 s.
    pub simulate: Duration,
    /// Load on a server before it is measured; 0.3 s.
    pub warm_up: Duration,
    /// Length of each of a server's three windows; 0.7 s.
    pub window: Duration,
    /// The real services, to be measured beside ours: none by default.
    pub real: Backing,
}

impl BenchOptions {
    /// As a person wants it: about half a minute in all.
    pub fn new(stacks: impl Into<PathBuf>) -> Self {
        Self {
            stacks: stacks.into(),
            traces: 1000,
            simulate: Duration::from_secs(1),
            warm_up: Duration::from_millis(300),
            window: Duration::from_millis(700),
            real: Backing::embedded(),
        }
    }

    pub(super) fn windows(&self) -> Windows {
        Windows { warm_up: self.warm_up, window: self.window }
    }
}

/// Why a figure could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The stack file is no good.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The stack was not run.
    #[error(transparent)]
    NotRun(#[from] NotRun),
    /// The servers do not run.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// What was to be measured does not work.
    #[error("{what}: {why}")]
    Failed {
        /// What was measured.
        what: &'static str,
        /// What went wrong.
        why: String,
    },
}

impl BenchError {
    pub(super) fn failed(what: &'static str) -> impl Fn(String) -> Self {
        move |why| Self::Failed { what, why }
    }
}

/// Measures everything, and calls `report` with each figure as soon as it is there.
///
/// # Errors
/// Something cannot be measured: the stack is not deployed, a server refuses a request, nothing gets on.
pub async fn run(options: BenchOptions, mut report: impl FnMut(&Figure)) -> Result<Vec<Figure>, BenchError> {
    let mut figures = Vec::new();
    // First, for the peak of memory is the process's: what comes later needs more.
    let whole = stack::deployed(&options, &Backing::embedded(), options.traces).await?;
    tell(&mut figures, &mut report, whole);
    if !options.real.real().is_empty() {
        let ours = seconds(stack::deployed(&options, &Backing::embedded(), TRACES_OF_BOTH).await?);
        let real = seconds(stack::deployed(&options, &options.real, TRACES_OF_BOTH).await?);
        tell(&mut figures, &mut report, beside(ours, real));
    }
    tell(&mut figures, &mut report, stack::simulated(&options).await?);
    let ours = servers(&options, &Backing::embedded()).await?;
    let real =
        if options.real.real().is_empty() { Vec::new() } else { servers(&options, &options.real).await? };
    tell(&mut figures, &mut report, beside(ours, real));
    Ok(figures)
}

/// How long it takes. The memory of the real services is not this process's.
fn seconds(mut figures: Vec<Figure>) -> Vec<Figure> {
    figures.retain(|figure| figure.unit == "s");
    figures
}

/// Each server under its client. Never two kinds at a time: what waits would disturb what is measured.
async fn servers(options: &BenchOptions, backing: &Backing) -> Result<Vec<Figure>, BenchError> {
    let (servers, windows) = (Servers::start(backing).await?, options.windows());
    let mut figures = limited("kafka", kafka::measure(&servers.kafka, windows)).await?;
    figures.extend(limited("zookeeper", zookeeper::measure(&servers.zookeeper, windows)).await?);
    figures.extend(limited("cassandra", cassandra::measure(&servers.cassandra, windows)).await?);
    figures.extend(limited("zipkin", zipkin::measure(&servers.zipkin, windows)).await?);
    servers.stop().await;
    Ok(figures)
}

/// Our figures, with the real ones' of the same name.
fn beside(ours: Vec<Figure>, real: Vec<Figure>) -> Vec<Figure> {
    let real: BTreeMap<String, f64> = real.into_iter().map(|figure| (figure.name, figure.value)).collect();
    let with = |figure: Figure| match real.get(&figure.name) {
        Some(value) => figure.beside(*value),
        None => figure,
    };
    ours.into_iter().map(with).collect()
}

fn tell(figures: &mut Vec<Figure>, report: &mut impl FnMut(&Figure), new: Vec<Figure>) {
    new.iter().for_each(report);
    figures.extend(new);
}

async fn limited(
    what: &'static str,
    measuring: impl Future<Output = Result<Vec<Figure>, String>>,
) -> Result<Vec<Figure>, BenchError> {
    let measured = tokio::time::timeout(LIMIT, measuring).await;
    measured
        .unwrap_or_else(|_| Err(format!("not done after {} s", LIMIT.as_secs())))
        .map_err(BenchError::failed(what))
}
