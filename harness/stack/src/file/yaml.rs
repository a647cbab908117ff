//! YAML as a tree of values that know their place and their source text. The only module that knows the parser.
//!
//! The parser's events are read instead of deserialized types, because the original's typing needs what those
//! lose: the source text of a scalar, and whether it was quoted.

use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle, Tag};

use crate::{Position, StackError};

/// A stack file is a page or two; what is larger is a mistake or an attack.
const MAX_BYTES: usize = 1 << 20;
/// Bounds what aliases can multiply.
const MAX_NODES: usize = 50_000;
/// The model needs 7 levels.
const MAX_DEPTH: usize = 60;

/// A value of the document, whatever it is to a stack.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it begins.
    pub(crate) at: Position,
    /// Just behind it.
    pub(crate) end: Position,
    pub(crate) value: Value,
    /// A key that came by a merge (`<<`).
    pub(crate) merged: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Scalar {
        text: String,
        /// Written without quotes, so that its type depends on its text.
        plain: bool,
    },
    Sequence(Vec<Node>),
    /// Merge keys (`<<`) are expanded, in place.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// Itself and all below.
    fn size(&self) -> usize {
        1 + match &self.value {
            Value::Scalar { .. } => 0,
            Value::Sequence(items) => items.iter().map(Self::size).sum(),
            Value::Mapping(entries) => entries.iter().map(|(key, value)| key.size() + value.size()).sum(),
        }
    }

    fn depth(&self) -> usize {
        let below = match &self.value {
            Value::Scalar { .. } => None,
            Value::Sequence(items) => items.iter().map(Self::depth).max(),
            Value::Mapping(entries) => {
                entries.iter().map(|(key, value)| key.depth().max(value.depth())).max()
            }
        };
        1 + below.unwrap_or(0)
    }

    fn is_merge_key(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if text == "<<")
    }
}

/// The first document of a text; `None` if it is empty. Further documents are ignored, as the original does.
pub(crate) fn read(source: &str) -> Result<Option<Node>, StackError> {
    if source.len() > MAX_BYTES {
        let message = format!("yaml: document of {} bytes is too large: at most {MAX_BYTES}", source.len());
        return Err(StackError::new(source, Position { line: 1, column: 1 }, message));
    }
    let lines = source.lines().collect();
    let mut builder =
        Builder { source, lines, open: Vec::new(), anchors: BTreeMap::new(), nodes: 0, root: None };
    for event in Parser::new_from_str(source) {
        let (event, span) = event.map_err(|error| {
            let at = position(error.marker().line(), error.marker().col());
            StackError::new(source, at, format!("yaml: line {}: {}", at.line, error.info()))
        })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        builder.take(event, span)?;
    }
    Ok(builder.root)
}

/// A collection that is not closed yet.
struct Open {
    at: Position,
    anchor: usize,
    flow: bool,
    mapping: bool,
    /// Keys and values in turn, if a mapping.
    items: Vec<Node>,
}

