//! Placing instances on offers.

use stacklab_machine::timeline::Refusal;
use stacklab_machine::uuid_v4;

use super::EXECUTOR_CLASS;
use super::component::Component;
use super::instance::Instance;
use super::scheduler::{DEPS, ZipkinScheduler, change};
use crate::base::instance::{State, Task};
use crate::base::{Artifact, Launch, Offer, Range, Resource, Stage, Verdict, enough, web};

impl ZipkinScheduler {
    /// Gives the offer to collectors, queries and webs in turn, until one takes it.
    pub(super) fn place(&mut self, offer: &Offer, stage: &mut Stage<'_>) -> Verdict {
        let mut refusals = Vec::new();
        for component in Component::ALL {
            let before = refusals.len();
            for index in 0..self.list(component).len() {
                let instance = &self.list(component)[index];
                if instance.state != State::Stopped {
                    continue;
                }
                match self.fit(component, instance, offer, stage) {
                    Ok(ports) => {
                        return Verdict::Launch(Box::new(self.launch(component, index, ports, offer, stage)));
                    }
                    Err(reason) => {
                        let instance = format!("{} instance {}", component.name(), instance.id);
                        refusals.push(Refusal { reason: format!("{instance}: {reason}"), instance });
                    }
                }
            }
            if refusals.len() == before {
                let reason = format!("all {} instances are running", component.name());
                refusals.push(Refusal { instance: String::new(), reason });
            }
        }
        Verdict::Decline(refusals)
    }

    /// Main and second port on which the instance could run, or why it cannot.
    fn fit(
        &self,
        component: Component,
        instance: &Instance,
        offer: &Offer,
        stage: &Stage<'_>,
    ) -> Result<(u32, u32), String> {
        let sticky = instance.stickiness.as_ref().filter(|stickiness| stickiness.holds(stage.now));
        if let Some(host) = sticky.and_then(|stickiness| stickiness.host.as_ref())
            && *host != offer.host
        {
            return Err(format!("{} != stickiness host: Some({host})", offer.host));
        }
        let last = sticky.and_then(|stickiness| stickiness.port);
        let ports = two_ports(offer.ports(), instance, last).ok_or("no suitable port")?;
        enough("cpus", instance.config.cpu, offer)?;
        enough("mem", instance.config.mem, offer)?;
        let rejection = instance
            .constraints
            .rejection(|name| offer.attribute(name), |name| self.peer_values(component, name));
        rejection.map_or(Ok(ports), Err)
    }

    /// What the instances with a task have for an attribute: the original mixes the two up, and gives host names for
    /// everything but `hostname`, for which it looks among the attributes.
    fn peer_values(&self, component: Component, name: &str) -> Vec<String> {
        let value = |instance: &Instance| {
            let task = instance.task.as_ref()?;
            if name != "hostname" {
                return Some(instance.config.hostname.clone());
            }
            task.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        };
        self.list(component).iter().filter_map(value).collect()
    }

    fn launch(
        &mut self,
        component: Component,
        index: usize,
        (port, admin): (u32, u32),
        offer: &Offer,
        stage: &mut Stage<'_>,
    ) -> Launch {
        let artifacts = self.artifacts(&stage.setup.api.url);
        let command = self.command(stage.setup.debug);
        let instance = &mut self.list_mut(component)[index];
        let name = format!("zipkin-{}-{}", component.name(), instance.id);
        let task = Task {
            id: format!("{name}-{}", uuid_v4(&mut stage.context.rng)),
            agent: offer.agent.clone(),
            executor: format!("{}-{}", component.name(), instance.id),
            attributes: offer.attributes.clone(),
        };
        instance.config.hostname.clone_from(&offer.host);
        write_ports(component, instance, port, admin);
        let launch = Launch {
            task_id: task.id.clone(),
            task_name: name.clone(),
            executor_id: task.executor.clone(),
            executor_name: name,
            command,
            artifacts,
            env: Vec::new(),
            resources: vec![
                Resource::scalar("cpus", instance.config.cpu),
                Resource::scalar("mem", instance.config.mem),
                Resource::port(port),
                Resource::port(admin),
            ],
            data: web::compact(&instance.config).into_bytes(),
        };
        instance.task = Some(task);
        change(component, instance, State::Staging, stage);
        launch
    }

