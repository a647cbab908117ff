//! The known causes.

use serde::Serialize;

/// Number of a cause, shown as `SL0031`. A number is never used for another cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SL{:04}", self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::str::FromStr for Code {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix("SL").filter(|digits| digits.len() == 4);
        let number = number.and_then(|digits| digits.parse().ok());
        number.map(Self).ok_or_else(|| format!("'{text}' is no code: SL and four digits, as in SL0031"))
    }
}

/// What is known of a cause.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// Its number.
    pub code: Code,
    /// Its name, as scenarios are named: `leftover-exhibitor-znode`.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// The whole page: what happens, why, how to see it, the cure.
    pub page: &'static str,
}
