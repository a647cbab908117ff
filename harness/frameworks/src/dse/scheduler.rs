//! The scheduler (0.2.0.0): what it does about requests, offers and statuses.

use std::time::Duration;

use serde_json::Value;
use stacklab_machine::Time;
use stacklab_machine::http::{Request, Response};
use stacklab_machine::process::ExchangeId;
use stacklab_machine::timeline::Refusal;

use super::api::{self, Refused, StartStop};
use super::cluster::Nodes;
use super::launch::{Distribution, launch};
use super::node::{Node, State};
use super::offers::fit;
use super::options;
use crate::base::{
    Context, Disconnected, Framework, Grammar, Habits, Offer, Options, OptionsError, Reconcile, Reply, Setup,
    Stage, Status, TaskState, Verdict, web,
};
use crate::kafka::api::{api_error, parameters, text_error};

/// DSE-Mesos, for [`Scheduler`](crate::base::Scheduler).
#[derive(Debug)]
pub struct DseMesos {
    nodes: Nodes,
    distribution: Distribution,
}

/// A `start` or `stop` that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    start: bool,
    ids: Vec<String>,
}

/// Passes of reconciliation before a task is given up.
const RECONCILE_TRIES: u32 = 3;

impl DseMesos {
    pub(super) fn new(jre: Option<&str>) -> Self {
        let distribution = Distribution { jre: jre.map(str::to_owned), ..Distribution::default() };
        Self { nodes: Nodes::default(), distribution }
    }

    /// Its clusters and nodes.
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    fn node_call(&mut self, call: &str, request: &Request, stage: &mut Stage<'_>) -> Reply<Wait> {
        let params = parameters(request);
        match call {
            "list" => Reply::Now(web::spaced_json(200, &api::list_nodes(&self.nodes))),
            "add" | "update" => {
                changed(api::add_or_update_nodes(&mut self.nodes, call == "add", &params).map(Some), stage)
            }
            "remove" => changed(api::remove_nodes(&mut self.nodes, &params).map(|()| None), stage),
            "start" | "stop" => match api::start_or_stop(&self.nodes, call == "start", &params) {
                Ok(accepted) => self.start_or_stop(accepted, call == "start", stage),
                Err(refused) => Reply::Now(refusal(&refused)),
            },
            _ => Reply::Now(api_error(404, "unsupported method")),
        }
    }

    fn cluster_call(&mut self, call: &str, request: &Request, stage: &mut Stage<'_>) -> Reply<Wait> {
        let params = parameters(request);
        match call {
            "list" => Reply::Now(web::spaced_json(200, &api::list_clusters(&self.nodes))),
            "add" | "update" => {
                changed(api::add_or_update_cluster(&mut self.nodes, call == "add", &params).map(Some), stage)
            }
            "remove" => changed(api::remove_cluster(&mut self.nodes, &params).map(|()| None), stage),
            _ => Reply::Now(api_error(404, "unsupported method")),
        }
    }

    fn start_or_stop(&mut self, accepted: StartStop, start: bool, stage: &mut Stage<'_>) -> Reply<Wait> {
        let StartStop { ids, timeout } = accepted;
        for id in &ids {
            let Some(node) = self.nodes.node_mut(id) else { continue };
            if start {
                set_state(node, State::Starting, stage);
            } else if let Err(error) = stop(node, stage) {
                return Reply::Now(api_error(500, &error.to_string()));
            }
        }
        stage.changed();
        if timeout == Duration::ZERO {
            return Reply::Saved(self.started(&ids, "scheduled"));
        }
        Reply::Wait { what: Wait { start, ids: ids.clone() }, ids, timeout, save: true }
    }

    fn started(&self, ids: &[String], status: &str) -> Response {
        web::spaced_json(200, &api::start_stop_reply(&self.nodes, ids, status))
    }

    fn running(&mut self, id: &str, status: &Status, stage: &mut Stage<'_>) {
        let expected = |node: &&mut Node| {
            node.has_task(&status.task_id)
                && matches!(node.state, State::Starting | State::Running | State::Reconciling)
        };
        let known = self.nodes.node(id).map(describe);
        let Some(node) = self.nodes.node_mut(id).filter(expected) else {
            let (state, task) = (status.state, &status.task_id);
            let known = known.unwrap_or_else(|| "<unknown>".to_owned());
            stage.log(|| format!("Got {state} for node {known}, killing task {task}"));
            let _ = stage.kill(task, status.agent.as_deref());
            return;
        };
        finished_reconciling(node, stage);
        set_state(node, State::Running, stage);
        node.replace_address = None;
        if let Some(runtime) = &mut node.runtime {
            // A status that Mesos made up has no data: the address is gone then, as in the original.
            let data = status.data.as_deref().unwrap_or_default();
            runtime.address = Some(String::from_utf8_lossy(data).into_owned());
            node.stickiness.register_start(&runtime.hostname);
        }
        stage.changed();
    }

