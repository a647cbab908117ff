//! A program's ZooKeeper sessions, seen from the server.

use std::net::SocketAddr;
use std::sync::Arc;

use stacklab_machine::process::{CallId, Input, Output, ZkError, ZkOp, ZkReply};
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};
use tokio::sync::mpsc;

use crate::scripted;
use crate::support::{raw, until, within};

async fn server(address: [u8; 4]) -> ServerHandle {
    let ensemble = EnsembleHandle::new(EnsembleConfig::standalone("zk"));
    Server::start(ServerConfig::new(SocketAddr::from((address, 0))), ensemble, Arc::new(|_| {}))
        .await
        .unwrap()
}

/// The operations, numbered from 0.
fn ops(connect: &str, ops: Vec<ZkOp>) -> Vec<Output<u32>> {
    let number =
        |(call, op): (usize, ZkOp)| Output::Zk { call: CallId(call as u64), connect: connect.to_owned(), op };
    ops.into_iter().enumerate().map(number).collect()
}

async fn results(
    seen: &mut mpsc::UnboundedReceiver<Input<u32>>,
    count: usize,
) -> Vec<(u64, Result<ZkReply, ZkError>)> {
    let mut results = Vec::new();
    while results.len() < count {
        if let Input::Zk { call, result } = within("a result", seen.recv()).await.unwrap() {
            results.push((call.0, result));
        }
    }
    results
}

fn create(path: &str, ephemeral: bool) -> ZkOp {
    ZkOp::Create { path: path.to_owned(), data: b"1".to_vec(), parents: true, ephemeral }
}

fn get(path: &str) -> ZkOp {
    ZkOp::Get { path: path.to_owned() }
}

#[tokio::test]
async fn operations_are_done_in_order_in_one_session() {
    let server = server([127, 78, 40, 1]).await;
    let connect = server.address().to_string();
    let put = ZkOp::Put { path: "/a/b".to_owned(), data: b"2".to_vec() };
    let set = ZkOp::Set { path: "/a/b".to_owned(), data: b"3".to_vec(), version: 7 };
    let delete = ZkOp::Delete { path: "/a".to_owned(), recursive: true };
    let list = ZkOp::Children { path: "/a".to_owned() };
    let all =
        vec![create("/a/b", false), create("/a/b", false), put, set, get("/a/b"), list, delete, get("/a/b")];
    let mut outputs = Some(ops(&connect, all));
    let (_program, mut seen) = scripted::start([127, 78, 40, 1], move |_| outputs.take().unwrap_or_default());
    let results = results(&mut seen, 8).await;
    let expected = [
        Ok(ZkReply::Done),
        Err(ZkError::NodeExists("/a/b".to_owned())),
        Ok(ZkReply::Done),
        Err(ZkError::BadVersion("/a/b".to_owned())),
        Ok(ZkReply::Data { data: b"2".to_vec(), version: 1 }),
        Ok(ZkReply::Children(vec!["b".to_owned()])),
        Ok(ZkReply::Done),
        Err(ZkError::NoNode("/a/b".to_owned())),
    ];
    assert_eq!(results, (0..).zip(expected).collect::<Vec<_>>());
    assert_eq!(server.ensemble().sessions().len(), 1);
}

#[tokio::test]
async fn each_program_has_a_session_that_breaks_off_with_it() {
    let server = server([127, 78, 41, 1]).await;
    let connect = server.address().to_string();
    let mut programs = Vec::new();
    for number in 0..2 {
        let mut outputs = Some(ops(&connect, vec![create(&format!("/live/{number}"), true)]));
        let (program, mut seen) =
            scripted::start([127, 78, 41, 1], move |_| outputs.take().unwrap_or_default());
        assert_eq!(results(&mut seen, 1).await[0].1, Ok(ZkReply::Done));
        programs.push((program, seen));
    }
    assert_eq!(server.ensemble().sessions().len(), 2);
    // Two sessions, and the connection that asks.
    let connections = async || raw(server.address(), b"mntr").await;
    assert!(connections().await.contains("zk_num_alive_connections\t3\n"), "{}", connections().await);
    drop(programs);
    until("the end of the connections", async || {
        connections().await.contains("zk_num_alive_connections\t1\n").then_some(())
    })
    .await;
    // A killed process does not say goodbye: its nodes live on until the session times out.
    assert_eq!(server.ensemble().sessions().len(), 2);
    assert!(server.ensemble().get("/live/0").is_ok());
}

#[tokio::test]
async fn an_expired_session_is_followed_by_a_new_one() {
    let server = server([127, 78, 42, 1]).await;
    let connect = server.address().to_string();
    let (program, mut seen) = scripted::start([127, 78, 42, 1], move |input| match input {
        Input::Mesos(_) => ops(&connect, vec![create("/a", false)]),
        _ => Vec::new(),
    });
    program.inbox().send(Input::Mesos(0), None).await;
    assert_eq!(results(&mut seen, 1).await[0].1, Ok(ZkReply::Done));
    let first = server.ensemble().sessions();
    assert!(server.ensemble().expire_session(first[0]));
    // At most one operation falls into the gap.
    until("an answer of the new session", async || {
        program.inbox().send(Input::Mesos(0), None).await;
        let input = loop {
            match seen.try_recv() {
                Ok(Input::Zk { result, .. }) => break Some(result),
                Ok(_) => {}
                Err(_) => break None,
            }
        };
        matches!(input, Some(Err(ZkError::NodeExists(_)))).then_some(())
    })
    .await;
    assert_ne!(server.ensemble().sessions(), first);
}

#[tokio::test]
async fn waiting_operations_are_bounded() {
    let server = server([127, 78, 43, 1]).await;
    let connect = server.address().to_string();
    let mut outputs = Some(ops(&connect, vec![get("/zookeeper"); 2000]));
    let (_program, mut seen) = scripted::start([127, 78, 43, 1], move |_| outputs.take().unwrap_or_default());
    let results = results(&mut seen, 2000).await;
    let refused = results.iter().filter(|(_, result)| matches!(result, Err(ZkError::Unreachable { .. })));
    let done = results.iter().filter(|(_, result)| result.is_ok()).count();
    let refused = refused.count();
    assert_eq!(done + refused, 2000);
    assert!(done >= 1024 && refused > 0, "{done} done, {refused} refused");
}
