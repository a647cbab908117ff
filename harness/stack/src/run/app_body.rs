//! The body of `POST /v2/apps`, byte for byte as the original writes it, but for the order of scheduler flags: that
//! is random there and sorted here.

use std::collections::BTreeMap;

use crate::go_json::{json_float, write_string};
use crate::{Application, Docker};

/// An application whose texts are resolved.
pub(super) struct Resolved {
    pub(super) launch_command: String,
    pub(super) scheduler: Vec<(String, String)>,
    pub(super) args: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
}

/// Writes the body.
pub(super) fn write(
    app: &Application,
    resolved: &Resolved,
    instances: i64,
    stack: &str,
    zone: &str,
) -> String {
    let mut json = String::with_capacity(1024);
    json.push('{');
    key("id", &mut json);
    write_string(&app.id, &mut json);
    let mut command = resolved.launch_command.clone();
    for (flag, value) in &resolved.scheduler {
        command.push_str(&format!(" --{flag} {value}"));
    }
    if !command.is_empty() {
        key("cmd", &mut json);
        write_string(&command, &mut json);
    }
    key("args", &mut json);
    texts(&resolved.args, &mut json);
    key("constraints", &mut json);
    list(&app.constraints, &mut json, |words, json| texts_or_empty(words, json));
    if let Some(docker) = &app.docker {
        key("container", &mut json);
        container(docker, &mut json);
    }
    key("cpus", &mut json);
    json.push_str(&json_float(app.cpu));
    key("env", &mut json);
    let labels =
        if zone.is_empty() { format!("stack={stack}") } else { format!("zone={zone};stack={stack}") };
    let mut env: BTreeMap<&str, &str> = BTreeMap::from([("STACK_LABELS", labels.as_str())]);
    env.extend(resolved.env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    map(env.into_iter(), &mut json);
    key("healthChecks", &mut json);
    health_check(&app.healthcheck, &mut json);
    json.push_str(&format!(",\"instances\":{instances},\"mem\":{}", json_float(app.mem)));
    key("ports", &mut json);
    list(&app.ports, &mut json, |port, json| json.push_str(&port.to_string()));
    json.push_str(&format!(",\"requirePorts\":{},\"dependencies\":null", !app.ports.is_empty()));
    if !app.user.is_empty() {
        key("user", &mut json);
        write_string(&app.user, &mut json);
    }
    key("uris", &mut json);
    texts(&app.uris().collect::<Vec<_>>(), &mut json);
    key("labels", &mut json);
    let zone = (!zone.is_empty()).then_some(("zone", zone));
    map([("stack", stack)].into_iter().chain(zone), &mut json);
    json.push_str(",\"fetch\":null}");
    json
}

fn health_check(path: &str, json: &mut String) {
    if path.is_empty() {
        json.push_str("null");
        return;
    }
    json.push_str("[{\"portIndex\":0,\"path\":");
    write_string(path, json);
    json.push_str(",\"maxConsecutiveFailures\":18,\"protocol\":\"HTTP\",\"gracePeriodSeconds\":120");
    json.push_str(",\"intervalSeconds\":10,\"timeoutSeconds\":30}]");
}

fn container(docker: &Docker, json: &mut String) {
    json.push_str("{\"type\":\"DOCKER\",\"docker\":{");
    json.push_str(&format!("\"forcePullImage\":{}", docker.force_pull_image));
    for (name, value) in [("image", &docker.image), ("network", &docker.network)] {
        if !value.is_empty() {
            key(name, json);
            write_string(value, json);
        }
    }
    key("parameters", json);
    let parameters: Vec<_> = docker.parameters.iter().collect();
    list(&parameters, json, |(name, value), json| {
        json.push_str("{\"key\":");
        write_string(name, json);
        key("value", json);
        write_string(value, json);
        json.push('}');
    });
    key("portMappings", json);
    list(&docker.port_mappings, json, |mapping, json| {
        json.push('{');
        if mapping.container_port != 0 {
            json.push_str(&format!("\"containerPort\":{},", mapping.container_port));
        }
        json.push_str(&format!("\"hostPort\":{}", mapping.host_port));
        if mapping.service_port != 0 {
            json.push_str(&format!(",\"servicePort\":{}", mapping.service_port));
        }
        key("protocol", json);
        write_string(&mapping.protocol, json);
        json.push('}');
    });
    json.push_str(&format!(",\"privileged\":{}}}", docker.privileged));
    key("volumes", json);
    list(&docker.volumes, json, |volume, json| {
        json.push('{');
        let fields = [
            ("containerPath", &volume.container_path),
            ("hostPath", &volume.host_path),
            ("mode", &volume.mode),
        ];
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            key(name, json);
            write_string(value, json);
        }
        json.push('}');
    });
    json.push('}');
}

