//! The rows of a table: cells with write times and times to live, of which the latest wins, and tombstones.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::murmur;

/// Writes between two sweeps of what nobody can see any more.
const SWEEP_EVERY: u32 = 16_384;

/// A value with its write time, or the trace of its deletion.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    /// `None` for a tombstone.
    pub(super) value: Option<Bytes>,
    /// µs.
    pub(super) written: i64,
    /// s; 0 for ever.
    pub(super) ttl: i32,
    /// Second since 1970 from which it is gone; for a tombstone, when it was made.
    pub(super) expires: i64,
}

impl Cell {
    pub(super) fn is_live(&self, now_secs: i64) -> bool {
        self.value.is_some() && now_secs < self.expires
    }

    /// Whether this cell wins over one that is there already: later, or deleted, or larger, or gone later.
    fn wins_over(&self, other: &Self) -> bool {
        if self.written != other.written {
            return self.written > other.written;
        }
        match (&self.value, &other.value) {
            (None, _) => true,
            (_, None) => false,
            // As Java compares bytes: with a sign.
            (Some(new), Some(old)) if new != old => {
                let signed = |bytes: &Bytes| bytes.iter().map(|byte| byte.cast_signed()).collect::<Vec<_>>();
                signed(new) > signed(old)
            }
            // What ends wins over what does not.
            _ => match (self.ttl > 0, other.ttl > 0) {
                (true, true) => self.expires >= other.expires,
                (new, old) => new || !old,
            },
        }
    }

    fn is_garbage(&self, before_secs: i64) -> bool {
        self.expires < before_secs
    }
}

/// An element of a list, set or map.
#[derive(Debug, Clone)]
pub(super) struct Element {
    /// The key of a map, the element of a set, the id of a list's.
    pub(super) key: Bytes,
    pub(super) cell: Cell,
}

/// A list, set or map: each of its elements is written, deleted and expires for itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Elements {
    /// Everything written up to then is gone, in µs.
    deleted: Option<i64>,
    /// By the sortable form of the key.
    pub(super) elements: BTreeMap<Vec<u8>, Element>,
}

impl Elements {
    /// Those that are there.
    pub(super) fn live(&self, now_secs: i64) -> impl Iterator<Item = (&Vec<u8>, &Element)> {
        self.elements.iter().filter(move |(_, element)| element.cell.is_live(now_secs))
    }

    fn delete(&mut self, at: i64) {
        self.deleted = self.deleted.max(Some(at));
        self.elements.retain(|_, element| element.cell.written > at);
    }
}

/// The cells of a row, or of the static columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    /// By the id of their column.
    simple: BTreeMap<u32, Cell>,
    /// By the id of their column.
    collections: BTreeMap<u32, Elements>,
}

impl Cells {
    pub(super) fn get(&self, column: u32) -> Option<&Cell> {
        self.simple.get(&column)
    }

    pub(super) fn collection(&self, column: u32) -> Option<&Elements> {
        self.collections.get(&column)
    }

    pub(super) fn is_live(&self, now_secs: i64) -> bool {
        self.simple.values().any(|cell| cell.is_live(now_secs))
            || self.collections.values().any(|elements| elements.live(now_secs).next().is_some())
    }

    fn forget(&mut self, column: u32) {
        self.simple.remove(&column);
        self.collections.remove(&column);
    }

    fn is_empty(&self) -> bool {
        self.simple.is_empty() && self.collections.is_empty()
    }

    fn delete(&mut self, at: i64) {
        self.simple.retain(|_, cell| cell.written > at);
        self.collections.values_mut().for_each(|elements| elements.delete(at));
    }

    fn sweep(&mut self, before: i64) {
        self.simple.retain(|_, cell| !cell.is_garbage(before));
        self.collections.retain(|_, elements| {
            elements.elements.retain(|_, element| !element.cell.is_garbage(before));
            let dead = elements.deleted.is_none_or(|at| at / 1_000_000 < before);
            !(dead && elements.elements.is_empty())
        });
    }

