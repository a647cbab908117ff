//! WHERE: which partitions, which rows of them, and what has to be filtered.

use bytes::Bytes;

use super::order;
use super::schema::{Column, ColumnKind, TableSchema};
use super::terms::{Binds, Receiver, Scope};
use crate::cql::{Operand, Operator, Relation, Term};
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// What a statement with a WHERE is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Select { allow_filtering: bool },
    Write,
}

/// The two ends of a range; each with whether it belongs to the range.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Bounds {
    pub(super) low: Option<(Term, bool)>,
    pub(super) high: Option<(Term, bool)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter {
    pub(super) column: usize,
    pub(super) operator: Operator,
    pub(super) operand: Operand,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Restrictions {
    /// By column of the partition key; all or none of them, but for what is in `filters`.
    pub(super) partition: Vec<Operand>,
    pub(super) token: Option<Bounds>,
    /// The first clustering columns, by `=` or `IN`.
    pub(super) clustering: Vec<Operand>,
    /// The clustering column behind those.
    pub(super) bounds: Option<Bounds>,
    pub(super) filters: Vec<Filter>,
}

/// Restrictions by column while they are gathered.
#[derive(Default, Clone)]
struct Gathered {
    equal: Option<(Operator, Operand)>,
    bounds: Option<Bounds>,
}

pub(super) fn restrictions(
    table: &TableSchema,
    relations: &[Relation],
    purpose: Purpose,
    binds: &mut Binds<'_>,
) -> Result<Restrictions, CqlError> {
    let key_columns = table.partition_columns + table.clustering_columns;
    let mut by_column = vec![Gathered::default(); key_columns];
    let mut out = Restrictions::default();
    for relation in relations {
        if relation.token {
            token_relation(table, relation, binds, &mut out)?;
            continue;
        }
        let name = &relation.columns[0];
        let at = table.position(name).ok_or_else(|| unknown(relation, purpose))?;
        let column = &table.columns[at];
        check_relation(table, column, relation, binds)?;
        if at < key_columns {
            gather(&mut by_column[at], column, relation)?;
        } else {
            let (operator, operand) = (relation.operator, relation.operand.clone());
            out.filters.push(Filter { column: at, operator, operand });
        }
    }
    let indexed = usable_index(table, &out.filters, purpose)?;
    let (partition, clustering) = by_column.split_at(table.partition_columns);
    place_partition(table, partition, indexed, &mut out)?;
    place_clustering(table, clustering, indexed, &mut out)?;
    need_filtering(table, indexed, purpose, &out)?;
    Ok(out)
}

fn unknown(relation: &Relation, purpose: Purpose) -> CqlError {
    let name = &relation.columns[0];
    match purpose {
        Purpose::Write => invalid!("Unknown identifier {name}"),
        Purpose::Select { .. } => {
            let (operator, operand) = (relation.operator.symbol(), shown(&relation.operand));
            invalid!("Undefined name {name} in where clause ('{name} {operator} {operand}')")
        }
    }
}

fn shown(operand: &Operand) -> String {
    match operand {
        Operand::One(Term::Constant(crate::cql::ConstantKind::String, text)) => format!("'{text}'"),
        Operand::One(Term::Constant(_, text)) => text.clone(),
        Operand::One(Term::Null) => "null".to_owned(),
        Operand::Many(terms) => {
            let terms: Vec<_> = terms.iter().map(|term| shown(&Operand::One(term.clone()))).collect();
            format!("({})", terms.join(", "))
        }
        _ => "?".to_owned(),
    }
}

fn check_relation(
    table: &TableSchema,
    column: &Column,
    relation: &Relation,
    binds: &mut Binds<'_>,
) -> Result<(), CqlError> {
    let name = &column.name;
    if relation.operator == Operator::Neq {
        return Err(invalid!("Unsupported \"!=\" relation: {name} != {}", shown(&relation.operand)));
    }
    let element = match (relation.operator, column.ty.thawed()) {
        (Operator::Contains, CqlType::List(element) | CqlType::Set(element) | CqlType::Map(_, element))
        | (Operator::ContainsKey, CqlType::Map(element, _)) => &**element,
        (Operator::Contains | Operator::ContainsKey, _) => {
            return Err(invalid!(
                "Cannot use {} on non-collection column {name}",
                relation.operator.symbol()
            ));
        }
        _ => {
            if column.ty.is_multi_cell() {
                let operator = relation.operator.symbol();
                return Err(invalid!(
                    "Collection column '{name}' ({}) cannot be restricted by a '{operator}' relation",
                    column.ty
                ));
            }
            &column.ty
        }
    };
    Receiver { table, name, ty: element }.check_operand(&relation.operand, binds)
}

fn gather(gathered: &mut Gathered, column: &Column, relation: &Relation) -> Result<(), CqlError> {
    let name = &column.name;
    let Operand::One(term) = &relation.operand else {
        return set_equal(gathered, name, relation);
    };
    match relation.operator {
        Operator::Eq => set_equal(gathered, name, relation),
        operator if operator.is_range() => {
            if gathered.equal.is_some() {
                return Err(twice(name));
            }
            add_bound(gathered.bounds.get_or_insert_with(Bounds::default), name, operator, term)
        }
        operator => Err(invalid!("Cannot use {} relation on primary key column {name}", operator.symbol())),
    }
}

fn set_equal(gathered: &mut Gathered, name: &str, relation: &Relation) -> Result<(), CqlError> {
    if gathered.equal.is_some() || gathered.bounds.is_some() {
        return Err(twice(name));
    }
    gathered.equal = Some((relation.operator, relation.operand.clone()));
    Ok(())
}

fn twice(name: &str) -> CqlError {
    invalid!("{name} cannot be restricted by more than one relation if it includes an Equal")
}

fn add_bound(bounds: &mut Bounds, name: &str, operator: Operator, term: &Term) -> Result<(), CqlError> {
    let inclusive = matches!(operator, Operator::Le | Operator::Ge);
    let (end, which) = match operator {
        Operator::Gt | Operator::Ge => (&mut bounds.low, "start"),
        _ => (&mut bounds.high, "end"),
    };
    if end.is_some() {
        return Err(invalid!("More than one restriction was found for the {which} bound on {name}"));
    }
    *end = Some((term.clone(), inclusive));
    Ok(())
}

fn token_relation(
    table: &TableSchema,
    relation: &Relation,
    binds: &mut Binds<'_>,
    out: &mut Restrictions,
) -> Result<(), CqlError> {
    let key: Vec<_> = table.partition_key().iter().map(|column| column.name.as_str()).collect();
    if relation.columns != key {
        return Err(invalid!(
            "The token function arguments must be in the partition key order: {}",
            key.join(", ")
        ));
    }
    let Operand::One(term) = &relation.operand else {
        return Err(invalid!("IN cannot be used with the token function"));
    };
    Receiver { table, name: "partition key token", ty: &CqlType::Bigint }.check(term, binds)?;
    let bounds = out.token.get_or_insert_with(Bounds::default);
    let name = "token";
    match relation.operator {
        Operator::Eq => {
            add_bound(bounds, name, Operator::Ge, term)?;
            add_bound(bounds, name, Operator::Le, term)
        }
        operator if operator.is_range() => add_bound(bounds, name, operator, term),
        operator => Err(invalid!("{} cannot be used with the token function", operator.symbol())),
    }
}

/// Whether an index answers one of the filters; without one, filters are refused.
fn usable_index(table: &TableSchema, filters: &[Filter], purpose: Purpose) -> Result<bool, CqlError> {
    if filters.is_empty() {
        return Ok(false);
    }
    let names: Vec<_> = filters.iter().map(|filter| table.columns[filter.column].name.as_str()).collect();
    if purpose == Purpose::Write {
        return Err(invalid!("Non PRIMARY KEY {} found in where clause", names[0]));
    }
    let usable = filters.iter().any(|filter| {
        let index = table.indexes.get(&table.columns[filter.column].name);
        match filter.operator {
            Operator::Eq => index.is_some(),
            Operator::Contains => index.is_some_and(|index| index.target == "values"),
            Operator::ContainsKey => index.is_some_and(|index| index.target == "keys"),
            _ => false,
        }
    });
    if filters.iter().any(|filter| filter.operator == Operator::In) {
        return Err(invalid!(
            "IN predicates on non-primary-key columns ({}) is not yet supported",
            names.join(", ")
        ));
    }
    if !usable {
        return Err(invalid!(
            "Predicates on non-primary-key columns ({}) are not yet supported for non secondary index queries",
            names.join(", ")
        ));
    }
    Ok(true)
}

fn place_partition(
    table: &TableSchema,
    gathered: &[Gathered],
    indexed: bool,
    out: &mut Restrictions,
) -> Result<(), CqlError> {
    if gathered.iter().any(|column| column.bounds.is_some()) {
        return Err(invalid!(
            "Only EQ and IN relation are supported on the partition key (unless you use the token() function)"
        ));
    }
    let given = gathered.iter().filter(|column| column.equal.is_some()).count();
    if given > 0 && out.token.is_some() {
        return Err(invalid!(
            "Columns \"{}\" cannot be restricted by both a normal relation and a token relation",
            table.partition_key()[0].name
        ));
    }
    if given == gathered.len() {
        out.partition = gathered.iter().filter_map(|column| Some(column.equal.clone()?.1)).collect();
        return Ok(());
    }
    if given > 0 && !indexed {
        let open =
            |(column, gathered): (&Column, &Gathered)| gathered.equal.is_none().then(|| column.name.clone());
        let open: Vec<_> = table.partition_key().iter().zip(gathered).filter_map(open).collect();
        return Err(invalid!(
            "Partition key parts: {} must be restricted as other parts are",
            open.join(", ")
        ));
    }
    for (column, gathered) in gathered.iter().enumerate() {
        to_filters(column, gathered, &mut out.filters);
    }
    Ok(())
}

fn place_clustering(
    table: &TableSchema,
    gathered: &[Gathered],
    indexed: bool,
    out: &mut Restrictions,
) -> Result<(), CqlError> {
    let mut open: Option<(&str, bool)> = None;
    for (at, (column, gathered)) in table.clustering().iter().zip(gathered).enumerate() {
        let name = column.name.as_str();
        if gathered.equal.is_none() && gathered.bounds.is_none() {
            open = open.or(Some((name, false)));
            continue;
        }
        match open {
            Some(_) if indexed => to_filters(table.partition_columns + at, gathered, &mut out.filters),
            Some((before, false)) => {
                return Err(invalid!(
                    "PRIMARY KEY column \"{name}\" cannot be restricted as preceding column \"{before}\" is not \
                     restricted"
                ));
            }
            Some((before, true)) => {
                return Err(invalid!(
                    "Clustering column \"{name}\" cannot be restricted (preceding column \"{before}\" is restricted \
                     by a non-EQ relation)"
                ));
            }
            None => {
                if let Some((_, operand)) = &gathered.equal {
                    out.clustering.push(operand.clone());
                } else {
                    out.bounds.clone_from(&gathered.bounds);
                    open = Some((name, true));
                }
            }
        }
    }
    Ok(())
}

fn to_filters(column: usize, gathered: &Gathered, filters: &mut Vec<Filter>) {
    let mut push = |operator, operand| filters.push(Filter { column, operator, operand });
    if let Some((operator, operand)) = &gathered.equal {
        push(*operator, operand.clone());
    }
    let bounds = gathered.bounds.clone().unwrap_or_default();
    if let Some((term, inclusive)) = bounds.low {
        push(if inclusive { Operator::Ge } else { Operator::Gt }, Operand::One(term));
    }
    if let Some((term, inclusive)) = bounds.high {
        push(if inclusive { Operator::Le } else { Operator::Lt }, Operand::One(term));
    }
}

fn need_filtering(
    table: &TableSchema,
    indexed: bool,
    purpose: Purpose,
    out: &Restrictions,
) -> Result<(), CqlError> {
    let Purpose::Select { allow_filtering: false } = purpose else { return Ok(()) };
    let range_of_partitions = out.partition.is_empty() && table.partition_columns > 0;
    let restricts_rows = !out.clustering.is_empty() || out.bounds.is_some();
    let costly = if indexed { out.filters.len() > 1 } else { range_of_partitions && restricts_rows };
    if costly {
        return Err(invalid!(
            "Cannot execute this query as it might involve data filtering and thus may have unpredictable \
             performance. If you want to execute this query despite the performance unpredictability, use ALLOW \
             FILTERING"
        ));
    }
    Ok(())
}

/// All keys that the restrictions on the partition key name, in the order of their INs, each once.
pub(super) fn keys(
    columns: &[Column],
    operands: &[Operand],
    scope: &Scope<'_>,
) -> Result<Vec<Vec<Bytes>>, CqlError> {
    let mut keys: Vec<Vec<Bytes>> = vec![Vec::with_capacity(columns.len())];
    for (column, operand) in columns.iter().zip(operands) {
        let values = scope.operand(operand, &column.name, &column.ty)?;
        let mut longer = Vec::with_capacity(keys.len() * values.len());
        for key in &keys {
            for value in &values {
                let mut key = key.clone();
                key.push(value.clone());
                longer.push(key);
            }
        }
        keys = longer;
        if keys.len() > MAX_COMBINATIONS {
            return Err(invalid!("More than {MAX_COMBINATIONS} combinations of IN values"));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    Ok(keys)
}

/// So many keys at most in one statement.
const MAX_COMBINATIONS: usize = 100_000;

/// A range of sortable row keys: from (inclusive), to (exclusive, `None` for no end).
pub(super) type Slice = (Vec<u8>, Option<Vec<u8>>);

impl Restrictions {
    /// The ranges of rows in a partition, in their order, without overlap.
    pub(super) fn slices(&self, table: &TableSchema, scope: &Scope<'_>) -> Result<Vec<Slice>, CqlError> {
        let columns = table.clustering();
        let prefixes = keys(columns, &self.clustering, scope)?;
        let mut slices: Vec<Slice> = Vec::with_capacity(prefixes.len());
        for values in &prefixes {
            let prefix = row_key(columns, values);
            slices.push(match (&self.bounds, columns.get(values.len())) {
                (Some(bounds), Some(column)) => bounded(&prefix, column, bounds, scope)?,
                _ => (prefix.clone(), successor(prefix)),
            });
        }
        slices.sort();
        slices.dedup();
        Ok(slices)
    }
}

/// The sortable form of the first clustering columns.
pub(super) fn row_key(columns: &[Column], values: &[Bytes]) -> Vec<u8> {
    let mut out = Vec::with_capacity(values.iter().map(|value| value.len() + 2).sum());
    for (column, value) in columns.iter().zip(values) {
        order::append(&mut out, &column.ty, value, column.descending);
    }
    out
}

fn bounded(prefix: &[u8], column: &Column, bounds: &Bounds, scope: &Scope<'_>) -> Result<Slice, CqlError> {
    let at = |term: &Term| -> Result<Vec<u8>, CqlError> {
        let value = scope.required(term, &column.name, &column.ty)?;
        let mut out = prefix.to_vec();
        order::append(&mut out, &column.ty, &value, column.descending);
        Ok(out)
    };
    // Of a descending column the high end comes first.
    let (first, last) =
        if column.descending { (&bounds.high, &bounds.low) } else { (&bounds.low, &bounds.high) };
    let start = match first {
        None => prefix.to_vec(),
        Some((term, true)) => at(term)?,
        // Nothing follows the last of all keys; an empty range then.
        Some((term, false)) => successor(at(term)?).unwrap_or_else(|| vec![0xff; prefix.len() + 64]),
    };
    let end = match last {
        None => successor(prefix.to_vec()),
        Some((term, true)) => successor(at(term)?),
        Some((term, false)) => Some(at(term)?),
    };
    Ok((start, end))
}

/// The first key behind all that begin so; `None` if there can be none.
fn successor(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < 0xff {
            prefix.push(last + 1);
            return Some(prefix);
        }
    }
    None
}

/// Whether a column can be in a filter's or condition's way: statics and regular ones have cells.
pub(super) fn has_cells(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Static | ColumnKind::Regular)
}
