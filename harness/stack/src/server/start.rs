//! The start of the server: its record, the master's state, a bootstrap stack, the store, and only then the port.

use stacklab_machine::Time;
use stacklab_machine::http::{Failure, Response};
use stacklab_machine::process::{Output, ZkError, ZkOp, ZkReply};

use super::record::{Record, RecordPlace};
use super::store::{Role, StoreError, StoreOp, StoreReply, User};
use super::{Asked, Mode, Out, Server, Waiting, keys, runs};
use crate::run::{self, MESOS_TIMEOUT};
use crate::{RunConfig, Stack, Variables};

/// What the start waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Starting {
    /// The record's node, to be made where it is missing.
    MakeNode,
    Record,
    State,
    BootstrapFile,
    Store,
    AnyUser,
    /// The first user is written; this is the key.
    Admin(String),
}

/// Where a developer's server keeps its record unless told otherwise.
const DEFAULT_RECORD: &str = "file:stack-deploy.json";
const NO_STORAGE: &str = "--storage flag is required. Examples: 'file:stack-deploy.json', \
                          'zk:zookeeper.service:2181/stack-deploy'";

impl Server {
    pub(super) fn start(&mut self, out: &mut Out) {
        out.push(Output::Log("Trying to connect to Marathon: attempt 0".into()));
        let marathon = &self.config.marathon_url;
        if !marathon.starts_with("http://") && !marathon.starts_with("https://") {
            return self.fatal("invalid Marathon endpoint specified", out);
        }
        let storage = match (self.config.storage.as_str(), self.config.mode) {
            ("", Mode::Production) => return self.fatal(NO_STORAGE, out),
            ("", Mode::Developer) => DEFAULT_RECORD,
            (storage, _) => storage,
        };
        let place = match RecordPlace::parse(storage) {
            Ok(place) => place,
            Err(text) => return self.fatal(&text, out),
        };
        self.record_place = Some(place.clone());
        match place {
            RecordPlace::File(path) => {
                let call = self.number(Waiting::Starting(Starting::Record));
                out.push(Output::Mesos(Asked::ReadFile { call, path }));
            }
            RecordPlace::Zk { connect, path } if path != "/" => {
                let call = self.number(Waiting::Starting(Starting::MakeNode));
                let op = ZkOp::Create { path, data: Vec::new(), parents: true, ephemeral: false };
                out.push(Output::Zk { call, connect, op });
            }
            RecordPlace::Zk { connect, path } => self.read_node(connect, path, out),
        }
    }

    fn read_node(&mut self, connect: String, path: String, out: &mut Out) {
        let call = self.number(Waiting::Starting(Starting::Record));
        out.push(Output::Zk { call, connect, op: ZkOp::Get { path } });
    }

    /// An answer of ZooKeeper.
    pub(super) fn starting_zk(&mut self, step: &Starting, result: Result<ZkReply, ZkError>, out: &mut Out) {
        match (step, result) {
            (Starting::MakeNode, Ok(_) | Err(ZkError::NodeExists(_))) => {
                if let Some(RecordPlace::Zk { connect, path }) = self.record_place.clone() {
                    self.read_node(connect, path, out);
                }
            }
            (Starting::MakeNode, Err(_)) if self.config.faithful => self.fatal("Specified blank path", out),
            (Starting::MakeNode, Err(why)) => self.fatal(&why.to_string(), out),
            (_, Ok(ZkReply::Data { data, .. })) if !data.is_empty() => self.take_record(Some(&data), out),
            _ => self.take_record(None, out),
        }
    }

    /// A file was read, or is not there.
    pub(super) fn starting_file(&mut self, now: Time, step: &Starting, data: Option<Vec<u8>>, out: &mut Out) {
        match (step, data) {
            (Starting::BootstrapFile, Some(data)) => self.bootstrap(now, &data, out),
            (Starting::BootstrapFile, None) => {
                let file = self.config.bootstrap.clone();
                out.push(Output::Log(format!("[ERROR] Can't read file {file}")));
                self.fatal(&format!("open {file}: no such file or directory"), out);
            }
            (_, data) => self.take_record(data.as_deref(), out),
        }
    }

    fn take_record(&mut self, data: Option<&[u8]>, out: &mut Out) {
        match data.map(Record::parse) {
            Some(Ok(record)) => self.record = record,
            Some(Err(text)) => return self.panics(&text, out),
            None => {
                let place = self.record_place.as_ref().map(RecordPlace::shown).unwrap_or_default();
                out.push(Output::Log(format!(
                    "[WARN] Could not load cluster state from {place}, assuming no cluster state available..."
                )));
            }
        }
        let Some(url) = self.config.mesos_state_url() else { return self.after_state(out) };
        let call = self.number(Waiting::Starting(Starting::State));
        out.push(Output::Http { call, request: runs::state_request(url), timeout: Some(MESOS_TIMEOUT) });
    }