    fn command(&self, debug: bool) -> String {
        let debug = if debug { " -Ddebug" } else { "" };
        let traces = if self.gen_traces { " -DgenTraces" } else { "" };
        format!("java -cp {}{debug}{traces} {EXECUTOR_CLASS}", self.files.jar)
    }

    /// Every executor fetches everything.
    fn artifacts(&self, api: &str) -> Vec<Artifact> {
        let files = &self.files;
        let file =
            |kind: &str, name: &str, extract| Artifact { uri: format!("{api}/{kind}/{name}"), extract };
        let mut artifacts = vec![
            file("jar", &files.jar, false),
            file("collector", &files.collector, false),
            file("query", &files.query, false),
            file("web", &files.web, false),
            file("web-resources", &files.resources, true),
        ];
        artifacts.extend(files.collector_scripts.iter().map(|name| file("collector-conf", name, false)));
        artifacts.extend(files.query_scripts.iter().map(|name| file("query-conf", name, false)));
        artifacts
    }

    /// The file that a path of the HTTP server stands for; `None` if it is no file's path.
    pub(super) fn file(&self, path: &str) -> Option<Option<String>> {
        let (kind, name) = path.strip_prefix('/')?.split_once('/')?;
        let files = &self.files;
        let script =
            |known: &[String]| known.iter().any(|script| script == name).then(|| format!("{DEPS}/{name}"));
        Some(match kind {
            "jar" => Some(files.jar.clone()),
            "collector" => Some(files.collector.clone()),
            "query" => Some(files.query.clone()),
            "web" => Some(files.web.clone()),
            "web-resources" => Some(format!("{DEPS}/{}", files.resources)),
            "collector-conf" => script(&files.collector_scripts),
            "query-conf" => script(&files.query_scripts),
            _ => return None,
        })
    }
}

/// Ports go into the environment or the flags, and stay there after a stop.
fn write_ports(component: Component, instance: &mut Instance, port: u32, admin: u32) {
    let config = &mut instance.config;
    match component {
        Component::Collector | Component::Query => {
            let prefix = component.name().to_ascii_uppercase();
            config.env.insert(&format!("{prefix}_PORT"), Some(port.to_string()));
            config.env.insert(&format!("{prefix}_ADMIN_PORT"), Some(admin.to_string()));
        }
        Component::Web => {
            config.flags.insert("zipkin.web.port", Some(format!(":{port}")));
            config.flags.insert("admin.port", Some(format!(":{admin}")));
            config.flags.insert("zipkin.web.resourcesRoot", Some("resources".into()));
        }
    }
}

/// Two different ports out of an offer.
fn two_ports(mut offered: Vec<Range>, instance: &Instance, last: Option<u32>) -> Option<(u32, u32)> {
    offered.sort();
    let wanted = &instance.config.ports;
    let again = last.filter(|port| {
        offered.iter().any(|range| range.contains(*port))
            && (wanted.is_empty() || wanted.iter().any(|range| range.contains(*port)))
    });
    let main = again.or_else(|| first_port(&offered, wanted))?;
    let second = first_port(&without(&offered, main), &instance.config.admin_ports)?;
    Some((main, second))
}

fn first_port(offered: &[Range], wanted: &[Range]) -> Option<u32> {
    if wanted.is_empty() {
        return offered.first().map(|range| range.start);
    }
    let overlap = |range: &Range| wanted.iter().find_map(|wanted| range.overlap(*wanted));
    offered.iter().find_map(overlap).map(|overlap| overlap.start)
}

/// What the original takes to be left. Of a range with the port in its middle it keeps the part below only, so that an
/// `adminPort` above `port` in the same range is never found.
fn without(offered: &[Range], port: u32) -> Vec<Range> {
    let mut left = Vec::with_capacity(offered.len());
    for range in offered {
        if !range.contains(port) {
            left.push(*range);
        } else if range.start == port {
            left.extend(Range::new(port + 1, range.end));
        } else {
            left.extend(Range::new(range.start, port - 1));
        }
    }
    left
}
