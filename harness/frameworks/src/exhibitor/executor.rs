//! The executor: runs an Exhibitor in its own process, and through it a ZooKeeper.

use std::time::Duration;

use stacklab_machine::process::{CallId, ExchangeId, ZkError, ZkReply};
use stacklab_machine::service::{ServiceEvent, ServiceSpec, ZooKeeperSpec};
use stacklab_machine::{Time, earliest, http};
use stacklab_mesos::TaskInfo;

use super::config::SharedConfig;
use super::server::Config;
use super::shared::Shared;
use super::stand_in::{Arguments, ZooKeeperState, get_state, wanted_zookeeper};
use super::status::Statuses;
use crate::base::{Hands, TaskState, Work};

/// The executor of Exhibitor-Mesos.
#[derive(Debug, Default)]
pub struct ExhibitorExecutor {
    task: Option<String>,
    pub(super) exhibitor: Option<Exhibitor>,
    /// The port it listens on: kept over a kill, because the executor process stays.
    listening: Option<u16>,
    pub(super) zookeeper: ZooKeeper,
    pub(super) statuses: Statuses,
}

/// A running Exhibitor.
#[derive(Debug)]
pub(super) struct Exhibitor {
    pub(super) arguments: Arguments,
    pub(super) shared: Shared,
    /// Whether the install directory was linked: a configuration has named one.
    linked: bool,
    backoff: Duration,
    timers: Timers,
    /// The answer of `get-state` while nothing changes: it is asked for every second.
    state: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Timers {
    config_check: Time,
    link: Time,
    check: Time,
}

/// The ZooKeeper process. It is not Exhibitor's child and outlives a kill of the task.
#[derive(Debug, Default)]
pub(super) struct ZooKeeper {
    running: Option<ZooKeeperSpec>,
    serving: bool,
    leading: Option<bool>,
    /// Stopped in order to be started with another configuration.
    stopping: bool,
}

impl ExhibitorExecutor {
    /// An executor without a task.
    pub fn new() -> Self {
        Self::default()
    }

    /// Exhibitor's check of its ZooKeeper: starts it, or starts it anew if anything in its configuration changed.
    fn check(&mut self, hands: &mut Hands<'_>) {
        let Some(exhibitor) = &self.exhibitor else { return };
        let wanted = exhibitor.wanted();
        if self.zookeeper.stopping || self.zookeeper.running == wanted {
            return;
        }
        if self.zookeeper.running.is_some() {
            hands.log(|| "ZooKeeper related configuration has changed".into());
            self.zookeeper.stopping = true;
            hands.stop_service();
        } else {
            self.start_zookeeper(hands);
        }
    }

    /// Starts what is wanted; without the link to the install directory there is nothing to start.
    fn start_zookeeper(&mut self, hands: &mut Hands<'_>) {
        let Some(exhibitor) = &self.exhibitor else { return };
        let Some(spec) = exhibitor.wanted() else { return };
        if !exhibitor.linked {
            hands.log(|| "ZooKeeper cannot be started: no install directory".into());
            return;
        }
        hands.start_service(ServiceSpec::ZooKeeper(spec.clone()));
        self.zookeeper = ZooKeeper { running: Some(spec), ..ZooKeeper::default() };
        self.changed();
    }

    /// Makes the next `get-state` be written anew.
    pub(super) fn changed(&mut self) {
        if let Some(exhibitor) = &mut self.exhibitor {
            exhibitor.state = None;
        }
    }

    pub(super) fn zookeeper_state(&self) -> ZooKeeperState {
        let wanted = self.exhibitor.as_ref().and_then(Exhibitor::wanted);
        match (&self.zookeeper.running, wanted) {
            (_, None) => ZooKeeperState::Latent,
            (None, Some(_)) => ZooKeeperState::Down,
            // One that is about to leave an ensemble of its own for a larger one must not be taken for a part of that:
            // what is written to it until it has ended would be lost.
            (Some(_), _) if self.zookeeper.serving && !self.zookeeper.stopping => ZooKeeperState::Serving,
            (Some(_), _) => ZooKeeperState::NotServing,
        }
    }

    /// Whether this ZooKeeper leads. Its log says so; before it does, a server alone leads, and of several the one with
    /// the highest id, which wins when all begin empty.
    pub(super) fn leads(&self) -> bool {
        let guess = |spec: &ZooKeeperSpec| spec.servers.iter().all(|peer| peer.id <= spec.server_id);
        let running = self.zookeeper.running.as_ref().filter(|_| self.zookeeper.serving);
        running.is_some_and(|spec| self.zookeeper.leading.unwrap_or_else(|| guess(spec)))
    }

