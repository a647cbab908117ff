//! The process of a scheduler, whichever framework it runs: options, document, artifacts, HTTP, Mesos, in this order.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::process::{CallId, ExchangeId, Input, Output, ZkError, ZkReply};
use stacklab_machine::timeline::What;
use stacklab_machine::{Machine, Outbox, Time, earliest, http};
use stacklab_mesos::{SchedulerCall, SchedulerEvent};

use super::reconcile::Passes;
use super::stage::Core;
use super::store::{SaveFor, Store};
use super::wait::{MAX_WAITS, Progress, Waiting};
use super::{Context, Framework, Options, Reply, Setup, Stage, convert, web};

pub(crate) type Out = Outbox<Output<SchedulerCall>>;

/// A scheduler process.
#[derive(Debug)]
pub struct Scheduler<F: Framework> {
    words: Vec<String>,
    pub(crate) context: Context,
    pub(crate) core: Core,
    phase: Phase,
    pub(crate) live: Option<Live<F>>,
    files: BTreeMap<CallId, (ExchangeId, String)>,
}

/// The framework with everything that belongs to a scheduler whose options were fine.
#[derive(Debug)]
pub(crate) struct Live<F: Framework> {
    pub(crate) framework: F,
    pub(crate) setup: Setup,
    pub(crate) store: Store,
    pub(crate) framework_id: Option<String>,
    pub(crate) passes: Passes,
    pub(crate) waits: Vec<Waiting<F::Wait>>,
    pub(crate) registered: bool,
    pub(crate) subscribe_at: Option<Time>,
    pub(crate) failures: u32,
}

#[derive(Debug)]
enum Phase {
    New,
    Config { call: CallId, options: Options },
    Preparing(CallId),
    Loading(CallId),
    Running,
    Dead,
}

impl<F: Framework> Scheduler<F> {
    /// A scheduler with the words behind `scheduler` of its command line.
    pub fn new(words: Vec<String>, context: Context) -> Self {
        Self { words, context, core: Core::default(), phase: Phase::New, live: None, files: BTreeMap::new() }
    }

    fn start(&mut self, out: &mut Out) {
        let grammar = F::grammar();
        let begun = Options::parse(grammar, &self.words).and_then(|options| {
            let file = options.config_file(grammar, |name| self.context.files.contains(name))?;
            Ok((options, file))
        });
        match begun {
            Err(error) => self.die(&format!("Error: {error}"), out),
            Ok((options, None)) => self.configure(&options, out),
            Ok((options, Some(path))) => {
                out.push(Output::Log(format!("Loading config defaults from {path}")));
                let call = self.core.call();
                self.phase = Phase::Config { call, options };
                out.push(Output::ReadFile { call, path });
            }
        }
    }

    fn configure(&mut self, options: &Options, out: &mut Out) {
        let (framework, setup) = match F::start(options, &self.context) {
            Ok(parts) => parts,
            Err(error) => return self.die(&format!("Error: {error}"), out),
        };
        let store = Store::new(setup.storage.clone());
        self.phase = match store.prepare(&mut self.core, out) {
            Some(call) => Phase::Preparing(call),
            None => Phase::Loading(store.load(&mut self.core, out)),
        };
        self.live = Some(Live {
            framework,
            setup,
            store,
            framework_id: None,
            passes: Passes::default(),
            waits: Vec::new(),
            registered: false,
            subscribe_at: None,
            failures: 0,
        });
    }

    fn prepared(&mut self, result: &Result<ZkReply, ZkError>, out: &mut Out) {
        if let Err(error) = result
            && !matches!(error, ZkError::NodeExists(_))
        {
            return self.die(&error.to_string(), out);
        }
        if let Some(live) = &self.live {
            self.phase = Phase::Loading(live.store.load(&mut self.core, out));
        }
    }

    fn loaded(&mut self, data: Option<&[u8]>, out: &mut Out) {
        let Some(live) = &mut self.live else { return };
        let restored = match data.filter(|data| !data.is_empty()).map(serde_json::from_slice) {
            None => Ok(None),
            Some(Err(error)) => Err(format!("cannot read the stored state: {error}")),
            Some(Ok(document)) => live.framework.restore(&document),
        };
        let found = restored.and_then(|id| live.framework.find_files(&self.context).map(|()| id));
        match found {
            Err(error) => self.die(&format!("Error: {error}"), out),
            Ok(id) => {
                out.note_with(|| What::StateRead {
                    storage: live.setup.storage.to_string(),
                    framework: id.clone(),
                });
                live.framework_id = id;
                self.core.changed = true;
                self.phase = Phase::Running;
                out.push(Output::Listen { port: live.setup.api.port });
                out.push(Output::Log(format!("started on {}", live.setup.api.url)));
                out.push(Output::Attach { master: live.setup.master.clone() });
                self.subscribe(out);
            }
        }
    }

