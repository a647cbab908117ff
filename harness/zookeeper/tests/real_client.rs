//! The server under a client of somebody else's: the crate `zookeeper-client`, told that the server is 3.4.
#![allow(clippy::unwrap_used)] // In helpers outside the test functions.

mod common;

use std::time::Duration;

use common::{LIMIT, free, quiet, start, until};
use stacklab_zookeeper::model::{EnsembleConfig, SessionId};
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig};
use tokio::time::timeout;
use zookeeper_client::{
    Acl, Acls, AuthId, Client, CreateMode, Error, EventType, MultiWriteError, Permission, SessionState,
};

async fn connect(address: impl std::fmt::Display) -> Client {
    let connector = Client::connector().with_session_timeout(Duration::from_secs(6));
    connector.with_server_version(3, 4, 6).connect(&address.to_string()).await.unwrap()
}

fn open(mode: CreateMode) -> zookeeper_client::CreateOptions<'static> {
    mode.with_acls(Acls::anyone_all())
}

#[tokio::test]
async fn nodes_are_created_read_changed_and_deleted() {
    let server = start(2000).await;
    let client = connect(server.address()).await;
    assert_eq!(client.session_timeout(), Duration::from_secs(6));
    client.create("/a", b"one", &open(CreateMode::Persistent)).await.unwrap();
    let again = client.create("/a", b"", &open(CreateMode::Persistent)).await;
    assert_eq!(again.unwrap_err(), Error::NodeExists);
    let orphan = client.create("/x/y", b"", &open(CreateMode::Persistent)).await;
    assert_eq!(orphan.unwrap_err(), Error::NoNode);

    let (data, stat) = client.get_data("/a").await.unwrap();
    assert_eq!((data.as_slice(), stat.version, stat.data_length), (b"one".as_slice(), 0, 3));
    let stat = client.set_data("/a", b"two", Some(0)).await.unwrap();
    assert_eq!(stat.version, 1);
    assert!(stat.mzxid > stat.czxid && stat.pzxid == stat.czxid);
    assert_eq!(client.set_data("/a", b"", Some(0)).await.unwrap_err(), Error::BadVersion);

    client.create("/a/b", b"", &open(CreateMode::Persistent)).await.unwrap();
    assert_eq!(client.delete("/a", None).await.unwrap_err(), Error::NotEmpty);
    let (names, stat) = client.get_children("/a").await.unwrap();
    assert_eq!((names.as_slice(), stat.cversion), (["b".to_owned()].as_slice(), 1));
    client.delete("/a/b", None).await.unwrap();
    assert_eq!(client.check_stat("/a").await.unwrap().unwrap().cversion, 2);
    client.sync("/a").await.unwrap();
    client.delete("/a", Some(1)).await.unwrap();
    assert_eq!(client.check_stat("/a").await.unwrap(), None);
    let mut top = client.list_children("/").await.unwrap();
    top.sort();
    assert_eq!(top, ["zookeeper"]);
    server.stop().await;
}

#[tokio::test]
async fn sequence_numbers_count_all_children_ever() {
    let server = start(2000).await;
    let client = connect(server.address()).await;
    for path in ["/q", "/q/n", "/q/e"] {
        client.create(path, b"", &open(CreateMode::Persistent)).await.unwrap();
    }
    let mode = open(CreateMode::PersistentSequential);
    for expected in 2..5 {
        let (_, sequence) = client.create("/q/s-", b"", &mode).await.unwrap();
        assert_eq!(sequence.into_i64(), expected);
    }
    client.delete("/q/n", None).await.unwrap();
    let mode = open(CreateMode::EphemeralSequential);
    let (_, sequence) = client.create("/q/", b"", &mode).await.unwrap();
    assert_eq!(sequence.into_i64(), 5);
    assert_eq!(client.check_stat("/q").await.unwrap().unwrap().cversion, 7);
}

#[tokio::test]
async fn ephemeral_nodes_go_with_their_session() {
    let server = start(2000).await;
    let (one, two) = (connect(server.address()).await, connect(server.address()).await);
    one.create("/e", b"", &open(CreateMode::Ephemeral)).await.unwrap();
    let under = one.create("/e/x", b"", &open(CreateMode::Persistent)).await;
    assert_eq!(under.unwrap_err(), Error::NoChildrenForEphemerals);
    let (stat, watcher) = two.check_and_watch_stat("/e").await.unwrap();
    assert_eq!(stat.unwrap().ephemeral_owner, one.session_id().0);
    drop(one);
    let event = timeout(LIMIT, watcher.changed()).await.unwrap();
    assert_eq!((event.event_type, event.path.as_str()), (EventType::NodeDeleted, "/e"));
}

#[tokio::test]
async fn watches_fire_once_for_all_four_kinds() {
    let server = start(2000).await;
    let (one, two) = (connect(server.address()).await, connect(server.address()).await);
    let (stat, created) = one.check_and_watch_stat("/w").await.unwrap();
    assert_eq!(stat, None);
    two.create("/w", b"", &open(CreateMode::Persistent)).await.unwrap();
    assert_eq!(timeout(LIMIT, created.changed()).await.unwrap().event_type, EventType::NodeCreated);
    let (_, _, data) = one.get_and_watch_data("/w").await.unwrap();
    let (_, children) = one.list_and_watch_children("/w").await.unwrap();
    two.create("/w/c", b"", &open(CreateMode::Persistent)).await.unwrap();
    let event = timeout(LIMIT, children.changed()).await.unwrap();
    assert_eq!(event.event_type, EventType::NodeChildrenChanged);
    two.set_data("/w", b"x", None).await.unwrap();
    assert_eq!(timeout(LIMIT, data.changed()).await.unwrap().event_type, EventType::NodeDataChanged);
}

