//! From a queued app and an offer to a task: matching, ports, environment, command.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use stacklab_machine::{Rng, Time};
use stacklab_mesos::resources::Resource;
use stacklab_mesos::v1::{CommandInfo, TaskInfo, Uri};
use stacklab_mesos::{Offer, Ranges, Resources, TaskId};

use crate::app::{App, Stored, fits};
use crate::task::{Task, agent_value};

/// What is left of an offer.
pub(crate) struct Room<'o> {
    pub(crate) offer: &'o Offer,
    cpus: f64,
    mem: f64,
    disk: f64,
    ports: Ranges,
}

impl<'o> Room<'o> {
    /// All of an offer that role `*` may use.
    pub(crate) fn new(offer: &'o Offer) -> Self {
        let usable = offer.resources.usable_by("*");
        Self { offer, cpus: usable.cpus(), mem: usable.mem(), disk: usable.disk(), ports: usable.ports() }
    }

    /// Takes what one more task of the app needs, and returns its ports.
    ///
    /// # Errors
    /// It does not fit: the reason, by Marathon's name for it, with the numbers.
    pub(crate) fn take(&mut self, app: &App, tasks: &[&Task], rng: &mut Rng) -> Result<Vec<u16>, String> {
        self.check_constraints(app, tasks)?;
        for (reason, wanted, left, unit) in [
            ("InsufficientCpus", app.cpus, self.cpus, ""),
            ("InsufficientMemory", app.mem, self.mem, " MB"),
            ("InsufficientDisk", app.disk, self.disk, " MB"),
        ] {
            // Mesos counts in thousandths: what differs by less is equal.
            if wanted > left + 0.0005 {
                return Err(format!("{reason}: wants {wanted}{unit}, offered {left}{unit}"));
            }
        }
        let ports = self.choose_ports(app, rng)?;
        self.cpus -= app.cpus;
        self.mem -= app.mem;
        self.disk -= app.disk;
        self.ports.subtract(&port_ranges(&ports));
        Ok(ports)
    }

    fn check_constraints(&self, app: &App, tasks: &[&Task]) -> Result<(), String> {
        for constraint in &app.constraints {
            let value = agent_value(&constraint.field, &self.offer.hostname, &self.offer.attributes);
            let others: Vec<_> = tasks.iter().filter_map(|task| task.value_of(&constraint.field)).collect();
            if !fits(constraint, value.as_deref(), &others) {
                let (words, value) =
                    (constraint.words().join(" "), value.unwrap_or_else(|| "nothing".into()));
                return Err(format!("UnfulfilledConstraint: {words}, offered {value}"));
            }
        }
        Ok(())
    }

    /// The listed ports if they are required; else consecutive ones of those on offer, from a random one on.
    fn choose_ports(&self, app: &App, rng: &mut Rng) -> Result<Vec<u16>, String> {
        if app.require_ports {
            let missing: Vec<_> =
                app.ports.iter().filter(|port| !self.ports.contains_value(u64::from(**port))).collect();
            return match missing.first() {
                Some(port) => Err(format!("InsufficientPorts: wants {port}, offered {}", self.ports)),
                None => Ok(app.ports.clone()),
            };
        }
        let (wanted, count) = (app.ports.len(), self.ports.count());
        if count < wanted as u64 {
            return Err(format!("InsufficientPorts: wants {wanted} ports, offered {count}"));
        }
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let first = rng.below(count);
        let ports = (0..wanted as u64).filter_map(|index| nth(&self.ports, (first + index) % count));
        Ok(ports.filter_map(|port| u16::try_from(port).ok()).collect())
    }
}

fn nth(ranges: &Ranges, mut index: u64) -> Option<u64> {
    for (begin, end) in ranges.pairs() {
        let size = end - begin + 1;
        if index < size {
            return Some(begin + index);
        }
        index -= size;
    }
    None
}

fn port_ranges(ports: &[u16]) -> Ranges {
    Ranges::new(ports.iter().map(|port| (u64::from(*port), u64::from(*port))))
}

