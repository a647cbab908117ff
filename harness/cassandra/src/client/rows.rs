//! The rows that a request brought.

use crate::{CqlType, Value};

/// A column of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: CqlType,
}

/// Rows; none and no columns when the statement was no SELECT.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Columns in order.
    pub columns: Vec<Column>,
    /// Rows, each with a value a column.
    pub rows: Vec<Vec<Value>>,
}

impl Rows {
    /// Position of a column.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The values of one column, in the order of the rows; none if there is no such column.
    pub fn column(&self, name: &str) -> impl Iterator<Item = &Value> {
        let index = self.index_of(name);
        self.rows.iter().filter_map(move |row| row.get(index?))
    }
}
