//! What all checks look at: the files, the stack as it will run, and where each of its values comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::document::{Document, Entry, is_given, items};
use super::finding::Findings;
use super::{LintOptions, merging, rules};
use crate::file::yaml::Node;
use crate::{Application, Position, Stack, StackError, Task, Variables};

/// Fields that a merge never takes from the child.
pub(super) const NEVER_MERGED: [&str; 8] =
    ["type", "instances", "constraints", "args", "env", "docker", "start_time", "time_schedule"];

/// A place in a file.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) at: Position,
    pub(super) end: Position,
    pub(super) path: String,
    pub(super) line: Arc<str>,
}

/// Everything that is known about the stack.
pub(super) struct Context<'o> {
    pub(super) options: &'o LintOptions,
    /// The files that were merged, by precedence: the checked one first.
    pub(super) documents: Vec<Document>,
    /// The stack as it will run, its variables as they are written.
    pub(super) stack: Stack,
    /// What is known of variables before the run.
    pub(super) variables: Variables,
}

impl<'o> Context<'o> {
    /// Reads all files and merges them; `None` if the checked one cannot be read.
    pub(super) fn new(text: &str, options: &'o LintOptions, found: &mut Findings) -> Option<Self> {
        let main = read(&options.file, text, found)?;
        let layers: Vec<Document> =
            options.layers.iter().filter_map(|layer| read(&layer.file, &layer.text, found)).collect();
        let (documents, stack) = merging::merged(main, layers, &options.zone, found);
        let mut variables = Variables { arbitrary: options.variables.clone(), ..Variables::default() };
        variables.stack.insert("zone".into(), options.zone.clone());
        variables.stack.insert("stack".into(), stack.name.clone());
        Some(Self { options, documents, stack, variables })
    }

    /// Applications with their keys, in the order of keys.
    pub(super) fn applications(&self) -> impl Iterator<Item = (&str, &Application)> {
        self.stack.applications.iter().map(|(key, app)| (key.as_str(), app))
    }

    /// Whether an application counts as running from the start.
    pub(super) fn is_skipped(&self, app: &Application) -> bool {
        self.options.skip.iter().any(|regex| regex.is_match(&app.id))
    }

    /// Ids of all applications that are complete before this one starts.
    pub(super) fn before(&self, app: &Application) -> BTreeSet<&str> {
        let by_id: BTreeMap<&str, &Application> =
            self.stack.applications.values().map(|app| (app.id.as_str(), app)).collect();
        let mut before = BTreeSet::new();
        let mut next: Vec<&str> = app.dependencies.iter().map(String::as_str).collect();
        while let Some(id) = next.pop() {
            if let Some((id, app)) = by_id.get_key_value(id)
                && before.insert(*id)
            {
                next.extend(app.dependencies.iter().map(String::as_str));
            }
        }
        before
    }

    /// A task with the variables that are known already in it; the others as they are written.
    pub(super) fn resolved(&self, task: &Task) -> Task {
        let mut resolved = task.clone();
        for value in resolved.parameters.values_mut() {
            *value = self.variables.resolve(value).into_owned();
        }
        resolved
    }

    /// The stack itself: where its name stands, or the beginning of the file.
    pub(super) fn top(&self, key: &str) -> Spot {
        let document = &self.documents[0];
        match document.entry(&[key]) {
            Some(entry) if is_block(entry) => spot(document, entry.key, key.to_owned()),
            Some(entry) => spot(document, entry.value, key.to_owned()),
            None => start(document),
        }
    }

    /// An application's key.
    pub(super) fn application(&self, key: &str) -> Spot {
        self.key(key, &[])
    }

    /// The value at a path below an application, such as `["tasks", "brokers", "mem"]`; the key of the nearest one
    /// above if it is not there.
    pub(super) fn value(&self, key: &str, path: &[&str]) -> Spot {
        let Some(place) = self.locate(key, path) else { return start(&self.documents[0]) };
        let node = if place.whole && !is_block(place.entry) { place.entry.value } else { place.entry.key };
        spot(place.document, node, place.path)
    }

    /// The key at a path below an application, or the nearest one above.
    pub(super) fn key(&self, key: &str, path: &[&str]) -> Spot {
        let place = self.locate(key, path);
        place.map_or_else(
            || start(&self.documents[0]),
            |place| spot(place.document, place.entry.key, place.path),
        )
    }

