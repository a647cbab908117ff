//! The framework as a whole: its state, and what goes in and out.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::process::{CallId, Input, Output};
use stacklab_machine::{Machine, Outbox, Rng, Streams, Time, earliest};
use stacklab_mesos::{SchedulerCall, SchedulerEvent};
use stacklab_stack::{Jobs, OnceApplication, OnceReply, OnceRequest};

use crate::OnceConfig;
use crate::staged::Staged;

pub(crate) type Out = Outbox<Output<Said>>;

/// A lost connection is opened again after a random time up to this; it doubles with each try.
const FIRST_RETRY: Duration = Duration::from_secs(2);
/// And is never more than this.
const LAST_RETRY: Duration = Duration::from_secs(60);

/// What the framework hears.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // Nearly everything comes from the master.
pub enum Heard {
    /// From the master.
    Mesos(SchedulerEvent),
    /// From a run, or from the server.
    Request(OnceRequest),
}

impl From<SchedulerEvent> for Heard {
    fn from(event: SchedulerEvent) -> Self {
        Self::Mesos(event)
    }
}

/// What the framework says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// To the master.
    Mesos(SchedulerCall),
    /// To whoever asked.
    Reply(OnceReply),
}

/// Stack Deploy's framework, as a machine. It begins with [`Input::Start`] and ends on [`Input::Terminate`], leaving its
/// tasks to Mesos.
///
/// Where the original leaves a run to wait for ever (the master refuses the framework; no agent has room; the same
/// application is staged again), the run is told, unless [`OnceConfig::faithful`].
#[derive(Debug)]
pub struct Framework {
    pub(crate) config: OnceConfig,
    framework_id: Option<String>,
    connected: bool,
    /// Why the master refuses the framework: it does not try again.
    refused: Option<String>,
    /// When to subscribe again, and the longest that the next wait may be.
    subscribe_at: Option<Time>,
    retry: Duration,
    /// By application id.
    pub(crate) staged: BTreeMap<String, Staged>,
    jobs: Jobs,
    pub(crate) task_ids: Rng,
    retries: Rng,
    exited: bool,
}

impl Framework {
    /// A framework; nothing happens before [`Input::Start`]. Ids and waits are drawn from streams of their own.
    pub fn new(config: OnceConfig, streams: Streams) -> Self {
        Self {
            framework_id: config.framework_id.clone(),
            config,
            connected: false,
            refused: None,
            subscribe_at: None,
            retry: FIRST_RETRY,
            staged: BTreeMap::new(),
            jobs: Jobs::new(streams.stream("once/jobs")),
            task_ids: streams.stream("once/tasks"),
            retries: streams.stream("once/retries"),
            exited: false,
        }
    }

    fn subscribe(&mut self, out: &mut Out) {
        self.subscribe_at = None;
        let info = Box::new(self.config.info(self.framework_id.as_deref()));
        let call = SchedulerCall::Subscribe { info, suppressed_roles: Vec::new() };
        out.push(Output::Mesos(Said::Mesos(call)));
    }

    fn subscribe_later(&mut self, now: Time) {
        let wait = self.retry.mul_f64(self.retries.unit());
        self.subscribe_at = Some(now + self.config.pace.wait(wait));
        let mut longest = LAST_RETRY;
        if !self.config.failover_timeout.is_zero() {
            longest = longest.min(self.config.failover_timeout / 10);
        }
        self.retry = (self.retry * 2).min(longest);
    }

    fn event(&mut self, now: Time, event: SchedulerEvent, out: &mut Out) {
        match event {
            SchedulerEvent::Subscribed { framework_id, master, .. } => {
                let (host, port) = (&master.address.hostname, master.address.port);
                let id = framework_id.to_string();
                (self.connected, self.retry) = (true, FIRST_RETRY);
                if self.framework_id.as_deref() == Some(&id) {
                    return out.push(Output::Log(format!("[Reregistered] master: {host}:{port}")));
                }
                out.push(Output::Log(format!("[Registered] framework: {id} master: {host}:{port}")));
                self.framework_id = Some(id.clone());
                self.reply(OnceReply::Registered { framework_id: id }, out);
            }
            SchedulerEvent::Offers(offers) => {
                for offer in &offers {
                    self.take_offer(now, offer, out);
                }
            }
            SchedulerEvent::Update(status) => self.take_update(&status, out),
            SchedulerEvent::Error { message } => self.refuse(&message, out),
            SchedulerEvent::Disconnected { why } => {
                self.connected = false;
                if self.refused.is_none() {
                    out.push(Output::Log(format!("[Disconnected] {why}")));
                    self.subscribe_later(now);
                }
            }
            SchedulerEvent::Refused { status, text } => {
                out.push(Output::Log(format!("a call was refused with {status}: {text}")));
                if !self.connected && self.refused.is_none() {
                    self.subscribe_later(now);
                }
            }
            SchedulerEvent::Rescind(offer) => out.push(Output::Log(format!("[OfferRescinded] {offer}"))),
            SchedulerEvent::Message { .. } | SchedulerEvent::Failure { .. } | SchedulerEvent::Heartbeat => {}
        }
    }

