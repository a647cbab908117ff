//! Telling the Exhibitors who belongs to the ensemble: one change at a time, in the background of everything else.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Map, Value};
use stacklab_machine::process::CallId;
use stacklab_machine::{Time, http};

use super::keys;
use super::options::Retries;
use super::server::Server;
use super::spec::ServersSpec;
use super::view::reachable;
use crate::base::Stage;

/// The original waits for ever; an answer that does not come for so long is a try that failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Changes of the ensemble, the first of which is under way.
#[derive(Debug)]
pub(super) struct Ensemble {
    retries: Retries,
    changes: VecDeque<Change>,
    step: Step,
    /// Tries to read that are used up, in units of one divided wait; see [`Ensemble::spend_read`].
    reads: u64,
    /// Tries to write that are used up.
    writes: u64,
    /// The last configuration without an install directory, so that an equal one is not read again.
    empty: Vec<u8>,
}

#[derive(Debug)]
enum Step {
    Idle,
    /// Waits for `get-state`.
    Reading(CallId),
    /// Waits for `config/set`.
    Writing(CallId),
    /// Waits before the next try, which begins with reading.
    Pausing(Time),
}

/// One change.
#[derive(Debug)]
struct Change {
    kind: Kind,
    /// The Exhibitor that is asked.
    endpoint: String,
    /// The server that comes or goes.
    id: String,
    host: String,
}

#[derive(Debug)]
enum Kind {
    Join { overrides: Vec<(String, String)> },
    Leave,
}

impl Ensemble {
    pub(super) fn new(retries: Retries) -> Self {
        Self { retries, changes: VecDeque::new(), step: Step::Idle, reads: 0, writes: 0, empty: Vec::new() }
    }

    /// A server runs: its Exhibitor is told about it.
    pub(super) fn join(&mut self, server: &Server, stage: &mut Stage<'_>) {
        let Some(endpoint) = server.endpoint() else { return };
        let overrides =
            server.config.shared.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        let kind = Kind::Join { overrides };
        self.add(kind, endpoint, server, stage);
    }

    /// A server was removed: any running Exhibitor is told; if there is none, nobody.
    pub(super) fn leave(&mut self, server: &Server, others: &[Server], stage: &mut Stage<'_>) {
        if let Some(endpoint) = others.iter().find_map(reachable) {
            self.add(Kind::Leave, endpoint, server, stage);
        }
    }

    fn add(&mut self, kind: Kind, endpoint: String, server: &Server, stage: &mut Stage<'_>) {
        let host = server.config.hostname.clone();
        self.changes.push_back(Change { kind, endpoint, id: server.id.clone(), host });
        if self.changes.len() == 1 {
            self.begin(stage);
        }
    }

    fn begin(&mut self, stage: &mut Stage<'_>) {
        (self.reads, self.writes) = (0, 0);
        self.empty.clear();
        self.read(stage);
    }

    fn read(&mut self, stage: &mut Stage<'_>) {
        self.step = match self.changes.front() {
            None => Step::Idle,
            Some(change) => {
                let url = format!("{}/exhibitor/v1/config/get-state", change.endpoint);
                Step::Reading(stage.http(http::Request::get(url), Some(PATIENCE)))
            }
        };
    }

    fn write(&mut self, body: &Value, stage: &mut Stage<'_>) {
        let Some(change) = self.changes.front() else { return };
        let url = format!("{}/exhibitor/v1/config/set", change.endpoint);
        let request = http::Request::json(http::Method::Post, url, body.to_string());
        self.step = Step::Writing(stage.http(request, Some(PATIENCE)));
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        if let Step::Pausing(until) = self.step { Some(until) } else { None }
    }

    pub(super) fn wake(&mut self, stage: &mut Stage<'_>) {
        if self.wake_at().is_none_or(|at| at > stage.now) {
            return;
        }
        self.read(stage);
    }

    /// Takes an Exhibitor's answer.
    pub(super) fn reply(
        &mut self,
        call: CallId,
        result: Result<http::Response, http::Failure>,
        servers: &[Server],
        stage: &mut Stage<'_>,
    ) {
        match self.step {
            Step::Reading(own) if own == call => self.have_read(result, servers, stage),
            Step::Writing(own) if own == call => self.have_written(result, stage),
            _ => {}
        }
    }

