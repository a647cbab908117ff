//! What a stack will ask the cluster for, as far as its file says: data for a check before anything runs.

use crate::{Application, Stack};

/// Resources that one application or one of its tasks will ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Id of the application.
    pub application: String,
    /// Name of the task; `None` for the application itself, which Marathon runs.
    pub task: Option<String>,
    /// How many instances; `None` if the file does not say (`all`, `*`, a variable).
    pub instances: Option<u32>,
    /// Cpus of one instance.
    pub cpus: f64,
    /// Memory of one instance, in MB.
    pub mem: f64,
    /// Ports that each instance must have, as ranges with both ends; an instance takes one out of each.
    pub ports: Vec<(u16, u16)>,
    /// How many more ports of any number each instance takes.
    pub any_ports: u32,
    /// Whether no two instances may share an agent.
    pub apart: bool,
}

/// What an API does with a task's parameters, and its defaults.
struct Shape {
    id: &'static str,
    cpus: (&'static str, f64),
    mem: f64,
    /// Parameters that name a port.
    ports: &'static [&'static str],
    /// All ports of an instance, the named ones included.
    port_count: u32,
    apart_by_default: bool,
}

fn shape(kind: &str) -> Option<Shape> {
    let (id, cpus, mem, ports, port_count): (_, _, _, &[_], _) = match kind {
        "exhibitor-mesos-0.1.x" => ("id", ("cpu", 0.2), 256.0, &["port"], 1),
        "kafka-mesos-0.9.x" => ("id", ("cpus", 1.0), 2048.0, &["port"], 1),
        "dse-mesos-0.2.x" => {
            let ports = &["storagePort", "jmxPort", "cqlPort", "thriftPort", "agentPort"];
            ("node", ("cpu", 0.5), 512.0, ports, 5)
        }
        "zipkin-mesos-0.1.x" => ("id", ("cpu", 0.5), 256.0, &["port", "adminPort"], 2),
        _ => return None,
    };
    let apart_by_default = kind == "exhibitor-mesos-0.1.x";
    Some(Shape { id, cpus, mem, ports, port_count, apart_by_default })
}

/// Lists what each application and each task of the four frameworks asks for, in the order of keys and tasks.
///
/// Numbers that are not numbers (a variable, say) count as the API's default.
pub fn plan(stack: &Stack) -> Vec<Demand> {
    let mut demands = Vec::new();
    for app in stack.applications.values() {
        demands.push(of_application(app));
        if let Some(shape) = shape(&app.kind) {
            demands.extend(app.tasks.iter().map(|task| of_task(app, task, &shape)));
        }
    }
    demands
}

fn of_application(app: &Application) -> Demand {
    // 0 is a port of Marathon's choice.
    let fixed = app.ports.iter().filter_map(|port| u16::try_from(*port).ok()).filter(|port| *port != 0);
    let any = app.ports.iter().filter(|port| **port == 0).count();
    let unique = |words: &Vec<String>| {
        words.first().map(String::as_str) == Some("hostname")
            && words.get(1).map(String::as_str) == Some("UNIQUE")
    };
    Demand {
        application: app.id.clone(),
        task: None,
        instances: if app.instances.is_empty() { Some(1) } else { app.instances.parse().ok() },
        cpus: app.cpu,
        mem: app.mem,
        ports: fixed.map(|port| (port, port)).collect(),
        any_ports: if app.ports.is_empty() { 1 } else { u32::try_from(any).unwrap_or(u32::MAX) },
        apart: app.constraints.iter().any(unique),
    }
}

fn of_task(app: &Application, task: &crate::Task, shape: &Shape) -> Demand {
    let parameter = |name: &str| task.parameters.get(name).map(String::as_str);
    let number = |name, default| parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let ports: Vec<_> = shape.ports.iter().filter_map(|name| port_range(parameter(name)?)).collect();
    let apart = match parameter("constraints") {
        Some(constraints) => constraints.split(',').any(|one| one.trim() == "hostname=unique"),
        None => shape.apart_by_default,
    };
    Demand {
        application: app.id.clone(),
        task: Some(task.name.clone()),
        instances: parameter(shape.id).and_then(count_ids),
        cpus: number(shape.cpus.0, shape.cpus.1),
        mem: number("mem", shape.mem),
        any_ports: shape.port_count.saturating_sub(u32::try_from(ports.len()).unwrap_or(0)),
        ports,
        // Zipkin-Mesos never enforces it.
        apart: apart && app.kind != "zipkin-mesos-0.1.x",
    }
}

