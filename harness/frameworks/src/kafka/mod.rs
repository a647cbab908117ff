//! Kafka-Mesos: brokers.
