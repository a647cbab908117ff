//! Writing: a plan of a write against the rows of its table.

use bytes::Bytes;

use super::collections::Changed;
use super::ranges;
use super::schema::{ColumnKind, TableSchema};
use super::selection;
use super::store::{self, Cell, CellChange, Cells, PartitionId, RowWrite, TableData};
use super::terms::{Evaluated, Scope};
use super::write::{PlannedCondition, WritePlan};
use crate::cql::{Change, Term, WriteKind};
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// 20 years, in s.
const MAX_TTL: i32 = 20 * 365 * 24 * 60 * 60;
const MAX_KEY: usize = 65_535;

/// Which part of a partition a write is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Prefix {
    /// The static columns.
    Statics,
    /// The first clustering columns: all of them, unless many rows are deleted.
    Rows(Vec<Bytes>),
}

/// The rows that a write is about, and when it is written.
pub(super) struct Target {
    pub(super) partitions: Vec<(PartitionId, Vec<Bytes>)>,
    pub(super) prefix: Prefix,
    /// µs.
    pub(super) written: i64,
    ttl: i32,
}

/// Looks up keys, time and time to live. `default_time` is in µs.
pub(super) fn target(plan: &WritePlan, scope: &Scope<'_>, default_time: i64) -> Result<Target, CqlError> {
    if plan.table.is_counter() {
        for (what, given) in [("timestamp", &plan.timestamp), ("TTL", &plan.ttl)] {
            if given.is_some() {
                return Err(invalid!("Cannot provide custom {what} for counter updates"));
            }
        }
    }
    let partitions = partitions(plan, scope)?;
    let prefix = prefix(plan, scope)?;
    let written = match &plan.timestamp {
        None => default_time,
        Some(term) => long(term, "timestamp", scope)?.unwrap_or(default_time),
    };
    let ttl = time_to_live(plan, scope)?;
    if written == i64::MIN {
        return Err(invalid!("Out of bound timestamp, must be in [{}, {}]", i64::MIN + 1, i64::MAX));
    }
    Ok(Target { partitions, prefix, written, ttl })
}

pub(super) fn partitions(
    plan: &WritePlan,
    scope: &Scope<'_>,
) -> Result<Vec<(PartitionId, Vec<Bytes>)>, CqlError> {
    let columns = plan.table.partition_key();
    let mut operands = Vec::with_capacity(columns.len());
    for (column, operand) in columns.iter().zip(&plan.partition) {
        match operand {
            Some(operand) => operands.push(operand.clone()),
            None => return Err(invalid!("Missing mandatory PRIMARY KEY part {}", column.name)),
        }
    }
    let mut keys = ranges::keys(columns, &operands, scope)?;
    // By the values of the key, whatever the order of an IN.
    keys.sort_by_cached_key(|key| ranges::row_key(columns, key));
    Ok(keys.into_iter().map(|key| (store::partition_id(&key), key)).collect())
}

/// Refuses what can be no key of a partition.
pub(super) fn check_key(id: &PartitionId) -> Result<(), CqlError> {
    match id.1.len() {
        0 => Err(invalid!("Key may not be empty")),
        1..=MAX_KEY => Ok(()),
        length => Err(invalid!("Key length of {length} is longer than maximum of {MAX_KEY}")),
    }
}

fn prefix(plan: &WritePlan, scope: &Scope<'_>) -> Result<Prefix, CqlError> {
    let columns = plan.table.clustering();
    let given = columns.iter().zip(&plan.clustering).find(|(_, term)| term.is_some());
    if plan.only_statics() {
        match (given, plan.kind) {
            (None, _) => return Ok(Prefix::Statics),
            (Some(_), WriteKind::Insert) => {}
            (Some((column, _)), kind) => {
                let kind = if kind == WriteKind::Delete { "DELETE" } else { "UPDATE" };
                return Err(invalid!(
                    "Invalid restriction on clustering column {} since the {kind} statement modifies only static \
                     columns",
                    column.name
                ));
            }
        }
    }
    let mut values = Vec::with_capacity(columns.len());
    let mut open: Option<&str> = None;
    for (column, term) in columns.iter().zip(&plan.clustering) {
        match (term, open) {
            (None, _) if plan.kind != WriteKind::Delete => {
                return Err(invalid!("Missing mandatory PRIMARY KEY part {}", column.name));
            }
            (None, _) => open = Some(&column.name),
            (Some(_), Some(open)) => {
                return Err(invalid!("Missing PRIMARY KEY part {open} since {} is set", column.name));
            }
            (Some(term), None) => values.push(scope.required(term, &column.name, &column.ty)?),
        }
    }
    let of_rows = plan.changes.iter().any(|(at, _)| plan.table.columns[*at].kind == ColumnKind::Regular);
    if of_rows && open.is_some() && !values.is_empty() {
        // The original trips over the part that is missing.
        return Err(CqlError::Server("java.lang.NullPointerException".to_owned()));
    }
    Ok(Prefix::Rows(values))
}

