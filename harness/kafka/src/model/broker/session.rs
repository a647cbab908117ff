//! The ZooKeeper session: the tree, the controller's election, the registration, and what follows when the
//! session is lost.

use std::time::Duration;

use bytes::Bytes;

use super::timers::Timer;
use super::{Broker, Out, Then, log};
use crate::model::io::{Ending, Output};
use crate::model::zk::{Answer, ZkEvent, ZkFault, ZkReply};
use crate::model::znodes;

/// How often a broker waits for its own former registration to go. The original waits for ever; a node that
/// outlives so many session timeouts is kept by somebody who lives.
const MAX_REGISTRATIONS: u32 = 10;

/// Where the session stands.
#[derive(Debug)]
pub(super) struct Session {
    /// Paths still to be made sure of; the next one last.
    to_create: Vec<&'static str>,
    prepared: bool,
    ready: bool,
    registered: bool,
    registrations: u32,
    /// What it wrote last into its own node and into the controller's: a node that says exactly this is of this
    /// session, and only the answer to its creation was lost.
    wrote: Option<Bytes>,
    wrote_controller: Option<Bytes>,
    /// Who the controller is, as last read.
    pub(super) controller: Option<i32>,
}

/// What a call was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    TreeLooked,
    TreeCreated,
    ControllerLooked,
    ControllerRead,
    ControllerTaken,
    Registered,
    RegistrationRead,
}

impl Session {
    pub(super) fn new() -> Self {
        // The empty path is the chroot itself.
        let to_create = znodes::PERSISTENT.iter().rev().copied().chain([""]).collect();
        Self {
            to_create,
            prepared: false,
            ready: false,
            registered: false,
            registrations: 0,
            wrote: None,
            wrote_controller: None,
            controller: None,
        }
    }
}

impl Broker {
    pub(super) fn begin(&mut self, out: &mut Out) {
        log(out, || format!("[Kafka Server {}], starting", self.config.id));
        log(out, || {
            format!(
                "[Kafka Server {}], Connecting to zookeeper on {}",
                self.config.id, self.config.zookeeper_connect
            )
        });
        if self.zk.absolute("").is_empty() {
            self.session.to_create.pop();
        }
        self.timers.set(Timer::ZooKeeper, self.now + self.config.zookeeper_connection_timeout);
    }

    pub(super) fn zookeeper_timed_out(&mut self, out: &mut Out) {
        let timeout = self.config.zookeeper_connection_timeout.as_millis();
        self.exit(Ending::ZooKeeperTimeout(timeout), out);
    }

    pub(super) fn zk_event(&mut self, event: ZkEvent, out: &mut Out) {
        match event {
            ZkEvent::Connected => {
                self.timers.cancel(Timer::ZooKeeper);
                self.zk.connect();
                if self.session.prepared { self.elect() } else { self.next_path() }
            }
            ZkEvent::Disconnected => self.zk.disconnect(),
            ZkEvent::Reconnected => self.zk.connect(),
            ZkEvent::Expired => self.lose_session(out),
            ZkEvent::Fired(path) => self.watch_fired(&path),
            ZkEvent::Missed => {
                self.elect();
                self.look_at_everything();
            }
        }
    }

    fn next_path(&mut self) {
        match self.session.to_create.last() {
            Some(path) => self.zk.exists(path, false, Then::Session(Step::TreeLooked)),
            None => {
                self.session.prepared = true;
                self.elect();
            }
        }
    }

    fn watch_fired(&mut self, path: &str) {
        let Some(path) = self.zk.relative(path) else { return };
        if path == znodes::CONTROLLER {
            self.elect();
        } else {
            let path = path.to_owned();
            self.look_at(&path);
        }
    }

    /// Looks who the controller is; if nobody, tries to become it.
    fn elect(&mut self) {
        self.zk.exists(znodes::CONTROLLER, true, Then::Session(Step::ControllerLooked));
    }

