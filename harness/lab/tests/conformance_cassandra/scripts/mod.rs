//! Operations by subject, written by hand: what the generator seldom makes.

mod data;
mod reading;
mod schema;
mod values;
mod writing;

use crate::operation::{Operation, q};

/// A subject, and what is asked about it.
pub(crate) type Script = (&'static str, Vec<Operation>);

/// Every script.
pub(crate) fn all() -> Vec<Script> {
    [schema::scripts(), values::scripts(), writing::scripts(), reading::scripts(), data::scripts()].concat()
}

/// Statements without values, one behind the other.
fn cql(statements: &[&str]) -> Vec<Operation> {
    statements.iter().map(|cql| q(cql)).collect()
}
