//! Port ranges: `31092`, `31090..31100`, comma lists of these.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A range of whole numbers, both ends included; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// First number.
    pub start: u32,
    /// Last number.
    pub end: u32,
}

/// The text is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// An end that is no number.
    #[error("For input string: \"{0}\"")]
    Number(String),
    /// The wrong way round.
    #[error("start > end")]
    Order,
}

impl Range {
    /// A range of one or more numbers; `None` if it is the wrong way round.
    pub fn new(start: u32, end: u32) -> Option<Self> {
        (start <= end).then_some(Self { start, end })
    }

    /// What both have, if anything.
    pub fn overlap(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Whether the number is in it.
    pub fn contains(self, number: u32) -> bool {
        (self.start..=self.end).contains(&number)
    }

    /// Reads a comma list, blanks around its parts allowed; an empty text is an empty list.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, RangeError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::parse).collect()
    }

    /// Prints a comma list.
    pub fn print_list(ranges: &[Self]) -> String {
        ranges.iter().map(Self::to_string).collect::<Vec<_>>().join(",")
    }
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let number = |text: &str| text.parse::<u32>().map_err(|_| RangeError::Number(text.to_owned()));
        let (start, end) = text.split_once("..").unwrap_or((text, text));
        Self::new(number(start)?, number(end)?).ok_or(RangeError::Order)
    }
}

/// As it prints.
impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.start == self.end {
            write!(f, "{}", self.start)
        } else {
            write!(f, "{}..{}", self.start, self.end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        for text in ["31092", "31090..31100"] {
            assert_eq!(text.parse::<Range>().unwrap().to_string(), text);
        }
        assert_eq!("2..1".parse::<Range>(), Err(RangeError::Order));
        assert_eq!("a".parse::<Range>().unwrap_err().to_string(), "For input string: \"a\"");
        assert_eq!(Range::print_list(&Range::parse_list("1..2, 4").unwrap()), "1..2,4");
        assert_eq!(Range::parse_list(""), Ok(Vec::new()));
    }

    #[test]
    fn overlaps() {
        let range = |start, end| Range::new(start, end).unwrap();
        assert_eq!(range(1, 5).overlap(range(4, 9)), Range::new(4, 5));
        assert_eq!(range(1, 3).overlap(range(4, 9)), None);
        assert!(range(1, 3).contains(3) && !range(1, 3).contains(4));
    }
}
