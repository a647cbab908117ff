//! Puts findings together: from a question to its best answer, and on to that answer's own cause.

use crate::Finding;
use crate::question::{Candidate, Question};
use crate::rules;
use crate::view::View;

/// Links of one chain at most.
const MAX_DEPTH: usize = 10;

/// A chain of causes, innermost last.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) findings: Vec<Finding>,
    pub(crate) cure: Vec<String>,
    /// Whether the innermost cannot go away by itself.
    pub(crate) lasting: bool,
}

/// The chain that answers a question best; `None` if no rule knows an answer.
pub(crate) fn explain<'a>(view: &View<'a>, question: &Question<'a>) -> Option<Chain> {
    follow(view, question, MAX_DEPTH)
}

fn follow<'a>(view: &View<'a>, question: &Question<'a>, depth: usize) -> Option<Chain> {
    let depth = depth.checked_sub(1)?;
    let mut candidates = Vec::new();
    for rule in rules::ALL {
        rule(view, question, &mut candidates);
    }
    // Stable: of equals, the first rule's.
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.rank));
    candidates.into_iter().find_map(|candidate| complete(view, candidate, depth))
}

/// A candidate with its own cause, as far as that is known.
fn complete<'a>(view: &View<'a>, candidate: Candidate<'a>, depth: usize) -> Option<Chain> {
    let Candidate { finding, lasting, cure, next, .. } = candidate;
    let inner = next.and_then(|question| follow(view, &question, depth));
    match (finding, inner) {
        (None, inner) => inner,
        (Some(finding), None) => Some(Chain { findings: vec![finding], cure, lasting }),
        (Some(finding), Some(mut inner)) => {
            // What is seen twice on the way is said once, where it is nearest to its cause.
            if inner.findings.iter().all(|other| other.code != finding.code) {
                inner.findings.insert(0, finding);
            }
            Some(inner)
        }
    }
}
