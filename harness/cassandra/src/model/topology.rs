//! The nodes of a cluster: who owns which part of the ring, and whether enough of them are alive.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::Replication;
use super::murmur;
use crate::{Consistency, CqlError};

/// A node, as the others know it.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeInfo {
    /// Its address, for the other nodes and for clients.
    pub address: IpAddr,
    /// Where it serves CQL.
    pub cql_port: u16,
    /// Data centre.
    pub dc: String,
    /// Rack.
    pub rack: String,
    /// Host id.
    pub host_id: [u8; 16],
    /// The end of its range of the ring.
    pub token: i64,
    /// Whether it is alive.
    pub up: bool,
    /// When it was started last, in s since 1970.
    pub generation: i32,
}

/// All nodes that belong to the cluster, up or down.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    nodes: BTreeMap<IpAddr, NodeInfo>,
}

/// What a request needs of its replicas.
pub(super) struct Demand<'a> {
    pub(super) replication: &'a Replication,
    pub(super) consistency: Consistency,
    /// The coordinator's.
    pub(super) dc: &'a str,
}

impl Topology {
    /// A node by its address.
    pub fn node(&self, address: IpAddr) -> Option<&NodeInfo> {
        self.nodes.get(&address)
    }

    /// All nodes, by address.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeInfo> {
        self.nodes.values()
    }

    pub(super) fn node_mut(&mut self, address: IpAddr) -> Option<&mut NodeInfo> {
        self.nodes.get_mut(&address)
    }

    pub(super) fn insert(&mut self, node: NodeInfo) {
        self.nodes.insert(node.address, node);
    }

    pub(super) fn remove(&mut self, address: IpAddr) -> bool {
        self.nodes.remove(&address).is_some()
    }

    /// The token of a new node: hashed from its address, so that it is the same in every run.
    pub(super) fn token_for(address: IpAddr) -> i64 {
        murmur::token(address.to_string().as_bytes())
    }

    /// The nodes along the ring, from the owner of a token on.
    fn walk(&self, token: i64) -> impl Iterator<Item = &NodeInfo> {
        let mut nodes: Vec<_> = self.nodes.values().collect();
        nodes.sort_by_key(|node| node.token);
        let first = nodes.partition_point(|node| node.token < token);
        // Past the last token the ring begins again.
        let first = if first == nodes.len() { 0 } else { first };
        nodes.rotate_left(first);
        nodes.into_iter()
    }

    /// The nodes that hold a token's copies.
    fn replicas(&self, replication: &Replication, token: i64) -> Vec<&NodeInfo> {
        match replication {
            Replication::Local => Vec::new(),
            Replication::Simple(factor) => self.walk(token).take(*factor).collect(),
            Replication::Network(factors) => {
                factors.iter().flat_map(|(dc, factor)| self.replicas_of_dc(dc, *factor, token)).collect()
            }
        }
    }

    /// Copies in one data centre: as many racks as there are before any rack gets two.
    fn replicas_of_dc(&self, dc: &str, factor: usize, token: i64) -> Vec<&NodeInfo> {
        let mut racks = BTreeSet::new();
        let (first, later): (Vec<_>, Vec<_>) =
            self.walk(token).filter(|node| node.dc == dc).partition(|node| racks.insert(node.rack.as_str()));
        first.into_iter().chain(later).take(factor).collect()
    }

    /// Refuses what cannot reach its consistency level on one token.
    pub(super) fn check(&self, demand: &Demand<'_>, token: i64) -> Result<(), CqlError> {
        if *demand.replication == Replication::Local || demand.consistency == Consistency::Any {
            return Ok(());
        }
        let replicas = self.replicas(demand.replication, token);
        let alive = |dc: Option<&str>| {
            replicas.iter().filter(|node| node.up && dc.is_none_or(|dc| node.dc == dc)).count()
        };
        let unavailable = |required: usize, alive: usize| {
            if alive >= required {
                return Ok(());
            }
            let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
            let consistency = demand.consistency;
            Err(CqlError::Unavailable { consistency, required: number(required), alive: number(alive) })
        };
        match (demand.consistency, demand.replication) {
            (Consistency::EachQuorum, Replication::Network(factors)) => {
                factors.iter().try_for_each(|(dc, factor)| unavailable(factor / 2 + 1, alive(Some(dc))))
            }
            (level, _) => {
                let dc = level.is_local().then_some(demand.dc);
                unavailable(demand.required(), alive(dc))
            }
        }
    }

    /// Refuses what cannot reach its consistency level on every part of the ring.
    pub(super) fn check_all(&self, demand: &Demand<'_>) -> Result<(), CqlError> {
        self.nodes.values().try_for_each(|node| self.check(demand, node.token))
    }
}

impl Demand<'_> {
    fn required(&self) -> usize {
        let total = match self.replication {
            Replication::Local => 0,
            Replication::Simple(factor) => *factor,
            Replication::Network(factors) => factors.values().sum(),
        };
        let local = match self.replication {
            Replication::Network(factors) => factors.get(self.dc).copied().unwrap_or(0),
            _ => total,
        };
        match self.consistency {
            Consistency::Any => 0,
            Consistency::One | Consistency::LocalOne => 1,
            Consistency::Two => 2,
            Consistency::Three => 3,
            Consistency::All => total,
            Consistency::Quorum | Consistency::EachQuorum | Consistency::Serial => total / 2 + 1,
            Consistency::LocalQuorum | Consistency::LocalSerial => local / 2 + 1,
        }
    }
}
