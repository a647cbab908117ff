//! DSE-Mesos: Cassandra nodes.
