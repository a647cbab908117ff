//! What Kafka's own tools know about topics (Kafka 0.8.1.1, which Kafka-Mesos 0.9.2 was linked against):
//! names, options, the assignment of replicas, and the documents in ZooKeeper.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Partition number to the brokers of its replicas, the preferred leader first.
pub(super) type Assignment = BTreeMap<u32, Vec<i64>>;

/// A topic as Kafka-Mesos shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Topic {
    /// Name.
    pub(super) name: String,
    /// Replicas by partition.
    pub(super) partitions: Assignment,
    /// Options that differ from the broker's.
    pub(super) options: BTreeMap<String, String>,
}

impl Topic {
    /// The topic's JSON in API replies: brokers of a partition as one text, `7, 8`.
    pub(super) fn to_json(&self) -> Value {
        let partitions: Map<String, Value> = self
            .partitions
            .iter()
            .map(|(partition, brokers)| (partition.to_string(), Value::from(join(brokers, ", "))))
            .collect();
        json!({"name": self.name, "partitions": partitions, "options": self.options})
    }

    /// The topic out of its two documents; what cannot be read counts as empty, as in Kafka's own tools.
    pub(super) fn from_documents(name: &str, topic: &[u8], config: Option<&[u8]>) -> Self {
        let options = config.and_then(|text| serde_json::from_slice::<Value>(text).ok());
        let options = options.as_ref().and_then(|node| node["config"].as_object()).map(|config| {
            config.iter().map(|(key, value)| (key.clone(), plain(value))).collect::<BTreeMap<_, _>>()
        });
        let document = serde_json::from_slice::<Value>(topic).unwrap_or_default();
        let partitions = document["partitions"].as_object().map(|partitions| {
            let entries = partitions.iter().filter_map(|(partition, brokers)| {
                let brokers = brokers.as_array()?.iter().filter_map(Value::as_i64).collect();
                Some((partition.parse().ok()?, brokers))
            });
            entries.collect::<Assignment>()
        });
        Self {
            name: name.to_owned(),
            partitions: partitions.unwrap_or_default(),
            options: options.unwrap_or_default(),
        }
    }

    /// `/brokers/topics/<name>`.
    pub(super) fn document(&self) -> Vec<u8> {
        let partitions: Vec<String> = self
            .partitions
            .iter()
            .map(|(partition, brokers)| format!("\"{partition}\":[{}]", join(brokers, ",")))
            .collect();
        format!("{{\"version\":1,\"partitions\":{{{}}}}}", partitions.join(",")).into_bytes()
    }

