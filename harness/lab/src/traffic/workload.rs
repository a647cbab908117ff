//! What a scenario sends.

use stacklab_machine::Time;
use stacklab_traces::{
    Expectation, GoZipkinConfig, LoadConfig, LoadError, Message, gen_traces, go_zipkin_sample, load,
};

use crate::scenario::TracesSpec;

/// Address that generated spans give as their host's: 10.0.0.1, so that no run differs in it.
const HOST: u32 = 0x0a00_0001;

/// The messages of a scenario, and what must be found of them.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// In the order in which they are sent.
    pub messages: Vec<Message>,
    /// What must be found.
    pub expectation: Expectation,
}

/// Why there is no such workload.
#[derive(Debug, thiserror::Error)]
pub enum WorkloadError {
    /// The load's numbers are out of range.
    #[error("traces: {0}")]
    Load(#[from] LoadError),
}

/// Draws the workload of a scenario: its seed gives the ids and durations, `start` the times.
///
/// # Errors
/// A number of the specification is out of its range.
pub fn workload(spec: &TracesSpec, start: Time) -> Result<Workload, WorkloadError> {
    let seed = spec.seed;
    let mut parts = Vec::new();
    if spec.gen_traces {
        parts.push(gen_traces(seed, start, HOST));
    }
    if spec.go_zipkin > 0 {
        let config = GoZipkinConfig { traces: spec.go_zipkin, ipv4: HOST, quirks: true };
        parts.push(go_zipkin_sample(seed, start, config));
    }
    if spec.load > 0 {
        let config = LoadConfig { traces: spec.load as usize, ..LoadConfig::default() };
        parts.push(load(seed, start, config)?);
    }
    let messages: Vec<Message> = parts.into_iter().flat_map(|part| part.messages).collect();
    let expectation = Expectation::of(messages.iter().map(|message| &message.span));
    Ok(Workload { messages, expectation })
}
