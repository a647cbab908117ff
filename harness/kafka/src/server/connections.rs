//! Clients' connections: each is served strictly in order, and closed for whatever cannot be read.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::LogSink;
use crate::client::{read_frame, write_frame};
use crate::codec::Request;
use crate::model::broker::Broker;
use crate::shell::{Reply, Task};

/// Connections at a time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 2000;
/// How long a client may take to read an answer before it is given up.
const WRITE_LIMIT: Duration = Duration::from_secs(60);
/// Pause after accepting failed: the system is out of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) inbox: mpsc::Sender<Task<Broker>>,
    pub(super) log: LogSink,
    pub(super) request_max_bytes: usize,
    pub(super) idle: Duration,
}

/// Accepts until its task is aborted; connections end with it.
pub(super) async fn accept(listener: TcpListener, front: Front) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let accepted = loop {
            tokio::select! {
                accepted = listener.accept() => break accepted,
                Some(_) = connections.join_next() => {}
            }
        };
        match accepted {
            Ok((stream, _)) => {
                let front = front.clone();
                connections.spawn(async move {
                    serve(stream, &front).await;
                    drop(permit);
                });
            }
            Err(error) => {
                (front.log)(&format!("Error while accepting connection: {error}"));
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, front: &Front) {
    // Only a hint to the system: without it answers are a little slower.
    let _ = stream.set_nodelay(true);
    loop {
        let Ok(Ok(frame)) = timeout(front.idle, read_frame(&mut stream, front.request_max_bytes)).await
        else {
            return;
        };
        let (header, request) = match Request::decode(frame) {
            Ok(decoded) => decoded,
            Err(error) => {
                (front.log)(&format!("Closing socket for a client because of error: {error}"));
                return;
            }
        };
        let (reply, replied) = oneshot::channel();
        if front.inbox.send(Task::Request(request, reply)).await.is_err() {
            return;
        }
        match replied.await {
            Ok(Reply::Answer(response)) => {
                let body = response.encode(header.correlation);
                if !matches!(timeout(WRITE_LIMIT, write_frame(&mut stream, &body)).await, Ok(Ok(()))) {
                    return;
                }
            }
            Ok(Reply::Nothing) => {}
            Ok(Reply::HangUp) | Err(_) => return,
        }
    }
}
