//! Whether a plan makes sense, before anything runs.

use std::fmt;

use stacklab_machine::timeline::{fields, kinds};

use crate::{ALWAYS, Backend, Fault, Link, Pattern, Reaction, Times, When};

/// Longest time of a plan, in seconds: a week. What is longer is a slip.
const LONGEST: f64 = 7.0 * 24.0 * 3600.0;
/// Most faults of a plan.
const MOST: usize = 1_000;

/// What is wrong with an entry of a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault {}: {text}", index + 1)]
pub struct PlanError {
    /// Its place in the plan.
    pub index: usize,
    /// The key that it is about: `on`, `at`, `do`, `probability`, …
    pub key: &'static str,
    /// What is wrong, and what would be right.
    pub text: String,
}

/// All that is wrong with a plan, on a backend if one is given; nothing if it can be carried out.
pub fn check(plan: &[Fault], backend: Option<Backend>) -> Vec<PlanError> {
    let mut found = Vec::new();
    if plan.len() > MOST {
        let text = format!("a plan has at most {MOST} faults");
        found.push(PlanError { index: MOST, key: "faults", text });
    }
    for (index, fault) in plan.iter().enumerate() {
        let mut add = |key, text| found.push(PlanError { index, key, text });
        check_when(fault, &mut add);
        check_numbers(fault, &mut add);
        check_reaction(&fault.reaction, &mut add);
        if let Some(backend) = backend.filter(|_| !fault.off)
            && let Some(why) = fault.reaction.cannot(backend)
        {
            let (name, backend) = (fault.reaction.name(), backend.name());
            add("do", format!("{name} cannot be done on {backend}: {why}"));
        }
    }
    found
}

type Add<'a> = dyn FnMut(&'static str, String) + 'a;

fn check_when(fault: &Fault, add: &mut Add<'_>) {
    match &fault.when {
        When::At(at) => {
            check_time("at", *at, add);
            if fault.times != Times::Count(1) {
                add("times", "what happens at a time happens once".to_owned());
            }
        }
        When::On(pattern) => check_pattern(pattern, add),
    }
}

fn check_pattern(pattern: &Pattern, add: &mut Add<'_>) {
    let names = kinds();
    let Some(kind) = names.iter().position(|name| *name == pattern.event) else {
        return add("on", unknown("event", &pattern.event, &names));
    };
    let mut known = fields(kind);
    known.push("who".to_owned());
    for name in pattern.fields.keys().filter(|name| !known.contains(name)) {
        let what = format!("field of {}", pattern.event);
        add("on", unknown(&what, name, &known));
    }
}

fn unknown(what: &str, written: &str, known: &[String]) -> String {
    match near(written, known.iter().map(String::as_str)).as_slice() {
        [] => format!("{written} is no {what}: there are {}", known.join(", ")),
        names => format!("{written} is no {what}: is {} meant?", names.join(" or ")),
    }
}

fn check_numbers(fault: &Fault, add: &mut Add<'_>) {
    check_time("after", fault.after, add);
    if let Some(probability) = fault.probability
        && !(0.0..=1.0).contains(&probability)
    {
        add("probability", format!("a probability is a number from 0 to 1, not {probability}"));
    }
    match fault.times {
        Times::Count(0) => add("times", "a fault happens at least once; `off: true` turns it off".to_owned()),
        Times::Count(count) if count > ALWAYS => {
            add("times", format!("a fault happens at most {ALWAYS} times, also with `always`"));
        }
        _ => {}
    }
}

fn check_time(key: &'static str, seconds: f64, add: &mut Add<'_>) {
    if !(0.0..=LONGEST).contains(&seconds) {
        add(key, format!("{key} is a number of seconds from 0 to {LONGEST}, not {seconds}"));
    }
}

