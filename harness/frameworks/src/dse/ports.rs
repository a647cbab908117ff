//! The five ports of a node, and what a node takes of an offer (0.2.0.0).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::base::{Amount, Offer, Range, Resource};
use crate::kafka::document::{Fault, Node as Document};

/// One of the ports that a node needs, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Port {
    Storage,
    Jmx,
    Cql,
    Thrift,
    Agent,
}

impl Port {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Storage, Self::Jmx, Self::Cql, Self::Thrift, Self::Agent];

    /// Its name in documents and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Storage => "storage",
            Self::Jmx => "jmx",
            Self::Cql => "cql",
            Self::Thrift => "thrift",
            Self::Agent => "agent",
        }
    }

    /// The port of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|port| port.name() == name)
    }

    /// Whether all nodes of a cluster must have the same.
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::Storage | Self::Agent)
    }
}

/// What a node has been given.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// CPUs.
    pub cpus: f64,
    /// Memory, MB.
    pub mem: i64,
    /// Ports; one that could not be had is missing.
    pub ports: BTreeMap<Port, u32>,
    /// Ports that a node of the same cluster on the same host holds already, and that Mesos is not asked for.
    #[serde(rename = "ignoredPorts")]
    pub ignored: Vec<Port>,
}

impl Reservation {
    /// As Mesos is asked for it; always unreserved.
    pub fn resources(&self) -> Vec<Resource> {
        let mut resources = Vec::new();
        if self.cpus > 0.0 {
            resources.push(Resource::scalar("cpus", self.cpus));
        }
        if self.mem > 0 {
            resources.push(Resource::scalar("mem", self.mem as f64));
        }
        let asked = self.ports.iter().filter(|(port, _)| !self.ignored.contains(port));
        resources.extend(asked.map(|(_, number)| Resource::port(*number)));
        resources
    }

    /// It out of its document.
    pub fn from_json(node: &Value) -> Result<Self, Fault> {
        let node = Document::of(node)?;
        let fault = || Fault::at("ports");
        let mut ports = BTreeMap::new();
        for (name, number) in node.required("ports")?.as_object().ok_or_else(fault)? {
            let port = Port::from_name(name).ok_or_else(fault)?;
            let number = number.as_f64().ok_or_else(fault)?;
            // −1 stands for a port that could not be had.
            if number >= 0.0 {
                ports.insert(port, number as u32);
            }
        }
        let ignored = match node.optional("ignoredPorts") {
            None => Vec::new(),
            Some(_) => {
                let read = |name: &Value| Port::from_name(name.as_str()?);
                let ports: Option<_> = node.list("ignoredPorts")?.iter().map(read).collect();
                ports.ok_or_else(|| Fault::at("ignoredPorts"))?
            }
        };
        Ok(Self { cpus: node.number("cpus")?, mem: node.whole("mem")?, ports, ignored })
    }
}

/// Takes the ports out of an offer, one after the other. Of several port resources only the first counts.
/// `wanted` gives the range for a port, or nothing for any port.
pub(super) fn take_ports(offer: &Offer, wanted: impl Fn(Port) -> Option<Range>) -> BTreeMap<Port, u32> {
    let first = offer.resources.iter().find(|resource| resource.name == "ports");
    let mut left = match first.map(|resource| &resource.amount) {
        Some(Amount::Ranges(ranges)) => ranges.clone(),
        _ => Vec::new(),
    };
    left.sort_by_key(|range| range.start);
    let take = |port: Port| Some((port, take_port(wanted(port), &mut left)?));
    Port::ALL.into_iter().filter_map(take).collect()
}

fn take_port(wanted: Option<Range>, left: &mut Vec<Range>) -> Option<u32> {
    let (at, port) = match wanted {
        None => (0, left.first()?.start),
        Some(wanted) => {
            left.iter().enumerate().find_map(|(at, range)| Some((at, range.overlap(wanted)?.start)))?
        }
    };
    let range = left.remove(at);
    let below = port.checked_sub(1).and_then(|end| Range::new(range.start, end));
    let above = port.checked_add(1).and_then(|start| Range::new(start, range.end));
    left.splice(at..at, below.into_iter().chain(above));
    Some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(ranges: &str) -> Offer {
        let ranges = Range::parse_list(ranges).expect("ranges");
        let ports = Resource { name: "ports".into(), role: "*".into(), amount: Amount::Ranges(ranges) };
        Offer {
            id: "O1".into(),
            agent: "S1".into(),
            host: "h".into(),
            attributes: Vec::new(),
            resources: vec![ports, Resource::port(1)],
        }
    }

    #[test]
    fn takes_the_lowest_that_fit() {
        for (ranges, cql, expected) in [
            ("31000..32000", Some("31100"), "storage 31000, jmx 31001, cql 31100, thrift 31002, agent 31003"),
            ("31002..31010,31000", None, "storage 31000, jmx 31002, cql 31003, thrift 31004, agent 31005"),
            ("31000..31002", Some("31000"), "storage 31000, jmx 31001, thrift 31002"),
            (
                "31000..31009",
                Some("31005..31100"),
                "storage 31000, jmx 31001, cql 31005, thrift 31002, agent 31003",
            ),
            ("", None, ""),
        ] {
            let cql: Option<Range> = cql.and_then(|text| text.parse().ok());
            let ports = take_ports(&offer(ranges), |port| if port == Port::Cql { cql } else { None });
            let ports: Vec<_> =
                ports.iter().map(|(port, number)| format!("{} {number}", port.name())).collect();
            assert_eq!(ports.join(", "), expected, "{ranges}");
        }
    }

    #[test]
    fn asks_for_what_it_has_not_yet() {
        let reservation = Reservation {
            cpus: 0.5,
            mem: 512,
            ports: [(Port::Storage, 1), (Port::Jmx, 2)].into(),
            ignored: vec![Port::Storage],
        };
        let expected = [Resource::scalar("cpus", 0.5), Resource::scalar("mem", 512.0), Resource::port(2)];
        assert_eq!(reservation.resources(), expected);
        assert_eq!(Reservation::from_json(&serde_json::json!(reservation)), Ok(reservation));
    }
}
