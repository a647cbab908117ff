//! Whether a node fits an offer (0.2.0.0): resources, stickiness, constraints among seeds, constraints
//! among all.

use std::cell::RefCell;

use stacklab_machine::Time;

use super::cluster::Nodes;
use super::node::Node;
use super::ports::{Port, Reservation, take_ports};
use crate::base::{Constraints, Offer, Range};

/// A placed node lacks a constrained attribute: the original's driver aborts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("java.util.NoSuchElementException: key not found: {0}")]
pub(super) struct NoAttribute(String);

/// What the node would take of the offer; a port that it cannot have is missing. Role and reservation are
/// not looked at: of several numbers with one name the last counts, of several port lists the first.
pub(super) fn reserve(nodes: &Nodes, node: &Node, offer: &Offer) -> Reservation {
    let placed = |node: &&Node| node.runtime.is_some();
    let shared = nodes.of_cluster(&node.cluster).find(placed);
    let held = |other: Option<&Node>, port: Port| {
        other.and_then(|other| other.runtime.as_ref()?.reservation.ports.get(&port)).copied()
    };
    let mut ports = take_ports(offer, |port| {
        // Storage and agent ports are the same in the whole cluster.
        match held(shared, port).filter(|_| port.is_shared()) {
            Some(number) => Some(Range { start: number, end: number }),
            None => nodes.cluster(&node.cluster).and_then(|cluster| cluster.ports.get(&port)).copied(),
        }
    });
    let on_host = |node: &&Node| node.runtime.as_ref().is_some_and(|runtime| runtime.hostname == offer.host);
    let neighbour = nodes.of_cluster(&node.cluster).find(on_host);
    let mut ignored = Vec::new();
    for port in Port::ALL.into_iter().filter(|port| port.is_shared()) {
        if let (false, Some(number)) = (ports.contains_key(&port), held(neighbour, port)) {
            ports.insert(port, number);
            ignored.push(port);
        }
    }
    Reservation {
        cpus: offer.last_scalar("cpus").unwrap_or(0.0).min(node.cpu),
        mem: (offer.last_scalar("mem").unwrap_or(0.0) as i64).min(node.mem),
        ports,
        ignored,
    }
}

/// Why the node cannot use the offer, in the original's words, or what it takes.
pub(super) fn fit(
    nodes: &Nodes,
    node: &Node,
    offer: &Offer,
    now: Time,
) -> Result<Result<Reservation, String>, NoAttribute> {
    let reservation = reserve(nodes, node, offer);
    if reservation.cpus < node.cpu {
        return Ok(Err(format!("cpus < {:?}", node.cpu)));
    }
    if reservation.mem < node.mem {
        return Ok(Err(format!("mem < {}", node.mem)));
    }
    if let Some(port) = Port::ALL.into_iter().find(|port| !reservation.ports.contains_key(port)) {
        return Ok(Err(format!("no suitable {} port", port.name())));
    }
    if !node.stickiness.allows(&offer.host, now) {
        return Ok(Err("hostname != stickiness hostname".to_owned()));
    }
    if node.seed
        && let Some(reason) = rejection(nodes, &node.seed_constraints, offer, |other| other.seed)?
    {
        return Ok(Err(reason));
    }
    let rejection = rejection(nodes, &node.constraints, offer, |_| true)?;
    Ok(rejection.map_or(Ok(reservation), Err))
}

