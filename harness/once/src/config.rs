//! How the framework introduces itself, and whose rules hold.

use std::time::Duration;

use stacklab_machine::Pace;
use stacklab_mesos::FrameworkInfo;

/// How a [`Framework`](crate::Framework) is set up.
#[derive(Clone, Debug, PartialEq)]
pub struct OnceConfig {
    /// The Mesos master: `host:port`, or `zk://…`.
    pub master: String,
    /// Id from an earlier start, out of the server's record; none at the first start.
    pub framework_id: Option<String>,
    /// User under whom tasks run; empty for the agent's.
    pub user: String,
    /// Framework name.
    pub name: String,
    /// Framework role; `*` for none.
    pub role: String,
    /// For how long tasks live on after the connection broke: a week, zero in developer mode.
    pub failover_timeout: Duration,
    /// The host that Mesos is told.
    pub hostname: Option<String>,
    /// How fast waits pass.
    pub pace: Pace,
    /// Whether runs wait for ever where the original's do, and whether the program dies where the original dies.
    pub faithful: bool,
}

impl OnceConfig {
    /// A framework as it is without any flag.
    pub fn new(master: impl Into<String>) -> Self {
        Self {
            master: master.into(),
            framework_id: None,
            user: String::new(),
            name: "stack-deploy".into(),
            role: "*".into(),
            failover_timeout: Duration::from_secs(168 * 60 * 60),
            hostname: None,
            pace: Pace::REAL,
            faithful: false,
        }
    }

    pub(crate) fn info(&self, id: Option<&str>) -> FrameworkInfo {
        let mut info = FrameworkInfo::new(&self.name, &self.user);
        info.id = id.map(Into::into);
        info.failover_timeout = self.failover_timeout.as_secs_f64();
        info.checkpoint = true;
        info.role = Some(self.role.clone());
        info.hostname.clone_from(&self.hostname);
        info
    }
}
