//! The broker as a machine, against a small ZooKeeper of its own.
