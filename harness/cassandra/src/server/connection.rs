//! One connection: frames in, answers and events out, in order.

use std::net::IpAddr;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::Ring;
use crate::CqlError;
use crate::codec::{
    Answer, Compression, Decoded, Decoder, EventKind, Frame, Parameters, Request, Response, Version,
};
use crate::model::{ClusterEvent, Executed, Outcome, Session};

/// Answers are sent off when there are so many bytes of them.
const FLUSH_AT: usize = 256 * 1024;
/// A client that takes nothing for so long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The driver that cannot read the schema tables of 2.2.
const SCYLLA_DRIVER: &str = "ScyllaDB Rust Driver";

/// What a connection has to know of its node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) node: IpAddr,
    pub(super) strict: bool,
}

struct Connection {
    ring: Ring,
    strict: bool,
    session: Session,
    decoder: Decoder,
    version: Option<Version>,
    /// Set by STARTUP, with how answers are compressed from then on.
    ready: Option<Compression>,
    kinds: Vec<EventKind>,
    subscription: Option<(u64, mpsc::Receiver<ClusterEvent>)>,
    out: BytesMut,
}

/// Serves a client until it leaves or sends what cannot be a frame.
pub(super) async fn serve(mut stream: TcpStream, settings: Settings, ring: Ring) {
    // Without it answers wait for acknowledgements of those before; a failure only makes things slow.
    let _ = stream.set_nodelay(true);
    let mut connection = Connection {
        ring,
        strict: settings.strict,
        session: Session::new(settings.node),
        decoder: Decoder::default(),
        version: None,
        ready: None,
        kinds: Vec::new(),
        subscription: None,
        out: BytesMut::new(),
    };
    connection.run(&mut stream).await;
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some((id, _)) = self.subscription.take() {
            self.ring.unsubscribe(id);
        }
    }
}

impl Connection {
    async fn run(&mut self, stream: &mut TcpStream) {
        let mut input = BytesMut::with_capacity(8 * 1024);
        loop {
            loop {
                let decoded = self.decoder.decode(&mut input);
                if decoded == Decoded::Incomplete {
                    break;
                }
                self.handle(decoded);
                if self.out.len() >= FLUSH_AT && !self.flush(stream).await {
                    return;
                }
            }
            if !self.flush(stream).await {
                return;
            }
            tokio::select! {
                read = stream.read_buf(&mut input) => match read {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                },
                event = next_event(&mut self.subscription) => match event {
                    Some(event) => self.push_event(event),
                    // The ring gave up on us: too many events waited.
                    None => return,
                },
            }
        }
    }

    async fn flush(&mut self, stream: &mut TcpStream) -> bool {
        if self.out.is_empty() {
            return true;
        }
        let bytes = self.out.split();
        matches!(tokio::time::timeout(WRITE_TIMEOUT, stream.write_all(&bytes)).await, Ok(Ok(())))
    }

    fn handle(&mut self, decoded: Decoded) {
        match decoded {
            Decoded::Incomplete => {}
            Decoded::Bad(stream, error) => {
                self.answer(self.version.unwrap_or_default(), stream, &Response::Error(error).into());
            }
            Decoded::Frame(frame) => {
                let answer = self.request(&frame).unwrap_or_else(|error| Response::Error(error).into());
                // What the request changed is told before it is answered.
                let events: Vec<_> = match &mut self.subscription {
                    Some((_, events)) => std::iter::from_fn(|| events.try_recv().ok()).collect(),
                    None => Vec::new(),
                };
                events.into_iter().for_each(|event| self.push_event(event));
                self.answer(self.version.unwrap_or_default(), frame.stream, &answer);
            }
        }
    }

    fn answer(&mut self, version: Version, stream: i16, answer: &Answer) {
        answer.encode(version, stream).encode(self.ready.unwrap_or_default(), &mut self.out);
    }

    fn push_event(&mut self, event: ClusterEvent) {
        self.answer(self.version.unwrap_or_default(), -1, &Response::Event(event).into());
    }

