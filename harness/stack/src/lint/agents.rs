//! The cluster that a stack is checked against.

use std::collections::BTreeMap;

use crate::Agent;

/// An agent with what it offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// Host name and text attributes.
    pub agent: Agent,
    /// Cpus.
    pub cpus: f64,
    /// Memory in MB.
    pub mem: f64,
    /// Ports, as ranges with both ends.
    pub ports: Vec<(u16, u16)>,
}

impl Machine {
    /// Whether it offers a port.
    pub(super) fn offers(&self, port: u16) -> bool {
        self.ports.iter().any(|(low, high)| (*low..=*high).contains(&port))
    }

    /// The value of an attribute; `hostname` is its host name.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        if name == "hostname" {
            return Some(&self.agent.hostname);
        }
        self.agent.attributes.get(name).map(String::as_str)
    }
}

/// A description of agents that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AgentsError(String);

/// What a lab has by default: 3 agents with 4 cpus, 16 GB and the ports 31000 to 32000.
pub fn default_cluster() -> Vec<Machine> {
    group(3, 1, &Machine { ports: vec![(31_000, 32_000)], ..empty() })
}

fn empty() -> Machine {
    Machine { agent: Agent::default(), cpus: 4.0, mem: 16_384.0, ports: Vec::new() }
}

/// Reads `N,cpus=…,mem=…,ports=…,attr=name:value`: so many equal agents, host names counted from `first`. What is not
/// said is as in [`default_cluster`]; `attr` may come more than once, `ports` are ranges such as
/// `31000-32000;33000-33010`, and `host` is the host name of a single agent.
///
/// # Errors
/// The text cannot be read.
pub fn parse_agents(text: &str, first: usize) -> Result<Vec<Machine>, AgentsError> {
    let mut parts = text.split(',');
    let count = parts.next().unwrap_or_default().trim();
    let count: usize = count
        .parse()
        .ok()
        .filter(|count| (1..=10_000).contains(count))
        .ok_or_else(|| AgentsError(format!("`{count}` is no number of agents (1 to 10000)")))?;
    let mut machine = empty();
    for part in parts {
        let (name, value) = part
            .split_once('=')
            .ok_or_else(|| AgentsError(format!("`{part}` is not of the form key=value")))?;
        setting(&mut machine, name.trim(), value.trim())?;
    }
    if machine.ports.is_empty() {
        machine.ports.push((31_000, 32_000));
    }
    if !machine.agent.hostname.is_empty() && count > 1 {
        return Err(AgentsError(format!(
            "{count} agents cannot have the one host name {}",
            machine.agent.hostname
        )));
    }
    Ok(group(count, first, &machine))
}

fn setting(machine: &mut Machine, name: &str, value: &str) -> Result<(), AgentsError> {
    let number = || {
        let number = value.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| AgentsError(format!("`{value}` is no number for {name}")))
    };
    match name {
        "cpus" => machine.cpus = number()?,
        "mem" => machine.mem = number()?,
        "host" => machine.agent.hostname = value.to_owned(),
        "ports" => {
            for range in value.split([';', ' ']).filter(|range| !range.is_empty()) {
                let (low, high) = range.split_once('-').unwrap_or((range, range));
                let range = low.parse().ok().zip(high.parse().ok()).filter(|(low, high)| low <= high);
                machine.ports.push(range.ok_or_else(|| AgentsError(format!("`{value}` are no ports")))?);
            }
        }
        "attr" => {
            let (name, value) = value
                .split_once(':')
                .ok_or_else(|| AgentsError(format!("`{value}` is no attribute of the form name:value")))?;
            machine.agent.attributes.insert(name.to_owned(), value.to_owned());
        }
        _ => return Err(AgentsError(format!("`{name}` is none of cpus, mem, ports, attr, host"))),
    }
    Ok(())
}

fn group(count: usize, first: usize, machine: &Machine) -> Vec<Machine> {
    let named = |number: usize| {
        let mut machine = machine.clone();
        if machine.agent.hostname.is_empty() {
            machine.agent.hostname = format!("agent-{number}");
        }
        machine
    };
    (first..first + count).map(named).collect()
}

/// The cluster as a person would say it, equal agents together.
pub(super) fn describe(cluster: &[Machine]) -> String {
    let mut kinds = BTreeMap::<String, usize>::new();
    for machine in cluster {
        let ports: Vec<_> = machine.ports.iter().map(|(low, high)| format!("{low}-{high}")).collect();
        let mut kind = format!("{} cpus, {} MB, ports {}", machine.cpus, machine.mem, ports.join(" "));
        for (name, value) in &machine.agent.attributes {
            kind.push_str(&format!(", {name}:{value}"));
        }
        *kinds.entry(kind).or_default() += 1;
    }
    let shown = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {} with {kind}", if *count == 1 { "agent" } else { "agents" }));
    shown.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_descriptions() {
        let cluster =
            parse_agents("2,cpus=2,mem=8192,ports=31000-31010;9092,attr=rack:r1,attr=dc:a", 4).unwrap();
        assert_eq!(cluster.len(), 2);
        assert_eq!(
            (cluster[0].agent.hostname.as_str(), cluster[1].attribute("rack")),
            ("agent-4", Some("r1"))
        );
        assert!(cluster[0].offers(9092) && cluster[0].offers(31_010) && !cluster[0].offers(31_011));
        assert_eq!(
            describe(&cluster),
            "2 agents with 2 cpus, 8192 MB, ports 31000-31010 9092-9092, dc:a, rack:r1"
        );
        assert_eq!(describe(&default_cluster()), "3 agents with 4 cpus, 16384 MB, ports 31000-32000");
    }

    #[test]
    fn refuses_others() {
        for (text, why) in [
            ("", "`` is no number of agents (1 to 10000)"),
            ("x", "`x` is no number of agents (1 to 10000)"),
            ("3,cpus", "`cpus` is not of the form key=value"),
            ("3,cpus=many", "`many` is no number for cpus"),
            ("3,ports=2-1", "`2-1` are no ports"),
            ("3,attr=rack", "`rack` is no attribute of the form name:value"),
            ("3,disk=1", "`disk` is none of cpus, mem, ports, attr, host"),
            ("3,host=a", "3 agents cannot have the one host name a"),
        ] {
            assert_eq!(parse_agents(text, 1).unwrap_err().to_string(), why, "{text}");
        }
    }
}
