//! The scheduler: states of the servers, and what changes them.

use std::time::Duration;

use serde_json::Value;
use stacklab_machine::process::{CallId, ExchangeId};
use stacklab_machine::timeline::Refusal;
use stacklab_machine::{Time, http};

use super::api::StartCall;
use super::ensemble::Ensemble;
use super::options::{self, GRAMMAR};
use super::server::{Document, Server};
use super::view::Views;
use crate::base::instance::State;
use crate::base::{
    Context, Framework, Grammar, Habits, Offer, Options, OptionsError, Reconcile, Reply, Setup, Stage,
    Status, TaskState, Verdict, web,
};

/// The scheduler of Exhibitor-Mesos.
#[derive(Debug)]
pub struct ExhibitorScheduler {
    pub(super) servers: Vec<Server>,
    pub(super) files: Files,
    pub(super) ensemble: Ensemble,
    pub(super) views: Views,
}

/// Names of the artifacts in the scheduler's directory.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) jar: String,
    pub(super) exhibitor: String,
    pub(super) zookeeper: String,
    pub(super) jdk: String,
}

impl Framework for ExhibitorScheduler {
    type Wait = StartCall;

    const HABITS: Habits = Habits {
        name: "exhibitor",
        decline_seconds: None,
        launch_seconds: Some(1.0),
        reconcile: Reconcile { spacing: Duration::from_secs(10), tries: 3 },
    };

    fn grammar() -> &'static Grammar {
        &GRAMMAR
    }

    fn start(options: &Options, context: &Context) -> Result<(Self, Setup), OptionsError> {
        let (retries, setup) = options::read(options, context)?;
        let scheduler = Self {
            servers: Vec::new(),
            files: Files::default(),
            ensemble: Ensemble::new(retries),
            views: Views::default(),
        };
        Ok((scheduler, setup))
    }

    fn find_files(&mut self, context: &Context) -> Result<(), String> {
        let find = |mask: &str, start: &str, end: &str| {
            let found = context.file_like(start, end).map(str::to_owned);
            found.ok_or_else(|| format!("{mask} not found in current dir"))
        };
        self.files = Files {
            jar: find("mesos-exhibitor.*\\.jar", "mesos-exhibitor", ".jar")?,
            exhibitor: find("exhibitor.*\\.jar", "exhibitor", ".jar")?,
            zookeeper: find("zookeeper.*", "zookeeper", "")?,
            jdk: find("jdk.*", "jdk", "")?,
        };
        Ok(())
    }

    fn restore(&mut self, document: &Value) -> Result<Option<String>, String> {
        // A document that does not fit is "no state", without a word; the next save overwrites it.
        let servers =
            document["cluster"].as_array().and_then(|list| list.iter().map(Server::from_json).collect());
        let Some(servers) = servers else { return Ok(None) };
        self.servers = servers;
        Ok(document["frameworkid"].as_str().map(str::to_owned))
    }

    fn document(&self, framework_id: Option<&str>) -> String {
        web::compact(&Document { frameworkid: framework_id, cluster: self.servers.iter().collect() })
    }

    fn http(
        &mut self,
        exchange: ExchangeId,
        request: &http::Request,
        stage: &mut Stage<'_>,
    ) -> Reply<StartCall> {
        self.api(exchange, request, stage)
    }

    fn reached(&self, _: &StartCall, id: &str) -> bool {
        self.server(id).is_some_and(|server| server.state == State::Running)
    }

    fn answer(&mut self, call: StartCall, in_time: bool, _: &mut Stage<'_>) -> http::Response {
        self.started(&call, in_time)
    }

    fn begin_reconciling(&mut self, stage: &mut Stage<'_>) {
        for server in &mut self.servers {
            match (&server.task, server.state) {
                (Some(_), _) => change(server, State::Reconciling, stage),
                (None, State::Running) => change(server, State::Stopped, stage),
                (None, _) => {}
            }
        }
    }

    fn reconciling(&self) -> Vec<(String, Option<String>)> {
        let open = self.servers.iter().filter(|server| server.state == State::Reconciling);
        open.filter_map(|server| server.task.as_ref())
            .map(|task| (task.id.clone(), Some(task.agent.clone())))
            .collect()
    }

    fn give_up_reconciling(&mut self, stage: &mut Stage<'_>) {
        for (task, agent) in self.reconciling() {
            stage.log(|| format!("Reconciling exceeded 3 tries, sending killTask for task {task}"));
            if let Err(error) = stage.kill(&task, agent.as_deref()) {
                stage.die(error.to_string());
            }
        }
    }

    fn wants_offers(&self, _: Time) -> bool {
        self.servers.iter().any(|server| server.state == State::Stopped)
    }

    fn offer(&mut self, offer: &Offer, stage: &mut Stage<'_>) -> Verdict {
        self.place(offer, stage)
    }

    fn decline_line(&self, _: &Offer, refusals: &[Refusal]) -> Option<String> {
        let reasons: Vec<&str> = refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
        Some(format!("Declined offer: {}", reasons.join(", ")))
    }

    fn status(&mut self, status: &Status, stage: &mut Stage<'_>) {
        match status.state {
            TaskState::Running => self.runs(status, stage),
            TaskState::Lost | TaskState::Failed | TaskState::Error => {
                self.ended(status, State::Stopped, stage)
            }
            TaskState::Finished | TaskState::Killed => self.ended(status, State::Added, stage),
            TaskState::Staging | TaskState::Starting => {
                stage.log(|| format!("Got unexpected task state {}", status.state));
            }
        }
    }

    fn http_reply(
        &mut self,
        call: CallId,
        result: Result<http::Response, http::Failure>,
        stage: &mut Stage<'_>,
    ) {
        if let Some(result) = self.take_view(call, result, stage) {
            self.ensemble.reply(call, result, &self.servers, stage);
        }
    }

    fn wake_at(&self) -> Option<Time> {
        self.ensemble.wake_at()
    }

    fn wake(&mut self, stage: &mut Stage<'_>) {
        self.ensemble.wake(stage);
    }
}

impl ExhibitorScheduler {
    pub(super) fn server(&self, id: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.id == id)
    }

    /// Statuses are matched by the server id inside the task id, never by the whole task id: a late status of a former
    /// task hits the present one.
    fn server_of(&mut self, status: &Status) -> Option<&mut Server> {
        let id = status.task_id.split('-').nth(1)?;
        self.servers.iter_mut().find(|server| server.id == id)
    }

    fn runs(&mut self, status: &Status, stage: &mut Stage<'_>) {
        let Some(server) = self.server_of(status) else {
            stage.log(|| format!("Got TASK_RUNNING for unknown server, killing task {}", status.task_id));
            if let Err(error) = stage.kill(&status.task_id, status.agent.as_deref()) {
                stage.die(error.to_string());
            }
            return;
        };
        if server.state == State::Running {
            return;
        }
        change(server, State::Running, stage);
        let server = server.clone();
        self.ensemble.join(&server, stage);
    }

    fn ended(&mut self, status: &Status, next: State, stage: &mut Stage<'_>) {
        let Some(server) = self.server_of(status) else {
            stage.log(|| format!("Got {} for unknown/stopped server {}", status.state, status.task_id));
            return;
        };
        server.task = None;
        server.config.hostname.clear();
        change(server, next, stage);
        stage.changed();
    }
}

/// Puts a server into a state, and says so.
pub(super) fn change(server: &mut Server, next: State, stage: &mut Stage<'_>) {
    if server.state != next {
        stage.state(|| format!("server {}", server.id), server.state.name(), next.name());
        server.state = next;
        stage.changed();
    }
}
