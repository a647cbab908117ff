//! A real client behind its relay: every operation that it can send.

use std::any::Any;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::timeout;
use zookeeper_client::{Acl, Acls, AuthId, Client, CreateMode, Error, Permission};

use crate::op::{List, Op, Part};
use crate::text::Seen;
use crate::wire::{LIMIT, Relay};

/// The longest that a tick of 500 ms allows: nobody's session ends because this machine is busy.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) struct Real {
    client: Option<Client>,
    relay: Relay,
    /// A dropped watcher would be taken back with an operation that 3.4 does not know.
    watchers: Vec<Box<dyn Any + Send>>,
}

impl Real {
    pub(crate) async fn open(server: SocketAddr, root: &str) -> Self {
        let relay = Relay::start(server).await;
        let connector = Client::connector().with_server_version(3, 4, 14).with_session_timeout(TIMEOUT);
        let client = timeout(LIMIT, connector.connect(&relay.address().to_string())).await;
        let client = client.expect("an answer").expect("a session");
        let client = client.chroot(root.to_owned()).expect("a valid path");
        Self { client: Some(client), relay, watchers: Vec::new() }
    }

    fn client(&self) -> &Client {
        self.client.as_ref().expect("open")
    }

    pub(crate) fn session(&self) -> i64 {
        self.client().session_id().0
    }

    /// What came since the last time, pings aside.
    pub(crate) fn take(&self) -> Vec<Seen> {
        let mut seen = self.relay.take();
        seen.retain(|seen| !matches!(seen, Seen::Frame(Some(11), _)));
        seen
    }

    /// Waits until everything that the server had for this client is here.
    pub(crate) async fn settle(&self) -> Vec<Seen> {
        let settled = async {
            while self.client().check_stat("/settle").await.is_err_and(|error| error == Error::ConnectionLoss)
            {
            }
        };
        timeout(LIMIT, settled).await.expect("an answer");
        let mut seen = self.take();
        // The answer to the question above.
        seen.pop();
        seen
    }

    /// Breaks the connection, and waits until the client has another.
    pub(crate) async fn come_back(&self) {
        let (_, before) = self.relay.counts();
        self.relay.cut();
        self.relay.until("the client to come back", |(_, handshakes)| handshakes > before).await;
    }

    /// Ends the session.
    pub(crate) async fn close(&mut self) {
        let (before, _) = self.relay.counts();
        self.client = None;
        self.relay.until("the end of the session", |(ends, _)| ends > before).await;
    }

    /// Does it; the client's own word on how it went.
    pub(crate) async fn perform(&mut self, operation: &Op) -> String {
        timeout(LIMIT, self.do_it(operation)).await.unwrap_or_else(|_| "no answer".into())
    }

    async fn do_it(&mut self, operation: &Op) -> String {
        let client = self.client.as_ref().expect("open");
        match operation {
            Op::Create(_, path, data, flags, list) => {
                let entries = entries(*list);
                let options = mode(*flags).with_acls(Acls::new(&entries));
                said(
                    client.create(path, bytes(data), &options).await.map(|(_, sequence)| sequence.into_i64()),
                )
            }
            Op::Delete(_, path, version) => said(client.delete(path, expected(*version)).await),
            Op::Set(_, path, data, version) => {
                said(client.set_data(path, bytes(data), expected(*version)).await.map(|stat| stat.version))
            }
            Op::GetAcl(_, path) => said(client.get_acl(path).await.map(|(list, _)| list)),
            Op::SetAcl(_, path, list, version) => {
                let set = client.set_acl(path, &entries(*list), expected(*version)).await;
                said(set.map(|stat| stat.aversion))
            }
            Op::Auth(_, scheme, data) => said(client.auth(scheme, data.as_bytes()).await),
            Op::Sync(_, path) => said(client.sync(path).await),
            Op::Exists(_, path, _)
            | Op::Get(_, path, _)
            | Op::Children(_, path, _)
            | Op::ChildrenAndStat(_, path, _) => {
                let path = path.clone();
                self.read(operation, &path).await
            }
            Op::Multi(_) | Op::Broken(..) | Op::Break(_) | Op::SetWatches(..) | Op::Close(_) => {
                "nothing".into()
            }
        }
    }

