//! What is asked of the rules, and what they answer with.

use stacklab_machine::timeline::EventId;

use crate::view::{At, View};
use crate::{Code, Evidence, Finding};

/// Why is something as it is? Each question is about one thing that lies on the way to what failed: so what
/// happened to others is never looked at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question<'a> {
    /// Why did the run of a stack end with this error, or not end?
    Stack { error: Option<&'a str>, from: At, to: At },
    /// Why did an application fail, or not get on?
    App { app: &'a str, error: Option<&'a str>, to: At },
    /// Why is an application's scheduler not there, or not healthy?
    Scheduler { app: &'a str, to: At },
    /// Why does an instance of an application not run? `program` is who places it.
    Instance { app: &'a str, program: &'a str, instance: &'a str, to: At },
    /// Why did an ensemble of an application not serve?
    Ensemble { app: &'a str, to: At },
    /// Why did a task end?
    Task { app: &'a str, task: &'a str, to: At },
    /// Why does a framework hold what another wants? `settled` if that finds no other place either.
    Holder { wanted_by: &'a str, task: &'a str, to: At, settled: bool },
    /// Why were spans not found again?
    Traces { to: At },
}

/// A possible answer.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<'a> {
    /// `None` if it only passes the question on.
    pub(crate) finding: Option<Finding>,
    /// The higher, the more specific.
    pub(crate) rank: u8,
    /// Whether it cannot go away by itself.
    pub(crate) lasting: bool,
    pub(crate) cure: Vec<String>,
    /// What to ask next: the cause of this.
    pub(crate) next: Option<Question<'a>>,
}

/// Rank of an answer of which nothing special is known.
const USUAL: u8 = 50;

impl<'a> Candidate<'a> {
    /// A cause.
    pub(crate) fn of(code: u16, text: impl Into<String>) -> Self {
        let finding = Finding { code: Some(Code(code)), text: text.into(), evidence: Vec::new() };
        Self { finding: Some(finding), rank: USUAL, lasting: false, cure: Vec::new(), next: None }
    }

    /// Passes the question on.
    pub(crate) fn ask(question: Question<'a>) -> Self {
        Self { finding: None, rank: USUAL, lasting: false, cure: Vec::new(), next: Some(question) }
    }

    /// Adds evidence.
    pub(crate) fn seen(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.evidence.extend(evidence);
        }
        self
    }

    /// Adds a line to the cure.
    pub(crate) fn cure(mut self, line: impl Into<String>) -> Self {
        self.cure.push(line.into());
        self
    }

    /// Says how specific it is.
    pub(crate) fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    /// Says whether it cannot go away by itself.
    pub(crate) fn lasting(mut self, lasting: bool) -> Self {
        self.lasting = lasting;
        self
    }

    /// Says what to ask next.
    pub(crate) fn then(mut self, question: Option<Question<'a>>) -> Self {
        self.next = question;
        self
    }
}

/// Evidence out of events.
pub(crate) fn evidence(text: impl Into<String>, events: Vec<EventId>) -> Evidence {
    Evidence { text: text.into(), events }
}

/// Equal lines, counted, at most `limit`, with the events that they come from.
pub(crate) fn counted(
    view: &View<'_>,
    lines: impl IntoIterator<Item = (At, String)>,
    limit: usize,
) -> Vec<Evidence> {
    let mut order: Vec<String> = Vec::new();
    let mut places: std::collections::BTreeMap<String, Vec<At>> = Default::default();
    for (at, line) in lines {
        let list = places.entry(line.clone()).or_default();
        if list.is_empty() {
            order.push(line);
        }
        list.push(at);
    }
    order.truncate(limit);
    let show = |line: String| {
        let list = places.remove(&line).unwrap_or_default();
        let text = if list.len() > 1 { format!("{line} ({} times)", list.len()) } else { line };
        evidence(text, view.ids(&list[..list.len().min(MAX_EVENTS)]))
    };
    order.into_iter().map(show).collect()
}

/// Events that one piece of evidence names at most.
const MAX_EVENTS: usize = 20;
