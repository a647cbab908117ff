//! From YAML values to a stack: which key is what, and the original's typing errors.
//!
//! Typing errors do not stop the reading: all are reported together, as go-yaml does.

use std::collections::BTreeMap;

use super::scalar::{self, Typed};
use super::yaml::{self, Node, Value};
use super::{Application, Docker, Parsed, PortMapping, Stack, Task, Volume, Warning, Written};
use crate::{Position, StackError};

/// Reads a stack file.
pub(super) fn parse(source: &str) -> Result<Parsed, StackError> {
    let mut reader = Reader::default();
    let stack = match yaml::read(source)? {
        Some(root) => reader.stack(&root),
        None => Stack::default(),
    };
    reader.report(source)?;
    reader.warnings.sort_by_key(|warning| warning.at);
    Ok(Parsed { stack, warnings: reader.warnings, positions: reader.positions })
}

/// Reads a map of applications.
pub(super) fn parse_applications(source: &str) -> Result<BTreeMap<String, Application>, StackError> {
    let mut reader = Reader::default();
    let mut applications = BTreeMap::new();
    if let Some(root) = yaml::read(source)? {
        reader.applications(&root, &mut applications);
    }
    reader.report(source)?;
    Ok(applications)
}

/// Reads a list of names.
pub(super) fn parse_names(source: &str) -> Result<Vec<String>, StackError> {
    let mut reader = Reader::default();
    let names = yaml::read(source)?.map(|root| reader.texts(&root)).unwrap_or_default();
    reader.report(source)?;
    Ok(names)
}

#[derive(Default)]
struct Reader {
    errors: Vec<(Position, String)>,
    warnings: Vec<Warning>,
    positions: BTreeMap<String, Position>,
    /// Keys that lead to where the reader is.
    path: Vec<String>,
    /// Where the key stands whose value is looked at.
    key_at: Position,
}

impl Reader {
    /// The typing errors, all of them.
    fn report(&self, source: &str) -> Result<(), StackError> {
        let Some((first, _)) = self.errors.first() else { return Ok(()) };
        let lines: Vec<_> =
            self.errors.iter().map(|(at, text)| format!("\n  line {}: {text}", at.line)).collect();
        Err(StackError::new(source, *first, format!("yaml: unmarshal errors:{}", lines.concat())))
    }

    fn applications(&mut self, node: &Node, applications: &mut BTreeMap<String, Application>) {
        self.map(node, "map[string]*framework.Application", &mut |reader, key, value| {
            applications.insert(key.to_owned(), reader.application(value));
        });
    }

    fn stack(&mut self, node: &Node) -> Stack {
        let mut stack = Stack::default();
        self.structure(node, "framework.Stack", &mut |reader, key, value| {
            match key {
                "name" => reader.text(value, &mut stack.name),
                "from" => reader.text(value, &mut stack.from),
                "namespace" => reader.text(value, &mut stack.namespace),
                "layer" => reader.int(value, &mut stack.layer),
                "applications" => {
                    reader.applications(value, &mut stack.applications);
                }
                _ => return false,
            }
            true
        });
        stack
    }

    fn application(&mut self, node: &Node) -> Application {
        let mut app = Application::default();
        if is_nil(node) {
            // The original reads it and dies when the stack runs.
            self.error(node.at, "an application without any key".into());
            return app;
        }
        self.structure(node, "framework.Application", &mut |reader, key, value| {
            reader.application_key(&mut app, key, value)
        });
        app
    }

    fn application_key(&mut self, app: &mut Application, key: &str, value: &Node) -> bool {
        match key {
            "type" => self.text(value, &mut app.kind),
            "id" => self.text(value, &mut app.id),
            "version" => self.text(value, &mut app.version),
            "cpu" => self.float(value, &mut app.cpu),
            "mem" => self.float(value, &mut app.mem),
            "ports" => app.ports = self.list(value, "[]int", Self::int),
            "instances" => self.text(value, &mut app.instances),
            "constraints" => {
                app.constraints = self.list(value, "[][]string", |reader, item, words: &mut Vec<String>| {
                    *words = reader.texts(item);
                });
            }
            "user" => self.text(value, &mut app.user),
            "healthcheck" => self.text(value, &mut app.healthcheck),
            "launch_command" => self.text(value, &mut app.launch_command),
            "args" => app.args = self.texts(value),
            "env" => app.env = self.text_map(value),
            "artifact_urls" => app.artifact_urls = self.texts(value),
            "additional_artifacts" => app.additional_artifacts = self.texts(value),
            "scheduler" => app.scheduler = self.text_map(value),
            "tasks" => app.tasks = self.tasks(value),
            "dependencies" => app.dependencies = self.texts(value),
            "docker" => app.docker = self.docker(value),
            "start_time" => self.text(value, &mut app.start_time),
            "time_schedule" => self.text(value, &mut app.time_schedule),
            "before_scheduler" => app.before_scheduler = self.texts(value),
            "after_scheduler" => app.after_scheduler = self.texts(value),
            "before_task" => app.before_task = self.texts(value),
            "after_task" => app.after_task = self.texts(value),
            "after_tasks" => app.after_tasks = self.texts(value),
            // Shown by the original's `show`, so that its output can be added again.
            "rwmutex" => {}
            _ => return false,
        }
        true
    }

