//! A small client for one broker, ours or the original 0.8.2.2: requests one at a time over one connection, which
//! is opened when needed and again after it broke.

mod connection;

use std::time::Duration;

use tokio::time::timeout;

use crate::codec::{
    Fetch, FetchPart, FetchedPart, Metadata, Offsets, OffsetsPart, Produce, ProducePart, ProducedPart,
    Request, Response, Topic,
};
use crate::model::{Endpoint, ErrorCode};

use self::connection::Connection;
pub(crate) use self::connection::{read_frame, write_frame};

/// The longest answer that is taken: what the original takes as a request.
pub const MAX_ANSWER: usize = 104_857_600;

/// Why a broker did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The connection cannot be made or broke.
    #[error("broker {at}: {why}")]
    Io {
        /// The broker.
        at: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// It took too long.
    #[error("broker {at}: no answer within {ms} ms")]
    TimedOut {
        /// The broker.
        at: String,
        /// The limit.
        ms: u128,
    },
    /// The answer cannot be read.
    #[error("broker {at}: {why}")]
    Malformed {
        /// The broker.
        at: String,
        /// What is wrong.
        why: String,
    },
    /// The answer is an error.
    #[error("the broker answered with error {0}")]
    Refused(i16),
}

/// A client of one broker.
#[derive(Debug)]
pub struct Client {
    at: Endpoint,
    client_id: String,
    timeout: Duration,
    connection: Option<Connection>,
}

impl Client {
    /// A client of the broker at this address; nothing is connected yet. `timeout` bounds each call, connecting
    /// included; to a long poll its own wait is added.
    pub fn new(at: Endpoint, client_id: &str, timeout: Duration) -> Self {
        Self { at, client_id: client_id.to_owned(), timeout, connection: None }
    }

    /// Asks for the cluster's brokers and for topics, or all topics if none are named. Naming a missing topic
    /// creates it, where brokers are allowed to.
    pub async fn metadata(&mut self, topics: &[&str]) -> Result<Metadata, ClientError> {
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        match self.call(&Request::Metadata(topics)).await? {
            Response::Metadata { metadata, .. } => Ok(metadata),
            _ => Err(self.malformed("another kind of answer")),
        }
    }

    /// The offset at `time` in ms: −1 for the end, −2 for the start.
    pub async fn offset(&mut self, topic: &str, partition: i32, time: i64) -> Result<i64, ClientError> {
        let parts = vec![OffsetsPart { partition, time, max_offsets: 1 }];
        let request = Offsets { replica_id: -1, topics: vec![Topic::new(topic, parts)] };
        let Response::Offsets(topics) = self.call(&Request::Offsets(request)).await? else {
            return Err(self.malformed("another kind of answer"));
        };
        let part = topics.into_iter().flat_map(|topic| topic.partitions).next();
        let part = part.ok_or_else(|| self.malformed("no partition"))?;
        check(part.error)?;
        part.offsets.first().copied().ok_or_else(|| self.malformed("no offset"))
    }

    /// Reads up to `max_bytes` from an offset on, waiting up to `wait` for something to come.
    pub async fn fetch(
        &mut self,
        topic: &str,
        partition: i32,
        offset: i64,
        max_bytes: i32,
        wait: Duration,
    ) -> Result<FetchedPart, ClientError> {
        let parts = vec![FetchPart { partition, offset, max_bytes }];
        let max_wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        let topics = vec![Topic::new(topic, parts)];
        let request = Fetch { replica_id: -1, max_wait_ms, min_bytes: 1, topics };
        let Response::Fetch(topics) = self.call_within(&Request::Fetch(request), self.timeout + wait).await?
        else {
            return Err(self.malformed("another kind of answer"));
        };
        let part = topics.into_iter().flat_map(|topic| topic.partitions).next();
        let part = part.ok_or_else(|| self.malformed("no partition"))?;
        check(part.error)?;
        Ok(part)
    }

    /// Appends a message set and waits for as many acknowledgements as wanted: −1 or from 1 on, for there is no
    /// answer to 0. Gives the offset of the first message.
    pub async fn produce(
        &mut self,
        topic: &str,
        partition: i32,
        set: bytes::Bytes,
        acks: i16,
    ) -> Result<i64, ClientError> {
        let timeout_ms = i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX);
        let topics = vec![Topic::new(topic, vec![ProducePart { partition, set }])];
        let acks = if acks == 0 { 1 } else { acks };
        let request = Request::Produce(Produce { acks, timeout_ms, topics });
        let Response::Produce(topics) = self.call_within(&request, self.timeout * 2).await? else {
            return Err(self.malformed("another kind of answer"));
        };
        let part: Option<ProducedPart> = topics.into_iter().flat_map(|topic| topic.partitions).next();
        let part = part.ok_or_else(|| self.malformed("no partition"))?;
        check(part.error)?;
        Ok(part.base_offset)
    }

    /// Sends any request and waits for its answer.
    pub async fn call(&mut self, request: &Request) -> Result<Response, ClientError> {
        self.call_within(request, self.timeout).await
    }

    /// As [`Self::call`], with another limit.
    pub async fn call_within(&mut self, request: &Request, limit: Duration) -> Result<Response, ClientError> {
        // Taken out meanwhile: a call that is cancelled or fails leaves no connection behind that is half way
        // through an answer.
        let connection = self.connection.take();
        let exchange = async {
            let mut connection = match connection {
                Some(connection) => connection,
                None => Connection::open(&self.at).await?,
            };
            let response = connection.exchange(&self.client_id, request).await?;
            Ok::<_, std::io::Error>((connection, response))
        };
        match timeout(limit, exchange).await {
            Ok(Ok((connection, response))) => {
                self.connection = Some(connection);
                Ok(response)
            }
            Ok(Err(why)) => Err(ClientError::Io { at: self.at.to_string(), why }),
            Err(_) => Err(ClientError::TimedOut { at: self.at.to_string(), ms: limit.as_millis() }),
        }
    }

    fn malformed(&self, why: &str) -> ClientError {
        ClientError::Malformed { at: self.at.to_string(), why: why.to_owned() }
    }
}

fn check(error: ErrorCode) -> Result<(), ClientError> {
    if error.is_none() { Ok(()) } else { Err(ClientError::Refused(error.0)) }
}
