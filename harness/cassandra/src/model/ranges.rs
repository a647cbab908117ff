//! What the restrictions of WHERE come to with the values of one execution: keys of partitions, ranges of rows.

use bytes::Bytes;

use super::order;
use super::restrictions::{Bounds, Restrictions};
use super::schema::{Column, TableSchema};
use super::terms::{Evaluated, Scope};
use crate::CqlError;
use crate::cql::{Operand, Term};
use crate::error::invalid;

/// All keys that the restrictions on the partition key name, in the order of their INs, each once.
pub(super) fn keys(
    columns: &[Column],
    operands: &[Operand],
    scope: &Scope<'_>,
) -> Result<Vec<Vec<Bytes>>, CqlError> {
    let mut keys: Vec<Vec<Bytes>> = vec![Vec::with_capacity(columns.len())];
    for (column, operand) in columns.iter().zip(operands) {
        let values = scope.operand(operand, &column.name, &column.ty)?;
        let mut longer = Vec::with_capacity(keys.len() * values.len());
        for key in &keys {
            for value in &values {
                let mut key = key.clone();
                key.push(value.clone());
                longer.push(key);
            }
        }
        keys = longer;
        if keys.len() > MAX_COMBINATIONS {
            return Err(invalid!("More than {MAX_COMBINATIONS} combinations of IN values"));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    Ok(keys)
}

/// So many keys at most in one statement.
const MAX_COMBINATIONS: usize = 100_000;

/// A range of sortable row keys: from (inclusive), to (exclusive, `None` for no end).
pub(super) type Slice = (Vec<u8>, Option<Vec<u8>>);

impl Restrictions {
    /// The ranges of rows in a partition, in their order, without overlap.
    pub(super) fn slices(&self, table: &TableSchema, scope: &Scope<'_>) -> Result<Vec<Slice>, CqlError> {
        let columns = table.clustering();
        let prefixes = keys(columns, &self.clustering, scope)?;
        let mut slices: Vec<Slice> = Vec::with_capacity(prefixes.len());
        for values in &prefixes {
            let prefix = row_key(columns, values);
            slices.push(match (&self.bounds, columns.get(values.len())) {
                (Some(bounds), Some(column)) => bounded(&prefix, column, bounds, scope)?,
                _ => (prefix.clone(), successor(prefix)),
            });
        }
        slices.sort();
        slices.dedup();
        Ok(slices)
    }
}

/// The sortable form of the first clustering columns.
pub(super) fn row_key(columns: &[Column], values: &[Bytes]) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.iter().map(|value| value.len() + 2).sum());
    for (column, value) in columns.iter().zip(values) {
        order::append(&mut out, &column.ty, value, column.descending);
    }
    out
}

fn bounded(prefix: &[u8], column: &Column, bounds: &Bounds, scope: &Scope<'_>) -> Result<Slice, CqlError> {
    let at = |term: &Term| -> Result<Vec<u8>, CqlError> {
        let value = match scope.of_column(term, &column.name, &column.ty)? {
            Evaluated::Value(value) => value,
            Evaluated::Null => return Err(CqlError::Server("java.lang.NullPointerException".to_owned())),
            Evaluated::Unset => return Err(invalid!("Invalid unset value for column {}", column.name)),
        };
        let mut out = prefix.to_vec();
        order::append(&mut out, &column.ty, &value, column.descending);
        Ok(out)
    };
    // Of a descending column the high end comes first.
    let (first, last) =
        if column.descending { (&bounds.high, &bounds.low) } else { (&bounds.low, &bounds.high) };
    let start = match first {
        None => prefix.to_vec(),
        Some((term, true)) => at(term)?,
        // Nothing follows the last of all keys; an empty range then.
        Some((term, false)) => successor(at(term)?).unwrap_or_else(|| vec![0xff; prefix.len() + 64]),
    };
    let end = match last {
        None => successor(prefix.to_vec()),
        Some((term, true)) => successor(at(term)?),
        Some((term, false)) => Some(at(term)?),
    };
    Ok((start, end))
}

/// The first key behind all that begin so; `None` if there can be none.
fn successor(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < 0xff {
            prefix.push(last + 1);
            return Some(prefix);
        }
    }
    None
}