    /// The master does not want the framework: it never tries again.
    fn refuse(&mut self, message: &str, out: &mut Out) {
        out.push(Output::Log(format!("[Error] {message}")));
        (self.connected, self.subscribe_at) = (false, None);
        let text = format!("the Mesos master refuses Stack Deploy's framework: {message}");
        self.refused = Some(text.clone());
        if !self.config.faithful {
            for staged in std::mem::take(&mut self.staged).into_values() {
                self.reply_ran(staged.call, Err(text.clone()), out);
            }
        }
    }

    fn request(&mut self, now: Time, request: OnceRequest, out: &mut Out) {
        match request {
            OnceRequest::Run { call, application } if application.is_scheduled() => {
                let result = self.jobs.add(now, *application).map(|_| ());
                self.reply_ran(Some(call), result, out);
            }
            OnceRequest::Run { call, application } => self.stage(now, Some(call), *application, out),
            OnceRequest::List { call } => {
                let tasks = self.jobs.list().to_vec();
                self.reply(OnceReply::Listed { call, tasks }, out);
            }
            OnceRequest::Remove { call, id } => {
                let found = self.jobs.remove(id);
                self.reply(OnceReply::Removed { call, found }, out);
            }
        }
    }

    /// Puts an application where offers find it. One of the same id that has not ended is forgotten, as by the original.
    fn stage(&mut self, now: Time, call: Option<CallId>, application: OnceApplication, out: &mut Out) {
        if application.instances == 0 {
            return self.reply_ran(call, Ok(()), out);
        }
        if let Some(text) = self.refused.clone().filter(|_| !self.config.faithful) {
            return self.reply_ran(call, Err(text), out);
        }
        let id = application.id.clone();
        if id.contains('|') && !self.config.faithful {
            // The original never hears of the end of its tasks.
            let text =
                format!("Application {id} has a | in its id, which ends the id within those of its tasks");
            return self.reply_ran(call, Err(text), out);
        }
        let before = self.staged.insert(id.clone(), Staged::new(now, application, call));
        if let Some(before) = before.filter(|_| !self.config.faithful) {
            let text = format!("Application {id} was run again before its tasks had ended");
            self.reply_ran(before.call, Err(text), out);
        }
    }

    /// When the first application is to be given up.
    fn give_up_at(&self) -> Option<Time> {
        let deadlines = self.staged.values().filter(|_| !self.config.faithful).filter_map(Staged::deadline);
        deadlines.min()
    }

    fn give_up(&mut self, now: Time, out: &mut Out) {
        if self.give_up_at().is_none_or(|at| at > now) {
            return;
        }
        let late = |staged: &Staged| staged.deadline().is_some_and(|at| at <= now);
        let ids: Vec<_> =
            self.staged.iter().filter(|(_, staged)| late(staged)).map(|(id, _)| id.clone()).collect();
        for staged in ids.iter().filter_map(|id| self.staged.remove(id)).collect::<Vec<_>>() {
            self.reply_ran(staged.call, Err(staged.explain()), out);
        }
    }

    pub(crate) fn reply_ran(&self, call: Option<CallId>, result: Result<(), String>, out: &mut Out) {
        match (call, result) {
            (Some(call), result) => self.reply(OnceReply::Ran { call, result }, out),
            // Nobody is told of what was scheduled.
            (None, Err(text)) => out.push(Output::Log(text)),
            (None, Ok(())) => {}
        }
    }

    fn reply(&self, reply: OnceReply, out: &mut Out) {
        out.push(Output::Mesos(Said::Reply(reply)));
    }

    pub(crate) fn exit(&mut self, code: i32, out: &mut Out) {
        self.exited = true;
        out.push(Output::Exit { code });
    }
}

impl Machine for Framework {
    type Input = Input<Heard>;
    type Output = Output<Said>;

    fn handle(&mut self, now: Time, input: Self::Input, out: &mut Out) {
        match input {
            _ if self.exited => {}
            Input::Start => {
                out.push(Output::Log("Starting scheduler".into()));
                out.push(Output::Attach { master: self.config.master.clone() });
                self.subscribe(out);
            }
            Input::Mesos(Heard::Mesos(event)) => self.event(now, event, out),
            Input::Mesos(Heard::Request(request)) => self.request(now, request, out),
            Input::Terminate => self.exit(143, out),
            Input::Http { .. }
            | Input::HttpReply { .. }
            | Input::Zk { .. }
            | Input::File { .. }
            | Input::Script { .. }
            | Input::Service(_) => {}
        }
    }

    fn wake_at(&self) -> Option<Time> {
        if self.exited {
            return None;
        }
        earliest(earliest(self.subscribe_at, self.jobs.wake_at()), self.give_up_at())
    }

    fn wake(&mut self, now: Time, out: &mut Out) {
        if self.exited {
            return;
        }
        if self.subscribe_at.is_some_and(|at| at <= now) {
            self.subscribe(out);
        }
        self.give_up(now, out);
        for application in self.jobs.due(now) {
            out.push(Output::Log(format!("Its time has come: {}", application.id)));
            self.stage(now, None, application, out);
        }
    }
}
