//! An app: what it may say, how it is read and checked, how it is written.

mod constraint;
mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;
use stacklab_machine::Time;

pub(crate) use constraint::{Constraint, fits};
pub(crate) use read::{Rejected, read, read_update, text_list};
pub(crate) use write::{definition, to_text, uri_to_fetch};

/// What an app is to be. Defaults are those of Marathon 0.15.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct App {
    /// Absolute path: `/prod/web`.
    pub(crate) id: String,
    pub(crate) cmd: Option<String>,
    pub(crate) args: Option<Vec<String>>,
    pub(crate) user: Option<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) instances: u32,
    pub(crate) cpus: f64,
    /// MB.
    pub(crate) mem: f64,
    /// MB.
    pub(crate) disk: f64,
    pub(crate) executor: String,
    pub(crate) constraints: Vec<Constraint>,
    /// `fetch` entries; `uris` is a view of them.
    pub(crate) fetch: Vec<Value>,
    pub(crate) store_urls: Vec<String>,
    /// Service ports; host ports, too, if `require_ports`.
    pub(crate) ports: Vec<u16>,
    pub(crate) require_ports: bool,
    pub(crate) backoff: Duration,
    pub(crate) backoff_factor: f64,
    pub(crate) max_launch_delay: Duration,
    /// As it was given.
    pub(crate) container: Option<Value>,
    pub(crate) health_checks: Vec<HealthCheck>,
    pub(crate) dependencies: Vec<String>,
    pub(crate) upgrade: Upgrade,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) accepted_resource_roles: Option<Vec<String>>,
}

/// `upgradeStrategy`: shares of `instances`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Upgrade {
    pub(crate) minimum_health_capacity: f64,
    pub(crate) maximum_over_capacity: f64,
}

/// One entry of `healthChecks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HealthCheck {
    pub(crate) path: Option<String>,
    pub(crate) protocol: Protocol,
    pub(crate) port_index: usize,
    /// `command` of a COMMAND check, as it was given.
    pub(crate) command: Option<Value>,
    pub(crate) grace: Duration,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) max_consecutive_failures: u32,
    pub(crate) ignore_http_1xx: bool,
}

/// Who asks, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Mesos runs a command.
    Command,
    Http,
    Https,
    Tcp,
}

impl Protocol {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "COMMAND",
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Tcp => "TCP",
        }
    }
}

impl App {
    /// An app with nothing but an id.
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            cmd: None,
            args: None,
            user: None,
            env: BTreeMap::new(),
            instances: 1,
            cpus: 1.0,
            mem: 128.0,
            disk: 0.0,
            executor: String::new(),
            constraints: Vec::new(),
            fetch: Vec::new(),
            store_urls: Vec::new(),
            ports: vec![0],
            require_ports: false,
            backoff: Duration::from_secs(1),
            backoff_factor: 1.15,
            max_launch_delay: Duration::from_secs(3600),
            container: None,
            health_checks: Vec::new(),
            dependencies: Vec::new(),
            upgrade: Upgrade { minimum_health_capacity: 1.0, maximum_over_capacity: 1.0 },
            labels: BTreeMap::new(),
            accepted_resource_roles: None,
        }
    }

    /// Whether `other` differs in more than the number of instances, so that tasks have to be replaced.
    pub(crate) fn needs_restart(&self, other: &Self) -> bool {
        let mut same_count = other.clone();
        same_count.instances = self.instances;
        *self != same_count
    }

    /// What Mesos calls its tasks: the path from its end, with dots.
    pub(crate) fn task_name(&self) -> String {
        let mut parts: Vec<_> = self.id.split('/').filter(|part| !part.is_empty()).collect();
        parts.reverse();
        parts.join(".")
    }

    /// What its task ids begin with.
    pub(crate) fn task_prefix(&self) -> String {
        self.id.trim_start_matches('/').replace('/', "_")
    }
}

/// An app with its history.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) app: App,
    pub(crate) version: Time,
    pub(crate) last_scaling: Time,
    pub(crate) last_config_change: Time,
    /// Earlier versions, oldest first, this one included; at most [`MAX_VERSIONS`].
    pub(crate) versions: Vec<(Time, App)>,
    pub(crate) last_failure: Option<Failure>,
    /// Its definition as JSON, once it was asked for: it is shown far more often than it changes.
    text: OnceLock<Arc<str>>,
}

/// `--zk_max_versions` of Marathon 0.15.
pub(crate) const MAX_VERSIONS: usize = 25;

impl Stored {
    pub(crate) fn new(app: App, now: Time) -> Self {
        let versions = vec![(now, app.clone())];
        Self {
            app,
            version: now,
            last_scaling: now,
            last_config_change: now,
            versions,
            last_failure: None,
            text: OnceLock::new(),
        }
    }

    /// Takes a new version. Versions are told apart by their time in milliseconds, so that a second one within the
    /// same is put into the next.
    pub(crate) fn update(&mut self, app: App, now: Time) {
        let now = now.max(self.version + Duration::from_millis(1));
        if self.app.needs_restart(&app) {
            self.last_config_change = now;
        }
        if self.app.instances != app.instances {
            self.last_scaling = now;
        }
        self.version = now;
        self.versions.push((now, app.clone()));
        if self.versions.len() > MAX_VERSIONS {
            self.versions.remove(0);
        }
        self.app = app;
        self.text = OnceLock::new();
    }

    /// Takes the same definition as a new version whose tasks replace all others.
    pub(crate) fn renew(&mut self, now: Time) {
        self.update(self.app.clone(), now);
        self.last_config_change = self.version;
    }

    /// The definition as JSON, an object.
    pub(crate) fn text(&self) -> &Arc<str> {
        self.text.get_or_init(|| to_text(&definition(&self.app, self.version, Some(self))).into())
    }
}

/// `lastTaskFailure`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) host: String,
    pub(crate) message: String,
    pub(crate) state: &'static str,
    pub(crate) task_id: String,
    pub(crate) timestamp: Time,
    pub(crate) version: Time,
    pub(crate) agent_id: String,
}