fn long(term: &Term, what: &str, scope: &Scope<'_>) -> Result<Option<i64>, CqlError> {
    match scope.evaluate(term, &CqlType::Bigint)? {
        Evaluated::Value(bytes) => bytes
            .as_ref()
            .try_into()
            .map(|bytes| Some(i64::from_be_bytes(bytes)))
            .map_err(|_| invalid!("Invalid {what} value: {}", bytes.len())),
        Evaluated::Unset => Ok(None),
        Evaluated::Null => Err(invalid!("Invalid null value of {what}")),
    }
}

fn time_to_live(plan: &WritePlan, scope: &Scope<'_>) -> Result<i32, CqlError> {
    let default = plan.table.options.default_time_to_live;
    let (ttl, kind) = match &plan.ttl {
        None => (default, "default "),
        Some(term) => match scope.evaluate(term, &CqlType::Int)? {
            Evaluated::Value(bytes) => (selection::int_of(&bytes)?, ""),
            Evaluated::Unset => (0, ""),
            Evaluated::Null => return Err(invalid!("Invalid null value of TTL")),
        },
    };
    if ttl < 0 {
        return Err(invalid!("A TTL must be greater or equal to 0, but was {ttl}"));
    }
    if ttl > MAX_TTL {
        return Err(invalid!("ttl is too large. requested ({ttl}) maximum ({MAX_TTL})"));
    }
    if ttl > 0 && seconds(scope) + i64::from(ttl) > i64::from(i32::MAX) {
        let (keyspace, table) = (&plan.table.keyspace, &plan.table.name);
        return Err(invalid!(
            "Request on table {keyspace}.{table} with {kind}ttl of {ttl} seconds exceeds maximum supported expiration \
             date of 2038-01-19T03:14:06+00:00. In order to avoid this use a lower TTL, change the expiration date \
             overflow policy or upgrade to a version where this limitation is fixed. See CASSANDRA-14092 for more \
             details."
        ));
    }
    Ok(if ttl == 0 { default } else { ttl })
}

/// One step of what a write does.
pub(super) enum Step {
    Write(PartitionId, Vec<Bytes>, RowWrite),
    DeleteRows(PartitionId, Vec<Bytes>),
}

/// What a write does to the rows as they are now.
pub(super) fn steps(
    plan: &WritePlan,
    target: &Target,
    data: &TableData,
    scope: &Scope<'_>,
) -> Result<Vec<Step>, CqlError> {
    let table = &*plan.table;
    let now_secs = seconds(scope);
    let mut steps = Vec::new();
    for (id, key) in &target.partitions {
        if plan.kind == WriteKind::Delete && plan.changes.is_empty() {
            steps.push(Step::DeleteRows(id.clone(), key.clone()));
            continue;
        }
        let row = match &target.prefix {
            Prefix::Rows(values) if values.len() == table.clustering_columns => {
                Some((ranges::row_key(table.clustering(), values), values.clone()))
            }
            _ => None,
        };
        let (statics, cells) =
            cells(plan, target, data, id, row.as_ref().map(|row| row.0.as_slice()), scope)?;
        let mut write = |write| steps.push(Step::Write(id.clone(), key.clone(), write));
        if !statics.is_empty() {
            write(RowWrite { row: None, marker: None, cells: statics });
        }
        let marker = (plan.kind == WriteKind::Insert).then(|| cell_of(Some(Bytes::new()), target, now_secs));
        if row.is_some() && (marker.is_some() || !cells.is_empty()) {
            write(RowWrite { row, marker, cells });
        }
    }
    Ok(steps)
}

/// Does the steps of a write.
pub(super) fn apply(
    plan: &WritePlan,
    target: &Target,
    data: &mut TableData,
    scope: &Scope<'_>,
    steps: Vec<Step>,
) {
    for step in steps {
        match step {
            Step::Write(id, key, write) => data.write(&id, &key, write),
            Step::DeleteRows(id, key) => delete_rows(plan, target, data, &id, &key),
        }
    }
    data.sweep(seconds(scope), i64::from(plan.table.options.gc_grace_seconds));
}

fn delete_rows(plan: &WritePlan, target: &Target, data: &mut TableData, id: &PartitionId, key: &[Bytes]) {
    // What a condition lets through is written by its own time, deletions an instant earlier.
    let conditional = i64::from(plan.condition != PlannedCondition::None);
    // Counters that were deleted never count again, whenever that was.
    let at = if plan.table.is_counter() { i64::MAX } else { target.written.saturating_sub(conditional) };
    let columns = plan.table.clustering();
    match &target.prefix {
        Prefix::Statics => {}
        Prefix::Rows(values) if values.is_empty() => data.delete_partition(id, key, at),
        Prefix::Rows(values) => {
            let sorted = ranges::row_key(columns, values);
            if values.len() == columns.len() {
                data.delete_row(id, key, sorted, values.clone(), at);
            } else {
                data.delete_prefix(id, key, sorted, at);
            }
        }
    }
}

