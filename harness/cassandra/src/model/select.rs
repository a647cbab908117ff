//! SELECT: the plan made of a statement and a table.

use std::sync::Arc;

use super::outcome::ColumnSpec;
use super::restrictions::{self, Purpose, Restrictions};
use super::schema::{ColumnKind, TableSchema};
use super::selection::{self, Output};
use super::terms::{Binds, Receiver};
use crate::cql::{Operand, Select, Term};
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// A SELECT whose names have been looked up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SelectPlan {
    pub(super) table: Arc<TableSchema>,
    pub(super) outputs: Vec<Output>,
    pub(super) columns: Arc<[ColumnSpec]>,
    pub(super) restrictions: Restrictions,
    pub(super) distinct: bool,
    /// Whether rows come in the reverse of the table's order.
    pub(super) reversed: bool,
    /// Whether rows of several partitions are to be sorted into one order.
    pub(super) sorted: bool,
    pub(super) limit: Option<Term>,
}

pub(super) fn plan(
    table: &Arc<TableSchema>,
    select: &Select,
    binds: &mut Binds<'_>,
) -> Result<SelectPlan, CqlError> {
    let (outputs, columns) = selection::selection(table, select)?;
    if select.distinct {
        check_distinct(table, &outputs)?;
    }
    let purpose = Purpose::Select { allow_filtering: select.allow_filtering };
    let restrictions = restrictions::restrictions(table, &select.relations, purpose, binds)?;
    let (reversed, sorted) = order(table, select, &restrictions)?;
    if let Some(limit) = &select.limit {
        Receiver { table, name: "[limit]", ty: &CqlType::Int }.check(limit, binds)?;
    }
    Ok(SelectPlan {
        table: Arc::clone(table),
        outputs,
        columns,
        restrictions,
        distinct: select.distinct,
        reversed,
        sorted,
        limit: select.limit.clone(),
    })
}

fn check_distinct(table: &TableSchema, outputs: &[Output]) -> Result<(), CqlError> {
    for output in outputs {
        let Output::Column(column) = output else { continue };
        let column = &table.columns[*column];
        if !matches!(column.kind, ColumnKind::Partition | ColumnKind::Static) {
            return Err(invalid!(
                "SELECT DISTINCT queries must only request partition key columns and/or static columns (not {})",
                column.name
            ));
        }
    }
    for column in table.partition_key() {
        if !outputs
            .iter()
            .any(|output| matches!(output, Output::Column(at) if table.columns[*at].name == column.name))
        {
            return Err(invalid!(
                "SELECT DISTINCT queries must request all the partition key columns (missing {})",
                column.name
            ));
        }
    }
    Ok(())
}

/// Whether ORDER BY turns the table's order round, and whether it makes one order of several partitions.
fn order(
    table: &TableSchema,
    select: &Select,
    restrictions: &Restrictions,
) -> Result<(bool, bool), CqlError> {
    if select.order.is_empty() {
        return Ok((false, false));
    }
    if !restrictions.filters.is_empty() {
        return Err(invalid!("ORDER BY with 2ndary indexes is not supported."));
    }
    if restrictions.partition.is_empty() {
        return Err(invalid!(
            "ORDER BY is only supported when the partition key is restricted by an EQ or an IN."
        ));
    }
    let mut reversed = None;
    for (at, (name, descending)) in select.order.iter().enumerate() {
        if table.column(name).is_none() {
            return Err(invalid!("Order by on unknown column {name}"));
        }
        let clustering = table.clustering();
        let Some(position) = clustering.iter().position(|column| column.name == *name) else {
            return Err(invalid!(
                "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got {name}"
            ));
        };
        if position != at {
            return Err(invalid!(
                "Order by currently only support the ordering of columns following their declared order in the \
                 PRIMARY KEY"
            ));
        }
        let turned = *descending != clustering[at].descending;
        if *reversed.get_or_insert(turned) != turned {
            return Err(invalid!("Unsupported order by relation"));
        }
    }
    let several = restrictions.partition.iter().any(|operand| !matches!(operand, Operand::One(_)));
    Ok((reversed.unwrap_or(false), several))
}

impl SelectPlan {
    pub(super) fn is_aggregate(&self) -> bool {
        self.outputs.iter().any(Output::is_aggregate)
    }
}
