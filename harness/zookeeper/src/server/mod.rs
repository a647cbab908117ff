//! The machine behind TCP ports.
