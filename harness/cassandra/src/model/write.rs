//! INSERT, UPDATE and DELETE: the plan made of a statement and a table.

use std::sync::Arc;

use super::restrictions;
use super::schema::{Column, ColumnKind, TableSchema};
use super::terms::{Binds, Receiver};
use crate::cql::{Change, ColumnCondition, Condition, Operand, Operator, Relation, Term, Write, WriteKind};
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// A write whose names have been looked up. Whether it names a row is asked when it is executed, as in the original.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WritePlan {
    pub(super) table: Arc<TableSchema>,
    pub(super) kind: WriteKind,
    /// By column of the partition key.
    pub(super) partition: Vec<Option<Operand>>,
    /// By clustering column.
    pub(super) clustering: Vec<Option<Term>>,
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
    Columns(Vec<PlannedComparison>),
}

/// One comparison of IF.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlannedComparison {
    pub(super) column: usize,
    pub(super) element: Option<Term>,
    pub(super) operator: Operator,
    pub(super) operand: Operand,
}

pub(super) fn plan(
    table: &Arc<TableSchema>,
    write: &Write,
    binds: &mut Binds<'_>,
) -> Result<WritePlan, CqlError> {
    for (name, ty, term) in
        [("[timestamp]", CqlType::Bigint, &write.using.timestamp), ("[ttl]", CqlType::Int, &write.using.ttl)]
    {
        if let Some(term) = term {
            Receiver { table, name, ty: &ty }.check(term, binds)?;
        }
    }
    let mut plan = WritePlan {
        table: Arc::clone(table),
        kind: write.kind,
        partition: vec![None; table.partition_columns],
        clustering: vec![None; table.clustering_columns],
        changes: Vec::with_capacity(write.changes.len()),
        ttl: write.using.ttl.clone(),
        timestamp: write.using.timestamp.clone(),
        condition: PlannedCondition::None,
    };
    match write.kind {
        WriteKind::Insert => plan.insert(write, binds)?,
        WriteKind::Update => plan.update(write, binds)?,
        WriteKind::Delete => plan.delete(write, binds)?,
    }
    write.relations.iter().try_for_each(|relation| plan.relation(relation, binds))?;
    plan.conditions(write, binds)?;
    Ok(plan)
}

impl WritePlan {
    fn is_static(&self, at: usize) -> bool {
        self.table.columns[at].kind == ColumnKind::Static
    }

    /// Whether it has to do with static columns alone.
    pub(super) fn only_statics(&self) -> bool {
        let conditions: &[_] = match &self.condition {
            PlannedCondition::Columns(conditions) => conditions,
            _ => &[],
        };
        let mut columns = self
            .changes
            .iter()
            .map(|(at, _)| *at)
            .chain(conditions.iter().map(|found| found.column))
            .peekable();
        let whole_rows = self.kind == WriteKind::Delete && self.changes.is_empty();
        columns.peek().is_some() && !whole_rows && columns.all(|at| self.is_static(at))
    }

    fn insert(&mut self, write: &Write, binds: &mut Binds<'_>) -> Result<(), CqlError> {
        let table = Arc::clone(&self.table);
        if table.is_counter() {
            return Err(invalid!("INSERT statements are not allowed on counter tables, use UPDATE instead"));
        }
        if write.unmatched {
            return Err(invalid!("Unmatched column names/values"));
        }
        for (number, (name, change)) in write.changes.iter().enumerate() {
            let at = position(&table, name)?;
            if write.changes[..number].iter().any(|(other, _)| other == name) {
                return Err(invalid!("Multiple definitions found for column {name}"));
            }
            let Change::Set(term) = change else { continue };
            Receiver { table: &table, name, ty: &table.columns[at].ty }.check(term, binds)?;
            match at.checked_sub(table.partition_columns) {
                None => self.partition[at] = Some(Operand::One(term.clone())),
                Some(at) if at < table.clustering_columns => self.clustering[at] = Some(term.clone()),
                Some(_) => self.changes.push((at, change.clone())),
            }
        }
        Ok(())
    }

    fn update(&mut self, write: &Write, binds: &mut Binds<'_>) -> Result<(), CqlError> {
        let table = Arc::clone(&self.table);
        for (name, change) in &write.changes {
            let at = position(&table, name)?;
            let column = &table.columns[at];
            check_change(&table, column, change, binds)?;
            if !restrictions::has_cells(column.kind) {
                return Err(invalid!("PRIMARY KEY part {name} found in SET part"));
            }
            self.changes.push((at, change.clone()));
        }
        Ok(())
    }

