//! A program's ZooKeeper sessions: one a connect string, operations in order.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use stacklab_machine::process::{ZkError, ZkOp, ZkReply};
use stacklab_zookeeper::client::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::mishap::{Mishaps, Party};

/// Operations that may wait in one session. A program that asks for more gets an error for the rest.
const MAX_WAITING: usize = 1024;

/// What an operation is taken to have, in bytes, where a link is narrow.
const OPERATION: usize = 200;

/// What came of an operation.
pub(crate) type ZkResult = Result<ZkReply, ZkError>;
/// Delivers a result.
pub(crate) type Deliver = Box<dyn FnOnce(ZkResult) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The sessions of one program. Dropping them cuts their connections, as the end of a process does.
#[derive(Debug, Default)]
pub(crate) struct ZkSessions {
    road: (Mishaps, Party),
    sessions: BTreeMap<String, mpsc::Sender<(ZkOp, Deliver)>>,
    workers: JoinSet<()>,
}

impl ZkSessions {
    /// Those of a program that is one end of a link.
    pub(crate) fn new(mishaps: &Mishaps, from: &Party) -> Self {
        Self { road: (mishaps.clone(), from.clone()), ..Self::default() }
    }

    /// Does `op` after all that was submitted for this connect string before, and hands the result to `deliver`.
    pub(crate) fn submit<F>(&mut self, connect: &str, op: ZkOp, deliver: F)
    where
        F: FnOnce(ZkResult) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + 'static,
    {
        if !self.sessions.contains_key(connect) {
            let (sender, receiver) = mpsc::channel(MAX_WAITING);
            self.workers.spawn(work(connect.to_owned(), receiver, self.road.clone()));
            self.sessions.insert(connect.to_owned(), sender);
        }
        let Some(session) = self.sessions.get(connect) else { return };
        if let Err(refused) = session.try_send((op, Box::new(deliver))) {
            let (_, deliver) = refused.into_inner();
            let why = format!("{MAX_WAITING} operations wait already");
            self.workers.spawn(deliver(Err(ZkError::Unreachable { connect: connect.to_owned(), why })));
        }
    }
}

async fn work(
    connect: String,
    mut operations: mpsc::Receiver<(ZkOp, Deliver)>,
    (mishaps, from): (Mishaps, Party),
) {
    let mut client: Option<Client> = None;
    while let Some((op, deliver)) = operations.recv().await {
        let first = connect.split(',').next().unwrap_or_default();
        let to = if mishaps.armed() { mishaps.party_at(first) } else { Party::default() };
        mishaps.pass(&from, &to, OPERATION).await;
        let result = match &client {
            Some(client) => client.apply(&op).await,
            None => match Client::connect_for_program(&connect).await {
                Ok(connected) => {
                    let result = connected.apply(&op).await;
                    client = Some(connected);
                    result
                }
                Err(why) => Err(why),
            },
        };
        if matches!(result, Err(ZkError::Unreachable { .. })) {
            // The session may be over: the next operation opens a new one.
            client = None;
        }
        mishaps.pass(&to, &from, OPERATION).await;
        deliver(result).await;
    }
}