fn check_reaction(reaction: &Reaction, add: &mut Add<'_>) {
    let mut time = |name: &str, seconds: f64| {
        if !(0.0..=LONGEST).contains(&seconds) {
            add("do", format!("`{name}` is a number of seconds from 0 to {LONGEST}, not {seconds}"));
        }
    };
    match reaction {
        Reaction::DelayTask { by, .. } | Reaction::SlowArtifact { by, .. } => time("by", *by),
        Reaction::LoseAgent { back: Some(back), .. } | Reaction::StopService { back: Some(back), .. } => {
            time("back", *back);
        }
        Reaction::PartitionAgent { lasts, .. }
        | Reaction::PauseAgent { lasts, .. }
        | Reaction::TimeOutWrites { lasts, .. }
        | Reaction::CutLink { lasts, .. } => time("lasts", *lasts),
        Reaction::FailOverMaster { after } => time("after", *after),
        Reaction::SlowService { by, lasts, .. } | Reaction::DelayLink { by, lasts, .. } => {
            time("by", *by);
            time("lasts", *lasts);
        }
        // A clock may be wrong in both directions.
        Reaction::SkewClock { by, .. } => time("by", by.abs()),
        Reaction::NarrowLink { lasts, bytes_per_second, .. } => {
            time("lasts", *lasts);
            if *bytes_per_second == 0 {
                add("do", "a link that carries nothing is a cut-link".to_owned());
            }
        }
        Reaction::AnswerHttp { status, .. } if !(100..=599).contains(status) => {
            add("do", format!("{status} is no status of HTTP"));
        }
        _ => {}
    }
    check_names(reaction, add);
}

/// A name is a text to be found in other names: an empty one would be found in all.
fn check_names(reaction: &Reaction, add: &mut Add<'_>) {
    let name: &dyn fmt::Display = match reaction {
        Reaction::FailTask { task, .. }
        | Reaction::LoseTask { task }
        | Reaction::HangTask { task }
        | Reaction::DelayTask { task, .. }
        | Reaction::KillTask { task } => task,
        Reaction::LoseAgent { agent, .. }
        | Reaction::PartitionAgent { agent, .. }
        | Reaction::PauseAgent { agent, .. }
        | Reaction::TakeResources { agent, .. }
        | Reaction::TakePort { agent, .. }
        | Reaction::SkewClock { agent, .. }
        | Reaction::FillDisk { agent } => agent,
        Reaction::DisconnectFramework { framework }
        | Reaction::FailOverFramework { framework }
        | Reaction::TearDownFramework { framework }
        | Reaction::RescindOffers { framework } => framework,
        Reaction::MissArtifact { name }
        | Reaction::SlowArtifact { name, .. }
        | Reaction::CorruptArtifact { name } => name,
        Reaction::AnswerHttp { to, .. } | Reaction::HangHttp { to, .. } | Reaction::CloseHttp { to, .. } => {
            to
        }
        Reaction::ExpireSession { of } => of,
        Reaction::StopService { service, .. }
        | Reaction::LoseLeader { service }
        | Reaction::LoseData { service }
        | Reaction::SlowService { service, .. }
        | Reaction::AnswerError { service, .. }
        | Reaction::TimeOutWrites { service, .. } => service,
        Reaction::DelayLink { link, .. }
        | Reaction::CutLink { link, .. }
        | Reaction::NarrowLink { link, .. } => {
            return check_link(link, add);
        }
        Reaction::FailOverMaster { .. } => return,
    };
    if name.to_string().trim().is_empty() {
        add("do", format!("{} needs a name", reaction.name()));
    }
}

fn check_link(link: &Link, add: &mut Add<'_>) {
    if link.from.trim().is_empty() || link.to.trim().is_empty() {
        add("do", "a link needs two ends; `any` is one".to_owned());
    }
}

/// Names that are like what was written, the likest first: at most three, none that differs in more than a third.
pub fn near<'n>(written: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let limit = (written.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (distance(written, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    found.sort_unstable();
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Letters to put in, take out or change; texts longer than any name are as far as they are long.
fn distance(one: &str, other: &str) -> usize {
    const LONGEST_NAME: usize = 64;
    if one.len() > LONGEST_NAME || other.len() > LONGEST_NAME {
        return one.len().max(other.len());
    }
    strsim::levenshtein(one, other)
}
