//! What the frameworks ask of ZooKeeper, done with the client.

use std::time::Duration;

use stacklab_machine::process::{ZkError, ZkOp, ZkReply};
use tokio::time::{Instant, sleep};

use super::{Client, CreateMode, Error, Options};

/// How long the frameworks' client tries before it gives up.
const LIMIT: Duration = Duration::from_secs(30);
/// Pause after a connection loss.
const PAUSE: Duration = Duration::from_millis(50);

impl Client {
    /// Does what a framework's program asks for. A lost connection is waited for, 30 s at most, and the operation
    /// done again: as the frameworks' ZkClient does it.
    ///
    /// # Errors
    /// What ZooKeeper answered; [`ZkError::Unreachable`] if it cannot be reached, or the session is over.
    pub async fn apply(&self, op: &ZkOp) -> Result<ZkReply, ZkError> {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.apply_once(op).await {
                Err(Error::ConnectionLoss(_)) if Instant::now() < deadline => sleep(PAUSE).await,
                result => return result.map_err(|error| self.zk_error(error)),
            }
        }
    }

    async fn apply_once(&self, op: &ZkOp) -> Result<ZkReply, Error> {
        match op {
            ZkOp::Create { path, data, parents, ephemeral } => {
                let mode = if *ephemeral { CreateMode::Ephemeral } else { CreateMode::Persistent };
                if *parents {
                    self.create_with_parents(path, Some(data), mode).await?;
                } else {
                    self.create(path, Some(data), mode).await?;
                }
                Ok(ZkReply::Done)
            }
            ZkOp::Put { path, data } => self.put(path, data).await,
            ZkOp::Set { path, data, version } => {
                self.set(path, Some(data), *version).await.map(|_| ZkReply::Done)
            }
            ZkOp::Get { path } => {
                let (data, stat) = self.get(path, false).await?;
                Ok(ZkReply::Data { data: data.unwrap_or_default().to_vec(), version: stat.version })
            }
            ZkOp::Children { path } => self.children(path, false).await.map(ZkReply::Children),
            ZkOp::Delete { path, recursive: true } => {
                self.delete_recursive(path).await.map(|()| ZkReply::Done)
            }
            ZkOp::Delete { path, recursive: false } => self.delete(path, -1).await.map(|()| ZkReply::Done),
        }
    }

    /// Creates or overwrites. Between the two somebody else may create or delete the node, once or twice.
    async fn put(&self, path: &str, data: &[u8]) -> Result<ZkReply, Error> {
        let mut result = Ok(ZkReply::Done);
        for _ in 0..3 {
            result = match self.create(path, Some(data), CreateMode::Persistent).await {
                Ok(_) => return Ok(ZkReply::Done),
                Err(Error::NodeExists(_)) => self.set(path, Some(data), -1).await.map(|_| ZkReply::Done),
                Err(error) => return Err(error),
            };
            if !matches!(result, Err(Error::NoNode(_))) {
                return result;
            }
        }
        result
    }

    fn zk_error(&self, error: Error) -> ZkError {
        zk_error(error, || self.connect_string().to_string())
    }

    /// Opens the session of a framework's program: 30 s to connect, 30 s session timeout.
    ///
    /// # Errors
    /// [`ZkError::Unreachable`].
    pub async fn connect_for_program(connect: &str) -> Result<Self, ZkError> {
        let opened = Self::connect_with(connect, Options::default()).await;
        opened.map_err(|error| zk_error(error, || connect.to_owned()))
    }
}

fn zk_error(error: Error, connect: impl FnOnce() -> String) -> ZkError {
    match error {
        Error::NoNode(path) => ZkError::NoNode(path),
        Error::NodeExists(path) => ZkError::NodeExists(path),
        Error::BadVersion(path) => ZkError::BadVersion(path),
        Error::NotEmpty(path) => ZkError::Other { path, code: -111 },
        Error::NoChildrenForEphemerals(path) => ZkError::Other { path, code: -108 },
        Error::NoAuth(path) => ZkError::Other { path, code: -102 },
        Error::InvalidAcl(path) => ZkError::Other { path, code: -114 },
        Error::BadArguments(path) => ZkError::Other { path, code: -8 },
        Error::Other { path, code } => ZkError::Other { path, code },
        Error::Unreachable { connect, why } | Error::BadConnectString { connect, why } => {
            ZkError::Unreachable { connect, why }
        }
        other @ (Error::ConnectionLoss(_) | Error::Expired | Error::Closed | Error::Protocol(_)) => {
            ZkError::Unreachable { connect: connect(), why: other.to_string() }
        }
    }
}