    pub(super) fn state_body(&mut self) -> Vec<u8> {
        let serving = self.zookeeper.serving;
        let Some(exhibitor) = &mut self.exhibitor else { return Vec::new() };
        exhibitor.shared.tell();
        let (config, name) = (&exhibitor.shared.config, &exhibitor.arguments.hostname);
        exhibitor.state.get_or_insert_with(|| get_state(config, name, serving)).clone()
    }

    fn begin(&mut self, task: &TaskInfo, hands: &mut Hands<'_>) -> Result<(), String> {
        let data = task.data.as_deref().unwrap_or_default();
        let value: serde_json::Value = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        let config = Config::from_json(&value).ok_or("java.util.NoSuchElementException: None.get")?;
        let arguments = Arguments::read(&config, &hands.context.host)?;
        if self.listening != Some(arguments.port) {
            self.listening = Some(arguments.port);
            hands.listen(arguments.port);
        }
        let mut shared = Shared::default();
        shared.read(&arguments, hands);
        let backoff = Duration::from_millis(config.backoff_ms);
        let pace = hands.context.pace;
        let timers = Timers {
            config_check: hands.now + pace.wait(arguments.config_check),
            link: hands.now + pace.wait(backoff),
            check: hands.now + pace.wait(check_period(&shared.config)),
        };
        self.exhibitor = Some(Exhibitor { arguments, shared, linked: false, backoff, timers, state: None });
        Ok(())
    }
}

impl Exhibitor {
    fn wanted(&self) -> Option<ZooKeeperSpec> {
        wanted_zookeeper(&self.shared.config, &self.arguments.hostname)
    }
}

fn check_period(config: &SharedConfig) -> Duration {
    Duration::from_millis(config.text("checkMs").parse().unwrap_or(30_000))
}

impl Work for ExhibitorExecutor {
    fn launch(&mut self, task: &TaskInfo, hands: &mut Hands<'_>) {
        let id = task.task_id.as_str();
        match self.begin(task, hands) {
            Ok(()) => {
                self.task = Some(id.to_owned());
                hands.status(id, TaskState::Running, "", None);
            }
            Err(error) => {
                hands.log(|| error.clone());
                hands.status(id, TaskState::Failed, &error, None);
            }
        }
    }

    /// Closes Exhibitor. The executor stays for the next task of its id, and ZooKeeper with it: the process ends only
    /// with the container.
    fn kill(&mut self, _: &str, hands: &mut Hands<'_>) {
        self.exhibitor = None;
        if let Some(task) = self.task.take() {
            hands.status(&task, TaskState::Finished, "", None);
        }
    }

    fn service(&mut self, event: ServiceEvent, hands: &mut Hands<'_>) {
        match event {
            ServiceEvent::Started => {}
            ServiceEvent::Ready => self.zookeeper.serving = true,
            ServiceEvent::Log(line) => {
                if line.contains("LEADING") || line.contains("FOLLOWING") {
                    self.zookeeper.leading = Some(line.contains("LEADING"));
                }
                hands.log(|| line);
            }
            ServiceEvent::Exited { code, message } => {
                hands.log(|| format!("ZooKeeper ended with {code}: {message}"));
                let wanted = std::mem::take(&mut self.zookeeper).stopping;
                if wanted {
                    self.start_zookeeper(hands);
                }
            }
        }
        self.changed();
    }

    fn http(&mut self, exchange: ExchangeId, request: &http::Request, hands: &mut Hands<'_>) {
        self.answer(exchange, request, hands);
    }

    fn http_reply(
        &mut self,
        call: CallId,
        result: Result<http::Response, http::Failure>,
        hands: &mut Hands<'_>,
    ) {
        self.statuses.reply(call, result, hands);
    }

    fn zk_reply(&mut self, call: CallId, result: Result<ZkReply, ZkError>, hands: &mut Hands<'_>) {
        if let Some(exhibitor) = &mut self.exhibitor
            && exhibitor.shared.reply(call, result, hands)
        {
            self.changed();
        }
    }

    fn wake_at(&self) -> Option<Time> {
        let timers = &self.exhibitor.as_ref()?.timers;
        earliest(Some(timers.config_check.min(timers.link)), Some(timers.check))
    }

    fn wake(&mut self, hands: &mut Hands<'_>) {
        let (now, pace) = (hands.now, hands.context.pace);
        let Some(exhibitor) = &mut self.exhibitor else { return };
        if exhibitor.timers.config_check <= now {
            exhibitor.timers.config_check = now + pace.wait(exhibitor.arguments.config_check);
            exhibitor.shared.read(&exhibitor.arguments, hands);
        }
        if exhibitor.timers.link <= now {
            exhibitor.timers.link = now + pace.wait(exhibitor.backoff);
            exhibitor.linked |= !exhibitor.shared.config.text("zookeeperInstallDirectory").is_empty();
        }
        if exhibitor.timers.check <= now {
            exhibitor.timers.check = now + pace.wait(check_period(&exhibitor.shared.config));
            self.check(hands);
        }
    }
}
