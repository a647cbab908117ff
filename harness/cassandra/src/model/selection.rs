//! What a SELECT shows of each row: columns, their write times and times to live, functions, aggregates.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::aggregates::{self, Aggregate};
use super::collections;
use super::constants;
use super::functions::{self, Environment, Signature};
use super::order;
use super::outcome::ColumnSpec;
use super::schema::{ColumnKind, TableSchema};
use super::store::{Cell, Cells, Partition, Row};
use super::terms::wrong_arguments;
use crate::cql::{Select, Selector};
use crate::error::invalid;
use crate::{CqlError, CqlType};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Output {
    Column(usize),
    WriteTime(usize),
    Ttl(usize),
    Call(Signature, Vec<Output>),
    /// A field of a user type, by number.
    Field(Box<Output>, usize),
    CountAll,
    Aggregate(Aggregate, Box<Output>, CqlType),
}

/// One row, or the static columns of a partition that has no rows.
#[derive(Clone, Copy)]
pub(super) struct RowRef<'a> {
    pub(super) table: &'a TableSchema,
    pub(super) partition: &'a Partition,
    pub(super) row: Option<&'a Row>,
    pub(super) now_secs: i64,
}

impl<'a> RowRef<'a> {
    fn cells(&self, column: usize) -> Option<&'a Cells> {
        match self.table.columns[column].kind {
            ColumnKind::Static => Some(&self.partition.statics),
            _ => Some(&self.row?.cells),
        }
    }

    fn cell(&self, column: usize) -> Option<&'a Cell> {
        let id = self.table.columns[column].id;
        self.cells(column)?.get(id).filter(|cell| cell.is_live(self.now_secs))
    }

    /// The value of a column of any kind.
    pub(super) fn value(&self, column: usize) -> Option<Bytes> {
        let key = self.table.partition_columns;
        if column < key {
            return self.partition.key.get(column).cloned();
        }
        if column < key + self.table.clustering_columns {
            return self.row?.clustering.get(column - key).cloned();
        }
        let definition = &self.table.columns[column];
        if definition.ty.is_multi_cell() {
            let elements = self.cells(column)?.collection(definition.id)?;
            return collections::value(&definition.ty, elements, self.now_secs);
        }
        self.cell(column)?.value.clone()
    }
}

/// The write times and times to live that the rows before have shown. The original shows those again for a row that
/// has no such column to look at: one without static columns, or static columns without a row.
#[derive(Default)]
pub(super) struct Remembered(BTreeMap<usize, (Option<i64>, Option<i32>)>);

impl Remembered {
    fn look(&mut self, row: &RowRef<'_>, column: usize) -> (Option<i64>, Option<i32>) {
        let is_static = row.table.columns[column].kind == ColumnKind::Static;
        let there = if is_static { row.partition.statics.is_live(row.now_secs) } else { row.row.is_some() };
        let shown = self.0.entry(column).or_insert((Some(0), None));
        if there {
            let cell = row.cell(column);
            let left = |cell: &Cell| i32::try_from(cell.expires - row.now_secs).unwrap_or(i32::MAX);
            let ttl = cell.filter(|cell| cell.ttl > 0).map(left);
            *shown = (cell.map(|cell| cell.written), ttl.filter(|ttl| *ttl > 0));
        }
        *shown
    }
}

