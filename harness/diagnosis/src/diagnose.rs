//! From a timeline to its diagnosis: what failed, and the chain of causes behind it.

use stacklab_machine::timeline::{Event, What};

use crate::chain::{Chain, explain};
use crate::question::{Question, evidence};
use crate::unknown;
use crate::view::{At, View};
use crate::{Code, Diagnosis, Finding};

/// Why a run failed; `None` if it did not, or goes on and nothing yet keeps it from a good end.
pub fn diagnose(events: &[Event]) -> Option<Diagnosis> {
    let view = View::new(events);
    let Symptom { finding, questions } = symptom(&view)?;
    let chain = questions.iter().find_map(|question| explain(&view, question));
    let (findings, cure) = match chain {
        Some(Chain { findings, cure, .. }) => (findings, cure),
        None => (vec![unknown::finding(&view, questions.first())], Vec::new()),
    };
    let mut chain = vec![finding];
    chain.extend(findings);
    Some(Diagnosis { chain, cure })
}

/// The cause that keeps a deployment under way from ever ending well, if the timeline shows one already: a shell need
/// not wait any longer. Of a run that may still come to a good end there is none.
pub fn settled(events: &[Event]) -> Option<Code> {
    let view = View::new(events);
    let run = view.deployments.iter().rev().find(|run| run.finished.is_none())?;
    lasting(&view, run.started).and_then(|chain| chain.findings.last().and_then(|finding| finding.code))
}

/// The chain of causes that keeps a deployment begun at `from` from its end.
fn lasting(view: &View<'_>, from: At) -> Option<Chain> {
    let to = view.end();
    let waiting = view.pending(to).into_iter().filter(|app| view.begun(app, to) >= from);
    waiting
        .map(|app| Question::App { app, error: None, to })
        .find_map(|question| explain(view, &question).filter(|chain| chain.lasting))
}

/// What was seen, and what is to be asked about it, the first first.
struct Symptom<'a> {
    finding: Finding,
    questions: Vec<Question<'a>>,
}

fn symptom<'a>(view: &View<'a>) -> Option<Symptom<'a>> {
    failed_stack(view)
        .or_else(|| failed_step(view))
        .or_else(|| unfinished(view))
        .or_else(|| failed_verdict(view))
}

/// A stack whose last run ended with an error.
fn failed_stack<'a>(view: &View<'a>) -> Option<Symptom<'a>> {
    let last =
        |stack: &str| view.deployments.iter().rfind(|run| run.stack == stack && run.finished.is_some());
    let failed =
        view.deployments.iter().rev().find(|run| {
            run.error.is_some() && last(run.stack).is_some_and(|last| last.started == run.started)
        })?;
    let (error, at) = (failed.error?, failed.finished?);
    let text = format!("Stack Deploy gave up {}: {error}", failed.stack);
    let seen = evidence(
        format!("the run of the stack took {:.1} s", view.seconds(failed.started, at)),
        view.ids(&[failed.started, at]),
    );
    let finding = Finding { code: None, text, evidence: vec![seen] };
    Some(Symptom {
        finding,
        questions: vec![Question::Stack { error: Some(error), from: failed.started, to: at }],
    })
}

/// A step that did not do what it should.
fn failed_step<'a>(view: &View<'a>) -> Option<Symptom<'a>> {
    let at = *view.failed_steps.last()?;
    let What::StepFinished { step, error: Some(error) } = &view.events[at].what else { return None };
    let finding = Finding {
        code: None,
        text: format!("the step '{step}' failed: {error}"),
        evidence: vec![evidence(format!("{step}: {error}"), vec![view.id(at)])],
    };
    // What came after a failed step may still say more of it: what was missing in the end.
    let to = view.end();
    let mut questions = vec![Question::Traces { to }];
    let from = view.deployments.last().map_or(0, |run| run.started);
    questions.push(Question::Stack { error: None, from, to });
    Some(Symptom { finding, questions })
}

/// A run that was given up, or that nothing can bring to its end any more.
fn unfinished<'a>(view: &View<'a>) -> Option<Symptom<'a>> {
    let run = view.deployments.iter().rev().find(|run| run.finished.is_none())?;
    let given_up =
        view.verdict.filter(|at| matches!(view.events[*at].what, What::Verdict { passed: false, .. }));
    if given_up.is_none() && lasting(view, run.started).is_none() {
        return None;
    }
    let to = view.end();
    let waiting = view.pending(to);
    let names = if waiting.is_empty() { "nothing".to_owned() } else { waiting.join(", ") };
    let mut seen = vec![evidence("the run of the stack began", vec![view.id(run.started)])];
    if let Some(at) = given_up
        && let What::Verdict { text, .. } = &view.events[at].what
    {
        seen.push(evidence(
            format!("given up: {}", text.lines().next().unwrap_or_default()),
            vec![view.id(at)],
        ));
    }
    let text =
        format!("the run of {} does not end: it waits for {names}, and nothing changes any more", run.stack);
    let finding = Finding { code: None, text, evidence: seen };
    Some(Symptom { finding, questions: vec![Question::Stack { error: None, from: run.started, to }] })
}

/// A bad verdict over a deployment that went well.
fn failed_verdict<'a>(view: &View<'a>) -> Option<Symptom<'a>> {
    let at = view.verdict?;
    let What::Verdict { passed: false, text } = &view.events[at].what else { return None };
    let missing = view.spans.iter().any(|at| matches!(view.events[*at].what, What::SpanMissing { .. }));
    let finding = Finding {
        code: None,
        text: format!("the run did not pass: {}", text.lines().next().unwrap_or_default()),
        evidence: vec![evidence("the verdict", vec![view.id(at)])],
    };
    let questions = if missing { vec![Question::Traces { to: view.end() }] } else { Vec::new() };
    Some(Symptom { finding, questions })
}
