//! What a diagnosis consists of.

use serde::Serialize;
use stacklab_machine::timeline::EventId;

use crate::Code;

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// From the symptom to the innermost cause, which is the last. Never empty.
    pub chain: Vec<Finding>,
    /// What to do, line by line; empty if the cause is unknown.
    pub cure: Vec<String>,
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Its number; `None` for a symptom, and for what is unknown.
    pub code: Option<Code>,
    /// What happened, in one sentence, with names.
    pub text: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// One line: `127.77.0.11 declined 7 times: node 70: mem < 40000`.
    pub text: String,
    /// The events that it was taken from.
    pub events: Vec<EventId>,
}

impl Diagnosis {
    /// The innermost cause.
    pub fn innermost(&self) -> Option<&Finding> {
        self.chain.last()
    }

    /// Its number, if it is known.
    pub fn code(&self) -> Option<Code> {
        self.innermost().and_then(|finding| finding.code)
    }
}
