//! The task of a node: ids, command, artifacts, resources and data (0.2.0.0).

use super::cluster::Nodes;
use super::node::Runtime;
use super::ports::Reservation;
use crate::base::{Artifact, Launch, Offer, Stage, web};

/// What the scheduler found in its directory and was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Distribution {
    /// Its own jar.
    pub(super) jar: String,
    /// The DSE archive.
    pub(super) dse: Option<String>,
    /// The Cassandra archive; if there is one, executors get it and not DSE.
    pub(super) cassandra: Option<String>,
    /// `--jre`.
    pub(super) jre: Option<String>,
}

/// Makes the launch of a node on an offer, and remembers its place. A node in a cluster without placed
/// seeds becomes one.
pub(super) fn launch(
    nodes: &mut Nodes,
    id: &str,
    offer: &Offer,
    reservation: Reservation,
    distribution: &Distribution,
    stage: &mut Stage<'_>,
) -> Option<Launch> {
    let cluster = nodes.node(id)?.cluster.clone();
    let seeds = nodes.seeds(&cluster);
    let node = nodes.node_mut(id)?;
    if seeds.is_empty() {
        stage.log(|| {
            format!("No seed nodes available in cluster {cluster}. Forcing seed==true for node {id}")
        });
        node.seed = true;
    }
    let unique = format!("cassandra-{id}-{}", stage.now.as_millis());
    let resources = reservation.resources();
    node.runtime = Some(Runtime {
        task_id: unique.clone(),
        executor_id: unique.clone(),
        slave_id: offer.agent.clone(),
        hostname: offer.host.clone(),
        address: None,
        seeds,
        attributes: offer.attributes.iter().cloned().collect(),
        reservation,
    });
    let command = command(node.jvm_options.as_deref(), distribution, stage.setup.debug);
    let name = format!("cassandra-{id}");
    let data = nodes.node(id).map(|node| web::spaced(&nodes.show(node))).unwrap_or_default();
    Some(Launch {
        task_id: unique.clone(),
        task_name: name.clone(),
        executor_id: unique,
        executor_name: name,
        command,
        artifacts: artifacts(distribution, &stage.setup.api.url),
        env: Vec::new(),
        resources,
        data: data.into_bytes(),
    })
}

fn command(jvm_options: Option<&str>, distribution: &Distribution, debug: bool) -> String {
    let java = if distribution.jre.is_some() { "$(find jre* -maxdepth 0 -type d)/bin/java" } else { "java" };
    let mut command = format!("{java} -cp {}", distribution.jar);
    if let Some(options) = jvm_options {
        command.push(' ');
        command.push_str(options);
    }
    if debug {
        command.push_str(" -Ddebug");
    }
    command.push(' ');
    command.push_str(super::EXECUTOR_CLASS);
    command
}

fn artifacts(distribution: &Distribution, api: &str) -> Vec<Artifact> {
    let archive = match (&distribution.cassandra, &distribution.dse) {
        (Some(cassandra), _) => Some(("cassandra", cassandra)),
        (None, dse) => dse.as_ref().map(|dse| ("dse", dse)),
    };
    let jre = distribution.jre.as_ref().map(|jre| ("jre", jre));
    let uri = |path: &str, name: &str| format!("{api}/{path}/{name}");
    let unpacked = archive.into_iter().chain(jre);
    let mut artifacts: Vec<Artifact> =
        unpacked.map(|(path, name)| Artifact { uri: uri(path, name), extract: true }).collect();
    artifacts.push(Artifact { uri: uri("jar", &distribution.jar), extract: false });
    artifacts
}
