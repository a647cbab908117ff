//! Which files are merged, and what a merge leaves out.

use super::context::{Context, NEVER_MERGED, Spot, spot, start};
use super::document::{Document, is_given};
use super::finding::Findings;
use super::rules;
use crate::{Stack, merge};

/// A longer chain of parents is taken for a loop.
const MAX_CHAIN: usize = 64;

/// The checked file and those below it, by precedence, and the stack that comes of them. What cannot be merged is left
/// out, and said.
pub(super) fn merged(
    main: Document,
    layers: Vec<Document>,
    zone: &str,
    found: &mut Findings,
) -> (Vec<Document>, Stack) {
    let mut chain = Chain { layers, documents: vec![main] };
    let stack_parents = chain.climb(0, found);
    let mut zone_length = 0;
    if !zone.is_empty() {
        match chain.take(zone) {
            Some(layer) => {
                chain.documents.push(layer);
                let first = chain.documents.len() - 1;
                zone_length = 1 + chain.climb(first, found);
            }
            None => {
                let message =
                    format!("the zone {zone} is in none of the given files: add its file with --layer");
                found.add(rules::NO_ZONE, start(&chain.documents[0]), message);
            }
        }
    }
    developer_mode(&chain.documents, stack_parents, zone_length, found);
    let documents = chain.documents;
    let mut stack = documents[documents.len() - 1].stack.clone();
    for (index, document) in documents.iter().enumerate().rev().skip(1) {
        match merge(&document.stack, &stack) {
            Ok(merged) => stack = merged,
            Err(error) => {
                let message = format!("{error}: the request dies with EOF; give it one, or leave it out");
                found.add(rules::EMPTY_PARENT, start(&documents[index + 1]), message);
                stack = document.stack.clone();
            }
        }
    }
    (documents, stack)
}

struct Chain {
    layers: Vec<Document>,
    documents: Vec<Document>,
}

impl Chain {
    fn take(&mut self, name: &str) -> Option<Document> {
        let at = self.layers.iter().position(|layer| layer.stack.name == name)?;
        Some(self.layers.swap_remove(at))
    }

    /// Adds the parents of a document; says how many there are.
    fn climb(&mut self, first: usize, found: &mut Findings) -> usize {
        let mut parents = 0;
        let mut child = first;
        loop {
            let from = self.documents[child].stack.from.clone();
            if from.is_empty() || parents >= MAX_CHAIN {
                return parents;
            }
            let Some(parent) = self.take(&from) else {
                let document = &self.documents[child];
                let place = from_spot(document);
                if self.documents.iter().any(|document| document.stack.name == from) {
                    let message = format!("{from} is above itself: the run never begins; cut the loop");
                    found.add(rules::NO_ZONE, place, message);
                } else {
                    let message = format!(
                        "the parent {from} is in none of the given files, and the check goes on without it: \
                                 add its file with --layer"
                    );
                    found.add(rules::NO_PARENT, place, message);
                }
                return parents;
            };
            self.documents.push(parent);
            child = self.documents.len() - 1;
            parents += 1;
        }
    }
}

fn from_spot(document: &Document) -> Spot {
    let entry = document.entry(&["from"]);
    entry.map_or_else(|| start(document), |entry| spot(document, entry.value, "from".into()))
}

/// What a server in developer mode would run instead.
fn developer_mode(documents: &[Document], stack_parents: usize, zone_length: usize, found: &mut Findings) {
    if stack_parents > 0 {
        let message = "a server in developer mode ignores `from`: it runs this file as it is written";
        found.add(rules::DEV_MODE, from_spot(&documents[0]), message);
    }
    if zone_length == 2 {
        let zone = &documents[stack_parents + 1];
        let message = format!(
            "a server in developer mode drops the zone {} and takes its parent only, since that has no parent itself",
            zone.stack.name
        );
        found.add(rules::DEV_MODE, from_spot(zone), message);
    }
}

/// Finds what a child says in vain, and applications that a layer leaves without type.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    for (key, app) in context.applications() {
        let having: Vec<&Document> = context
            .documents
            .iter()
            .filter(|document| document.stack.applications.contains_key(key))
            .collect();
        let Some((lowest, above)) = having.split_last() else { continue };
        if app.kind.is_empty() && !above.is_empty() {
            let place = spot_of(lowest, key, None);
            let message = format!(
                "{} names the application {key} without its type, and no file above it can add one: write `type` here",
                lowest.stack.name
            );
            found.add(rules::LAYER_TYPE, place, message);
        }
        for document in above {
            for field in NEVER_MERGED {
                ignored_field(document, lowest, key, field, found);
            }
            empty_fields(document, &having, key, found);
        }
    }
}

fn ignored_field(child: &Document, lowest: &Document, key: &str, field: &str, found: &mut Findings) {
    let (Some(mine), Some(base)) = (child.stack.applications.get(key), lowest.stack.applications.get(key))
    else {
        return;
    };
    let same = match field {
        "type" => mine.kind == base.kind,
        "instances" => mine.instances == base.instances,
        "constraints" => mine.constraints == base.constraints,
        "args" => mine.args == base.args,
        "env" => mine.env == base.env,
        "docker" => mine.docker == base.docker,
        "start_time" => mine.start_time == base.start_time,
        _ => mine.time_schedule == base.time_schedule,
    };
    if same || child.entry(&["applications", key, field]).is_none() {
        return;
    }
    let message = format!(
        "`{field}` is never taken from a child: that of {} ({}) counts; change it there",
        lowest.stack.name, lowest.file
    );
    found.add(rules::NOT_MERGED, spot_of(child, key, Some(field)), message);
}

/// Values that are written to take away something of a parent, and do not.
fn empty_fields(child: &Document, having: &[&Document], key: &str, found: &mut Findings) {
    let below = having.iter().skip_while(|document| !std::ptr::eq(**document, child)).skip(1);
    for field in super::keys::APPLICATION.iter().filter(|field| **field != "scheduler") {
        let path = ["applications", key, field];
        let empty = child.entry(&path).is_some_and(|entry| !is_given(entry.value));
        if !empty || NEVER_MERGED.contains(field) {
            continue;
        }
        let given = |document: &&&Document| document.entry(&path).is_some_and(|entry| is_given(entry.value));
        if let Some(parent) = below.clone().find(given) {
            let message = format!(
                "an empty `{field}` takes nothing away: that of {} ({}) counts; change it there",
                parent.stack.name, parent.file
            );
            found.add(rules::EMPTY_CHILD, spot_of(child, key, Some(field)), message);
        }
    }
}

fn spot_of(document: &Document, key: &str, field: Option<&str>) -> Spot {
    let path: Vec<&str> = ["applications", key].into_iter().chain(field).collect();
    let entry = document.entry(&path);
    entry.map_or_else(|| start(document), |entry| spot(document, entry.key, path.join(".")))
}
