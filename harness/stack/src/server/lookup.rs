//! Which stored stacks are needed to know what is to be shown or run.

use std::collections::BTreeMap;

use super::Mode;
use crate::Stack;
use crate::layers::{self, LayerError};

/// Collects the stacks that are needed to know what is to be run or shown.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) name: String,
    zone: String,
    /// Whether parents are merged.
    inherits: bool,
    known: BTreeMap<String, Option<Stack>>,
    wanted: String,
}

/// What a lookup has come to.
pub(super) enum Found {
    Stack(Box<Stack>),
    /// A stack of this name is needed, too.
    Ask(String),
    /// There is none; the text is the original's.
    Missing(&'static str),
    /// The stack has, or leads to, a parent without applications.
    Broken(String),
}

impl Lookup {
    pub(super) fn new(name: String, zone: String, mode: Mode) -> Self {
        let inherits = mode == Mode::Production;
        Self { wanted: name.clone(), name, zone, inherits, known: BTreeMap::new() }
    }

    /// Under which name the stack lies that the original's developer mode changes by running it.
    pub(super) fn changed_by_run(&self) -> &str {
        let parent = |name: &str| {
            self.known.get(name).and_then(Option::as_ref).map_or("", |stack| stack.from.as_str())
        };
        let cluster = parent(&self.zone);
        match (self.zone.as_str(), cluster, parent(cluster)) {
            ("", ..) => &self.name,
            (zone, "", _) => zone,
            (_, _, "") => self.known.get_key_value(cluster).map_or(&self.zone, |(name, _)| name),
            (.., datacenter) => self.known.get_key_value(datacenter).map_or(&self.zone, |(name, _)| name),
        }
    }

    /// Takes the stack that was asked for last.
    pub(super) fn take(&mut self, stack: Option<Stack>) -> Found {
        self.known.insert(std::mem::take(&mut self.wanted), stack);
        let find = |name: &str| self.known.get(name).cloned().flatten();
        let found = if self.inherits {
            layers::to_run(&self.name, &self.zone, &find)
        } else {
            layers::to_run_in_dev_mode(&self.name, &self.zone, &find)
        };
        match found {
            Ok(stack) => Found::Stack(Box::new(stack)),
            Err(LayerError::NotFound(name)) if self.known.contains_key(&name) => {
                Found::Missing(if self.inherits { "not found" } else { "Stack does not exist" })
            }
            Err(LayerError::NotFound(name)) => {
                self.wanted.clone_from(&name);
                Found::Ask(name)
            }
            Err(error @ (LayerError::TooDeep(_) | LayerError::Merge(_))) => Found::Broken(error.to_string()),
        }
    }
}
