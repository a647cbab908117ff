//! The HTTP server: answers, streams, limits, and what clients must not be able to do to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use stacklab_live::http::{Answer, Handler, MAX_REQUEST, Server};
use stacklab_machine::http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::support::{client, get, raw, until, within};

fn handler(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Handler {
    let answer = Arc::new(answer);
    Arc::new(move |request| {
        let answer = Arc::clone(&answer);
        Box::pin(async move { answer(&request) })
    })
}

/// Says back what came.
fn echo(request: &Request) -> Answer {
    let text = format!("{} {} {}", request.method, request.url, request.body.len());
    let mut response = Response::new(200, "text/plain", text).with_header("x-own", "yes");
    response.reason = Some("As You Like It".to_owned());
    Answer::Whole(response)
}

async fn start(handler: Handler) -> Server {
    Server::start(SocketAddr::from(([127, 78, 1, 1], 0)), handler).await.unwrap()
}

async fn works(address: SocketAddr) {
    let (status, text) = get(&format!("http://{address}/next?a=b")).await;
    assert_eq!((status, text.as_str()), (200, "GET /next?a=b 0"));
}

#[tokio::test]
async fn answers_whole() {
    let server = start(handler(echo)).await;
    let url = format!("http://{}/a%20b?c=d", server.address());
    let answer = within("the answer", client().post(&url).body("12345").send()).await.unwrap();
    assert_eq!(answer.headers()["x-own"], "yes");
    assert_eq!(answer.headers()["content-length"], "17");
    assert_eq!(answer.text().await.unwrap(), "POST /a%20b?c=d 5");
}

#[tokio::test]
async fn keeps_a_connection_and_its_own_reason() {
    let server = start(handler(echo)).await;
    let two = b"GET /1 HTTP/1.1\r\nhost: h\r\n\r\nGET /2 HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    let answers = raw(server.address(), two).await;
    assert_eq!(answers.matches("HTTP/1.1 200 As You Like It\r\n").count(), 2, "{answers}");
    assert!(answers.contains("GET /1 0") && answers.ends_with("GET /2 0"), "{answers}");
    assert!(
        raw(server.address(), b"BREW / HTTP/1.1\r\nconnection: close\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 501 ")
    );
}

#[tokio::test]
async fn streams_and_ends_streams() {
    let (sender, receiver) = mpsc::channel(4);
    let receiver = std::sync::Mutex::new(Some(receiver));
    let head = || Response::new(200, "text/plain", "first ");
    let server =
        start(handler(move |_| Answer::Stream(head(), receiver.lock().unwrap().take().unwrap()))).await;
    let mut answer = client().get(format!("http://{}/", server.address())).send().await.unwrap();
    assert_eq!(answer.headers()["transfer-encoding"], "chunked");
    // Each piece arrives while the stream is open.
    assert_eq!(within("the first piece", answer.chunk()).await.unwrap().unwrap(), "first ");
    for piece in ["second ", "third"] {
        sender.send(Bytes::from(piece)).await.unwrap();
        assert_eq!(within("a piece", answer.chunk()).await.unwrap().unwrap(), piece);
    }
    drop(sender);
    assert_eq!(within("the end", answer.chunk()).await.unwrap(), None);
}

#[tokio::test]
async fn notices_that_the_reader_of_a_stream_went_away() {
    let (sender, receiver) = mpsc::channel(4);
    let receiver = std::sync::Mutex::new(Some(receiver));
    let head = || Response::new(200, "text/plain", "first");
    let server =
        start(handler(move |_| Answer::Stream(head(), receiver.lock().unwrap().take().unwrap()))).await;
    let mut answer = client().get(format!("http://{}/", server.address())).send().await.unwrap();
    within("the first piece", answer.chunk()).await.unwrap();
    assert!(!sender.is_closed());
    drop(answer);
    // Without another piece being sent.
    within("the end of the stream's receiver", sender.closed()).await;
}

#[tokio::test]
async fn drops_the_work_for_a_client_that_went_away() {
    struct Guard(Arc<AtomicUsize>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let working = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&working);
    let never: Handler = Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        let guard = Guard(Arc::clone(&count));
        Box::pin(async move {
            let _guard = guard;
            std::future::pending().await
        })
    });
    let server = start(never).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    until("the request", async || (working.load(Ordering::SeqCst) == 1).then_some(())).await;
    drop(stream);
    until("the end of the work", async || (working.load(Ordering::SeqCst) == 0).then_some(())).await;
}

