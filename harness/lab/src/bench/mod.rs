//! How fast the lab is on this machine: a whole stack, the simulator, and each embedded server under a client, alone or
//! beside the real one.

mod cassandra;
mod figure;
mod kafka;
mod load;
mod machine;
mod run;
mod servers;
mod stack;
mod zipkin;
mod zookeeper;

pub use figure::{Figure, json, table};
pub use machine::BenchMachine;
pub use run::{BenchError, BenchOptions, run};