    async fn read(&mut self, operation: &Op, path: &str) -> String {
        let client = self.client.as_ref().expect("open");
        let (said, watcher): (String, Option<Box<dyn Any + Send>>) = match operation {
            Op::Exists(_, _, true) => watched(
                client.check_and_watch_stat(path).await.map(|(stat, watcher)| (stat.is_some(), watcher)),
            ),
            Op::Exists(..) => (said(client.check_stat(path).await.map(|stat| stat.is_some())), None),
            Op::Get(_, _, true) => {
                watched(client.get_and_watch_data(path).await.map(|(data, _, watcher)| (data, watcher)))
            }
            Op::Get(..) => (said(client.get_data(path).await.map(|(data, _)| data)), None),
            Op::Children(_, _, true) => watched(client.list_and_watch_children(path).await),
            Op::Children(..) => (said(client.list_children(path).await), None),
            Op::ChildrenAndStat(_, _, true) => {
                watched(client.get_and_watch_children(path).await.map(|(names, _, watcher)| (names, watcher)))
            }
            _ => (said(client.get_children(path).await.map(|(names, _)| names)), None),
        };
        self.watchers.extend(watcher);
        said
    }

    /// The parts of a transaction that a client can send to 3.4.
    pub(crate) async fn transaction(&mut self, parts: &[Part]) -> String {
        let mut writer = self.client().new_multi_writer();
        for part in parts {
            let added = match part {
                Part::Create { .. } => return "not for this client".into(),
                Part::Delete { path, version } => writer.add_delete(path, expected(*version)),
                Part::Set { path, data, version } => {
                    writer.add_set_data(path, bytes(data), expected(*version))
                }
                Part::Check { path, version } => writer.add_check_version(path, *version),
            };
            if let Err(error) = added {
                return format!("{error:?}");
            }
        }
        match timeout(LIMIT, writer.commit()).await.expect("an answer") {
            Ok(results) => format!("{} done", results.len()),
            Err(error) => format!("{error:?}"),
        }
    }
}

#[allow(clippy::needless_pass_by_value)] // Of an answer just made.
fn said<T: Debug>(result: Result<T, Error>) -> String {
    format!("{result:?}")
}

fn watched<T: Debug, W: Any + Send>(result: Result<(T, W), Error>) -> (String, Option<Box<dyn Any + Send>>) {
    match result {
        Ok((value, watcher)) => (said(Ok(value)), Some(Box::new(watcher))),
        Err(error) => (said::<T>(Err(error)), None),
    }
}

fn bytes(data: &Option<String>) -> &[u8] {
    data.as_deref().unwrap_or_default().as_bytes()
}

fn expected(version: i32) -> Option<i32> {
    (version != -1).then_some(version)
}

fn mode(flags: i32) -> CreateMode {
    match flags {
        1 => CreateMode::Ephemeral,
        2 => CreateMode::PersistentSequential,
        3 => CreateMode::EphemeralSequential,
        _ => CreateMode::Persistent,
    }
}

fn entries(list: List) -> Vec<Acl> {
    let bits =
        [Permission::READ, Permission::WRITE, Permission::CREATE, Permission::DELETE, Permission::ADMIN];
    let permission = |perms: i32| {
        let chosen = bits.iter().enumerate().filter(|(bit, _)| perms & (1 << bit) != 0);
        chosen.fold(Permission::NONE, |all, (_, one)| all | *one)
    };
    list.entries()
        .unwrap_or_default()
        .into_iter()
        .map(|(perms, scheme, id)| Acl::new(permission(perms), AuthId::new(scheme, id)))
        .collect()
}
