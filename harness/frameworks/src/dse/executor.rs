//! The executor (0.2.0.0): runs one Cassandra node and tells when it is in the ring.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::Time;
use stacklab_machine::service::{CassandraSpec, ServiceEvent, ServiceSpec};
use stacklab_mesos::TaskInfo;

use super::cluster::Ring;
use super::node::Node;
use super::ports::Port;
use crate::base::{Hands, TaskState, Work};

/// How often the original asks the node over JMX.
const POLL: Duration = Duration::from_secs(5);

/// A node's process, for [`Executor`](crate::base::Executor).
#[derive(Debug, Default)]
pub struct NodeWork {
    process: Option<Process>,
}

#[derive(Debug)]
struct Process {
    task_id: String,
    address: String,
    /// The first poll, right after the start.
    polled_first: Time,
    poll: Duration,
    /// When the next poll will find something: the node in the ring, or the wish to stop.
    due: Option<Time>,
    ready: bool,
    told: bool,
    stopped: bool,
    /// Exit code, once it is over.
    code: Option<i32>,
}

impl Process {
    /// The first poll at or after a moment.
    fn next_poll(&self, now: Time) -> Time {
        let step = self.poll.as_micros().max(1);
        let polls = now.since(self.polled_first).as_micros().div_ceil(step).max(1);
        let wait = u64::try_from(polls.saturating_mul(step)).unwrap_or(u64::MAX);
        self.polled_first + Duration::from_micros(wait)
    }

    fn wants_end(&self) -> Option<i32> {
        self.code.filter(|_| self.told)
    }
}

/// Why a task fails before there is a process, as Java prints it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Unfit {
    #[error("java.lang.IllegalArgumentException: Failed to parse json: {0}")]
    Data(String),
    #[error("java.lang.IllegalStateException: Failed to resolve address {0} or allocate port {1}")]
    Address(String, u32),
}

impl NodeWork {
    /// Nothing runs yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn stop(&mut self, hands: &mut Hands<'_>) {
        let Some(process) = self.process.as_mut().filter(|process| !process.stopped) else { return };
        hands.log(|| "Stopping Cassandra process".to_owned());
        process.stopped = true;
        if process.code.is_none() {
            hands.stop_service();
        }
        if !process.told {
            process.due = Some(process.next_poll(hands.now));
        }
    }

    fn end(&mut self, code: i32, hands: &mut Hands<'_>) {
        let Some(process) = self.process.take() else { return };
        let clean = matches!(code, 0 | 143) && process.stopped;
        let (state, message) = if clean {
            (TaskState::Finished, String::new())
        } else {
            (TaskState::Failed, format!("exitCode={code}"))
        };
        hands.status(&process.task_id, state, &message, None);
        hands.exit(0);
    }
}

/// Reads the task's data: the service to start.
fn spec(data: &[u8], host: &str) -> Result<CassandraSpec, Unfit> {
    let unfit = || Unfit::Data(String::from_utf8_lossy(data).into_owned());
    let json: serde_json::Value = serde_json::from_slice(data).map_err(|_| unfit())?;
    let node = Node::from_json(&json, true).map_err(|_| unfit())?;
    let ring = Ring::from_json(&json["cluster"]).map_err(|_| unfit())?;
    let runtime = node.runtime.as_ref().ok_or_else(unfit)?;
    let port = |port: Port| runtime.reservation.ports.get(&port).and_then(|port| u16::try_from(*port).ok());
    let storage_port = port(Port::Storage).ok_or_else(unfit)?;
    let address = match &ring.bind_address {
        None => host.to_owned(),
        Some(list) => {
            resolve(list, host).ok_or_else(|| Unfit::Address(list.clone(), u32::from(storage_port)))?
        }
    };
    Ok(CassandraSpec {
        cluster_name: ring.id,
        cql_port: port(Port::Cql).ok_or_else(unfit)?,
        storage_port,
        jmx_port: port(Port::Jmx).ok_or_else(unfit)?,
        thrift_port: port(Port::Thrift).ok_or_else(unfit)?,
        seeds: if runtime.seeds.is_empty() { vec![address.clone()] } else { runtime.seeds.clone() },
        address,
        yaml: yaml(&node),
        dc: node.dc,
        rack: node.rack,
    })
}

