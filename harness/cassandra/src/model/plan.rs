//! Statements with their names looked up, ready to be executed many times.

use std::sync::Arc;

use super::outcome::ColumnSpec;
use super::schema::TableSchema;
use super::select::{self, SelectPlan};
use super::terms::{Binds, Receiver};
use super::write::{self, PlannedCondition, WritePlan};
use crate::cql::{BatchKind, Parsed, Statement, TableName, Term};
use crate::error::invalid;
use crate::{CqlError, CqlType};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plan {
    Select(Box<SelectPlan>),
    Write(WritePlan),
    Batch(BatchPlan),
    /// USE, TRUNCATE and changes of the schema: looked up when they are executed.
    Other(Statement),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct BatchPlan {
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
        Statement::Select(select) => {
            Plan::Select(Box::new(select::plan(&lookup(&select.table)?, select, &mut binds)?))
        }
        Statement::Write(write) => Plan::Write(write::plan(&lookup(&write.table)?, write, &mut binds)?),
        Statement::Batch(batch) => {
            let mut writes = Vec::with_capacity(batch.writes.len());
            for write in &batch.writes {
                writes.push(write::plan(&lookup(&write.table)?, write, &mut binds)?);
            }
            for (name, ty, term) in [
                ("[timestamp]", CqlType::Bigint, &batch.using.timestamp),
                ("[ttl]", CqlType::Int, &batch.using.ttl),
            ] {
                if let (Some(term), Some(first)) = (term, writes.first()) {
                    binds.of_batch(|binds| {
                        Receiver { table: &first.table, name, ty: &ty }.check(term, binds)
                    })?;
                }
            }
            if batch.using.ttl.is_some() {
                return Err(invalid!("Global TTL on the BATCH statement is not supported."));
            }
            check_batch(batch.kind, &mut writes.iter(), batch.using.timestamp.is_some())?;
            Plan::Batch(BatchPlan { timestamp: batch.using.timestamp.clone(), writes })
        }
        other => Plan::Other(other.clone()),
    };
    // The statements of a batch have one table, or no partition.
    let one_table = |batch: &BatchPlan| {
        let first = Arc::clone(&batch.writes.first()?.table);
        let same =
            |write: &WritePlan| write.table.keyspace == first.keyspace && write.table.name == first.name;
        batch.writes.iter().all(same).then_some(first)
    };
    let key = match &plan {
        Plan::Batch(batch) => one_table(batch),
        Plan::Select(select) => Some(Arc::clone(&select.table)),
        Plan::Write(write) => Some(Arc::clone(&write.table)),
        Plan::Other(_) => None,
    };
    let mut partition_binds = key.map(|table| binds.of_partition(&table)).unwrap_or_default();
    let binds = binds.finish();
    // The original leaves them out where it gives a table for each variable: for the time of a batch.
    if binds.windows(2).any(|pair| (&pair[0].keyspace, &pair[0].table) != (&pair[1].keyspace, &pair[1].table))
    {
        partition_binds.clear();
    }
    Ok(Planned { plan, binds, partition_binds })
}

/// Refuses what cannot be in one batch.
pub(super) fn check_batch(
    kind: BatchKind,
    writes: &mut dyn Iterator<Item = &WritePlan>,
    timestamp: bool,
) -> Result<(), CqlError> {
    let writes: Vec<_> = writes.collect();
    let conditional = writes.iter().any(|write| write.condition != PlannedCondition::None);
    if timestamp && conditional {
        return Err(invalid!("Cannot provide custom timestamp for conditional BATCH"));
    }
    if timestamp && kind == BatchKind::Counter {
        return Err(invalid!("Cannot provide custom timestamp for counter BATCH"));
    }
    let (mut counters, mut others) = (false, false);
    for write in &writes {
        let counter = write.table.is_counter();
        match (kind, counter) {
            _ if timestamp && counter => {
                return Err(invalid!("Cannot provide custom timestamp for a BATCH containing counters"));
            }
            _ if timestamp && write.timestamp.is_some() => {
                return Err(invalid!("Timestamp must be set either on BATCH or individual statements"));
            }
            (BatchKind::Counter, false) => {
                return Err(invalid!("Cannot include non-counter statement in a counter batch"));
            }
            (BatchKind::Logged, true) => {
                return Err(invalid!("Cannot include a counter statement in a logged batch"));
            }
            _ => {}
        }
        counters |= counter;
        others |= !counter;
    }
    if counters && others {
        return Err(invalid!("Counter and non-counter mutations cannot exist in the same batch"));
    }
    let table = |write: &WritePlan| (write.table.keyspace.clone(), write.table.name.clone());
    if conditional && writes.windows(2).any(|pair| table(pair[0]) != table(pair[1])) {
        return Err(invalid!("Batch with conditions cannot span multiple tables"));
    }
    Ok(())
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
