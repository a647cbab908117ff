//! The addresses of one lab: a /24 of the loopback range, so that two labs run side by side, every agent has its own
//! fixed ports, and nothing is reachable from another machine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Labs look for a free /24 from here on: 127.77.0.0, 127.77.1.0, …
const FIRST: [u8; 2] = [127, 77];
/// Held by a lab on its first address for as long as it lives: says that the /24 is taken.
const CLAIM_PORT: u16 = 4199;
/// Last byte of the first agent's address.
const FIRST_AGENT: u8 = 11;

/// Why a lab has no addresses.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// All 256 are taken.
    #[error("all of 127.77.0.0 to 127.77.255.0 are taken by other labs: stop one of them")]
    AllTaken,
    /// The platform has 127.0.0.1 only.
    #[error(
        "this machine has no loopback address but 127.0.0.1, which is enough for one agent; for {agents} agents \
         add aliases first (macOS: sudo ifconfig lo0 alias 127.77.0.1, and so on up to 127.77.0.{last})"
    )]
    OneAddressOnly {
        /// Agents wanted.
        agents: usize,
        /// Last byte of the last address needed.
        last: usize,
    },
    /// Something else.
    #[error("cannot bind loopback addresses: {0}")]
    Other(#[from] io::Error),
}

/// A claimed /24. Dropping it gives it back.
#[derive(Debug)]
pub struct Network {
    prefix: Option<[u8; 3]>,
    _claim: TcpListener,
}

impl Network {
    /// Claims the first free /24.
    ///
    /// # Errors
    /// None is free, or the platform has one loopback address and `agents` is more than one.
    pub fn claim(agents: usize) -> Result<Self, NetworkError> {
        for third in 0..=u8::MAX {
            let address = Ipv4Addr::new(FIRST[0], FIRST[1], third, 1);
            match TcpListener::bind(SocketAddr::from((address, CLAIM_PORT))) {
                Ok(claim) => return Ok(Self { prefix: Some([FIRST[0], FIRST[1], third]), _claim: claim }),
                Err(why) if why.kind() == io::ErrorKind::AddrInUse => {}
                Err(why) if why.kind() == io::ErrorKind::AddrNotAvailable => return Self::single(agents),
                Err(why) => return Err(why.into()),
            }
        }
        Err(NetworkError::AllTaken)
    }

    fn single(agents: usize) -> Result<Self, NetworkError> {
        if agents > 1 {
            return Err(NetworkError::OneAddressOnly { agents, last: usize::from(FIRST_AGENT) + agents - 1 });
        }
        let claim = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, CLAIM_PORT)))?;
        Ok(Self { prefix: None, _claim: claim })
    }

    /// The address of the lab's own services: master, Marathon, platform ZooKeeper.
    pub fn lab(&self) -> Ipv4Addr {
        self.address(1)
    }

    /// The address of a broker that the lab runs itself.
    pub fn kafka(&self) -> Ipv4Addr {
        self.address(2)
    }

    /// The address of a Cassandra node that the lab runs itself.
    pub fn cassandra(&self) -> Ipv4Addr {
        self.address(3)
    }

    /// The address of an agent, counted from 0.
    pub fn agent(&self, index: usize) -> Ipv4Addr {
        self.address(FIRST_AGENT.saturating_add(u8::try_from(index).unwrap_or(u8::MAX)))
    }

    fn address(&self, last: u8) -> Ipv4Addr {
        self.prefix.map_or(Ipv4Addr::LOCALHOST, |[a, b, c]| Ipv4Addr::new(a, b, c, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_labs_have_different_addresses() {
        let (one, other) = (Network::claim(3).unwrap(), Network::claim(3).unwrap());
        assert_ne!(one.lab(), other.lab());
        assert_ne!(one.agent(0), one.agent(1));
        assert!(one.lab().is_loopback() && one.agent(199).is_loopback());
    }
}
