//! Commands that no machine plays: what becomes of them, and those that are really run.

mod archive;
mod download;
mod kin;
mod output;
mod process;

use std::path::PathBuf;
use std::time::Duration;

pub(super) use download::Downloads;
pub(super) use process::{Process, start};

/// What becomes of the command of a task that no machine plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commands {
    /// It is a task that does nothing.
    Modelled {
        /// For how long, until it ends with code 0; without end if absent.
        runs_for: Option<Duration>,
    },
    /// It is run as a process of this machine, under the user that the lab runs under. Its artifacts are really
    /// fetched.
    Real {
        /// Where its sandbox is made. Sandboxes stay, as an agent's do.
        folder: PathBuf,
    },
}

impl Default for Commands {
    fn default() -> Self {
        Self::Modelled { runs_for: None }
    }
}
