//! One call of `/api/topic/*`: a conversation with the brokers' ZooKeeper, one question after the other,
//! that ends in a reply. It knows neither how the questions travel nor how replies are written.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};
use stacklab_machine::process::{ZkError, ZkOp, ZkReply};

use super::topic::{Topic, assign, option_error, validate_name};

/// What comes next.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// Ask this and come back with the answer; paths are below the chroot.
    Ask(ZkOp),
    /// The call is over: the JSON body, or status and text of an error.
    Done(Result<Value, (u16, String)>),
}

/// What is wanted, parameters read as far as that goes without ZooKeeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TopicRequest {
    /// Which call.
    pub(super) verb: Verb,
    /// `t0,t1`, `t*`.
    pub(super) expr: String,
    /// Brokers to use; `None`: all that are registered.
    pub(super) brokers: Option<Vec<i64>>,
    /// Number of partitions of a new topic.
    pub(super) partitions: i64,
    /// Number of replicas of a new topic.
    pub(super) replicas: i64,
    /// New options.
    pub(super) options: Option<Vec<(String, String)>>,
    /// What is wrong so far.
    pub(super) errors: Vec<String>,
}

/// The calls that are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// `list`
    List,
    /// `add`
    Add,
    /// `update`
    Update,
    /// `rebalance` without topics: how far the running one is.
    RebalanceStatus,
}

/// A call under way.
#[derive(Debug)]
pub(super) struct TopicCall {
    request: TopicRequest,
    step: Step,
    /// Topics still to be read or written.
    pending: VecDeque<Topic>,
    done: Vec<Topic>,
}

#[derive(Debug)]
enum Step {
    Names,
    Brokers,
    ReadTopic,
    ReadConfig { topic: Vec<u8> },
    SetConfig,
    CreateConfig,
    CreateTopic,
    Changes,
    Notify { number: u64, tries: u32 },
    Rebalance,
}

const TOPICS: &str = "/brokers/topics";
const CONFIGS: &str = "/config/topics";
const CHANGES: &str = "/config/changes";
/// Tries to find a free number for a change notice.
const NOTICE_TRIES: u32 = 16;

impl TopicCall {
    /// Begins a call.
    pub(super) fn begin(request: TopicRequest) -> (Self, Next) {
        let (step, op) = if request.verb == Verb::RebalanceStatus {
            (Step::Rebalance, ZkOp::Get { path: "/admin/reassign_partitions".into() })
        } else {
            (Step::Names, ZkOp::Children { path: TOPICS.into() })
        };
        (Self { request, step, pending: VecDeque::new(), done: Vec::new() }, Next::Ask(op))
    }

    /// Goes on with ZooKeeper's answer to the last question.
    pub(super) fn answer(&mut self, result: Result<ZkReply, ZkError>) -> Next {
        self.step(result).unwrap_or_else(|error| Next::Done(Err((500, error))))
    }

    fn step(&mut self, result: Result<ZkReply, ZkError>) -> Result<Next, String> {
        match std::mem::replace(&mut self.step, Step::Names) {
            Step::Names => match result {
                Ok(ZkReply::Children(names)) => self.names(&names),
                Err(ZkError::NoNode(_)) => self.names(&[]),
                other => Err(unexpected(other)),
            },
            Step::Brokers => match result {
                Ok(ZkReply::Children(ids)) => {
                    let mut ids: Vec<i64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
                    ids.sort_unstable();
                    self.assign(&ids)
                }
                other => Err(unexpected(other)),
            },
            Step::Rebalance => match result {
                Ok(_) => Ok(Next::Done(Ok(json!({"status": "running", "state": ""})))),
                Err(ZkError::NoNode(_)) => Ok(Next::Done(Ok(json!({"status": "idle", "state": ""})))),
                Err(other) => Err(exception(&other)),
            },
            Step::ReadTopic => match result {
                Ok(ZkReply::Data { data, .. }) => {
                    self.step = Step::ReadConfig { topic: data };
                    Ok(Next::Ask(ZkOp::Get { path: self.path(CONFIGS) }))
                }
                // Deleted between the two questions.
                Err(ZkError::NoNode(_)) => {
                    self.pending.pop_front();
                    self.next_topic()
                }
                other => Err(unexpected(other)),
            },
            Step::ReadConfig { topic } => match result {
                Ok(ZkReply::Data { data, .. }) => self.read(&topic, Some(&data)),
                Err(ZkError::NoNode(_)) => self.read(&topic, None),
                other => Err(unexpected(other)),
            },
            writing => self.written_step(&writing, result),
        }
    }

