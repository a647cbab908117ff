//! The rows of the system's tables: always what the schema and the ring are at this moment.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::cluster::Cluster;
use super::options;
use super::outcome::Session;
use super::schema::{Column, ColumnKind, Keyspace, TableSchema};
use super::system::{self, RELEASE_VERSION};
use super::topology::NodeInfo;
use crate::types::hex;
use crate::{CqlType, Value};

const MARSHAL: &str = "org.apache.cassandra.db.marshal.";

/// All rows of a table, the values in the order of its columns. Tables without rows give none.
pub(super) fn rows(cluster: &Cluster, session: &Session, table: &TableSchema) -> Vec<Vec<Value>> {
    let node = cluster.topology().node(session.node);
    let keyspaces = || all_keyspaces(cluster);
    match (table.keyspace.as_str(), table.name.as_str()) {
        ("system", "local") => node.map(|node| local(cluster, node)).into_iter().collect(),
        ("system", "peers") => cluster
            .topology()
            .nodes()
            .filter(|node| node.address != session.node)
            .map(|node| peer(cluster, node))
            .collect(),
        ("system", "schema_keyspaces") => keyspaces().map(schema_keyspace).collect(),
        ("system", "schema_columnfamilies") => tables(keyspaces()).map(schema_table).collect(),
        ("system", "schema_columns") => tables(keyspaces())
            .flat_map(|table| {
                table.columns.iter().enumerate().map(move |(at, column)| schema_column(table, at, column))
            })
            .collect(),
        ("system", "schema_usertypes") => user_types(keyspaces(), CqlType::class_name),
        ("system_schema", "types") => user_types(keyspaces(), |ty| ty.to_string()),
        ("system_schema", "keyspaces") => keyspaces().map(modern_keyspace).collect(),
        ("system_schema", "tables") => tables(keyspaces())
            .map(|table| vec![text(&table.keyspace), text(&table.name), text(""), Value::Uuid(table.id)])
            .collect(),
        ("system_schema", "columns") => tables(keyspaces())
            .flat_map(|table| {
                table.columns.iter().enumerate().map(move |(at, column)| modern_column(table, at, column))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn all_keyspaces(cluster: &Cluster) -> impl Iterator<Item = &Keyspace> {
    cluster.keyspaces().values().chain(system::keyspaces())
}

fn tables<'a>(keyspaces: impl Iterator<Item = &'a Keyspace>) -> impl Iterator<Item = &'a TableSchema> {
    keyspaces.flat_map(|keyspace| keyspace.tables.values().map(|table| &*table.schema))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn tokens(node: &NodeInfo) -> Value {
    Value::List(vec![Value::Text(node.token.to_string())])
}

fn inet(address: IpAddr) -> Value {
    Value::Inet(address)
}

fn local(cluster: &Cluster, node: &NodeInfo) -> Vec<Value> {
    vec![
        text("local"),
        text("COMPLETED"),
        inet(node.address),
        text(cluster.name()),
        text("3.3.1"),
        text(&node.dc),
        Value::Int(node.generation),
        Value::Uuid(node.host_id),
        inet(node.address),
        text("4"),
        text("org.apache.cassandra.dht.Murmur3Partitioner"),
        text(&node.rack),
        text(RELEASE_VERSION),
        inet(node.address),
        Value::Uuid(cluster.schema_version()),
        text("20.1.0"),
        tokens(node),
        Value::Null,
    ]
}

fn peer(cluster: &Cluster, node: &NodeInfo) -> Vec<Value> {
    vec![
        inet(node.address),
        text(&node.dc),
        Value::Uuid(node.host_id),
        Value::Null,
        text(&node.rack),
        text(RELEASE_VERSION),
        inet(node.address),
        Value::Uuid(cluster.schema_version()),
        tokens(node),
    ]
}

/// A JSON object of texts, as Cassandra writes it: no blank anywhere.
fn json(map: &BTreeMap<String, String>, comma: &str) -> String {
    object(&map.iter().collect::<Vec<_>>(), comma)
}

fn object(entries: &[(&String, &String)], comma: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let entries: Vec<_> =
        entries.iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
    format!("{{{}}}", entries.join(comma))
}

/// Entries in the order in which a map of Java's has them that was made for so many.
fn hash_order(map: &[(String, String)]) -> Vec<(&String, &String)> {
    let buckets = ((map.len() as f64 / 0.75 + 1.0) as u32).next_power_of_two();
    let bucket = |key: &str| {
        let hash =
            key.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
        (hash ^ hash >> 16) & (buckets - 1)
    };
    let mut entries: Vec<_> = map.iter().map(|(key, value)| (key, value)).collect();
    entries.sort_by_key(|(key, _)| bucket(key));
    entries
}

fn schema_keyspace(keyspace: &Keyspace) -> Vec<Value> {
    let (class, replication) = options::replication_texts(&keyspace.replication);
    vec![
        text(&keyspace.name),
        Value::Boolean(keyspace.durable_writes),
        Value::Text(class),
        Value::Text(json(&replication, ",")),
    ]
}

fn modern_keyspace(keyspace: &Keyspace) -> Vec<Value> {
    let (class, mut replication) = options::replication_texts(&keyspace.replication);
    replication.insert("class".to_owned(), class);
    let replication =
        replication.into_iter().map(|(key, value)| (Value::Text(key), Value::Text(value))).collect();
    vec![text(&keyspace.name), Value::Boolean(keyspace.durable_writes), Value::Map(replication)]
}

fn schema_table(table: &TableSchema) -> Vec<Value> {
    let options = &table.options;
    let chance = options.bloom_filter_fp_chance.unwrap_or(0.01);
    let threshold = |name: &str, default: i32| {
        let said = options.compaction.iter().find(|(key, _)| key == name);
        Value::Int(said.and_then(|(_, text)| text.parse().ok()).unwrap_or(default))
    };
    let validator = if table.is_counter() { "CounterColumnType" } else { "BytesType" };
    vec![
        text(&table.keyspace),
        text(&table.name),
        Value::Double(chance),
        Value::Text(json(&options.caching, ", ")),
        Value::Uuid(table.id),
        text(&options.comment),
        text(&options.compaction_class),
        Value::Text(object(&hash_order(&options.compaction), ",")),
        Value::Text(comparator(table)),
        Value::Text(json(&options.compression, ",")),
        Value::Int(options.default_time_to_live),
        Value::Text(format!("{MARSHAL}{validator}")),
        Value::Null,
        Value::Int(options.gc_grace_seconds),
        Value::Boolean(table.compact && table.clustering_columns > 0),
        Value::Text(key_validator(table)),
        Value::Double(options.dclocal_read_repair_chance),
        threshold("max_threshold", 32),
        Value::Int(options.max_index_interval),
        Value::Int(options.memtable_flush_period),
        threshold("min_threshold", 4),
        Value::Int(options.min_index_interval),
        Value::Double(options.read_repair_chance),
        text(&options.speculative_retry),
        Value::Null,
        text("Standard"),
    ]
}

fn class_of(column: &Column) -> String {
    let class = column.ty.class_name();
    if column.descending { format!("{MARSHAL}ReversedType({class})") } else { class }
}

fn composite(classes: &[String]) -> String {
    format!("{MARSHAL}CompositeType({})", classes.join(","))
}

fn comparator(table: &TableSchema) -> String {
    let mut classes: Vec<_> = table.clustering().iter().map(class_of).collect();
    if table.compact {
        return match classes.as_slice() {
            [] => format!("{MARSHAL}UTF8Type"),
            [one] => one.clone(),
            many => composite(many),
        };
    }
    classes.push(format!("{MARSHAL}UTF8Type"));
    let collections: Vec<_> = table
        .others()
        .iter()
        .filter(|column| column.ty.is_multi_cell())
        .map(|column| format!("{}:{}", hex(column.name.as_bytes()), column.ty.class_name()))
        .collect();
    if !collections.is_empty() {
        classes.push(format!("{MARSHAL}ColumnToCollectionType({})", collections.join(",")));
    }
    composite(&classes)
}

fn key_validator(table: &TableSchema) -> String {
    match table.partition_key() {
        [one] => one.ty.class_name(),
        many => composite(&many.iter().map(|column| column.ty.class_name()).collect::<Vec<_>>()),
    }
}

fn schema_column(table: &TableSchema, at: usize, column: &Column) -> Vec<Value> {
    let number = |n: usize| Value::Int(i32::try_from(n).unwrap_or(i32::MAX));
    let (kind, component) = match column.kind {
        ColumnKind::Partition if table.partition_columns == 1 => ("partition_key", Value::Null),
        ColumnKind::Partition => ("partition_key", number(at)),
        ColumnKind::Clustering => ("clustering_key", number(at - table.partition_columns)),
        ColumnKind::Static => ("static", number(table.clustering_columns)),
        ColumnKind::Regular if table.compact && table.clustering_columns > 0 => {
            ("compact_value", Value::Null)
        }
        ColumnKind::Regular => ("regular", number(table.clustering_columns)),
    };
    let index = table.indexes.get(&column.name);
    let (name, options, index_kind) = match index {
        // No options are the four letters "null" in the original's table.
        None => (Value::Null, "null".to_owned(), Value::Null),
        Some(index) => {
            let options = if column.ty.is_multi_cell() {
                format!("{{\"index_{}\":\"\"}}", index.target)
            } else {
                "{}".to_owned()
            };
            (text(&index.name), options, text("COMPOSITES"))
        }
    };
    vec![
        text(&table.keyspace),
        text(&table.name),
        text(&column.name),
        component,
        name,
        Value::Text(options),
        index_kind,
        text(kind),
        Value::Text(class_of(column)),
    ]
}

fn modern_column(table: &TableSchema, at: usize, column: &Column) -> Vec<Value> {
    let (kind, position) = match column.kind {
        ColumnKind::Partition => ("partition_key", i32::try_from(at).unwrap_or(i32::MAX)),
        ColumnKind::Clustering => {
            ("clustering", i32::try_from(at - table.partition_columns).unwrap_or(i32::MAX))
        }
        ColumnKind::Static => ("static", -1),
        ColumnKind::Regular => ("regular", -1),
    };
    let order = match (column.kind, column.descending) {
        (ColumnKind::Clustering, true) => "desc",
        (ColumnKind::Clustering, false) => "asc",
        _ => "none",
    };
    vec![
        text(&table.keyspace),
        text(&table.name),
        text(&column.name),
        text(order),
        text(kind),
        Value::Int(position),
        Value::Text(column.ty.to_string()),
    ]
}

fn user_types<'a>(
    keyspaces: impl Iterator<Item = &'a Keyspace>,
    name: impl Fn(&CqlType) -> String,
) -> Vec<Vec<Value>> {
    let row = |udt: &crate::types::UserType| {
        let names = udt.fields.iter().map(|(field, _)| text(field)).collect();
        let types = udt.fields.iter().map(|(_, ty)| Value::Text(name(ty))).collect();
        vec![text(&udt.keyspace), text(&udt.name), Value::List(names), Value::List(types)]
    };
    keyspaces.flat_map(|keyspace| keyspace.types.values()).map(row).collect()
}
