//! The cause that a scenario expects: one of those that the diagnosis knows.

use std::fmt;

use stacklab_diagnosis::{CAUSES, Code, cause};

/// A known cause, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause(pub Code);

impl Cause {
    /// The cause of this name (`leftover-exhibitor-znode`) or number (`SL0001`).
    pub fn find(text: &str) -> Option<Self> {
        let code = text.parse::<Code>().ok();
        let found = CAUSES.iter().find(|cause| cause.name == text || Some(cause.code) == code);
        found.map(|cause| Self(cause.code))
    }

    /// Names of all causes.
    pub fn names() -> Vec<&'static str> {
        CAUSES.iter().map(|cause| cause.name).collect()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        cause(self.0).map_or("", |cause| cause.name)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}
