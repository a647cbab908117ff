//! The server of Stack Deploy: a REST interface to stored stacks, and the runs that it starts.
//!
//! [`Server`] is a program like the others; what it says to its surroundings beyond HTTP ([`Asked`]) takes the place
//! of what a framework says to Mesos. Where stacks, users and states are kept is the shell's choice: [`StoreOp`].

mod body;
mod changes;
mod edited;
mod flow;
mod keys;
mod lookup;
mod memory;
mod quirks;
mod record;
mod reply;
mod runs;
mod schedule;
mod start;
mod store;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use stacklab_machine::http::Response;
use stacklab_machine::process::{CallId, ExchangeId, Input, Output};
use stacklab_machine::{Machine, Outbox, Pace, Time};

use self::flow::{Flow, RunRequest};
pub use self::keys::{Keys, hash as hash_key};
pub use self::memory::{Kept, MemoryStore};
pub use self::quirks::{Faithful, QUIRKS, Quirk};
pub use self::record::RecordPlace;
pub use self::schedule::{Schedule, ScheduledTask};
pub use self::store::{Role, RunKey, RunState, StoreError, StoreOp, StoreReply, User};

type Out = Outbox<Output<Asked>>;

/// What the server is told by its surroundings.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The answer to [`Asked::Store`].
    Store {
        /// Which.
        call: CallId,
        /// What came of it.
        result: Result<StoreReply, StoreError>,
    },
    /// The answer to [`Asked::ReadFile`]: `None` if it cannot be read.
    File {
        /// Which.
        call: CallId,
        /// The content.
        data: Option<Vec<u8>>,
    },
}

/// What the server asks of its surroundings.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Something to be stored or read; answered by [`Heard::Store`], in order.
    Store {
        /// Which.
        call: CallId,
        /// What.
        op: StoreOp,
    },
    /// A file to be read; answered by [`Heard::File`].
    ReadFile {
        /// Which.
        call: CallId,
        /// Where it is.
        path: String,
    },
    /// A file to be written over what is there.
    WriteFile {
        /// Where.
        path: String,
        /// Its content.
        data: Vec<u8>,
    },
    /// Something for whoever started the server to read, and nobody else: not for logs.
    Print(String),
}

/// Whose rules hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Users have keys, stacks have parents, everything outlives the server.
    Production,
    /// Everybody may do everything, and all is forgotten at the end.
    Developer,
}

/// How a server is set up.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConfig {
    /// Whose rules hold.
    pub mode: Mode,
    /// Whether the original's faults are played that only make it hard to use.
    pub faithful: bool,
    /// The port to listen on.
    pub port: u16,
    /// The address that the log names.
    pub shown_address: String,
    /// Where the server's own record is kept: `file:<path>` or `zk:<host:port>[/<path>]`; empty for the default.
    pub storage: String,
    /// A stack file to be run before all else; empty for none.
    pub bootstrap: String,
    /// Contact points of Cassandra, separated by commas; `{name}` stands for a variable of the bootstrap stack.
    pub cassandra: String,
    /// URL of Marathon.
    pub marathon_url: String,
    /// `host:port` of the Mesos master; empty to do without its state.
    pub master: String,
    /// Variables for every run.
    pub globals: BTreeMap<String, String>,
    /// How fast polls of runs pass.
    pub pace: Pace,
    /// How many runs may be under way at a time; further ones are refused. The original knows no bound.
    pub max_runs: usize,
}

impl ServerConfig {
    /// A server as it is without any flag.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            faithful: false,
            port: 4200,
            shown_address: "127.0.0.1:4200".into(),
            storage: String::new(),
            bootstrap: String::new(),
            cassandra: "127.0.0.1".into(),
            marathon_url: "http://127.0.0.1:8080".into(),
            master: "127.0.0.1:5050".into(),
            globals: BTreeMap::new(),
            pace: Pace::REAL,
            max_runs: 128,
        }
    }

    fn mesos_state_url(&self) -> Option<String> {
        (!self.master.is_empty()).then(|| format!("http://{}/master/state.json", self.master))
    }
}

/// What an answer is waited for.
#[derive(Debug)]
enum Waiting {
    /// A request.
    Flow(Flow),
    /// A request to run something, which waits for the master's state.
    MesosState { exchange: ExchangeId, request: Box<RunRequest> },
    /// The start of the server.
    Starting(start::Starting),
    /// Nobody.
    Nothing,
    /// A run's own call.
    Run { id: runs::RunId, call: CallId },
    /// How far a run is.
    Progress { id: runs::RunId },
    /// The outcome of a run.
    Outcome { id: runs::RunId, outcome: Result<(), String> },
}

