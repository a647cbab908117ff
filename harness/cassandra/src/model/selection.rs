//! What a SELECT shows of each row: columns, their write times and times to live, functions, aggregates.

use std::sync::Arc;

use bytes::Bytes;

use super::constants;
use super::functions::{self, Environment, Signature};
use super::order;
use super::outcome::ColumnSpec;
use super::schema::{ColumnKind, TableSchema};
use super::store::{Cell, Partition, Row};
use super::terms::wrong_arguments;
use crate::cql::{Select, Selector};
use crate::error::invalid;
use crate::{CqlError, CqlType};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aggregate {
    Count,
    Min,
    Max,
    Sum,
    Average,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Output {
    Column(usize),
    WriteTime(usize),
    Ttl(usize),
    Call(Signature, Vec<Output>),
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
    fn cell(&self, column: usize) -> Option<&'a Cell> {
        let column = &self.table.columns[column];
        let cells =
            if column.kind == ColumnKind::Static { &self.partition.statics } else { &self.row?.cells };
        cells.get(&column.id).filter(|cell| cell.is_live(self.now_secs))
    }

    /// The value of a column of any kind.
    pub(super) fn value(&self, column: usize) -> Option<&'a Bytes> {
        let key = self.table.partition_columns;
        if column < key {
            return self.partition.key.get(column);
        }
        if column < key + self.table.clustering_columns {
            return self.row?.clustering.get(column - key);
        }
        self.cell(column)?.value.as_ref()
    }
}

impl Output {
    pub(super) fn evaluate(&self, row: &RowRef<'_>, environment: &Environment<'_>) -> Option<Bytes> {
        match self {
            Self::Column(column) => row.value(*column).cloned(),
            Self::WriteTime(column) => {
                Some(Bytes::copy_from_slice(&row.cell(*column)?.written.to_be_bytes()))
            }
            Self::Ttl(column) => {
                let cell = row.cell(*column).filter(|cell| cell.ttl > 0)?;
                let left = i32::try_from(cell.expires - row.now_secs).unwrap_or(i32::MAX);
                Some(Bytes::copy_from_slice(&left.to_be_bytes()))
            }
            Self::Call(signature, arguments) => {
                let arguments: Option<Vec<_>> =
                    arguments.iter().map(|argument| argument.evaluate(row, environment)).collect();
                signature.function.call(&arguments?, environment)
            }
            Self::Aggregate(_, inner, _) => inner.evaluate(row, environment),
            Self::CountAll => Some(Bytes::new()),
        }
    }

    pub(super) fn is_aggregate(&self) -> bool {
        matches!(self, Self::CountAll | Self::Aggregate(..))
    }

    /// One value out of those of all rows.
    pub(super) fn fold<'a>(&self, values: impl Iterator<Item = Option<&'a Bytes>>) -> Option<Bytes> {
        let (aggregate, ty) = match self {
            Self::CountAll => (Aggregate::Count, &CqlType::Bigint),
            Self::Aggregate(aggregate, _, ty) => (*aggregate, ty),
            _ => return values.into_iter().next().flatten().cloned(),
        };
        let values = values.flatten();
        match aggregate {
            Aggregate::Count => Some(Bytes::copy_from_slice(&(values.count() as i64).to_be_bytes())),
            Aggregate::Min => values.min_by_key(|value| order::key(ty, value)).cloned(),
            Aggregate::Max => values.max_by_key(|value| order::key(ty, value)).cloned(),
            Aggregate::Sum | Aggregate::Average => Some(sum(ty, values, aggregate == Aggregate::Average)),
        }
    }
}

fn sum<'a>(ty: &CqlType, values: impl Iterator<Item = &'a Bytes>, average: bool) -> Bytes {
    let (mut whole, mut real, mut count) = (0i64, 0f64, 0i64);
    for value in values {
        count += 1;
        match (ty, value.len()) {
            (CqlType::Double, 8) => real += f64::from_be_bytes(value.as_ref().try_into().unwrap_or_default()),
            (CqlType::Float, 4) => {
                real += f64::from(f32::from_be_bytes(value.as_ref().try_into().unwrap_or_default()));
            }
            _ => {
                let sign = if value.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
                let number = value.iter().fold(sign, |number: i64, byte| number << 8 | i64::from(*byte));
                whole = whole.wrapping_add(number);
            }
        }
    }
    if average && count > 0 {
        whole /= count;
        real /= count as f64;
    }
    Bytes::from(match ty {
        CqlType::Double => real.to_be_bytes().to_vec(),
        CqlType::Float => (real as f32).to_be_bytes().to_vec(),
        CqlType::Int => (whole as i32).to_be_bytes().to_vec(),
        CqlType::Smallint => (whole as i16).to_be_bytes().to_vec(),
        CqlType::Tinyint => (whole as i8).to_be_bytes().to_vec(),
        _ => whole.to_be_bytes().to_vec(),
    })
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
        if column.ty.is_multi_cell() {
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
    let aggregate = match name {
        "count" => Some(Aggregate::Count),
        "min" => Some(Aggregate::Min),
        "max" => Some(Aggregate::Max),
        "sum" => Some(Aggregate::Sum),
        "avg" => Some(Aggregate::Average),
        _ => None,
    };
    if let Some(aggregate) = aggregate {
        if outputs.len() != 1 {
            return Err(wrong_arguments(name, 1, outputs.len()));
        }
        let ty = types.swap_remove(0);
        let numeric = matches!(
            ty,
            CqlType::Int
                | CqlType::Bigint
                | CqlType::Counter
                | CqlType::Double
                | CqlType::Float
                | CqlType::Smallint
                | CqlType::Tinyint
        );
        if matches!(aggregate, Aggregate::Sum | Aggregate::Average) && !numeric {
            return Err(invalid!(
                "Invalid call to function {name}, none of its type signatures match (known type signatures: \
                 system.{name} : (int) -> int, system.{name} : (bigint) -> bigint, …)"
            ));
        }
        let result = if matches!(aggregate, Aggregate::Count) { CqlType::Bigint } else { ty.clone() };
        return Ok((Output::Aggregate(aggregate, Box::new(outputs.swap_remove(0)), ty), shown, result));
    }
    let signature = functions::signature(name, table).ok_or_else(|| invalid!("Unknown function '{name}'"))?;
    if signature.arguments.len() != types.len() {
        return Err(wrong_arguments(name, signature.arguments.len(), types.len()));
    }
    for (at, (wanted, found)) in signature.arguments.iter().zip(&types).enumerate() {
        if wanted != found.thawed() {
            return Err(invalid!(
                "Type error: {} cannot be passed as argument {at} of function system.{name} of type {wanted}",
                names[at]
            ));
        }
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
        Operator::Eq | Operator::In => value == wanted,
        Operator::Neq => value != wanted,
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
