//! Exhibitor's shared configuration: as properties in ZooKeeper, as JSON in its REST interface.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::spec::ServersSpec;
use crate::base::properties;

/// Exhibitor 1.5.5's settings with their defaults: name in JSON, name in the properties, default, whether it is a number.
const FIELDS: [(&str, &str, &str, bool); 22] = [
    ("logIndexDirectory", "log-index-directory", "", false),
    ("zookeeperInstallDirectory", "zookeeper-install-directory", "", false),
    ("zookeeperDataDirectory", "zookeeper-data-directory", "", false),
    ("zookeeperLogDirectory", "zookeeper-log-directory", "", false),
    ("serversSpec", "servers-spec", "", false),
    ("backupExtra", "backup-extra", "", false),
    ("zooCfgExtra", "zoo-cfg-extra", "syncLimit=5&tickTime=2000&initLimit=10", false),
    ("javaEnvironment", "java-environment", "", false),
    ("log4jProperties", "log4j-properties", "", false),
    ("clientPort", "client-port", "2181", true),
    ("connectPort", "connect-port", "2888", true),
    ("electionPort", "election-port", "3888", true),
    ("checkMs", "check-ms", "30000", true),
    ("cleanupPeriodMs", "cleanup-period-ms", "43200000", true),
    ("cleanupMaxFiles", "cleanup-max-files", "3", true),
    ("backupPeriodMs", "backup-period-ms", "60000", true),
    ("backupMaxStoreMs", "backup-max-store-ms", "86400000", true),
    ("autoManageInstances", "auto-manage-instances", "0", true),
    ("autoManageInstancesSettlingPeriodMs", "auto-manage-instances-settling-period-ms", "180000", true),
    ("observerThreshold", "observer-threshold", "999", true),
    ("autoManageInstancesFixedEnsembleSize", "auto-manage-instances-fixed-ensemble-size", "0", true),
    ("autoManageInstancesApplyAllAtOnce", "auto-manage-instances-apply-all-at-once", "1", true),
];

const PREFIX: &str = "com.netflix.exhibitor.";
const EXTRA: &str = "zooCfgExtra";

/// The shared configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SharedConfig {
    /// What differs from the default, by JSON name. `zooCfgExtra` as `a=b&c=d`.
    values: BTreeMap<&'static str, String>,
}

impl SharedConfig {
    /// Reads the properties text; unknown keys are dropped.
    pub(super) fn from_properties(text: &str) -> Self {
        let mut config = Self::default();
        for (key, value) in properties::parse(text) {
            let name = key.strip_prefix(PREFIX).unwrap_or(&key);
            if let Some(field) = FIELDS.iter().find(|field| field.1 == name) {
                config.values.insert(field.0, value);
            }
        }
        config
    }

    /// Prints the properties text.
    pub(super) fn to_properties(&self) -> String {
        let keys: Vec<String> = FIELDS.iter().map(|field| format!("{PREFIX}{}", field.1)).collect();
        let values = FIELDS.iter().map(|field| self.text(field.0));
        properties::print(keys.iter().map(String::as_str).zip(values))
    }

    /// Takes the body of `config/set`: numbers may be texts; fields that are missing keep their value.
    pub(super) fn update(&mut self, body: &Map<String, Value>) {
        for (name, _, _, _) in FIELDS {
            let value = match body.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Object(pairs)) if name == EXTRA => encode_pairs(pairs),
                Some(Value::Number(number)) => number.to_string(),
                _ => continue,
            };
            self.values.insert(name, value);
        }
    }

    /// Fields for `config` of `get-state`.
    pub(super) fn write_fields(&self, config: &mut Map<String, Value>) {
        for (name, _, default, number) in FIELDS {
            let text = self.text(name);
            let value = if name == EXTRA {
                decode_pairs(text)
            } else if number {
                Value::from(text.parse::<i64>().or_else(|_| default.parse()).unwrap_or_default())
            } else {
                Value::from(text)
            };
            config.insert(name.into(), value);
        }
    }

    /// A setting as text, by JSON name.
    pub(super) fn text(&self, name: &str) -> &str {
        let default = FIELDS.iter().find(|field| field.0 == name).map_or("", |field| field.2);
        self.values.get(name).map_or(default, String::as_str)
    }

    /// A port; the default if it is none.
    pub(super) fn port(&self, name: &str) -> u16 {
        let default = FIELDS.iter().find(|field| field.0 == name).map_or("", |field| field.2);
        self.text(name).parse().or_else(|_| default.parse()).unwrap_or_default()
    }

    /// The servers.
    pub(super) fn servers(&self) -> ServersSpec {
        ServersSpec::parse(self.text("serversSpec"))
    }

    /// The further keys of `zoo.cfg`.
    pub(super) fn extra(&self) -> BTreeMap<String, String> {
        let pairs = self.text(EXTRA).split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }
}

fn encode_pairs(pairs: &Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let parts: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
    parts.join("&")
}

fn decode_pairs(text: &str) -> Value {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    Value::Object(pairs.map(|(key, value)| (key.to_owned(), Value::from(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_through_both_forms() {
        let body = serde_json::json!({
            "zookeeperInstallDirectory": "/tmp/zookeeper", "serversSpec": "S:70:slave0", "clientPort": "2182",
            "zooCfgExtra": {"tickTime": "1000"}, "unknown": 1,
        });
        let mut config = SharedConfig::default();
        config.update(body.as_object().unwrap());
        let text = config.to_properties();
        assert!(text.contains("com.netflix.exhibitor.servers-spec=S\\:70\\:slave0\n"), "{text}");
        let back = SharedConfig::from_properties(&text);
        assert_eq!((back.port("clientPort"), back.port("connectPort")), (2182, 2888));
        assert_eq!(back.extra().len(), 1);
        let mut fields = Map::new();
        back.write_fields(&mut fields);
        assert_eq!(fields["clientPort"], 2182);
        assert_eq!(fields["zooCfgExtra"]["tickTime"], "1000");
        assert_eq!(fields["zookeeperInstallDirectory"], "/tmp/zookeeper");
        assert_eq!(fields.len(), FIELDS.len());
    }
}
