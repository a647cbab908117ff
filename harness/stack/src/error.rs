//! What is wrong with a stack file, and where.

use std::fmt;

/// A place in a stack file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A stack file that cannot be read. It prints as the original would report it; where the fault lies is beside it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StackError {
    /// The whole report, without a trailing newline. Several typing errors come together, a line each.
    pub message: String,
    /// Line of the (first) fault, from 1.
    pub line: u32,
    /// Its column in characters, from 1.
    pub column: u32,
    /// The text of that line.
    pub text: String,
}

impl StackError {
    pub(crate) fn new(source: &str, at: Position, message: impl Into<String>) -> Self {
        let index = (at.line as usize).saturating_sub(1);
        let text = source.lines().nth(index).unwrap_or_default().trim_end().to_owned();
        Self { message: message.into(), line: at.line, column: at.column, text }
    }

    /// The faulty line with its number, and a caret below the column:
    ///
    /// ```text
    ///  4 |     cpu: lots
    ///    |          ^
    /// ```
    pub fn snippet(&self) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs are kept in front of the caret, so that it stands below its column however wide they are shown.
        let before: String = self
            .text
            .chars()
            .take((self.column as usize).saturating_sub(1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        format!(" {number} | {}\n {margin} | {before}^", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_the_column() {
        let error = StackError::new("a: 1\n\tb: x\n", Position { line: 2, column: 5 }, "no");
        assert_eq!(error.snippet(), " 2 | \tb: x\n   | \t   ^");
        let beyond = StackError::new("a", Position { line: 9, column: 1 }, "no");
        assert_eq!(beyond.snippet(), " 9 | \n   | ^");
    }
}
