//! SELECT: the plan made of a statement and a table.

use std::sync::Arc;

use super::outcome::ColumnSpec;
use super::restrictions::{self, Restrictions, Shape};
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
    /// Whether static columns are among those that are read.
    pub(super) statics: bool,
    /// Whether rows come in the reverse of the table's order.
    pub(super) reversed: bool,
    /// Whether rows of several partitions are to be sorted into one order, and by which clustering columns.
    pub(super) sorted: Option<Vec<usize>>,
    pub(super) limit: Option<Term>,
}

pub(super) fn plan(
    table: &Arc<TableSchema>,
    select: &Select,
    binds: &mut Binds<'_>,
) -> Result<SelectPlan, CqlError> {
    let (outputs, columns) = selection::selection(table, select)?;
    let mut needed = Vec::new();
    outputs.iter().for_each(|output| output.columns(&mut needed));
    let shape = Shape {
        only_statics: is_only_statics(table, select, &needed),
        collection: needed.iter().any(|at| table.columns[*at].ty.is_multi_cell()),
        allow_filtering: select.allow_filtering,
    };
    let restrictions = restrictions::restrictions(table, &select.relations, shape, binds)
        .map_err(|error| about_alias(select, error))?;
    if select.distinct {
        check_distinct(table, &needed, &restrictions)?;
    }
    let (reversed, sorted) = order(table, select, &restrictions)?;
    restrictions.need_filtering(shape)?;
    if let Some(limit) = &select.limit {
        Receiver { table, name: "[limit]", ty: &CqlType::Int }.check(limit, binds)?;
    }
    Ok(SelectPlan {
        table: Arc::clone(table),
        outputs,
        columns,
        restrictions,
        distinct: select.distinct,
        statics: table.others().iter().any(|column| column.kind == ColumnKind::Static)
            && (select.selectors.is_empty()
                || needed.iter().any(|at| table.columns[*at].kind == ColumnKind::Static)),
        reversed,
        sorted,
        limit: select.limit.clone(),
    })
}

/// Whether only static columns are asked for, perhaps with those of the partition key.
fn is_only_statics(table: &TableSchema, select: &Select, needed: &[usize]) -> bool {
    let kind = |at: &usize| table.columns[*at].kind;
    !select.selectors.is_empty()
        && needed.iter().any(|at| kind(at) == ColumnKind::Static)
        && needed.iter().all(|at| matches!(kind(at), ColumnKind::Static | ColumnKind::Partition))
}

/// Says so when a name of WHERE that is not known is an alias.
fn about_alias(select: &Select, error: CqlError) -> CqlError {
    let CqlError::Invalid(text) = &error else { return error };
    let is_alias = select
        .selectors
        .iter()
        .filter_map(|(_, alias)| alias.as_ref())
        .any(|alias| text.starts_with(&format!("Undefined name {alias} in where clause (")));
    match text.split_once(" in where clause (") {
        Some((_, relation)) if is_alias => {
            invalid!("Aliases aren't allowed in the where clause ({relation}")
        }
        _ => error,
    }
}

fn check_distinct(
    table: &TableSchema,
    needed: &[usize],
    restrictions: &Restrictions,
) -> Result<(), CqlError> {
    if restrictions.restricts_rows() || !restrictions.filters.is_empty() {
        return Err(invalid!(
            "SELECT DISTINCT with WHERE clause only supports restriction by partition key."
        ));
    }
    for column in needed.iter().map(|at| &table.columns[*at]) {
        if !matches!(column.kind, ColumnKind::Partition | ColumnKind::Static) {
            return Err(invalid!(
                "SELECT DISTINCT queries must only request partition key columns and/or static columns (not {})",
                column.name
            ));
        }
    }
    if !restrictions.is_key_range() {
        return Ok(());
    }
    let missing = (0..table.partition_columns).find(|at| !needed.contains(at));
    match missing {
        None => Ok(()),
        Some(at) => Err(invalid!(
            "SELECT DISTINCT queries must request all the partition key columns (missing {})",
            table.columns[at].name
        )),
    }
}

/// Whether ORDER BY turns the table's order round, and whether it makes one order of several partitions.
fn order(
    table: &TableSchema,
    select: &Select,
    restrictions: &Restrictions,
) -> Result<(bool, Option<Vec<usize>>), CqlError> {
    if select.order.is_empty() {
        return Ok((false, None));
    }
    if restrictions.indexed {
        return Err(invalid!("ORDER BY with 2ndary indexes is not supported."));
    }
    if restrictions.is_key_range() {
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
    let key = table.partition_columns;
    let by = (key..key + select.order.len()).collect();
    Ok((reversed.unwrap_or(false), several.then_some(by)))
}

impl SelectPlan {
    pub(super) fn is_aggregate(&self) -> bool {
        self.outputs.iter().any(Output::is_aggregate)
    }
}
