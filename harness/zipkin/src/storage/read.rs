//! Traces and names come out.

use std::collections::{BTreeMap, BTreeSet};

use stacklab_cassandra::Value;
use stacklab_cassandra::client::{Prepared, Rows};
use stacklab_traces::{Id, Span, compare_texts, decode_span};

use super::session::Session;
use super::{StorageError, Store, bigints};
use crate::model::schema::{BUCKETS, MAX_SPAN_NAMES, MAX_TRACE_ROWS};
use crate::model::{
    DependencyLink, TraceIndex, TraceQuery, adjusted, decode_dependencies, intersect, merge_links,
    sort_traces,
};

impl Store {
    /// All services, sorted.
    pub async fn service_names(&self) -> Result<Vec<String>, StorageError> {
        let session = self.session().await?;
        let rows = session.client.execute(&session.reads().await?.service_names, &[], None).await?;
        Ok(sorted_texts(&rows, "service_name"))
    }

    /// The span names of a service, sorted; none for the empty name.
    pub async fn span_names(&self, service: &str) -> Result<Vec<String>, StorageError> {
        if service.is_empty() {
            return Ok(Vec::new());
        }
        let session = self.session().await?;
        let values = [Value::Text(service.to_lowercase()), Value::Int(0), Value::Int(MAX_SPAN_NAMES)];
        let rows = session.client.execute(&session.reads().await?.span_names, &values, None).await?;
        Ok(sorted_texts(&rows, "span_name"))
    }

    /// The stored spans of a trace, unmerged, in storage order; `None` if there are none.
    pub async fn raw_trace(&self, trace: Id) -> Result<Option<Vec<Span>>, StorageError> {
        Ok(self.stored_traces(&[trace.signed()]).await?.into_iter().next())
    }

    /// A trace, merged and corrected; `None` if there is none.
    pub async fn trace(&self, trace: Id) -> Result<Option<Vec<Span>>, StorageError> {
        Ok(self.raw_trace(trace).await?.map(adjusted).transpose()?)
    }

    /// The traces that a search finds, merged and corrected, the newest first.
    pub async fn traces(&self, query: &TraceQuery) -> Result<Vec<Vec<Span>>, StorageError> {
        let session = self.session().await?;
        let mut lists = vec![self.by_names(&session, query).await?];
        let statement = &session.reads().await?.by_annotation;
        for annotation in &query.annotations {
            let key = [Value::Blob(annotation.clone().into_bytes()), buckets()];
            lists.push(trace_ids(&session, statement, key, query).await?);
        }
        let ids = intersect(&lists, query.limit);
        let mut traces: Vec<Vec<Span>> =
            self.stored_traces(&ids).await?.into_iter().map(adjusted).collect::<Result<_, _>>()?;
        traces.retain(|trace| !trace.is_empty());
        sort_traces(&mut traces);
        Ok(traces)
    }

    /// The links between services, summed up over days (UTC midnights in ms).
    pub async fn dependencies(&self, days: &[i64]) -> Result<Vec<DependencyLink>, StorageError> {
        let session = self.session().await?;
        let days = Value::List(days.iter().copied().map(Value::Timestamp).collect());
        let rows = session.client.execute(&session.reads().await?.dependencies, &[days], None).await?;
        let mut links = Vec::new();
        for value in rows.column("dependencies") {
            if let Value::Blob(blob) = value {
                links.extend(decode_dependencies(blob)?);
            }
        }
        Ok(merge_links(links))
    }

    async fn by_names(&self, session: &Session, query: &TraceQuery) -> Result<Vec<i64>, StorageError> {
        let reads = session.reads().await?;
        let services = match &query.index {
            TraceIndex::Span(name) => {
                return trace_ids(session, &reads.by_span, [Value::Text(name.clone())], query).await;
            }
            TraceIndex::Service(service) => vec![service.clone()],
            TraceIndex::AllServices => self.service_names().await?,
        };
        match services.as_slice() {
            [] => Ok(Vec::new()),
            [one] => {
                trace_ids(session, &reads.by_service, [Value::Text(one.clone()), buckets()], query).await
            }
            _ => {
                let services = Value::List(services.into_iter().map(Value::Text).collect());
                trace_ids(session, &reads.by_services, [services, buckets()], query).await
            }
        }
    }

    /// The stored spans of several traces, grouped, in the order in which Cassandra answers.
    async fn stored_traces(&self, ids: &[i64]) -> Result<Vec<Vec<Span>>, StorageError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let session = self.session().await?;
        let values = [bigints(ids), Value::Int(MAX_TRACE_ROWS)];
        let rows = session.client.execute(&session.reads().await?.traces, &values, None).await?;
        let trace_id = rows.index_of("trace_id").ok_or(StorageError::Column("trace_id"))?;
        let span = rows.index_of("span").ok_or(StorageError::Column("span"))?;
        let mut places: BTreeMap<i64, usize> = BTreeMap::new();
        let mut traces: Vec<Vec<Span>> = Vec::new();
        for row in &rows.rows {
            let (Some(Value::Bigint(trace_id)), Some(Value::Blob(blob))) = (row.get(trace_id), row.get(span))
            else {
                continue;
            };
            let place = *places.entry(*trace_id).or_insert_with(|| {
                traces.push(Vec::new());
                traces.len() - 1
            });
            traces[place].push(decode_span(blob)?.normalized());
        }
        Ok(traces)
    }
}

/// The trace ids of an index, the newest first.
async fn trace_ids<const N: usize>(
    session: &Session,
    statement: &Prepared,
    key: [Value; N],
    query: &TraceQuery,
) -> Result<Vec<i64>, StorageError> {
    let mut values = Vec::from(key);
    values.extend([
        Value::Timestamp(query.start_ts),
        Value::Timestamp(query.end_ts),
        Value::Int(query.index_rows),
    ]);
    let rows = session.client.execute(statement, &values, None).await?;
    let ids = rows.column("trace_id").filter_map(|value| match value {
        Value::Bigint(id) => Some(*id),
        _ => None,
    });
    Ok(ids.collect())
}

fn buckets() -> Value {
    Value::List((0..BUCKETS).map(Value::Int).collect())
}

fn sorted_texts(rows: &Rows, column: &str) -> Vec<String> {
    let texts: BTreeSet<&String> = rows
        .column(column)
        .filter_map(|value| match value {
            Value::Text(text) => Some(text),
            _ => None,
        })
        .collect();
    let mut texts: Vec<String> = texts.into_iter().cloned().collect();
    texts.sort_by(|a, b| compare_texts(a, b));
    texts
}
