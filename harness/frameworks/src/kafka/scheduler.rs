//! The scheduler (0.9.2.0): what it does about requests, offers and statuses.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use stacklab_machine::Time;
use stacklab_machine::http::{Request, Response};
use stacklab_machine::process::{CallId, ExchangeId, ZkError, ZkOp, ZkReply};
use stacklab_machine::timeline::Refusal;

use super::api::{self, Route};
use super::broker::{Broker, TaskState};
use super::broker_api::{self, StartStop};
use super::cluster::Cluster;
use super::launch::{Distribution, launch};
use super::offers::{Reservation, mismatch};
use super::options;
use super::topic_call::{Next, TopicCall};
use crate::base::{
    Context, Framework, Grammar, Habits, MAX_WAITS, Offer, Options, OptionsError, Reconcile, Reply, Setup,
    Stage, Status, TaskState as State, Verdict, split_chroot, web,
};

/// Kafka-Mesos, for [`Scheduler`](crate::base::Scheduler).
#[derive(Debug)]
pub struct KafkaMesos {
    cluster: Cluster,
    distribution: Distribution,
    topics: BTreeMap<CallId, (ExchangeId, TopicCall)>,
}

/// A `start` or `stop` that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    start: bool,
    ids: Vec<String>,
}

/// Passes of reconciliation before a task is given up.
const RECONCILE_TRIES: u32 = 3;

impl KafkaMesos {
    pub(super) fn new(zk: &str, jre: Option<&str>) -> Self {
        let distribution =
            Distribution { zk: zk.to_owned(), jre: jre.map(str::to_owned), ..Distribution::default() };
        Self { cluster: Cluster::default(), distribution, topics: BTreeMap::new() }
    }

