//! Writing: a plan of a write against the rows of its table.

use bytes::Bytes;

use super::collections;
use super::outcome::{ColumnSpec, ResultSet};
use super::restrictions;
use super::schema::{ColumnKind, TableSchema};
use super::selection::{self, RowRef};
use super::store::{self, Cell, PartitionId, RowWrite, TableData};
use super::terms::{Evaluated, Scope};
use super::write::{PlannedCondition, WritePlan};
use crate::cql::{Change, Operand, Operator, Term, WriteKind};
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// 20 years, in s.
const MAX_TTL: i32 = 20 * 365 * 24 * 60 * 60;
const MAX_KEY: usize = 65_535;

/// The rows that a write is about, and when it is written.
pub(super) struct Target {
    pub(super) partitions: Vec<(PartitionId, Vec<Bytes>)>,
    rows: Vec<Vec<Bytes>>,
    written: i64,
    ttl: i32,
}

/// Looks up keys, time and time to live. `default_time` is in µs.
pub(super) fn target(plan: &WritePlan, scope: &Scope<'_>, default_time: i64) -> Result<Target, CqlError> {
    let table = &plan.table;
    let partitions = restrictions::keys(table.partition_key(), &plan.partition, scope)?
        .into_iter()
        .map(|key| {
            let id = store::partition_id(&key);
            if id.1.is_empty() {
                return Err(invalid!("Key may not be empty"));
            }
            if id.1.len() > MAX_KEY {
                return Err(invalid!("Key length of {} is longer than maximum of {MAX_KEY}", id.1.len()));
            }
            Ok((id, key))
        })
        .collect::<Result<_, _>>()?;
    let rows = restrictions::keys(table.clustering(), &plan.clustering, scope)?;
    let written = match &plan.timestamp {
        None => default_time,
        Some(term) => long(term, "timestamp", scope)?.unwrap_or(default_time),
    };
    Ok(Target { partitions, rows, written, ttl: time_to_live(plan, scope)? })
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
    let Some(term) = &plan.ttl else { return Ok(default) };
    let ttl = match scope.evaluate(term, &CqlType::Int)? {
        Evaluated::Value(bytes) => selection::int_of(&bytes)?,
        Evaluated::Unset => return Ok(default),
        Evaluated::Null => return Err(invalid!("Invalid null value of TTL")),
    };
    if ttl < 0 {
        return Err(invalid!("A TTL must be greater or equal to 0, but was {ttl}"));
    }
    if ttl > MAX_TTL {
        return Err(invalid!("ttl is too large. requested ({ttl}) maximum ({MAX_TTL})"));
    }
    Ok(if ttl == 0 { default } else { ttl })
}

/// What of a target is in the table now.
fn current<'a>(
    table: &'a TableSchema,
    data: &'a TableData,
    id: &PartitionId,
    row: &[u8],
    now_secs: i64,
) -> Option<RowRef<'a>> {
    let partition = data.partition(id)?;
    Some(RowRef { table, partition, row: partition.rows.get(row), now_secs })
}

/// Writes.
pub(super) fn apply(
    plan: &WritePlan,
    target: &Target,
    data: &mut TableData,
    scope: &Scope<'_>,
) -> Result<(), CqlError> {
    let table = &*plan.table;
    let columns = table.clustering();
    let whole_rows = plan.clustering.len() == columns.len();
    let now_secs = seconds(scope);
    for (id, key) in &target.partitions {
        if plan.kind == WriteKind::Delete && plan.changes.is_empty() {
            for row in &target.rows {
                let sorted = restrictions::row_key(columns, row);
                match (row.is_empty(), whole_rows) {
                    (true, _) => data.delete_partition(id, key, target.written),
                    (_, true) => data.delete_row(id, key, sorted, row.clone(), target.written),
                    _ => data.delete_prefix(id, key, sorted, target.written),
                }
            }
            continue;
        }
        for row in &target.rows {
            let sorted = restrictions::row_key(columns, row);
            let mut statics = Vec::new();
            let mut cells = Vec::new();
            for (at, change) in &plan.changes {
                let column = &table.columns[*at];
                let here =
                    || current(table, data, id, &sorted, now_secs).and_then(|row| row.value(*at).cloned());
                let Some(cell) = changed(change, &column.ty, &column.name, here, scope)? else { continue };
                let cell = cell_of(cell, target, now_secs);
                if column.kind == ColumnKind::Static { &mut statics } else { &mut cells }
                    .push((column.id, cell));
            }
            if !statics.is_empty() {
                data.write(id, key, RowWrite { row: None, marker: None, cells: statics });
            }
            let marker =
                (plan.kind == WriteKind::Insert).then(|| cell_of(Some(Bytes::new()), target, now_secs));
            if whole_rows && (marker.is_some() || !cells.is_empty()) {
                data.write(id, key, RowWrite { row: Some((sorted, row.clone())), marker, cells });
            }
        }
    }
    data.sweep(now_secs, i64::from(table.options.gc_grace_seconds));
    Ok(())
}

