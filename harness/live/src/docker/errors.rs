//! Why no engine can be used, each with what to do about it.

use thiserror::Error;

/// Why no Docker engine can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EngineError {
    /// Nothing is at the address, or nobody listens there.
    #[error(
        "no Docker engine answers at {address}: {why}\n  \
         to install one: on Debian, apt-get install docker.io, then start it: systemctl start docker, or dockerd &; \
         one that listens elsewhere: set DOCKER_HOST=unix:///path/to/docker.sock"
    )]
    NoEngine {
        /// Where it was looked for.
        address: String,
        /// What the system says.
        why: String,
    },
    /// The socket is there, but not for this user.
    #[error(
        "no permission to speak to the Docker engine at {address}\n  \
         join the group that owns the socket: sudo usermod -aG docker $USER, then log in again; or run this as root"
    )]
    NoPermission {
        /// The engine's address.
        address: String,
    },
    /// `DOCKER_HOST` points to another machine.
    #[error(
        "DOCKER_HOST={address} is an engine reached over the network: the services' containers use this machine's \
         loopback addresses, so the engine must run here\n  \
         unset DOCKER_HOST, or set it to unix:///path/to/the/socket of an engine on this machine"
    )]
    Remote {
        /// What `DOCKER_HOST` says.
        address: String,
    },
    /// `DOCKER_HOST` cannot be understood.
    #[error(
        "DOCKER_HOST={address} is no address of an engine\n  unset it, or set it to unix:///path/to/the/socket"
    )]
    BadAddress {
        /// What `DOCKER_HOST` says.
        address: String,
    },
    /// The engine runs without root.
    #[error(
        "the Docker engine at {address} is a rootless one: it has a loopback of its own, where nothing of this machine \
         can be reached\n  \
         use the machine's engine (systemctl start docker; unset DOCKER_HOST, or DOCKER_HOST=unix:///var/run/docker.sock)"
    )]
    Rootless {
        /// The engine's address.
        address: String,
    },
    /// The engine maps users.
    #[error(
        "the Docker engine at {address} maps users (userns-remap), which goes with no container on the host's network\n  \
         take userns-remap out of /etc/docker/daemon.json and start the engine anew"
    )]
    UserNamespaces {
        /// The engine's address.
        address: String,
    },
    /// The engine runs under another kernel, such as in a virtual machine.
    #[error(
        "the Docker engine at {address} runs in a machine of its own ({engine}; here it is {here}): its containers \
         cannot use this machine's loopback addresses\n  \
         run this inside that machine, or on Linux with an engine of its own"
    )]
    OtherMachine {
        /// The engine's address.
        address: String,
        /// The engine's system and kernel.
        engine: String,
        /// This machine's kernel.
        here: String,
    },
    /// The engine is older than 20.10.
    #[error(
        "the Docker engine at {address} is too old: version {version}, API {api}; 20.10 (API 1.41) or newer is needed\n  \
         on Debian: apt-get update && apt-get install docker.io"
    )]
    TooOld {
        /// The engine's address.
        address: String,
        /// Its version.
        version: String,
        /// Its newest API.
        api: String,
    },
    /// The engine answers, but not as one does.
    #[error(
        "the Docker engine at {address} does not answer as expected: {why}\n  \
         look at its log (journalctl -u docker), and start it anew: systemctl restart docker"
    )]
    NoAnswer {
        /// The engine's address.
        address: String,
        /// What went wrong.
        why: String,
    },
    /// The engine's disk is full, or nearly.
    #[error(
        "the disk under the Docker engine's folder {path} is nearly full: {free_mb} MB are free, {needed_mb} MB are needed\n  \
         make room: docker system df shows what takes it, docker system prune removes what nothing uses"
    )]
    DiskFull {
        /// The engine's data folder.
        path: String,
        /// What is free, in units of 1,000,000 bytes.
        free_mb: u64,
        /// What is needed, in the same unit.
        needed_mb: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_to_do() {
        let address = || "unix:///s".to_owned();
        let why = || "why".to_owned();
        let all = [
            (EngineError::NoEngine { address: address(), why: why() }, "apt-get install docker.io"),
            (EngineError::NoPermission { address: address() }, "usermod -aG docker"),
            (EngineError::Remote { address: "tcp://h:1".into() }, "unset DOCKER_HOST"),
            (EngineError::BadAddress { address: "x".into() }, "unix:///path"),
            (EngineError::Rootless { address: address() }, "unix:///var/run/docker.sock"),
            (EngineError::UserNamespaces { address: address() }, "daemon.json"),
            (
                EngineError::OtherMachine { address: address(), engine: why(), here: why() },
                "inside that machine",
            ),
            (
                EngineError::TooOld { address: address(), version: "19.03".into(), api: "1.40".into() },
                "20.10",
            ),
            (EngineError::NoAnswer { address: address(), why: why() }, "journalctl -u docker"),
            (EngineError::DiskFull { path: "/d".into(), free_mb: 1, needed_mb: 2 }, "docker system prune"),
        ];
        for (error, cure) in all {
            let text = error.to_string();
            let (cause, rest) = text.split_once("\n  ").unwrap_or_default();
            assert!(!cause.is_empty() && !rest.contains('\n'), "one line each: {text}");
            assert!(text.contains(cure), "{text}");
        }
    }
}