    /// Applies a change; what is older than what is there, or than its deletion, changes nothing.
    fn apply(&mut self, change: CellChange, deleted: Option<i64>) {
        match change {
            CellChange::Simple(column, cell) if Some(cell.written) > deleted => {
                match self.simple.get_mut(&column) {
                    Some(old) if cell.wins_over(old) => *old = cell,
                    Some(_) => {}
                    None => {
                        self.simple.insert(column, cell);
                    }
                }
            }
            CellChange::Clear(column, at) => self.collections.entry(column).or_default().delete(at),
            CellChange::Element(column, sorted, element) if Some(element.cell.written) > deleted => {
                let elements = self.collections.entry(column).or_default();
                if Some(element.cell.written) <= elements.deleted {
                    return;
                }
                match elements.elements.get_mut(&sorted) {
                    Some(old) if element.cell.wins_over(&old.cell) => *old = element,
                    Some(_) => {}
                    None => {
                        elements.elements.insert(sorted, element);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What a write does to the cells of one column.
#[derive(Debug, Clone)]
pub(super) enum CellChange {
    /// The cell of a column that has one.
    Simple(u32, Cell),
    /// All elements written up to then are deleted, in µs.
    Clear(u32, i64),
    /// One element, by the sortable form of its key.
    Element(u32, Vec<u8>, Element),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) clustering: Vec<Bytes>,
    /// What an INSERT leaves, so that a row without any other value exists.
    pub(super) marker: Option<Cell>,
    pub(super) cells: Cells,
    /// Everything written up to then is gone, in µs.
    deleted: Option<i64>,
}

impl Row {
    pub(super) fn is_live(&self, now_secs: i64) -> bool {
        self.marker.as_ref().is_some_and(|marker| marker.is_live(now_secs)) || self.cells.is_live(now_secs)
    }

    /// Whether the last of its cells (the first, if `reversed`) is a deleted one, or gone. `name` sorts columns.
    pub(super) fn ends_dead(&self, name: &dyn Fn(u32) -> String, reversed: bool, now_secs: i64) -> bool {
        let collections = self.cells.collections.iter().flat_map(|(column, elements)| {
            let cells = elements.elements.values().map(|element| &element.cell);
            if reversed { cells.take(1).next() } else { cells.last() }.map(|cell| (*column, cell))
        });
        let mut cells: Vec<_> =
            self.cells.simple.iter().map(|(column, cell)| (*column, cell)).chain(collections).collect();
        cells.sort_by_cached_key(|(column, _)| name(*column));
        let cells = self.marker.iter().chain(cells.into_iter().map(|(_, cell)| cell));
        let end = if reversed { cells.take(1).next() } else { cells.last() };
        end.is_some_and(|cell| !cell.is_live(now_secs))
    }

    fn delete(&mut self, at: i64) {
        self.deleted = self.deleted.max(Some(at));
        self.cells.delete(at);
        self.marker.take_if(|marker| marker.written <= at);
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Partition {
    pub(super) key: Vec<Bytes>,
    pub(super) statics: Cells,
    /// By the sortable form of the clustering columns.
    pub(super) rows: BTreeMap<Vec<u8>, Row>,
    deleted: Option<i64>,
    /// Deletions by a beginning of the clustering columns.
    ranges: BTreeMap<Vec<u8>, i64>,
}

impl Partition {
    /// When a row was deleted by something wider than itself.
    fn deleted_above(&self, row: &[u8]) -> Option<i64> {
        let ranges = self.ranges.iter().filter(|(prefix, _)| row.starts_with(prefix)).map(|(_, at)| *at);
        ranges.max().max(self.deleted)
    }
}

/// Which partition: token and serialized key, in the order of the ring.
pub(super) type PartitionId = (i64, Bytes);

#[derive(Debug, Clone, Default)]
pub(super) struct TableData {
    pub(super) partitions: BTreeMap<PartitionId, Partition>,
    writes: u32,
}

/// The id of a partition out of the components of its key.
pub(super) fn partition_id(key: &[Bytes]) -> PartitionId {
    let serialized = match key {
        [one] => one.clone(),
        many => {
            let mut out = Vec::new();
            for part in many {
                out.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
                out.extend_from_slice(part);
                out.push(0);
            }
            Bytes::from(out)
        }
    };
    (murmur::token(&serialized), serialized)
}

/// What is written to one row, or to the static columns if `row` is `None`.
#[derive(Debug)]
pub(super) struct RowWrite {
    pub(super) row: Option<(Vec<u8>, Vec<Bytes>)>,
    pub(super) marker: Option<Cell>,
    pub(super) cells: Vec<CellChange>,
}

impl TableData {
    pub(super) fn partition(&self, id: &PartitionId) -> Option<&Partition> {
        self.partitions.get(id)
    }

    /// Applies a write; what is older than what is there, or than its deletion, changes nothing.
    pub(super) fn write(&mut self, id: &PartitionId, key: &[Bytes], write: RowWrite) {
        let partition = self.partition_mut(id, key);
        let Some((sorted, clustering)) = write.row else {
            let deleted = partition.deleted;
            write.cells.into_iter().for_each(|change| partition.statics.apply(change, deleted));
            return;
        };
        let above = partition.deleted_above(&sorted);
        let row = partition.rows.entry(sorted).or_default();
        // Keys that compare alike may differ in their bytes: the last that was written is shown.
        row.clustering = clustering;
        let deleted = row.deleted.max(above);
        if let Some(marker) = write.marker
            && Some(marker.written) > deleted
            && row.marker.as_ref().is_none_or(|old| marker.wins_over(old))
        {
            row.marker = Some(marker);
        }
        write.cells.into_iter().for_each(|change| row.cells.apply(change, deleted));
    }

    /// Deletes a partition.
    pub(super) fn delete_partition(&mut self, id: &PartitionId, key: &[Bytes], at: i64) {
        let partition = self.partition_mut(id, key);
        partition.deleted = partition.deleted.max(Some(at));
        partition.statics.delete(at);
        partition.rows.values_mut().for_each(|row| row.delete(at));
    }

    /// Deletes one row.
    pub(super) fn delete_row(
        &mut self,
        id: &PartitionId,
        key: &[Bytes],
        row: Vec<u8>,
        clustering: Vec<Bytes>,
        at: i64,
    ) {
        let partition = self.partition_mut(id, key);
        partition.rows.entry(row).or_insert_with(|| Row { clustering, ..Row::default() }).delete(at);
    }

    /// Deletes all rows whose clustering columns begin so.
    pub(super) fn delete_prefix(&mut self, id: &PartitionId, key: &[Bytes], prefix: Vec<u8>, at: i64) {
        let partition = self.partition_mut(id, key);
        let rows = partition.rows.range_mut(prefix.clone()..).take_while(|(row, _)| row.starts_with(&prefix));
        rows.for_each(|(_, row)| row.delete(at));
        let known = partition.ranges.entry(prefix).or_insert(at);
        *known = at.max(*known);
    }

    /// Throws away all values of a column.
    pub(super) fn forget(&mut self, column: u32) {
        for partition in self.partitions.values_mut() {
            partition.statics.forget(column);
            partition.rows.values_mut().for_each(|row| row.cells.forget(column));
        }
    }

    /// Once in a while, throws away what has been gone for longer than `grace_secs`.
    pub(super) fn sweep(&mut self, now_secs: i64, grace_secs: i64) {
        if self.writes < SWEEP_EVERY {
            return;
        }
        self.writes = 0;
        let before = now_secs - grace_secs;
        for partition in self.partitions.values_mut() {
            partition.statics.sweep(before);
            partition.rows.retain(|_, row| {
                row.cells.sweep(before);
                row.marker.take_if(|marker| marker.is_garbage(before));
                let dead = row.deleted.is_none_or(|at| at / 1_000_000 < before);
                !(dead && row.cells.is_empty() && row.marker.is_none())
            });
            partition.ranges.retain(|_, at| *at / 1_000_000 >= before);
        }
        self.partitions.retain(|_, partition| {
            let dead = partition.deleted.is_none_or(|at| at / 1_000_000 < before);
            !(dead
                && partition.rows.is_empty()
                && partition.statics.is_empty()
                && partition.ranges.is_empty())
        });
    }

    fn partition_mut(&mut self, id: &PartitionId, key: &[Bytes]) -> &mut Partition {
        self.writes = self.writes.saturating_add(1);
        let fresh = || Partition { key: key.to_vec(), ..Partition::default() };
        self.partitions.entry(id.clone()).or_insert_with(fresh)
    }
}