    fn delete(&mut self, write: &Write, binds: &mut Binds<'_>) -> Result<(), CqlError> {
        let table = Arc::clone(&self.table);
        for (name, change) in &write.changes {
            let at = position(&table, name)?;
            let column = &table.columns[at];
            if !restrictions::has_cells(column.kind) {
                return Err(invalid!(
                    "Invalid identifier {name} for deletion (should not be a PRIMARY KEY part)"
                ));
            }
            check_change(&table, column, change, binds)?;
            self.changes.push((at, change.clone()));
        }
        Ok(())
    }

    /// One condition of WHERE: it names a part of the key.
    fn relation(&mut self, relation: &Relation, binds: &mut Binds<'_>) -> Result<(), CqlError> {
        let table = Arc::clone(&self.table);
        if relation.token {
            return Err(invalid!(
                "Token relations cannot be used in WHERE clauses for UPDATE and DELETE statements: {}",
                restrictions::shown_relation(relation)
            ));
        }
        let name = &relation.columns[0];
        let at = table.position(name).ok_or_else(|| invalid!("Unknown key identifier {name}"))?;
        let column = &table.columns[at];
        if !matches!(column.kind, ColumnKind::Partition | ColumnKind::Clustering) {
            return Err(invalid!("Non PRIMARY KEY {name} found in where clause"));
        }
        let fits = match relation.operator {
            Operator::Eq => true,
            Operator::In => column.kind == ColumnKind::Partition,
            _ => false,
        };
        if !fits {
            let operator = relation.operator.symbol();
            return Err(invalid!("Invalid operator {operator} for PRIMARY KEY part {name}"));
        }
        Receiver { table: &table, name, ty: &column.ty }.check_operand(&relation.operand, binds)?;
        let twice = match (at.checked_sub(table.partition_columns), &relation.operand) {
            (None, operand) => self.partition[at].replace(operand.clone()).is_some(),
            (Some(at), Operand::One(term)) => self.clustering[at].replace(term.clone()).is_some(),
            _ => false,
        };
        if twice {
            return Err(invalid!("Multiple definitions found for PRIMARY KEY part {name}"));
        }
        Ok(())
    }

    fn conditions(&mut self, write: &Write, binds: &mut Binds<'_>) -> Result<(), CqlError> {
        if write.condition == Condition::None {
            return Ok(());
        }
        if self.table.is_counter() {
            return Err(invalid!("Conditional updates are not supported on counter tables"));
        }
        if self.timestamp.is_some() {
            return Err(invalid!("Cannot provide custom timestamp for conditional updates"));
        }
        self.condition = match &write.condition {
            Condition::None => PlannedCondition::None,
            Condition::NotExists => PlannedCondition::NotExists,
            Condition::Exists => PlannedCondition::Exists,
            Condition::Columns(conditions) => {
                let planned = conditions.iter().map(|condition| comparison(&self.table, condition, binds));
                PlannedCondition::Columns(planned.collect::<Result<_, _>>()?)
            }
        };
        if self.kind == WriteKind::Delete { self.check_conditional_delete() } else { Ok(()) }
    }

    /// A DELETE with IF names its row, or at least its partition if it has to do with static columns alone.
    fn check_conditional_delete(&self) -> Result<(), CqlError> {
        let on_statics = match &self.condition {
            PlannedCondition::Columns(conditions) => {
                conditions.iter().all(|condition| self.is_static(condition.column))
            }
            _ => false,
        };
        let partition = self.table.partition_key().iter().zip(self.partition.iter().map(Option::is_some));
        let clustering = self.table.clustering().iter().zip(self.clustering.iter().map(Option::is_some));
        let clustering = clustering.filter(|_| !self.only_statics());
        let Some((open, _)) = partition.chain(clustering).find(|(_, given)| !given) else { return Ok(()) };
        let open = &open.name;
        if on_statics && let Some((at, _)) = self.changes.iter().find(|(at, _)| !self.is_static(*at)) {
            let column = &self.table.columns[*at].name;
            return Err(invalid!(
                "Primary key column '{open}' must be specified in order to delete column '{column}'"
            ));
        }
        let (key, statics) = if on_statics { ("PARTITION", " on static columns") } else { ("PRIMARY", "") };
        Err(invalid!(
            "DELETE statements must restrict all {key} KEY columns with equality relations in order to use IF \
             conditions{statics}, but column '{open}' is not restricted"
        ))
    }
}

