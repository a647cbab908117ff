//! The consumer as a machine.
