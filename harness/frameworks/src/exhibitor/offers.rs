//! Placing servers on offers.

use stacklab_machine::timeline::Refusal;
use stacklab_machine::uuid_v4;

use super::EXECUTOR_CLASS;
use super::scheduler::ExhibitorScheduler;
use super::server::Server;
use crate::base::instance::{State, Task};
use crate::base::{Artifact, Launch, Offer, Range, Resource, Stage, Verdict, enough, web};

impl ExhibitorScheduler {
    /// Gives the offer to the first waiting server that fits.
    pub(super) fn place(&mut self, offer: &Offer, stage: &mut Stage<'_>) -> Verdict {
        let mut refusals = Vec::new();
        for index in 0..self.servers.len() {
            let server = &self.servers[index];
            if server.state != State::Stopped {
                continue;
            }
            match self.fit(server, offer) {
                Ok(port) => return Verdict::Launch(Box::new(self.launch(index, port, offer, stage))),
                Err(reason) => {
                    let instance = format!("server {}", server.id);
                    refusals.push(Refusal { reason: format!("{instance}: {reason}"), instance });
                }
            }
        }
        if refusals.is_empty() {
            Verdict::decline("all servers are running")
        } else {
            Verdict::Decline(refusals)
        }
    }

    /// The UI port on which the server could run, or why it cannot.
    fn fit(&self, server: &Server, offer: &Offer) -> Result<u32, String> {
        let port = suitable_port(&server.config.ports, offer).ok_or("no suitable port")?;
        enough("cpus", server.config.cpu, offer)?;
        enough("mem", server.config.mem, offer)?;
        let rejection =
            server.constraints.rejection(|name| offer.attribute(name), |name| self.peer_values(name));
        rejection.map_or(Ok(port), Err)
    }

    /// What the servers with a task have for an attribute.
    fn peer_values(&self, name: &str) -> Vec<String> {
        let value = |server: &Server| {
            let task = server.task.as_ref()?;
            if name == "hostname" {
                return Some(server.config.hostname.clone());
            }
            task.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        self.servers.iter().filter_map(value).collect()
    }

    fn launch(&mut self, index: usize, port: u32, offer: &Offer, stage: &mut Stage<'_>) -> Launch {
        let artifacts = self.artifacts(index, &stage.setup.api.url);
        let server = &mut self.servers[index];
        let id = server.id.clone();
        let task = Task {
            id: format!("exhibitor-{id}-{}", uuid_v4(&mut stage.context.rng)),
            agent: offer.agent.clone(),
            executor: id.clone(),
            attributes: offer.attributes.clone(),
        };
        server.config.hostname.clone_from(&offer.host);
        server.config.exhibitor.insert("port".into(), port.to_string());
        let debug = if stage.setup.debug { " -Ddebug" } else { "" };
        let launch = Launch {
            task_id: task.id.clone(),
            task_name: format!("exhibitor-{id}"),
            executor_id: id.clone(),
            executor_name: format!("exhibitor-{id}"),
            command: format!(
                "$(find jdk* -maxdepth 0 -type d)/bin/java -cp {}{debug} {EXECUTOR_CLASS}",
                self.files.jar
            ),
            artifacts,
            env: Vec::new(),
            resources: vec![
                Resource::scalar("cpus", server.config.cpu),
                Resource::scalar("mem", server.config.mem),
                Resource::port(port),
            ],
            data: web::compact(&server.config).into_bytes(),
        };
        server.task = Some(task);
        server.state = State::Staging;
        stage.changed();
        stage.state(|| format!("server {id}"), State::Stopped.name(), State::Staging.name());
        launch
    }

    fn artifacts(&self, index: usize, api: &str) -> Vec<Artifact> {
        let file =
            |kind: &str, name: &str, extract| Artifact { uri: format!("{api}/{kind}/{name}"), extract };
        let files = &self.files;
        let mut artifacts = vec![
            file("exhibitor", &files.exhibitor, false),
            file("zookeeper", &files.zookeeper, true),
            file("jdk", &files.jdk, true),
            file("jar", &files.jar, false),
        ];
        for kind in ["s3credentials", "defaultconfig"] {
            if let Some(name) = self.servers[index].config.exhibitor.get(kind) {
                artifacts.push(file(kind, name, false));
            }
        }
        artifacts
    }
}

/// The first start of an overlap with the offered ranges, lowest first, or the lowest offered port.
fn suitable_port(wanted: &[Range], offer: &Offer) -> Option<u32> {
    let mut offered = offer.ports();
    offered.sort();
    if wanted.is_empty() {
        return offered.first().map(|range| range.start);
    }
    let overlap =
        |range: &Range| wanted.iter().find_map(|wanted| range.overlap(*wanted)).map(|overlap| overlap.start);
    offered.iter().find_map(overlap)
}
