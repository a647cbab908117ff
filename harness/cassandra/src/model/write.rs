//! INSERT, UPDATE and DELETE: the plan made of a statement and a table.

use std::sync::Arc;

use super::restrictions::{self, Purpose};
use super::schema::{Column, ColumnKind, TableSchema};
use super::terms::{Binds, Receiver};
use crate::cql::{Change, Condition, Operand, Operator, Term, Write, WriteKind};
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// A write whose names have been looked up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WritePlan {
    pub(super) table: Arc<TableSchema>,
    pub(super) kind: WriteKind,
    /// By column of the partition key.
    pub(super) partition: Vec<Operand>,
    /// The first clustering columns: all of them, unless a whole range is deleted or only statics are written.
    pub(super) clustering: Vec<Operand>,
    /// Columns by position, and what becomes of them.
    pub(super) changes: Vec<(usize, Change)>,
    pub(super) ttl: Option<Term>,
    pub(super) timestamp: Option<Term>,
    pub(super) condition: PlannedCondition,
}

/// IF, its columns by position.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PlannedCondition {
    None,
    NotExists,
    Exists,
    Columns(Vec<(usize, Operator, Operand)>),
}

pub(super) fn plan(
    table: &Arc<TableSchema>,
    write: &Write,
    binds: &mut Binds<'_>,
) -> Result<WritePlan, CqlError> {
    let counter = table.is_counter();
    if counter && write.kind == WriteKind::Insert {
        return Err(invalid!("INSERT statement are not allowed on counter tables, use UPDATE instead"));
    }
    let (keys, changes) = match write.kind {
        WriteKind::Insert => insert(table, write, binds)?,
        WriteKind::Update | WriteKind::Delete => update(table, write, binds)?,
    };
    let (partition, clustering) = keys;
    check_clustering(table, write, &changes, &clustering)?;
    for (name, ty, term) in
        [("[ttl]", CqlType::Int, &write.using.ttl), ("[timestamp]", CqlType::Bigint, &write.using.timestamp)]
    {
        if let Some(term) = term {
            if counter {
                let what = if name == "[ttl]" { "TTL" } else { "timestamp" };
                return Err(invalid!("Cannot provide custom {what} for counter updates"));
            }
            Receiver { table, name, ty: &ty }.check(term, binds)?;
        }
    }
    let condition = condition(table, write, binds)?;
    if condition != PlannedCondition::None {
        if counter {
            return Err(invalid!("Conditional updates are not supported on counter tables"));
        }
        if write.using.timestamp.is_some() {
            return Err(invalid!("Cannot provide custom timestamp for conditional updates"));
        }
        if partition.iter().any(|operand| !matches!(operand, Operand::One(_))) {
            return Err(invalid!("IN on the partition key is not supported with conditional updates"));
        }
    }
    Ok(WritePlan {
        table: Arc::clone(table),
        kind: write.kind,
        partition,
        clustering,
        changes,
        ttl: write.using.ttl.clone(),
        timestamp: write.using.timestamp.clone(),
        condition,
    })
}

type Keys = (Vec<Operand>, Vec<Operand>);
type Changes = Vec<(usize, Change)>;

fn insert(table: &TableSchema, write: &Write, binds: &mut Binds<'_>) -> Result<(Keys, Changes), CqlError> {
    let key_columns = table.partition_columns + table.clustering_columns;
    let mut keys: Vec<Option<Operand>> = vec![None; key_columns];
    let mut changes = Vec::new();
    for (name, change) in &write.changes {
        let at = position(table, name)?;
        let column = &table.columns[at];
        let Change::Set(term) = change else { continue };
        Receiver { table, name, ty: &column.ty }.check(term, binds)?;
        let twice = if at < key_columns {
            keys[at].replace(Operand::One(term.clone())).is_some()
        } else {
            let twice = changes.iter().any(|(other, _)| *other == at);
            changes.push((at, change.clone()));
            twice
        };
        if twice {
            return Err(invalid!("Multiple definitions found for column {name}"));
        }
    }
    let only_statics =
        !changes.is_empty() && changes.iter().all(|(at, _)| table.columns[*at].kind == ColumnKind::Static);
    let mut clustering = Vec::new();
    let mut partition = Vec::new();
    for (at, key) in keys.into_iter().enumerate() {
        match key {
            Some(key) if at < table.partition_columns => partition.push(key),
            Some(key) => clustering.push(key),
            None if only_statics && at >= table.partition_columns => {}
            None => return Err(missing(&table.columns[at])),
        }
    }
    Ok(((partition, clustering), changes))
}

