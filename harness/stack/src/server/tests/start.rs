//! The start: its order, its failures, the record, bootstrap.

use stacklab_machine::http::Failure;

use super::*;
use crate::server::{Mode, ServerConfig, hash_key};

fn production() -> ServerConfig {
    ServerConfig { storage: "file:record".into(), ..ServerConfig::new(Mode::Production) }
}

fn fails(rig: &mut Rig) -> String {
    rig.start();
    assert_eq!(rig.exit, Some(2), "{:?}", rig.log);
    assert!(!rig.listens);
    rig.log.last().cloned().unwrap_or_default()
}

#[test]
fn gives_the_first_user_a_key() {
    let mut rig = Rig::waiting(production());
    rig.start();
    assert!(rig.listens);
    assert_eq!(rig.printed, ["***\nAdmin user key: key-1\n***"]);
    assert_eq!(rig.calls, ["GET http://127.0.0.1:5050/master/state.json"]);
    assert_eq!(code(rig.ask_as(("admin", "key-1"), "/list", "")).0, 200);
    let user = rig.store.perform(crate::server::StoreOp::User("admin".into())).unwrap();
    assert!(format!("{user:?}").contains(&hash_key("key-1")), "{user:?}");
    assert!(!rig.log.iter().any(|line| line.contains("key-1")), "{:?}", rig.log);
    // The second start finds the user.
    let mut second = Rig::waiting(production());
    second.store = rig.store;
    second.start();
    assert!(second.listens && second.printed.is_empty());
}

#[test]
fn warns_developers() {
    let mut rig = Rig::waiting(ServerConfig::new(Mode::Developer));
    rig.start();
    let expected = [
        "Trying to connect to Marathon: attempt 0",
        "[WARN] Could not load cluster state from stack-deploy.json, assuming no cluster state available...",
        "[WARNING] Starting in developer mode. DO NOT use this in production!",
        "Start API Server on: 127.0.0.1:4200",
    ];
    assert_eq!(rig.log, expected);
    assert!(rig.printed.is_empty() && rig.ops.is_empty());
}

#[test]
fn fails_in_the_original_words() {
    let with = |change: fn(&mut ServerConfig)| {
        let mut config = production();
        change(&mut config);
        Rig::waiting(config)
    };
    let storage = "[FATAL] --storage flag is required. Examples: 'file:stack-deploy.json', \
                   'zk:zookeeper.service:2181/stack-deploy'";
    assert_eq!(fails(&mut with(|c| c.storage.clear())), storage);
    assert_eq!(fails(&mut with(|c| c.storage = "http://x".into())), "[FATAL] Unsupported storage");
    assert_eq!(fails(&mut with(|c| c.storage = "x".into())), "[FATAL] Unsupported storage");
    let marathon = "[FATAL] invalid Marathon endpoint specified";
    assert_eq!(fails(&mut with(|c| c.marathon_url = "127.0.0.1:8080".into())), marathon);
    let mut rig = Rig::waiting(production());
    rig.answers =
        Box::new(|_| Some(Ok(stacklab_machine::http::Response::new(404, "text/plain", "404 Not Found."))));
    assert_eq!(fails(&mut rig), "[FATAL] invalid character 'N' after top-level value");
    let mut rig = Rig::waiting(production());
    rig.answers = Box::new(|_| Some(Err(Failure::Refused(String::new()))));
    assert_eq!(
        fails(&mut rig),
        "[FATAL] Get \"http://127.0.0.1:5050/master/state.json\": dial tcp 127.0.0.1:5050: connect: connection refused"
    );
    let mut rig = Rig::waiting(production());
    rig.store_fails = Some("unable to connect to initial endpoints".into());
    assert_eq!(fails(&mut rig), "panic: unable to connect to initial endpoints");
    let mut rig = Rig::waiting(production());
    rig.files.insert("record".into(), b"nonsense".to_vec());
    assert!(fails(&mut rig).starts_with("panic: invalid character"));
}

#[test]
fn names_a_zookeeper_that_is_not_there() {
    let rig = |faithful| {
        let mut rig = Rig::waiting(ServerConfig { storage: "zk:zk:2181/a".into(), faithful, ..production() });
        rig.zookeeper_is_there = false;
        rig
    };
    assert_eq!(fails(&mut rig(false)), "[FATAL] cannot reach ZooKeeper at zk:2181: refused");
    assert_eq!(fails(&mut rig(true)), "[FATAL] Specified blank path");
}

const BOOTSTRAP: &str =
    "name: boot\napplications:\n  a:\n    type: dse-mesos-0.2.x\n    id: dse\n    cpu: 1\n    mem: 64\n";

fn bootstrapping(faithful: bool, storage: &str) -> Rig {
    let config = ServerConfig {
        bootstrap: "boot.stack".into(),
        cassandra: "{dse.host}:{dse.port0},x".into(),
        storage: storage.into(),
        faithful,
        ..production()
    };
    let mut rig = Rig::waiting(config);
    rig.files.insert("boot.stack".into(), BOOTSTRAP.into());
    rig
}

#[test]
fn bootstraps() {
    let record = "{\"FrameworkID\":\"\",\"BootstrapContext\":{\"ArbitraryVariables\":{},\"GlobalVariables\":{},\
                  \"StackVariables\":{\"dse.api\":\"http://h:31000\",\"dse.host\":\"h\",\"dse.port0\":\"31000\",\
                  \"mesos.master\":\"zk://zk:2181/mesos\",\"stack\":\"boot\",\"zone\":\"\"}}}";
    let mut rig = bootstrapping(false, "file:record");
    rig.start();
    assert!(rig.listens, "{:?}", rig.log);
    assert_eq!(String::from_utf8_lossy(&rig.files["record"]), record);
    let open = crate::server::StoreOp::Open { contact_points: vec!["h:31000".into(), "x".into()] };
    assert_eq!(rig.ops.first(), Some(&open));
    // With the record of the first start, the stack is not even read.
    let mut second = bootstrapping(false, "zk:zk:2181/stack-deploy");
    second.znodes.insert("/stack-deploy".into(), record.into());
    second.files.clear();
    second.start();
    assert!(second.listens, "{:?}", second.log);
    assert_eq!(second.ops.first(), Some(&open));
    assert!(second.log.contains(&"Restored bootstrap context from persistent storage".to_owned()));
}

#[test]
fn bootstrap_fails_faithfully() {
    let mut rig = bootstrapping(true, "file:record");
    assert_eq!(fails(&mut rig), "[FATAL] Stack state does not exist");
    assert!(rig.calls.contains(&"POST http://127.0.0.1:8080/v2/apps".to_owned()));
}

#[test]
fn bootstrap_fails_with_its_stack() {
    let mut rig = bootstrapping(false, "file:record");
    rig.files.clear();
    assert_eq!(fails(&mut rig), "[FATAL] open boot.stack: no such file or directory");
    let mut rig = bootstrapping(false, "file:record");
    rig.answers = Box::new(|request| {
        let refused = request.path() == "/v2/info";
        Some(if refused { Err(Failure::Refused(String::new())) } else { rig::obliging(request) })
    });
    assert_eq!(
        fails(&mut rig),
        "[FATAL] Get \"http://127.0.0.1:8080/v2/info\": dial tcp 127.0.0.1:8080: connect: connection refused"
    );
}
