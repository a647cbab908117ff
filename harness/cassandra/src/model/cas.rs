//! IF: whether the conditions of a write, or of all writes of a batch, hold, and what is answered.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::apply::{self, Prefix, Target};
use super::collections;
use super::order;
use super::outcome::{ColumnSpec, ResultSet};
use super::ranges::row_key;
use super::schema::{ColumnKind, TableSchema};
use super::selection::{self, RowRef};
use super::store::{Partition, Row, TableData};
use super::terms::{Evaluated, Scope};
use super::write::{PlannedComparison, PlannedCondition, WritePlan};
use crate::cql::{Operand, Operator};
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// A conditional write with what it is about.
pub(super) struct Conditional<'a> {
    pub(super) plan: &'a WritePlan,
    pub(super) target: &'a Target,
    pub(super) scope: &'a Scope<'a>,
}

/// What the conditions of one row are, so that contradictions are found.
#[derive(PartialEq, Clone, Copy)]
enum Sort {
    NotExists,
    Exists,
    Columns,
}

/// The part of a partition that the conditions look at.
#[derive(Default)]
struct Looked<'a> {
    partition: Option<&'a Partition>,
    /// By sortable key; what is there of it.
    rows: BTreeMap<Vec<u8>, Option<&'a Row>>,
    statics: bool,
    now_secs: i64,
}

