//! Spans go in.

use std::sync::{Arc, PoisonError};

use stacklab_cassandra::Value;
use stacklab_traces::Span;
use tokio::task::JoinSet;

use super::session::{Session, Writes};
use super::{StorageError, Store, now};
use crate::model::Write;

/// Rows under way at a time for one message.
const PARALLEL_WRITES: usize = 32;

impl Store {
    /// Makes sure that spans can be written: connected, schema in place, statements prepared.
    pub async fn ready_to_write(&self) -> Result<(), StorageError> {
        self.session().await?.writes().await?;
        Ok(())
    }

    /// Stores spans that came together; they must be [normalized](Span::normalized). Every row is tried; the first
    /// error is reported.
    pub async fn store(&self, spans: &[Span]) -> Result<(), StorageError> {
        let session = self.session().await?;
        session.writes().await?;
        let rows = self.intake.lock().unwrap_or_else(PoisonError::into_inner).accept(now(), spans);
        let mut under_way = JoinSet::new();
        let mut failure = None;
        for row in rows {
            if under_way.len() >= PARALLEL_WRITES {
                self.settle(under_way.join_next().await, &mut failure);
            }
            let session = Arc::clone(&session);
            under_way.spawn(async move { (write(&session, &row).await, row) });
        }
        while let Some(ended) = under_way.join_next().await {
            self.settle(Some(ended), &mut failure);
        }
        failure.map_or(Ok(()), Err)
    }

    fn settle(&self, ended: Option<Ended>, failure: &mut Option<StorageError>) {
        // A task that was cut off goes with the whole set: nobody is left to be told.
        let Some(Ok((Err(error), row))) = ended else { return };
        self.intake.lock().unwrap_or_else(PoisonError::into_inner).forget(&row);
        failure.get_or_insert(error);
    }
}

type Ended = Result<(Result<(), StorageError>, Write), tokio::task::JoinError>;

async fn write(session: &Session, row: &Write) -> Result<(), StorageError> {
    let Writes { span, service_name, span_name, by_service, by_span, by_annotation } =
        session.writes().await?;
    let text = |text: &String| Value::Text(text.clone());
    let (statement, values) = match row {
        Write::Span { trace_id, ts, span_name, span: blob } => (
            span,
            vec![Value::Bigint(*trace_id), Value::Timestamp(*ts), text(span_name), Value::Blob(blob.clone())],
        ),
        Write::ServiceName { service_name: service } => (service_name, vec![text(service)]),
        Write::SpanName { service_name: service, span_name: name } => {
            (span_name, vec![text(service), text(name)])
        }
        Write::ByService { ts, trace_id, service_name, bucket } => (
            by_service,
            vec![Value::Timestamp(*ts), Value::Bigint(*trace_id), text(service_name), Value::Int(*bucket)],
        ),
        Write::BySpan { ts, trace_id, service_span_name } => {
            (by_span, vec![Value::Timestamp(*ts), Value::Bigint(*trace_id), text(service_span_name)])
        }
        Write::ByAnnotation { ts, trace_id, annotation, bucket } => (
            by_annotation,
            vec![
                Value::Timestamp(*ts),
                Value::Bigint(*trace_id),
                Value::Blob(annotation.clone()),
                Value::Int(*bucket),
            ],
        ),
    };
    session.client.execute(statement, &values, None).await?;
    Ok(())
}
