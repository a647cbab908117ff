//! Dependencies on which a run waits for ever.

use std::collections::BTreeMap;

use regex::Regex;

use super::context::Context;
use super::finding::Findings;
use super::nearest::nearest;
use super::rules;
use crate::{Problem, problems};

/// Looks at all dependencies; those of skipped applications do not count.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    let ids: BTreeMap<&str, &str> = context.applications().map(|(key, app)| (app.id.as_str(), key)).collect();
    for (key, app) in context.applications().filter(|(_, app)| !context.is_skipped(app)) {
        for (index, wanted) in app.dependencies.iter().enumerate() {
            if ids.contains_key(wanted.as_str()) {
                continue;
            }
            let place = context.item(key, &["dependencies"], index);
            if let Some(meant) = context.stack.applications.get(wanted) {
                let message = format!(
                    "{wanted} is the key of an application, and dependencies are ids: the run hangs; write {}",
                    meant.id
                );
                found.add(rules::KEY_AS_DEPENDENCY, place, message);
            } else {
                let advice = match nearest(wanted, ids.keys().copied()) {
                    Some(id) => format!("did you mean {id}?"),
                    None => format!("there are {}", ids.keys().copied().collect::<Vec<_>>().join(", ")),
                };
                let message = format!("no application has the id {wanted}, and the run hangs: {advice}");
                found.add(rules::UNKNOWN_DEPENDENCY, place, message);
            }
        }
    }
    let matched = |regex: &Regex| context.applications().filter(|(_, app)| regex.is_match(&app.id)).count();
    let marks: usize = context.options.skip.iter().map(matched).sum();
    if marks > context.stack.applications.len() {
        let message = format!(
            "the expressions to skip match {marks} times, and there are {} applications: the run hangs; make them one",
            context.stack.applications.len()
        );
        found.add(rules::SKIPPED_TWICE, context.top("applications"), message);
    }
    for problem in problems(&context.stack, &context.options.skip) {
        let Problem::Cycle(cycle) = problem else { continue };
        let Some((id, next)) = cycle.first().zip(cycle.get(1)) else { continue };
        let Some((key, app)) =
            ids.get(id.as_str()).and_then(|key| context.stack.applications.get_key_value(*key))
        else {
            continue;
        };
        let index = app.dependencies.iter().position(|dependency| dependency == next).unwrap_or(0);
        let message =
            format!("{} wait for each other, and the run hangs: cut the circle", cycle.join(" -> "));
        found.add(rules::CYCLE, context.item(key, &["dependencies"], index), message);
    }
}
