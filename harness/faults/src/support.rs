//! What cannot be done on a backend, and why.

use crate::Reaction;

/// Where a run takes place, as far as faults are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Virtual time: services are models.
    Sim,
    /// Our own servers.
    Embedded,
    /// Real services in containers.
    Docker,
}

impl Backend {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Embedded => "embedded",
            Self::Docker => "docker",
        }
    }
}

impl Reaction {
    /// Why this cannot be done on a backend; nothing if it can.
    pub const fn cannot(&self, backend: Backend) -> Option<&'static str> {
        match backend {
            Backend::Sim => self.cannot_in_sim(),
            Backend::Embedded | Backend::Docker => None,
        }
    }

    const fn cannot_in_sim(&self) -> Option<&'static str> {
        match self {
            Self::AnswerError { .. } => Some("a simulation's services are models that have no protocol"),
            Self::TimeOutWrites { .. } => Some("a simulation writes no spans"),
            Self::NarrowLink { .. } => Some("a simulation's messages have no size"),
            _ => None,
        }
    }
}