/// Writes a key, with a comma unless it is the first of its object.
fn key(name: &str, json: &mut String) {
    json.push_str(if json.ends_with('{') { "\"" } else { ",\"" });
    json.push_str(name);
    json.push_str("\":");
}

/// A list; `null` if it is empty, as an absent one is to Go.
fn list<T>(items: &[T], json: &mut String, write: impl Fn(&T, &mut String)) {
    if items.is_empty() {
        json.push_str("null");
        return;
    }
    json.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        write(item, json);
    }
    json.push(']');
}

fn texts<T: AsRef<str>>(items: &[T], json: &mut String) {
    list(items, json, |text, json| write_string(text.as_ref(), json));
}

fn texts_or_empty(items: &[String], json: &mut String) {
    if items.is_empty() { json.push_str("[]") } else { texts(items, json) }
}

fn map<'t>(entries: impl Iterator<Item = (&'t str, &'t str)>, json: &mut String) {
    json.push('{');
    for (name, value) in entries {
        json.push_str(if json.ends_with('{') { "" } else { "," });
        write_string(name, json);
        json.push(':');
        write_string(value, json);
    }
    json.push('}');
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::Stack;

    fn body(text: &str, zone: &str) -> String {
        let stack = Stack::parse(text).unwrap().stack;
        let app = stack.applications.values().next().unwrap();
        let resolved = Resolved {
            launch_command: app.launch_command.clone(),
            scheduler: app.scheduler.clone().into_iter().collect(),
            args: app.args.clone(),
            env: app.env.clone(),
        };
        write(app, &resolved, 1, "s", zone)
    }

    #[test]
    fn writes_keys_in_order() {
        let text = "applications:\n  a:\n    id: a\n    cpu: 0.10\n    mem: 256\n    launch_command: run && wait\n    \
                    scheduler: {b: 1, a: $HOST}\n    healthcheck: /health\n    ports: [31990]\n    user: root\n    \
                    env: {A: '{', Z: x}\n    constraints: [[hostname, UNIQUE]]\n    artifact_urls: ['http://h/a']\n    \
                    additional_artifacts: ['http://h/b']\n";
        expect![[r#"{"id":"a","cmd":"run \u0026\u0026 wait --a $HOST --b 1","args":null,"constraints":[["hostname","UNIQUE"]],"cpus":0.1,"env":{"A":"{","STACK_LABELS":"zone=z;stack=s","Z":"x"},"healthChecks":[{"portIndex":0,"path":"/health","maxConsecutiveFailures":18,"protocol":"HTTP","gracePeriodSeconds":120,"intervalSeconds":10,"timeoutSeconds":30}],"instances":1,"mem":256,"ports":[31990],"requirePorts":true,"dependencies":null,"user":"root","uris":["http://h/a","http://h/b"],"labels":{"stack":"s","zone":"z"},"fetch":null}"#]].assert_eq(&body(text, "z"));
    }

    #[test]
    fn writes_containers() {
        let text = "applications:\n  a:\n    id: a\n    args: [x]\n    docker:\n      image: i\n      privileged: yes\n      \
                    port_mappings: [{container_port: 80, protocol: tcp}]\n      parameters: {p: q}\n      \
                    volumes: [{host_path: /h, mode: RO}]\n";
        let found = body(text, "");
        expect![[r#"{"id":"a","args":["x"],"constraints":null,"container":{"type":"DOCKER","docker":{"forcePullImage":false,"image":"i","parameters":[{"key":"p","value":"q"}],"portMappings":[{"containerPort":80,"hostPort":0,"protocol":"tcp"}],"privileged":true},"volumes":[{"hostPath":"/h","mode":"RO"}]},"cpus":0,"env":{"STACK_LABELS":"stack=s"},"healthChecks":null,"instances":1,"mem":0,"ports":null,"requirePorts":false,"dependencies":null,"uris":null,"labels":{"stack":"s"},"fetch":null}"#]].assert_eq(&found);
        assert!(serde_json::from_str::<serde_json::Value>(&found).is_ok());
    }
}
