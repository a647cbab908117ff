//! What is in the tables of a keyspace.

use std::collections::BTreeSet;

use stacklab_cassandra::Value;
use stacklab_cassandra::client::Client;

/// Tables with the columns to be compared: not the buckets, which are drawn by lot.
const TABLES: [(&str, &str); 6] = [
    ("traces", "trace_id, ts, span_name, span"),
    ("service_names", "service_name"),
    ("span_names", "service_name, bucket, span_name"),
    ("service_name_index", "service_name, ts, trace_id"),
    ("service_span_name_index", "service_span_name, ts, trace_id"),
    ("annotations_index", "annotation, ts, trace_id"),
];

/// The rows of a keyspace, as lines: those of these traces, and the names with this in them.
pub(crate) async fn read(
    cassandra: &Client,
    keyspace: &str,
    traces: &BTreeSet<i64>,
    marker: &str,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (table, columns) in TABLES {
        let rows = cassandra.query(&format!("SELECT {columns} FROM {keyspace}.{table}")).await.unwrap();
        let trace = rows.index_of("trace_id");
        for row in &rows.rows {
            let wanted = match (trace.map(|at| &row[at]), &row[0]) {
                (Some(Value::Bigint(id)), _) => traces.contains(id),
                (_, Value::Text(name)) => name.ends_with(marker),
                _ => false,
            };
            if wanted {
                let values: Vec<String> = row.iter().map(shown).collect();
                lines.push(format!("{table}: {}", values.join(", ")));
            }
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

fn shown(value: &Value) -> String {
    match value {
        // The last hash is that of the tags: Java's depends on where their types lie in memory.
        Value::Text(text) => match text.rsplit_once('_') {
            Some((before, hash)) if hash != "1" && hash.parse::<i32>().is_ok() => format!("{before}_some"),
            _ => text.clone(),
        },
        Value::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => text.to_owned(),
            _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        },
        other => format!("{other:?}"),
    }
}

/// The lines that only one of both has.
pub(crate) fn difference(embedded: &[String], real: &[String]) -> (String, String) {
    let only = |these: &[String], those: &[String]| {
        let those: BTreeSet<&String> = those.iter().collect();
        let lines: Vec<&str> =
            these.iter().filter(|line| !those.contains(line)).map(String::as_str).collect();
        format!("rows\n      {}", lines.join("\n      "))
    };
    (only(embedded, real), only(real, embedded))
}
