//! A clean shutdown: the controller takes this broker's leaderships first.

use std::time::Duration;

use super::timers::Timer;
use super::{Broker, Out, Peer, Then, log};
use crate::codec::{Request, Response};
use crate::model::io::{Ending, PeerFault, Purpose};
use crate::model::zk::{Answer, ZkReply};
use crate::model::znodes;

/// How long the controller may take over one try.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// `controlled.shutdown.retry.backoff.ms`.
const BACKOFF: Duration = Duration::from_secs(5);
/// `controlled.shutdown.max.retries`.
const TRIES: u32 = 3;

/// How far the shutdown has come.
#[derive(Debug)]
pub(super) struct Shutdown {
    tries_left: u32,
}

/// What a call was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Controller,
    Address,
}

impl Broker {
    pub(super) fn terminate(&mut self, out: &mut Out) {
        if self.shutdown.is_some() {
            return;
        }
        log(out, || format!("[Kafka Server {}], shutting down", self.config.id));
        self.shutdown = Some(Shutdown { tries_left: TRIES });
        if self.config.controlled_shutdown && self.zk.is_connected() {
            log(out, || format!("[Kafka Server {}], Starting controlled shutdown", self.config.id));
            self.ask_to_go(out);
        } else {
            self.shut_down(out);
        }
    }

    /// Looks who the controller is now, to ask it.
    pub(super) fn ask_to_go(&mut self, out: &mut Out) {
        match &mut self.shutdown {
            Some(shutdown) if shutdown.tries_left > 0 && self.zk.is_connected() => {
                shutdown.tries_left -= 1;
                self.timers.set(Timer::Shutdown, self.now + BACKOFF);
                self.zk.get(znodes::CONTROLLER, false, Then::Shutdown(Step::Controller));
            }
            Some(_) => {
                let id = self.config.id;
                log(out, || {
                    format!(
                        "[Kafka Server {id}], Proceeding to do an unclean shutdown as all the controlled shutdown \
                         attempts failed"
                    )
                });
                self.shut_down(out);
            }
            None => {}
        }
    }

    pub(super) fn shutdown_step(&mut self, step: Step, result: Answer, out: &mut Out) {
        let data = match result {
            Ok(ZkReply::Data(Some(data), _)) => data,
            // The timer tries again.
            _ => return,
        };
        match step {
            Step::Controller => {
                if let Some(controller) = znodes::parse_controller(&data) {
                    let path = znodes::broker_path(controller);
                    self.zk.get(&path, false, Then::Shutdown(Step::Address));
                }
            }
            Step::Address => {
                if let Some(to) = znodes::parse_broker(&data) {
                    let request = Request::ControlledShutdown(self.config.id);
                    self.ask_peer(Purpose::Ask, to, request, Peer::Shutdown, out);
                }
            }
        }
    }

    pub(super) fn shutdown_answered(&mut self, result: &Result<Response, PeerFault>, out: &mut Out) {
        match result {
            Ok(Response::ControlledShutdown(remaining))
                if remaining.error.is_none() && remaining.partitions.is_empty() =>
            {
                log(out, || format!("[Kafka Server {}], Controlled shutdown succeeded", self.config.id));
                self.shut_down(out);
            }
            Ok(Response::ControlledShutdown(remaining)) => {
                let left = remaining.partitions.len();
                log(out, || {
                    format!("[Kafka Server {}], Remaining partitions to move: {left}", self.config.id)
                });
            }
            Ok(_) => {}
            Err(fault) => {
                log(out, || {
                    format!("[Kafka Server {}], Error during controlled shutdown: {fault}", self.config.id)
                });
            }
        }
    }

    fn shut_down(&mut self, out: &mut Out) {
        log(out, || format!("[Kafka Server {}], shut down completed", self.config.id));
        self.exit(Ending::Stopped, out);
    }
}