    pub(super) fn starting_http(&mut self, result: Result<Response, Failure>, out: &mut Out) {
        let url = self.config.mesos_state_url().unwrap_or_default();
        match run::read_mesos_state(&url, result) {
            Ok(state) => {
                self.mesos_state = Some(state);
                self.after_state(out);
            }
            Err(text) => self.fatal(&text, out),
        }
    }

    fn after_state(&mut self, out: &mut Out) {
        if self.config.bootstrap.is_empty() {
            return self.open_store(out);
        }
        if self.record.bootstrap != Variables::default() {
            out.push(Output::Log("Restored bootstrap context from persistent storage".into()));
            return self.bootstrapped(out);
        }
        out.push(Output::Log(
            "No existing bootstrap context found in persistent storage, bootstrapping".into(),
        ));
        let call = self.number(Waiting::Starting(Starting::BootstrapFile));
        out.push(Output::Mesos(Asked::ReadFile { call, path: self.config.bootstrap.clone() }));
    }

    fn bootstrap(&mut self, now: Time, data: &[u8], out: &mut Out) {
        let stack = match Stack::parse(&String::from_utf8_lossy(data)) {
            Ok(parsed) => parsed.stack,
            Err(error) => return self.fatal(&error.to_string(), out),
        };
        let mut config = RunConfig::new(stack, &self.config.marathon_url);
        config.mesos_state = self.mesos_state.take();
        config.pace = self.config.pace;
        self.start_bootstrap(now, config, out);
    }

    /// The bootstrap stack has come to its end.
    pub(super) fn bootstrap_ended(&mut self, outcome: Result<Variables, String>, out: &mut Out) {
        match outcome {
            Ok(variables) => {
                self.record.bootstrap = variables;
                self.bootstrapped(out);
            }
            Err(text) => self.fatal(&text, out),
        }
    }

    fn bootstrapped(&mut self, out: &mut Out) {
        let Variables { stack, arbitrary, global } = &self.record.bootstrap;
        let connect = &mut self.config.cassandra;
        for (name, value) in stack.iter().chain(arbitrary).chain(global) {
            *connect = connect.replace(&format!("{{{name}}}"), value);
        }
        out.push(Output::Log(format!("Cassandra connect after resolving: {connect}")));
        let data = self.record.to_json().into_bytes();
        match self.record_place.clone() {
            Some(RecordPlace::File(path)) => out.push(Output::Mesos(Asked::WriteFile { path, data })),
            Some(RecordPlace::Zk { connect, path }) => {
                let call = self.number(Waiting::Nothing);
                out.push(Output::Zk { call, connect, op: ZkOp::Set { path, data, version: -1 } });
            }
            None => {}
        }
        self.open_store(out);
    }

    fn open_store(&mut self, out: &mut Out) {
        if self.config.mode == Mode::Developer {
            out.push(Output::Log(
                "[WARNING] Starting in developer mode. DO NOT use this in production!".into(),
            ));
            return self.listen(out);
        }
        let contact_points = self.config.cassandra.split(',').map(str::to_owned).collect();
        self.store(StoreOp::Open { contact_points }, Waiting::Starting(Starting::Store), out);
    }

    pub(super) fn starting_store(
        &mut self,
        step: Starting,
        result: Result<StoreReply, StoreError>,
        out: &mut Out,
    ) {
        match (step, result) {
            (_, Err(StoreError(text))) => self.panics(&text, out),
            (Starting::Store, Ok(_)) => {
                self.store(StoreOp::AnyUser, Waiting::Starting(Starting::AnyUser), out);
            }
            (Starting::AnyUser, Ok(StoreReply::Any(false))) => {
                let key = self.keys.fresh();
                let admin = User { name: "admin".into(), key_hash: keys::hash(&key), role: Role::Admin };
                self.store(StoreOp::PutUser(admin), Waiting::Starting(Starting::Admin(key)), out);
            }
            (Starting::Admin(key), Ok(_)) => {
                out.push(Output::Mesos(Asked::Print(format!("***\nAdmin user key: {key}\n***"))));
                self.listen(out);
            }
            _ => self.listen(out),
        }
    }

    fn listen(&mut self, out: &mut Out) {
        out.push(Output::Log(format!("Start API Server on: {}", self.config.shown_address)));
        out.push(Output::Listen { port: self.config.port });
    }

    fn fatal(&self, text: &str, out: &mut Out) {
        out.push(Output::Log(format!("[FATAL] {text}")));
        out.push(Output::Exit { code: 2 });
    }

    /// The original panics: its text, and its exit code.
    pub(super) fn panics(&self, text: &str, out: &mut Out) {
        out.push(Output::Log(format!("panic: {text}")));
        out.push(Output::Exit { code: 2 });
    }
}
