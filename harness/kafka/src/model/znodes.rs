//! The nodes that Kafka 0.8.2 keeps in ZooKeeper: their paths, and their documents to the byte.
//!
//! Paths are relative to the chroot. The order of the keys is the original's, which nobody should rely on when
//! reading, nor does this.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use serde::Deserialize;

use super::Endpoint;
use super::assignment::scala_order;

/// Parent of the brokers' registrations.
pub const BROKER_IDS: &str = "/brokers/ids";
/// Parent of the topics.
pub const TOPICS: &str = "/brokers/topics";
/// The controller's ephemeral node.
pub const CONTROLLER: &str = "/controller";
/// How often the controller has changed.
pub const CONTROLLER_EPOCH: &str = "/controller_epoch";
/// Parent of the topics' configurations.
pub const TOPIC_CONFIGS: &str = "/config/topics";
/// Parent of the marks of topics to be deleted.
pub const DELETE_TOPICS: &str = "/admin/delete_topics";
/// Appears while partitions are to be moved.
pub const REASSIGN_PARTITIONS: &str = "/admin/reassign_partitions";
/// Appears while leaders are to go back to their first replicas.
pub const PREFERRED_ELECTION: &str = "/admin/preferred_replica_election";
/// What a broker makes sure of at its start, in this order.
pub const PERSISTENT: [&str; 6] =
    ["/consumers", BROKER_IDS, TOPICS, "/config/changes", TOPIC_CONFIGS, DELETE_TOPICS];

/// Leader and in-sync replicas of a partition, as in its state node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionState {
    /// The controller's epoch at the time of writing.
    pub controller_epoch: i32,
    /// Broker id of the leader; −1 for none.
    pub leader: i32,
    /// Grows with each change of leader or controller-made change of the replicas in sync.
    pub leader_epoch: i32,
    /// Broker ids in sync with the leader, itself included.
    pub isr: Vec<i32>,
}

/// Path of a broker's registration.
pub fn broker_path(id: i32) -> String {
    format!("{BROKER_IDS}/{id}")
}

/// Path of a topic.
pub fn topic_path(topic: &str) -> String {
    format!("{TOPICS}/{topic}")
}

/// Path of a topic's configuration.
pub fn topic_config_path(topic: &str) -> String {
    format!("{TOPIC_CONFIGS}/{topic}")
}

/// Path of a partition's state.
pub fn state_path(topic: &str, partition: i32) -> String {
    format!("{TOPICS}/{topic}/partitions/{partition}/state")
}

/// Path of a group's committed offset.
pub fn offset_path(group: &str, topic: &str, partition: i32) -> String {
    format!("/consumers/{group}/offsets/{topic}/{partition}")
}

/// Parent of a group's members.
pub fn member_ids_path(group: &str) -> String {
    format!("/consumers/{group}/ids")
}

/// Path of a member's claim to a partition.
pub fn owner_path(group: &str, topic: &str, partition: i32) -> String {
    format!("/consumers/{group}/owners/{topic}/{partition}")
}

