//! What is wrong with a scenario file, and where.

use std::path::{Path, PathBuf};

use serde_saphyr::Error;
use stacklab_stack::lint::nearest;

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The file is no scenario.
    #[error("{}:{}:{}: {}\n{}", .0.path.display(), .0.line, .0.column, .0.why, .0.snippet())]
    Malformed(Box<Mistake>),
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many letters are meant.
    pub width: usize,
    /// What, and what may be meant.
    pub why: String,
    /// The line itself.
    pub text: String,
}

impl Mistake {
    /// The line with its number, and carets below what is meant.
    pub fn snippet(&self) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let before = self.text.chars().take(self.column.saturating_sub(1));
        let before: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        format!(" {number} | {}\n {margin} | {before}{}", self.text, "^".repeat(self.width.max(1)))
    }
}

/// A place in the text of a file: line and column, from 1, and how wide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) width: usize,
}

pub(super) fn malformed(path: &Path, source: &str, spot: Spot, why: impl Into<String>) -> ScenarioError {
    let text = source.lines().nth(spot.line.saturating_sub(1)).unwrap_or_default().trim_end().to_owned();
    let left = text.chars().count().saturating_sub(spot.column.saturating_sub(1));
    let width = spot.width.min(left).max(1);
    let (line, column) = (spot.line.max(1), spot.column.max(1));
    ScenarioError::Malformed(Box::new(Mistake {
        path: path.to_owned(),
        line,
        column,
        width,
        why: why.into(),
        text,
    }))
}

/// Keys of a fault.
const FAULT_KEYS: [&str; 8] = ["at", "on", "after", "do", "times", "probability", "optional", "off"];

/// The parser's errors, in our words.
pub(super) fn of_parser(path: &Path, source: &str, error: &Error) -> ScenarioError {
    let error = error.without_snippet();
    let (line, column) = error.location().map_or((1, 1), |at| (at.line() as usize, at.column() as usize));
    let spot = Spot { line, column, width: 1 };
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            let spot = key(source, field, spot);
            malformed(path, source, spot, unknown("key", field, expected))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let spot = key(source, variant, spot);
            malformed(path, source, spot, unknown("word", variant, expected))
        }
        Error::SerdeMissingField { field, .. } => {
            malformed(path, source, spot, format!("the key '{field}' is missing"))
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            malformed(path, source, spot, format!("expected {expected}, found {unexpected}"))
        }
        Error::Message { msg, .. } => match msg.strip_prefix("unknown field `") {
            // Of a fault, whose condition stands among its other keys.
            Some(rest) => {
                let field = rest.split('`').next().unwrap_or_default();
                malformed(path, source, key(source, field, spot), unknown("key", field, &FAULT_KEYS))
            }
            None => malformed(path, source, spot, msg.clone()),
        },
        other => {
            let text = other.to_string();
            let text = text.lines().next().unwrap_or_default();
            // The place is said before.
            let text = text.split(" at line ").next().unwrap_or_default();
            malformed(path, source, spot, text)
        }
    }
}

/// `what` is not known; which may be meant, and which there are.
pub(super) fn unknown(what: &str, written: &str, known: &[&str]) -> String {
    let near = nearest(written, known.iter().copied());
    let meant = near.map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
    // Hundreds of names help nobody.
    let among = if known.len() > 40 || known.is_empty() { String::new() } else { known.join(", ") };
    let stop = if meant.is_empty() { "." } else { "" };
    let among = if among.is_empty() { among } else { format!("{stop} There are: {among}") };
    format!("unknown {what} '{written}'{meant}{among}")
}

/// Where a word stands, from a line on: the parser may point at what follows it.
pub(super) fn key(source: &str, word: &str, near: Spot) -> Spot {
    let width = word.chars().count();
    let from = near.line.saturating_sub(3);
    let lines = source.lines().enumerate().skip(from).take(40);
    let mut found: Option<Spot> = None;
    for (index, line) in lines {
        let Some(byte) = position(line, word) else { continue };
        let spot = Spot { line: index + 1, column: line[..byte].chars().count() + 1, width };
        let distance = |spot: &Spot| spot.line.abs_diff(near.line);
        if found.as_ref().is_none_or(|known| distance(&spot) < distance(known)) {
            found = Some(spot);
        }
    }
    found.unwrap_or(near)
}

/// Where a word stands as a word of its own.
fn position(line: &str, word: &str) -> Option<usize> {
    let part = |letter: Option<char>| letter.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    line.match_indices(word)
        .map(|(at, _)| at)
        .find(|&at| !part(line[..at].chars().next_back()) && !part(line[at + word.len()..].chars().next()))
}
