//! Reading: a plan of a SELECT against the rows of its table, page by page.

use std::ops::Bound;

use bytes::Bytes;

use super::apply;
use super::order;
use super::outcome::{Executed, Options, Outcome, ResultSet};
use super::paging::PagingState;
use super::ranges::{self, Slice};
use super::restrictions::Filter;
use super::select::SelectPlan;
use super::selection::{self, Remembered, RowRef};
use super::store::{self, Partition, PartitionId, Row, TableData};
use super::terms::{Evaluated, Scope};
use crate::cql::{Operand, Operator};
use crate::error::invalid;
use crate::{CqlError, CqlType};

/// Which partitions a SELECT reads.
pub(super) enum Partitions {
    Keys(Vec<PartitionId>),
    /// A range of tokens, both ends included.
    Tokens(i64, i64),
}

/// A filter with its values.
struct Wanted<'a> {
    column: usize,
    ty: &'a CqlType,
    operator: Operator,
    values: Vec<Bytes>,
}

type Output = Vec<Option<Bytes>>;

/// The partitions of a plan, in the order in which they are read.
pub(super) fn partitions(plan: &SelectPlan, scope: &Scope<'_>) -> Result<Partitions, CqlError> {
    let restrictions = &plan.restrictions;
    if !restrictions.partition.is_empty() {
        let columns = plan.table.partition_key();
        let mut keys = ranges::keys(columns, &restrictions.partition, scope)?;
        // By the values of the key, whatever the order of an IN.
        keys.sort_by_cached_key(|key| ranges::row_key(columns, key));
        let mut ids: Vec<_> = keys.iter().map(|key| store::partition_id(key)).collect();
        if reads_nothing(plan, scope)? {
            return Ok(Partitions::Keys(Vec::new()));
        }
        ids.iter().try_for_each(apply::check_key)?;
        if let Some(Partitions::Tokens(low, high)) = token_range(plan, scope)? {
            ids.retain(|id| (low..=high).contains(&id.0));
        } else if restrictions.token.is_some() {
            ids.clear();
        }
        return Ok(Partitions::Keys(ids));
    }
    if reads_nothing(plan, scope)? {
        return Ok(Partitions::Keys(Vec::new()));
    }
    Ok(token_range(plan, scope)?.unwrap_or(Partitions::Tokens(i64::MIN, i64::MAX)))
}

/// Whether the ranges of rows are empty, all of them, and nothing else is wanted: the keys do not matter then.
fn reads_nothing(plan: &SelectPlan, scope: &Scope<'_>) -> Result<bool, CqlError> {
    if plan.distinct || !plan.restrictions.restricts_rows() {
        return Ok(false);
    }
    let slices = plan.restrictions.slices(&plan.table, scope)?;
    let crossed = |(start, end): &Slice| end.as_ref().is_some_and(|end| start > end);
    Ok(!plan.statics && slices.iter().all(crossed))
}

/// The tokens that WHERE allows, if it says anything about them.
fn token_range(plan: &SelectPlan, scope: &Scope<'_>) -> Result<Option<Partitions>, CqlError> {
    let Some(bounds) = &plan.restrictions.token else { return Ok(None) };
    let token = |term| -> Result<i64, CqlError> {
        let bytes = match scope.evaluate(term, &CqlType::Bigint)? {
            Evaluated::Value(bytes) => bytes,
            Evaluated::Null => return Err(invalid!("Invalid null token value")),
            Evaluated::Unset => {
                return Err(CqlError::Server("java.lang.IndexOutOfBoundsException".to_owned()));
            }
        };
        bytes
            .as_ref()
            .try_into()
            .map(i64::from_be_bytes)
            .map_err(|_| invalid!("Expected 8 or 0 byte long (0)"))
    };
    // An excluded end at the edge of all tokens leaves nothing: a range whose ends have crossed.
    let low = match &bounds.low {
        None => i64::MIN,
        Some((term, true)) => token(term)?,
        Some((term, false)) => match token(term)?.checked_add(1) {
            Some(low) => low,
            None => return Ok(Some(Partitions::Keys(Vec::new()))),
        },
    };
    let high = match &bounds.high {
        None => i64::MAX,
        // The smallest token is no token of a key: as an end it stands for the end of the ring.
        Some((term, inclusive)) => match token(term)? {
            i64::MIN => i64::MAX,
            high => high - i64::from(!inclusive),
        },
    };
    Ok(Some(Partitions::Tokens(low, high)))
}