/// The node's own additions, over the directories that were given.
fn yaml(node: &Node) -> BTreeMap<String, String> {
    let directories = [
        ("data_file_directories", &node.data_file_dirs),
        ("commitlog_directory", &node.commit_log_dir),
        ("saved_caches_directory", &node.saved_caches_dir),
    ];
    let mut yaml: BTreeMap<String, String> =
        directories.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))).collect();
    yaml.extend(node.yaml.iter().map(|(key, value)| (key.to_owned(), value.unwrap_or("null").to_owned())));
    yaml
}

/// The first entry of a list of hosts, masks and interfaces that is an address of this host. A host of the
/// lab has one address, so every interface has it; a name is taken as it is.
fn resolve(list: &str, host: &str) -> Option<String> {
    list.split(',').find_map(|entry| match (entry.strip_suffix('*'), entry.starts_with("if:")) {
        (_, true) => Some(host.to_owned()),
        (Some(prefix), false) => host.starts_with(prefix).then(|| host.to_owned()),
        (None, false) => Some(entry.to_owned()),
    })
}

impl Work for NodeWork {
    fn launch(&mut self, task: &TaskInfo, hands: &mut Hands<'_>) {
        let id = task.task_id.as_str();
        hands.log(|| format!("[launchTask] {id}"));
        let is_directory = |name: &&String| name.contains('/');
        let mut directories = hands.context.files.iter().filter(is_directory);
        if !directories.any(|name| name.starts_with("apache-cassandra") || name.starts_with("dse")) {
            hands.log(|| {
                "java.lang.IllegalStateException: Either cassandra or dse dir should exist".to_owned()
            });
            return hands.exit(1);
        }
        hands.status(id, TaskState::Starting, "", None);
        match spec(task.data.as_deref().unwrap_or_default(), &hands.context.host) {
            Err(unfit) => {
                hands.status(id, TaskState::Failed, &unfit.to_string(), None);
                hands.exit(0);
            }
            Ok(spec) => {
                hands.log(|| "Starting Cassandra process".to_owned());
                self.process = Some(Process {
                    task_id: id.to_owned(),
                    address: spec.address.clone(),
                    polled_first: hands.now,
                    poll: hands.context.pace.wait(POLL),
                    due: None,
                    ready: false,
                    told: false,
                    stopped: false,
                    code: None,
                });
                hands.start_service(ServiceSpec::Cassandra(spec));
            }
        }
    }

    fn kill(&mut self, task_id: &str, hands: &mut Hands<'_>) {
        hands.log(|| format!("[killTask] {task_id}"));
        self.stop(hands);
    }

    fn shutdown(&mut self, hands: &mut Hands<'_>) {
        hands.log(|| "[shutdown]".to_owned());
        if self.process.is_some() { self.stop(hands) } else { hands.exit(0) }
    }

    fn message(&mut self, data: &[u8], hands: &mut Hands<'_>) {
        hands.log(|| format!("[frameworkMessage] {}", String::from_utf8_lossy(data)));
    }

    fn service(&mut self, event: ServiceEvent, hands: &mut Hands<'_>) {
        let Some(process) = &mut self.process else { return };
        match event {
            ServiceEvent::Started => {}
            ServiceEvent::Log(line) => hands.log(|| line),
            ServiceEvent::Ready => {
                process.ready = true;
                if !process.told && process.due.is_none() {
                    process.due = Some(process.next_poll(hands.now));
                }
            }
            ServiceEvent::Exited { code, message } => {
                hands.log(|| format!("Cassandra process ended with exit code {code}: {message}"));
                process.code = Some(code);
                match process.wants_end() {
                    Some(code) => self.end(code, hands),
                    // The loop that polls knows nothing of the process: without a kill it polls for ever.
                    None if !process.stopped => process.due = None,
                    None => {}
                }
            }
        }
    }

    fn wake_at(&self) -> Option<Time> {
        self.process.as_ref()?.due
    }

    /// A poll that ends the loop. RUNNING is sent even if it was a kill that ended it, as in the original.
    fn wake(&mut self, hands: &mut Hands<'_>) {
        let Some(process) = &mut self.process else { return };
        if process.due.is_none_or(|due| due > hands.now) {
            return;
        }
        process.due = None;
        process.told = true;
        if process.ready && !process.stopped {
            hands.log(|| "Node jumped to normal state".to_owned());
        }
        let data = process.address.clone().into_bytes();
        hands.status(&process.task_id, TaskState::Running, "", Some(data));
        if let Some(code) = process.wants_end() {
            self.end(code, hands);
        }
    }
}
