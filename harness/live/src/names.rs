//! Host names of the cluster: what a platform's service discovery would answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use stacklab_machine::service::ServiceSpec;

/// Names and the addresses they lead to. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Names {
    known: Arc<BTreeMap<String, String>>,
}

impl Names {
    /// The names given; others are left to the system.
    pub fn new(known: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { known: Arc::new(known.into_iter().collect()) }
    }

    /// Puts addresses in the place of names, wherever one stands as a whole word: `zookeeper.service:2181/path`.
    pub fn resolve(&self, text: &str) -> String {
        self.known.iter().fold(text.to_owned(), |text, (name, address)| replace_word(&text, name, address))
    }

    /// Resolves the addresses that a service is told to use.
    pub fn resolve_spec(&self, mut spec: ServiceSpec) -> ServiceSpec {
        let resolve = |values: &mut BTreeMap<String, String>| {
            for value in values.values_mut() {
                *value = self.resolve(value);
            }
        };
        match &mut spec {
            ServiceSpec::Kafka(spec) => resolve(&mut spec.properties),
            ServiceSpec::Zipkin(spec) => {
                resolve(&mut spec.env);
                resolve(&mut spec.flags);
            }
            ServiceSpec::ZooKeeper(_) | ServiceSpec::Cassandra(_) => {}
        }
        spec
    }
}

fn replace_word(text: &str, name: &str, address: &str) -> String {
    let belongs = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
    let (mut replaced, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(name) {
        let (before, from) = rest.split_at(at);
        let after = &from[name.len()..];
        let whole = !before.ends_with(belongs) && !after.starts_with(belongs);
        replaced.push_str(before);
        replaced.push_str(if whole { address } else { name });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_whole_names_only() {
        let names = Names::new([("zookeeper.service".to_owned(), "127.77.0.1".to_owned())]);
        let cases = [
            ("zookeeper.service:2181/a", "127.77.0.1:2181/a"),
            ("a:1,zookeeper.service:2181", "a:1,127.77.0.1:2181"),
            ("my-zookeeper.service:2181", "my-zookeeper.service:2181"),
            ("zookeeper.service.consul", "zookeeper.service.consul"),
        ];
        for (text, expected) in cases {
            assert_eq!(names.resolve(text), expected);
        }
    }
}