/// The server, as a machine.
pub struct Server {
    config: ServerConfig,
    keys: Box<dyn Keys>,
    schedule: Schedule,
    record_place: Option<RecordPlace>,
    record: record::Record,
    /// As it was at the start.
    mesos_state: Option<Vec<u8>>,
    /// Requests that are not answered.
    open: BTreeSet<ExchangeId>,
    last_call: u64,
    waiting: BTreeMap<CallId, Waiting>,
    runs: runs::Runs,
}

impl Server {
    /// A server; nothing happens before [`Input::Start`].
    pub fn new(config: ServerConfig, keys: Box<dyn Keys>) -> Self {
        Self {
            config,
            keys,
            schedule: Schedule::default(),
            record_place: None,
            record: record::Record::default(),
            mesos_state: None,
            open: BTreeSet::new(),
            last_call: 0,
            waiting: BTreeMap::new(),
            runs: runs::Runs::default(),
        }
    }

    fn respond(&mut self, exchange: ExchangeId, response: Response, out: &mut Out) {
        self.open.remove(&exchange);
        out.push(Output::Respond { exchange, response });
    }

    /// What a client gets where the original's handler dies.
    fn panic_or(&self, status: u16, text: &str) -> Response {
        if self.config.faithful { reply::none() } else { reply::error(status, text) }
    }

    /// The original's whole server dies of a run: all its clients see their connections end.
    fn die(&mut self, text: &str, out: &mut Out) {
        for exchange in std::mem::take(&mut self.open) {
            out.push(Output::Respond { exchange, response: reply::none() });
        }
        self.panics(text, out);
    }

    /// Remembers what waits for a call, and numbers it.
    fn number(&mut self, waiting: Waiting) -> CallId {
        self.last_call += 1;
        let call = CallId(self.last_call);
        self.waiting.insert(call, waiting);
        call
    }

    fn store(&mut self, op: StoreOp, waiting: Waiting, out: &mut Out) -> CallId {
        let call = self.number(waiting);
        out.push(Output::Mesos(Asked::Store { call, op }));
        call
    }
}

impl Machine for Server {
    type Input = Input<Heard>;
    type Output = Output<Asked>;

    fn handle(&mut self, now: Time, input: Self::Input, out: &mut Out) {
        match input {
            Input::Start => self.start(out),
            Input::Http { exchange, request } => {
                self.open.insert(exchange);
                self.request(exchange, request, out);
            }
            Input::HttpReply { call, result } => match self.waiting.remove(&call) {
                Some(Waiting::Run { id, call }) => self.answer_run(now, id, call, result, out),
                Some(Waiting::MesosState { exchange, request }) => {
                    self.take_mesos_state(exchange, request, result, out);
                }
                Some(Waiting::Starting(_)) => self.starting_http(result, out),
                _ => {}
            },
            Input::Mesos(Heard::Store { call, result }) => {
                let done = |result: Result<StoreReply, StoreError>| result.map(|_| ());
                match self.waiting.remove(&call) {
                    Some(Waiting::Flow(flow)) => self.stored(now, flow, result, out),
                    Some(Waiting::Progress { id }) => self.progress_stored(id, done(result), out),
                    Some(Waiting::Outcome { id, outcome }) => {
                        self.outcome_stored(id, outcome, done(result), out);
                    }
                    Some(Waiting::Starting(step)) => self.starting_store(step, result, out),
                    _ => {}
                }
            }
            Input::Mesos(Heard::File { call, data }) => {
                if let Some(Waiting::Starting(step)) = self.waiting.remove(&call) {
                    self.starting_file(now, &step, data, out);
                }
            }
            Input::Zk { call, result } => {
                if let Some(Waiting::Starting(step)) = self.waiting.remove(&call) {
                    self.starting_zk(&step, result, out);
                }
            }
            Input::Terminate => out.push(Output::Exit { code: 143 }),
            Input::File { .. } | Input::Service(_) => {}
        }
    }

    fn wake_at(&self) -> Option<Time> {
        self.runs_wake_at()
    }

    fn wake(&mut self, now: Time, out: &mut Out) {
        self.wake_runs(now, out);
    }
}

#[cfg(test)]
mod tests;
