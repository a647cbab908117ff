//! What a framework has to be, so that [`Scheduler`](super::Scheduler) can run it.

use std::time::Duration;

use serde_json::Value;
use stacklab_machine::process::{CallId, ExchangeId, ZkError, ZkReply};
use stacklab_machine::timeline::Refusal;
use stacklab_machine::{Time, http};

use super::{
    ApiUrl, Context, Grammar, Launch, Offer, Options, OptionsError, Reconcile, Stage, Status, Storage, web,
};

/// What is the same in all four schedulers and comes out of their options.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where the scheduler's HTTP is, as its executors are told.
    pub api: ApiUrl,
    /// The master, as given.
    pub master: String,
    /// Where the document is kept.
    pub storage: Storage,
    /// Framework name.
    pub name: String,
    /// Framework role; `*` for none.
    pub role: String,
    /// User for the tasks; empty means the scheduler's own.
    pub user: String,
    /// Failover timeout.
    pub failover_timeout: Duration,
    /// Principal.
    pub principal: Option<String>,
    /// Whether executors are started with `-Ddebug`.
    pub debug: bool,
}

/// What becomes of an offer.
#[derive(Debug)]
pub enum Verdict {
    /// It is used for this.
    Launch(Box<Launch>),
    /// It is not used, for these reasons; none where the original says nothing.
    Decline(Vec<Refusal>),
}

impl Verdict {
    /// Declines the offer as a whole.
    pub fn decline(reason: impl Into<String>) -> Self {
        Self::Decline(vec![Refusal { instance: String::new(), reason: reason.into() }])
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Reply<W> {
    /// It is answered.
    Now(http::Response),
    /// It changed something: answered as soon as the document is saved.
    Saved(http::Response),
    /// It is answered when the instances have reached what `what` says, one after the other, each within `timeout`.
    Wait {
        /// The framework's own note about the call; comes back in [`Framework::reached`] and [`Framework::answer`].
        what: W,
        /// Instances, in the order in which they are waited for.
        ids: Vec<String>,
        /// How long, for each.
        timeout: Duration,
        /// Whether the document is saved at once (Kafka, DSE) or with the next batch of offers (Exhibitor, Zipkin).
        save: bool,
    },
    /// A file of the sandbox, as an attachment.
    File {
        /// Its name in the sandbox.
        path: String,
    },
    /// The framework answers with [`Stage::respond`] when it can.
    Later,
}

/// How the launches and refusals of a framework are filtered, and how it reconciles.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// `exhibitor`, `kafka`, `dse` or `zipkin`: for the timeline.
    pub name: &'static str,
    /// Refuse seconds of a declined offer; `None` is Mesos' default, 5 s.
    pub decline_seconds: Option<f64>,
    /// Refuse seconds for what a launch leaves of an offer; `None` is Mesos' default, 5 s.
    pub launch_seconds: Option<f64>,
    /// Reconciliation.
    pub reconcile: Reconcile,
}

/// A framework: its options, its document, its API, its offers. One value per scheduler process.
///
/// Errors in here are what an exception is in the originals; see the individual methods.
pub trait Framework: Send + Sized {
    /// Note about a waiting call.
    type Wait: Send + std::fmt::Debug;

    /// Its habits.
    const HABITS: Habits;

    /// Its command line.
    fn grammar() -> &'static Grammar;

    /// Reads the options. An error ends the process: `Error: <text>`, exit code 1.
    fn start(options: &Options, context: &Context) -> Result<(Self, Setup), OptionsError>;

    /// Looks for the artifacts in the sandbox, after the document was loaded. An error ends the process.
    fn find_files(&mut self, context: &Context) -> Result<(), String>;

    /// Takes the stored document and gives back the framework id in it. An error ends the process (Kafka, DSE); a
    /// framework to which an unreadable document is "no state" (Exhibitor, Zipkin) returns `Ok(None)`.
    fn restore(&mut self, document: &Value) -> Result<Option<String>, String>;

    /// The document to be stored. Called only after [`Stage::changed`].
    fn document(&self, framework_id: Option<&str>) -> String;

    /// Answers a request; `/health` never comes here.
    fn http(
        &mut self,
        exchange: ExchangeId,
        request: &http::Request,
        stage: &mut Stage<'_>,
    ) -> Reply<Self::Wait>;

    /// Whether an instance is where a waiting call wants it.
    fn reached(&self, wait: &Self::Wait, id: &str) -> bool;

    /// The answer to a waiting call; `in_time` is false if its time is over.
    fn answer(&mut self, wait: Self::Wait, in_time: bool, stage: &mut Stage<'_>) -> http::Response;

    /// Puts every instance with a task to *reconciling*: after a registration, before an implicit reconcile.
    fn begin_reconciling(&mut self, stage: &mut Stage<'_>);

    /// Tasks of the instances that are still reconciling, with their agents.
    fn reconciling(&self) -> Vec<(String, Option<String>)>;

    /// What happens after the last try (and at every pass from then on).
    fn give_up_reconciling(&mut self, stage: &mut Stage<'_>);

    /// Before the offers of a batch, after the reconciliation pass. Called with every batch.
    fn offers_begin(&mut self, stage: &mut Stage<'_>) {
        let _ = stage;
    }

    /// Whether an instance waits for an offer. If none does, [`offer`](Self::offer) would decline every one and
    /// change nothing: where nobody reads why, it is not called then.
    fn wants_offers(&self, now: Time) -> bool;

    /// Takes or declines one offer.
    fn offer(&mut self, offer: &Offer, stage: &mut Stage<'_>) -> Verdict;

    /// After the offers of a batch, before the document is saved.
    fn offers_end(&mut self, stage: &mut Stage<'_>) {
        let _ = stage;
    }

    /// The answer to a call in which something failed that the original does not catch.
    fn exception(path: &str, error: &str) -> http::Response {
        web::page(500, path, error)
    }

    /// The log line of a declined offer; `None` where the original says nothing. Called only if somebody reads logs.
    fn decline_line(&self, offer: &Offer, refusals: &[Refusal]) -> Option<String>;

    /// Takes a status update; it is acknowledged afterwards, and the document saved.
    fn status(&mut self, status: &Status, stage: &mut Stage<'_>);

    /// A message of an executor.
    fn message(&mut self, executor_id: &str, agent: &str, data: &[u8], stage: &mut Stage<'_>) {
        let _ = (executor_id, agent, data, stage);
    }

    /// The answer to [`Stage::http`].
    fn http_reply(
        &mut self,
        call: CallId,
        result: Result<http::Response, http::Failure>,
        stage: &mut Stage<'_>,
    ) {
        let _ = (call, result, stage);
    }

    /// The answer to [`Stage::zk`].
    fn zk_reply(&mut self, call: CallId, result: Result<ZkReply, ZkError>, stage: &mut Stage<'_>) {
        let _ = (call, result, stage);
    }

    /// When the framework wants [`wake`](Self::wake), beside the waiting calls.
    fn wake_at(&self) -> Option<Time> {
        None
    }

    /// Does what is due.
    fn wake(&mut self, stage: &mut Stage<'_>) {
        let _ = stage;
    }
}
