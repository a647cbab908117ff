//! The server.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use stacklab_machine::http::{Method, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::MAX_BODY;

/// Connections at a time; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 256;
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Answers on one connection, the last of which says that it closes: Tomcat 8.0's `maxKeepAliveRequests`, which Zipkin
/// leaves as it is.
const MAX_KEPT_ALIVE: u32 = 100;
/// After a failed accept, which mostly means that the process has no file descriptor left.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// Answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: Request) -> impl Future<Output = Response> + Send;
}

/// Serves a listener for ever. Dropping the future closes every connection.
pub(crate) async fn serve<H: Handler>(listener: TcpListener, handler: Arc<H>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let handler = Arc::clone(&handler);
                connections.spawn(async move {
                    let _slot = slot;
                    serve_connection(stream, handler).await;
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_BACKOFF).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection<H: Handler>(stream: TcpStream, handler: Arc<H>) {
    let _ = stream.set_nodelay(true);
    let answered = AtomicU32::new(0);
    let service = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        let is_last = answered.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_KEPT_ALIVE;
        async move {
            let mut response = match read_request(request).await {
                Ok(request) => handler.handle(request).await,
                Err(response) => response,
            };
            if is_last && response.header("connection").is_none() {
                response = response.with_header("connection", "close");
            }
            Ok::<_, Infallible>(to_hyper(response))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    // A broken connection is the client's affair.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn read_request(request: hyper::Request<Incoming>) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    let method = match parts.method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "PATCH" => Method::Patch,
        "OPTIONS" => Method::Options,
        "TRACE" => {
            return Err(Response::empty(405).with_header("allow", "HEAD, DELETE, POST, GET, OPTIONS, PUT"));
        }
        _ => return Err(Response::empty(405)),
    };
    let headers = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let url = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let body = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await;
    let body = body.map_err(|_| Response::empty(408))?.map_err(|_| Response::empty(413))?;
    let body = body.to_bytes().to_vec();
    Ok(Request { method, url, headers: headers.collect(), body })
}

fn to_hyper(response: Response) -> hyper::Response<Full<Bytes>> {
    let empty = response.body.is_empty() && response.header("transfer-encoding").is_none();
    let mut answer = hyper::Response::new(Full::new(Bytes::from(response.body)));
    if empty {
        // Said to HEAD, too.
        answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    *answer.status_mut() =
        hyper::StatusCode::from_u16(response.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &response.headers {
        // A value that no header can carry (a line end that came in through a parameter) is left out.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}
