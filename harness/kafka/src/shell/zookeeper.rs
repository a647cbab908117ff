//! A machine's ZooKeeper session: operations one after the other, events as they come, and a new session when the
//! machine asks for one.

use std::time::Duration;

use stacklab_machine::process::CallId;
use stacklab_zookeeper::client::{Client, CreateMode, Error, Event, Events, Options};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::{ShellConfig, Task};
use crate::model::io::Input;
use crate::model::zk::{Answer, ZkEvent, ZkFault, ZkOp, ZkReply};

/// How long one attempt to connect may take before the next begins; the machine has the last word on the whole.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Pause between attempts, and after an operation that a lost connection swallowed.
const PAUSE: Duration = Duration::from_millis(20);

/// What the machine wants of ZooKeeper.
#[derive(Debug)]
pub(super) enum ZkCommand {
    Do(CallId, ZkOp),
    /// The last session is gone: a new one.
    Open,
    /// Close the session, and say when that is done.
    Close(oneshot::Sender<()>),
}

/// The session of one machine.
pub(super) struct Session<M> {
    config: ShellConfig,
    commands: mpsc::UnboundedReceiver<ZkCommand>,
    inbox: mpsc::Sender<Task<M>>,
}

/// How serving a session came to its end.
enum End {
    /// A new one is wanted.
    Again,
    Over,
}

impl<M: Send + 'static> Session<M> {
    pub(super) fn new(
        config: ShellConfig,
        commands: mpsc::UnboundedReceiver<ZkCommand>,
        inbox: mpsc::Sender<Task<M>>,
    ) -> Self {
        Self { config, commands, inbox }
    }

    pub(super) async fn run(mut self) {
        while let Some(client) = self.connect().await {
            // Before the first watch is set, or its event might be missed.
            let mut forwarder = JoinSet::new();
            let events = client.events();
            let connected = Task::Input(Input::Zk(ZkEvent::Connected));
            if self.inbox.send(connected).await.is_err() {
                return;
            }
            forwarder.spawn(forward(events, self.inbox.clone()));
            if matches!(self.serve(&client).await, End::Over) {
                return;
            }
        }
    }

    /// Tries until there is a session; `None` if meanwhile nobody wants it any more.
    async fn connect(&mut self) -> Option<Client> {
        let options = Options { session_timeout: self.config.session_timeout, connect_timeout: ATTEMPT };
        loop {
            tokio::select! {
                client = Client::connect_with(&self.config.servers, options) => match client {
                    Ok(client) => return Some(client),
                    Err(_) => tokio::time::sleep(PAUSE).await,
                },
                command = self.commands.recv() => match command {
                    Some(ZkCommand::Close(done)) => {
                        // There is nothing to close.
                        let _ = done.send(());
                        return None;
                    }
                    // Left from the session before.
                    Some(ZkCommand::Do(..) | ZkCommand::Open) => {}
                    None => return None,
                },
            }
        }
    }

    async fn serve(&mut self, client: &Client) -> End {
        while let Some(command) = self.commands.recv().await {
            match command {
                ZkCommand::Do(call, op) => {
                    let result = perform(client, op).await;
                    if result == Err(ZkFault::ConnectionLoss) {
                        tokio::time::sleep(PAUSE).await;
                    }
                    if self.inbox.send(Task::Input(Input::ZkReply { call, result })).await.is_err() {
                        return End::Over;
                    }
                }
                ZkCommand::Open => return End::Again,
                ZkCommand::Close(done) => {
                    client.close().await;
                    let _ = done.send(());
                    return End::Over;
                }
            }
        }
        End::Over
    }
}

async fn forward<M>(mut events: Events, inbox: mpsc::Sender<Task<M>>) {
    while let Some(event) = events.recv().await {
        let event = match event {
            Event::Watch { path, .. } => ZkEvent::Fired(path),
            Event::Disconnected => ZkEvent::Disconnected,
            Event::Reconnected => ZkEvent::Reconnected,
            Event::Expired => ZkEvent::Expired,
            Event::Missed(_) => ZkEvent::Missed,
        };
        if inbox.send(Task::Input(Input::Zk(event))).await.is_err() {
            return;
        }
    }
}

async fn perform(client: &Client, op: ZkOp) -> Answer {
    let result = match op {
        ZkOp::Exists { path, watch } => match client.exists(&path, watch).await {
            Ok(Some(_)) => Ok(ZkReply::Done),
            Ok(None) => return Err(ZkFault::NoNode),
            Err(error) => Err(error),
        },
        ZkOp::Get { path, watch } => {
            client.get(&path, watch).await.map(|(data, stat)| ZkReply::Data(data, stat.version))
        }
        ZkOp::Children { path, watch } => client.children(&path, watch).await.map(ZkReply::Children),
        ZkOp::Create { path, data, ephemeral } => {
            let mode = if ephemeral { CreateMode::Ephemeral } else { CreateMode::Persistent };
            client.create(&path, data.as_deref(), mode).await.map(|_| ZkReply::Done)
        }
        ZkOp::Set { path, data, version } => {
            client.set(&path, Some(&data), version).await.map(|stat| ZkReply::Version(stat.version))
        }
        ZkOp::Delete { path } => client.delete(&path, -1).await.map(|()| ZkReply::Done),
    };
    result.map_err(|error| fault(&error))
}

fn fault(error: &Error) -> ZkFault {
    match error {
        Error::NoNode(_) => ZkFault::NoNode,
        Error::NodeExists(_) => ZkFault::NodeExists,
        Error::BadVersion(_) => ZkFault::BadVersion,
        Error::ConnectionLoss(_) => ZkFault::ConnectionLoss,
        Error::Expired | Error::Closed => ZkFault::Expired,
        Error::Other { code, .. } => ZkFault::Other(*code),
        // Codes as ZooKeeper has them; what remains cannot come of these operations.
        Error::NotEmpty(_) => ZkFault::Other(-111),
        Error::NoChildrenForEphemerals(_) => ZkFault::Other(-108),
        Error::NoAuth(_) => ZkFault::Other(-102),
        Error::InvalidAcl(_) => ZkFault::Other(-114),
        Error::BadArguments(_) => ZkFault::Other(-8),
        Error::Unreachable { .. } | Error::BadConnectString { .. } | Error::Protocol(_) => ZkFault::Other(-5),
    }
}
