//! Keyspaces, tables and their columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::store::TableData;
use crate::CqlType;
use crate::types::UserType;

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ColumnKind {
    Partition,
    Clustering,
    Static,
    Regular,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Under which its cells are kept. Never used twice in a table: a column dropped and added again is empty.
    pub(super) id: u32,
    /// Name.
    pub name: String,
    /// Type.
    pub ty: CqlType,
    /// What for.
    pub kind: ColumnKind,
    /// Whether a clustering column runs from high to low.
    pub descending: bool,
}

/// A secondary index.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// Name.
    pub name: String,
    /// `values`, `keys`, `entries` or `full`.
    pub target: String,
}

/// What stands behind WITH, in the forms of the schema tables.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct TableOptions {
    pub bloom_filter_fp_chance: Option<f64>,
    pub caching: BTreeMap<String, String>,
    pub comment: String,
    pub compaction_class: String,
    /// In the order in which they were said.
    pub compaction: Vec<(String, String)>,
    pub compression: BTreeMap<String, String>,
    pub dclocal_read_repair_chance: f64,
    pub read_repair_chance: f64,
    /// In s; 0 is never.
    pub default_time_to_live: i32,
    /// In s.
    pub gc_grace_seconds: i32,
    pub max_index_interval: i32,
    pub min_index_interval: i32,
    /// In ms.
    pub memtable_flush_period: i32,
    pub speculative_retry: String,
}

impl Default for TableOptions {
    fn default() -> Self {
        let map =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self {
            bloom_filter_fp_chance: None,
            caching: map(&[("keys", "ALL"), ("rows_per_partition", "NONE")]),
            comment: String::new(),
            compaction_class: "org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy".to_owned(),
            compaction: Vec::new(),
            compression: map(&[("sstable_compression", "org.apache.cassandra.io.compress.LZ4Compressor")]),
            dclocal_read_repair_chance: 0.1,
            read_repair_chance: 0.0,
            default_time_to_live: 0,
            gc_grace_seconds: 864_000,
            max_index_interval: 2048,
            min_index_interval: 128,
            memtable_flush_period: 0,
            speculative_retry: "99.0PERCENTILE".to_owned(),
        }
    }
}

/// What a table is, without its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSchema {
    /// Keyspace.
    pub keyspace: String,
    /// Name.
    pub name: String,
    /// `cf_id`.
    pub id: [u8; 16],
    /// Partition key, clustering columns, static ones and all others by name: the order of `SELECT *`.
    pub columns: Vec<Column>,
    /// How many columns the partition key has.
    pub partition_columns: usize,
    /// How many clustering columns there are.
    pub clustering_columns: usize,
    /// WITH COMPACT STORAGE.
    pub compact: bool,
    /// WITH.
    pub options: TableOptions,
    /// Indexes by column.
    pub indexes: BTreeMap<String, Index>,
    /// The next column's id.
    pub(super) next_id: u32,
}

impl TableSchema {
    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether it is another state of a table, of which only options have changed.
    pub(super) fn has_columns_of(&self, other: &Self) -> bool {
        self.id == other.id && self.columns == other.columns && self.indexes == other.indexes
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The columns of the partition key.
    pub fn partition_key(&self) -> &[Column] {
        &self.columns[..self.partition_columns]
    }

    /// The clustering columns.
    pub fn clustering(&self) -> &[Column] {
        &self.columns[self.partition_columns..self.partition_columns + self.clustering_columns]
    }

    /// The columns outside the primary key.
    pub fn others(&self) -> &[Column] {
        &self.columns[self.partition_columns + self.clustering_columns..]
    }

    /// Whether its columns are counters.
    pub fn is_counter(&self) -> bool {
        self.others().iter().any(|column| column.ty == CqlType::Counter)
    }

    /// Puts the columns outside the key back in order after one was added: static ones first, each sort by name.
    pub(super) fn sort_others(&mut self) {
        let key = self.partition_columns + self.clustering_columns;
        let place = |column: &Column| (column.kind != ColumnKind::Static, column.name.clone());
        self.columns[key..].sort_by_cached_key(place);
    }
}

/// A table: what it is, and its rows.
#[derive(Debug, Clone)]
pub struct Table {
    /// What it is. A change of the schema makes a new one.
    pub schema: Arc<TableSchema>,
    pub(super) data: TableData,
}

/// Where the copies of a row are.
#[derive(Debug, Clone, PartialEq)]
pub enum Replication {
    /// On every node for itself: the system's own keyspaces.
    Local,
    /// So many nodes along the ring, wherever they are.
    Simple(usize),
    /// So many nodes of each data centre.
    Network(BTreeMap<String, usize>),
}

/// A keyspace.
#[derive(Debug, Clone)]
pub struct Keyspace {
    /// Name.
    pub name: String,
    /// `durable_writes`.
    pub durable_writes: bool,
    /// Where the copies are.
    pub replication: Replication,
    /// Tables by name.
    pub tables: BTreeMap<String, Table>,
    /// User types by name.
    pub types: BTreeMap<String, UserType>,
}