fn comparison(
    table: &TableSchema,
    condition: &ColumnCondition,
    binds: &mut Binds<'_>,
) -> Result<PlannedComparison, CqlError> {
    let name = &condition.column;
    let at = position(table, name)?;
    let column = &table.columns[at];
    let (inner, ty) = match (&condition.element, column.ty.thawed()) {
        (None, _) => (name.clone(), &column.ty),
        (Some(index), CqlType::List(element)) => {
            let inner = format!("idx({name})");
            Receiver { table, name: &inner, ty: &CqlType::Int }.check(index, binds)?;
            (format!("value({name})"), &**element)
        }
        (Some(key), CqlType::Map(key_type, value)) => {
            let inner = format!("key({name})");
            Receiver { table, name: &inner, ty: key_type }.check(key, binds)?;
            (format!("value({name})"), &**value)
        }
        (Some(_), CqlType::Set(_)) => {
            return Err(invalid!("Invalid element access syntax for set column {name}"));
        }
        (Some(_), _) => {
            return Err(invalid!("Invalid element access syntax for non-collection column {name}"));
        }
    };
    Receiver { table, name: &inner, ty }.check_operand(&condition.operand, binds)?;
    if !restrictions::has_cells(column.kind) {
        return Err(invalid!("PRIMARY KEY column '{name}' cannot have IF conditions"));
    }
    Ok(PlannedComparison {
        column: at,
        element: condition.element.clone(),
        operator: condition.operator,
        operand: condition.operand.clone(),
    })
}

fn check_change(
    table: &TableSchema,
    column: &Column,
    change: &Change,
    binds: &mut Binds<'_>,
) -> Result<(), CqlError> {
    let name = column.name.as_str();
    let ty = &column.ty;
    let mut check = |name: &str, ty: &CqlType, term: &Term| Receiver { table, name, ty }.check(term, binds);
    let index = format!("idx({name})");
    let (key_of, value_of) = (format!("key({name})"), format!("value({name})"));
    let wrong = |what: &str| invalid!("Invalid operation ({}) for {what} column {name}", change.shown(name));
    match (change, ty) {
        (Change::Set(term), _) => {
            check(name, ty, term)?;
            if *ty == CqlType::Counter {
                return Err(invalid!(
                    "Cannot set the value of counter column {name} (counters can only be incremented/decremented, not \
                     set)"
                ));
            }
            Ok(())
        }
        (Change::SetElement(key, term), CqlType::List(element)) => {
            check(&index, &CqlType::Int, key)?;
            check(&value_of, element, term)
        }
        (Change::SetElement(key, term), CqlType::Map(key_type, value)) => {
            check(&key_of, key_type, key)?;
            check(&value_of, value, term)
        }
        (Change::SetElement(..), CqlType::Set(_)) => Err(wrong("set")),
        (Change::SetElement(..), _) if ty.is_collection() => Err(wrong("frozen collection")),
        (Change::SetElement(..), _) => Err(wrong("non collection")),
        (Change::Add(term), _) => {
            check(name, ty, term)?;
            match ty {
                CqlType::Counter => Ok(()),
                _ if ty.is_multi_cell() => Ok(()),
                _ if ty.is_collection() => Err(wrong("frozen collection")),
                _ => Err(wrong("non counter")),
            }
        }
        (Change::Subtract(term), CqlType::Map(key, _)) => {
            // The keys that go are a set; the original has it frozen.
            let keys = CqlType::Frozen(Box::new(CqlType::Set(key.clone())));
            check(name, &keys, term)
        }
        (Change::Subtract(term), _) if ty.is_multi_cell() || *ty == CqlType::Counter => check(name, ty, term),
        (Change::Subtract(_), _) if ty.is_collection() => Err(wrong("frozen collection")),
        (Change::Subtract(_), _) => Err(wrong("non counter")),
        (Change::Prepend(term), _) => {
            check(name, ty, term)?;
            match ty {
                CqlType::List(_) => Ok(()),
                CqlType::Frozen(inner) if matches!(**inner, CqlType::List(_)) => Err(wrong("frozen list")),
                _ => Err(wrong("non list")),
            }
        }
        (Change::Delete, _) => Ok(()),
        (Change::DeleteElement(key), CqlType::List(_)) => check(&index, &CqlType::Int, key),
        (Change::DeleteElement(key), CqlType::Map(key_type, _)) => check(&key_of, key_type, key),
        (Change::DeleteElement(key), CqlType::Set(element)) => check(&value_of, element, key),
        (Change::DeleteElement(_), _) if ty.is_collection() => {
            Err(invalid!("Invalid deletion operation for frozen collection column {name}"))
        }
        (Change::DeleteElement(_), _) => {
            Err(invalid!("Invalid deletion operation for non collection column {name}"))
        }
    }
}

fn position(table: &TableSchema, name: &str) -> Result<usize, CqlError> {
    table.position(name).ok_or_else(|| invalid!("Unknown identifier {name}"))
}