pub(super) fn limit(plan: &SelectPlan, scope: &Scope<'_>) -> Result<usize, CqlError> {
    let Some(term) = &plan.limit else { return Ok(i32::MAX as usize) };
    let bytes = match scope.evaluate(term, &CqlType::Int)? {
        Evaluated::Value(bytes) => bytes,
        Evaluated::Null => return Err(invalid!("Invalid null value of limit")),
        Evaluated::Unset => return Ok(i32::MAX as usize),
    };
    usize::try_from(selection::int_of(&bytes)?)
        .ok()
        .filter(|limit| *limit > 0)
        .ok_or_else(|| invalid!("LIMIT must be strictly positive"))
}

/// Reads one page, or everything.
pub(super) fn read(
    plan: &SelectPlan,
    partitions: &Partitions,
    data: &TableData,
    scope: &Scope<'_>,
    options: &Options,
) -> Result<Executed, CqlError> {
    let limit = limit(plan, scope)?;
    let page = options.page_size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let aggregate = plan.is_aggregate();
    if plan.sorted.is_some()
        && !aggregate
        && let (Some(page), Partitions::Keys(keys)) = (page, partitions)
        && keys.len().saturating_mul(limit) > page
    {
        return Err(invalid!(
            "Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either \
             remove the ORDER BY or the IN and sort client side, or disable paging for this query"
        ));
    }
    let state = match &options.paging_state {
        Some(bytes) => Some(PagingState::decode(bytes)?),
        None => None,
    };
    let left = state.as_ref().map_or(limit, |state| state.remaining);
    let whole = aggregate || plan.sorted.is_some();
    let mut reader = Reader {
        plan,
        scope,
        now_secs: scope.environment.now.as_millis() as i64 / 1000,
        slices: plan.restrictions.slices(&plan.table, scope)?,
        wanted: wanted(plan, scope)?,
        room: if whole { usize::MAX } else { left.min(page.unwrap_or(usize::MAX)) },
        extra: state.as_ref().filter(|state| state.ends_dead).map(|state| (state.key.clone(), Extra::Wanted)),
        rows: Vec::new(),
        sort_keys: Vec::new(),
        last: None,
        remembered: Remembered::default(),
        error: None,
    };
    reader.all(partitions, data, state.as_ref());
    if let Some(error) = reader.error.take() {
        return Err(error);
    }
    // A page that is full may have others behind it: nobody has looked yet.
    let more = left > reader.rows.len() && reader.may_go_on(partitions);
    let paging_state = reader.last.take().filter(|_| more && !whole).map(|last| {
        let (key, row, ends_dead) = (last.id.1, last.row, last.ends_dead);
        PagingState { key, row, ends_dead, remaining: left - reader.rows.len() }.encode()
    });
    let rows = reader.finish(limit)?;
    // Where nothing is read, nothing is said.
    let nothing = matches!(partitions, Partitions::Keys(keys) if keys.is_empty());
    let warnings = if nothing { Vec::new() } else { warnings(plan) };
    let outcome = Outcome::Rows(ResultSet { columns: plan.columns.clone(), rows, paging_state });
    Ok(Executed { outcome, warnings })
}

fn wanted<'a>(plan: &'a SelectPlan, scope: &Scope<'_>) -> Result<Vec<Wanted<'a>>, CqlError> {
    let of = |filter: &'a Filter| {
        let column = &plan.table.columns[filter.column];
        let compared = selection::compared_type(&column.ty, filter.operator);
        let values = scope.operand(&filter.operand, &column.name, compared).map_err(unsupported)?;
        Ok(Wanted { column: filter.column, ty: &column.ty, operator: filter.operator, values })
    };
    plan.restrictions.filters.iter().map(of).collect()
}

/// What an index cannot look for is refused in words of its own.
fn unsupported(error: CqlError) -> CqlError {
    let CqlError::Invalid(text) = &error else { return error };
    let null = text.strip_prefix("Invalid null value in condition for column ");
    match (null, text.strip_prefix("Invalid unset value for column ")) {
        (Some(column), _) => invalid!("Unsupported null value for column {column}"),
        (_, Some(column)) => invalid!("Unsupported unset value for column {column}"),
        _ => error,
    }
}

fn warnings(plan: &SelectPlan) -> Vec<String> {
    if !plan.is_aggregate() {
        return Vec::new();
    }
    let partition = &plan.restrictions.partition;
    if partition.is_empty() && plan.restrictions.token.is_none() {
        vec!["Aggregation query used without partition key".to_owned()]
    } else if partition.iter().any(|operand| !matches!(operand, Operand::One(_))) {
        vec!["Aggregation query used on multiple partition keys (IN restriction)".to_owned()]
    } else {
        Vec::new()
    }
}

