//! WHERE: which partitions, which rows of them, and what has to be filtered.

use super::schema::{Column, ColumnKind, Index, TableSchema};
use super::terms::{Binds, Receiver};
use crate::cql::{Operand, Operator, Relation, Term};
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// What a SELECT asks for, as far as WHERE has to know.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Static columns alone, perhaps with those of the partition key.
    pub(super) only_statics: bool,
    /// A list, set or map of many cells among others.
    pub(super) collection: bool,
    pub(super) allow_filtering: bool,
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
    /// Whether an index is asked.
    pub(super) indexed: bool,
    /// Columns of the key that are restricted, the clustering ones, and those that an index has to look at.
    key_given: usize,
    rows_given: usize,
    looked_at: usize,
}

/// Restrictions by column while they are gathered.
#[derive(Default, Clone)]
struct Gathered {
    equal: Option<(Operator, Operand)>,
    bounds: Option<Bounds>,
    contains: Vec<(Operator, Operand)>,
}

impl Gathered {
    fn is_given(&self) -> bool {
        self.equal.is_some() || self.bounds.is_some() || !self.contains.is_empty()
    }

    /// Whether an index on the column answers the restriction.
    fn is_answered_by(&self, column: &Column, index: Option<&Index>) -> bool {
        let Some(index) = index else { return false };
        let cells = column.ty.is_multi_cell();
        let contains = |operator| cells && self.contains.iter().any(|(other, _)| *other == operator);
        matches!(self.equal, Some((Operator::Eq, _)))
            || index.target == "values" && contains(Operator::Contains)
            || index.target == "keys" && contains(Operator::ContainsKey)
    }
}

impl Restrictions {
    /// Whether clustering columns are restricted.
    pub(super) fn restricts_rows(&self) -> bool {
        self.rows_given > 0
    }

    /// Whether a range of partitions is read, not some that are named.
    pub(super) fn is_key_range(&self) -> bool {
        self.partition.is_empty()
    }

    /// Refuses what would have to look at many rows, unless ALLOW FILTERING says that it may.
    pub(super) fn need_filtering(&self, shape: Shape) -> Result<(), CqlError> {
        if shape.allow_filtering || !(self.is_key_range() || self.indexed) {
            return Ok(());
        }
        let several_contains = self
            .filters
            .iter()
            .filter(|filter| matches!(filter.operator, Operator::Contains | Operator::ContainsKey))
            .count()
            > 1;
        if self.looked_at > 1 || self.looked_at == 0 && self.rows_given > 0 || several_contains {
            return Err(invalid!(
                "Cannot execute this query as it might involve data filtering and thus may have unpredictable \
                 performance. If you want to execute this query despite the performance unpredictability, use ALLOW \
                 FILTERING"
            ));
        }
        Ok(())
    }
}

pub(super) fn restrictions(
    table: &TableSchema,
    relations: &[Relation],
    shape: Shape,
    binds: &mut Binds<'_>,
) -> Result<Restrictions, CqlError> {
    let mut by_column = vec![Gathered::default(); table.columns.len()];
    let mut out = Restrictions::default();
    for relation in relations {
        if relation.token {
            token_relation(table, relation, binds, &mut out)?;
            continue;
        }
        let at = position(table, relation, &relation.columns[0])?;
        let column = &table.columns[at];
        check_relation(table, column, relation, binds)?;
        gather(&mut by_column[at], &column.name, relation)?;
    }
    let key = table.partition_columns;
    let (partition, others) = by_column.split_at(key);
    let (clustering, others) = others.split_at(table.clustering_columns);
    let answers = |columns: &[Column], gathered: &[Gathered]| {
        columns
            .iter()
            .zip(gathered)
            .any(|(column, gathered)| gathered.is_answered_by(column, table.indexes.get(&column.name)))
    };
    let on_rows = answers(table.clustering(), clustering);
    let indexed = on_rows || answers(table.partition_key(), partition) || answers(table.others(), others);
    out.key_given = partition.iter().filter(|gathered| gathered.is_given()).count();
    out.rows_given = clustering.iter().filter(|gathered| gathered.is_given()).count();
    place_partition(table, partition, indexed, &mut out)?;
    if shape.only_statics && out.rows_given > 0 {
        return Err(invalid!("Cannot restrict clustering columns when selecting only static columns"));
    }
    place_clustering(table, clustering, indexed, shape, &mut out)?;
    out.indexed |= out.is_key_range() && on_rows;
    out.looked_at = if out.indexed { out.rows_given + out.looked_at } else { 0 };
    place_others(table, others, indexed, shape, &mut out)?;
    Ok(out)
}