    pub(super) fn session_step(&mut self, step: Step, result: Answer, out: &mut Out) {
        match (step, result) {
            (Step::TreeLooked, Err(ZkFault::NoNode)) => {
                if let Some(path) = self.session.to_create.last() {
                    self.zk.create_deep(path, None, false, Then::Session(Step::TreeCreated));
                }
            }
            (Step::TreeLooked, Ok(_)) | (Step::TreeCreated, Ok(_) | Err(ZkFault::NodeExists)) => {
                self.session.to_create.pop();
                self.next_path();
            }
            (Step::ControllerLooked, Ok(_)) => {
                self.zk.get(znodes::CONTROLLER, true, Then::Session(Step::ControllerRead));
            }
            (Step::ControllerLooked, Err(ZkFault::NoNode)) => {
                self.resign(out);
                let data = znodes::controller(self.config.id, self.now.as_millis());
                self.session.wrote_controller = Some(data.clone());
                self.zk.create(znodes::CONTROLLER, Some(data), true, Then::Session(Step::ControllerTaken));
            }
            (Step::ControllerRead, Ok(ZkReply::Data(data, _))) => self.controller_seen(data.as_ref(), out),
            // It went, or came, between two looks.
            (Step::ControllerRead, Err(ZkFault::NoNode))
            | (Step::ControllerTaken, Err(ZkFault::NodeExists)) => {
                self.elect();
            }
            (Step::ControllerTaken, Ok(_)) => self.elected(out),
            (Step::Registered, Ok(_)) => self.registration_done(out),
            (Step::Registered, Err(ZkFault::NodeExists)) => {
                let path = znodes::broker_path(self.config.id);
                self.zk.get(&path, false, Then::Session(Step::RegistrationRead));
            }
            (Step::RegistrationRead, Ok(ZkReply::Data(data, _))) => {
                self.registration_found(data.as_ref(), out);
            }
            (Step::RegistrationRead, Err(ZkFault::NoNode)) => self.register(),
            (step, result) => self.exit(Ending::Refused(format!("{step:?}: {result:?}")), out),
        }
    }

    fn elected(&mut self, out: &mut Out) {
        self.session.controller = Some(self.config.id);
        log(out, || format!("{} successfully elected as leader", self.config.id));
        self.take_office();
    }

    fn controller_seen(&mut self, data: Option<&Bytes>, out: &mut Out) {
        let controller = data.and_then(|data| znodes::parse_controller(data));
        self.session.controller = controller;
        if controller != Some(self.config.id) {
            self.resign(out);
        } else if self.office.is_none() && data == self.session.wrote_controller.as_ref() {
            return self.elected(out);
        }
        // If it is this broker's own node of an older session, the original takes itself for the controller and
        // does nothing as one; when the node goes everybody is elected anew.
        self.register_once();
    }

    /// Registers after the election, unless that is done or under way.
    pub(super) fn register_once(&mut self) {
        if !self.session.registered && self.session.registrations == 0 {
            self.register();
        }
    }

    pub(super) fn register(&mut self) {
        self.session.registrations += 1;
        let data = znodes::broker(&self.endpoint, self.now.as_millis());
        let path = znodes::broker_path(self.config.id);
        self.session.wrote = Some(data.clone());
        self.zk.create(&path, Some(data), true, Then::Session(Step::Registered));
    }

    fn registration_done(&mut self, out: &mut Out) {
        self.session.registered = true;
        log(out, || {
            let id = self.config.id;
            format!("Registered broker {id} at path /brokers/ids/{id} with address {}.", self.endpoint)
        });
        if !std::mem::replace(&mut self.session.ready, true) {
            log(out, || format!("[Kafka Server {}], started", self.config.id));
            out.push(Output::Ready);
        }
    }

    fn registration_found(&mut self, data: Option<&Bytes>, out: &mut Out) {
        let id = self.config.id;
        if data == self.session.wrote.as_ref() {
            return self.registration_done(out);
        }
        let own = data
            .and_then(|data| znodes::parse_broker(data))
            .is_some_and(|endpoint| endpoint == self.endpoint);
        if own && self.session.registrations < MAX_REGISTRATIONS {
            log(out, || {
                format!(
                    "I wrote this conflicted ephemeral node at /brokers/ids/{id} a while back in a different \
                     session, hence I will backoff for this node to be deleted by Zookeeper and retry"
                )
            });
            self.timers.set(Timer::Register, self.now + self.config.zookeeper_session_timeout);
            return;
        }
        let ending = Ending::AlreadyRegistered(id);
        if self.session.ready {
            // After an expiry the original only logs this, and goes on unregistered.
            log(out, || ending.to_string());
        } else {
            self.exit(ending, out);
        }
    }

    /// The session has expired: all that was asked for is void, and everything begins anew with the next one.
    fn lose_session(&mut self, out: &mut Out) {
        log(out, || "zookeeper state changed (Expired)".to_owned());
        self.zk.clear();
        self.session.registered = false;
        self.session.registrations = 0;
        self.session.controller = None;
        (self.session.wrote, self.session.wrote_controller) = (None, None);
        self.timers.cancel(Timer::Register);
        self.resign(out);
        self.abandon_creations(out);
        self.abandon_zk_exchanges(out);
        self.forget_isr_writes();
        if self.shutdown.is_some() {
            self.exit(Ending::Stopped, out);
            return;
        }
        if !self.session.ready {
            // The connection timeout bounds the whole start.
            let wait = self.config.zookeeper_connection_timeout.max(Duration::from_secs(1));
            self.timers.start(Timer::ZooKeeper, self.now + wait);
        }
        out.push(Output::NewSession);
    }
}
