//! The four-letter words, as texts.
#![allow(clippy::unwrap_used)] // In helpers outside the test functions.

mod common;

use common::{Body, Raw, free, quiet, start, until};
use expect_test::expect;
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};

async fn ask(server: &ServerHandle, word: &str) -> String {
    let mut raw = Raw::open(server.address()).await;
    raw.write(word.as_bytes()).await;
    String::from_utf8(raw.rest().await).unwrap()
}

#[tokio::test]
async fn short_ones() {
    let server = start(2000).await;
    for (word, answer) in [
        ("ruok", "imok"),
        ("ruok\n", "imok"),
        ("isro", "rw"),
        ("abcd", ""),
        ("dirs", ""),
        ("srst", "Server stats reset.\n"),
        ("crst", "Connection stats reset.\n"),
        ("reqs", ""),
        ("gtmk", "306"),
        ("stmk\0\0\0\0\0\0\0\u{7}", "7"),
        ("gtmk", "7"),
    ] {
        assert_eq!(ask(&server, word).await, answer, "{word}");
    }
}

#[tokio::test]
async fn figures() {
    let server = start(2000).await;
    let (mut raw, ..) = Raw::session(server.address()).await;
    raw.call(1, 1, &Body::create("/e", "abc", 1).0).await;
    raw.call(2, 3, &Body::watched("/e", true).0).await;
    raw.call(3, 8, &Body::watched("/", true).0).await;
    let stat = ask(&server, "stat").await;
    let lines: Vec<&str> = stat.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "Zookeeper version: 3.4.14-4c25d480e66aadd371de8bd2fd8da255ac140bcf, built on 03/06/2019 16:18 GMT",
            "Clients:"
        ]
    );
    assert!(lines[2].ends_with("[1](queued=0,recved=4,sent=4)"), "{}", lines[2]);
    assert!(lines[3].ends_with("[0](queued=0,recved=1,sent=0)"), "{}", lines[3]);
    expect![[r"

        Latency min/avg/max: 0/0/0
        Received: 5
        Sent: 4
        Connections: 2
        Outstanding: 0
        Zxid: 0x2
        Mode: standalone
        Node count: 5
    "]]
    .assert_eq(&(lines[4..13].join("\n") + "\n"));
    assert!(stat.ends_with("\nNode count: 5\n"));
    assert!(ask(&server, "srvr").await.ends_with("Node count: 5\n"));
    let monitor = ask(&server, "mntr").await;
    for line in ["zk_server_state\tstandalone", "zk_watch_count\t2", "zk_ephemerals_count\t1"] {
        assert!(monitor.contains(line), "{monitor}");
    }
    assert!(monitor.contains("zk_approximate_data_size\t32\n"), "27 of an empty tree, and /e with abc");
    let clients = ask(&server, "cons").await;
    assert!(clients.contains(",lop=GETC,"), "{clients}");
    assert!(clients.contains(",to=4000,lcxid=0x3,lzxid=0x2,"), "{clients}");
    assert!(ask(&server, "envi").await.starts_with("Environment:\nzookeeper.version=3.4.14-"));
}

#[tokio::test]
async fn configuration_sessions_and_watches() {
    let server = start(2000).await;
    let (mut raw, id, _) = Raw::session(server.address()).await;
    raw.call(1, 1, &Body::create("/e", "", 1).0).await;
    raw.call(2, 3, &Body::watched("/e", true).0).await;
    let conf = ask(&server, "conf").await.replace(&server.address().port().to_string(), "PORT");
    expect![[r"
        clientPort=PORT
        dataDir=/tmp/zookeeper/version-2
        dataLogDir=/tmp/zookeeper/version-2
        tickTime=2000
        maxClientCnxns=60
        minSessionTimeout=4000
        maxSessionTimeout=40000
        serverId=0
    "]]
    .assert_eq(&conf);
    assert_eq!(ask(&server, "wchs").await, "1 connections watching 1 paths\nTotal watches:1\n");
    for word in ["wchp", "wchc"] {
        let refused = format!("{word} is not executed because it is not in the whitelist.\n");
        assert_eq!(ask(&server, word).await, refused);
    }
    let dump = ask(&server, "dump").await;
    assert!(dump.starts_with("SessionTracker dump:\nSession Sets (1):\n1 expire at "), "{dump}");
    let end = format!("\t0x{id:x}\nephemeral nodes dump:\nSessions with Ephemerals (1):\n0x{id:x}:\n\t/e\n");
    assert!(dump.ends_with(&end), "{dump}");
}

#[tokio::test]
async fn an_ensemble_needs_more_than_half() {
    let ensemble = EnsembleHandle::new(EnsembleConfig::of_servers("zk", [1, 2, 3]));
    let server = async |id| {
        let config = ServerConfig::new(free("127.41.0.4")).with_id(id);
        Server::start(config, ensemble.clone(), quiet()).await.unwrap()
    };
    let not_serving = "This ZooKeeper instance is not currently serving requests\n";
    let first = server(1).await;
    assert_eq!(ask(&first, "ruok").await, "imok");
    assert_eq!(ask(&first, "srvr").await, not_serving);
    assert_eq!(ask(&first, "isro").await, "null");
    let mut raw = Raw::open(first.address()).await;
    raw.send("00000000 0000000000000000 00000000 0000000000000000 00000000").await;
    assert_eq!(raw.frame().await, None);
    let (second, third) = (server(2).await, server(3).await);
    assert!(ask(&first, "srvr").await.contains("Zxid: 0x100000000\nMode: follower\n"));
    assert!(ask(&second, "stat").await.contains("Mode: leader\n"));
    assert!(ask(&second, "mntr").await.ends_with(
        "zk_followers\t2\nzk_synced_followers\t2\nzk_pending_syncs\t0\nzk_fsync_threshold_exceed_count\t0\n"
    ));
    drop(second);
    assert!(ask(&third, "srvr").await.contains("Zxid: 0x200000000\nMode: leader\n"));
    drop(third);
    until("no quorum", || !ensemble.read(|ensemble| ensemble.is_serving())).await;
    assert_eq!(ask(&first, "mntr").await, not_serving);
}