    fn written_step(&mut self, step: &Step, result: Result<ZkReply, ZkError>) -> Result<Next, String> {
        match (step, result) {
            (Step::SetConfig, Err(ZkError::NoNode(_))) => {
                self.step = Step::CreateConfig;
                let data = self.pending.front().map(Topic::config_document).unwrap_or_default();
                Ok(Next::Ask(create(self.path(CONFIGS), data)))
            }
            (Step::SetConfig | Step::CreateConfig, Ok(_)) => Ok(self.config_written()),
            (Step::CreateTopic | Step::Notify { .. }, Ok(_)) => self.written(),
            (Step::CreateTopic, Err(ZkError::NodeExists(_))) => Err(format!(
                "kafka.common.TopicExistsException: topic {} already exists",
                self.pending.front().map(|topic| topic.name.as_str()).unwrap_or_default()
            )),
            (Step::Changes, Ok(ZkReply::Children(notices))) => Ok(self.notify(next_notice(&notices), 0)),
            (Step::Changes, Err(ZkError::NoNode(_))) => Ok(self.notify(0, 0)),
            (Step::Notify { number, tries }, Err(ZkError::NodeExists(_))) if *tries < NOTICE_TRIES => {
                Ok(self.notify(number.saturating_add(1), tries + 1))
            }
            (_, other) => Err(unexpected(other)),
        }
    }

    fn names(&mut self, existing: &[String]) -> Result<Next, String> {
        let wanted = expand(&self.request.expr, existing);
        if self.request.verb == Verb::List {
            let mut existing: Vec<&String> = existing.iter().filter(|name| wanted.contains(*name)).collect();
            existing.sort();
            self.pending = existing.into_iter().map(|name| named(name)).collect();
            return self.next_topic();
        }
        let add = self.request.verb == Verb::Add;
        let mut errors = std::mem::take(&mut self.request.errors);
        errors.extend(self.request.options.as_deref().and_then(option_error));
        for name in &wanted {
            match (add, existing.contains(name)) {
                (true, true) => errors.push(format!("Topic {name} already exists")),
                (false, false) => errors.push(format!("Topic {name} not found")),
                _ => {}
            }
        }
        if !errors.is_empty() {
            return Ok(Next::Done(Err((400, errors.join("; ")))));
        }
        self.pending = wanted.iter().map(|name| named(name)).collect();
        match (add, self.request.brokers.take()) {
            (true, Some(brokers)) => self.assign(&brokers),
            (true, None) if !self.pending.is_empty() => {
                self.step = Step::Brokers;
                Ok(Next::Ask(ZkOp::Children { path: "/brokers/ids".into() }))
            }
            _ => self.next_topic(),
        }
    }

    fn assign(&mut self, brokers: &[i64]) -> Result<Next, String> {
        let options: BTreeMap<_, _> = self.request.options.iter().flatten().cloned().collect();
        for topic in &mut self.pending {
            topic.partitions = assign(brokers, self.request.partitions, self.request.replicas)
                .map_err(|refused| refused.to_string())?;
            topic.options.clone_from(&options);
        }
        self.next_topic()
    }

    fn next_topic(&mut self) -> Result<Next, String> {
        let Some(topic) = self.pending.front() else {
            let topics: Vec<Value> = self.done.iter().map(Topic::to_json).collect();
            return Ok(Next::Done(Ok(json!({"topics": topics}))));
        };
        if self.request.verb == Verb::Add {
            validate_name(&topic.name).map_err(|refused| refused.to_string())?;
            return Ok(self.write_config());
        }
        self.step = Step::ReadTopic;
        Ok(Next::Ask(ZkOp::Get { path: self.path(TOPICS) }))
    }