/// The task for Mesos.
pub(crate) fn task_info(stored: &Stored, id: &TaskId, offer: &Offer, ports: &[u16]) -> TaskInfo {
    let app = &stored.app;
    let mut resources: Resources = [("cpus", app.cpus), ("mem", app.mem), ("disk", app.disk)]
        .map(|(name, value)| Resource::scalar(name, value))
        .into_iter()
        .collect();
    if !ports.is_empty() {
        resources.add_resource(&Resource::ranges("ports", port_ranges(ports).pairs().iter().copied()));
    }
    let mut command = match (&app.cmd, app.args.as_deref()) {
        (Some(cmd), _) => CommandInfo::shell(cmd),
        (None, args) => {
            let args = args.unwrap_or_default();
            let mut command = CommandInfo::shell("");
            (command.shell, command.value, command.arguments) = (false, args.first().cloned(), args.to_vec());
            command
        }
    };
    command = command.with_environment(environment(stored, id, &offer.hostname, ports));
    command.uris = app.fetch.iter().filter_map(uri).collect();
    command.user.clone_from(&app.user);
    let mut info = TaskInfo::new(id.clone(), &app.task_name(), offer.agent_id.clone(), resources);
    info.command = Some(command);
    info.container = app.container.as_ref().map(container);
    info
}

fn uri(entry: &Value) -> Option<Uri> {
    let mut uri = Uri::new(entry.get("uri")?.as_str()?);
    let is_set = |key: &str| entry.get(key).and_then(Value::as_bool);
    (uri.extract, uri.executable, uri.cache) = (is_set("extract"), is_set("executable"), is_set("cache"));
    Some(uri)
}

/// Marathon's container in Mesos' spelling: keys in snake case.
fn container(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let renamed = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                renamed.map(|(key, value)| (snake_case(key), container(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(container).collect()),
        other => other.clone(),
    }
}

fn snake_case(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// What a task finds in its environment; the app's own variables override the rest.
pub(crate) fn environment(
    stored: &Stored,
    id: &TaskId,
    host: &str,
    ports: &[u16],
) -> BTreeMap<String, String> {
    let app = &stored.app;
    let mut env = BTreeMap::new();
    let mut put = |name: &str, value: String| {
        env.insert(name.to_owned(), value);
    };
    put("MESOS_TASK_ID", id.to_string());
    put("MARATHON_APP_ID", app.id.clone());
    put("MARATHON_APP_VERSION", stored.version.iso8601());
    if let Some(image) = app.container.as_ref().and_then(|container| container.pointer("/docker/image")) {
        put("MARATHON_APP_DOCKER_IMAGE", image.as_str().unwrap_or_default().to_owned());
    }
    // Printed as Scala prints a Double: always with a fraction.
    put("MARATHON_APP_RESOURCE_CPUS", format!("{:?}", app.cpus));
    put("MARATHON_APP_RESOURCE_MEM", format!("{:?}", app.mem));
    put("MARATHON_APP_RESOURCE_DISK", format!("{:?}", app.disk));
    let labels: Vec<_> =
        app.labels.iter().filter(|(name, value)| name.len() + value.len() <= MAX_LABEL).collect();
    let names: Vec<_> = labels.iter().map(|(name, _)| variable_name(name)).collect();
    put("MARATHON_APP_LABELS", names.join(" "));
    for (name, (_, value)) in names.iter().zip(labels) {
        put(&format!("MARATHON_APP_LABEL_{name}"), value.clone());
    }
    put("HOST", host.to_owned());
    for (index, port) in ports.iter().enumerate() {
        put(&format!("PORT{index}"), port.to_string());
        if let Some(declared) = app.ports.get(index).filter(|declared| **declared != 0) {
            put(&format!("PORT_{declared}"), port.to_string());
        }
    }
    if let Some(first) = ports.first() {
        put("PORT", first.to_string());
        put("PORTS", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(","));
    }
    env.extend(app.env.iter().map(|(name, value)| (name.clone(), value.clone())));
    env
}

/// Labels longer than this, name and value together, are not handed to tasks.
const MAX_LABEL: usize = 512;

fn variable_name(label: &str) -> String {
    label
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

/// A task as it is right after its launch.
pub(crate) fn task(stored: &Stored, id: TaskId, offer: &Offer, ports: Vec<u16>, now: Time) -> Task {
    Task {
        id,
        app: stored.app.id.clone(),
        version: stored.version,
        agent_id: offer.agent_id.clone(),
        host: offer.hostname.clone(),
        attributes: offer.attributes.clone(),
        ports,
        staged_at: now,
        started_at: None,
        kill_again_at: None,
        checks: Vec::new(),
        ip: None,
    }
}
