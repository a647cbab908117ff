//! The scheduler as a whole: what goes in, what comes out, in order.

use expect_test::expect;
use stacklab_machine::http::{Method, Request};
use stacklab_machine::process::{ExchangeId, Input};
use stacklab_mesos::{SchedulerEvent, TaskState};

use super::ExhibitorScheduler;
use super::world::{FILES, LINE};
use crate::base::Scheduler;
use crate::kafka::rig::Rig;

type Exhibitor = Rig<Scheduler<ExhibitorScheduler>>;

fn rig() -> Exhibitor {
    let mut rig = Rig::scheduler(LINE, &FILES);
    rig.begin();
    rig
}

fn task(rig: &Exhibitor) -> String {
    rig.task.as_ref().expect("a launch").task_id.to_string()
}

/// A rig with server 70 running.
fn running() -> (Exhibitor, String) {
    let mut rig = rig();
    rig.get("/api/add?id=70&port=31150");
    rig.get("/api/start?id=70");
    rig.offers("O1 slave0 cpus:4;mem:4096;ports:[31000-32000]");
    let task = task(&rig);
    rig.status(&task, TaskState::Running, "");
    (rig, task)
}

#[test]
fn starts_a_server_for_the_deploy_tool() {
    let mut rig = Exhibitor::scheduler(LINE, &FILES);
    let mut told = rig.begin();
    told += &rig.get("/health");
    told += &rig.get("/api/add?constraints=hostname%3Dunique&cpu=0.1&id=70&mem=1024&port=31150");
    told +=
        &rig.get("/api/config?configtype=zookeeper&id=70&zookeeper-install-directory=/tmp/zookeeper&other=x");
    told += &rig.get("/api/start?id=70");
    told += &rig.offers("O1 slave0 cpus:4;mem:4096;ports:[31151-32000]");
    told += &rig.offers("O2 slave0 cpus:0.05;mem:4096;ports:[31000-32000]");
    told += &rig.offers("O3 slave0 cpus:4;mem:512;ports:[31000-32000]");
    told += &rig.offers("O4 slave0 cpus:4;mem:4096;ports:[31000-32000] rack:r1;n:3");
    let task = task(&rig);
    told += &rig.status(&task, TaskState::Running, "");
    told += &rig.offers("O5 slave0 cpus:4;mem:4096;ports:[31000-32000]");
    expect![[r#"
        listen 31991
        log started on http://master:31991
        attach m:5050
        SUBSCRIBE exhibitor as None
        log [registered] framework:F1
        RECONCILE []
        reply 1: 200 ok
        event server 70  -> Added
        reply 2: 200 {"success":true,"message":"Added servers 70","value":{"frameworkid":null,"cluster":[{"id":"70","state":"Added","task":null,"constraints":"hostname=unique","config":{"exhibitorConfig":{},"sharedConfigOverride":{},"id":"70","hostname":"","cpu":0.1,"mem":1024.0,"sharedConfigChangeBackoff":10000,"ports":"31150"}}]}}
        reply 3: 200 {"success":true,"message":"Updated configuration for servers 70","value":{"frameworkid":null,"cluster":[{"id":"70","state":"Added","task":null,"constraints":"hostname=unique","config":{"exhibitorConfig":{"configtype":"zookeeper"},"sharedConfigOverride":{"zookeeper-install-directory":"/tmp/zookeeper"},"id":"70","hostname":"","cpu":0.1,"mem":1024.0,"sharedConfigChangeBackoff":10000,"ports":"31150"}}]}}
        event server 70 Added -> Stopped
        log Declined offer: server 70: no suitable port
        event declined O1: [server 70] server 70: no suitable port
        DECLINE O1
        log Declined offer: server 70: cpus 0.05 < 0.1
        event declined O2: [server 70] server 70: cpus 0.05 < 0.1
        DECLINE O2
        log Declined offer: server 70: mem 512.0 < 1024.0
        event declined O3: [server 70] server 70: mem 512.0 < 1024.0
        DECLINE O3
        event server 70 Stopped -> Staging
        ACCEPT O4 for cpus:0.1; mem:1024; ports:[31150-31150] for 1 s
        log [statusUpdate] exhibitor-70-b3f2af6d-0fc7-40c5-853b-559647364cea TASK_RUNNING slave:S-slave0
        event server 70 Staging -> Running
        Discriminant(2)
        reply 4: 200 {"success":true,"message":"Started servers 70","value":{"frameworkid":null,"cluster":[{"id":"70","state":"Running","task":{"id":"exhibitor-70-b3f2af6d-0fc7-40c5-853b-559647364cea","slaveId":"S-slave0","executorId":"70","attributes":{"rack":"r1"}},"constraints":"hostname=unique","config":{"exhibitorConfig":{"configtype":"zookeeper","port":"31150"},"sharedConfigOverride":{"zookeeper-install-directory":"/tmp/zookeeper"},"id":"70","hostname":"slave0","cpu":0.1,"mem":1024.0,"sharedConfigChangeBackoff":10000,"ports":"31150"}}]}}
        log Declined offer: all servers are running
        event declined O5: [] all servers are running
        DECLINE O5
    "#]].assert_eq(&told);
    expect![[r#"{"frameworkid":"F1","cluster":[{"id":"70","state":"Running","task":{"id":"exhibitor-70-b3f2af6d-0fc7-40c5-853b-559647364cea","slaveId":"S-slave0","executorId":"70","attributes":{"rack":"r1"}},"constraints":"hostname=unique","config":{"exhibitorConfig":{"configtype":"zookeeper","port":"31150"},"sharedConfigOverride":{"zookeeper-install-directory":"/tmp/zookeeper"},"id":"70","hostname":"slave0","cpu":0.1,"mem":1024.0,"sharedConfigChangeBackoff":10000,"ports":"31150"}}]}"#]].assert_eq(&rig.zk["/exhibitor-mesos"]);
}

#[test]
fn gives_the_executor_everything_it_needs() {
    let (rig, _) = running();
    let launched = rig.task.expect("a launch");
    let executor = launched.executor.expect("an executor");
    let command = executor.command.expect("a command");
    let uris: Vec<_> = command.uris.iter().map(|uri| format!("{} {:?}", uri.value, uri.extract)).collect();
    let shown = format!(
        "{} {} in {} {}\n{}\n{}\n{}\n",
        launched.name,
        launched.resources,
        executor.executor_id,
        executor.name.unwrap_or_default(),
        command.value.unwrap_or_default(),
        uris.join("\n"),
        String::from_utf8(launched.data.expect("data")).expect("text"),
    );
    expect![[r#"
        exhibitor-70 cpus:0.2; mem:256; ports:[31150-31150] in 70 exhibitor-70
        $(find jdk* -maxdepth 0 -type d)/bin/java -cp mesos-exhibitor-0.1.jar -Ddebug ly.stealth.mesos.exhibitor.Executor
        http://master:31991/exhibitor/exhibitor-1.5.5-all.jar Some(false)
        http://master:31991/zookeeper/zookeeper.tar.gz Some(true)
        http://master:31991/jdk/jdk-7u79-linux-x64.tar.gz Some(true)
        http://master:31991/jar/mesos-exhibitor-0.1.jar Some(false)
        {"exhibitorConfig":{"port":"31150"},"sharedConfigOverride":{},"id":"70","hostname":"slave0","cpu":0.2,"mem":256.0,"sharedConfigChangeBackoff":10000,"ports":"31150"}
    "#]].assert_eq(&shown);
}

#[test]
fn answers_in_the_originals_words() {
    let mut rig = rig();
    let mut told = String::new();
    for url in [
        "/api/add?id=7,8",
        "/api/add?id=7..9",
        "/api/add",
        "/api/add?id=x",
        "/api/add?id=1&cpu=much",
        "/api/add?id=1&constraints=hostname%3Dbest",
        "/api/config?id=9,10&port=1",
        "/api/start?id=7&timeout=10m",
        "/api/start?id=9",
        "/api/start?id=7&timeout=0s",
        "/api/stop?id=*",
        "/api/remove?id=8",
        "/api/remove?id=8",
        "/api/nothing",
        "/nothing",
    ] {
        let answer = rig.get(url);
        let reply = answer.lines().find(|line| line.starts_with("reply")).unwrap_or_default();
        let reply = reply.split_once(": ").map_or("", |(_, text)| text);
        let short = reply.split(r#","value""#).next().unwrap_or_default();
        told += &format!("{url}\n  {short}\n");
    }
    expect![[r#"
        /api/add?id=7,8
          200 {"success":true,"message":"Added servers 7,8"
        /api/add?id=7..9
          200 {"success":false,"message":"Servers 7,8 already exist"}
        /api/add
          500 <html>
        /api/add?id=x
          500 <html>
        /api/add?id=1&cpu=much
          500 <html>
        /api/add?id=1&constraints=hostname%3Dbest
          500 <html>
        /api/config?id=9,10&port=1
          200 {"success":false,"message":"Servers 10,9 do not exist"}
        /api/start?id=7&timeout=10m
          500 <html>
        /api/start?id=9
          200 {"success":false,"message":"Servers 9 do not exist"}
        /api/start?id=7&timeout=0s
          200 {"success":true,"message":"Servers 7 scheduled to start"
        /api/stop?id=*
          200 {"success":true,"message":"Stopped servers *"
        /api/remove?id=8
          200 {"success":true,"message":"Removed servers 8"
        /api/remove?id=8
          200 {"success":false,"message":"Servers 8 do not exist"}
        /api/nothing
          404 <html>
        /nothing
          404 <html>
    "#]]
    .assert_eq(&told);
    let request = Request::json(Method::Post, "/api/start?id=7", "");
    let answer = rig.give(Input::Http { exchange: ExchangeId(99), request });
    assert!(answer.starts_with("reply 99: 405 <html>"), "{answer}");
}

#[test]
fn a_start_that_times_out_undoes_nothing() {
    let mut rig = rig();
    rig.get("/api/add?id=70");
    assert_eq!(rig.get("/api/start?id=70"), "event server 70 Added -> Stopped\n");
    assert_eq!(rig.pass(59), "");
    assert_eq!(
        rig.pass(1),
        "reply 2: 200 {\"success\":false,\"message\":\"Start servers 70 timed out after 60 seconds\"}\n"
    );
    let told = rig.offers("O1 slave0 cpus:4;mem:4096;ports:[31000-32000]");
    assert!(told.contains("ACCEPT O1"), "{told}");
}

#[test]
fn a_start_is_saved_with_the_next_offers_only() {
    let mut rig = rig();
    rig.get("/api/add?id=70");
    rig.get("/api/start?id=70&timeout=0s");
    assert!(rig.zk["/exhibitor-mesos"].contains(r#""state":"Added""#));
    rig.offers("O1 slave0 cpus:0.1;mem:1;ports:[31000-32000]");
    assert!(rig.zk["/exhibitor-mesos"].contains(r#""state":"Stopped""#));
    // Somebody deleted the node: it is there again with the next offers.
    rig.zk.clear();
    rig.offers("O2 slave0 cpus:0.1;mem:1;ports:[31000-32000]");
    assert!(rig.zk["/exhibitor-mesos"].contains(r#""frameworkid":"F1""#));
}

#[test]
fn only_the_hosts_of_servers_with_a_task_count_for_unique() {
    let (mut rig, _) = running();
    rig.get("/api/add?id=71,72");
    rig.get("/api/start?id=71,72");
    let told = rig.offers("O1 slave0 cpus:4;mem:4096;ports:[31000-32000]");
    assert!(
        told.contains(
            "log Declined offer: server 71: hostname doesn't match unique, server 72: hostname doesn't match unique"
        ),
        "{told}"
    );
    assert!(rig.offers("O2 slave1 cpus:4;mem:4096;ports:[31000-32000]").contains("ACCEPT O2"));
}

#[test]
fn statuses_move_the_states() {
    for (state, expected) in [
        (TaskState::Lost, "Stopped"),
        (TaskState::Failed, "Stopped"),
        (TaskState::Error, "Stopped"),
        (TaskState::Finished, "Added"),
        (TaskState::Killed, "Added"),
    ] {
        let (mut rig, task) = running();
        let told = rig.status(&task, state, "");
        assert!(told.contains(&format!("event server 70 Running -> {expected}\n")), "{told}");
        let document: serde_json::Value = serde_json::from_str(&rig.zk["/exhibitor-mesos"]).unwrap();
        let server = &document["cluster"][0];
        assert_eq!((&server["task"], &server["config"]["hostname"]), (&serde_json::Value::Null, &"".into()));
    }
}

#[test]
fn a_late_status_of_a_former_task_hits_the_present_one() {
    let (mut rig, first) = running();
    rig.status(&first, TaskState::Lost, "");
    rig.offers("O2 slave1 cpus:4;mem:4096;ports:[31000-32000]");
    let second = task(&rig);
    rig.status(&second, TaskState::Running, "");
    assert!(rig.status(&first, TaskState::Lost, "").contains("event server 70 Running -> Stopped"));
    let told = rig.status("exhibitor-99-x", TaskState::Running, "");
    assert!(told.contains("KILL exhibitor-99-x"), "{told}");
}

#[test]
fn stop_kills_and_keeps_the_task_until_its_last_status() {
    let (mut rig, task) = running();
    let told = rig.get("/api/stop?id=70");
    assert!(told.starts_with(&format!("KILL {task}\nevent server 70 Running -> Added\n")), "{told}");
    assert!(told.contains(&task), "{told}");
    let told = rig.status(&task, TaskState::Finished, "");
    assert!(!told.contains("event"), "{told}");
    // A failure after the stop starts the server again.
    rig.get("/api/start?id=70&timeout=0s");
    rig.get("/api/stop?id=70");
    assert!(rig.status(&task, TaskState::Failed, "").contains("Added -> Stopped"));
}

#[test]
fn without_a_master_a_stop_is_a_null_error() {
    let (mut rig, _) = running();
    let told = rig.mesos(SchedulerEvent::Disconnected { why: "closed".into() });
    assert_eq!(told, "log [disconnected] closed\n");
    assert!(rig.get("/api/stop?id=70").contains("500 <html>"));
    assert_eq!(rig.pass(1), "SUBSCRIBE exhibitor as Some(FrameworkId(F1))\n");
    let told = rig.subscribed();
    assert!(told.starts_with("log [reregistered] framework:F1\n"), "{told}");
}

#[test]
fn a_restart_finds_its_servers_and_reconciles_them() {
    let (old, task) = running();
    let mut rig = Exhibitor::scheduler(LINE, &FILES);
    rig.zk = old.zk;
    let told = rig.begin();
    assert!(told.contains("SUBSCRIBE exhibitor as Some(FrameworkId(F1))\n"), "{told}");
    assert!(told.ends_with("event server 70 Running -> Reconciling\nRECONCILE []\n"), "{told}");
    let batch = "O1 slave1 cpus:0.1;mem:1;ports:[31000-32000]";
    let decline = "log Declined offer: all servers are running\nevent declined O1: [] all servers are running\nDECLINE O1\n";
    assert_eq!(rig.offers(batch), decline, "too early for another pass");
    rig.pass(10);
    assert_eq!(rig.offers(batch), format!("RECONCILE [{task}]\n{decline}"));
    rig.pass(10);
    rig.offers(batch);
    rig.pass(10);
    let told = rig.offers(batch);
    assert!(told.contains(&format!("KILL {task}\n")), "{told}");
    assert!(rig.status(&task, TaskState::Lost, "").contains("Reconciling -> Stopped"));
}

/// The first failure of running a stack again: the stored id is one that the master refuses.
#[test]
fn a_refused_framework_id_ends_the_process() {
    let (old, _) = running();
    let mut rig = Exhibitor::scheduler(LINE, &FILES);
    rig.zk = old.zk;
    rig.give(Input::Start);
    assert_eq!(rig.get("/health"), "reply 1: 200 ok\n", "healthy for a moment");
    let told = rig.mesos(SchedulerEvent::Error { message: "Framework has been removed".into() });
    assert_eq!(told, "log [error] Framework has been removed\nexit 1\n");
    assert_eq!(rig.get("/health"), "", "nobody is there any more");
    assert!(rig.zk["/exhibitor-mesos"].contains("F1"), "and the id stays where it was");
}

/// The second failure: the master knows the id, and the server is still there.
#[test]
fn a_known_framework_id_makes_add_fail() {
    let (old, task) = running();
    let mut rig = Exhibitor::scheduler(LINE, &FILES);
    rig.zk = old.zk;
    rig.begin();
    assert!(rig.status(&task, TaskState::Running, "").contains("Reconciling -> Running"));
    assert_eq!(
        rig.get("/api/add?id=70"),
        "reply 1: 200 {\"success\":false,\"message\":\"Servers 70 already exist\"}\n"
    );
}

#[test]
fn storage_decides_whether_the_process_lives() {
    let start = |document: Option<&str>, down: bool| {
        let mut rig = Exhibitor::scheduler(LINE, &FILES);
        if let Some(document) = document {
            rig.zk.insert("/exhibitor-mesos".into(), document.into());
        }
        rig.zk_down = down;
        rig.give(Input::Start)
    };
    let mut told = String::new();
    for (name, document, down) in [
        ("unreachable", None, true),
        ("empty", Some(""), false),
        ("half-written", Some("{\"frameworkid\":"), false),
        (
            "of another release",
            Some(r#"{"frameworkid":"F1","cluster":[{"id":"70","state":"Running"}]}"#),
            false,
        ),
    ] {
        told += &format!("# {name}\n{}", start(document, down));
    }
    expect![[r#"
        # unreachable
        log cannot reach ZooKeeper at zk0:2181: refused
        exit 1
        # empty
        listen 31991
        log started on http://master:31991
        attach m:5050
        SUBSCRIBE exhibitor as None
        # half-written
        log Error: cannot read the stored state: EOF while parsing a value at line 1 column 15
        exit 1
        # of another release
        listen 31991
        log started on http://master:31991
        attach m:5050
        SUBSCRIBE exhibitor as None
    "#]]
    .assert_eq(&told);
}

#[test]
fn files_and_options_decide_whether_the_process_lives() {
    let mut told = String::new();
    for missing in FILES {
        let files: Vec<&str> = FILES.into_iter().filter(|file| *file != missing).collect();
        told += &format!("# without {missing}\n{}", Exhibitor::scheduler(LINE, &files).give(Input::Start));
    }
    for line in ["--master m", "--api http://h:1", "--api http://h:1 --master m --storage s3:x", "--foo 1"] {
        told += &format!("# {line}\n{}", Exhibitor::scheduler(line, &FILES).give(Input::Start));
    }
    expect![[r#"
        # without mesos-exhibitor-0.1.jar
        log Error: mesos-exhibitor.*\.jar not found in current dir
        exit 1
        # without exhibitor-1.5.5-all.jar
        log Error: exhibitor.*\.jar not found in current dir
        exit 1
        # without jdk-7u79-linux-x64.tar.gz
        log Error: jdk.* not found in current dir
        exit 1
        # without zookeeper.tar.gz
        log Error: zookeeper.* not found in current dir
        exit 1
        # --master m
        log Error: Undefined API url. Please provide either a CLI --api option or EM_API env.
        exit 1
        # --api http://h:1
        log Error: Invalid arguments
        exit 1
        # --api http://h:1 --master m --storage s3:x
        log Error: Unsupported storage: s3:x
        exit 1
        # --foo 1
        log Error: Invalid arguments
        exit 1
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_save_that_fails_is_fatal_in_a_callback_and_an_error_in_a_call() {
    let mut rig = rig();
    rig.zk_down = true;
    assert!(rig.get("/api/add?id=70").contains("reply 1: 500 <html>"));
    let told = rig.offers("O1 slave0 cpus:4;mem:4096;ports:[31000-32000]");
    assert!(told.ends_with("exit 1\n"), "{told}");
}

#[test]
fn serves_its_artifacts() {
    let mut rig = rig();
    rig.files.insert("exhibitor-1.5.5-all.jar".into(), "jar".into());
    assert_eq!(rig.get("/exhibitor/whatever"), "reply 1: 200 jar\n");
    assert!(rig.get("/defaultconfig/a/b.properties").starts_with("reply 2: 404"));
}
