//! Deadlines, raw sockets, and the event stream of a scheduler as a client reads it.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Every wait ends here. Nothing that passes comes near it.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// Waits for something that must come.
pub(crate) async fn within<T>(what: &str, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, wait).await.unwrap_or_else(|_| panic!("{what} did not come within {LIMIT:?}"))
}

/// Looks again and again until there is something to see.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
}

/// Waits until nobody listens on an address any more.
pub(crate) async fn until_free(address: SocketAddr) {
    until(&format!("the end of the listener on {address}"), async || {
        std::net::TcpListener::bind(address).ok().map(drop)
    })
    .await;
}

/// Sends bytes and reads until the server closes; the client's own side stays open.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = within("a connection", TcpStream::connect(address)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset is a way to close, too.
    let _ = within("the server's end of the connection", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A client that shares nothing with others: no pool, no proxy, a limit on everything.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

/// GET: the status and the text.
pub(crate) async fn get(url: &str) -> (u16, String) {
    let answer = within(url, client().get(url).send()).await.unwrap();
    let status = answer.status().as_u16();
    (status, within(url, answer.text()).await.unwrap())
}

/// GET of JSON.
pub(crate) async fn get_json(url: &str) -> Value {
    let (status, text) = get(url).await;
    assert_eq!(status, 200, "{url}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// RecordIO as a stranger reads it: a decimal length, a line feed, so many bytes.
pub(crate) struct Events {
    response: reqwest::Response,
    buffer: Vec<u8>,
    /// Passed over by [`next_of`](Self::next_of): an offer may come before the update that is waited for.
    passed: Vec<Value>,
}

impl Events {
    pub(crate) fn new(response: reqwest::Response) -> Self {
        Self { response, buffer: Vec::new(), passed: Vec::new() }
    }

    /// The next event; `None` when the master has ended the stream.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(event) = self.take() {
                return Some(event);
            }
            let piece = within("an event or the end of the stream", self.response.chunk()).await;
            self.buffer.extend_from_slice(&piece.ok().flatten()?);
        }
    }

    /// The next event of a type, be it one that was passed over before.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        if let Some(at) = self.passed.iter().position(|event| event["type"] == kind) {
            return self.passed.remove(at);
        }
        within(kind, async {
            loop {
                let event = self.next().await.unwrap_or_else(|| panic!("the stream ended before {kind}"));
                if event["type"] == kind {
                    return event;
                }
                self.passed.push(event);
            }
        })
        .await
    }

    fn take(&mut self) -> Option<Value> {
        let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
        let length: usize = std::str::from_utf8(&self.buffer[..end]).unwrap().parse().unwrap();
        let record = self.buffer.get(end + 1..end + 1 + length)?;
        let event = serde_json::from_slice(record).unwrap();
        self.buffer.drain(..end + 1 + length);
        Some(event)
    }
}
