//! What cannot be done on a backend, and why.

use crate::Reaction;

/// How a plan names the cluster's own ZooKeeper.
const PLATFORM: &str = "platform";

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
    pub fn cannot(&self, backend: Backend) -> Option<&'static str> {
        match backend {
            Backend::Sim => self.cannot_in_sim(),
            Backend::Embedded => self.cannot_on_sockets(),
            Backend::Docker => self.cannot_on_sockets().or_else(|| self.cannot_in_containers()),
        }
    }

    fn cannot_on_sockets(&self) -> Option<&'static str> {
        match self {
            Self::SlowService { service, .. }
            | Self::AnswerError { service, .. }
            | Self::TimeOutWrites { service, .. }
                if service == PLATFORM =>
            {
                Some(
                    "programs speak to the platform's ZooKeeper directly: break the link to `lab`, or stop it",
                )
            }
            _ => None,
        }
    }

    fn cannot_in_containers(&self) -> Option<&'static str> {
        match self {
            Self::LoseData { service } if service != PLATFORM => {
                Some("data lie in a volume of the Docker engine: stop the service, or lose its agent")
            }
            _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_done_says_why() {
        let lose = |service: &str| Reaction::LoseData { service: service.into() };
        assert_eq!(lose("kafka").cannot(Backend::Embedded), None);
        assert!(lose("kafka").cannot(Backend::Docker).is_some_and(|why| why.contains("volume")));
        assert_eq!(lose("platform").cannot(Backend::Docker), None);
        let slow = |service: &str| Reaction::SlowService { service: service.into(), by: 1.0, lasts: 1.0 };
        assert_eq!(slow("kafka").cannot(Backend::Docker), None);
        assert!(slow("platform").cannot(Backend::Embedded).is_some());
        assert_eq!(slow("platform").cannot(Backend::Sim), None);
    }
}