    pub(crate) fn subscribe(&mut self, out: &mut Out) {
        let Some(live) = &mut self.live else { return };
        live.subscribe_at = None;
        let info = convert::framework_info(&live.setup, &self.context.user, live.framework_id.as_deref());
        out.push(Output::Mesos(SchedulerCall::Subscribe {
            info: Box::new(info),
            suppressed_roles: Vec::new(),
        }));
    }

    pub(crate) fn die(&mut self, line: &str, out: &mut Out) {
        out.push(Output::Log(line.to_owned()));
        self.exit(1, out);
    }

    pub(crate) fn exit(&mut self, code: i32, out: &mut Out) {
        self.phase = Phase::Dead;
        self.live = None;
        out.push(Output::Exit { code });
    }

    fn http(&mut self, now: Time, exchange: ExchangeId, request: &http::Request, out: &mut Out) {
        if request.path() == "/health" {
            return out.push(Output::Respond { exchange, response: web::health() });
        }
        let reply = self.with_stage(now, out, |framework, stage| framework.http(exchange, request, stage));
        match reply {
            None | Some(Reply::Later) => {}
            Some(Reply::Now(response)) => out.push(Output::Respond { exchange, response }),
            Some(Reply::Saved(response)) => {
                self.save(SaveFor::Call { exchange, response: Some(response) }, out);
            }
            Some(Reply::File { path }) => {
                let call = self.core.call();
                self.files.insert(call, (exchange, path.clone()));
                out.push(Output::ReadFile { call, path });
            }
            Some(Reply::Wait { what, ids, timeout, save }) => {
                if save {
                    self.save(SaveFor::Call { exchange, response: None }, out);
                }
                self.wait(now, Waiting::new(now, exchange, what, ids, timeout), out);
            }
        }
    }

    fn wait(&mut self, now: Time, waiting: Waiting<F::Wait>, out: &mut Out) {
        let Some(live) = &mut self.live else { return };
        if live.waits.len() < MAX_WAITS {
            live.waits.push(waiting);
            return;
        }
        let exchange = waiting.exchange;
        let response =
            self.with_stage(now, out, |framework, stage| framework.answer(waiting.what, false, stage));
        if let Some(response) = response {
            out.push(Output::Respond { exchange, response });
        }
    }

