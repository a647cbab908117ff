//! The artifacts that the stacks name, and what each brings into a sandbox. Their content plays no part: the machines
//! look at names only, as the schedulers do.

use super::words::fits;

/// A kind of artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Pattern of its file name, with `*`.
    pub name: &'static str,
    /// What is in the archive; `None` if it is none. `*` stands for what `*` stood for in the name.
    content: Option<&'static [&'static str]>,
}

impl Artifact {
    /// Whether it is unpacked on arrival (the archive itself stays).
    pub const fn is_archive(&self) -> bool {
        self.content.is_some()
    }
}

const fn file(name: &'static str) -> Artifact {
    Artifact { name, content: None }
}

const fn archive(name: &'static str, content: &'static [&'static str]) -> Artifact {
    Artifact { name, content: Some(content) }
}

const TABLE: [Artifact; 30] = [
    file("mesos-exhibitor*.jar"),
    file("exhibitor-mesos*"),
    file("exhibitor-*.jar"),
    archive(
        "jdk-7u79-linux-x64*",
        &["jdk1.7.0_79/", "jdk1.7.0_79/bin/", "jdk1.7.0_79/bin/java", "jdk1.7.0_79/bin/jps"],
    ),
    archive("jdk-*.tar.gz", &["jdk-*/", "jdk-*/bin/", "jdk-*/bin/java", "jdk-*/bin/jps"]),
    archive("jre-7u79-linux-x64*", &["jre1.7.0_79/", "jre1.7.0_79/bin/", "jre1.7.0_79/bin/java"]),
    archive("jre-*.tar.gz", &["jre-*/", "jre-*/bin/", "jre-*/bin/java"]),
    archive("jre*.zip", &["jre/", "jre/bin/", "jre/bin/java"]),
    archive("zookeeper*.tar.gz", &["zookeeper*/", "zookeeper*/bin/", "zookeeper*/bin/zkServer.sh"]),
    file("kafka-mesos*"),
    archive("kafka_*.tgz", &["kafka_*/", "kafka_*/config/", "kafka_*/config/server.properties"]),
    file("dse-mesos*.jar"),
    file("dse-mesos.sh"),
    archive("dse*.tar.gz", &["dse*/", "dse*/bin/", "dse*/bin/dse"]),
    archive(
        "apache-cassandra*-bin.tar.gz",
        &["apache-cassandra*/", "apache-cassandra*/bin/", "apache-cassandra*/bin/cassandra"],
    ),
    archive(
        "apache-cassandra*.tar.gz",
        &["apache-cassandra*/", "apache-cassandra*/bin/", "apache-cassandra*/bin/cassandra"],
    ),
    file("zipkin-mesos*"),
    file("zipkin-collector-service*.jar"),
    file("zipkin-query-service*.jar"),
    archive("zipkin-web-resources*.tar.gz", &["resources/"]),
    file("zipkin-web*.jar"),
    archive(
        "zipkin-deps.tar.gz",
        &[
            "zipkin-deps/",
            "zipkin-deps/collector-cassandra.scala",
            "zipkin-deps/collector-dev.scala",
            "zipkin-deps/collector-mysql.scala",
            "zipkin-deps/collector-redis.scala",
            "zipkin-deps/query-cassandra.scala",
            "zipkin-deps/query-dev.scala",
            "zipkin-deps/query-mysql.scala",
            "zipkin-deps/query-redis.scala",
            "zipkin-deps/zipkin-web-resources-1.14.1.tar.gz",
        ],
    ),
    file("collector-*.scala"),
    file("query-*.scala"),
    file("*-mesos.properties"),
    file("statsd_cli"),
    file("statsd_executor"),
    file("statsd_producer.properties"),
    file("syslog_cli"),
    file("syslog_executor"),
];

/// The artifact of a file name, if there is one.
pub fn find(name: &str) -> Option<&'static Artifact> {
    TABLE.iter().find(|artifact| fits(artifact.name, name))
}

/// What is in the sandbox once an address was fetched: the file itself, and, if it is an archive and `extract` is wanted,
/// what was in it. `None` if there is no such artifact. Where the address points is not looked at.
pub fn fetch(uri: &str, extract: bool) -> Option<Vec<String>> {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let artifact = find(name)?;
    let mut files = vec![name.to_owned()];
    if let (true, Some(content)) = (extract, artifact.content) {
        files.extend(content.iter().map(|inside| fill(inside, artifact.name, name)));
    }
    Some(files)
}

/// Puts what a pattern's `*` stood for into a name.
fn fill(inside: &str, pattern: &str, name: &str) -> String {
    let (start, end) = pattern.split_once('*').unwrap_or((pattern, ""));
    let middle = name.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)).unwrap_or_default();
    inside.replace('*', middle)
}