    fn stopped(&mut self, id: &str, status: &Status, stage: &mut Stage<'_>) {
        #[cfg(feature = "planted-bugs")]
        let by_instance =
            stacklab_machine::planted::is_planted(stacklab_machine::planted::Bug::GoesByInstance);
        #[cfg(not(feature = "planted-bugs"))]
        let by_instance = false;
        let expected =
            |node: &&mut Node| (by_instance || node.has_task(&status.task_id)) && node.state != State::Idle;
        let known = self.nodes.node(id).map(describe);
        let Some(node) = self.nodes.node_mut(id).filter(expected) else {
            let known = known.unwrap_or_else(|| "<unknown>".to_owned());
            return stage.log(|| format!("Got {} for node {known}, ignoring it", status.state));
        };
        finished_reconciling(node, stage);
        let target = if node.state == State::Stopping { State::Idle } else { State::Starting };
        set_state(node, target, stage);
        node.runtime = None;
        node.stickiness.register_stop(stage.now);
        stage.changed();
    }
}

fn describe(node: &Node) -> String {
    format!("{}:{}", node.id, node.state.name())
}

fn finished_reconciling(node: &Node, stage: &mut Stage<'_>) {
    if let (State::Reconciling, Some(runtime)) = (node.state, &node.runtime) {
        stage.log(|| format!("Finished reconciling of node {}, task {}", node.id, runtime.task_id));
    }
}

fn set_state(node: &mut Node, to: State, stage: &mut Stage<'_>) {
    let from = std::mem::replace(&mut node.state, to);
    if from != to {
        stage.state(|| format!("node {}", node.id), from.name(), to.name());
    }
}

/// Kills a node's task. A node that has none yet stays as it is: it cannot be stopped.
fn stop(node: &mut Node, stage: &mut Stage<'_>) -> Result<(), Disconnected> {
    let Some(runtime) = &node.runtime else { return Ok(()) };
    stage.log(|| format!("Killing task {} of node {}", runtime.task_id, node.id));
    stage.kill(&runtime.task_id, Some(&runtime.slave_id))?;
    set_state(node, State::Stopping, stage);
    Ok(())
}

/// The answer to a call that changes something; removals answer with nothing at all.
fn changed(result: Result<Option<Value>, Refused>, stage: &mut Stage<'_>) -> Reply<Wait> {
    match result {
        Err(refused) => Reply::Now(refusal(&refused)),
        Ok(body) => {
            stage.changed();
            Reply::Saved(match body {
                Some(body) => web::spaced_json(200, &body),
                None => Response::new(200, "application/json; charset=utf-8", Vec::new()),
            })
        }
    }
}

fn refusal(refused: &Refused) -> Response {
    match refused {
        Refused::Bad(text) => api_error(400, text),
        Refused::Exception(text) => api_error(500, text),
    }
}

impl Framework for DseMesos {
    type Wait = Wait;

    const HABITS: Habits = Habits {
        name: "dse",
        decline_seconds: None,
        launch_seconds: Some(1.0),
        reconcile: Reconcile { spacing: Duration::from_secs(20), tries: RECONCILE_TRIES },
    };

