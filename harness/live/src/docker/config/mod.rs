//! What a service's container is given: the files, the environment and the command line that say the same to the real
//! program as the specification says to ours. Pure: nothing here speaks to an engine.

mod cassandra;
mod kafka;
mod zipkin;
mod zookeeper;

pub(super) use cassandra::cassandra;
pub(super) use kafka::{broker_log_line, kafka};
pub(super) use zipkin::{http_port, zipkin};
pub(super) use zookeeper::zookeeper;

/// Where the configuration lies in a container.
pub(super) const CONF: &str = "/etc/stacklab";
/// Where a container's data lie: a volume that lives as long as the task's sandbox.
pub(super) const DATA: &str = "/data";

/// What a container is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Setup {
    /// Path and text of each file.
    pub(super) files: Vec<(String, String)>,
    /// Environment.
    pub(super) env: Vec<(String, String)>,
    /// Flags of the Java machine.
    pub(super) java: Vec<String>,
    /// What comes behind the main class.
    pub(super) arguments: Vec<String>,
    /// Largest memory of the container, in MB; there is no swap.
    pub(super) memory: u32,
}

impl Setup {
    /// A container with this heap. What is not heap (classes, threads, buffers) comes to about as much again.
    fn new(heap: u32, memory: u32) -> Self {
        let flags = [
            &format!("-Xmx{heap}m"),
            // The first compiler only: a start is over before the second one pays.
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-XX:+UseSerialGC",
            // No file in /tmp that others could read, and one thread less.
            "-XX:-UsePerfData",
        ];
        Self { java: flags.map(str::to_owned).into(), memory, ..Self::default() }
    }

    fn flag(&mut self, flag: impl Into<String>) {
        self.java.push(flag.into());
    }

    fn file(&mut self, name: &str, text: impl Into<String>) {
        self.files.push((format!("{CONF}/{name}"), text.into()));
    }

    fn env(&mut self, name: &str, value: impl Into<String>) {
        self.env.push((name.to_owned(), value.into()));
    }
}

/// The text as the Java machine's properties files want it: a backslash is one, and a line is a line.
fn property(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    format!("{name}={value}\n")
}

/// log4j's configuration of ZooKeeper and Kafka: everything to standard output, with level and class.
const LOG4J: &str = "\
log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %-5p %m (%c)%n
";

/// What a person would read of a setup, for the tests.
#[cfg(test)]
fn shown(setup: &Setup) -> String {
    let mut text = format!("java {} … {}\n", setup.java.join(" "), setup.arguments.join(" "));
    for (name, value) in &setup.env {
        text.push_str(&format!("{name}={value}\n"));
    }
    for (path, body) in setup.files.iter().filter(|(path, _)| !path.contains("log")) {
        text.push_str(&format!("--- {path}\n{body}"));
    }
    text
}