impl Output {
    pub(super) fn evaluate(
        &self,
        row: &RowRef<'_>,
        environment: &Environment<'_>,
        remembered: &mut Remembered,
    ) -> Result<Option<Bytes>, CqlError> {
        Ok(match self {
            Self::Column(column) => row.value(*column),
            Self::WriteTime(column) => {
                remembered.look(row, *column).0.map(|at| Bytes::copy_from_slice(&at.to_be_bytes()))
            }
            Self::Ttl(column) => {
                remembered.look(row, *column).1.map(|left| Bytes::copy_from_slice(&left.to_be_bytes()))
            }
            Self::Call(signature, arguments) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    match argument.evaluate(row, environment, remembered)? {
                        Some(value) => values.push(value),
                        None => return Ok(None),
                    }
                }
                signature.call(&values, environment)?
            }
            Self::Field(inner, at) => {
                inner.evaluate(row, environment, remembered)?.and_then(|value| field(&value, *at))
            }
            Self::Aggregate(_, inner, _) => inner.evaluate(row, environment, remembered)?,
            Self::CountAll => Some(Bytes::new()),
        })
    }

    pub(super) fn is_aggregate(&self) -> bool {
        matches!(self, Self::CountAll | Self::Aggregate(..))
    }

    /// All columns that it needs.
    pub(super) fn columns(&self, found: &mut Vec<usize>) {
        match self {
            Self::Column(column) | Self::WriteTime(column) | Self::Ttl(column) => found.push(*column),
            Self::Call(_, arguments) => arguments.iter().for_each(|argument| argument.columns(found)),
            Self::Field(inner, _) | Self::Aggregate(_, inner, _) => inner.columns(found),
            Self::CountAll => {}
        }
    }

    /// One value out of those of all rows.
    pub(super) fn fold<'a>(
        &self,
        values: impl Iterator<Item = Option<&'a Bytes>>,
    ) -> Result<Option<Bytes>, CqlError> {
        let (aggregate, ty) = match self {
            Self::CountAll => (Aggregate::Count, &CqlType::Bigint),
            Self::Aggregate(aggregate, _, ty) => (*aggregate, ty),
            _ => return Ok(values.into_iter().next().flatten().cloned()),
        };
        aggregates::fold(aggregate, ty, values.flatten())
    }
}

/// A field of a value of a user type.
fn field(value: &Bytes, at: usize) -> Option<Bytes> {
    let mut rest = value.as_ref();
    for number in 0..=at {
        let (head, tail) = rest.split_at_checked(4)?;
        let length = usize::try_from(<[u8; 4]>::try_from(head).map_or(-1, i32::from_be_bytes)).ok();
        let (part, tail) = tail.split_at_checked(length.unwrap_or(0))?;
        if number == at {
            return length.map(|_| value.slice_ref(part));
        }
        rest = tail;
    }
    None
}

/// The outputs of a SELECT, with the columns of its answer.
pub(super) fn selection(
    table: &TableSchema,
    select: &Select,
) -> Result<(Vec<Output>, Arc<[ColumnSpec]>), CqlError> {
    let spec = |name: String, ty: CqlType| ColumnSpec {
        keyspace: table.keyspace.clone(),
        table: table.name.clone(),
        name,
        ty,
    };
    if select.selectors.is_empty() {
        let columns = table.columns.iter().map(|column| spec(column.name.clone(), column.ty.clone()));
        return Ok(((0..table.columns.len()).map(Output::Column).collect(), columns.collect()));
    }
    let mut outputs = Vec::with_capacity(select.selectors.len());
    let mut specs = Vec::with_capacity(select.selectors.len());
    for (selector, alias) in &select.selectors {
        let (output, name, ty) = output(table, selector)?;
        specs.push(spec(alias.clone().unwrap_or(name), ty));
        outputs.push(output);
    }
    Ok((outputs, specs.into()))
}

fn output(table: &TableSchema, selector: &Selector) -> Result<(Output, String, CqlType), CqlError> {
    let find = |name: &str| {
        table.position(name).ok_or_else(|| invalid!("Undefined name {name} in selection clause"))
    };
    let cell = |name: &str, function: &str| {
        let at = find(name)?;
        let column = &table.columns[at];
        if matches!(column.kind, ColumnKind::Partition | ColumnKind::Clustering) {
            return Err(invalid!("Cannot use selection function {function} on PRIMARY KEY part {name}"));
        }
        if column.ty.is_collection() {
            return Err(invalid!("Cannot use selection function {function} on collections"));
        }
        Ok(at)
    };
    match selector {
        Selector::Column(name) => {
            let at = find(name)?;
            Ok((Output::Column(at), name.clone(), table.columns[at].ty.clone()))
        }
        Selector::CountAll => Ok((Output::CountAll, "count".to_owned(), CqlType::Bigint)),
        Selector::WriteTime(name) => {
            Ok((Output::WriteTime(cell(name, "writeTime")?), format!("writetime({name})"), CqlType::Bigint))
        }
        Selector::Ttl(name) => Ok((Output::Ttl(cell(name, "ttl")?), format!("ttl({name})"), CqlType::Int)),
        Selector::Call(name, arguments) => call(table, name, arguments),
        Selector::Field(inner, field) => {
            let (inner, name, ty) = output(table, inner)?;
            let CqlType::Udt(udt) = ty.thawed() else {
                let ty = ty.shown();
                return Err(invalid!("Invalid field selection: {name} of type {ty} is not a user type"));
            };
            let Some(at) = udt.fields.iter().position(|(other, _)| other == field) else {
                return Err(invalid!("{name} of type {} has no field {field}", udt.name));
            };
            let ty = udt.fields[at].1.clone();
            Ok((Output::Field(Box::new(inner), at), format!("{name}.{field}"), ty))
        }
    }
}