/// A broker's registration; `now` in ms.
pub fn broker(endpoint: &Endpoint, now: u64) -> Bytes {
    let host = quoted(&endpoint.host);
    format!(r#"{{"jmx_port":-1,"timestamp":"{now}","host":{host},"version":1,"port":{}}}"#, endpoint.port)
        .into()
}

/// The controller's node; `now` in ms.
pub fn controller(id: i32, now: u64) -> Bytes {
    format!(r#"{{"version":1,"brokerid":{id},"timestamp":"{now}"}}"#).into()
}

/// A topic: the replicas of each partition, in the order in which Scala's maps would give them.
pub fn topic(assignment: &BTreeMap<i32, Vec<i32>>) -> Bytes {
    let mut text = String::from(r#"{"version":1,"partitions":{"#);
    for (at, partition) in scala_order(assignment.keys().copied()).into_iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(text, r#"{comma}"{partition}":{}"#, ids(&assignment[&partition]));
    }
    text.push_str("}}");
    text.into()
}

/// A partition's state.
pub fn state(state: &PartitionState) -> Bytes {
    format!(
        r#"{{"controller_epoch":{},"leader":{},"version":1,"leader_epoch":{},"isr":{}}}"#,
        state.controller_epoch,
        state.leader,
        state.leader_epoch,
        ids(&state.isr)
    )
    .into()
}

/// A topic's configuration: pairs of key and value, in order.
pub fn topic_config(pairs: &[(&str, &str)]) -> Bytes {
    let pairs: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
    format!(r#"{{"version":1,"config":{{{}}}}}"#, pairs.join(",")).into()
}

/// A member of a consumer group with one stream of one topic; `now` in ms.
pub fn member(topic: &str, now: u64) -> Bytes {
    format!(
        r#"{{"version":1,"subscription":{{{}:1}},"pattern":"static","timestamp":"{now}"}}"#,
        quoted(topic)
    )
    .into()
}

fn ids(ids: &[i32]) -> String {
    let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
    format!("[{}]", ids.join(","))
}

fn quoted(text: &str) -> String {
    // A string is always representable.
    serde_json::to_string(text).unwrap_or_default()
}

fn parse<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Option<T> {
    serde_json::from_slice(data).ok()
}

/// Reads a broker's registration.
pub fn parse_broker(data: &[u8]) -> Option<Endpoint> {
    #[derive(Deserialize)]
    struct Document {
        host: String,
        port: i32,
    }
    parse::<Document>(data).map(|document| Endpoint { host: document.host, port: document.port })
}

/// Reads who the controller is. Old versions wrote the bare number.
pub fn parse_controller(data: &[u8]) -> Option<i32> {
    #[derive(Deserialize)]
    struct Document {
        brokerid: i32,
    }
    parse::<Document>(data).map(|document| document.brokerid).or_else(|| parse_number(data))
}

/// Reads a decimal number: an epoch, an offset.
pub fn parse_number<T: std::str::FromStr>(data: &[u8]) -> Option<T> {
    std::str::from_utf8(data).ok()?.trim().parse().ok()
}

/// Reads a committed offset, as `Long.parseLong` of Java does.
pub fn parse_offset(data: &[u8]) -> Option<i64> {
    std::str::from_utf8(data).ok()?.parse().ok()
}

/// Whether the client of ZooKeeper would send this path: it refuses empty parts, `.`, `..` and unprintable
/// characters.
pub fn is_valid_path(path: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..");
    let refused = |c| matches!(c, '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..);
    path == "/"
        || path.strip_prefix('/').is_some_and(|parts| parts.split('/').all(part)) && !path.contains(refused)
}

/// Reads a topic's assignment.
pub fn parse_topic(data: &[u8]) -> Option<BTreeMap<i32, Vec<i32>>> {
    #[derive(Deserialize)]
    struct Document {
        partitions: BTreeMap<String, Vec<i32>>,
    }
    let document = parse::<Document>(data)?;
    document
        .partitions
        .into_iter()
        .map(|(partition, replicas)| Some((partition.parse().ok().filter(|id| *id >= 0)?, replicas)))
        .collect()
}

/// Reads a partition's state.
pub fn parse_state(data: &[u8]) -> Option<PartitionState> {
    #[derive(Deserialize)]
    struct Document {
        controller_epoch: i32,
        leader: i32,
        leader_epoch: i32,
        isr: Vec<i32>,
    }
    parse::<Document>(data).map(|document| PartitionState {
        controller_epoch: document.controller_epoch,
        leader: document.leader,
        leader_epoch: document.leader_epoch,
        isr: document.isr,
    })
}

/// Reads a member's subscription: streams a topic. Patterns are not followed: they count as no topic.
pub fn parse_member(data: &[u8]) -> Option<BTreeMap<String, i32>> {
    #[derive(Deserialize)]
    struct Document {
        subscription: BTreeMap<String, i32>,
        #[serde(default)]
        pattern: String,
    }
    let document = parse::<Document>(data)?;
    Some(if document.pattern.ends_with("_list") { BTreeMap::new() } else { document.subscription })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_offsets_as_java_does() {
        for (text, offset) in [("12", Some(12)), ("-3", Some(-3)), ("+7", Some(7)), (" 5", None), ("", None)]
        {
            assert_eq!(parse_offset(text.as_bytes()), offset, "{text:?}");
        }
        assert_eq!(parse_offset(b"99999999999999999999"), None);
    }

    #[test]
    fn knows_paths_that_are_not_sent() {
        for (group, valid) in
            [("g", true), ("a/b", true), ("", false), ("..", false), ("a//b", false), ("a\nb", false)]
        {
            assert_eq!(is_valid_path(&offset_path(group, "t", 0)), valid, "{group:?}");
        }
        assert!(is_valid_path("/") && !is_valid_path("") && !is_valid_path("/a/"));
    }

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn writes_the_documents_of_the_original() {
        let endpoint = Endpoint { host: "172.18.0.1".into(), port: 9292 };
        let data = broker(&endpoint, 1_795_473_794_801);
        assert_eq!(
            text(&data),
            r#"{"jmx_port":-1,"timestamp":"1795473794801","host":"172.18.0.1","version":1,"port":9292}"#
        );
        assert_eq!(parse_broker(&data), Some(endpoint));

        let data = controller(71, 1_795_473_794_640);
        assert_eq!(text(&data), r#"{"version":1,"brokerid":71,"timestamp":"1795473794640"}"#);
        assert_eq!(parse_controller(&data), Some(71));

        let assignment = BTreeMap::from([(0, vec![72, 71]), (1, vec![71, 72])]);
        let data = topic(&assignment);
        assert_eq!(text(&data), r#"{"version":1,"partitions":{"1":[71,72],"0":[72,71]}}"#);
        assert_eq!(parse_topic(&data), Some(assignment));

        let wanted = PartitionState { controller_epoch: 1, leader: 71, leader_epoch: 0, isr: vec![71] };
        let data = state(&wanted);
        assert_eq!(
            text(&data),
            r#"{"controller_epoch":1,"leader":71,"version":1,"leader_epoch":0,"isr":[71]}"#
        );
        assert_eq!(parse_state(&data), Some(wanted));

        assert_eq!(text(&topic_config(&[])), r#"{"version":1,"config":{}}"#);
        assert_eq!(
            text(&topic_config(&[("segment.bytes", "104857600"), ("cleanup.policy", "compact")])),
            r#"{"version":1,"config":{"segment.bytes":"104857600","cleanup.policy":"compact"}}"#
        );
        let data = member("notSpans", 1_795_474_366_402);
        assert_eq!(
            text(&data),
            r#"{"version":1,"subscription":{"notSpans":1},"pattern":"static","timestamp":"1795474366402"}"#
        );
        assert_eq!(parse_member(&data), Some(BTreeMap::from([("notSpans".into(), 1)])));
    }

    #[test]
    fn reads_no_sense_into_nonsense() {
        for data in [&b""[..], b"{}", b"\xff", br#"{"partitions":{"x":[1]}}"#] {
            assert_eq!(parse_topic(data), None);
            assert_eq!(parse_broker(data), None);
            assert_eq!(parse_state(data), None);
        }
        assert_eq!(parse_controller(b"7"), Some(7));
    }
}