    fn docker(&mut self, node: &Node) -> Option<Docker> {
        if is_nil(node) {
            return None;
        }
        let mut docker = Docker::default();
        self.structure(node, "framework.Docker", &mut |reader, key, value| {
            match key {
                "image" => reader.text(value, &mut docker.image),
                "force_pull_image" => reader.boolean(value, &mut docker.force_pull_image),
                "privileged" => reader.boolean(value, &mut docker.privileged),
                "network" => reader.text(value, &mut docker.network),
                "parameters" => docker.parameters = reader.text_map(value),
                "port_mappings" => {
                    docker.port_mappings = reader.list(value, "[]framework.PortMapping", Self::port_mapping);
                }
                "volumes" => docker.volumes = reader.list(value, "[]framework.Volume", Self::volume),
                _ => return false,
            }
            true
        });
        Some(docker)
    }

    fn port_mapping(&mut self, node: &Node, mapping: &mut PortMapping) {
        self.structure(node, "framework.PortMapping", &mut |reader, key, value| {
            match key {
                "container_port" => reader.int(value, &mut mapping.container_port),
                "host_port" => reader.int(value, &mut mapping.host_port),
                "service_port" => reader.int(value, &mut mapping.service_port),
                "protocol" => reader.text(value, &mut mapping.protocol),
                _ => return false,
            }
            true
        });
    }

    fn volume(&mut self, node: &Node, volume: &mut Volume) {
        self.structure(node, "framework.Volume", &mut |reader, key, value| {
            match key {
                "container_path" => reader.text(value, &mut volume.container_path),
                "host_path" => reader.text(value, &mut volume.host_path),
                "mode" => reader.text(value, &mut volume.mode),
                _ => return false,
            }
            true
        });
    }

    /// Tasks keep their order; names and parameters are typed by YAML and printed by Go.
    fn tasks(&mut self, node: &Node) -> Vec<Task> {
        let Value::Mapping(entries) = &node.value else {
            if !is_null(node) {
                self.mismatch(node, "yaml.MapSlice");
            }
            return Vec::new();
        };
        let tasks = entries.iter().filter(|(key, _)| !self.is_lost(key)).collect::<Vec<_>>();
        tasks.into_iter().map(|(key, value)| self.task(key, value)).collect()
    }

    /// Whether an entry of an ordered map is lost, as the original loses what is merged into one.
    fn is_lost(&mut self, key: &Node) -> bool {
        if key.merged {
            let text = "what is merged (`<<`) inside `tasks` is ignored".to_owned();
            self.warnings.push(Warning { at: key.at, text });
        }
        key.merged
    }

    fn task(&mut self, key: &Node, node: &Node) -> Task {
        let mut task = Task { name: scalar::print(key), ..Task::default() };
        let mut parameters = Vec::new();
        let Value::Mapping(entries) = &node.value else {
            // The original's whole server dies of it when the stack runs.
            self.error(node.at, format!("task `{}` is not a map of parameters", task.name));
            return task;
        };
        self.path.push(task.name.clone());
        self.mark(key.at);
        for (key, value) in entries {
            if self.is_lost(key) {
                continue;
            }
            let name = scalar::print(key);
            self.path.push(name.clone());
            self.mark(value.at);
            self.path.pop();
            task.parameters.insert(name, scalar::print(value));
            parameters.push((scalar::tree(key), scalar::tree(value)));
        }
        self.path.pop();
        task.written = Some(Written { name: scalar::tree(key), parameters });
        task
    }

