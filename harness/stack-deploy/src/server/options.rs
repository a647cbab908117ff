//! The flags of `server`.

use std::net::SocketAddr;
use std::time::Duration;

use stacklab_stack::server::{Mode, ServerConfig};

use super::cassandra::CassandraConfig;
use crate::go::{FlagSet, Stop};

/// A server as its command line wants it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    pub(super) address: SocketAddr,
    pub(super) config: ServerConfig,
    pub(super) cassandra: CassandraConfig,
}

impl Options {
    /// Reads the arguments of `server`.
    pub(super) fn parse(args: &[String]) -> Result<Self, Stop> {
        let flags = flags().parse(args)?;
        let mode = if flags.get_switch("dev") { Mode::Developer } else { Mode::Production };
        let api = flags.get_text("api");
        let api = api.strip_prefix("http://").unwrap_or(api);
        let address: SocketAddr = api.parse().map_err(|_| Stop {
            text: format!(
                "panic: listen tcp: address {api}: host:port is wanted, with an address for the host\n"
            ),
            code: 2,
        })?;
        let mut config = ServerConfig::new(mode);
        config.faithful = flags.get_switch("faithful");
        config.port = address.port();
        config.marathon_url = flags.get_text("marathon").to_owned();
        config.master = flags.get_text("master").to_owned();
        config.globals = flags.get_pairs("var");
        config.shown_address = address.to_string();
        config.storage = flags.get_text("storage").to_owned();
        config.bootstrap = flags.get_text("bootstrap").to_owned();
        config.cassandra = flags.get_text("cassandra").to_owned();
        let cassandra = CassandraConfig {
            keyspace: flags.get_text("keyspace").to_owned(),
            tries: u32::try_from(flags.get_int("connect.retries")).unwrap_or(0),
            backoff: flags.get_duration("connect.backoff"),
        };
        Ok(Self { address, config, cassandra })
    }
}

fn flags() -> FlagSet {
    FlagSet::new("server")
        .text("marathon", "http://127.0.0.1:8080", "Marathon address <ip:port>.")
        .text(
            "storage",
            "",
            "Storage to store stack-deploy runtime information to recover from failovers. Required.",
        )
        // The original listens on every address of the machine.
        .text("api", "127.0.0.1:4200", "Stack-deploy server binding address")
        .text("bootstrap", "", "Stack file to bootstrap with.")
        .text("cassandra", "127.0.0.1", "Cassandra cluster IPs, comma-separated")
        .text("keyspace", "stack_deploy", "Cassandra keyspace")
        .int("proto", 3, "Cassandra protocol version")
        .int("connect.retries", 10, "Number of retries to connect to either Marathon or Cassandra")
        .duration(
            "connect.backoff",
            Duration::from_secs(10),
            "Backoff between connection attempts to either Marathon or Cassandra",
        )
        .switch("debug", "Flag for debug mode")
        .switch("dev", "Flag for developer mode")
        .text("master", "127.0.0.1:5050", "Mesos Master address <ip:port>.")
        .text("framework.user", "", "Mesos user. Defaults to current system user.")
        .text("framework.name", "stack-deploy", "Mesos framework name. Defaults to stack-deploy.")
        .text("framework.role", "*", "Mesos framework role. Defaults to *.")
        .duration(
            "failover.timeout",
            Duration::from_secs(168 * 3600),
            "Mesos framework failover timeout. Defaults to 1 week.",
        )
        .pairs(
            "var",
            "Global variables to add to every stack context run by stack-deploy server. Multiple occurrences of this flag allowed.",
        )
        .switch("faithful", "Play the original's faults, too, that only make it hard to use")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Stop> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn reads_flags() {
        let options = parse("").unwrap();
        assert_eq!(options.address, "127.0.0.1:4200".parse().unwrap());
        assert_eq!((options.config.mode, options.config.faithful), (Mode::Production, false));
        assert_eq!(options.config.master, "127.0.0.1:5050");
        assert_eq!(options.config.marathon_url, "http://127.0.0.1:8080");
        assert_eq!(options.cassandra, CassandraConfig::default());
        let line = "--dev --faithful --api http://127.0.0.9:1 --storage file:x --bootstrap b --cassandra a,b \
                    --keyspace k --connect.retries 2 --connect.backoff 1s --var a=b --framework.user root";
        let options = parse(line).unwrap();
        assert_eq!(options.address, "127.0.0.9:1".parse().unwrap());
        assert_eq!((options.config.mode, options.config.faithful), (Mode::Developer, true));
        assert_eq!(options.config.storage, "file:x");
        assert_eq!((options.config.bootstrap.as_str(), options.config.cassandra.as_str()), ("b", "a,b"));
        assert_eq!(options.config.globals["a"], "b");
        let cassandra = CassandraConfig { keyspace: "k".into(), tries: 2, backoff: Duration::from_secs(1) };
        assert_eq!(options.cassandra, cassandra);
        assert_eq!(parse("--api nonsense").unwrap_err().code, 2);
    }
}
