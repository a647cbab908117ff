//! The system's own keyspaces: what their tables are. Their rows are made when somebody asks.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::cluster::Cluster;
use super::ddl_table;
use super::functions;
use super::order;
use super::outcome::Session;
use super::ranges::row_key;
use super::schema::{Column, Keyspace, Replication, Table, TableSchema};
use super::store::{self, Cell, CellChange, Element, RowWrite, TableData};
use super::system_rows;
use super::terms;
use crate::cql::{self, SchemaStatement, Statement};
use crate::{CqlType, Value};

/// The version that a node says it is.
pub const RELEASE_VERSION: &str = "2.2.19";

/// The tables of Cassandra 2.2 that drivers read.
const TABLES: [&str; 9] = [
    "CREATE TABLE system.local (key text PRIMARY KEY, bootstrapped text, broadcast_address inet, cluster_name text, \
     cql_version text, data_center text, gossip_generation int, host_id uuid, listen_address inet, \
     native_protocol_version text, partitioner text, rack text, release_version text, rpc_address inet, \
     schema_version uuid, thrift_version text, tokens set<text>, truncated_at map<uuid, blob>)",
    "CREATE TABLE system.peers (peer inet PRIMARY KEY, data_center text, host_id uuid, preferred_ip inet, rack text, \
     release_version text, rpc_address inet, schema_version uuid, tokens set<text>)",
    "CREATE TABLE system.schema_keyspaces (keyspace_name text PRIMARY KEY, durable_writes boolean, \
     strategy_class text, strategy_options text)",
    "CREATE TABLE system.schema_columnfamilies (keyspace_name text, columnfamily_name text, \
     bloom_filter_fp_chance double, caching text, cf_id uuid, comment text, compaction_strategy_class text, \
     compaction_strategy_options text, comparator text, compression_parameters text, default_time_to_live int, \
     default_validator text, dropped_columns map<text, bigint>, gc_grace_seconds int, is_dense boolean, \
     key_validator text, local_read_repair_chance double, max_compaction_threshold int, max_index_interval int, \
     memtable_flush_period_in_ms int, min_compaction_threshold int, min_index_interval int, \
     read_repair_chance double, speculative_retry text, subcomparator text, type text, \
     PRIMARY KEY (keyspace_name, columnfamily_name))",
    "CREATE TABLE system.schema_columns (keyspace_name text, columnfamily_name text, column_name text, \
     component_index int, index_name text, index_options text, index_type text, type text, validator text, \
     PRIMARY KEY (keyspace_name, columnfamily_name, column_name))",
    "CREATE TABLE system.schema_usertypes (keyspace_name text, type_name text, field_names list<text>, \
     field_types list<text>, PRIMARY KEY (keyspace_name, type_name))",
    "CREATE TABLE system.schema_functions (keyspace_name text, function_name text, signature frozen<list<text>>, \
     argument_names list<text>, argument_types list<text>, body text, called_on_null_input boolean, language text, \
     return_type text, PRIMARY KEY (keyspace_name, function_name, signature))",
    "CREATE TABLE system.schema_aggregates (keyspace_name text, aggregate_name text, signature frozen<list<text>>, \
     argument_types list<text>, final_func text, initcond blob, return_type text, state_func text, state_type text, \
     PRIMARY KEY (keyspace_name, aggregate_name, signature))",
    "CREATE TABLE system.schema_triggers (keyspace_name text, columnfamily_name text, trigger_name text, \
     trigger_options map<text, text>, PRIMARY KEY (keyspace_name, columnfamily_name, trigger_name))",
];

/// What younger servers have instead, as far as the Rust driver of ScyllaDB reads it.
const MODERN_TABLES: [&str; 5] = [
    "CREATE TABLE system_schema.keyspaces (keyspace_name text PRIMARY KEY, durable_writes boolean, \
     replication frozen<map<text, text>>)",
    "CREATE TABLE system_schema.tables (keyspace_name text, table_name text, comment text, id uuid, \
     PRIMARY KEY (keyspace_name, table_name))",
    "CREATE TABLE system_schema.columns (keyspace_name text, table_name text, column_name text, \
     clustering_order text, kind text, position int, type text, \
     PRIMARY KEY (keyspace_name, table_name, column_name))",
    "CREATE TABLE system_schema.types (keyspace_name text, type_name text, field_names frozen<list<text>>, \
     field_types frozen<list<text>>, PRIMARY KEY (keyspace_name, type_name))",
    "CREATE TABLE system_schema.views (keyspace_name text, view_name text, base_table_name text, \
     PRIMARY KEY (keyspace_name, view_name))",
];

/// A keyspace of the system's. `modern` shows `system_schema` too.
pub(super) fn keyspace(name: &str, modern: bool) -> Option<&'static Keyspace> {
    all().get(name).filter(|keyspace| modern || keyspace.name != MODERN)
}

/// All that 2.2 has.
pub(super) fn keyspaces<'a>() -> impl Iterator<Item = &'a Keyspace> {
    all().values().filter(|keyspace| keyspace.name != MODERN)
}

