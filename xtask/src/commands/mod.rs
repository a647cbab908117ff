//! The commands.

mod bench;
#[cfg(feature = "docker")]
mod containers;
mod doctor;
mod e2e;
mod explain;
mod explore;
mod minimise;
mod repro;
mod sim;
mod up;

use stacklab_lab::exit::ExitCode;

pub(crate) use bench::bench;
#[cfg(feature = "docker")]
pub(crate) use containers::{down, images};
pub(crate) use doctor::doctor;
pub(crate) use e2e::e2e;
pub(crate) use explain::explain;
pub(crate) use minimise::minimise;
pub(crate) use repro::{ran_on_docker, repro};
pub(crate) use sim::sim;
pub(crate) use up::up;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) exit: ExitCode,
    pub(crate) why: anyhow::Error,
}

impl Failed {
    pub(crate) fn input(why: impl Into<anyhow::Error>) -> Self {
        Self { exit: ExitCode::BadInput, why: why.into() }
    }

    pub(crate) fn environment(why: impl Into<anyhow::Error>) -> Self {
        Self { exit: ExitCode::Environment, why: why.into() }
    }

    /// Says it, and ends the program with it.
    pub(crate) fn shown(self) -> std::process::ExitCode {
        eprintln!("error: {:#}", self.why);
        self.exit.code().into()
    }
}