#[tokio::test]
async fn refuses_a_body_over_the_limit() {
    let server = start(handler(echo)).await;
    let url = format!("http://{}/", server.address());
    let largest =
        within("an answer", client().post(&url).body(vec![b'x'; MAX_REQUEST]).send()).await.unwrap();
    assert_eq!(largest.text().await.unwrap(), format!("POST / {MAX_REQUEST}"));
    // Once a little over, once far over: the client must see the answer, not a broken connection.
    for over in [1, MAX_REQUEST / 2] {
        let body = vec![b'x'; MAX_REQUEST + over];
        let answer = within("an answer", client().post(&url).body(body).send()).await.unwrap();
        assert_eq!(answer.status(), 413);
    }
    works(server.address()).await;
}

#[tokio::test]
async fn an_announced_body_over_the_limit_is_refused_though_it_never_comes() {
    let server = start(handler(echo)).await;
    let head = format!("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n", u64::MAX / 2);
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    within("the answer", stream.read_exact(&mut start)).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    works(server.address()).await;
}

#[tokio::test]
async fn bad_bytes_end_their_connection_only() {
    let server = start(handler(echo)).await;
    let long_line = [b"GET /".as_slice(), &[b'a'; 1 << 20], b" HTTP/1.1\r\n\r\n"].concat();
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(10_000));
    let bad: [&[u8]; 8] = [
        b"\r\n\r\n\r\n \r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\xff\xfe\r\n\r\n",
        &long_line,
        many_headers.as_bytes(),
    ];
    for bytes in bad {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        // The server may have closed before it has all.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = within("the end of the connection", stream.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        works(server.address()).await;
    }
}

#[tokio::test]
async fn a_request_that_breaks_off_is_no_request() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let server = start(handler(move |request| {
        if request.url.contains("half") {
            count.fetch_add(1, Ordering::SeqCst);
        }
        echo(request)
    }))
    .await;
    let halves: [&[u8]; 3] = [
        b"GET /half HT",
        b"POST /half HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\nabc",
        b"POST /half HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nff\r\nabc",
    ];
    for half in halves {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(half).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = within("the end of the connection", stream.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
        works(server.address()).await;
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn serves_many_connections_at_a_time() {
    let together = Arc::new(tokio::sync::Barrier::new(300));
    let waiting: Handler = Arc::new(move |request| {
        let together = Arc::clone(&together);
        Box::pin(async move {
            // None is answered before all have come.
            together.wait().await;
            echo(&request)
        })
    });
    let server = start(waiting).await;
    let url = format!("http://{}/", server.address());
    let requests: Vec<_> = (0..300).map(|_| tokio::spawn(client().get(&url).send())).collect();
    for request in requests {
        assert_eq!(within("an answer", request).await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn an_address_is_taken_and_free_again_at_once() {
    let server = start(handler(echo)).await;
    let address = server.address();
    let idle = TcpStream::connect(address).await.unwrap();
    works(address).await;
    let taken = Server::start(address, handler(echo)).await.unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    drop(server);
    // No wait in between: a program may be started again where it just ended.
    let again = Server::start(address, handler(echo)).await.unwrap();
    works(again.address()).await;
    drop(idle);
}

#[tokio::test]
async fn the_end_of_a_server_ends_its_connections() {
    let server = start(handler(echo)).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    let mut first = [0; 8];
    within("an answer", stream.read_exact(&mut first)).await.unwrap();
    drop(server);
    let mut rest = Vec::new();
    let _ = within("the end of the connection", stream.read_to_end(&mut rest)).await;
}
