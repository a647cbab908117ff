//! The command line as a user sees it: exit codes, messages, Ctrl-C.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use stacklab_lab::exit::ExitCode;

/// However slow the machine is: longer than any of these commands takes.
const LIMIT: Duration = Duration::from_secs(120);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn xtask(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(words).current_dir(root()).output().unwrap()
}

/// A changed copy of a stack file, gone with the value.
struct Changed(PathBuf);

impl Changed {
    fn new(name: &str, change: impl FnOnce(String) -> String) -> Self {
        let text = std::fs::read_to_string(root().join("fixtures/stacks/zipkin-full.stack")).unwrap();
        let path = std::env::temp_dir().join(format!("stacklab-{}-{name}.stack", std::process::id()));
        std::fs::write(&path, change(text)).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[track_caller]
fn check(words: &[&str], exit: ExitCode, said: &[&str]) {
    let output = xtask(words);
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(i32::from(exit.code())), "{words:?}\n{text}");
    for part in said {
        assert!(text.contains(part), "{words:?} did not say {part:?}:\n{text}");
    }
}

#[test]
fn lists_the_scenarios() {
    let names = ["zipkin-full ", "zipkin-standalone", "exhibitor-kafka", "zipkin-full-scaled"];
    check(&["e2e", "--list"], ExitCode::AsExpected, &names);
    check(&["e2e", "--list", "--json"], ExitCode::AsExpected, &["{\"name\":\"exhibitor-kafka\""]);
}

#[test]
fn shows_what_is_wrong_with_the_input() {
    check(
        &["e2e", "nope"],
        ExitCode::BadInput,
        &["there is no scenario nope; there are: admin-port-above-port, "],
    );
    check(&["e2e", "--stack", "/nowhere"], ExitCode::BadInput, &["cannot read the stack file /nowhere"]);
    check(&["sim", "--seeds", "5..5"], ExitCode::BadInput, &["5..5 is empty"]);
    check(&["e2e", "--var", "a"], ExitCode::BadInput, &["NAME=VALUE"]);
    let broken = Changed::new("broken", |text| text.replace("    id: kafka-mesos\n", "   id: kafka-mesos\n"));
    check(&["e2e", "--stack", broken.path()], ExitCode::BadInput, &["id: kafka-mesos", "^"]);
    let unknown =
        Changed::new("unknown", |text| text.replace("type: kafka-mesos-0.9.x", "type: kafka-mesos"));
    let said = ["No task runner available for application"];
    check(&["e2e", "--stack", unknown.path()], ExitCode::BadInput, &said);
    let cycle = Changed::new("cycle", |text| {
        text.replace("  kafka-mesos:\n", "  kafka-mesos:\n    dependencies:\n      - kafka-mesos\n")
            .replace("    dependencies:\n      - exhibitor-mesos\n", "")
    });
    check(&["e2e", "--stack", cycle.path()], ExitCode::BadInput, &["kafka-mesos -> kafka-mesos"]);
    let standalone = "fixtures/stacks/zipkin-standalone.stack";
    let said = ["the variable kafka_zk_url is not given", "the variable cassandra_url is not given"];
    check(&["e2e", "--stack", standalone], ExitCode::BadInput, &said);
}

#[test]
fn says_which_agent_offered_what_to_a_node_that_is_too_large() {
    let large = Changed::new("large", |text| text.replace("mem: 10000", "mem: 40000"));
    let said = ["node 70", "mem < 40000", "127.77.", "offered cpus:", "again: cargo xtask e2e --stack"];
    check(&["e2e", "--stack", large.path()], ExitCode::NotAsExpected, &said);
}

#[test]
fn names_an_artifact_that_cannot_be_had() {
    let other = Changed::new("artifact", |text| text.replace("exhibitor-1.5.5-all.jar", "exhibitor.zip"));
    let said =
        ["the artifact http://repo.elodina.s3.amazonaws.com/exhibitor.zip of exhibitor-mesos cannot be had"];
    check(&["e2e", "--stack", other.path()], ExitCode::NotAsExpected, &said);
}

#[test]
fn leaves_a_report() {
    let folder = std::env::temp_dir().join(format!("stacklab-{}-report", std::process::id()));
    let words = ["e2e", "zipkin-standalone", "--json", "--report", folder.to_str().unwrap()];
    check(&words, ExitCode::AsExpected, &["\"passed\":true"]);
    let timeline = std::fs::read_to_string(folder.join("zipkin-standalone/timeline.jsonl")).unwrap();
    assert!(timeline.starts_with("{\"timeline\":1}\n"), "{timeline:.100}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_same_seed_prints_the_same_timeline() {
    let (first, second) = (xtask(&["sim", "--seed", "3"]), xtask(&["sim", "--seed", "3"]));
    assert!(first.status.success());
    assert!(first.stdout == second.stdout, "two runs of one seed differ");
    assert_ne!(first.stdout, xtask(&["sim", "--seed", "4"]).stdout);
}

#[test]
fn ctrl_c_and_sigterm_leave_nothing_behind() {
    ["-INT", "-TERM"].into_iter().for_each(leaves_nothing_behind);
}

fn leaves_nothing_behind(signal: &str) {
    let mut up = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["up", "--json", "--agents", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(up.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addresses: serde_json::Value = serde_json::from_str(&line).unwrap();
    let master: SocketAddr =
        addresses["master"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
    let id = master_id(master).expect("the master answers");
    let interrupted = Command::new("kill").args([signal, &up.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = up.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::yield_now();
    };
    assert_eq!(status.code(), Some(0), "{signal}");
    // Another lab may have taken the addresses by now.
    assert_ne!(master_id(master), Some(id), "it still listens");
}

/// The id of the master at this address, if one answers.
fn master_id(address: SocketAddr) -> Option<String> {
    let mut connection = TcpStream::connect(address).ok()?;
    connection.set_read_timeout(Some(LIMIT)).ok()?;
    connection.write_all(b"GET /master/state HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    let state: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()?;
    Some(state["id"].as_str()?.to_owned())
}

#[test]
fn the_readme_documents_the_exit_codes() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for exit in ExitCode::ALL {
        let row = format!("| {} | {} |", exit.code(), exit.meaning());
        assert!(readme.contains(&row), "the README lacks {row}");
    }
}
