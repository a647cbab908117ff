//! A stack file as a tree that knows where everything stands.

use std::sync::Arc;

use crate::file::scalar::{self, Typed};
use crate::file::yaml::{self, Node, Value};
use crate::{Position, Stack, StackError, Warning};

/// A file that was read.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) file: String,
    lines: Vec<Arc<str>>,
    root: Option<Node>,
    pub(super) stack: Stack,
    pub(super) warnings: Vec<Warning>,
}

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'d> {
    pub(super) key: &'d Node,
    pub(super) value: &'d Node,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// It is no stack file.
    pub(super) fn read(file: &str, text: &str) -> Result<Self, StackError> {
        let parsed = Stack::parse(text)?;
        Ok(Self {
            file: file.to_owned(),
            lines: text.lines().map(Arc::from).collect(),
            root: yaml::read(text)?,
            stack: parsed.stack,
            warnings: parsed.warnings,
        })
    }

    /// The whole as a value.
    pub(super) fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// The entry at a path of keys; of several with one key the last counts.
    pub(super) fn entry(&self, path: &[&str]) -> Option<Entry<'_>> {
        let (last, before) = path.split_last()?;
        let mut node = self.root.as_ref()?;
        for (depth, key) in before.iter().enumerate() {
            node = child(node, key, is_typed(path, depth))?.value;
        }
        child(node, last, is_typed(path, before.len()))
    }

    /// Text of a line, from 1.
    pub(super) fn line(&self, number: u32) -> Arc<str> {
        self.lines.get(number as usize - 1).cloned().unwrap_or_default()
    }

    /// Where a second document begins.
    pub(super) fn second(&self) -> Option<u32> {
        let mut content = false;
        for (line, number) in self.lines.iter().zip(1..) {
            let marker =
                line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
            if marker && content {
                return Some(number);
            }
            content |= marker || !(line.trim().is_empty() || line.starts_with(['#', '%']));
        }
        None
    }

    /// Where the occurrence `nth` (from 0) of a piece of text begins inside a value, as far as the source shows it
    /// as it is.
    pub(super) fn find(&self, node: &Node, piece: &str, nth: usize) -> Option<Position> {
        let mut left = nth;
        for number in node.at.line..=node.end.line.max(node.at.line) {
            let line = self.line(number);
            let from = if number == node.at.line { node.at.column as usize - 1 } else { 0 };
            let to = if number == node.end.line { node.end.column as usize - 1 } else { usize::MAX };
            let (mut column, mut counted) = (0, 0);
            for (offset, _) in line.match_indices(piece) {
                column += line[counted..offset].chars().count();
                counted = offset;
                if column < from || column + piece.chars().count() > to {
                    continue;
                }
                if left == 0 {
                    return Some(Position { line: number, column: column as u32 + 1 });
                }
                left -= 1;
            }
        }
        None
    }
}

/// Whether the key at a depth of a path goes by what YAML makes of it: those of tasks and of their parameters.
fn is_typed(path: &[&str], depth: usize) -> bool {
    depth >= 3 && path[2] == "tasks"
}

fn child<'n>(node: &'n Node, name: &str, typed: bool) -> Option<Entry<'n>> {
    let is_it = |entry: &Entry<'_>| match &entry.key.value {
        Value::Scalar { text, .. } if !typed => text == name,
        _ => scalar::print(entry.key) == name,
    };
    entries(node).rev().find(is_it)
}

/// The entries of a mapping; none if it is something else.
pub(super) fn entries(node: &Node) -> impl DoubleEndedIterator<Item = Entry<'_>> {
    let entries: &[(Node, Node)] = match &node.value {
        Value::Mapping(entries) => entries,
        _ => &[],
    };
    entries.iter().map(|(key, value)| Entry { key, value })
}

/// The items of a sequence; none if it is something else.
pub(super) fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::Sequence(items) => items,
        _ => &[],
    }
}

/// The text of a key. Tasks and their parameters go by what it is printed as, which may be something else.
pub(super) fn key_text(node: &Node) -> String {
    match &node.value {
        Value::Scalar { text, .. } => text.clone(),
        _ => scalar::print(node),
    }
}

/// Whether a value counts as given when stacks are merged.
pub(super) fn is_given(node: &Node) -> bool {
    match &node.value {
        Value::Scalar { text, plain } => {
            !text.is_empty() && scalar::resolve(text, *plain) != Typed::Null && text.parse::<f64>() != Ok(0.0)
        }
        Value::Sequence(items) => !items.is_empty(),
        Value::Mapping(entries) => !entries.is_empty(),
    }
}