    /// An item of a list below an application.
    pub(super) fn item(&self, key: &str, path: &[&str], index: usize) -> Spot {
        match self.locate(key, path) {
            Some(place) => match items(place.entry.value).get(index) {
                Some(node) => spot(place.document, node, format!("{}[{index}]", place.path)),
                None => spot(place.document, place.entry.key, place.path),
            },
            None => start(&self.documents[0]),
        }
    }

    /// A piece of the text at a path, or of its item `index`: its occurrence `nth`.
    pub(super) fn piece(
        &self,
        key: &str,
        path: &[&str],
        index: Option<usize>,
        piece: &str,
        nth: usize,
    ) -> Spot {
        let whole = match index {
            Some(index) => self.item(key, path, index),
            None => self.value(key, path),
        };
        let Some(place) = self.locate(key, path).filter(|place| place.whole) else { return whole };
        let node = index.and_then(|index| items(place.entry.value).get(index)).unwrap_or(place.entry.value);
        match place.document.find(node, piece, nth) {
            Some(at) => {
                let end = Position { line: at.line, column: at.column + piece.chars().count() as u32 };
                Spot { at, end, line: place.document.line(at.line), ..whole }
            }
            None => whole,
        }
    }

    /// The file that a value of the merged stack comes from, and the nearest entry to the path in it.
    pub(super) fn locate(&self, key: &str, path: &[&str]) -> Option<Place<'_>> {
        let has = |document: &&Document| document.stack.applications.contains_key(key);
        let below = |document: &Document, path: &[&str]| {
            let whole: Vec<&str> = ["applications", key].iter().chain(path).copied().collect();
            document.entry(&whole).is_some_and(|entry| is_given(entry.value))
        };
        let mut having = self.documents.iter().filter(has);
        let document = match path {
            [field, ..] if NEVER_MERGED.contains(field) => having.next_back(),
            ["scheduler", flag, ..] => having.find(|document| below(document, &["scheduler", flag])),
            [field, ..] => having.find(|document| below(document, &[field])),
            [] => None,
        };
        let document = document.or_else(|| self.documents.iter().find(has))?;
        let mut keys = vec!["applications", key];
        let mut place = Place { document, entry: document.entry(&keys)?, path: keys.join("."), whole: true };
        for name in path {
            keys.push(name);
            match document.entry(&keys) {
                Some(entry) => place = Place { document, entry, path: keys.join("."), whole: true },
                None => return Some(Place { whole: false, ..place }),
            }
        }
        Some(place)
    }
}

/// Where a value comes from.
pub(super) struct Place<'c> {
    pub(super) document: &'c Document,
    pub(super) entry: Entry<'c>,
    /// Path of the entry.
    pub(super) path: String,
    /// Whether it is what was looked for, and not something above it.
    pub(super) whole: bool,
}

/// A mapping or a list over lines of its own: its key is what a reader looks for.
fn is_block(entry: Entry<'_>) -> bool {
    entry.value.at.line > entry.key.at.line || entry.value.end.line > entry.value.at.line
}

/// The place of a value.
pub(super) fn spot(document: &Document, node: &Node, path: String) -> Spot {
    let line = document.line(node.at.line);
    // A caret under each letter of a value over several lines helps nobody.
    let end = if node.end.line == node.at.line && node.end > node.at {
        node.end
    } else {
        let width = line.trim_end().chars().count() as u32;
        Position { line: node.at.line, column: (width + 1).max(node.at.column + 1) }
    };
    Spot { file: document.file.clone(), at: node.at, end, path, line }
}

/// The beginning of a file.
pub(super) fn start(document: &Document) -> Spot {
    let at = Position { line: 1, column: 1 };
    Spot { file: document.file.clone(), at, end: at, path: String::new(), line: document.line(1) }
}

fn read(file: &str, text: &str, found: &mut Findings) -> Option<Document> {
    match Document::read(file, text) {
        Ok(document) => Some(document),
        Err(error) => {
            found.add(rules::of_reading(&error.message), place(file, &error), advice(&error.message));
            None
        }
    }
}

fn place(file: &str, error: &StackError) -> Spot {
    // A text over several lines has its faults on its first line.
    let column = error.column.min(error.text.chars().count() as u32 + 1);
    let at = Position { line: error.line, column };
    let end = Position { line: error.line, column: column + 1 };
    Spot { file: file.to_owned(), at, end, path: String::new(), line: error.text.as_str().into() }
}

/// The original's report in one line, with what to do where it is not plain.
fn advice(message: &str) -> String {
    let one: Vec<&str> = message.lines().map(str::trim).collect();
    let text = one.join(" ");
    if message.contains("found unexpected ':'") {
        return format!("{text}: put the text with the colon into quotes, or the list on lines of its own");
    }
    text
}
