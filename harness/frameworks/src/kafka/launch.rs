//! The task of a broker: ids, command, artifacts, resources and data (0.9.2.0).

use stacklab_machine::uuid_v4;

use super::broker::{Broker, Task, TaskState};
use super::offers::Reservation;
use crate::base::{Artifact, Launch, Offer, Stage, TextMap, web};

/// What the scheduler found in its directory and was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Distribution {
    /// `--zk`, with its chroot.
    pub(super) zk: String,
    /// Its own jar.
    pub(super) jar: String,
    /// The Kafka archive.
    pub(super) kafka: String,
    /// `--jre`.
    pub(super) jre: Option<String>,
}

/// Makes the launch of a broker on an offer, and remembers its task in the broker.
pub(super) fn launch(
    broker: &mut Broker,
    offer: &Offer,
    reservation: &Reservation<'_>,
    distribution: &Distribution,
    stage: &mut Stage<'_>,
) -> Launch {
    let id = &broker.id;
    let mut new_id = || format!("broker-{id}-{}", uuid_v4(&mut stage.context.rng));
    let (task_id, executor_id) = (new_id(), new_id());
    let data = task_data(broker, offer, reservation, distribution).to_string().into_bytes();
    let name = format!("broker-{id}");
    let launch = Launch {
        task_id: task_id.clone(),
        task_name: name.clone(),
        executor_id: executor_id.clone(),
        executor_name: name,
        command: command(broker, distribution, stage.setup.debug),
        artifacts: artifacts(distribution, &stage.setup.api.url),
        env: Vec::new(),
        resources: reservation.resources(),
        data,
    };
    broker.task = Some(Task {
        id: task_id,
        slave_id: offer.agent.clone(),
        executor_id,
        hostname: offer.host.clone(),
        endpoint: None,
        attributes: offer.attributes.iter().cloned().collect(),
        state: TaskState::Starting,
    });
    launch
}

fn command(broker: &Broker, distribution: &Distribution, debug: bool) -> String {
    let mut command = format!("java -cp {} -Xmx{}m", distribution.jar, broker.heap);
    if let Some(options) = &broker.jvm_options {
        command.push(' ');
        command.push_str(options);
    }
    if debug {
        command.push_str(" -Ddebug");
    }
    command.push(' ');
    command.push_str(super::EXECUTOR_CLASS);
    if distribution.jre.is_some() { format!("jre/bin/{command}") } else { command }
}

fn artifacts(distribution: &Distribution, api: &str) -> Vec<Artifact> {
    let jre = distribution.jre.as_deref().map(|jre| ("jre", jre));
    let own = [("jar", distribution.jar.as_str()), ("kafka", distribution.kafka.as_str())];
    let uri = |(path, name): (&str, &str)| Artifact { uri: format!("{api}/{path}/{name}"), extract: true };
    jre.into_iter().chain(own).map(uri).collect()
}

fn task_data(
    broker: &Broker,
    offer: &Offer,
    reservation: &Reservation<'_>,
    distribution: &Distribution,
) -> TextMap {
    let port = reservation.port().unwrap_or_default().to_string();
    let mut defaults = TextMap::default();
    for (key, value) in [
        ("broker.id", broker.id.as_str()),
        ("port", &port),
        ("log.dirs", "kafka-logs"),
        ("log.retention.bytes", "10737418240"),
        ("zookeeper.connect", &distribution.zk),
        ("host.name", &offer.host),
    ] {
        defaults.insert(key, Some(value.to_owned()));
    }
    let mut data = TextMap::default();
    data.insert("broker", Some(web::spaced(broker)));
    data.insert("defaults", Some(defaults.to_string()));
    data
}
