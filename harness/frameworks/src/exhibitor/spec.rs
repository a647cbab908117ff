//! Exhibitor's list of servers: `S:70:slave0,S:71:slave1`.

use std::fmt;

/// The servers of an ensemble.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServersSpec {
    pub(super) servers: Vec<Entry>,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// `S` for a voting server, `O` for an observer.
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) host: String,
}

impl ServersSpec {
    /// Reads a list; what is no entry is dropped, an entry without a kind is a voting server.
    pub(super) fn parse(text: &str) -> Self {
        let entry = |part: &str| {
            let mut pieces = part.trim().rsplitn(3, ':');
            let (host, id) = (pieces.next()?.to_owned(), pieces.next()?.to_owned());
            Some(Entry { kind: pieces.next().unwrap_or("S").to_owned(), id, host })
        };
        Self { servers: text.split(',').filter_map(entry).collect() }
    }

    /// The list with a server put in its place and strangers thrown out: `known` tells which ids the framework has.
    pub(super) fn with(&self, id: &str, host: &str, known: impl Fn(&str) -> bool) -> Self {
        let own = Entry { kind: "S".into(), id: id.into(), host: host.into() };
        let others = self.servers.iter().filter(|entry| entry.id != id && known(&entry.id)).cloned();
        let mut servers: Vec<Entry> = others.chain([own]).collect();
        servers.sort_by_key(Entry::to_string);
        Self { servers }
    }

    /// The list without the servers of a host.
    pub(super) fn without_host(&self, host: &str) -> Self {
        Self { servers: self.servers.iter().filter(|entry| entry.host != host).cloned().collect() }
    }

    /// The entry of a host.
    pub(super) fn of_host(&self, host: &str) -> Option<&Entry> {
        self.servers.iter().find(|entry| entry.host == host)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.kind, self.id, self.host)
    }
}

impl fmt::Display for ServersSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries: Vec<String> = self.servers.iter().map(Entry::to_string).collect();
        f.write_str(&entries.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_and_leaves() {
        let known = |id: &str| id != "9";
        for (old, id, host, expected) in [
            ("", "70", "slave0", "S:70:slave0"),
            ("S:71:slave1", "70", "slave0", "S:70:slave0,S:71:slave1"),
            // The server moved; a stranger of an earlier deployment goes; an observer stays one.
            ("S:70:slave1,S:9:slave9,O:71:slave2", "70", "slave0", "O:71:slave2,S:70:slave0"),
            ("8:slave8", "70", "slave0", "S:70:slave0,S:8:slave8"),
        ] {
            assert_eq!(ServersSpec::parse(old).with(id, host, known).to_string(), expected, "{old}");
        }
        let spec = ServersSpec::parse("S:1:a,S:2:b");
        assert_eq!(spec.without_host("a").to_string(), "S:2:b");
        assert_eq!(spec.of_host("b").map(|entry| entry.id.as_str()), Some("2"));
        assert_eq!(ServersSpec::parse("nonsense"), ServersSpec::default());
    }
}
