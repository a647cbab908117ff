//! How the commands end.

/// Exit codes of the commands, as documented in the README.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything was as expected.
    AsExpected,
    /// Something was not.
    NotAsExpected,
    /// What was asked for cannot be done: a stack file, a scenario, an option.
    BadInput,
    /// The environment is in the way: an address, a file that cannot be written.
    Environment,
}

impl ExitCode {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::AsExpected, Self::NotAsExpected, Self::BadInput, Self::Environment];

    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::AsExpected => 0,
            Self::NotAsExpected => 1,
            Self::BadInput => 2,
            Self::Environment => 3,
        }
    }

    /// What it means, as the README says it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::AsExpected => "verdict as expected",
            Self::NotAsExpected => "verdict not as expected",
            Self::BadInput => "bad input",
            Self::Environment => "environment",
        }
    }
}
