//! Exhibitor-Mesos: ZooKeeper servers under Exhibitor.
