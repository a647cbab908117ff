//! Reading: a plan of a SELECT against the rows of its table, page by page.

use std::ops::Bound;

use bytes::Bytes;

use super::outcome::{Executed, Options, Outcome, ResultSet};
use super::paging::PagingState;
use super::restrictions::{self, Filter, Slice};
use super::select::SelectPlan;
use super::selection::{self, RowRef};
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
        let keys = restrictions::keys(plan.table.partition_key(), &restrictions.partition, scope)?;
        return Ok(Partitions::Keys(keys.iter().map(|key| store::partition_id(key)).collect()));
    }
    let Some(bounds) = &restrictions.token else { return Ok(Partitions::Tokens(i64::MIN, i64::MAX)) };
    let token = |term| -> Result<i64, CqlError> {
        let bytes = scope.required(term, "partition key token", &CqlType::Bigint)?;
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
            None => return Ok(Partitions::Keys(Vec::new())),
        },
    };
    let high = match &bounds.high {
        None => i64::MAX,
        Some((term, true)) => token(term)?,
        Some((term, false)) => match token(term)?.checked_sub(1) {
            Some(high) => high,
            None => return Ok(Partitions::Keys(Vec::new())),
        },
    };
    Ok(Partitions::Tokens(low, high))
}

pub(super) fn limit(plan: &SelectPlan, scope: &Scope<'_>) -> Result<usize, CqlError> {
    let Some(term) = &plan.limit else { return Ok(i32::MAX as usize) };
    let Evaluated::Value(bytes) = scope.evaluate(term, &CqlType::Int)? else {
        return Err(invalid!("Invalid null value of limit"));
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
    if plan.sorted
        && let (Some(page), Partitions::Keys(keys)) = (page, partitions)
        && keys.len().saturating_mul(limit) > page
        && keys.len() > 1
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
    let whole = aggregate || plan.sorted;
    let mut reader = Reader {
        plan,
        scope,
        now_secs: scope.environment.now.as_millis() as i64 / 1000,
        slices: plan.restrictions.slices(&plan.table, scope)?,
        wanted: wanted(plan, scope)?,
        room: if whole { usize::MAX } else { left.min(page.unwrap_or(usize::MAX)) },
        rows: Vec::new(),
        sort_keys: Vec::new(),
        last: None,
        more: false,
    };
    reader.all(partitions, data, state.as_ref());
    let more = reader.more && left > reader.rows.len();
    let paging_state = reader
        .last
        .take()
        .filter(|_| more && !whole)
        .map(|(id, row)| PagingState { key: id.1, row, remaining: left - reader.rows.len() }.encode());
    let rows = reader.finish(limit);
    Ok(Executed {
        outcome: Outcome::Rows(ResultSet { columns: plan.columns.clone(), rows, paging_state }),
        warnings: warnings(plan),
    })
}

fn wanted<'a>(plan: &'a SelectPlan, scope: &Scope<'_>) -> Result<Vec<Wanted<'a>>, CqlError> {
    let of = |filter: &'a Filter| {
        let column = &plan.table.columns[filter.column];
        let compared = selection::compared_type(&column.ty, filter.operator);
        let values = scope.operand(&filter.operand, &column.name, compared)?;
        Ok(Wanted { column: filter.column, ty: &column.ty, operator: filter.operator, values })
    };
    plan.restrictions.filters.iter().map(of).collect()
}

fn warnings(plan: &SelectPlan) -> Vec<String> {
    if !plan.is_aggregate() {
        return Vec::new();
    }
    let partition = &plan.restrictions.partition;
    if partition.is_empty() {
        vec!["Aggregation query used without partition key".to_owned()]
    } else if partition.iter().any(|operand| !matches!(operand, Operand::One(_))) {
        vec!["Aggregation query used on multiple partition keys (IN restriction)".to_owned()]
    } else {
        Vec::new()
    }
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
    last: Option<(PartitionId, Vec<u8>)>,
    /// Whether there was one row more than there was room for.
    more: bool,
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
        let reversed = self.plan.reversed;
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
        let alone = !found && after.is_none() && self.plan.restrictions.clustering.is_empty();
        if goes_on && alone && self.plan.restrictions.bounds.is_none() && self.has_statics(partition) {
            goes_on = self.row(id, partition, &[], None);
        }
        self.slices = slices;
        goes_on
    }

    fn distinct(&mut self, id: &PartitionId, partition: &Partition, after: Option<&[u8]>) -> bool {
        let seen = after.is_some();
        let live =
            partition.rows.values().any(|row| row.is_live(self.now_secs)) || self.has_statics(partition);
        seen || !live || self.row(id, partition, &[], None)
    }

    fn has_statics(&self, partition: &Partition) -> bool {
        partition.statics.values().any(|cell| cell.is_live(self.now_secs))
    }

    fn row(&mut self, id: &PartitionId, partition: &Partition, key: &[u8], row: Option<&Row>) -> bool {
        let row = RowRef { table: &self.plan.table, partition, row, now_secs: self.now_secs };
        let passes = |wanted: &Wanted<'_>| {
            selection::compare(wanted.ty, wanted.operator, row.value(wanted.column), &wanted.values)
        };
        if !self.wanted.iter().all(passes) {
            return true;
        }
        if self.room == 0 {
            self.more = true;
            return false;
        }
        self.room -= 1;
        let environment = &self.scope.environment;
        self.rows.push(self.plan.outputs.iter().map(|output| output.evaluate(&row, environment)).collect());
        if self.plan.sorted {
            self.sort_keys.push(key.to_vec());
        }
        if self.room == 0 {
            self.last = Some((id.clone(), key.to_vec()));
        }
        true
    }

    /// Sorts, folds and cuts what was read.
    fn finish(self, limit: usize) -> Vec<Output> {
        let Self { plan, mut rows, sort_keys, .. } = self;
        if plan.sorted {
            let mut keyed: Vec<_> = sort_keys.into_iter().zip(rows).collect();
            keyed.sort_by(|a, b| if plan.reversed { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) });
            rows = keyed.into_iter().map(|(_, row)| row).collect();
        }
        if plan.is_aggregate() {
            let folded = plan.outputs.iter().enumerate();
            let folded =
                folded.map(|(at, output)| output.fold(rows.iter().map(|row| row[at].as_ref()))).collect();
            return vec![folded];
        }
        rows.truncate(limit);
        rows
    }
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