impl<'a> Looked<'a> {
    fn row(&self, table: &'a TableSchema, sorted: Option<&Vec<u8>>) -> Option<RowRef<'a>> {
        let row = sorted.and_then(|sorted| self.rows.get(sorted).copied().flatten());
        Some(RowRef { table, partition: self.partition?, row, now_secs: self.now_secs })
    }

    fn has_statics(&self) -> bool {
        self.statics && self.partition.is_some_and(|partition| partition.statics.is_live(self.now_secs))
    }
}

/// Checks all conditions on one partition. `[applied]` alone if they hold, or else what was found with it.
pub(super) fn check(
    writes: &[Conditional<'_>],
    data: &TableData,
    is_batch: bool,
) -> Result<Option<(bool, ResultSet)>, CqlError> {
    let Some(first) = writes.iter().find(|write| write.plan.condition != PlannedCondition::None) else {
        return Ok(None);
    };
    let table = &*first.plan.table;
    let mut looked = Looked {
        partition: first.target.partitions.first().and_then(|(id, _)| data.partition(id)),
        now_secs: apply::seconds(first.scope),
        ..Looked::default()
    };
    let mut sorts: BTreeMap<Option<Vec<u8>>, Sort> = BTreeMap::new();
    for write in writes {
        for (row, sort) in parts(write) {
            look(&mut sorts, row.clone(), sort)?;
            match row {
                None => looked.statics = true,
                Some(sorted) => {
                    let found = looked.partition.and_then(|partition| partition.rows.get(&sorted));
                    looked.rows.insert(sorted, found);
                }
            }
        }
    }
    // Without clustering columns all of the partition is one row.
    looked.statics |= table.clustering_columns == 0 && !looked.rows.is_empty();
    let mut applied = true;
    for write in writes {
        applied &= holds(write, &looked)?;
    }
    Ok(Some((applied, answer(writes, table, &looked, applied, is_batch))))
}

/// The rows that the conditions of a write are about, `None` being the static columns.
fn parts(write: &Conditional<'_>) -> Vec<(Option<Vec<u8>>, Sort)> {
    let table = &*write.plan.table;
    let row = match &write.target.prefix {
        Prefix::Statics => None,
        Prefix::Rows(values) => Some(row_key(table.clustering(), values)),
    };
    match &write.plan.condition {
        PlannedCondition::None => Vec::new(),
        PlannedCondition::NotExists => vec![(row, Sort::NotExists)],
        PlannedCondition::Exists => vec![(row, Sort::Exists)],
        PlannedCondition::Columns(conditions) => {
            let is_static =
                |condition: &&PlannedComparison| table.columns[condition.column].kind == ColumnKind::Static;
            let mut parts = Vec::new();
            if conditions.iter().any(|condition| !is_static(&condition)) {
                parts.push((row, Sort::Columns));
            }
            if conditions.iter().any(|condition| is_static(&condition)) {
                parts.push((None, Sort::Columns));
            }
            parts
        }
    }
}

fn look(
    sorts: &mut BTreeMap<Option<Vec<u8>>, Sort>,
    row: Option<Vec<u8>>,
    sort: Sort,
) -> Result<(), CqlError> {
    match (sorts.insert(row, sort), sort) {
        (None, _) => Ok(()),
        (Some(old), new) if old == new => Ok(()),
        (Some(Sort::Exists), Sort::NotExists) | (Some(Sort::NotExists), Sort::Exists) => {
            Err(invalid!("Cannot mix IF EXISTS and IF NOT EXISTS conditions for the same row"))
        }
        (Some(Sort::Columns), Sort::Exists) => Ok(()),
        _ => Err(invalid!("Cannot mix IF conditions and IF NOT EXISTS for the same row")),
    }
}

fn holds(write: &Conditional<'_>, looked: &Looked<'_>) -> Result<bool, CqlError> {
    let table = &*write.plan.table;
    let sorted = match &write.target.prefix {
        Prefix::Statics => None,
        Prefix::Rows(values) => Some(row_key(table.clustering(), values)),
    };
    let row = looked.row(table, sorted.as_ref());
    let exists = match &sorted {
        None => looked.has_statics(),
        Some(_) => row.as_ref().and_then(|row| row.row).is_some_and(|row| row.is_live(looked.now_secs)),
    };
    Ok(match &write.plan.condition {
        PlannedCondition::None => true,
        PlannedCondition::NotExists => !exists,
        PlannedCondition::Exists => exists,
        PlannedCondition::Columns(conditions) => {
            let mut holds = true;
            for condition in conditions {
                holds &= compared(condition, table, row.as_ref(), write.scope)?;
            }
            holds
        }
    })
}

fn compared(
    condition: &PlannedComparison,
    table: &TableSchema,
    row: Option<&RowRef<'_>>,
    scope: &Scope<'_>,
) -> Result<bool, CqlError> {
    let column = &table.columns[condition.column];
    let value = row.and_then(|row| row.value(condition.column));
    let Some(element) = &condition.element else {
        let frozen = matches!(column.ty.thawed(), CqlType::List(_) | CqlType::Set(_) | CqlType::Map(..))
            && !column.ty.is_multi_cell();
        let terms = match &condition.operand {
            Operand::One(term) => std::slice::from_ref(term),
            Operand::Many(terms) => terms.as_slice(),
            Operand::ManyBound(_) => &[],
        };
        if frozen && value.is_none() {
            // The original forgets that there may be none.
            let first = terms.first().map(|term| scope.evaluate(term, &column.ty)).transpose()?;
            if matches!(first, Some(Evaluated::Value(_))) {
                return Err(CqlError::Server("java.lang.NullPointerException".to_owned()));
            }
        }
        return holds_for(&column.ty, condition.operator, &condition.operand, value.as_ref(), scope);
    };
    match column.ty.thawed() {
        CqlType::Map(key_type, value_type) => {
            let Evaluated::Value(key) = scope.evaluate(element, key_type)? else {
                return Err(invalid!("Invalid null value for map element access"));
            };
            let value = value.and_then(|value| collections::map_value(&value, key_type, &key));
            holds_for(value_type, condition.operator, &condition.operand, value.as_ref(), scope)
        }
        CqlType::List(element_type) => {
            let Evaluated::Value(index) = scope.evaluate(element, &CqlType::Int)? else {
                return Err(invalid!("Invalid null value for list element access"));
            };
            let index = selection::int_of(&index)?;
            let index =
                usize::try_from(index).map_err(|_| invalid!("Invalid negative list index {index}"))?;
            let value = value.and_then(|value| super::terms::split(&value, 1).into_iter().nth(index));
            holds_for(element_type, condition.operator, &condition.operand, value.as_ref(), scope)
        }
        _ => Ok(false),
    }
}

fn holds_for(
    ty: &CqlType,
    operator: Operator,
    operand: &Operand,
    value: Option<&Bytes>,
    scope: &Scope<'_>,
) -> Result<bool, CqlError> {
    match operand {
        Operand::One(term) => match scope.evaluate(term, ty)? {
            Evaluated::Unset => Err(invalid!("Invalid 'unset' value in condition")),
            Evaluated::Null => one(ty, operator, None, value),
            // An empty collection is the same as none.
            Evaluated::Value(bytes) if ty.is_multi_cell() && bytes.as_ref() == [0; 4] => {
                empty_collection(operator, value)
            }
            Evaluated::Value(bytes) => one(ty, operator, Some(&bytes), value),
        },
        Operand::Many(terms) => {
            let mut holds = false;
            for term in terms {
                holds |= match scope.evaluate(term, ty)? {
                    Evaluated::Unset => false,
                    Evaluated::Null => value.is_none(),
                    Evaluated::Value(bytes) if ty.is_multi_cell() && bytes.as_ref() == [0; 4] => {
                        value.is_none()
                    }
                    Evaluated::Value(bytes) => one(ty, Operator::Eq, Some(&bytes), value)?,
                };
            }
            Ok(holds)
        }
        Operand::ManyBound(bind) => {
            let list = CqlType::List(Box::new(ty.clone()));
            match scope.evaluate(&crate::cql::Term::Bind(*bind), &list)? {
                Evaluated::Null => Err(invalid!("Invalid null list in IN condition")),
                Evaluated::Unset => Err(invalid!("Invalid 'unset' value in condition")),
                Evaluated::Value(bytes) => {
                    let values = super::terms::split(&bytes, 1);
                    values.iter().try_fold(false, |holds, wanted| {
                        Ok(holds | one(ty, Operator::Eq, Some(wanted), value)?)
                    })
                }
            }
        }
    }
}

fn empty_collection(operator: Operator, value: Option<&Bytes>) -> Result<bool, CqlError> {
    Ok(match operator {
        Operator::Eq | Operator::Le => value.is_none(),
        Operator::Neq | Operator::Gt => value.is_some(),
        Operator::Ge => true,
        _ => false,
    })
}

fn one(
    ty: &CqlType,
    operator: Operator,
    wanted: Option<&Bytes>,
    value: Option<&Bytes>,
) -> Result<bool, CqlError> {
    let (wanted, value) = match (wanted, value, operator) {
        (None, value, Operator::Eq) => return Ok(value.is_none()),
        (None, value, Operator::Neq) => return Ok(value.is_some()),
        (None, _, operator) => {
            return Err(invalid!("Invalid comparison with null for operator \"{}\"", operator.symbol()));
        }
        // No list, set or map is an empty one, which comes before all others.
        (Some(_), None, Operator::Lt | Operator::Le) if ty.is_multi_cell() => return Ok(true),
        (Some(_), None, operator) => return Ok(operator == Operator::Neq),
        (Some(wanted), Some(value), _) => (wanted, value),
    };
    let order = order::key(ty, value).cmp(&order::key(ty, wanted));
    Ok(match operator {
        Operator::Eq | Operator::In => order.is_eq(),
        Operator::Neq => order.is_ne(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Contains | Operator::ContainsKey => false,
    })
}

/// The columns that are shown when the conditions do not hold.
fn shown(writes: &[Conditional<'_>], table: &TableSchema, is_batch: bool) -> Vec<usize> {
    let mut shown: Vec<usize> = Vec::new();
    if is_batch {
        shown.extend(0..table.partition_columns + table.clustering_columns);
    }
    for write in writes {
        match &write.plan.condition {
            PlannedCondition::None => {}
            PlannedCondition::NotExists | PlannedCondition::Exists => {
                return (0..table.columns.len()).collect();
            }
            PlannedCondition::Columns(conditions) => {
                // Those on static columns come behind the others.
                let is_static = |column: usize| table.columns[column].kind == ColumnKind::Static;
                for statics in [false, true] {
                    for condition in conditions.iter().filter(|found| is_static(found.column) == statics) {
                        if !shown.contains(&condition.column) {
                            shown.push(condition.column);
                        }
                    }
                }
            }
        }
    }
    shown
}

fn answer(
    writes: &[Conditional<'_>],
    table: &TableSchema,
    looked: &Looked<'_>,
    applied: bool,
    is_batch: bool,
) -> ResultSet {
    let spec = |name: &str, ty: CqlType| ColumnSpec {
        keyspace: table.keyspace.clone(),
        table: table.name.clone(),
        name: name.to_owned(),
        ty,
    };
    let flag = Some(Bytes::from_static(if applied { &[1] } else { &[0] }));
    let live: Vec<RowRef<'_>> = looked
        .rows
        .iter()
        .filter(|(_, row)| row.is_some_and(|row| row.is_live(looked.now_secs)))
        .filter_map(|(sorted, _)| looked.row(table, Some(sorted)))
        .collect();
    let found = if applied {
        Vec::new()
    } else if live.is_empty() && looked.has_statics() {
        looked.row(table, None).into_iter().collect()
    } else {
        live
    };
    let shown = if found.is_empty() { Vec::new() } else { shown(writes, table, is_batch) };
    let columns = shown.iter().map(|at| &table.columns[*at]);
    let columns = columns.map(|column| spec(&column.name, column.ty.clone()));
    let columns = std::iter::once(spec("[applied]", CqlType::Boolean)).chain(columns).collect();
    let value = |row: &RowRef<'_>, at: usize| {
        let is_static = table.columns[at].kind == ColumnKind::Static;
        if is_static && !looked.statics { None } else { row.value(at) }
    };
    let mut rows: Vec<Vec<_>> = found
        .iter()
        .map(|row| std::iter::once(flag.clone()).chain(shown.iter().map(|at| value(row, *at))).collect())
        .collect();
    if rows.is_empty() {
        rows.push(vec![flag]);
    }
    ResultSet { columns, rows, paging_state: None }
}
