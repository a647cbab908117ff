//! How a Marathon is set up.

use stacklab_machine::Pace;

/// Flags of Marathon 0.15, as far as they matter here, with its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarathonConfig {
    /// Name or address of its host, as it is shown to others (`--hostname`).
    pub host: String,
    /// Port it listens on (`--http_port`).
    pub listen_port: u16,
    /// The Mesos master, `zk://host:port/mesos` or `host:port` (`--master`): attached to, and shown by `/v2/info`, from
    /// where Stack Deploy hands it on to the frameworks.
    pub master: String,
    /// The ZooKeeper of its own state (`--zk`); shown only.
    pub zk: String,
    /// Name as a framework (`--framework_name`).
    pub framework_name: String,
    /// User under whom tasks run (`--mesos_user`).
    pub user: String,
    /// Service ports are drawn from here (`--local_port_min`, `--local_port_max`).
    pub service_ports: (u16, u16),
    /// How fast health checks, backoffs and revivals pass.
    pub pace: Pace,
}

impl MarathonConfig {
    /// A Marathon at this host and port under this master, all else by default.
    pub fn new(host: impl Into<String>, listen_port: u16, master: impl Into<String>) -> Self {
        let master = master.into();
        // By custom Marathon keeps its state in the ZooKeeper that the master is found in.
        let zk = match master.strip_suffix("/mesos") {
            Some(ensemble) => format!("{ensemble}/marathon"),
            None => "zk://localhost:2181/marathon".into(),
        };
        Self {
            host: host.into(),
            listen_port,
            master,
            zk,
            framework_name: "marathon".into(),
            user: "root".into(),
            service_ports: (10_000, 20_000),
            pace: Pace::REAL,
        }
    }

    /// `host:port`, as it names itself as the leader.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.listen_port)
    }
}