    fn request(&mut self, frame: &Frame) -> Result<Answer, CqlError> {
        let version = *self.version.get_or_insert(frame.version);
        if version != frame.version {
            let (got, had) = (frame.version.number(), version.number());
            return Err(CqlError::Protocol(format!(
                "Invalid message version. Got {got} but previous messages on this connection had version {had}"
            )));
        }
        let request = Request::decode(frame)?;
        match (&request, self.ready) {
            (Request::Options, _) => return Ok(supported().into()),
            (Request::Startup(entries), None) => return self.startup(entries),
            (Request::Startup(_), Some(_)) => {
                let name = request.name();
                return Err(CqlError::Protocol(format!(
                    "Unexpected message {name}, the connection is already initialized"
                )));
            }
            (_, None) => {
                let name = request.name();
                return Err(CqlError::Protocol(format!(
                    "Unexpected message {name}, expecting STARTUP or OPTIONS"
                )));
            }
            _ => {}
        }
        match request {
            Request::Register(kinds) => {
                self.register(kinds);
                Ok(Response::Ready.into())
            }
            Request::Prepare(cql) => {
                let info = self.ring.with(|cluster, _| cluster.prepare(&self.session, &cql))?;
                Ok(Response::Prepared(info).into())
            }
            Request::Query(cql, parameters) => {
                let Parameters { options, skip_metadata } = page_checked(parameters)?;
                let done =
                    self.ring.with(|cluster, now| cluster.query(now, &self.session, &cql, &options))?;
                Ok(self.executed(done, skip_metadata))
            }
            Request::Execute(id, parameters) => {
                let Parameters { options, skip_metadata } = page_checked(parameters)?;
                let done =
                    self.ring.with(|cluster, now| cluster.execute(now, &self.session, &id, &options))?;
                Ok(self.executed(done, skip_metadata))
            }
            Request::Batch(batch) => {
                let done = self.ring.with(|cluster, now| cluster.batch(now, &self.session, &batch))?;
                Ok(self.executed(done, false))
            }
            // Nobody asked for it, but the original takes it.
            Request::AuthResponse(_) => Ok(Response::AuthSuccess.into()),
            Request::Startup(_) | Request::Options => Ok(Response::Ready.into()),
        }
    }

    fn startup(&mut self, entries: &[(String, String)]) -> Result<Answer, CqlError> {
        let value = |name: &str| {
            entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
        };
        let cql_version = value("CQL_VERSION")
            .ok_or_else(|| CqlError::Protocol("Missing value CQL_VERSION in STARTUP message".to_owned()))?;
        check_cql_version(cql_version)?;
        let compression = Request::compression(entries)?;
        self.session.modern_schema =
            !self.strict && value("DRIVER_NAME").is_some_and(|name| name.contains(SCYLLA_DRIVER));
        self.decoder.compression = compression;
        self.ready = Some(compression);
        Ok(Response::Ready.into())
    }

    fn register(&mut self, kinds: Vec<EventKind>) {
        self.kinds.extend(kinds);
        self.kinds.sort_unstable();
        self.kinds.dedup();
        if let Some((id, _)) = self.subscription.take() {
            self.ring.unsubscribe(id);
        }
        self.subscription = Some(self.ring.subscribe(self.kinds.clone()));
    }

    fn executed(&mut self, executed: Executed, skip_metadata: bool) -> Answer {
        let response = match executed.outcome {
            Outcome::Void => Response::Void,
            Outcome::Rows(set) => Response::Rows { set, skip_metadata },
            Outcome::SetKeyspace(keyspace) => {
                self.session.keyspace = Some(keyspace.clone());
                Response::SetKeyspace(keyspace)
            }
            Outcome::SchemaChange(change) => Response::SchemaChange(change),
        };
        Answer { response, warnings: executed.warnings }
    }
}

/// Refuses pages of nothing.
fn page_checked(parameters: Parameters) -> Result<Parameters, CqlError> {
    match parameters.options.page_size {
        Some(0) => Err(CqlError::Protocol("The page size cannot be 0".to_owned())),
        _ => Ok(parameters),
    }
}

/// Refuses a version of CQL that is none, or an old one. What stands behind the three numbers is not looked at.
fn check_cql_version(version: &str) -> Result<(), CqlError> {
    let numbers = version.split_once(['-', '+']).map_or(version, |(numbers, _)| numbers);
    let parts: Option<Vec<u32>> = numbers.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some(&[major, minor, _]) if (major, minor) >= (2, 99) => Ok(()),
        Some([_, _, _]) => Err(CqlError::Protocol(format!(
            "CQL version {version} is not supported by the binary protocol (supported version are >= 3.0.0)"
        ))),
        _ => Err(CqlError::Protocol(format!("Invalid version value: {version}"))),
    }
}

/// The next event; never, for a connection that did not register.
async fn next_event(subscription: &mut Option<(u64, mpsc::Receiver<ClusterEvent>)>) -> Option<ClusterEvent> {
    match subscription {
        Some((_, events)) => events.recv().await,
        None => std::future::pending().await,
    }
}

fn supported() -> Response {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Response::Supported(vec![
        ("COMPRESSION".to_owned(), texts(&["snappy", "lz4"])),
        ("CQL_VERSION".to_owned(), texts(&["3.3.1"])),
    ])
}
