//! The HTTP client against servers that do not do as they should.

use std::net::SocketAddr;
use std::time::Duration;

use stacklab_live::http::{MAX_RESPONSE, open_stream, request};
use stacklab_machine::http::{Failure, Method, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::within;

/// Takes one connection, reads a request's head, and does with the connection what it is told.
async fn serve<F, T>(then: impl FnOnce(TcpStream) -> F + Send + 'static) -> (SocketAddr, JoinHandle<T>)
where
    F: Future<Output = T> + Send,
    T: Send + 'static,
{
    let listener = TcpListener::bind((std::net::Ipv4Addr::new(127, 78, 2, 1), 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        then(stream).await
    });
    (address, served)
}

fn get(address: SocketAddr) -> Request {
    Request::get(format!("http://{address}/path?a=b"))
}

#[tokio::test]
async fn reads_a_whole_answer() {
    let (address, _served) = serve(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 404 Gone Fishing\r\nX-A: b\r\ncontent-length: 3\r\n\r\nabc")
            .await
            .unwrap();
        stream
    })
    .await;
    let answer = within("the answer", request(&get(address), None)).await.unwrap();
    assert_eq!((answer.status, answer.reason.as_deref()), (404, Some("Gone Fishing")));
    assert_eq!((answer.header("x-a"), answer.text().as_ref()), (Some("b"), "abc"));
}

#[tokio::test]
async fn nobody_listens() {
    let free = std::net::TcpListener::bind("127.78.2.2:0").unwrap().local_addr().unwrap();
    let failure = within("the failure", request(&get(free), None)).await.unwrap_err();
    assert_eq!(failure, Failure::Refused(free.to_string()));
    let failure = within("the failure", open_stream(&get(free))).await.unwrap_err();
    assert_eq!(failure, Failure::Refused(free.to_string()));
}

#[tokio::test]
async fn bad_addresses() {
    for url in ["/path", "ftp://h/", "http:///x", "http://h:notaport/", "http://127.78.2.1:1/a b"] {
        let failure =
            within(url, request(&Request::get(url), Some(Duration::from_secs(5)))).await.unwrap_err();
        assert!(matches!(failure, Failure::BadAddress(_) | Failure::Refused(_)), "{url}: {failure}");
    }
}

#[tokio::test]
async fn the_server_closes_early() {
    let pieces: [&'static [u8]; 4] = [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
    ];
    for piece in pieces {
        let (address, _served) =
            serve(move |mut stream| async move { stream.write_all(piece).await.unwrap() }).await;
        let failure = within("the failure", request(&get(address), None)).await.unwrap_err();
        assert!(matches!(failure, Failure::Closed(_)), "{failure}");
    }
}

#[tokio::test]
async fn the_answer_is_no_http() {
    let (address, _served) = serve(|mut stream| async move {
        stream.write_all(b"\x00\x00\x00\x10 not for you\r\n\r\n").await.unwrap();
        stream
    })
    .await;
    let failure = within("the failure", request(&get(address), None)).await.unwrap_err();
    assert!(matches!(failure, Failure::Closed(_)), "{failure}");
}

#[tokio::test]
async fn time_is_up_before_and_within_the_answer() {
    for start in [b"".as_slice(), b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"] {
        let (address, served) = serve(move |mut stream| async move {
            stream.write_all(start).await.unwrap();
            // Until the client closes.
            stream.read(&mut [0; 8]).await
        })
        .await;
        let limit = Duration::from_millis(100);
        let failure = within("the failure", request(&get(address), Some(limit))).await.unwrap_err();
        assert!(matches!(failure, Failure::TimedOut(_)), "{failure}");
        assert!(matches!(within("the client's close", served).await.unwrap(), Ok(0) | Err(_)));
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let (address, served) = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let block = vec![b'x'; 1 << 20];
        let mut sent = 0;
        while stream.write_all(&block).await.is_ok() {
            sent += block.len();
        }
        sent
    })
    .await;
    let failure = within("the failure", request(&get(address), None)).await.unwrap_err();
    assert!(matches!(failure, Failure::Closed(_)), "{failure}");
    let sent = within("the client's close", served).await.unwrap();
    assert!(sent < MAX_RESPONSE + (64 << 20), "{sent}");
}

#[tokio::test]
async fn a_dropped_stream_closes_its_connection() {
    let (address, served) = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n").await.unwrap();
        stream.read(&mut [0; 8]).await
    })
    .await;
    let post = Request { method: Method::Post, ..get(address) };
    let (head, mut pieces) = within("the head", open_stream(&post)).await.unwrap();
    assert_eq!(head.status, 200);
    assert_eq!(within("a piece", pieces.recv()).await.unwrap(), "abc");
    drop(pieces);
    assert!(matches!(within("the client's close", served).await.unwrap(), Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_stream_ends_with_its_connection() {
    let (address, _served) = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n").await.unwrap();
    })
    .await;
    let (_, mut pieces) = within("the head", open_stream(&get(address))).await.unwrap();
    assert_eq!(within("a piece", pieces.recv()).await.unwrap(), "abc");
    assert_eq!(within("the end", pieces.recv()).await, None);
}