fn seconds(scope: &Scope<'_>) -> i64 {
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

/// The new value of a column: `None` if it stays, `Some(None)` if it is to be deleted.
fn changed(
    change: &Change,
    ty: &CqlType,
    name: &str,
    current: impl FnOnce() -> Option<Bytes>,
    scope: &Scope<'_>,
) -> Result<Option<Option<Bytes>>, CqlError> {
    let term = match change {
        Change::Delete => return Ok(Some(None)),
        Change::Set(term) => {
            return Ok(match scope.evaluate(term, ty)? {
                Evaluated::Unset => None,
                Evaluated::Null => Some(None),
                // An empty collection is the same as none.
                Evaluated::Value(bytes) if ty.is_multi_cell() && collections::is_empty(&bytes) => Some(None),
                Evaluated::Value(bytes) => Some(Some(collections::normal(ty, bytes))),
            });
        }
        Change::Add(term) | Change::Subtract(term) if *ty == CqlType::Counter => {
            let by = match scope.evaluate(term, &CqlType::Bigint)? {
                Evaluated::Value(bytes) => <[u8; 8]>::try_from(bytes.as_ref()).map_or(0, i64::from_be_bytes),
                Evaluated::Unset => return Ok(None),
                Evaluated::Null => return Err(invalid!("Invalid null value for counter increment")),
            };
            let by = if matches!(change, Change::Subtract(_)) { by.wrapping_neg() } else { by };
            let old = current()
                .and_then(|old| <[u8; 8]>::try_from(old.as_ref()).ok())
                .map_or(0, i64::from_be_bytes);
            return Ok(Some(Some(Bytes::copy_from_slice(&old.wrapping_add(by).to_be_bytes()))));
        }
        Change::Add(term) | Change::Subtract(term) | Change::Prepend(term) => term,
        Change::SetElement(key, value) => {
            return collections::set_element(ty, name, current(), key, value, scope).map(Some);
        }
        Change::DeleteElement(key) => {
            return collections::delete_element(ty, name, current(), key, scope).map(Some);
        }
    };
    let operand = match (change, ty) {
        (Change::Subtract(_), CqlType::Map(key, _)) => scope.evaluate(term, &CqlType::Set(key.clone()))?,
        _ => scope.evaluate(term, ty)?,
    };
    match operand {
        Evaluated::Unset | Evaluated::Null => Ok(None),
        Evaluated::Value(operand) => Ok(Some(collections::combine(change, ty, current(), &operand))),
    }
}

/// Whether the IF of a write holds, and what is answered: `[applied]`, and the values that did not fit.
pub(super) fn check(
    plan: &WritePlan,
    target: &Target,
    data: &TableData,
    scope: &Scope<'_>,
) -> Result<Option<(bool, ResultSet)>, CqlError> {
    if plan.condition == PlannedCondition::None {
        return Ok(None);
    }
    let (Some((id, _)), Some(row)) = (target.partitions.first(), target.rows.first()) else {
        return Ok(None);
    };
    let table = &*plan.table;
    let sorted = restrictions::row_key(table.clustering(), row);
    let now_secs = seconds(scope);
    let current = current(table, data, id, &sorted, now_secs);
    let exists = current.as_ref().is_some_and(|row| match row.row {
        Some(row) => row.is_live(now_secs),
        None => {
            plan.clustering.is_empty() && row.partition.statics.values().any(|cell| cell.is_live(now_secs))
        }
    });
    let (applied, shown) = match &plan.condition {
        PlannedCondition::None => return Ok(None),
        PlannedCondition::NotExists => (!exists, (0..table.columns.len()).collect()),
        PlannedCondition::Exists => (exists, Vec::new()),
        PlannedCondition::Columns(conditions) => {
            let mut holds = true;
            for (column, operator, operand) in conditions {
                let value = current.as_ref().and_then(|row| row.value(*column));
                holds &= holds_for(&table.columns[*column].ty, *operator, operand, value, scope)?;
            }
            let shown =
                if exists { conditions.iter().map(|(column, ..)| *column).collect() } else { Vec::new() };
            (holds, shown)
        }
    };
    let shown = if applied { Vec::new() } else { shown };
    let values = shown.iter().map(|column| current.as_ref().and_then(|row| row.value(*column).cloned()));
    Ok(Some((applied, answer(table, applied, &shown, values))))
}

fn holds_for(
    ty: &CqlType,
    operator: Operator,
    operand: &Operand,
    value: Option<&Bytes>,
    scope: &Scope<'_>,
) -> Result<bool, CqlError> {
    let mut wanted = Vec::new();
    let terms = match operand {
        Operand::One(term) => std::slice::from_ref(term),
        Operand::Many(terms) => terms.as_slice(),
        Operand::ManyBound(_) => {
            let values = scope.operand(operand, "IN", ty)?;
            return Ok(selection::compare(ty, Operator::In, value, &values));
        }
    };
    for term in terms {
        match (scope.evaluate(term, ty)?, operator) {
            (Evaluated::Value(bytes), _) => wanted.push(bytes),
            (Evaluated::Null, Operator::Eq | Operator::In) if value.is_none() => return Ok(true),
            (Evaluated::Null, Operator::Neq) => return Ok(value.is_some()),
            (Evaluated::Null, Operator::Eq | Operator::In) => {}
            (Evaluated::Null, operator) => {
                return Err(invalid!("Invalid comparison with null for operator \"{}\"", operator.symbol()));
            }
            (Evaluated::Unset, _) => return Err(invalid!("Invalid 'unset' value in condition")),
        }
    }
    Ok(match (operator, value) {
        (Operator::Neq, None) => true,
        _ => selection::compare(ty, operator, value, &wanted),
    })
}

fn answer(
    table: &TableSchema,
    applied: bool,
    shown: &[usize],
    values: impl Iterator<Item = Option<Bytes>>,
) -> ResultSet {
    let spec = |name: &str, ty: CqlType| ColumnSpec {
        keyspace: table.keyspace.clone(),
        table: table.name.clone(),
        name: name.to_owned(),
        ty,
    };
    let columns =
        shown.iter().map(|at| &table.columns[*at]).map(|column| spec(&column.name, column.ty.clone()));
    let columns = std::iter::once(spec("[applied]", CqlType::Boolean)).chain(columns).collect();
    let flag = Some(Bytes::from_static(if applied { &[1] } else { &[0] }));
    ResultSet { columns, rows: vec![std::iter::once(flag).chain(values).collect()], paging_state: None }
}