struct Builder<'s> {
    source: &'s str,
    lines: Vec<&'s str>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), StackError> {
        let at = position(span.start.line(), span.start.col());
        let end = position(span.end.line(), span.end.col());
        if self.is_indented_by_tab(at) {
            return Err(self.error(at, "found character that cannot start any token"));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !tag.as_deref().is_some_and(is_string_tag);
                self.check_flow(&text, style, at)?;
                // The parser shows a value that is not there as `~`, which is another null to go-yaml.
                let absent = plain && span.start.index() == span.end.index();
                let text = if absent { String::new() } else { text.into_owned() };
                self.add(Node { at, end, value: Value::Scalar { text, plain }, merged: false }, anchor)
            }
            Event::SequenceStart(style, anchor, _) => self.start(at, anchor, style, false),
            Event::MappingStart(style, anchor, _) => self.start(at, anchor, style, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(end),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err(self.error(at, "anchor value contains itself"));
                };
                // An alias stands for a whole tree: it is counted as such before it is copied.
                if self.nodes + node.size() > MAX_NODES || self.open.len() + node.depth() > MAX_DEPTH {
                    return Err(self.error(at, "document contains excessive aliasing"));
                }
                self.nodes += node.size() - 1;
                self.add(Node { at, end, value: node.value.clone(), merged: false }, 0)
            }
            _ => Ok(()),
        }
    }

    fn start(
        &mut self,
        at: Position,
        anchor: usize,
        style: StructureStyle,
        mapping: bool,
    ) -> Result<(), StackError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(at, &format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.open.push(Open { at, anchor, flow: style == StructureStyle::Flow, mapping, items: Vec::new() });
        Ok(())
    }

    fn end(&mut self, end: Position) -> Result<(), StackError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = if open.mapping {
            Value::Mapping(self.entries(open.items)?)
        } else {
            Value::Sequence(open.items)
        };
        self.add(Node { at: open.at, end, value, merged: false }, open.anchor)
    }

    /// Pairs keys with values and puts the entries of a merged mapping where its `<<` stood: the original takes
    /// them in that order, so that a merge overrides the keys above it.
    fn entries(&self, items: Vec<Node>) -> Result<Vec<(Node, Node)>, StackError> {
        let mut entries = Vec::with_capacity(items.len() / 2);
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            if !key.is_merge_key() {
                entries.push((key, value));
                continue;
            }
            match value.value {
                Value::Mapping(merged) => entries.extend(merged.into_iter().map(mark_merged)),
                // Earlier mappings of a list take precedence: they come last.
                Value::Sequence(list) if list.iter().all(|node| matches!(node.value, Value::Mapping(_))) => {
                    for node in list.into_iter().rev() {
                        if let Value::Mapping(merged) = node.value {
                            entries.extend(merged.into_iter().map(mark_merged));
                        }
                    }
                }
                _ => {
                    return Err(
                        self.error(value.at, "map merge requires map or sequence of maps as the value")
                    );
                }
            }
        }
        Ok(entries)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), StackError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(self.error(node.at, &format!("more than {MAX_NODES} values")));
        }
        if anchor > 0 {
            // A copy is kept for aliases: it counts, or nested anchors would multiply memory unseen.
            self.nodes += node.size();
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None => self.root = Some(node),
        }
        Ok(())
    }

    /// YAML 1.1 has no colon inside a plain scalar of a flow collection: `[http://x]` is an error to the original.
    fn check_flow(&self, text: &str, style: ScalarStyle, at: Position) -> Result<(), StackError> {
        let in_flow = self.open.last().is_some_and(|open| open.flow);
        match text.find(':') {
            Some(colon) if in_flow && style == ScalarStyle::Plain => {
                let column = at.column + text[..colon].chars().count() as u32;
                Err(self.error(Position { line: at.line, column }, "found unexpected ':'"))
            }
            _ => Ok(()),
        }
    }

    /// YAML 1.1 allows no tab before the first token of a line outside of flow collections.
    fn is_indented_by_tab(&self, at: Position) -> bool {
        let in_flow = self.open.last().is_some_and(|open| open.flow);
        let line = self.lines.get(at.line as usize - 1).copied().unwrap_or_default();
        let indent = || line.chars().take(at.column as usize - 1);
        !in_flow && indent().all(char::is_whitespace) && indent().any(|c| c == '\t')
    }

    fn error(&self, at: Position, text: &str) -> StackError {
        StackError::new(self.source, at, format!("yaml: line {}: {text}", at.line))
    }
}

fn mark_merged((mut key, value): (Node, Node)) -> (Node, Node) {
    key.merged = true;
    (key, value)
}

fn is_string_tag(tag: &Tag) -> bool {
    tag.is_yaml_core_schema_tag("str") || tag.is_yaml_core_schema_tag("binary")
}

fn position(line: usize, column: usize) -> Position {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position { line: number(line).max(1), column: number(column).saturating_add(1) }
}