    /// Calls the framework with a stage around it; `None` if there is none any more.
    pub(crate) fn with_stage<T>(
        &mut self,
        now: Time,
        out: &mut Out,
        call: impl FnOnce(&mut F, &mut Stage<'_>) -> T,
    ) -> Option<T> {
        let live = self.live.as_mut()?;
        let mut stage = Stage {
            now,
            context: &mut self.context,
            setup: &live.setup,
            framework: F::HABITS.name,
            core: &mut self.core,
            out,
        };
        Some(call(&mut live.framework, &mut stage))
    }

    /// Saves the document, whether or not it changed: a node that somebody deleted is there again afterwards.
    pub(crate) fn save(&mut self, purpose: SaveFor, out: &mut Out) {
        let Some(live) = &mut self.live else { return };
        let changed = std::mem::take(&mut self.core.changed);
        if changed {
            live.store.document = live.framework.document(live.framework_id.as_deref()).into_bytes();
        }
        live.store.save(changed, purpose, &mut self.core, out);
    }

    fn saved(&mut self, purpose: SaveFor, result: Result<ZkReply, ZkError>, out: &mut Out) {
        match (purpose, result) {
            (SaveFor::Callback, Err(error)) => self.die(&format!("cannot save the state: {error}"), out),
            (SaveFor::Callback, Ok(_)) | (SaveFor::Call { response: None, .. }, Ok(_)) => {}
            (SaveFor::Call { exchange, response: Some(response) }, Ok(_)) => {
                out.push(Output::Respond { exchange, response });
            }
            (SaveFor::Call { exchange, .. }, Err(error)) => {
                if let Some(live) = &mut self.live {
                    live.waits.retain(|wait| wait.exchange != exchange);
                }
                out.push(Output::Log(format!("cannot save the state: {error}")));
                out.push(Output::Respond { exchange, response: F::exception("/api", &error.to_string()) });
            }
        }
    }

    fn file(&mut self, call: CallId, data: Option<Vec<u8>>, out: &mut Out) {
        if let Some((exchange, path)) = self.files.remove(&call) {
            let response = match data {
                Some(data) => web::attachment(&path, data),
                None => web::page(404, &path, "Not Found"),
            };
            return out.push(Output::Respond { exchange, response });
        }
        match std::mem::replace(&mut self.phase, Phase::Dead) {
            Phase::Config { call: own, mut options } if own == call => {
                options.add_defaults(&String::from_utf8_lossy(&data.unwrap_or_default()));
                self.configure(&options, out);
            }
            Phase::Loading(own) if own == call => {
                self.phase = Phase::Loading(own);
                self.loaded(data.as_deref(), out);
            }
            other => self.phase = other,
        }
    }

    fn zk(&mut self, now: Time, call: CallId, result: Result<ZkReply, ZkError>, out: &mut Out) {
        match self.phase {
            Phase::Preparing(own) if own == call => return self.prepared(&result, out),
            Phase::Loading(own) if own == call => {
                return match result {
                    Ok(ZkReply::Data { data, .. }) => self.loaded(Some(&data), out),
                    Ok(_) | Err(ZkError::NoNode(_)) => self.loaded(None, out),
                    Err(error) => self.die(&error.to_string(), out),
                };
            }
            _ => {}
        }
        let own = self.live.as_mut().and_then(|live| live.store.take(call));
        match own {
            Some(purpose) => self.saved(purpose, result, out),
            None => {
                self.with_stage(now, out, |framework, stage| framework.zk_reply(call, result, stage));
            }
        }
    }

    /// What has to be looked at after every input: exceptions, and waiting calls.
    fn settle(&mut self, now: Time, out: &mut Out) {
        if let Some(message) = self.core.fatal.take()
            && self.live.is_some()
        {
            return self.die(&message, out);
        }
        let mut index = 0;
        while let Some(live) = &mut self.live {
            let Some(wait) = live.waits.get_mut(index) else { return };
            let framework = &live.framework;
            let progress = wait.look(now, |what, id| framework.reached(what, id));
            if progress == Progress::Waits {
                index += 1;
                continue;
            }
            let Waiting { exchange, what, .. } = live.waits.remove(index);
            let in_time = progress == Progress::Reached;
            let answer = |framework: &mut F, stage: &mut Stage<'_>| framework.answer(what, in_time, stage);
            if let Some(response) = self.with_stage(now, out, answer) {
                out.push(Output::Respond { exchange, response });
            }
        }
    }
}

impl<F: Framework> Machine for Scheduler<F> {
    type Input = Input<SchedulerEvent>;
    type Output = Output<SchedulerCall>;

    fn handle(&mut self, now: Time, input: Self::Input, out: &mut Out) {
        match input {
            _ if matches!(self.phase, Phase::Dead) => {}
            Input::Start => self.start(out),
            Input::Terminate => self.exit(143, out),
            Input::Http { exchange, request } => self.http(now, exchange, &request, out),
            Input::HttpReply { call, result } => {
                self.with_stage(now, out, |framework, stage| framework.http_reply(call, result, stage));
            }
            Input::File { call, data } => self.file(call, data, out),
            Input::Zk { call, result } => self.zk(now, call, result, out),
            Input::Mesos(event) => self.mesos(now, event, out),
            Input::Service(_) | Input::Script { .. } => {}
        }
        self.settle(now, out);
    }

    fn wake_at(&self) -> Option<Time> {
        let live = self.live.as_ref()?;
        let waits = live.waits.iter().map(Waiting::deadline).min();
        earliest(earliest(waits, live.subscribe_at), live.framework.wake_at())
    }

    fn wake(&mut self, now: Time, out: &mut Out) {
        let Some(live) = &self.live else { return };
        let framework_due = live.framework.wake_at().is_some_and(|at| at <= now);
        if live.subscribe_at.is_some_and(|at| at <= now) {
            self.subscribe(out);
        }
        if framework_due {
            self.with_stage(now, out, |framework, stage| framework.wake(stage));
        }
        self.settle(now, out);
    }
}

/// How long until the next try to subscribe, after so many in a row that failed: 1 s, doubling to 16 s.
pub(crate) fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.saturating_sub(1).min(4))
}
