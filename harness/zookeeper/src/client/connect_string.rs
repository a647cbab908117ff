//! `host:port,host:port/chroot`: where a client connects.

use std::fmt;

use super::Error;
use crate::model::is_path;

/// The port of a host without one.
pub const DEFAULT_PORT: u16 = 2181;

/// A connect string, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectString {
    hosts: Vec<(String, u16)>,
    chroot: String,
}

impl ConnectString {
    /// Takes a connect string apart.
    ///
    /// # Errors
    /// [`Error::BadConnectString`]: no host, a port that is no number, or a chroot that is no path.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = |why: &str| Error::BadConnectString { connect: text.to_owned(), why: why.to_owned() };
        let (hosts, chroot) = match text.find('/') {
            Some(slash) => text.split_at(slash),
            None => (text, ""),
        };
        let chroot = if chroot == "/" { "" } else { chroot };
        if !chroot.is_empty() && !is_path(chroot) {
            return Err(bad("the chroot is not a path"));
        }
        let hosts = hosts.split(',').map(str::trim).filter(|host| !host.is_empty());
        let hosts: Vec<_> = hosts
            .map(|host| match host.rsplit_once(':') {
                None => Ok((host.to_owned(), DEFAULT_PORT)),
                Some((name, port)) => match port.parse() {
                    Ok(port) if !name.is_empty() => Ok((name.to_owned(), port)),
                    _ => Err(bad("a host has no name, or a port that is not a number up to 65535")),
                },
            })
            .collect::<Result<_, _>>()?;
        if hosts.is_empty() {
            return Err(bad("there is no host"));
        }
        Ok(Self { hosts, chroot: chroot.to_owned() })
    }

    /// The hosts and ports, in the order given; never empty.
    pub fn hosts(&self) -> &[(String, u16)] {
        &self.hosts
    }

    /// The chroot with its leading slash, or nothing.
    pub fn chroot(&self) -> &str {
        &self.chroot
    }

    /// The server's path of a client's path.
    pub(super) fn to_server(&self, path: &str) -> String {
        if self.chroot.is_empty() {
            path.to_owned()
        } else if path == "/" {
            self.chroot.clone()
        } else {
            format!("{}{path}", self.chroot)
        }
    }

    /// The client's path of a server's path. What does not lie below the chroot stays as it is.
    pub(super) fn to_client(&self, path: String) -> String {
        match path.strip_prefix(&self.chroot) {
            Some("") => "/".to_owned(),
            Some(inner) if inner.starts_with('/') && !self.chroot.is_empty() => inner.to_owned(),
            _ => path,
        }
    }
}

impl fmt::Display for ConnectString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (host, port)) in self.hosts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{host}:{port}")?;
        }
        f.write_str(&self.chroot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_taken_apart() {
        let connect = ConnectString::parse("a:1, b,c:3/kafka/x").unwrap();
        assert_eq!(connect.hosts(), [("a".into(), 1), ("b".into(), 2181), ("c".into(), 3)]);
        assert_eq!(connect.chroot(), "/kafka/x");
        assert_eq!(connect.to_string(), "a:1,b:2181,c:3/kafka/x");
        assert_eq!(ConnectString::parse("a/").unwrap().chroot(), "");
    }

    #[test]
    fn mistakes_are_named() {
        for bad in ["", "/x", "a:b", ":1", "a:1/x/", "a:1//x", "a:1/./x", "a:70000"] {
            assert!(ConnectString::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn chroot_is_put_on_and_taken_off() {
        let connect = ConnectString::parse("a:1/k").unwrap();
        for (client, server) in [("/", "/k"), ("/x", "/k/x")] {
            assert_eq!(connect.to_server(client), server);
            assert_eq!(connect.to_client(server.to_owned()), client);
        }
        assert_eq!(connect.to_client("/kx".to_owned()), "/kx");
        let plain = ConnectString::parse("a:1").unwrap();
        assert_eq!(plain.to_client("/x".to_owned()), "/x");
        assert_eq!(plain.to_client("/".to_owned()), "/");
    }
}
