//! `cassandra.yaml`, `cassandra-rackdc.properties` and the flags that `cassandra-env.sh` would make.

use std::collections::BTreeMap;

use stacklab_machine::service::CassandraSpec;

use super::{CONF, DATA, Setup, property};

/// How long a node that joins waits for the others to have heard of it. The original's 30 s are for data centres;
/// gossip goes round once a second, and a first answer of a seed must fit in.
const RING_DELAY_MS: u32 = 3_000;

/// The container of a node.
pub(in crate::docker) fn cassandra(spec: &CassandraSpec) -> Setup {
    let mut setup = Setup::new(320, 1024);
    setup.flag("-Xms128m");
    setup.flag("-Xss256k");
    setup.flag(format!("-Dlogback.configurationFile={CONF}/logback.xml"));
    setup.flag(format!("-Dcassandra.config=file://{CONF}/cassandra.yaml"));
    setup.flag(format!("-Dcassandra-rackdc.properties=file://{CONF}/cassandra-rackdc.properties"));
    setup.flag("-Dcassandra-foreground=yes");
    setup.flag(format!("-Dcassandra.storagedir={DATA}"));
    setup.flag("-Dcassandra.skip_wait_for_gossip_to_settle=0");
    setup.flag(format!("-Dcassandra.ring_delay_ms={RING_DELAY_MS}"));
    setup.flag("-Dcassandra.consistent.rangemovement=false");
    setup.file("cassandra.yaml", yaml(spec));
    let places = [("dc", &spec.dc), ("rack", &spec.rack)];
    let rackdc: String = places.iter().map(|(key, value)| property(key, value)).collect();
    setup.file("cassandra-rackdc.properties", rackdc);
    setup.file("logback.xml", LOGBACK);
    setup
}

const LOGBACK: &str = "\
<configuration>
  <appender name=\"out\" class=\"ch.qos.logback.core.ConsoleAppender\">
    <encoder><pattern>%d{ISO8601} %-5level %msg \\(%logger\\)%n</pattern></encoder>
  </appender>
  <root level=\"INFO\"><appender-ref ref=\"out\"/></root>
</configuration>
";

fn yaml(spec: &CassandraSpec) -> String {
    let seeds = spec.seeds.join(",");
    let mut settings: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |key: &str, value: String| _ = settings.insert(key.to_owned(), value);
    set("cluster_name", quoted(&spec.cluster_name));
    set("num_tokens", "1".to_owned());
    set("partitioner", "org.apache.cassandra.dht.Murmur3Partitioner".to_owned());
    set("commitlog_sync", "periodic".to_owned());
    set("commitlog_sync_period_in_ms", "10000".to_owned());
    set("endpoint_snitch", "GossipingPropertyFileSnitch".to_owned());
    for key in ["listen_address", "rpc_address", "broadcast_address"] {
        set(key, quoted(&spec.address));
    }
    set("start_native_transport", "true".to_owned());
    set("native_transport_port", spec.cql_port.to_string());
    set("storage_port", spec.storage_port.to_string());
    // Off in 2.2 as it is delivered: its port is only written down.
    set("start_rpc", "false".to_owned());
    set("rpc_port", spec.thrift_port.to_string());
    set("data_file_directories", format!("[{DATA}/data]"));
    set("commitlog_directory", format!("{DATA}/commitlog"));
    set("saved_caches_directory", format!("{DATA}/saved_caches"));
    set("authenticator", "AllowAllAuthenticator".to_owned());
    set("authorizer", "AllowAllAuthorizer".to_owned());
    // A node of a laptop holds little: the defaults are thousands of MB and dozens of threads.
    set("commitlog_segment_size_in_mb", "8".to_owned());
    set("concurrent_reads", "8".to_owned());
    set("concurrent_writes", "8".to_owned());
    set(
        "seed_provider",
        format!(
            "[{{class_name: org.apache.cassandra.locator.SimpleSeedProvider, parameters: [{{seeds: {}}}]}}]",
            quoted(&seeds)
        ),
    );
    // What the node was given lies over everything, but not over where the container keeps its files.
    let own = ["data_file_directories", "commitlog_directory", "saved_caches_directory"];
    for (key, value) in spec.yaml.iter().filter(|(key, _)| !own.contains(&key.as_str())) {
        settings.insert(key.clone(), quoted(value));
    }
    settings.iter().map(|(key, value)| format!("{key}: {value}\n")).collect()
}

/// A scalar that YAML takes as it is; Cassandra turns it into a number where it wants one.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''").replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::*;
    use expect_test::expect;

    #[test]
    fn writes_what_the_executor_would() {
        let spec = CassandraSpec {
            cluster_name: "it's mine".into(),
            address: "127.78.0.12".into(),
            cql_port: 31_100,
            storage_port: 31_001,
            jmx_port: 31_002,
            thrift_port: 31_003,
            seeds: vec!["127.78.0.11".into(), "127.78.0.13".into()],
            dc: "DC1".into(),
            rack: "RACK1".into(),
            yaml: [("num_tokens".to_owned(), "256".to_owned())].into(),
        };
        expect![[r#"
            java -Xmx320m -XX:TieredStopAtLevel=1 -Xshare:auto -XX:+UseSerialGC -XX:-UsePerfData -Xms128m -Xss256k -Dlogback.configurationFile=/etc/stacklab/logback.xml -Dcassandra.config=file:///etc/stacklab/cassandra.yaml -Dcassandra-rackdc.properties=file:///etc/stacklab/cassandra-rackdc.properties -Dcassandra-foreground=yes -Dcassandra.storagedir=/data -Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.ring_delay_ms=3000 -Dcassandra.consistent.rangemovement=false … 
            --- /etc/stacklab/cassandra.yaml
            authenticator: AllowAllAuthenticator
            authorizer: AllowAllAuthorizer
            broadcast_address: '127.78.0.12'
            cluster_name: 'it''s mine'
            commitlog_directory: /data/commitlog
            commitlog_segment_size_in_mb: 8
            commitlog_sync: periodic
            commitlog_sync_period_in_ms: 10000
            concurrent_reads: 8
            concurrent_writes: 8
            data_file_directories: [/data/data]
            endpoint_snitch: GossipingPropertyFileSnitch
            listen_address: '127.78.0.12'
            native_transport_port: 31100
            num_tokens: '256'
            partitioner: org.apache.cassandra.dht.Murmur3Partitioner
            rpc_address: '127.78.0.12'
            rpc_port: 31003
            saved_caches_directory: /data/saved_caches
            seed_provider: [{class_name: org.apache.cassandra.locator.SimpleSeedProvider, parameters: [{seeds: '127.78.0.11,127.78.0.13'}]}]
            start_native_transport: true
            start_rpc: false
            storage_port: 31001
            --- /etc/stacklab/cassandra-rackdc.properties
            dc=DC1
            rack=RACK1
        "#]].assert_eq(&shown(&cassandra(&spec)));
    }
}
