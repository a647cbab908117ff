//! A small HTTP/1.1 server: one handler, bounded bodies, streaming answers.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use stacklab_machine::http::{Method, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};

/// Largest request body taken, in bytes; a larger one is answered 413.
pub const MAX_REQUEST: usize = 16 << 20;
/// Connections served at a time by one server; further ones wait in the listen queue.
const MAX_CONNECTIONS: usize = 1024;
/// How long a client may take to send a request's head: the originals' idle time-out.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// How much of a body over the limit is still read, and for how long, before it is refused: a client that is cut
/// off while it sends sees a broken connection instead of the answer.
const MAX_DISCARDED: u64 = 64 << 20;
const DISCARD_TIMEOUT: Duration = Duration::from_millis(500);

/// What a handler answers.
#[derive(Debug)]
pub enum Answer {
    /// A whole response. One of status 0 is none: the connection is closed, as that of a program that died.
    Whole(Response),
    /// A response whose body comes in pieces and ends when the sender is gone. The response's own body is sent first.
    Stream(Response, mpsc::Receiver<Bytes>),
}

/// Answers requests. A future that is dropped means that the client went away.
pub type Handler = Arc<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// A listening server. Dropping it frees the port at once, and ends all its connections soon after.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    listener: Listener,
    accept: AbortHandle,
}

/// Shared between the server and its task, as an aborted task is dropped some time later: a program that is started
/// again where another just ended must find the port free.
#[derive(Clone, Debug)]
struct Listener(Arc<Mutex<Option<TcpListener>>>);

impl Listener {
    /// The next connection; `None` once the listener is closed.
    async fn accept(&self) -> Option<io::Result<TcpStream>> {
        poll_fn(|context| match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(listener) => {
                listener.poll_accept(context).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
            }
            None => Poll::Ready(None),
        })
        .await
    }

    fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Server {
    /// Listens on `address` and answers with `handler`.
    ///
    /// # Errors
    /// The address is taken, or not one of this machine's.
    pub async fn start(address: SocketAddr, handler: Handler) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let listener = Listener(Arc::new(Mutex::new(Some(listener))));
        let accept = tokio::spawn(accept(listener.clone(), handler)).abort_handle();
        Ok(Self { address, listener, accept })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listener.close();
        self.accept.abort();
    }
}

async fn accept(listener: Listener, handler: Handler) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            None => return,
            Some(Ok(stream)) => stream,
            // Out of file descriptors or the peer is gone already: the next one may do better.
            Some(Err(_)) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let _ = stream.set_nodelay(true);
        let handler = Arc::clone(&handler);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&handler)));
            let mut builder = hyper::server::conn::http1::Builder::new();
            // Without half-closed connections: a client that closes is gone, and whoever works for it is told.
            builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).half_close(false);
            // A malformed request ends this connection and nothing else.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}

/// A body: what is known at once, then the pieces as they come.
struct Body {
    first: Option<Bytes>,
    rest: Option<mpsc::Receiver<Bytes>>,
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match &mut self.rest {
            Some(rest) => rest.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece)))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let known = self.first.as_ref().map_or(0, |first| first.len() as u64);
        if self.rest.is_some() { SizeHint::default() } else { SizeHint::with_exact(known) }
    }
}

/// The handler answers nothing.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer;

async fn answer(
    request: hyper::Request<Incoming>,
    handler: Handler,
) -> Result<hyper::Response<Body>, NoAnswer> {
    let answer = match read(request).await {
        Ok(request) => handler(request).await,
        Err(refusal) => Answer::Whole(refusal),
    };
    let (mut response, rest) = match answer {
        Answer::Whole(response) => (response, None),
        Answer::Stream(response, pieces) => (response, Some(pieces)),
    };
    if response.status == 0 {
        return Err(NoAnswer);
    }
    let first = std::mem::take(&mut response.body);
    let first = (!first.is_empty()).then(|| Bytes::from(first));
    Ok(head(&response, Body { first, rest }))
}

async fn read(request: hyper::Request<Incoming>) -> Result<Request, Response> {
    let method = match *request.method() {
        hyper::Method::DELETE => Method::Delete,
        hyper::Method::GET => Method::Get,
        hyper::Method::HEAD => Method::Head,
        hyper::Method::OPTIONS => Method::Options,
        hyper::Method::PATCH => Method::Patch,
        hyper::Method::POST => Method::Post,
        hyper::Method::PUT => Method::Put,
        _ => return Err(Response::new(501, "text/plain", "501 Not Implemented.")),
    };
    let url = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let body = body(request.into_body()).await?;
    Ok(Request { method, url, headers, body })
}

/// Reads a whole body, or says what to answer instead.
async fn body(mut incoming: Incoming) -> Result<Vec<u8>, Response> {
    let refuse =
        |status, text: String| Response::new(status, "text/plain", text).with_header("connection", "close");
    let announced = incoming.size_hint().lower();
    let limit = MAX_REQUEST as u64;
    let read = Limited::new(&mut incoming, MAX_REQUEST).collect();
    if announced <= limit {
        match tokio::time::timeout(BODY_TIMEOUT, read).await {
            Ok(Ok(body)) => return Ok(body.to_bytes().to_vec()),
            Ok(Err(why)) if why.is::<LengthLimitError>() => {}
            Ok(Err(why)) => return Err(refuse(400, format!("400 the body broke off: {why}"))),
            Err(_) => return Err(refuse(408, format!("408 the body took longer than {BODY_TIMEOUT:?}"))),
        }
    }
    let discard = async {
        let mut discarded = 0;
        while let Some(Ok(frame)) = incoming.frame().await {
            discarded += frame.data_ref().map_or(0, |data| data.len() as u64);
            if discarded > MAX_DISCARDED {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, discard).await;
    Err(refuse(413, format!("413 the body is over {MAX_REQUEST} bytes")))
}

fn head(response: &Response, body: Body) -> hyper::Response<Body> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    let reason =
        response.reason.as_ref().and_then(|text| hyper::ext::ReasonPhrase::try_from(text.as_bytes()).ok());
    if let Some(reason) = reason {
        builder = builder.extension(reason);
    }
    // Only a machine that made up an impossible status or header comes here: say so instead of dying.
    builder.body(body).unwrap_or_else(|why| {
        let text = Bytes::from(format!("the answer cannot be sent: {why}"));
        let mut broken = hyper::Response::new(Body { first: Some(text), rest: None });
        *broken.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}
