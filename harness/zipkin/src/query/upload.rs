//! POST /api/v1/spans.

use std::sync::Arc;

use stacklab_machine::http::{Request, Response};

use stacklab_traces::Span;
use tokio::sync::Semaphore;

use crate::handle::Life;
use crate::model::{ApiError, Transport, message};
use crate::storage::Store;

/// Bodies that are being stored at a time; more wait, and their clients with them.
pub(super) const MAX_UNDER_WAY: usize = 64;

/// Takes posted spans: a Thrift list, or JSON under any other type. The answer does not wait until they are stored,
/// only until they can be.
pub(super) async fn spans(
    store: &Arc<Store>,
    life: &Life,
    under_way: &Arc<Semaphore>,
    request: &Request,
) -> Result<Response, ApiError> {
    if request.body.is_empty() {
        return Err(ApiError::no_body());
    }
    let counters = life.counters.of(Transport::Http);
    counters.message();
    if request.header("content-encoding").is_some_and(|encoding| encoding.contains("gzip")) {
        counters.message_dropped();
        // The original unpacks it; nothing in the lab sends it.
        return Ok(plain(400, "Cannot gunzip spans: not supported"));
    }
    counters.bytes(request.body.len());
    let thrift = request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-thrift"));
    let decoded =
        if thrift { message::decode_thrift(&request.body) } else { message::decode_json(&request.body) };
    let spans = match decoded {
        Ok(spans) => spans,
        Err(error) => {
            counters.message_dropped();
            life.log(error.to_string());
            return Ok(plain(400, &error.to_string()));
        }
    };
    if spans.is_empty() {
        return Ok(Response::empty(202));
    }
    counters.spans(spans.len());
    if let Err(error) = store.ready_to_write().await {
        counters.spans_dropped(spans.len());
        let text = message::cannot_store(&spans, &error.short());
        life.log(text.clone());
        return Ok(plain(500, &text));
    }
    let place = Arc::clone(under_way).acquire_owned().await;
    let (store, life) = (Arc::clone(store), life.clone());
    tokio::spawn(async move {
        let _place = place;
        tokio::select! {
            () = life.gone() => {}
            () = finish(&store, &life, &spans) => {}
        }
    });
    Ok(Response::empty(202))
}

async fn finish(store: &Store, life: &Life, spans: &[Span]) {
    if let Err(error) = store.store(spans).await {
        life.counters.of(Transport::Http).spans_dropped(spans.len());
        life.log(message::cannot_store(spans, &error.short()));
    }
}

fn plain(status: u16, text: &str) -> Response {
    Response::new(status, "text/plain;charset=UTF-8", format!("{text}\n"))
}