    /// `/config/topics/<name>`.
    pub(super) fn config_document(&self) -> Vec<u8> {
        json!({"version": 1, "config": self.options}).to_string().into_bytes()
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn join(brokers: &[i64], separator: &str) -> String {
    brokers.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}

/// Why Kafka's tools refuse, in their words: the exception as Java prints it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {message}")]
pub(super) struct Refused {
    class: &'static str,
    message: String,
}

/// Most partitions that one call may ask for: the original has no bound, a simulation needs one.
pub(super) const MAX_PARTITIONS: i64 = 10_000;

/// Spreads replicas over brokers as Kafka does when it is told where to start: leaders go round, followers
/// follow with a shift that grows with each round.
///
/// # Errors
/// Kafka's own exceptions for numbers that cannot be met.
pub(super) fn assign(brokers: &[i64], partitions: i64, replicas: i64) -> Result<Assignment, Refused> {
    let refuse = |message: String| Err(Refused { class: "kafka.admin.AdminOperationException", message });
    let count = brokers.len();
    if partitions <= 0 {
        return refuse("number of partitions must be larger than 0".to_owned());
    }
    if replicas <= 0 {
        return refuse("replication factor must be larger than 0".to_owned());
    }
    if usize::try_from(replicas).unwrap_or(usize::MAX) > count {
        return refuse(format!("replication factor: {replicas} larger than available brokers: {count}"));
    }
    if partitions > MAX_PARTITIONS {
        return refuse(format!("number of partitions: {partitions} larger than {MAX_PARTITIONS}"));
    }
    let followers = usize::try_from(replicas).unwrap_or(1) - 1;
    let mut shift = 0;
    let mut assignment = Assignment::new();
    for partition in 0..u32::try_from(partitions).unwrap_or(0) {
        let at = partition as usize;
        if at > 0 && at.is_multiple_of(count) {
            shift += 1;
        }
        let leader = at % count;
        let mut replicas = vec![brokers[leader]];
        // With a single broker there are no followers, so the division below never meets a zero.
        replicas.extend(
            (0..followers).map(|follower| brokers[(leader + 1 + (shift + follower) % (count - 1)) % count]),
        );
        assignment.insert(partition, replicas);
    }
    Ok(assignment)
}

/// Checks a topic's name as Kafka does.
///
/// # Errors
/// Kafka's `InvalidTopicException`.
pub(super) fn validate_name(name: &str) -> Result<(), Refused> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let message = if name.is_empty() {
        "topic name is illegal, can't be empty".to_owned()
    } else if matches!(name, "." | "..") {
        "topic name cannot be \".\" or \"..\"".to_owned()
    } else if name.len() > 255 {
        "topic name is illegal, can't be longer than 255 characters".to_owned()
    } else if !name.chars().all(legal) {
        format!(
            "topic name {name} is illegal, contains a character other than ASCII alphanumerics, \
             '.', '_' and '-'"
        )
    } else {
        return Ok(());
    };
    Err(Refused { class: "kafka.common.InvalidTopicException", message })
}

/// Options of Kafka 0.8.1.1 that hold whole numbers. `min.insync.replicas` and others of 0.8.2 are unknown to
/// Kafka-Mesos 0.9.2, whatever the brokers are.
const NUMBERS: [&str; 11] = [
    "delete.retention.ms",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "index.interval.bytes",
    "max.message.bytes",
    "retention.bytes",
    "retention.ms",
    "segment.bytes",
    "segment.index.bytes",
    "segment.ms",
];

/// What is wrong with topic options, in Kafka's words; `None` if nothing is.
pub(super) fn option_error(options: &[(String, String)]) -> Option<String> {
    let known = |name: &str| {
        NUMBERS.contains(&name) || matches!(name, "cleanup.policy" | "min.cleanable.dirty.ratio")
    };
    if let Some((name, _)) = options.iter().find(|(name, _)| !known(name)) {
        return Some(format!("requirement failed: Unknown configuration \"{name}\"."));
    }
    options.iter().find_map(|(name, value)| {
        let broken = match name.as_str() {
            "cleanup.policy" => false,
            "min.cleanable.dirty.ratio" => value.trim().parse::<f64>().is_err(),
            "segment.ms"
            | "flush.messages"
            | "flush.ms"
            | "retention.bytes"
            | "retention.ms"
            | "delete.retention.ms" => value.parse::<i64>().is_err(),
            _ => value.parse::<i32>().is_err(),
        };
        broken.then(|| format!("For input string: \"{value}\""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assigns_as_kafka_does() {
        let cases: [(&[i64], i64, i64, &str); 5] = [
            (&[70], 1, 1, r#"{"version":1,"partitions":{"0":[70]}}"#),
            (&[0, 1], 4, 1, r#"{"version":1,"partitions":{"0":[0],"1":[1],"2":[0],"3":[1]}}"#),
            (&[0, 1], 2, 2, r#"{"version":1,"partitions":{"0":[0,1],"1":[1,0]}}"#),
            (&[0, 1, 2], 4, 2, r#"{"version":1,"partitions":{"0":[0,1],"1":[1,2],"2":[2,0],"3":[0,2]}}"#),
            (&[5, 7, 9], 3, 3, r#"{"version":1,"partitions":{"0":[5,7,9],"1":[7,9,5],"2":[9,5,7]}}"#),
        ];
        for (brokers, partitions, replicas, document) in cases {
            let partitions = assign(brokers, partitions, replicas).expect(document);
            let topic = Topic { name: "t".into(), partitions, ..Topic::default() };
            assert_eq!(String::from_utf8_lossy(&topic.document()), document);
            assert_eq!(Topic::from_documents("t", &topic.document(), None), topic);
        }
    }

    #[test]
    fn refuses_in_kafkas_words() {
        let cases = [
            ((0, 1), "number of partitions must be larger than 0"),
            ((1, 0), "replication factor must be larger than 0"),
            ((1, 3), "replication factor: 3 larger than available brokers: 2"),
            ((10_001, 1), "number of partitions: 10001 larger than 10000"),
        ];
        for ((partitions, replicas), text) in cases {
            let refused = assign(&[0, 1], partitions, replicas).expect_err(text);
            assert_eq!(refused.to_string(), format!("kafka.admin.AdminOperationException: {text}"));
        }
        assert_eq!(
            assign(&[], 1, 1).expect_err("no broker").to_string(),
            "kafka.admin.AdminOperationException: replication factor: 1 larger than available brokers: 0"
        );
        assert_eq!(
            validate_name("a b").expect_err("blank").to_string(),
            "kafka.common.InvalidTopicException: topic name a b is illegal, contains a character other than ASCII \
             alphanumerics, '.', '_' and '-'"
        );
        assert!(validate_name("..").is_err() && validate_name(&"t".repeat(256)).is_err());
        assert!(validate_name("zip_kin-1.x").is_ok());
    }

    #[test]
    fn checks_options_as_kafka_0_8_1_does() {
        let error = |name: &str, value: &str| option_error(&[(name.into(), value.into())]);
        assert_eq!(error("retention.ms", "1000"), None);
        assert_eq!(error("cleanup.policy", "compact"), None);
        assert_eq!(error("retention.ms", "soon"), Some("For input string: \"soon\"".into()));
        assert_eq!(error("segment.bytes", "9999999999"), Some("For input string: \"9999999999\"".into()));
        assert_eq!(
            error("min.insync.replicas", "2"),
            Some("requirement failed: Unknown configuration \"min.insync.replicas\".".into())
        );
    }

    #[test]
    fn reads_documents() {
        let topic = Topic::from_documents(
            "T",
            br#"{"version":1,"partitions":{"1":[71,72],"0":[72,71]}}"#,
            Some(br#"{"version":1,"config":{"retention.ms":"5"}}"#),
        );
        assert_eq!(
            topic.to_json().to_string(),
            r#"{"name":"T","partitions":{"0":"72, 71","1":"71, 72"},"options":{"retention.ms":"5"}}"#
        );
        assert_eq!(topic.config_document(), br#"{"version":1,"config":{"retention.ms":"5"}}"#);
        assert_eq!(
            Topic::from_documents("T", b"rubbish", None),
            Topic { name: "T".into(), ..Topic::default() }
        );
    }
}
