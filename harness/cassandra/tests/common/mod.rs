//! What the tests of the server share: nodes on addresses of their own, and Zipkin's schema script.
#![allow(dead_code, reason = "each test uses its own part")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stacklab_cassandra::server::{Node, NodeConfig, NodeHandle, Ring, StartError};
use stacklab_machine::service::CassandraSpec;

/// The script that Zipkin's storage runs when the keyspace is absent, comments and all.
pub(crate) const ZIPKIN_SCHEMA: &str = include_str!("../data/zipkin-schema.cql");

/// A node of a cluster `lab`; port 0 is any.
pub(crate) fn spec(address: &str, port: u16, seeds: &[&str]) -> CassandraSpec {
    CassandraSpec {
        cluster_name: "lab".to_owned(),
        address: address.to_owned(),
        cql_port: port,
        storage_port: 7000,
        jmx_port: 7199,
        thrift_port: 9160,
        seeds: seeds.iter().map(|seed| (*seed).to_owned()).collect(),
        dc: "datacenter1".to_owned(),
        rack: "rack1".to_owned(),
        yaml: BTreeMap::new(),
    }
}

pub(crate) async fn try_start(
    spec: CassandraSpec,
    ring: &Ring,
    strict: bool,
) -> Result<NodeHandle, StartError> {
    let config = NodeConfig { strict, ..NodeConfig::new(spec) };
    Node::start(config, ring.clone(), Arc::new(|_: &str| {})).await
}

pub(crate) async fn start(spec: CassandraSpec, ring: &Ring) -> NodeHandle {
    try_start(spec, ring, false).await.expect("the node starts")
}

/// One node of a ring of its own.
pub(crate) async fn single(address: &str) -> (NodeHandle, Ring) {
    let ring = Ring::new("lab");
    (start(spec(address, 0, &[]), &ring).await, ring)
}

/// The statements of the script, each with the comments before and in it.
pub(crate) fn zipkin_statements() -> Vec<&'static str> {
    ZIPKIN_SCHEMA.split(';').map(str::trim).filter(|text| text.contains("CREATE")).collect()
}

/// Waits for a condition, 5 s at most.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "{what}: not within 5 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