    /// Walks over the keys of a struct; `take` says whether it knows the key.
    fn structure(
        &mut self,
        node: &Node,
        go_type: &str,
        take: &mut dyn FnMut(&mut Self, &str, &Node) -> bool,
    ) {
        self.map(node, go_type, &mut |reader, key, value| {
            let at = reader.key_at;
            if !take(reader, key, value) {
                reader.warnings.push(Warning { at, text: format!("unknown key `{key}` is ignored") });
            }
        });
    }

    fn map(&mut self, node: &Node, go_type: &str, take: &mut dyn FnMut(&mut Self, &str, &Node)) {
        let Value::Mapping(entries) = &node.value else {
            if !is_null(node) {
                self.mismatch(node, go_type);
            }
            return;
        };
        let mut seen = BTreeMap::new();
        for (key, value) in entries {
            let mut name = String::new();
            self.text(key, &mut name);
            if let Some(first) = seen.insert(name.clone(), key.at) {
                let text = format!("key `{name}` stands here again (first at {first}): the last one counts");
                self.warnings.push(Warning { at: key.at, text });
            }
            self.path.push(name.clone());
            self.mark(value.at);
            self.key_at = key.at;
            take(self, &name, value);
            self.path.pop();
        }
    }

    fn text_map(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        self.map(node, "map[string]string", &mut |reader, key, value| {
            let mut text = String::new();
            reader.text(value, &mut text);
            all.insert(key.to_owned(), text);
        });
        all
    }

    fn texts(&mut self, node: &Node) -> Vec<String> {
        self.list(node, "[]string", Self::text)
    }

    fn list<T: Default>(
        &mut self,
        node: &Node,
        go_type: &str,
        take: impl Fn(&mut Self, &Node, &mut T),
    ) -> Vec<T> {
        let Value::Sequence(items) = &node.value else {
            if !is_null(node) {
                self.mismatch(node, go_type);
            }
            return Vec::new();
        };
        items
            .iter()
            .map(|item| {
                let mut value = T::default();
                take(self, item, &mut value);
                value
            })
            .collect()
    }

    /// A text keeps its source: `0.10` stays `0.10`. Only null is none.
    fn text(&mut self, node: &Node, target: &mut String) {
        match &node.value {
            Value::Scalar { .. } if is_null(node) => target.clear(),
            Value::Scalar { text, .. } => target.clone_from(text),
            _ => self.mismatch(node, "string"),
        }
    }

    fn float(&mut self, node: &Node, target: &mut f64) {
        match typed(node) {
            Some(Typed::Float(value)) => *target = value,
            Some(Typed::Int(value)) => *target = value as f64,
            Some(Typed::Uint(value)) => *target = value as f64,
            Some(Typed::Null) => {}
            _ => self.mismatch(node, "float64"),
        }
    }

    fn int(&mut self, node: &Node, target: &mut i64) {
        match typed(node) {
            Some(Typed::Int(value)) => *target = value,
            // Go cuts fractions off here.
            Some(Typed::Float(value)) if value.abs() < 9e18 => *target = value as i64,
            Some(Typed::Null) => {}
            _ => self.mismatch(node, "int"),
        }
    }

    fn boolean(&mut self, node: &Node, target: &mut bool) {
        match typed(node) {
            Some(Typed::Bool(value)) => *target = value,
            Some(Typed::Null) => {}
            _ => self.mismatch(node, "bool"),
        }
    }

    fn mismatch(&mut self, node: &Node, go_type: &str) {
        let found = match &node.value {
            Value::Sequence(_) => "!!seq".to_owned(),
            Value::Mapping(_) => "!!map".to_owned(),
            Value::Scalar { text, plain } => {
                let tag = scalar::resolve(text, *plain).tag();
                let shown: String = text.chars().take(7).collect();
                if text.chars().count() > 10 {
                    format!("{tag} `{shown}...`")
                } else {
                    format!("{tag} `{text}`")
                }
            }
        };
        self.error(node.at, format!("cannot unmarshal {found} into {go_type}"));
    }

    fn error(&mut self, at: Position, text: String) {
        self.errors.push((at, text));
    }

    fn mark(&mut self, at: Position) {
        self.positions.insert(self.path.join("."), at);
    }
}

fn typed(node: &Node) -> Option<Typed<'_>> {
    match &node.value {
        Value::Scalar { text, plain } => Some(scalar::resolve(text, *plain)),
        _ => None,
    }
}

/// Whether go-yaml makes a nil pointer of it: not of every null, of `~` it makes an empty structure.
fn is_nil(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "null"))
}

fn is_null(node: &Node) -> bool {
    typed(node) == Some(Typed::Null)
}