    fn grammar() -> &'static Grammar {
        &options::GRAMMAR
    }

    fn start(options: &Options, context: &Context) -> Result<(Self, Setup), OptionsError> {
        options::read(options, context)
    }

    fn find_files(&mut self, context: &Context) -> Result<(), String> {
        let find = |start: &str, end: &str| context.file_like(start, end).map(str::to_owned);
        self.distribution.jar = find("dse-mesos", "jar").ok_or("dse-mesos.*jar not found in current dir")?;
        self.distribution.cassandra = find("apache-cassandra", "gz");
        self.distribution.dse = find("dse", "gz");
        if self.distribution.cassandra.is_none() && self.distribution.dse.is_none() {
            return Err("Either apache-cassandra.*gz or dse.*gz should be present in current dir".into());
        }
        Ok(())
    }

    fn restore(&mut self, document: &Value) -> Result<Option<String>, String> {
        self.nodes = Nodes::from_json(document).map_err(|fault| fault.to_string())?;
        Ok(self.nodes.framework_id.clone())
    }

    fn document(&self, framework_id: Option<&str>) -> String {
        web::spaced(&self.nodes.document(framework_id))
    }

    fn exception(_path: &str, error: &str) -> Response {
        api_error(500, error)
    }

    fn http(&mut self, _exchange: ExchangeId, request: &Request, stage: &mut Stage<'_>) -> Reply<Wait> {
        let path = request.path();
        let below =
            |prefix: &str| path.strip_prefix(prefix).map(|rest| rest.strip_prefix('/').unwrap_or(rest));
        let archives = [
            ("/jar/", Some(&self.distribution.jar)),
            ("/dse/", self.distribution.dse.as_ref()),
            ("/cassandra/", self.distribution.cassandra.as_ref()),
            ("/jre/", self.distribution.jre.as_ref()),
        ];
        if path.starts_with("/health") {
            return Reply::Now(web::health());
        }
        if let Some((_, Some(name))) = archives.into_iter().find(|(prefix, _)| path.starts_with(prefix)) {
            return Reply::File { path: name.clone() };
        }
        if let Some(call) = below("/api/node") {
            return self.node_call(call, request, stage);
        }
        if let Some(call) = below("/api/cluster") {
            return self.cluster_call(call, request, stage);
        }
        Reply::Now(text_error(404, "not found"))
    }

    fn reached(&self, wait: &Wait, id: &str) -> bool {
        let target = if wait.start { State::Running } else { State::Idle };
        self.nodes.node(id).is_some_and(|node| node.state == target)
    }

    fn answer(&mut self, wait: Wait, in_time: bool, _stage: &mut Stage<'_>) -> Response {
        let status = match (in_time, wait.start) {
            (false, _) => "timeout",
            (true, true) => "started",
            (true, false) => "stopped",
        };
        self.started(&wait.ids, status)
    }

    fn begin_reconciling(&mut self, stage: &mut Stage<'_>) {
        for node in &mut self.nodes.nodes {
            let Some(runtime) = &node.runtime else { continue };
            let (id, task) = (&node.id, &runtime.task_id);
            stage.log(|| format!("Reconciling 1/{RECONCILE_TRIES} state of node {id}, task {task}"));
            set_state(node, State::Reconciling, stage);
            stage.changed();
        }
    }

    fn reconciling(&self) -> Vec<(String, Option<String>)> {
        let open = self.nodes.nodes.iter().filter(|node| node.state == State::Reconciling);
        let tasks = open.filter_map(|node| node.runtime.as_ref());
        tasks.map(|runtime| (runtime.task_id.clone(), Some(runtime.slave_id.clone()))).collect()
    }

    /// The tasks are killed and forgotten, but the nodes stay *reconciling*: from then on every offer is
    /// declined.
    fn give_up_reconciling(&mut self, stage: &mut Stage<'_>) {
        for node in self.nodes.nodes.iter_mut().filter(|node| node.state == State::Reconciling) {
            let Some(runtime) = node.runtime.take() else { continue };
            let (id, task) = (&node.id, &runtime.task_id);
            stage.log(|| {
                format!(
                    "Reconciling exceeded {RECONCILE_TRIES} tries for node {id}, \
                     sending killTask for task {task}"
                )
            });
            let _ = stage.kill(task, Some(&runtime.slave_id));
            stage.changed();
        }
    }

    fn wants_offers(&self, _now: Time) -> bool {
        let mut starting = self.nodes.nodes.iter().filter(|node| node.state == State::Starting).peekable();
        starting.peek().is_some() && starting.all(|node| node.runtime.is_none())
    }

    fn offer(&mut self, offer: &Offer, stage: &mut Stage<'_>) -> Verdict {
        if self.nodes.nodes.iter().any(|node| node.state == State::Reconciling) {
            return Verdict::decline("reconciling");
        }
        let mut starting: Vec<&Node> =
            self.nodes.nodes.iter().filter(|node| node.state == State::Starting).collect();
        if starting.is_empty() {
            return Verdict::decline("no nodes to start");
        }
        if let Some(node) = starting.iter().find(|node| node.runtime.is_some()) {
            return Verdict::decline(format!("node {} is starting", node.id));
        }
        starting.sort_by_key(|node| !node.seed);
        let mut refusals = Vec::new();
        for node in starting {
            let instance = format!("node {}", node.id);
            match fit(&self.nodes, node, offer, stage.now) {
                Err(error) => {
                    stage.die(error.to_string());
                    break;
                }
                Ok(Err(reason)) => {
                    refusals.push(Refusal { reason: format!("{instance}: {reason}"), instance })
                }
                Ok(Ok(reservation)) => {
                    let id = node.id.clone();
                    let launch = launch(&mut self.nodes, &id, offer, reservation, &self.distribution, stage);
                    let Some(launch) = launch else { break };
                    stage.changed();
                    stage.log(|| {
                        format!("Starting node {id} with task {} for offer {}", launch.task_id, offer.id)
                    });
                    return Verdict::Launch(Box::new(launch));
                }
            }
        }
        Verdict::Decline(refusals)
    }

    fn decline_line(&self, offer: &Offer, refusals: &[Refusal]) -> Option<String> {
        let reasons: Vec<&str> = refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
        let offer = format!("{} {}", offer.short_name(), offer.summary());
        Some(format!("Declined offer {offer}:\n  {}", reasons.join(", ")))
    }

    fn status(&mut self, status: &Status, stage: &mut Stage<'_>) {
        let mut parts = status.task_id.splitn(3, '-');
        let (_, Some(id), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
            return stage.die(format!("java.lang.IllegalArgumentException: {}", status.task_id));
        };
        match status.state {
            TaskState::Staging | TaskState::Starting => {}
            TaskState::Running => self.running(id, status, stage),
            _ => self.stopped(id, status, stage),
        }
    }
}
