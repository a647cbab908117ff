//! Names of Exhibitor's settings, as the API and Exhibitor itself call them.

/// Keys that become arguments of Exhibitor's command line.
pub(super) const ARGUMENTS: [&str; 26] = [
    "configtype",
    "configcheckms",
    "defaultconfig",
    "headingtext",
    "hostname",
    "jquerystyle",
    "loglines",
    "nodemodification",
    "prefspath",
    "servo",
    "timeout",
    "s3credentials",
    "s3region",
    "s3config",
    "s3configprefix",
    "zkconfigconnect",
    "zkconfigexhibitorpath",
    "zkconfigexhibitorport",
    "zkconfigpollms",
    "zkconfigretry",
    "zkconfigzpath",
    "filesystembackup",
    "s3backup",
    "aclid",
    "aclperms",
    "aclscheme",
];

/// Keys of the shared configuration that the API takes. All are stored; see [`APPLIED`].
pub(super) const SHARED: [&str; 16] = [
    "log-index-directory",
    "zookeeper-install-directory",
    "zookeeper-data-directory",
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

/// Keys of the shared configuration that release 0.1 applies when a server joins; any other one makes the join fail.
pub(super) const APPLIED: [(&str, &str); 2] = [
    ("zookeeper-install-directory", "zookeeperInstallDirectory"),
    ("zookeeper-data-directory", "zookeeperDataDirectory"),
];

/// Fields that the scheduler sends back to Exhibitor's `config/set`, in this order, all as texts but `zooCfgExtra`.
pub(super) const SENT: [&str; 22] = [
    "logIndexDirectory",
    "zookeeperInstallDirectory",
    "zookeeperDataDirectory",
    "zookeeperLogDirectory",
    "serversSpec",
    "backupExtra",
    "zooCfgExtra",
    "javaEnvironment",
    "log4jProperties",
    "clientPort",
    "connectPort",
    "electionPort",
    "checkMs",
    "cleanupPeriodMs",
    "cleanupMaxFiles",
    "backupMaxStoreMs",
    "backupPeriodMs",
    "autoManageInstances",
    "autoManageInstancesSettlingPeriodMs",
    "observerThreshold",
    "autoManageInstancesFixedEnsembleSize",
    "autoManageInstancesApplyAllAtOnce",
];