const MODERN: &str = "system_schema";

fn all() -> &'static BTreeMap<String, Keyspace> {
    static ALL: OnceLock<BTreeMap<String, Keyspace>> = OnceLock::new();
    ALL.get_or_init(|| {
        let replications = [
            ("system", Replication::Local),
            ("system_auth", Replication::Simple(1)),
            ("system_distributed", Replication::Simple(3)),
            ("system_traces", Replication::Simple(2)),
            (MODERN, Replication::Local),
        ];
        let mut keyspaces: BTreeMap<_, _> = replications
            .into_iter()
            .map(|(name, replication)| {
                let (tables, types) = (BTreeMap::new(), BTreeMap::new());
                let name = name.to_owned();
                (name.clone(), Keyspace { name, durable_writes: true, replication, tables, types })
            })
            .collect();
        TABLES.iter().chain(&MODERN_TABLES).for_each(|cql| define(&mut keyspaces, cql));
        keyspaces
    })
}

/// Adds a table. The texts above are constants, and a test reads each.
fn define(keyspaces: &mut BTreeMap<String, Keyspace>, cql: &str) {
    let Ok(parsed) = cql::parse(cql) else { return };
    let Statement::Schema(SchemaStatement::CreateTable(create)) = parsed.statement else { return };
    let Some(keyspace) = create.table.keyspace.as_ref().and_then(|name| keyspaces.get_mut(name)) else {
        return;
    };
    let id = functions::hashed_uuid(format!("{}.{}", keyspace.name, create.table.name).as_bytes(), 3);
    if let Ok(schema) = ddl_table::schema(&create, keyspace, id) {
        let table = Table { schema: Arc::new(schema), data: TableData::default() };
        keyspace.tables.insert(create.table.name, table);
    }
}

/// The rows of a table of the system's, as a node sees them.
pub(super) fn data(cluster: &Cluster, session: &Session, table: &TableSchema) -> TableData {
    let mut data = TableData::default();
    for row in system_rows::rows(cluster, session, table) {
        insert(&mut data, table, &row);
    }
    data
}

/// Puts in a row, whose values come in the order of the columns.
fn insert(data: &mut TableData, table: &TableSchema, row: &[Value]) {
    let cell = |value: Bytes| Cell { value: Some(value), written: 0, ttl: 0, expires: i64::MAX };
    let mut values = row.iter().map(|value| value.encode().map(Bytes::from));
    let key: Vec<_> = values.by_ref().take(table.partition_columns).flatten().collect();
    let clustering: Vec<_> = values.by_ref().take(table.clustering_columns).flatten().collect();
    let cells = table.others().iter().zip(values);
    let cells = cells.filter_map(|(column, value)| Some((column, value?)));
    let cells = cells.flat_map(|(column, value)| elements(column, value, &cell)).collect();
    let sorted = row_key(table.clustering(), &clustering);
    let write = RowWrite { row: Some((sorted, clustering)), marker: Some(cell(Bytes::new())), cells };
    data.write(&store::partition_id(&key), &key, write);
}

/// The cell of a value, or those of its elements.
fn elements(column: &Column, value: Bytes, cell: &dyn Fn(Bytes) -> Cell) -> Vec<CellChange> {
    let keyed = |ty: &CqlType, key: Bytes, value: Bytes| {
        CellChange::Element(column.id, order::key(ty, &key), Element { key, cell: cell(value) })
    };
    match &column.ty {
        CqlType::Set(element) => {
            terms::split(&value, 1).into_iter().map(|key| keyed(element, key, Bytes::new())).collect()
        }
        CqlType::List(_) => {
            let number = |at: usize| Bytes::copy_from_slice(&(at as i32).to_be_bytes());
            let items = terms::split(&value, 1).into_iter().enumerate();
            items.map(|(at, item)| keyed(&CqlType::Int, number(at), item)).collect()
        }
        CqlType::Map(key_type, _) => {
            let parts = terms::split(&value, 2);
            parts.chunks_exact(2).map(|pair| keyed(key_type, pair[0].clone(), pair[1].clone())).collect()
        }
        _ => vec![CellChange::Simple(column.id, cell(value))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_defined() {
        for text in TABLES.iter().chain(&MODERN_TABLES) {
            let parsed = cql::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let Statement::Schema(SchemaStatement::CreateTable(create)) = parsed.statement else {
                panic!("{text}")
            };
            let keyspace = &all()[create.table.keyspace.as_deref().unwrap()];
            ddl_table::schema(&create, keyspace, [0; 16]).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        let tables: usize = all().values().map(|keyspace| keyspace.tables.len()).sum();
        assert_eq!(tables, TABLES.len() + MODERN_TABLES.len());
        let local = &all()["system"].tables["local"].schema;
        assert_eq!(local.columns.len(), 18);
        assert_eq!(local.columns[17].name, "truncated_at");
    }
}