fn call(
    table: &TableSchema,
    name: &str,
    arguments: &[Selector],
) -> Result<(Output, String, CqlType), CqlError> {
    let mut outputs = Vec::with_capacity(arguments.len());
    let mut names = Vec::with_capacity(arguments.len());
    let mut types = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let (output, name, ty) = output(table, argument)?;
        outputs.push(output);
        names.push(name);
        types.push(ty);
    }
    let shown = format!("system.{name}({})", names.join(", "));
    let fits = |at: usize, wanted: &CqlType| {
        let found: &CqlType = types.get(at)?;
        wanted.takes(found).then(|| wanted == found.thawed())
    };
    if let Some((aggregate, candidates)) = aggregates::named(name) {
        if outputs.iter().any(Output::is_aggregate) {
            return Err(invalid!("aggregate functions cannot be used as arguments of aggregate functions"));
        }
        let candidate = functions::pick(name, &candidates, outputs.len(), &fits)?;
        let (Some(output), Some(ty)) = (outputs.pop(), candidate.arguments.into_iter().next()) else {
            return Err(wrong_arguments(name, 1, 0));
        };
        return Ok((Output::Aggregate(aggregate, Box::new(output), ty), shown, candidate.result));
    }
    let signature = functions::resolve(name, table, outputs.len(), &fits, &|at| {
        names.get(at).cloned().unwrap_or_default()
    })?;
    let signature = signature.ok_or_else(|| invalid!("Unknown function '{name}'"))?;
    if outputs.iter().any(Output::is_aggregate) {
        return Err(invalid!("aggregate functions cannot be used as arguments of scalar functions"));
    }
    let result = signature.result.clone();
    Ok((Output::Call(signature, outputs), shown, result))
}

/// Whether a value passes a comparison with one of several others.
pub(super) fn compare(
    ty: &CqlType,
    operator: crate::cql::Operator,
    value: Option<&Bytes>,
    wanted: &[Bytes],
) -> bool {
    use crate::cql::Operator;
    let Some(value) = value else { return false };
    let own = || order::key(ty, value);
    wanted.iter().any(|wanted| match operator {
        Operator::Eq | Operator::In => value == wanted || own() == order::key(ty, wanted),
        Operator::Neq => own() != order::key(ty, wanted),
        Operator::Lt => own() < order::key(ty, wanted),
        Operator::Le => own() <= order::key(ty, wanted),
        Operator::Gt => own() > order::key(ty, wanted),
        Operator::Ge => own() >= order::key(ty, wanted),
        Operator::Contains | Operator::ContainsKey => {
            let map = matches!(ty.thawed(), CqlType::Map(..));
            let parts = super::terms::split(value, if map { 2 } else { 1 });
            let (skip, step) = match (map, operator) {
                (true, Operator::Contains) => (1, 2),
                (true, _) => (0, 2),
                _ => (0, 1),
            };
            parts.iter().skip(skip).step_by(step).any(|part| part == wanted)
        }
    })
}

/// The type of what a filter compares with: the element for CONTAINS.
pub(super) fn compared_type(ty: &CqlType, operator: crate::cql::Operator) -> &CqlType {
    use crate::cql::Operator;
    match (operator, ty.thawed()) {
        (Operator::Contains, CqlType::List(element) | CqlType::Set(element) | CqlType::Map(_, element))
        | (Operator::ContainsKey, CqlType::Map(element, _)) => element,
        _ => ty,
    }
}

/// Checks a bound integer such as LIMIT.
pub(super) fn int_of(bytes: &Bytes) -> Result<i32, CqlError> {
    constants::validate(&CqlType::Int, bytes)?;
    Ok(<[u8; 4]>::try_from(bytes.as_ref()).map_or(0, i32::from_be_bytes))
}