/// What is written to the static columns, and to the row. A row that is not named whole keeps all it has.
fn cells(
    plan: &WritePlan,
    target: &Target,
    data: &TableData,
    id: &PartitionId,
    row: Option<&[u8]>,
    scope: &Scope<'_>,
) -> Result<(Vec<CellChange>, Vec<CellChange>), CqlError> {
    let table: &TableSchema = &plan.table;
    let now_secs = seconds(scope);
    let partition = data.partition(id);
    let make = |value: Option<Bytes>| cell_of(value, target, now_secs);
    let row_is_there = partition.is_some_and(|partition| match row {
        Some(row) => partition.rows.get(row).is_some_and(|row| row.is_live(now_secs)),
        None => partition.statics.is_live(now_secs),
    });
    let (mut statics, mut cells) = (Vec::new(), Vec::new());
    for (at, change) in &plan.changes {
        let column = &table.columns[*at];
        let is_static = column.kind == ColumnKind::Static;
        let current: Option<&Cells> = match (is_static, row) {
            // The original reads nothing but the row, if there is one: a list of its partition is none to it.
            (true, Some(_)) if column.ty.is_multi_cell() => None,
            (true, _) => partition.map(|partition| &partition.statics),
            (false, Some(row)) => {
                partition.and_then(|partition| partition.rows.get(row)).map(|row| &row.cells)
            }
            (false, None) => continue,
        };
        let has_written = !statics.is_empty() || !cells.is_empty();
        let pending = if is_static { &mut statics } else { &mut cells };
        let made = if column.ty.is_multi_cell() {
            let current = current.and_then(|cells| cells.collection(column.id));
            let written = target.written;
            Changed {
                column,
                scope,
                current,
                pending,
                row_is_there,
                has_written,
                now_secs,
                written,
                cell: &make,
            }
            .changes(change)?
        } else {
            let current = current.and_then(|cells| cells.get(column.id));
            let made = simple(change, &column.ty, current, now_secs, scope)?;
            let mut made = made.map(make);
            if let Some(cell) = made.as_mut().filter(|cell| table.is_counter() && cell.value.is_none()) {
                cell.written = i64::MAX;
            }
            made.into_iter().map(|cell| CellChange::Simple(column.id, cell)).collect()
        };
        pending.extend(made);
    }
    Ok((statics, cells))
}

pub(super) fn seconds(scope: &Scope<'_>) -> i64 {
    scope.environment.now.as_millis() as i64 / 1000
}

fn cell_of(value: Option<Bytes>, target: &Target, now_secs: i64) -> Cell {
    let (ttl, expires) = match (&value, target.ttl) {
        (None, _) => (0, now_secs),
        (Some(_), 0) => (0, i64::MAX),
        (Some(_), ttl) => (ttl, now_secs + i64::from(ttl)),
    };
    Cell { value, written: target.written, ttl, expires }
}

/// The new value of a column with one cell: `None` if it stays, `Some(None)` if it is to be deleted.
fn simple(
    change: &Change,
    ty: &CqlType,
    current: Option<&Cell>,
    now_secs: i64,
    scope: &Scope<'_>,
) -> Result<Option<Option<Bytes>>, CqlError> {
    let (term, negative) = match change {
        Change::Set(term) => {
            return Ok(match scope.evaluate(term, ty)? {
                Evaluated::Unset => None,
                Evaluated::Null => Some(None),
                Evaluated::Value(bytes) => Some(Some(bytes)),
            });
        }
        Change::Add(term) => (term, false),
        Change::Subtract(term) => (term, true),
        _ => return Ok(Some(None)),
    };
    let by = match scope.evaluate(term, &CqlType::Bigint)? {
        Evaluated::Value(bytes) => <[u8; 8]>::try_from(bytes.as_ref()).map_or(0, i64::from_be_bytes),
        Evaluated::Unset => return Ok(None),
        Evaluated::Null => return Err(invalid!("Invalid null value for counter increment")),
    };
    if negative && by == i64::MIN {
        return Err(invalid!(
            "The negation of {by} overflows supported counter precision (signed 8 bytes integer)"
        ));
    }
    // A counter that was deleted never counts again.
    if current.is_some_and(|cell| cell.value.is_none()) {
        return Ok(None);
    }
    let old = current.filter(|cell| cell.is_live(now_secs)).and_then(|cell| cell.value.as_ref());
    let old = old.and_then(|old| <[u8; 8]>::try_from(old.as_ref()).ok()).map_or(0, i64::from_be_bytes);
    let new = if negative { old.wrapping_sub(by) } else { old.wrapping_add(by) };
    Ok(Some(Some(Bytes::copy_from_slice(&new.to_be_bytes()))))
}
