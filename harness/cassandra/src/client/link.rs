//! One connection: many requests under way at once, each on a stream of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use super::ClientError;
use crate::codec::{Answer, Compression, Decoded, Decoder, Frame, Request, Response, Version};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the Java driver waits for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(12);
/// Requests under way at most; more wait.
const IN_FLIGHT: usize = 1024;

type Reply = Result<Answer, ClientError>;

/// A request and where its answer goes.
struct Call {
    request: Request,
    reply: oneshot::Sender<Reply>,
}

/// A live connection that has been let in.
#[derive(Debug)]
pub(super) struct Link {
    address: String,
    calls: mpsc::Sender<Call>,
}

impl Link {
    /// Connects and starts up; the error is what is to be said of this address.
    pub(super) async fn connect(host: &str, port: u16) -> Result<Self, String> {
        let address = format!("{host}:{port}");
        let stream = match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port))).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(format!("{address}: {error}")),
            Err(_) => return Err(format!("{address}: no connection within {} s", CONNECT_TIMEOUT.as_secs())),
        };
        // Only speed depends on it.
        let _ = stream.set_nodelay(true);
        let (calls, receiver) = mpsc::channel(IN_FLIGHT);
        tokio::spawn(Wire::new(stream, address.clone()).run(receiver));
        let link = Self { address, calls };
        let startup = Request::Startup(vec![("CQL_VERSION".to_owned(), "3.0.0".to_owned())]);
        match link.call(startup).await {
            Ok(Answer { response: Response::Ready, .. }) => Ok(link),
            Ok(Answer { response: Response::Authenticate(class), .. }) => {
                Err(format!("{}: wants credentials for {class}", link.address))
            }
            Ok(Answer { response, .. }) => Err(format!("{}: unexpected answer {response:?}", link.address)),
            Err(error) => Err(format!("{}: {error}", link.address)),
        }
    }

    /// Whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.calls.is_closed()
    }

    /// Sends a request and waits for its answer; an ERROR is one of `Err`.
    pub(super) async fn call(&self, request: Request) -> Reply {
        let broken =
            || ClientError::Connection { address: self.address.clone(), cause: "it is closed".to_owned() };
        let (reply, answer) = oneshot::channel();
        let exchange = async {
            self.calls.send(Call { request, reply }).await.map_err(|_| broken())?;
            answer.await.map_err(|_| broken())?
        };
        match tokio::time::timeout(ANSWER_TIMEOUT, exchange).await {
            Ok(Ok(Answer { response: Response::Error(error), .. })) => Err(error.into()),
            Ok(answer) => answer,
            Err(_) => {
                let (address, seconds) = (self.address.clone(), ANSWER_TIMEOUT.as_secs());
                Err(ClientError::Timeout { address, seconds })
            }
        }
    }
}

/// The socket's own task.
struct Wire {
    stream: TcpStream,
    address: String,
    decoder: Decoder,
    input: BytesMut,
    waiting: BTreeMap<i16, oneshot::Sender<Reply>>,
    next_stream: i16,
}

impl Wire {
    fn new(stream: TcpStream, address: String) -> Self {
        let (decoder, input) = (Decoder::default(), BytesMut::with_capacity(8 * 1024));
        Self { stream, address, decoder, input, waiting: BTreeMap::new(), next_stream: 0 }
    }

    /// Runs until nobody can call any more, or the connection breaks; then every waiting call is told why.
    async fn run(mut self, mut calls: mpsc::Receiver<Call>) {
        let cause = self.exchange(&mut calls).await;
        calls.close();
        let error = ClientError::Connection { address: self.address, cause };
        for reply in self.waiting.into_values() {
            // Who no longer waits needs no answer.
            let _ = reply.send(Err(error.clone()));
        }
        while let Ok(call) = calls.try_recv() {
            let _ = call.reply.send(Err(error.clone()));
        }
    }

    async fn exchange(&mut self, calls: &mut mpsc::Receiver<Call>) -> String {
        loop {
            let has_room = self.waiting.len() < IN_FLIGHT;
            tokio::select! {
                call = calls.recv(), if has_room => match call {
                    None => return "the client is gone".to_owned(),
                    Some(call) => {
                        let mut out = BytesMut::new();
                        self.send(call, &mut out);
                        // What waits already goes along in one write.
                        while self.waiting.len() < IN_FLIGHT && let Ok(call) = calls.try_recv() {
                            self.send(call, &mut out);
                        }
                        if let Err(error) = self.stream.write_all(&out).await {
                            return error.to_string();
                        }
                    }
                },
                read = self.stream.read_buf(&mut self.input) => match read {
                    Ok(0) => return "the server closed it".to_owned(),
                    Err(error) => return error.to_string(),
                    Ok(_) => if let Err(cause) = self.receive() {
                        return cause;
                    },
                },
            }
        }
    }

    fn send(&mut self, call: Call, out: &mut BytesMut) {
        while self.waiting.contains_key(&self.next_stream) {
            self.next_stream = self.next_stream.wrapping_add(1).max(0);
        }
        let stream = self.next_stream;
        self.next_stream = stream.wrapping_add(1).max(0);
        call.request.encode(Version::V4, stream).encode(Compression::None, out);
        self.waiting.insert(stream, call.reply);
    }

    fn receive(&mut self) -> Result<(), String> {
        loop {
            match self.decoder.decode(&mut self.input) {
                Decoded::Incomplete => return Ok(()),
                Decoded::Frame(frame) => self.answer(&frame),
                Decoded::Bad(_, error) => return Err(error.to_string()),
            }
        }
    }

    fn answer(&mut self, frame: &Frame) {
        // Answers that nobody waits for, and events, which nobody registered for, are dropped.
        if let Some(reply) = self.waiting.remove(&frame.stream) {
            let answer = Answer::decode(frame).map_err(|error| ClientError::BadAnswer(error.to_string()));
            let _ = reply.send(answer);
        }
    }
}