/// The restrictions on columns outside the key: an index has to answer one of them.
fn place_others(
    table: &TableSchema,
    gathered: &[Gathered],
    indexed: bool,
    shape: Shape,
    out: &mut Restrictions,
) -> Result<(), CqlError> {
    let key = table.partition_columns + table.clustering_columns;
    let given = || table.others().iter().zip(gathered).filter(|(_, gathered)| gathered.is_given());
    let mut names: Vec<_> = given().map(|(column, _)| column.name.as_str()).collect();
    if !names.is_empty() {
        if !indexed {
            names.sort_unstable();
            return Err(invalid!(
                "Predicates on non-primary-key columns ({}) are not yet supported for non secondary index queries",
                names.join(", ")
            ));
        }
        out.indexed = true;
        out.looked_at += names.len();
        for (at, gathered) in gathered.iter().enumerate() {
            to_filters(key + at, gathered, &mut out.filters);
        }
    }
    if !out.indexed {
        return Ok(());
    }
    if out.partition.iter().any(|operand| !matches!(operand, Operand::One(_))) {
        return Err(invalid!(
            "Select on indexed columns and with IN clause for the PRIMARY KEY are not supported"
        ));
    }
    if shape.only_statics {
        return Err(invalid!("Queries using 2ndary indexes don't support selecting only static columns"));
    }
    Ok(())
}

fn position(table: &TableSchema, relation: &Relation, name: &str) -> Result<usize, CqlError> {
    table
        .position(name)
        .ok_or_else(|| invalid!("Undefined name {name} in where clause ('{}')", shown_relation(relation)))
}

/// A relation as error texts show it.
pub(super) fn shown_relation(relation: &Relation) -> String {
    let columns = relation.columns.join(", ");
    let columns = if relation.token { format!("token({columns})") } else { columns };
    let operand = match &relation.operand {
        Operand::One(term) => term.to_string(),
        Operand::Many(terms) => {
            format!("[{}]", terms.iter().map(Term::to_string).collect::<Vec<_>>().join(", "))
        }
        Operand::ManyBound(_) => "null".to_owned(),
    };
    format!("{columns} {} {operand}", relation.operator.symbol())
}

fn check_relation(
    table: &TableSchema,
    column: &Column,
    relation: &Relation,
    binds: &mut Binds<'_>,
) -> Result<(), CqlError> {
    let name = &column.name;
    if relation.operator == Operator::Neq {
        return Err(invalid!("Unsupported \"!=\" relation: {}", shown_relation(relation)));
    }
    let one_value = matches!(&relation.operand, Operand::Many(terms) if terms.len() == 1);
    if relation.operator == Operator::In && has_cells(column.kind) && !one_value {
        return Err(invalid!("IN predicates on non-primary-key columns ({name}) is not yet supported"));
    }
    if relation.operator.is_range() && column.kind == ColumnKind::Partition {
        return Err(invalid!(
            "Only EQ and IN relation are supported on the partition key (unless you use the token() function)"
        ));
    }
    let (inner, element) = match (relation.operator, column.ty.thawed()) {
        (Operator::ContainsKey, CqlType::Map(key, _)) => (format!("key({name})"), &**key),
        (Operator::ContainsKey, _) => {
            return Err(invalid!("Cannot use CONTAINS KEY on non-map column {name}"));
        }
        (Operator::Contains, CqlType::List(element) | CqlType::Set(element) | CqlType::Map(_, element)) => {
            (format!("value({name})"), &**element)
        }
        _ if column.ty.is_multi_cell() && relation.operator != Operator::Contains => {
            let operator = relation.operator.symbol();
            return Err(invalid!(
                "Collection column '{name}' ({}) cannot be restricted by a '{operator}' relation",
                column.ty.shown()
            ));
        }
        _ => (name.clone(), &column.ty),
    };
    Receiver { table, name: &inner, ty: element }.check_operand(&relation.operand, binds)
}

fn gather(gathered: &mut Gathered, name: &str, relation: &Relation) -> Result<(), CqlError> {
    match &gathered.equal {
        Some((Operator::Eq, _)) => return Err(twice(name, "an Equal")),
        Some(_) => return Err(twice(name, "a IN")),
        None => {}
    }
    let operator = relation.operator;
    let contains = matches!(operator, Operator::Contains | Operator::ContainsKey);
    if !gathered.contains.is_empty() && !contains {
        return Err(invalid!(
            "Collection column {name} can only be restricted by CONTAINS, CONTAINS KEY, or map-entry equality"
        ));
    }
    match (&relation.operand, operator) {
        (Operand::One(term), operator) if operator.is_range() => {
            add_bound(gathered.bounds.get_or_insert_with(Bounds::default), name, operator, term)
        }
        _ if gathered.bounds.is_some() => Err(invalid!(
            "Column \"{name}\" cannot be restricted by both an equality and an inequality relation"
        )),
        (operand, _) if contains => {
            gathered.contains.push((operator, operand.clone()));
            Ok(())
        }
        (operand, _) => {
            gathered.equal = Some((operator, operand.clone()));
            Ok(())
        }
    }
}

