//! Which parameters each API takes, and what each must be.

/// What a parameter must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Decimal,
    Whole,
    /// A port or a range of ports.
    Port,
    /// A comma list of these.
    PortList,
    /// `true`, or something that counts as false.
    Truth,
    Ids,
    Constraints,
    /// `k=v,k2=v2`.
    Map,
    /// The same, a value for each key.
    FullMap,
    /// The time grammar of Kafka-Mesos.
    Period,
    /// That of Scala.
    Duration,
}

use Kind::{Any, Constraints, Decimal, Duration, FullMap, Ids, Map, Period, Port, PortList, Truth, Whole};

/// The parameters of an application type's tasks; `None` if it takes any.
pub(super) fn table(kind: &str) -> Option<&'static [(&'static str, Kind)]> {
    match kind {
        "exhibitor-mesos-0.1.x" => Some(EXHIBITOR),
        "kafka-mesos-0.9.x" => Some(KAFKA),
        "dse-mesos-0.2.x" => Some(DSE),
        "zipkin-mesos-0.1.x" => Some(ZIPKIN),
        _ => None,
    }
}

/// Exhibitor-Mesos 0.1. Behind the scheduler's own, those of Exhibitor's command line and of its shared configuration.
const EXHIBITOR: &[(&str, Kind)] = &[
    ("id", Ids),
    ("cpu", Decimal),
    ("mem", Decimal),
    ("constraints", Constraints),
    ("configchangebackoff", Whole),
    ("port", PortList),
    ("timeout", Duration),
    ("configtype", Any),
    ("configcheckms", Any),
    ("defaultconfig", Any),
    ("headingtext", Any),
    ("hostname", Any),
    ("jquerystyle", Any),
    ("loglines", Any),
    ("nodemodification", Any),
    ("prefspath", Any),
    ("servo", Any),
    ("s3credentials", Any),
    ("s3region", Any),
    ("s3config", Any),
    ("s3configprefix", Any),
    ("zkconfigconnect", Any),
    ("zkconfigexhibitorpath", Any),
    ("zkconfigexhibitorport", Any),
    ("zkconfigpollms", Any),
    ("zkconfigretry", Any),
    ("zkconfigzpath", Any),
    ("filesystembackup", Any),
    ("s3backup", Any),
    ("aclid", Any),
    ("aclperms", Any),
    ("aclscheme", Any),
    ("zookeeper-install-directory", Any),
    ("zookeeper-data-directory", Any),
    ("log-index-directory", Any),
    ("zookeeper-log-directory", Any),
    ("backup-extra", Any),
    ("zoo-cfg-extra", Any),
    ("java-environment", Any),
    ("log4j-properties", Any),
    ("client-port", Any),
    ("connect-port", Any),
    ("election-port", Any),
    ("check-ms", Any),
    ("cleanup-period-ms", Any),
    ("cleanup-max-files", Any),
    ("backup-max-store-ms", Any),
    ("backup-period-ms", Any),
];

/// Settings of Exhibitor's shared configuration that release 0.1 takes, and cannot apply.
pub(super) const NOT_APPLICABLE: &[&str] = &[
    "log-index-directory",
    "zookeeper-log-directory",
    "backup-extra",
    "zoo-cfg-extra",
    "java-environment",
    "log4j-properties",
    "client-port",
    "connect-port",
    "election-port",
    "check-ms",
    "cleanup-period-ms",
    "cleanup-max-files",
    "backup-max-store-ms",
    "backup-period-ms",
];

/// Kafka-Mesos 0.9.2.
const KAFKA: &[(&str, Kind)] = &[
    ("id", Ids),
    ("broker", Ids),
    ("cpus", Decimal),
    ("mem", Whole),
    ("heap", Whole),
    ("port", Port),
    ("bindAddress", Any),
    ("stickinessPeriod", Period),
    ("options", FullMap),
    ("log4jOptions", FullMap),
    ("jvmOptions", Any),
    ("constraints", Constraints),
    ("failoverDelay", Period),
    ("failoverMaxDelay", Period),
    ("failoverMaxTries", Any),
    ("timeout", Period),
];

/// DSE-Mesos 0.2: node and cluster, since all parameters go to all calls.
const DSE: &[(&str, Kind)] = &[
    ("node", Ids),
    ("cluster", Any),
    ("cpu", Decimal),
    ("mem", Whole),
    ("timeout", Duration),
    ("stickinessPeriod", Period),
    ("rack", Any),
    ("dc", Any),
    ("constraints", Constraints),
    ("seedConstraints", Constraints),
    ("seed", Truth),
    ("replaceAddress", Any),
    ("jvmOptions", Any),
    ("dataFileDirs", Any),
    ("commitLogDir", Any),
    ("savedCachesDir", Any),
    ("cassandraDotYaml", Map),
    ("bindAddress", Any),
    ("storagePort", Port),
    ("jmxPort", Port),
    ("cqlPort", Port),
    ("thriftPort", Port),
    ("agentPort", Port),
];

/// Settings of a DSE cluster: what the first task says counts.
pub(super) const DSE_CLUSTER: &[&str] =
    &["bindAddress", "storagePort", "jmxPort", "cqlPort", "thriftPort", "agentPort"];

/// Zipkin-Mesos 0.1.
const ZIPKIN: &[(&str, Kind)] = &[
    ("type", Any),
    ("id", Ids),
    ("cpu", Decimal),
    ("mem", Decimal),
    ("flags", Map),
    ("env", Map),
    ("port", PortList),
    ("adminPort", PortList),
    ("configFile", Any),
    ("constraints", Constraints),
    ("timeout", Duration),
];
