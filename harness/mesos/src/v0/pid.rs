//! Names of libprocess processes: `scheduler(1)@127.0.0.1:41234`.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// Longest name taken. A driver's has about 30 characters.
const MAX_LENGTH: usize = 256;

/// A process behind a port: an id, and the address it is literally reached at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pid {
    text: Arc<str>,
    at: usize,
    address: SocketAddr,
}

impl Pid {
    /// Reads `id@ip:port`; `None` for anything else. Host names are not resolved: drivers announce addresses.
    pub fn parse(text: &str) -> Option<Self> {
        let at = text.find('@')?;
        let is_path = |id: &str| id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
        if text.len() > MAX_LENGTH || at == 0 || !is_path(&text[..at]) {
            return None;
        }
        let address: SocketAddr = text[at + 1..].parse().ok()?;
        (address.is_ipv4() && address.port() != 0).then(|| Self { text: text.into(), at, address })
    }

    /// The process within its host: `scheduler(1)`.
    pub fn id(&self) -> &str {
        &self.text[..self.at]
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_drivers_announce_and_nothing_else() {
        let pid = Pid::parse("scheduler(1)@127.0.0.1:41234").unwrap();
        assert_eq!((pid.id(), pid.address().port()), ("scheduler(1)", 41234));
        assert_eq!(pid.to_string(), "scheduler(1)@127.0.0.1:41234");
        let long = format!("{}@127.0.0.1:1", "s".repeat(MAX_LENGTH));
        let wrong = [
            "",
            "@",
            "scheduler(1)",
            "@127.0.0.1:1",
            "s@127.0.0.1",
            "s@127.0.0.1:0",
            "s@127.0.0.1:65536",
            "s@[::1]:1",
            "s@localhost:1",
            "a/b@127.0.0.1:1",
            "a b@127.0.0.1:1",
            "s\r\nX: y@127.0.0.1:1",
            &long,
        ];
        for text in wrong {
            assert_eq!(Pid::parse(text), None, "{text:?}");
        }
    }
}