    fn have_read(
        &mut self,
        result: Result<http::Response, http::Failure>,
        servers: &[Server],
        stage: &mut Stage<'_>,
    ) {
        let body = match result {
            Ok(response) if response.status == 200 => response.body,
            Ok(response) => return self.read_again(&format!("status {}", response.status), stage),
            Err(failure) => return self.read_again(&failure.to_string(), stage),
        };
        if self.empty == body && self.pause_for_content(stage) {
            return;
        }
        let mut state: Value = match serde_json::from_slice(&body) {
            Ok(state) => state,
            Err(error) => return self.read_again(&error.to_string(), stage),
        };
        let Some(config) = state.get_mut("config").and_then(Value::as_object_mut).map(std::mem::take) else {
            return self.read_again("no configuration", stage);
        };
        let loaded = config.get("zookeeperInstallDirectory").and_then(Value::as_str).unwrap_or_default();
        if loaded.is_empty() {
            self.empty = body;
            if self.pause_for_content(stage) {
                return;
            }
        }
        self.change(config, servers, stage);
    }

    /// Waits for the configuration to be loaded, as the original does: no install directory counts as "not loaded
    /// yet". On a brand-new ensemble it is really empty, so this lasts for all the tries; then it goes on all the same.
    fn pause_for_content(&mut self, stage: &mut Stage<'_>) -> bool {
        let divisor = u64::from(stage.context.pace.divisor());
        let left = self.spend_read(divisor, stage);
        if left {
            self.pause(stage);
        }
        left
    }

    fn change(&mut self, mut fields: Map<String, Value>, servers: &[Server], stage: &mut Stage<'_>) {
        let Some(change) = self.changes.front() else { return };
        let old = ServersSpec::parse(fields.get("serversSpec").and_then(Value::as_str).unwrap_or_default());
        let new = match &change.kind {
            Kind::Leave => old.without_host(&change.host),
            Kind::Join { overrides } => {
                for (key, value) in overrides {
                    match keys::APPLIED.iter().find(|(applied, _)| applied == key) {
                        Some((_, field)) => fields.insert((*field).into(), Value::from(value.as_str())),
                        None => {
                            let line = format!("Unacceptable shared configuration parameter: {key}");
                            return self.give_up(&line, stage);
                        }
                    };
                }
                old.with(&change.id, &change.host, |id| servers.iter().any(|server| server.id == id))
            }
        };
        fields.insert("serversSpec".into(), Value::from(new.to_string()));
        let sent =
            keys::SENT.iter().filter_map(|field| Some(((*field).to_owned(), as_text(fields.get(*field)?))));
        self.write(&Value::Object(sent.collect()), stage);
    }

    fn have_written(&mut self, result: Result<http::Response, http::Failure>, stage: &mut Stage<'_>) {
        let failure = match result {
            Err(failure) => failure.to_string(),
            Ok(response) => match serde_json::from_slice::<Value>(&response.body) {
                Ok(reply) if reply["succeeded"] == Value::Bool(true) => return self.finish(stage),
                Ok(reply) => reply["message"].as_str().unwrap_or_default().to_owned(),
                Err(_) => format!("status {}", response.status),
            },
        };
        // The next try begins with reading: what made this one fail may be another server's entry.
        self.writes += 1;
        if self.writes < self.budget(stage) { self.pause(stage) } else { self.give_up(&failure, stage) }
    }

    fn finish(&mut self, stage: &mut Stage<'_>) {
        if let Some(change) = self.changes.pop_front() {
            let verb = match change.kind {
                Kind::Join { .. } => "added to",
                Kind::Leave => "removed from",
            };
            stage.log(|| format!("Server {} {verb} ensemble", change.id));
        }
        self.begin(stage);
    }

    /// The background thread dies: the server stays `Running`, outside the ensemble.
    fn give_up(&mut self, why: &str, stage: &mut Stage<'_>) {
        if let Some(change) = self.changes.pop_front() {
            stage.log(|| format!("Failed to change the ensemble for server {}: {why}", change.id));
        }
        self.begin(stage);
    }

    /// After a try that failed because of somebody else: the bound in seconds stays, however fast waits pass.
    fn read_again(&mut self, why: &str, stage: &mut Stage<'_>) {
        if self.spend_read(1, stage) { self.pause(stage) } else { self.give_up(why, stage) }
    }

    /// Uses up tries to read; false if none is left. A try that is a wait to be lived through counts in full at every
    /// pace, one that waits for a slow Exhibitor only for as long as it really lasts.
    fn spend_read(&mut self, units: u64, stage: &Stage<'_>) -> bool {
        self.reads = self.reads.saturating_add(units);
        self.reads < self.budget(stage)
    }

    fn budget(&self, stage: &Stage<'_>) -> u64 {
        u64::from(self.retries.count) * u64::from(stage.context.pace.divisor())
    }

    fn pause(&mut self, stage: &Stage<'_>) {
        self.step = Step::Pausing(stage.now + stage.context.pace.wait(self.retries.backoff));
    }
}

/// Numbers go out as texts; the pairs of `zooCfgExtra` stay an object.
fn as_text(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.to_string()),
        other => other.clone(),
    }
}
