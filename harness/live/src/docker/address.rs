//! Where the engine is looked for, and whether somebody answers there. Needs none of Docker's packages.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use super::EngineError;

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// The address of a Docker engine on this machine: a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    socket: PathBuf,
}

impl Address {
    /// What `DOCKER_HOST` says, or else the usual socket.
    ///
    /// # Errors
    /// `DOCKER_HOST` names an engine on another machine, or nothing that can be understood.
    pub fn find() -> Result<Self, EngineError> {
        let host = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
        host.map_or_else(|| Ok(Self { socket: DEFAULT_SOCKET.into() }), |host| Self::parse(&host))
    }

    fn parse(host: &str) -> Result<Self, EngineError> {
        let address = host.to_owned();
        match host.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self { socket: path.into() }),
            Some(("tcp" | "http" | "https" | "ssh", _)) => Err(EngineError::Remote { address }),
            _ => Err(EngineError::BadAddress { address }),
        }
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether somebody listens there and may be spoken to.
    ///
    /// # Errors
    /// Nobody listens, or this user may not connect.
    #[cfg(unix)]
    pub fn probe(&self) -> Result<(), EngineError> {
        use std::io::ErrorKind;
        let address = self.to_string();
        match std::os::unix::net::UnixStream::connect(&self.socket) {
            Ok(_) => Ok(()),
            Err(why) if why.kind() == ErrorKind::PermissionDenied => {
                Err(EngineError::NoPermission { address })
            }
            Err(why) => Err(self.nobody(&why)),
        }
    }

    /// Only Unix sockets are spoken to.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(unix))]
    pub fn probe(&self) -> Result<(), EngineError> {
        Err(EngineError::NoEngine {
            address: self.to_string(),
            why: "this system has no Unix sockets".into(),
        })
    }

    /// Nobody is there; but a rootless engine may be elsewhere, which explains more.
    #[cfg(unix)]
    fn nobody(&self, why: &std::io::Error) -> EngineError {
        let rootless = std::env::var_os("XDG_RUNTIME_DIR").map(|run| Path::new(&run).join("docker.sock"));
        match rootless {
            Some(socket) if self.socket == Path::new(DEFAULT_SOCKET) && socket.exists() => {
                EngineError::Rootless { address: format!("unix://{}", socket.display()) }
            }
            _ => EngineError::NoEngine { address: self.to_string(), why: why.to_string() },
        }
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unix://{}", self.socket.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_engines_on_this_machine_are_taken() {
        assert_eq!(
            Address::parse("unix:///run/docker.sock").map(|a| a.to_string()),
            Ok("unix:///run/docker.sock".into())
        );
        for remote in ["tcp://10.0.0.1:2375", "ssh://user@host", "https://host:2376"] {
            assert_eq!(Address::parse(remote), Err(EngineError::Remote { address: remote.into() }));
        }
        for bad in ["docker.sock", "unix://", "npipe:////./pipe/docker_engine"] {
            assert_eq!(Address::parse(bad), Err(EngineError::BadAddress { address: bad.into() }));
        }
    }
}
