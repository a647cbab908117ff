//! Statements with their names looked up, ready to be executed many times.

use std::sync::Arc;

use super::outcome::ColumnSpec;
use super::schema::TableSchema;
use super::select::{self, SelectPlan};
use super::terms::{Binds, Receiver};
use super::write::{self, WritePlan};
use crate::cql::{BatchKind, Condition, Operand, Parsed, Statement, TableName, Term};
use crate::error::invalid;
use crate::{CqlError, CqlType};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plan {
    Select(SelectPlan),
    Write(WritePlan),
    Batch(BatchPlan),
    /// USE, TRUNCATE and changes of the schema: looked up when they are executed.
    Other(Statement),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct BatchPlan {
    pub(super) kind: BatchKind,
    pub(super) timestamp: Option<Term>,
    pub(super) writes: Vec<WritePlan>,
}

/// A plan with its bind variables.
pub(super) struct Planned {
    pub(super) plan: Plan,
    pub(super) binds: Vec<ColumnSpec>,
    /// See `PreparedInfo::partition_binds`.
    pub(super) partition_binds: Vec<u16>,
}

/// Finds a table by its name, which may lack the keyspace.
pub(super) type Lookup<'a> = &'a dyn Fn(&TableName) -> Result<Arc<TableSchema>, CqlError>;

pub(super) fn plan(parsed: &Parsed, lookup: Lookup<'_>) -> Result<Planned, CqlError> {
    let mut binds = Binds::new(&parsed.binds);
    let plan = match &parsed.statement {
        Statement::Select(select) => Plan::Select(select::plan(&lookup(&select.table)?, select, &mut binds)?),
        Statement::Write(write) => Plan::Write(write::plan(&lookup(&write.table)?, write, &mut binds)?),
        Statement::Batch(batch) => {
            let mut writes = Vec::with_capacity(batch.writes.len());
            for write in &batch.writes {
                let table = lookup(&write.table)?;
                if table.is_counter() && batch.kind != BatchKind::Counter {
                    return Err(invalid!(
                        "Cannot include a counter statement in a {} batch",
                        name(batch.kind)
                    ));
                }
                if !table.is_counter() && batch.kind == BatchKind::Counter {
                    return Err(invalid!("Cannot include non-counter statement in a counter batch"));
                }
                if batch.using.timestamp.is_some() && write.using.timestamp.is_some() {
                    return Err(invalid!("Timestamp must be set either on BATCH or individual statements"));
                }
                if batch.using.timestamp.is_some() && write.condition != Condition::None {
                    return Err(invalid!("Cannot provide custom timestamp for conditional BATCH"));
                }
                writes.push(write::plan(&table, write, &mut binds)?);
            }
            if batch.using.ttl.is_some() {
                return Err(invalid!("Global TTL on the BATCH statement is not supported."));
            }
            if let (Some(term), Some(first)) = (&batch.using.timestamp, writes.first()) {
                let table = Arc::clone(&first.table);
                Receiver { table: &table, name: "[timestamp]", ty: &CqlType::Bigint }
                    .check(term, &mut binds)?;
            }
            Plan::Batch(BatchPlan { kind: batch.kind, timestamp: batch.using.timestamp.clone(), writes })
        }
        other => Plan::Other(other.clone()),
    };
    let partition_binds = partition_binds(&plan);
    Ok(Planned { plan, binds: binds.finish(), partition_binds })
}

fn name(kind: BatchKind) -> &'static str {
    match kind {
        BatchKind::Logged => "logged",
        BatchKind::Unlogged => "unlogged",
        BatchKind::Counter => "counter",
    }
}

fn partition_binds(plan: &Plan) -> Vec<u16> {
    let partition = match plan {
        Plan::Select(select) => &select.restrictions.partition,
        Plan::Write(write) => &write.partition,
        // The variables of a batch count through; only the first statement's key can be found again by a driver.
        Plan::Batch(batch) => match batch.writes.first() {
            Some(write) => &write.partition,
            None => return Vec::new(),
        },
        Plan::Other(_) => return Vec::new(),
    };
    let bind = |operand: &Operand| match operand {
        Operand::One(Term::Bind(bind)) => u16::try_from(*bind).ok(),
        _ => None,
    };
    partition.iter().map(bind).collect::<Option<Vec<_>>>().unwrap_or_default()
}

impl Plan {
    /// The tables that the plan was made for.
    pub(super) fn tables(&self) -> Vec<&Arc<TableSchema>> {
        match self {
            Self::Select(select) => vec![&select.table],
            Self::Write(write) => vec![&write.table],
            Self::Batch(batch) => batch.writes.iter().map(|write| &write.table).collect(),
            Self::Other(_) => Vec::new(),
        }
    }
}
