//! `server.properties`.

use stacklab_machine::service::KafkaSpec;

use super::{CONF, DATA, LOG4J, Setup, property};

/// The container of a broker.
pub(in crate::docker) fn kafka(spec: &KafkaSpec) -> Setup {
    let mut setup = Setup::new(192, 512);
    setup.flag(format!("-Dlog4j.configuration=file:{CONF}/log4j.properties"));
    setup.file("server.properties", server_properties(spec));
    setup.file("log4j.properties", LOG4J);
    setup.arguments.push(format!("{CONF}/server.properties"));
    setup
}

/// The line by which a broker says that `startup` returned: it is registered.
pub(in crate::docker) fn broker_log_line(line: &str) -> bool {
    line.contains("[Kafka Server ") && line.contains("], started")
}

fn server_properties(spec: &KafkaSpec) -> String {
    let mut text = String::new();
    for (key, value) in &spec.properties {
        let value = if key == "log.dirs" || key == "log.dir" { &directories(value) } else { value };
        text.push_str(&property(key, value));
    }
    if !spec.properties.contains_key("log.dirs") && !spec.properties.contains_key("log.dir") {
        text.push_str(&property("log.dirs", &directories("kafka-logs")));
    }
    text
}

/// Relative directories lie in the sandbox, and the container has no others that stay: all go into its volume.
fn directories(list: &str) -> String {
    let inside = |path: &str| {
        let parts = path.trim().split('/').filter(|part| !matches!(*part, "" | "." | ".."));
        format!("{DATA}/{}", parts.collect::<Vec<_>>().join("/"))
    };
    list.split(',').map(inside).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::*;
    use expect_test::expect;

    #[test]
    fn keeps_every_property_and_moves_the_directories() {
        let properties = [
            ("broker.id", "70"),
            ("host.name", "127.78.0.11"),
            ("port", "31250"),
            ("log.dirs", "kafka-logs,/mnt/../a"),
            ("zookeeper.connect", "127.78.0.11:2181/kafka"),
            ("log.retention.bytes", "10737418240"),
        ];
        let properties = properties.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        expect![[r#"
            java -Xmx192m -XX:TieredStopAtLevel=1 -Xshare:auto -XX:+UseSerialGC -XX:-UsePerfData -Dlog4j.configuration=file:/etc/stacklab/log4j.properties … /etc/stacklab/server.properties
            --- /etc/stacklab/server.properties
            broker.id=70
            host.name=127.78.0.11
            log.dirs=/data/kafka-logs,/data/mnt/a
            log.retention.bytes=10737418240
            port=31250
            zookeeper.connect=127.78.0.11:2181/kafka
        "#]].assert_eq(&shown(&kafka(&KafkaSpec { properties })));
    }

    #[test]
    fn knows_the_line_of_a_started_broker() {
        assert!(broker_log_line("2026-11-24 INFO  [Kafka Server 70], started (kafka.server.KafkaServer)"));
        assert!(!broker_log_line("2026-11-24 INFO  [Kafka Server 70], starting (kafka.server.KafkaServer)"));
    }
}