fn update(table: &TableSchema, write: &Write, binds: &mut Binds<'_>) -> Result<(Keys, Changes), CqlError> {
    let mut changes = Vec::new();
    for (name, change) in &write.changes {
        let at = position(table, name)?;
        let column = &table.columns[at];
        if !restrictions::has_cells(column.kind) {
            return Err(match write.kind {
                WriteKind::Delete => {
                    invalid!("Invalid identifier {name} for deletion (should not be a PRIMARY KEY part)")
                }
                _ => invalid!("PRIMARY KEY part {name} found in SET part"),
            });
        }
        check_change(table, column, change, binds)?;
        changes.push((at, change.clone()));
    }
    let found = restrictions::restrictions(table, &write.relations, Purpose::Write, binds)?;
    if found.partition.is_empty() {
        return Err(missing(&table.columns[0]));
    }
    if let (Some(_), Some(column)) = (&found.bounds, table.clustering().get(found.clustering.len())) {
        return Err(invalid!("Invalid operator for PRIMARY KEY part {}", column.name));
    }
    Ok(((found.partition, found.clustering), changes))
}

fn check_change(
    table: &TableSchema,
    column: &Column,
    change: &Change,
    binds: &mut Binds<'_>,
) -> Result<(), CqlError> {
    let name = &column.name;
    let ty = &column.ty;
    let check =
        |ty: &CqlType, term: &Term, binds: &mut Binds<'_>| Receiver { table, name, ty }.check(term, binds);
    let counter = *ty == CqlType::Counter;
    match (change, ty) {
        (Change::Set(_), CqlType::Counter) => Err(invalid!(
            "Cannot set the value of counter column {name} (counters can only be incremented/decremented, not set)"
        )),
        (Change::Set(term), _) => check(ty, term, binds),
        (Change::Add(term) | Change::Subtract(term), _) if counter => check(&CqlType::Bigint, term, binds),
        (Change::SetElement(index, term), CqlType::List(element)) => {
            check(&CqlType::Int, index, binds)?;
            check(element, term, binds)
        }
        (Change::SetElement(key, term), CqlType::Map(key_type, value)) => {
            check(key_type, key, binds)?;
            check(value, term, binds)
        }
        (Change::Add(term) | Change::Subtract(term) | Change::Prepend(term), CqlType::List(_))
        | (Change::Add(term) | Change::Subtract(term), CqlType::Set(_))
        | (Change::Add(term), CqlType::Map(..)) => check(ty, term, binds),
        (Change::Subtract(term), CqlType::Map(key, _)) => check(&CqlType::Set(key.clone()), term, binds),
        (Change::Add(_) | Change::Subtract(_) | Change::Prepend(_), _) => {
            let (sign, _) = if matches!(change, Change::Subtract(_)) { ('-', ()) } else { ('+', ()) };
            Err(invalid!("Invalid operation ({name} = {name} {sign} ?) for non counter column {name}"))
        }
        (Change::SetElement(..), _) => {
            Err(invalid!("Invalid operation ({name}[?] = ?) for non collection column {name}"))
        }
        (Change::Delete, _) => Ok(()),
        (Change::DeleteElement(index), CqlType::List(_)) => check(&CqlType::Int, index, binds),
        (Change::DeleteElement(key), CqlType::Map(key_type, _) | CqlType::Set(key_type)) => {
            check(key_type, key, binds)
        }
        (Change::DeleteElement(_), _) => {
            Err(invalid!("Invalid deletion operation for non collection column {name}"))
        }
    }
}

/// A row must be named whole, unless a DELETE takes many or only static columns are meant.
fn check_clustering(
    table: &TableSchema,
    write: &Write,
    changes: &[(usize, Change)],
    clustering: &[Operand],
) -> Result<(), CqlError> {
    let Some(open) = table.clustering().get(clustering.len()) else { return Ok(()) };
    let statics = !changes.is_empty()
        && changes.iter().all(|(at, _)| table.columns[*at].kind == ColumnKind::Static)
        && clustering.is_empty();
    let range = write.kind == WriteKind::Delete && changes.is_empty();
    if statics || range { Ok(()) } else { Err(missing(open)) }
}

fn condition(
    table: &TableSchema,
    write: &Write,
    binds: &mut Binds<'_>,
) -> Result<PlannedCondition, CqlError> {
    let conditions = match &write.condition {
        Condition::None => return Ok(PlannedCondition::None),
        Condition::NotExists => return Ok(PlannedCondition::NotExists),
        Condition::Exists => return Ok(PlannedCondition::Exists),
        Condition::Columns(conditions) => conditions,
    };
    let mut planned = Vec::with_capacity(conditions.len());
    for (name, operator, operand) in conditions {
        let at = position(table, name)?;
        let column = &table.columns[at];
        if !restrictions::has_cells(column.kind) {
            return Err(invalid!("PRIMARY KEY column '{name}' cannot have IF conditions"));
        }
        Receiver { table, name, ty: &column.ty }.check_operand(operand, binds)?;
        planned.push((at, *operator, operand.clone()));
    }
    Ok(PlannedCondition::Columns(planned))
}

fn position(table: &TableSchema, name: &str) -> Result<usize, CqlError> {
    table.position(name).ok_or_else(|| invalid!("Unknown identifier {name}"))
}

fn missing(column: &Column) -> CqlError {
    invalid!("Missing mandatory PRIMARY KEY part {}", column.name)
}