/// The first of a list of ports or ranges: `31092`, `31090..31100`.
fn port_range(text: &str) -> Option<(u16, u16)> {
    let first = text.split(',').next()?.trim();
    match first.split_once("..") {
        Some((low, high)) => Some((low.trim().parse().ok()?, high.trim().parse().ok()?)),
        None => first.parse().ok().map(|port| (port, port)),
    }
}

/// How many ids an expression names: `0`, `0,1`, `0..2`; duplicates count once.
fn count_ids(text: &str) -> Option<u32> {
    let mut ids = std::collections::BTreeSet::new();
    let mut named = 0;
    for part in text.split(',') {
        let (low, high): (u32, u32) = match part.trim().split_once("..") {
            Some((low, high)) => (low.parse().ok()?, high.parse().ok()?),
            None => part.trim().parse().ok().map(|id| (id, id))?,
        };
        if high < low {
            return None;
        }
        named += u64::from(high - low) + 1;
        // More than this is a slip of the pen, not a cluster.
        if named > 10_000 {
            return None;
        }
        ids.extend(low..=high);
    }
    u32::try_from(ids.len()).ok()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn lists_what_a_stack_asks_for() {
        let text = include_str!("../../../fixtures/stacks/zipkin-full-scaled.stack");
        let shown: Vec<_> = plan(&Stack::parse(text).unwrap().stack)
            .iter()
            .map(|demand| {
                let task = demand.task.as_deref().unwrap_or("-");
                let (count, apart) =
                    (demand.instances.unwrap_or(0), if demand.apart { " apart" } else { "" });
                let (cpus, mem, ports, any) = (demand.cpus, demand.mem, &demand.ports, demand.any_ports);
                format!(
                    "{} {task} {count} x {cpus} cpus {mem} MB {ports:?} + {any}{apart}",
                    demand.application
                )
            })
            .collect();
        expect![[r#"
            dse-mesos-0.2.x - 1 x 0.1 cpus 512 MB [] + 1
            dse-mesos-0.2.x seed 1 x 1 cpus 6000 MB [(31100, 31100)] + 4 apart
            dse-mesos-0.2.x second 1 x 1 cpus 6000 MB [(31100, 31100)] + 4 apart
            dse-mesos-0.2.x third 1 x 1 cpus 6000 MB [(31100, 31100)] + 4 apart
            exhibitor-mesos - 1 x 0.1 cpus 512 MB [(31991, 31991)] + 0
            exhibitor-mesos exhibitors 1 x 0.2 cpus 768 MB [(31150, 31150)] + 0 apart
            kafka-mesos - 1 x 0.1 cpus 512 MB [(31990, 31990)] + 0
            kafka-mesos brokers 3 x 0.75 cpus 1536 MB [(31250, 31250)] + 0 apart
            zipkin-mesos - 1 x 0.1 cpus 256 MB [] + 1
            zipkin-mesos collector 2 x 0.4 cpus 1024 MB [] + 2
            zipkin-mesos query 1 x 0.4 cpus 1024 MB [] + 2
            zipkin-mesos web 1 x 0.1 cpus 384 MB [(31983, 31983)] + 1"#]]
        .assert_eq(&shown.join("\n"));
    }

    #[test]
    fn counts_ids() {
        for (text, count) in [
            ("0", Some(1)),
            ("0,1", Some(2)),
            ("0..2,1", Some(3)),
            ("*", None),
            ("2..1", None),
            ("0..99999999", None),
        ] {
            assert_eq!(count_ids(text), count, "{text}");
        }
        assert_eq!(port_range("31090..31100"), Some((31_090, 31_100)));
    }
}
