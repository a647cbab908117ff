//! The four Mesos frameworks of the stack, scheduler and executor each: Exhibitor-Mesos 0.1, Kafka-Mesos 0.9.2, DSE-Mesos
//! 0.2 and Zipkin-Mesos 0.1, played as they were released, over one shared base.
//!
//! Everything here is a machine: a scheduler speaks HTTP, Mesos and ZooKeeper only through the values of
//! [`stacklab_machine::process`]. [`registry`] turns the command line of a task into the machine that plays it.

pub mod base;
pub mod dse;
pub mod exhibitor;
pub mod kafka;
pub mod modelled;
pub mod registry;
pub mod zipkin;