fn twice(name: &str, what: &str) -> CqlError {
    invalid!("{name} cannot be restricted by more than one relation if it includes {what}")
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
    for name in &relation.columns {
        position(table, relation, name)?;
    }
    if relation.columns != key {
        let given = |name: &&str| relation.columns.iter().any(|column| column == *name);
        return Err(if !key.iter().all(given) {
            invalid!("The token() function must be applied to all partition key components or none of them")
        } else if relation.columns.len() > key.len() {
            let mut names = relation.columns.clone();
            names.sort_unstable();
            names.dedup();
            match names.len() == relation.columns.len() {
                false => invalid!("The token() function contains duplicate partition key components"),
                true => invalid!("The token() function must contains only partition key components"),
            }
        } else {
            invalid!("The token function arguments must be in the partition key order: {}", key.join(", "))
        });
    }
    let Operand::One(term) = &relation.operand else {
        return Err(invalid!("IN cannot be used with the token function"));
    };
    if !(relation.operator == Operator::Eq || relation.operator.is_range()) {
        let operator = relation.operator.symbol();
        return Err(invalid!("{operator} cannot be used with the token function"));
    }
    Receiver { table, name: "partition key token", ty: &CqlType::Bigint }.check(term, binds)?;
    let names = key.join(", ");
    let equal = |bounds: &Bounds| bounds.low.is_some() && bounds.low == bounds.high;
    match (&out.token, relation.operator) {
        (Some(bounds), _) if equal(bounds) => return Err(twice(&names, "an Equal")),
        (Some(_), Operator::Eq) => {
            return Err(invalid!(
                "Columns \"{names}\" cannot be restricted by both an equality and an inequality relation"
            ));
        }
        _ => {}
    }
    let bounds = out.token.get_or_insert_with(Bounds::default);
    if relation.operator == Operator::Eq {
        add_bound(bounds, &names, Operator::Ge, term)?;
        return add_bound(bounds, &names, Operator::Le, term);
    }
    add_bound(bounds, &names, relation.operator, term)
}

fn place_partition(
    table: &TableSchema,
    gathered: &[Gathered],
    indexed: bool,
    out: &mut Restrictions,
) -> Result<(), CqlError> {
    if gathered.iter().any(|column| !column.contains.is_empty()) {
        return Err(CqlError::Server("java.lang.UnsupportedOperationException".to_owned()));
    }
    if out.key_given == gathered.len() {
        out.partition = gathered.iter().filter_map(|column| Some(column.equal.clone()?.1)).collect();
        return Ok(());
    }
    if out.key_given > 0 && !indexed {
        let open =
            |(column, gathered): (&Column, &Gathered)| (!gathered.is_given()).then(|| column.name.clone());
        let open: Vec<_> = table.partition_key().iter().zip(gathered).filter_map(open).collect();
        return Err(invalid!(
            "Partition key parts: {} must be restricted as other parts are",
            open.join(", ")
        ));
    }
    if out.token.is_none() || out.key_given > 0 {
        out.indexed = indexed;
        out.looked_at = if indexed { out.key_given } else { 0 };
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
    shape: Shape,
    out: &mut Restrictions,
) -> Result<(), CqlError> {
    let given = || table.clustering().iter().zip(gathered).enumerate().filter(|(_, (_, g))| g.is_given());
    if !indexed {
        let mut before: Option<(&str, bool)> = None;
        for (_, (column, gathered)) in given() {
            if let Some((name, true)) = before {
                return Err(invalid!(
                    "Clustering column \"{}\" cannot be restricted (preceding column \"{name}\" is restricted by a \
                     non-EQ relation)",
                    column.name
                ));
            }
            before = Some((&column.name, gathered.bounds.is_some()));
        }
    }
    let many = |gathered: &Gathered| matches!(gathered.equal, Some((Operator::In, _)));
    let otherwise = |gathered: &Gathered| gathered.bounds.is_some() || !gathered.contains.is_empty();
    if shape.collection && gathered.iter().any(many) && !gathered.iter().any(otherwise) {
        return Err(invalid!(
            "Cannot restrict clustering columns by IN relations when a collection is selected by the query"
        ));
    }
    if gathered.iter().any(|gathered| !gathered.contains.is_empty()) && !indexed {
        return Err(invalid!(
            "Cannot restrict clustering columns by a CONTAINS relation without a secondary index"
        ));
    }
    for (number, (at, (column, _))) in given().enumerate() {
        if number != at && !indexed {
            return Err(invalid!(
                "PRIMARY KEY column \"{}\" cannot be restricted as preceding column \"{}\" is not restricted",
                column.name,
                table.clustering()[number].name
            ));
        }
        out.indexed |= number != at;
    }
    let mut open = false;
    for (at, gathered) in gathered.iter().enumerate() {
        match (&gathered.equal, &gathered.bounds) {
            (Some((_, operand)), _) if !open => out.clustering.push(operand.clone()),
            (None, Some(bounds)) if !open => {
                out.bounds = Some(bounds.clone());
                open = true;
            }
            _ => {
                open = true;
                to_filters(table.partition_columns + at, gathered, &mut out.filters);
            }
        }
    }
    Ok(())
}

fn to_filters(column: usize, gathered: &Gathered, filters: &mut Vec<Filter>) {
    let mut push = |operator, operand| filters.push(Filter { column, operator, operand });
    for (operator, operand) in gathered.equal.iter().chain(&gathered.contains) {
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

/// Whether a column can be in a filter's or condition's way: statics and regular ones have cells.
pub(super) fn has_cells(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Static | ColumnKind::Regular)
}
