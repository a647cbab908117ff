//! The client: one request, one connection.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use stacklab_machine::http::{Failure, Request, Response};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How long the query service may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer: the traces of a search may be many.
const MAX_ANSWER: usize = 64 << 20;
/// Headers that belong to one connection, or that are written anew.
const OWN_HEADERS: [&str; 6] =
    ["connection", "keep-alive", "transfer-encoding", "content-length", "host", "upgrade"];

/// Sends a request to `host:port` with its path, headers and body, and brings the answer.
pub(crate) async fn forward(authority: &str, request: Request) -> Result<Response, Failure> {
    match tokio::time::timeout(TIMEOUT, exchange(authority, request)).await {
        Ok(result) => result,
        Err(_) => Err(Failure::TimedOut(authority.to_owned())),
    }
}

async fn exchange(authority: &str, request: Request) -> Result<Response, Failure> {
    let closed = |error: hyper::Error| Failure::Closed(format!("{authority}: {error}"));
    let stream = TcpStream::connect(authority)
        .await
        .map_err(|error| Failure::Refused(format!("{authority}: {error}")))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(closed)?;
    // The connection ends with the set, when the answer is there or nobody waits for it any more.
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        let _ = connection.await;
    });
    let mut outgoing = hyper::Request::builder()
        .method(request.method.to_string().as_str())
        .uri(request.path_and_query())
        .header(HOST, authority);
    for (name, value) in request.headers.iter().filter(|(name, _)| passes(name)) {
        outgoing = outgoing.header(name, value);
    }
    let outgoing = outgoing
        .body(Full::new(Bytes::from(request.body)))
        .map_err(|error| Failure::BadAddress(format!("{authority}: {error}")))?;
    let (parts, body) = sender.send_request(outgoing).await.map_err(closed)?.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(|error| Failure::Closed(format!("{authority}: {error}")))?;
    let headers = parts.headers.iter().filter(|(name, _)| passes(name.as_str())).map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Ok(Response {
        status: parts.status.as_u16(),
        reason: None,
        headers: headers.filter(|(name, _)| name != "date").collect(),
        body: body.to_bytes().to_vec(),
    })
}

fn passes(name: &str) -> bool {
    !OWN_HEADERS.contains(&name)
}