/// Checks constraints; peers are the placed nodes of every cluster that `counts` accepts.
fn rejection(
    nodes: &Nodes,
    constraints: &Constraints,
    offer: &Offer,
    counts: impl Fn(&Node) -> bool,
) -> Result<Option<String>, NoAttribute> {
    let missing = RefCell::new(None);
    let peers = |name: &str| {
        let placed = nodes.nodes.iter().filter(|node| counts(node)).filter_map(|node| node.runtime.as_ref());
        let value = |runtime: &super::node::Runtime| match name {
            "hostname" => Some(runtime.hostname.clone()),
            _ => {
                let value = runtime.attributes.get(name).cloned();
                if value.is_none() {
                    missing.borrow_mut().get_or_insert_with(|| NoAttribute(name.to_owned()));
                }
                value
            }
        };
        placed.filter_map(value).collect()
    };
    let rejection = constraints.rejection(|name| offer.attribute(name), peers);
    missing.into_inner().map_or(Ok(rejection), Err)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::super::api::{add_or_update_cluster, add_or_update_nodes};
    use super::super::node::{Runtime, State};
    use super::*;
    use crate::base::{Amount, Resource};
    use crate::kafka::params::params;

    fn offer(host: &str, cpus: f64, mem: f64, ports: &str) -> Offer {
        let ranges = Range::parse_list(ports).expect("ranges");
        let ports = Resource { name: "ports".into(), role: "*".into(), amount: Amount::Ranges(ranges) };
        Offer {
            id: "O1".into(),
            agent: "S1".into(),
            host: host.into(),
            attributes: vec![("rack".into(), "r1".into())],
            resources: vec![Resource::scalar("cpus", cpus), Resource::scalar("mem", mem), ports],
        }
    }

    fn nodes(query: &str) -> Nodes {
        let mut nodes = Nodes::default();
        add_or_update_cluster(&mut nodes, true, &params("cluster=c&cqlPort=31100")).expect("cluster");
        let query = format!("node=70&cluster=c&mem=1000&{query}");
        add_or_update_nodes(&mut nodes, true, &params(&query)).expect("node");
        nodes
    }

    fn place(nodes: &mut Nodes, id: &str, host: &str) {
        let ports = [
            (Port::Storage, 31000),
            (Port::Jmx, 31001),
            (Port::Cql, 31100),
            (Port::Thrift, 31002),
            (Port::Agent, 31003),
        ];
        let reservation = Reservation { ports: ports.into(), ..Reservation::default() };
        let runtime = Runtime {
            task_id: format!("cassandra-{id}-1"),
            executor_id: format!("cassandra-{id}-1"),
            slave_id: "S0".into(),
            hostname: host.into(),
            address: Some(host.into()),
            seeds: Vec::new(),
            attributes: BTreeMap::new(),
            reservation,
        };
        let cluster = "c".into();
        nodes.add(Node {
            state: State::Running,
            runtime: Some(runtime),
            cluster,
            seed: true,
            ..Node::new(id)
        });
    }

    fn reason(nodes: &Nodes, offer: &Offer) -> String {
        let node = nodes.node("70").expect("node 70");
        match fit(nodes, node, offer, Time::SIM_START) {
            Err(error) => error.to_string(),
            Ok(Err(reason)) => reason,
            Ok(Ok(reservation)) => {
                let ports: Vec<_> = reservation.ports.values().map(ToString::to_string).collect();
                let ignored: Vec<_> = reservation.ignored.iter().map(|port| port.name()).collect();
                format!("ok {} ignored [{}]", ports.join(" "), ignored.join(" "))
            }
        }
    }

    #[test]
    fn says_why_not() {
        let all = "31000..32000";
        for (query, offer, expected) in [
            ("", offer("h", 0.5, 1000.0, all), "ok 31000 31001 31100 31002 31003 ignored []"),
            ("", offer("h", 0.4, 1000.0, all), "cpus < 0.5"),
            ("cpu=8", offer("h", 4.0, 1000.0, all), "cpus < 8.0"),
            ("", offer("h", 1.0, 999.9, all), "mem < 1000"),
            ("", offer("h", 1.0, 1000.0, ""), "no suitable storage port"),
            ("", offer("h", 1.0, 1000.0, "31000"), "no suitable jmx port"),
            ("", offer("h", 1.0, 1000.0, "31000..31099"), "no suitable cql port"),
            ("", offer("h", 1.0, 1000.0, "31099..31100,1"), "no suitable thrift port"),
            ("", offer("h", 1.0, 1000.0, "31098..31101"), "no suitable agent port"),
            ("constraints=zone%3Dcluster", offer("h", 1.0, 1000.0, all), "no zone"),
            ("constraints=rack%3Dlike:r2", offer("h", 1.0, 1000.0, all), "rack doesn't match like:r2"),
            (
                "seedConstraints=zone%3Dunique",
                offer("h", 1.0, 1000.0, all),
                "ok 31000 31001 31100 31002 31003 ignored []",
            ),
            ("seedConstraints=zone%3Dunique&seed=true", offer("h", 1.0, 1000.0, all), "no zone"),
        ] {
            assert_eq!(reason(&nodes(query), &offer), expected, "{query}");
        }
    }

    #[test]
    fn looks_at_placed_nodes() {
        let all = "31000..32000";
        for (query, host, ports, expected) in [
            ("constraints=hostname%3Dunique", "h0", all, "hostname doesn't match unique"),
            ("constraints=hostname%3DatMost:2", "h0", all, "ok 31000 31001 31100 31002 31003 ignored []"),
            // The other node has no rack at all: the check throws.
            ("constraints=rack%3Dunique", "h1", all, "java.util.NoSuchElementException: key not found: rack"),
            // Storage and agent ports follow the cluster.
            ("", "h1", "31005..31500", "no suitable storage port"),
            ("", "h1", all, "ok 31000 31001 31100 31002 31003 ignored []"),
            // The JMX port, taken before, is the lowest there is: the agent's own port, for which nothing
            // is left then.
            ("", "h1", "31000,31003,31050..31500", "no suitable agent port"),
            // On the same host they are shared, not asked for again.
            ("", "h0", "31050..31500", "ok 31000 31050 31100 31051 31003 ignored [storage agent]"),
        ] {
            let mut nodes = nodes(query);
            place(&mut nodes, "7", "h0");
            assert_eq!(reason(&nodes, &offer(host, 1.0, 1000.0, ports)), expected, "{query} {host}");
        }
    }

    #[test]
    fn sticks_to_its_host() {
        let mut nodes = nodes("");
        let node = nodes.node_mut("70").expect("node 70");
        node.stickiness.register_start("h0");
        node.stickiness.register_stop(Time::SIM_START - Duration::from_secs(29 * 60));
        let offer = offer("h1", 1.0, 1000.0, "31000..32000");
        assert_eq!(reason(&nodes, &offer), "hostname != stickiness hostname");
    }

    #[test]
    fn the_last_number_and_the_first_ports_count() {
        let mut offer = offer("h", 1.0, 1000.0, "31000..32000");
        offer.resources.push(Resource::scalar("mem", 10.0).for_role("x"));
        assert_eq!(reason(&nodes(""), &offer), "mem < 1000");
    }
}