    fn read(&mut self, topic: &[u8], config: Option<&[u8]>) -> Result<Next, String> {
        let Some(entry) = self.pending.front_mut() else { return self.next_topic() };
        *entry = Topic::from_documents(&entry.name, topic, config);
        if self.request.verb == Verb::List {
            return self.written();
        }
        entry.options = self.request.options.iter().flatten().cloned().collect();
        Ok(self.write_config())
    }

    fn write_config(&mut self) -> Next {
        self.step = Step::SetConfig;
        let data = self.pending.front().map(Topic::config_document).unwrap_or_default();
        Next::Ask(ZkOp::Set { path: self.path(CONFIGS), data, version: -1 })
    }

    /// A new topic is announced by its own node, a change by a notice to all brokers.
    fn config_written(&mut self) -> Next {
        if self.request.verb == Verb::Add {
            self.step = Step::CreateTopic;
            let data = self.pending.front().map(Topic::document).unwrap_or_default();
            return Next::Ask(create(self.path(TOPICS), data));
        }
        self.step = Step::Changes;
        Next::Ask(ZkOp::Children { path: CHANGES.into() })
    }

    /// The original makes a sequential node; here its number is looked up first and counted on if it is
    /// taken.
    fn notify(&mut self, number: u64, tries: u32) -> Next {
        self.step = Step::Notify { number, tries };
        let name = self.pending.front().map(|topic| Value::from(topic.name.as_str())).unwrap_or_default();
        Next::Ask(create(format!("{CHANGES}/config_change_{number:010}"), name.to_string().into_bytes()))
    }

    fn written(&mut self) -> Result<Next, String> {
        self.done.extend(self.pending.pop_front());
        self.next_topic()
    }

    fn path(&self, parent: &str) -> String {
        let name = self.pending.front().map(|topic| topic.name.as_str()).unwrap_or_default();
        format!("{parent}/{name}")
    }
}

fn named(name: &str) -> Topic {
    Topic { name: name.to_owned(), ..Topic::default() }
}

fn create(path: String, data: Vec<u8>) -> ZkOp {
    ZkOp::Create { path, data, parents: true, ephemeral: false }
}

/// Names that an expression means: those named, and existing ones for a trailing `*`.
fn expand(expr: &str, existing: &[String]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in expr.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.strip_suffix('*') {
            None => _ = names.insert(part.to_owned()),
            Some(prefix) => names.extend(existing.iter().filter(|name| name.starts_with(prefix)).cloned()),
        }
    }
    names
}

fn next_notice(notices: &[String]) -> u64 {
    let numbers =
        notices.iter().filter_map(|notice| notice.strip_prefix("config_change_")?.parse::<u64>().ok());
    numbers.max().map_or(0, |last| last.saturating_add(1))
}

fn unexpected(result: Result<ZkReply, ZkError>) -> String {
    match result {
        Ok(reply) => format!("java.lang.IllegalStateException: unexpected answer of ZooKeeper: {reply:?}"),
        Err(error) => exception(&error),
    }
}

/// The exception that the original's ZooKeeper client throws, as Java prints it.
pub(super) fn exception(error: &ZkError) -> String {
    let (class, code, path) = match error {
        ZkError::Unreachable { .. } => {
            return "org.I0Itec.zkclient.exception.ZkTimeoutException: \
                    Unable to connect to zookeeper server within timeout: 30000"
                .into();
        }
        ZkError::NoNode(path) => ("ZkNoNodeException", "NoNode", path),
        ZkError::NodeExists(path) => ("ZkNodeExistsException", "NodeExists", path),
        ZkError::BadVersion(path) => ("ZkBadVersionException", "BadVersion", path),
        ZkError::Other { path, code } => {
            return format!(
                "org.I0Itec.zkclient.exception.ZkException: org.apache.zookeeper.KeeperException: \
                 KeeperErrorCode = {code} for {path}"
            );
        }
    };
    format!(
        "org.I0Itec.zkclient.exception.{class}: org.apache.zookeeper.KeeperException${code}Exception: \
         KeeperErrorCode = {code} for {path}"
    )
}