/// Where a page ends.
struct Last {
    id: PartitionId,
    row: Vec<u8>,
    ends_dead: bool,
}

#[derive(PartialEq)]
enum Extra {
    Wanted,
    Found,
}

struct Reader<'a> {
    plan: &'a SelectPlan,
    scope: &'a Scope<'a>,
    now_secs: i64,
    slices: Vec<Slice>,
    wanted: Vec<Wanted<'a>>,
    /// Rows that may still be taken before the page is full.
    room: usize,
    rows: Vec<Output>,
    /// For an order over several partitions.
    sort_keys: Vec<Vec<u8>>,
    last: Option<Last>,
    /// After a page that ended with a deleted cell, in that partition: whether one more row than fits is there.
    extra: Option<(Bytes, Extra)>,
    remembered: Remembered,
    /// What a function said of a row's values.
    error: Option<CqlError>,
}

impl Reader<'_> {
    fn all(&mut self, partitions: &Partitions, data: &TableData, state: Option<&PagingState>) {
        match partitions {
            Partitions::Keys(keys) => {
                let first =
                    state.map_or(0, |state| keys.iter().position(|id| id.1 == state.key).unwrap_or(0));
                for id in &keys[first..] {
                    if let Some(partition) = data.partition(id)
                        && !self.partition(id, partition, state)
                    {
                        return;
                    }
                }
            }
            Partitions::Tokens(low, high) => {
                let start = match state {
                    Some(state) => Bound::Included(store::partition_id(std::slice::from_ref(&state.key))),
                    None => Bound::Included((*low, Bytes::new())),
                };
                for (id, partition) in data.partitions.range((start, Bound::Unbounded)) {
                    if id.0 > *high || !self.partition(id, partition, state) {
                        return;
                    }
                }
            }
        }
    }

    /// Reads a partition; false when the page is full.
    fn partition(&mut self, id: &PartitionId, partition: &Partition, state: Option<&PagingState>) -> bool {
        let after = state.filter(|state| state.key == id.1).map(|state| state.row.as_slice());
        if self.plan.distinct {
            return self.distinct(id, partition, after);
        }
        let slices = std::mem::take(&mut self.slices);
        let mut goes_on = true;
        let mut found = false;
        let in_order = 0..slices.len();
        let reversed = self.plan.reversed && self.plan.sorted.is_none();
        let order: Vec<usize> = if reversed { in_order.rev().collect() } else { in_order.collect() };
        for at in order {
            let Some(range) = range(&slices[at], after, reversed) else { continue };
            let rows = partition.rows.range::<[u8], _>(range);
            let mut take = |(key, row): (&Vec<u8>, &Row)| {
                if !row.is_live(self.now_secs) {
                    return true;
                }
                found = true;
                self.row(id, partition, key, Some(row))
            };
            goes_on = if reversed { rows.rev().all(&mut take) } else { rows.into_iter().all(&mut take) };
            if !goes_on {
                break;
            }
        }
        // Static columns alone make a row too, if no particular rows were asked for.
        let alone = !found && after.is_none() && !self.plan.restrictions.restricts_rows();
        if goes_on && alone && self.has_statics(partition) {
            goes_on = self.row(id, partition, &[], None);
        }
        self.slices = slices;
        goes_on
    }

    fn distinct(&mut self, id: &PartitionId, partition: &Partition, after: Option<&[u8]>) -> bool {
        let seen = after.is_some();
        let live =
            partition.rows.values().any(|row| row.is_live(self.now_secs)) || self.has_statics(partition);
        // With static columns the original counts what is deleted, where it looks at a range of partitions.
        if !live && self.plan.statics && self.plan.restrictions.is_key_range() && self.plan.limit.is_some() {
            self.room = self.room.saturating_sub(1);
            return self.room > 0;
        }
        seen || !live || self.row(id, partition, &[], None)
    }

    fn has_statics(&self, partition: &Partition) -> bool {
        partition.statics.is_live(self.now_secs)
    }

    fn row(&mut self, id: &PartitionId, partition: &Partition, key: &[u8], row: Option<&Row>) -> bool {
        let row = RowRef { table: &self.plan.table, partition, row, now_secs: self.now_secs };
        let passes = |wanted: &Wanted<'_>| {
            selection::compare(wanted.ty, wanted.operator, row.value(wanted.column).as_ref(), &wanted.values)
        };
        if !self.wanted.iter().all(passes) {
            return true;
        }
        if self.room == 0 {
            self.extra.as_mut().into_iter().for_each(|(_, extra)| *extra = Extra::Found);
            return false;
        }
        self.room -= 1;
        let environment = &self.scope.environment;
        let remembered = &mut self.remembered;
        let outputs = self.plan.outputs.iter();
        match outputs.map(|output| output.evaluate(&row, environment, remembered)).collect() {
            Ok(values) => self.rows.push(values),
            Err(error) => {
                self.error = Some(error);
                return false;
            }
        }
        if let Some(by) = &self.plan.sorted {
            self.sort_keys.push(sort_key(&row, by));
        }
        if self.room == 0 {
            let names = |id| {
                let found = self.plan.table.columns.iter().find(|column| column.id == id);
                found.map_or(String::new(), |column| column.name.clone())
            };
            let (reversed, now_secs) = (self.plan.reversed, self.now_secs);
            let ends_dead = row.row.is_some_and(|row| row.ends_dead(&names, reversed, now_secs));
            self.last = Some(Last { id: id.clone(), row: key.to_vec(), ends_dead });
        }
        self.room > 0 || self.looks_for_more(id)
    }

    /// Whether a full page is followed by a look at the next row.
    fn looks_for_more(&self, id: &PartitionId) -> bool {
        let everywhere = self.plan.restrictions.is_key_range();
        self.extra
            .as_ref()
            .is_some_and(|(key, extra)| *extra == Extra::Wanted && (everywhere || *key == id.1))
    }

    /// Whether a page that is full may be followed by another, as far as anybody has looked.
    fn may_go_on(&self, partitions: &Partitions) -> bool {
        let Some(last) = &self.last else { return false };
        let is_last = || match partitions {
            Partitions::Keys(keys) => keys.last() == Some(&last.id),
            Partitions::Tokens(..) => true,
        };
        match &self.extra {
            // Nothing more was found where it was looked for.
            Some((key, Extra::Wanted)) if self.plan.restrictions.is_key_range() || *key == last.id.1 => {
                !is_last()
            }
            _ => !(self.plan.distinct && matches!(partitions, Partitions::Keys(_)) && is_last()),
        }
    }

    /// Sorts, folds and cuts what was read.
    fn finish(self, limit: usize) -> Result<Vec<Output>, CqlError> {
        let Self { plan, mut rows, sort_keys, .. } = self;
        if plan.sorted.is_some() {
            let mut keyed: Vec<_> = sort_keys.into_iter().zip(rows).collect();
            keyed.sort_by(|a, b| a.0.cmp(&b.0));
            rows = keyed.into_iter().map(|(_, row)| row).collect();
            // The original turns all of it round, rows that are alike too.
            if plan.reversed {
                rows.reverse();
            }
        }
        if plan.is_aggregate() {
            let folded = plan.outputs.iter().enumerate();
            let folded: Result<_, _> =
                folded.map(|(at, output)| output.fold(rows.iter().map(|row| row[at].as_ref()))).collect();
            return Ok(vec![folded?]);
        }
        rows.truncate(limit);
        Ok(rows)
    }
}

/// A row's clustering columns that ORDER BY names, in a form that sorts in the table's order.
fn sort_key(row: &RowRef<'_>, by: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    for column in by {
        match row.value(*column) {
            None => out.push(0),
            Some(value) => {
                let column = &row.table.columns[*column];
                out.push(1);
                order::append(&mut out, &column.ty, &value, column.descending);
            }
        }
    }
    out
}

/// From and to, in sortable row keys.
type KeyRange<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The part of a slice behind the row where the last page ended; `None` if nothing is left of it.
fn range<'a>(slice: &'a Slice, after: Option<&'a [u8]>, reversed: bool) -> Option<KeyRange<'a>> {
    let mut low = Bound::Included(slice.0.as_slice());
    let mut high = slice.1.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    match after {
        Some(after) if reversed && slice.1.as_deref().is_none_or(|end| after < end) => {
            high = Bound::Excluded(after);
        }
        Some(after) if !reversed && after >= slice.0.as_slice() => low = Bound::Excluded(after),
        _ => {}
    }
    let crossed = match (low, high) {
        (Bound::Included(low) | Bound::Excluded(low), Bound::Excluded(high)) => low >= high,
        _ => false,
    };
    (!crossed).then_some((low, high))
}
