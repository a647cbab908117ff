//! The executor (0.9.2.0): one broker in its own process.

use std::collections::BTreeMap;

use stacklab_machine::service::{KafkaSpec, ServiceEvent, ServiceSpec};
use stacklab_mesos::TaskInfo;

use super::broker::Broker;
use crate::base::{Hands, TaskState, TextMap, Work};

/// `config/server.properties` of the Kafka 0.8.2.2 archive, which everything else is laid over.
const SERVER_PROPERTIES: [(&str, &str); 16] = [
    ("broker.id", "0"),
    ("port", "9092"),
    ("num.network.threads", "3"),
    ("num.io.threads", "8"),
    ("socket.send.buffer.bytes", "102400"),
    ("socket.receive.buffer.bytes", "102400"),
    ("socket.request.max.bytes", "104857600"),
    ("log.dirs", "/tmp/kafka-logs"),
    ("num.partitions", "1"),
    ("num.recovery.threads.per.data.dir", "1"),
    ("log.retention.hours", "168"),
    ("log.segment.bytes", "1073741824"),
    ("log.retention.check.interval.ms", "300000"),
    ("log.cleaner.enable", "false"),
    ("zookeeper.connect", "localhost:2181"),
    ("zookeeper.connection.timeout.ms", "6000"),
];

/// A broker's process, for [`Executor`](crate::base::Executor).
#[derive(Debug, Default)]
pub struct BrokerWork {
    broker: Option<Running>,
}

#[derive(Debug)]
struct Running {
    task_id: String,
    endpoint: String,
    ready: bool,
    stopping: bool,
}

/// Why a task fails before Kafka starts, as Java prints it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Unfit {
    #[error("java.lang.IllegalArgumentException: Failed to parse json: {0}")]
    Data(String),
    #[error("java.lang.IllegalStateException: Kafka distribution dir not found")]
    NoKafka,
    #[error("java.lang.IllegalStateException: Failed to resolve {0}")]
    Address(String),
}

impl BrokerWork {
    /// Nothing runs yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn stop(&mut self, hands: &mut Hands<'_>) {
        match &mut self.broker {
            None => hands.exit(0),
            Some(running) if running.stopping => {}
            Some(running) => {
                running.stopping = true;
                hands.log(|| "Stopping KafkaServer".to_owned());
                hands.stop_service();
            }
        }
    }
}

/// Reads the task's data: the properties of the broker.
fn properties(data: &[u8], host: &str) -> Result<BTreeMap<String, String>, Unfit> {
    let text = String::from_utf8_lossy(data);
    let unfit = || Unfit::Data(text.clone().into_owned());
    let data = TextMap::parse(&text).map_err(|_| unfit())?;
    let json = serde_json::from_str(data.get("broker").ok_or_else(unfit)?).map_err(|_| unfit())?;
    let broker = Broker::from_json(&json).map_err(|_| unfit())?;
    let defaults = TextMap::parse(data.get("defaults").unwrap_or_default()).map_err(|_| unfit())?;
    let mut properties: BTreeMap<String, String> =
        SERVER_PROPERTIES.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut put = |key: &str, value: Option<&str>| match value {
        Some(value) => _ = properties.insert(key.to_owned(), value.replace("$id", &broker.id)),
        None => _ = properties.remove(key),
    };
    for (key, value) in defaults.iter().chain(broker.options.iter()) {
        put(key, value);
    }
    if let Some(address) = &broker.bind_address {
        put("host.name", Some(&resolve(address, host)?));
    }
    Ok(properties)
}

/// A name is taken as it is; a mask has to fit this host's address, and an interface has it, because a host
/// of the lab has one address only.
fn resolve(address: &str, host: &str) -> Result<String, Unfit> {
    match (address.strip_prefix("if:"), address.strip_suffix('*')) {
        (Some(_), _) => Ok(host.to_owned()),
        (None, None) => Ok(address.to_owned()),
        (None, Some(prefix)) if host.starts_with(prefix) => Ok(host.to_owned()),
        (None, Some(_)) => Err(Unfit::Address(address.to_owned())),
    }
}

impl Work for BrokerWork {
    fn launch(&mut self, task: &TaskInfo, hands: &mut Hands<'_>) {
        let id = task.task_id.as_str();
        hands.log(|| format!("[launchTask] {id}"));
        let unpacked = hands.context.files.iter().any(|name| name.starts_with("kafka") && name.contains('/'));
        let properties = properties(task.data.as_deref().unwrap_or_default(), &hands.context.host);
        match properties.and_then(|properties| if unpacked { Ok(properties) } else { Err(Unfit::NoKafka) }) {
            Err(unfit) => {
                hands.status(id, TaskState::Failed, &unfit.to_string(), None);
                hands.exit(0);
            }
            Ok(properties) => {
                let property = |name: &str| properties.get(name).map(String::as_str).unwrap_or_default();
                let endpoint = format!("{}:{}", property("host.name"), property("port"));
                self.broker =
                    Some(Running { task_id: id.to_owned(), endpoint, ready: false, stopping: false });
                hands.log(|| "Starting KafkaServer".to_owned());
                hands.start_service(ServiceSpec::Kafka(KafkaSpec { properties }));
            }
        }
    }

    fn kill(&mut self, task_id: &str, hands: &mut Hands<'_>) {
        hands.log(|| format!("[killTask] {task_id}"));
        self.stop(hands);
    }

    fn shutdown(&mut self, hands: &mut Hands<'_>) {
        hands.log(|| "[shutdown]".to_owned());
        self.stop(hands);
    }

    /// `stop` ends the executor at once: Kafka goes with it, without a clean shutdown.
    fn message(&mut self, data: &[u8], hands: &mut Hands<'_>) {
        hands.log(|| format!("[frameworkMessage] {}", String::from_utf8_lossy(data)));
        if data == b"stop" {
            hands.exit(0);
        }
    }

    fn service(&mut self, event: ServiceEvent, hands: &mut Hands<'_>) {
        let Some(running) = &mut self.broker else { return };
        match event {
            ServiceEvent::Started => {}
            ServiceEvent::Log(line) => hands.log(|| line),
            ServiceEvent::Ready => {
                if !std::mem::replace(&mut running.ready, true) && !running.stopping {
                    let data = running.endpoint.clone().into_bytes();
                    hands.status(&running.task_id, TaskState::Running, "", Some(data));
                }
            }
            ServiceEvent::Exited { code, message } => {
                let clean = running.stopping || (running.ready && code == 0);
                hands.log(|| format!("Kafka ended with exit code {code}: {message}"));
                if clean {
                    hands.status(&running.task_id, TaskState::Finished, "", None);
                    hands.exit(0);
                } else {
                    // Kafka runs in this very process: its end is ours, and it is the agent that tells of it.
                    hands.exit(if code == 0 { 1 } else { code });
                }
                self.broker = None;
            }
        }
    }
}