    /// Its brokers.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    fn start_or_stop(&mut self, start: bool, request: &Request, stage: &mut Stage<'_>) -> Reply<Wait> {
        let before = self.states(stage);
        let accepted = match broker_api::start_or_stop(&mut self.cluster, start, &api::parameters(request)) {
            Ok(accepted) => accepted,
            Err(text) => return Reply::Now(api::api_error(400, &text)),
        };
        stage.changed();
        self.tell_states(&before, stage);
        let StartStop { ids, start, timeout, force } = accepted;
        if force {
            self.force(&ids, stage);
        }
        if timeout == Duration::ZERO {
            return Reply::Saved(self.started(&ids, "scheduled"));
        }
        Reply::Wait { what: Wait { start, ids: ids.clone() }, ids, timeout, save: true }
    }

    /// Tells executors to end at once, without a clean shutdown of Kafka.
    fn force(&self, ids: &[String], stage: &mut Stage<'_>) {
        for broker in ids.iter().filter_map(|id| self.cluster.broker(id)) {
            let Some(task) = broker.task.as_ref().filter(|_| stage.connected()) else { continue };
            stage.log(|| format!("Stopping broker {} forcibly: sending 'stop' message", broker.id));
            // It is connected: the message goes out.
            let _ = stage.message(&task.executor_id, &task.slave_id, b"stop".to_vec());
        }
    }

    fn started(&self, ids: &[String], status: &str) -> Response {
        web::spaced_json(200, &broker_api::start_stop_reply(&self.cluster, ids, status))
    }

    fn topic(
        &mut self,
        exchange: ExchangeId,
        call: &str,
        request: &Request,
        stage: &mut Stage<'_>,
    ) -> Reply<Wait> {
        if self.topics.len() >= MAX_WAITS {
            return Reply::Now(api::api_error(500, "java.util.concurrent.RejectedExecutionException"));
        }
        match api::topic_request(&self.cluster, call, &api::parameters(request)) {
            Err((status, text)) => Reply::Now(api::api_error(status, &text)),
            Ok(request) => {
                let (call, next) = TopicCall::begin(request);
                self.go_on(exchange, call, next, stage);
                Reply::Later
            }
        }
    }

    fn go_on(&mut self, exchange: ExchangeId, call: TopicCall, next: Next, stage: &mut Stage<'_>) {
        match next {
            Next::Ask(op) => {
                let (connect, chroot) = split_chroot(&self.distribution.zk);
                let id = stage.zk(connect, below(chroot, op));
                self.topics.insert(id, (exchange, call));
            }
            Next::Done(Ok(body)) => stage.respond(exchange, web::spaced_json(200, &body)),
            Next::Done(Err((status, text))) => stage.respond(exchange, api::api_error(status, &text)),
        }
    }

    /// The states before something happened, for [`tell_states`](Self::tell_states).
    fn states(&self, stage: &Stage<'_>) -> Vec<(String, &'static str)> {
        let brokers = self.cluster.brokers.iter();
        brokers.map(|broker| (broker.id.clone(), broker.state_name(stage.now))).collect()
    }

    fn tell_states(&self, before: &[(String, &'static str)], stage: &mut Stage<'_>) {
        for (id, from) in before {
            let Some(broker) = self.cluster.broker(id) else { continue };
            tell(broker, from, stage);
        }
    }

    fn running(&mut self, id: &str, status: &Status, stage: &mut Stage<'_>) {
        let ours = |broker: &&mut Broker| broker.task.as_ref().is_some_and(|task| task.id == status.task_id);
        let Some(broker) = self.cluster.broker_mut(id).filter(ours) else {
            let (state, task) = (status.state, &status.task_id);
            stage.log(|| format!("Got {state} for unknown/stopped broker, killing task {task}"));
            let _ = stage.kill(task, status.agent.as_deref());
            return;
        };
        let from = broker.state_name(stage.now);
        let Some(task) = &mut broker.task else { return };
        if task.state == TaskState::Reconciling {
            stage.log(|| format!("Finished reconciling of broker {id}, task {}", task.id));
        }
        task.state = TaskState::Running;
        let data = status.data.as_deref().filter(|data| !data.is_empty());
        if let Some(endpoint) = data {
            task.endpoint = Some(String::from_utf8_lossy(endpoint).into_owned());
        }
        let hostname = task.hostname.clone();
        broker.register_start(&hostname);
        stage.changed();
        tell(broker, from, stage);
    }

    fn stopped(&mut self, id: &str, status: &Status, stage: &mut Stage<'_>) {
        let Some(broker) = self.cluster.broker_mut(id) else {
            // A removed broker's last status: nobody checks for null.
            return stage.die("java.lang.NullPointerException");
        };
        let from = broker.state_name(stage.now);
        broker.task = None;
        let failed = broker.active && !matches!(status.state, State::Finished | State::Killed);
        broker.register_stop(stage.now, failed);
        if failed {
            let exhausted = broker.failover.is_exhausted();
            stage.log(|| failure_line(broker));
            broker.active = !exhausted;
        }
        stage.changed();
        tell(broker, from, stage);
    }
}

/// `Broker 7 failed 1/3, waiting 1m, next start ~ 2016-03-01 09:15:00Z`.
fn failure_line(broker: &Broker) -> String {
    let failover = &broker.failover;
    let tries = failover.max_tries.map(|tries| format!("/{tries}")).unwrap_or_default();
    let rest = if failover.is_exhausted() {
        "failure limit exceeded, deactivating broker".to_owned()
    } else {
        let (year, month, day, hour, minute, second, _) = failover.delay_expires().utc();
        let delay = failover.current_delay_text();
        format!(
            "waiting {delay}, next start ~ {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z"
        )
    };
    format!("Broker {} failed {}{tries}, {rest}", broker.id, failover.failures)
}

fn tell(broker: &Broker, from: &str, stage: &mut Stage<'_>) {
    let to = broker.state_name(stage.now);
    if from != to {
        stage.state(|| format!("broker {}", broker.id), from, to);
    }
}

/// The same below a chroot.
fn below(chroot: Option<&str>, mut op: ZkOp) -> ZkOp {
    let path = match &mut op {
        ZkOp::Create { path, .. }
        | ZkOp::Put { path, .. }
        | ZkOp::Set { path, .. }
        | ZkOp::Get { path }
        | ZkOp::Children { path }
        | ZkOp::Delete { path, .. } => path,
    };
    path.insert_str(0, chroot.unwrap_or_default());
    op
}

/// Errors name nodes as the client sees them, below its chroot.
fn without_chroot(chroot: Option<&str>, mut error: ZkError) -> ZkError {
    if let ZkError::NoNode(path)
    | ZkError::NodeExists(path)
    | ZkError::BadVersion(path)
    | ZkError::Other { path, .. } = &mut error
        && let Some(rest) = path.strip_prefix(chroot.unwrap_or_default())
    {
        *path = rest.to_owned();
    }
    error
}

impl Framework for KafkaMesos {
    type Wait = Wait;

    const HABITS: Habits = Habits {
        name: "kafka",
        decline_seconds: None,
        launch_seconds: None,
        reconcile: Reconcile { spacing: Duration::from_secs(10), tries: RECONCILE_TRIES },
    };

    fn grammar() -> &'static Grammar {
        &options::GRAMMAR
    }

    fn start(options: &Options, context: &Context) -> Result<(Self, Setup), OptionsError> {
        options::read(options, context)
    }

    fn find_files(&mut self, context: &Context) -> Result<(), String> {
        let find = |start: &str, end: &str| context.file_like(start, end).map(str::to_owned);
        self.distribution.jar =
            find("kafka-mesos", ".jar").ok_or(r"kafka-mesos.*\.jar not found in current dir")?;
        self.distribution.kafka = find("kafka", ".tgz").ok_or(r"kafka.*\.tgz not found in in current dir")?;
        Ok(())
    }

    fn restore(&mut self, document: &Value) -> Result<Option<String>, String> {
        let (cluster, framework_id) = Cluster::from_json(document).map_err(|fault| fault.to_string())?;
        self.cluster = cluster;
        Ok(framework_id)
    }

    fn document(&self, framework_id: Option<&str>) -> String {
        web::spaced(&self.cluster.document(framework_id))
    }

    fn exception(_path: &str, error: &str) -> Response {
        api::api_error(500, error)
    }

    fn http(&mut self, exchange: ExchangeId, request: &Request, stage: &mut Stage<'_>) -> Reply<Wait> {
        let file = |path: &str| Reply::File { path: path.to_owned() };
        match (api::route(request.path()), &self.distribution.jre) {
            (Route::Jar, _) => file(&self.distribution.jar),
            (Route::Kafka, _) => file(&self.distribution.kafka),
            (Route::Jre, Some(jre)) => file(jre),
            (Route::Health, _) => Reply::Now(web::health()),
            (Route::Broker("start"), _) => self.start_or_stop(true, request, stage),
            (Route::Broker("stop"), _) => self.start_or_stop(false, request, stage),
            (Route::Broker(call), _) => {
                match api::broker_call(&mut self.cluster, call, &api::parameters(request)) {
                    None => Reply::Now(api::api_error(404, "uri not found")),
                    Some((result, false)) => Reply::Now(api::respond(result)),
                    Some((result, true)) => {
                        stage.changed();
                        Reply::Saved(api::respond(result))
                    }
                }
            }
            (Route::Topic(call), _) => self.topic(exchange, call, request, stage),
            (Route::Jre | Route::Unknown, _) => Reply::Now(api::text_error(404, "uri not found")),
        }
    }

    fn reached(&self, wait: &Wait, id: &str) -> bool {
        self.cluster.broker(id).is_some_and(|broker| {
            if wait.start { broker.is(TaskState::Running) } else { broker.task.is_none() }
        })
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
        for broker in &mut self.cluster.brokers {
            let from = broker.state_name(stage.now);
            let Some(task) = &mut broker.task else { continue };
            task.state = TaskState::Reconciling;
            let (id, task) = (&broker.id, &task.id);
            stage.log(|| format!("Reconciling 1/{RECONCILE_TRIES} state of broker {id}, task {task}"));
            stage.changed();
            tell(broker, from, stage);
        }
    }

    fn reconciling(&self) -> Vec<(String, Option<String>)> {
        let tasks = self.cluster.brokers.iter().filter_map(|broker| broker.task.as_ref());
        let open = tasks.filter(|task| task.state == TaskState::Reconciling);
        open.map(|task| (task.id.clone(), Some(task.slave_id.clone()))).collect()
    }

    fn give_up_reconciling(&mut self, stage: &mut Stage<'_>) {
        for broker in self.cluster.brokers.iter_mut().filter(|broker| broker.is(TaskState::Reconciling)) {
            let from = broker.state_name(stage.now);
            let Some(task) = broker.task.take() else { continue };
            let (id, task_id) = (&broker.id, &task.id);
            stage.log(|| {
                format!(
                    "Reconciling exceeded {RECONCILE_TRIES} tries for broker {id}, \
                     sending killTask for task {task_id}"
                )
            });
            let _ = stage.kill(task_id, Some(&task.slave_id));
            stage.changed();
            tell(broker, from, stage);
        }
    }

    fn wants_offers(&self, now: Time) -> bool {
        self.cluster.brokers.iter().any(|broker| broker.should_start(now))
    }

    fn offer(&mut self, offer: &Offer, stage: &mut Stage<'_>) -> Verdict {
        if self.cluster.is_reconciling() {
            return Verdict::decline("reconciling");
        }
        let mut refusals = Vec::new();
        for at in 0..self.cluster.brokers.len() {
            let broker = &self.cluster.brokers[at];
            if !broker.should_start(stage.now) {
                continue;
            }
            let fit = mismatch(broker, offer, stage.now, |name| self.cluster.peers(name));
            match fit.and_then(|reason| Ok((reason, Reservation::of(broker, offer)?))) {
                Err(error) => {
                    stage.die(format!("java.lang.IllegalArgumentException: {error}"));
                    return Verdict::Decline(refusals);
                }
                Ok((Some(reason), _)) => {
                    let instance = format!("broker {}", broker.id);
                    refusals.push(Refusal { reason: format!("{instance}: {reason}"), instance });
                }
                Ok((None, reservation)) => {
                    let broker = &mut self.cluster.brokers[at];
                    let from = broker.state_name(stage.now);
                    let launch = launch(broker, offer, &reservation, &self.distribution, stage);
                    let (id, task) = (&broker.id, &launch.task_id);
                    stage.log(|| {
                        format!("Starting broker {id}: launching task {task} by offer {}", offer.short_name())
                    });
                    stage.changed();
                    tell(broker, from, stage);
                    return Verdict::Launch(Box::new(launch));
                }
            }
        }
        Verdict::Decline(refusals)
    }

    /// Stops are carried out here only: without offers there is no stop.
    fn offers_end(&mut self, stage: &mut Stage<'_>) {
        for broker in self.cluster.brokers.iter_mut().filter(|broker| broker.should_stop()) {
            let from = broker.state_name(stage.now);
            let Some(task) = &mut broker.task else { continue };
            let (id, task_id) = (&broker.id, &task.id);
            stage.log(|| format!("Stopping broker {id}: killing task {task_id}"));
            let _ = stage.kill(task_id, Some(&task.slave_id));
            task.state = TaskState::Stopping;
            stage.changed();
            tell(broker, from, stage);
        }
    }

    fn decline_line(&self, offer: &Offer, refusals: &[Refusal]) -> Option<String> {
        let reasons: Vec<&str> = refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
        (!reasons.is_empty())
            .then(|| format!("Declined offers:\n{} - {}", offer.short_name(), reasons.join(", ")))
    }

    fn status(&mut self, status: &Status, stage: &mut Stage<'_>) {
        let Some(id) = status.task_id.split('-').nth(1) else {
            return stage.die(format!("java.lang.IllegalArgumentException: {}", status.task_id));
        };
        match status.state {
            State::Running => self.running(id, status, stage),
            State::Staging | State::Starting => {
                stage.log(|| format!("Got unexpected task state: {}", status.state));
            }
            _ => self.stopped(id, status, stage),
        }
    }

    fn zk_reply(&mut self, call: CallId, result: Result<ZkReply, ZkError>, stage: &mut Stage<'_>) {
        let Some((exchange, mut topic)) = self.topics.remove(&call) else { return };
        let (_, chroot) = split_chroot(&self.distribution.zk);
        let next = topic.answer(result.map_err(|error| without_chroot(chroot, error)));
        self.go_on(exchange, topic, next, stage);
    }
}