#[tokio::test]
async fn transactions_are_all_or_nothing() {
    let server = start(2000).await;
    let client = connect(server.address()).await;
    for path in ["/a", "/b"] {
        client.create(path, b"", &open(CreateMode::Persistent)).await.unwrap();
    }
    let mut writer = client.new_multi_writer();
    writer.add_check_version("/a", 0).unwrap();
    writer.add_set_data("/a", b"x", Some(0)).unwrap();
    writer.add_delete("/b", None).unwrap();
    writer.add_check_version("/a", 7).unwrap();
    let failed = writer.commit().await.unwrap_err();
    assert_eq!(failed, MultiWriteError::OperationFailed { index: 3, source: Error::BadVersion });
    assert_eq!(client.get_data("/a").await.unwrap().0, b"");
    assert!(client.check_stat("/b").await.unwrap().is_some());
    let mut writer = client.new_multi_writer();
    writer.add_set_data("/a", b"x", Some(0)).unwrap();
    writer.add_delete("/b", None).unwrap();
    assert_eq!(writer.commit().await.unwrap().len(), 2);
    assert_eq!(client.get_data("/a").await.unwrap().1.version, 1);
}

#[tokio::test]
async fn access_lists_and_digests() {
    let server = start(2000).await;
    let (one, two) = (connect(server.address()).await, connect(server.address()).await);
    one.auth("digest", b"u:p").await.unwrap();
    let own = [Acl::new(Permission::ALL, AuthId::new("auth", ""))];
    one.create("/p", b"", &CreateMode::Persistent.with_acls(Acls::new(&own))).await.unwrap();
    let (list, _) = one.get_acl("/p").await.unwrap();
    assert_eq!(two.get_acl("/p").await.unwrap_err(), Error::NoAuth);
    let expected = AuthId::new("digest", "u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=");
    assert_eq!(list, [Acl::new(Permission::ALL, expected)]);
    assert_eq!(two.get_data("/p").await.unwrap_err(), Error::NoAuth);
    let under = two.create("/p/x", b"", &open(CreateMode::Persistent)).await;
    assert_eq!(under.unwrap_err(), Error::NoAuth);
    two.auth("digest", b"u:p").await.unwrap();
    two.get_data("/p").await.unwrap();
    let stat = two.set_acl("/p", &[Acl::new(Permission::ALL, AuthId::new("world", "anyone"))], None).await;
    assert_eq!(stat.unwrap().aversion, 1);
}

#[tokio::test]
async fn clients_come_back_after_a_broken_connection_and_hear_of_an_expiry() {
    let server = start(2000).await;
    let client = connect(server.address()).await;
    client.create("/e", b"", &open(CreateMode::Ephemeral)).await.unwrap();
    let (_, _, watcher) = client.get_and_watch_data("/e").await.unwrap();
    let mut states = client.state_watcher();
    server.ensemble().drop_connections();
    assert_eq!(timeout(LIMIT, states.changed()).await.unwrap(), SessionState::Disconnected);
    assert_eq!(timeout(LIMIT, states.changed()).await.unwrap(), SessionState::SyncConnected);
    client.set_data("/e", b"x", None).await.unwrap();
    assert_eq!(timeout(LIMIT, watcher.changed()).await.unwrap().event_type, EventType::NodeDataChanged);
    assert!(server.ensemble().expire_session(SessionId(client.session_id().0)));
    while timeout(LIMIT, states.changed()).await.unwrap() != SessionState::Expired {}
    assert!(server.ensemble().get("/e").is_err());
}

#[tokio::test]
async fn sessions_move_between_servers_and_stop_without_a_quorum() {
    let ensemble = EnsembleHandle::new(EnsembleConfig::of_servers("zk", [1, 2, 3]));
    let mut servers = Vec::new();
    for id in 1..=3 {
        let config = ServerConfig::new(free("127.41.0.2")).with_id(id);
        servers.push(Server::start(config, ensemble.clone(), quiet()).await.unwrap());
    }
    let addresses: Vec<String> = servers.iter().map(|server| server.address().to_string()).collect();
    let client = connect(addresses.join(",")).await;
    client.create("/a", b"", &open(CreateMode::Ephemeral)).await.unwrap();
    let mut states = client.state_watcher();
    // The second one leads: it was there when two of three were.
    drop(servers.remove(1));
    assert_eq!(timeout(LIMIT, states.changed()).await.unwrap(), SessionState::Disconnected);
    assert_eq!(timeout(LIMIT, states.changed()).await.unwrap(), SessionState::SyncConnected);
    let stat = client.check_stat("/a").await.unwrap().unwrap();
    assert_eq!(stat.ephemeral_owner, client.session_id().0);
    servers.remove(0).stop().await;
    until("no quorum", || !ensemble.read(|ensemble| ensemble.is_serving())).await;
    assert_eq!(timeout(LIMIT, states.changed()).await.unwrap(), SessionState::Disconnected);
    assert!(ensemble.get("/a").is_ok());
}
