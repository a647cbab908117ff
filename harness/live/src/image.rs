//! Tasks that bring an image of their own: what a shell with containers has to know of them.

use serde_json::Value;
use stacklab_mesos::StartSpec;

/// A task that runs in an image of the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageTask {
    /// Its name in the timeline, and its id.
    pub task: String,
    /// `repository[:tag]`.
    pub image: String,
    /// Whether the image is pulled even if it is there.
    pub force_pull: bool,
    /// The agent's address: what is published is published there, and nowhere else.
    pub address: String,
    /// Whether it shares the host's network; else it has one of its own, and publishes [`ports`](Self::ports).
    pub host_network: bool,
    /// Port in the container, port on the agent, `tcp` or `udp`.
    pub ports: Vec<(u16, u16, String)>,
    /// The program and its arguments; empty for the image's own.
    pub command: Vec<String>,
    /// Whether [`command`](Self::command) is a line for `/bin/sh -c`, in place of the image's entry point.
    pub shell: bool,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// Memory in MB, if it has a limit.
    pub memory: Option<u32>,
}

impl ImageTask {
    /// Reads what an agent wants started, if it has an image.
    ///
    /// # Errors
    /// It wants something that no backend gives it; the text names it.
    pub(crate) fn of(spec: &StartSpec, task: String) -> Option<Result<Self, String>> {
        let image = spec.docker_image()?.to_owned();
        let container = spec.task.as_ref()?.container.as_ref()?;
        Some(Self::read(spec, task, image, container))
    }

    fn read(spec: &StartSpec, task: String, image: String, container: &Value) -> Result<Self, String> {
        let docker = &container["docker"];
        // They reach beyond the container, and a stack may come from anybody who reaches the lab.
        let beyond = [
            ("privileged", docker["privileged"].as_bool().unwrap_or_default()),
            ("volumes of the host", has_any(&container["volumes"])),
            ("parameters of the docker command", has_any(&docker["parameters"])),
        ];
        if let Some((what, _)) = beyond.iter().find(|(_, wanted)| *wanted) {
            return Err(format!("the image {image} is not run with {what}"));
        }
        let host_network = match docker["network"].as_str().unwrap_or("HOST") {
            "HOST" => true,
            "BRIDGE" => false,
            other => {
                return Err(format!("the image {image} is not run with network {other}: HOST or BRIDGE"));
            }
        };
        let command = if spec.shell {
            Some(spec.command.clone()).filter(|line| !line.is_empty()).into_iter().collect()
        } else {
            spec.arguments.clone()
        };
        Ok(Self {
            task,
            image,
            force_pull: docker["force_pull_image"].as_bool().unwrap_or_default(),
            address: spec.ip.clone(),
            host_network,
            ports: docker["port_mappings"].as_array().into_iter().flatten().filter_map(mapping).collect(),
            shell: spec.shell && !command.is_empty(),
            command,
            environment: spec.environment.clone(),
            // Whole megabytes, up, as for services.
            memory: Some(spec.memory.ceil() as u32).filter(|memory| *memory > 0),
        })
    }
}

fn has_any(list: &Value) -> bool {
    list.as_array().is_some_and(|items| !items.is_empty())
}

fn mapping(value: &Value) -> Option<(u16, u16, String)> {
    let port = |name: &str| u16::try_from(value[name].as_u64()?).ok();
    let protocol = value["protocol"].as_str().unwrap_or("tcp").to_ascii_lowercase();
    Some((port("container_port")?, port("host_port")?, protocol))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use stacklab_mesos::{CommandInfo, Resources, TaskInfo};

    use super::*;

    fn spec(container: Value, shell: bool, command: &str, arguments: &[&str]) -> StartSpec {
        let mut task = TaskInfo::new("web.1", "web", "S0".into(), Resources::default());
        task.container = Some(container);
        task.command = Some(CommandInfo::shell(command));
        StartSpec {
            container: "c".into(),
            framework_id: "F".into(),
            executor_id: "web.1".into(),
            task: Some(Arc::new(task)),
            executor: None,
            command: command.to_owned(),
            shell,
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            user: "root".to_owned(),
            environment: vec![("A".to_owned(), "b".to_owned())],
            files: Vec::new(),
            sandbox: "/sandbox".to_owned(),
            hostname: "127.77.0.11".to_owned(),
            ip: "127.77.0.11".to_owned(),
            memory: 63.5,
        }
    }

    #[test]
    fn reads_what_marathon_writes() {
        let docker = json!({
            "image": "nginx:1",
            "network": "BRIDGE",
            "force_pull_image": true,
            "privileged": false,
            "port_mappings": [{ "container_port": 80, "host_port": 31080, "protocol": "udp" }, { "host_port": 1 }],
        });
        let wanted = spec(json!({ "type": "DOCKER", "docker": docker }), true, "run it", &[]);
        let task = ImageTask::of(&wanted, "t".to_owned()).unwrap().unwrap();
        assert_eq!(task.ports, [(80, 31080, "udp".to_owned())]);
        assert_eq!((task.host_network, task.force_pull, task.shell), (false, true, true));
        assert_eq!((task.command, task.memory), (vec!["run it".to_owned()], Some(64)));
        let plain = spec(json!({ "docker": { "image": "x" } }), false, "", &["a", "b"]);
        let task = ImageTask::of(&plain, "t".to_owned()).unwrap().unwrap();
        assert_eq!(
            (task.host_network, task.shell, task.command),
            (true, false, vec!["a".into(), "b".into()])
        );
        assert!(ImageTask::of(&spec(json!({}), true, "x", &[]), "t".to_owned()).is_none());
    }

    #[test]
    fn refuses_what_reaches_beyond_the_container() {
        for (container, what) in [
            (json!({ "docker": { "image": "i", "privileged": true } }), "privileged"),
            (json!({ "docker": { "image": "i" }, "volumes": [{}] }), "volumes of the host"),
            (json!({ "docker": { "image": "i", "parameters": [{}] } }), "parameters of the docker command"),
            (json!({ "docker": { "image": "i", "network": "USER" } }), "network USER: HOST or BRIDGE"),
        ] {
            let refused = ImageTask::of(&spec(container, true, "x", &[]), "t".to_owned()).unwrap();
            assert_eq!(refused, Err(format!("the image i is not run with {what}")));
        }
    }
}
