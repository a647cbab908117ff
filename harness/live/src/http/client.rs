//! An HTTP/1.1 client: one connection a request, bounded bodies, streams.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use stacklab_machine::http::{Failure, Request, Response};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Largest response body taken, in bytes.
pub const MAX_RESPONSE: usize = 64 << 20;

/// Makes a request and reads the whole response.
///
/// # Errors
/// [`Failure`] says why no response came; after `timeout` (if any) it is [`Failure::TimedOut`].
pub async fn request(request: &Request, timeout: Option<Duration>) -> Result<Response, Failure> {
    let exchange = async {
        let (_connection, response) = send(request).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE).collect().await;
        let body = body.map_err(|why| Failure::Closed(why.to_string()))?.to_bytes();
        Ok(response_of(&head, body.to_vec()))
    };
    match timeout {
        None => exchange.await,
        Some(timeout) => tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| {
            Err(Failure::TimedOut(format!("{} {} after {timeout:?}", request.method, request.url)))
        }),
    }
}

/// Makes a request and returns the response's head at once, its body in pieces; the pieces end when the server
/// ends the body or the connection. Dropping the receiver closes the connection.
///
/// # Errors
/// As [`request`].
pub async fn open_stream(request: &Request) -> Result<(Response, mpsc::Receiver<Bytes>), Failure> {
    let (connection, response) = send(request).await?;
    let (head, mut body) = response.into_parts();
    let (pieces, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                () = pieces.closed() => None,
            };
            let Some(Ok(frame)) = frame else { break };
            if let Ok(piece) = frame.into_data()
                && pieces.send(piece).await.is_err()
            {
                break;
            }
        }
        drop(connection);
    });
    Ok((response_of(&head, Vec::new()), receiver))
}

/// The task that drives a connection. Dropping it closes the connection.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn send(request: &Request) -> Result<(Connection, hyper::Response<Incoming>), Failure> {
    let authority = request.authority();
    if authority.is_empty() {
        return Err(Failure::BadAddress(request.url.clone()));
    }
    let refused = |why: std::io::Error| match why.kind() {
        std::io::ErrorKind::ConnectionRefused => Failure::Refused(authority.clone()),
        _ => Failure::BadAddress(format!("{authority}: {why}")),
    };
    let stream = TcpStream::connect(&authority).await.map_err(refused)?;
    let _ = stream.set_nodelay(true);
    let closed = |why: hyper::Error| Failure::Closed(format!("{authority}: {why}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(closed)?;
    let driven = tokio::spawn(async move {
        let _ = connection.await;
    });
    let connection = Connection(driven.abort_handle());
    let mut builder = hyper::Request::builder()
        .method(request.method.to_string().as_str())
        .uri(request.path_and_query())
        .header("host", &authority);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let request = builder
        .body(Full::new(Bytes::from(request.body.clone())))
        .map_err(|why| Failure::BadAddress(format!("{}: {why}", request.url)))?;
    let response = sender.send_request(request).await.map_err(closed)?;
    Ok((connection, response))
}

fn response_of(head: &hyper::http::response::Parts, body: Vec<u8>) -> Response {
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let reason = head.extensions.get::<hyper::ext::ReasonPhrase>();
    let reason = reason.map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned());
    Response { status: head.status.as_u16(), reason, headers, body }
}
