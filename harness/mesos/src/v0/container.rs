//! The container that a task asks for: protobuf, and the JSON that the v1 API has for it.

use prost::Message;
use serde_json::{Map, Value, json};

use super::read::{Missing, present};

#[derive(Clone, PartialEq, Message)]
pub(super) struct ContainerInfo {
    #[prost(int32, optional, tag = "1")]
    pub(super) r#type: Option<i32>,
    #[prost(message, repeated, tag = "2")]
    pub(super) volumes: Vec<Volume>,
    #[prost(message, optional, tag = "3")]
    pub(super) docker: Option<DockerInfo>,
    #[prost(string, optional, tag = "4")]
    pub(super) hostname: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Volume {
    #[prost(string, optional, tag = "1")]
    pub(super) container_path: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) host_path: Option<String>,
    #[prost(int32, optional, tag = "3")]
    pub(super) mode: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct DockerInfo {
    #[prost(string, optional, tag = "1")]
    pub(super) image: Option<String>,
    #[prost(int32, optional, tag = "2")]
    pub(super) network: Option<i32>,
    #[prost(message, repeated, tag = "3")]
    pub(super) port_mappings: Vec<PortMapping>,
    #[prost(bool, optional, tag = "4")]
    pub(super) privileged: Option<bool>,
    #[prost(message, repeated, tag = "5")]
    pub(super) parameters: Vec<Parameter>,
    #[prost(bool, optional, tag = "6")]
    pub(super) force_pull_image: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PortMapping {
    #[prost(uint32, optional, tag = "1")]
    pub(super) host_port: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    pub(super) container_port: Option<u32>,
    #[prost(string, optional, tag = "3")]
    pub(super) protocol: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Parameter {
    #[prost(string, optional, tag = "1")]
    pub(super) key: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) value: Option<String>,
}

/// The names of an enum's values, from 1 on.
fn named(number: i32, names: &[&'static str], field: &'static str) -> Result<&'static str, Missing> {
    let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    at.and_then(|at| names.get(at)).copied().ok_or(Missing(field))
}

/// The container as JSON.
pub(super) fn container(info: ContainerInfo) -> Result<Value, Missing> {
    let kind = present(info.r#type, "container.type")?;
    let mut fields = Map::new();
    fields.insert("type".into(), json!(named(kind, &["DOCKER", "MESOS"], "container.type")?));
    let volumes: Vec<_> = info.volumes.into_iter().map(volume).collect::<Result<_, _>>()?;
    if !volumes.is_empty() {
        fields.insert("volumes".into(), Value::Array(volumes));
    }
    if let Some(hostname) = info.hostname {
        fields.insert("hostname".into(), json!(hostname));
    }
    if let Some(info) = info.docker {
        fields.insert("docker".into(), docker(info)?);
    }
    Ok(Value::Object(fields))
}

fn volume(volume: Volume) -> Result<Value, Missing> {
    let mode = named(present(volume.mode, "volumes.mode")?, &["RW", "RO"], "volumes.mode")?;
    let mut value = json!({
        "container_path": present(volume.container_path, "volumes.container_path")?,
        "mode": mode,
    });
    if let Some(path) = volume.host_path {
        value["host_path"] = json!(path);
    }
    Ok(value)
}

fn docker(info: DockerInfo) -> Result<Value, Missing> {
    let network = named(info.network.unwrap_or(1), &["HOST", "BRIDGE", "NONE", "USER"], "docker.network")?;
    let mut value = json!({ "image": present(info.image, "docker.image")?, "network": network });
    let mappings: Vec<_> = info.port_mappings.into_iter().map(mapping).collect::<Result<_, _>>()?;
    if !mappings.is_empty() {
        value["port_mappings"] = Value::Array(mappings);
    }
    let parameter = |parameter: Parameter| {
        let key = present(parameter.key, "parameters.key")?;
        Ok(json!({ "key": key, "value": present(parameter.value, "parameters.value")? }))
    };
    let parameters: Vec<_> = info.parameters.into_iter().map(parameter).collect::<Result<_, _>>()?;
    if !parameters.is_empty() {
        value["parameters"] = Value::Array(parameters);
    }
    for (name, flag) in [("privileged", info.privileged), ("force_pull_image", info.force_pull_image)] {
        if let Some(flag) = flag {
            value[name] = json!(flag);
        }
    }
    Ok(value)
}

fn mapping(mapping: PortMapping) -> Result<Value, Missing> {
    let mut value = json!({
        "host_port": present(mapping.host_port, "port_mappings.host_port")?,
        "container_port": present(mapping.container_port, "port_mappings.container_port")?,
    });
    if let Some(protocol) = mapping.protocol {
        value["protocol"] = json!(protocol);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_in_json_what_protobuf_said() {
        let docker = DockerInfo {
            image: Some("nginx:1.9".into()),
            network: Some(2),
            port_mappings: vec![PortMapping {
                host_port: Some(31000),
                container_port: Some(80),
                protocol: None,
            }],
            privileged: Some(false),
            parameters: vec![Parameter { key: Some("user".into()), value: Some("web".into()) }],
            force_pull_image: None,
        };
        let volume =
            Volume { container_path: Some("/in".into()), host_path: Some("/out".into()), mode: Some(2) };
        let info =
            ContainerInfo { r#type: Some(1), volumes: vec![volume], docker: Some(docker), hostname: None };
        let expected = json!({
            "type": "DOCKER",
            "volumes": [{"container_path": "/in", "mode": "RO", "host_path": "/out"}],
            "docker": {
                "image": "nginx:1.9",
                "network": "BRIDGE",
                "port_mappings": [{"host_port": 31000, "container_port": 80}],
                "parameters": [{"key": "user", "value": "web"}],
                "privileged": false,
            },
        });
        assert_eq!(container(info), Ok(expected));
        let other = ContainerInfo { r#type: Some(7), ..ContainerInfo::default() };
        assert_eq!(container(other), Err(Missing("container.type")));
        let imageless =
            ContainerInfo { r#type: Some(1), docker: Some(DockerInfo::default()), ..Default::default() };
        assert_eq!(container(imageless), Err(Missing("docker.image")));
    }
}
