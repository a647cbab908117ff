//! POST /api/v1/spans.

use std::borrow::Cow;
use std::sync::Arc;

use stacklab_machine::http::{Request, Response, encode};

use stacklab_traces::Span;
use tokio::sync::Semaphore;

use super::gunzip::gunzip;
use crate::handle::Life;
use crate::http::{Accept, content_type, parameters};
use crate::model::{ApiError, Transport, message};
use crate::storage::Store;

/// Bodies that are being stored at a time; more wait, and their clients with them.
pub(super) const MAX_UNDER_WAY: usize = 64;

/// What comes of these types is a form, whose fields the original has read by the time it wants the body.
const FORM: &str = "application/x-www-form-urlencoded";
const THRIFT: &str = "application/x-thrift";

/// Takes posted spans: a Thrift list, or JSON under any other type. The answer does not wait until they are stored,
/// only until they can be.
pub(super) async fn spans(
    store: &Arc<Store>,
    life: &Life,
    under_way: &Arc<Semaphore>,
    request: &Request,
    accept: &Accept,
) -> Result<Response, ApiError> {
    let plain = |status: u16, text: &str| {
        Response::new(status, &format!("{};charset=UTF-8", accept.of_text()), format!("{text}\n"))
    };
    let kind =
        content_type(request.header("content-type").unwrap_or_default()).map_err(ApiError::media_type)?;
    let kind = kind.unwrap_or_default();
    match kind.split_once('/') {
        Some(("*", _)) => return Err(ApiError::argument("'Content-Type' cannot contain wildcard type '*'")),
        Some((_, "*")) => {
            return Err(ApiError::argument("'Content-Type' cannot contain wildcard subtype '*'"));
        }
        _ => {}
    }
    let thrift = kind == THRIFT;
    let mut body = Cow::Borrowed(request.body.as_slice());
    if kind == FORM {
        body = Cow::Owned(written_anew(request));
    }
    if body.is_empty() {
        return Err(ApiError::no_body(if thrift { "Thrift" } else { "Json" }));
    }
    let counters = life.counters.of(Transport::Http);
    counters.message();
    if request.header("content-encoding").is_some_and(|encoding| encoding.contains("gzip")) {
        match gunzip(&body) {
            Ok(unpacked) => body = Cow::Owned(unpacked),
            Err(why) => {
                counters.message_dropped();
                return Ok(plain(400, &format!("Cannot gunzip spans: {why}")));
            }
        }
    }
    counters.bytes(body.len());
    let decoded = if thrift { message::decode_thrift(&body) } else { message::decode_json(&body) };
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

/// A form as the original puts it together again from its fields.
fn written_anew(request: &Request) -> Vec<u8> {
    let query = request.path_and_query().split_once('?').map_or("", |(_, query)| query);
    let mut fields = parameters(query);
    fields.extend(parameters(&String::from_utf8_lossy(&request.body)));
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in &fields {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut pairs = Vec::new();
    for name in names {
        let values = fields.iter().filter(|(key, _)| key == name);
        pairs.extend(values.map(|(key, value)| format!("{}={}", form_encode(key), form_encode(value))));
    }
    pairs.join("&").into_bytes()
}

/// Java's `URLEncoder`: unlike others it keeps `*`, and not `~`.
fn form_encode(text: &str) -> String {
    encode(text).replace('~', "%7E").replace("%2A", "*")
}
