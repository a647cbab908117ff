//! Scripts that a program runs: their output, their end, and what is left of them when the program is gone.

use std::fs;
use std::path::PathBuf;

use stacklab_machine::process::{CallId, Input, Output, ScriptEnd};
use stacklab_machine::timeline::What;

use crate::scripted;
use crate::support::{until, within};

fn script(text: &str) -> Output<u32> {
    Output::Script { call: CallId(1), name: "../a/b_hook.sh".into(), text: format!("#!/bin/sh\n\n{text}") }
}

/// Runs a script to its end; gives that and the lines of its output.
async fn run(address: [u8; 4], text: &'static str) -> (Result<ScriptEnd, String>, Vec<String>) {
    let (program, recorder, mut seen) = scripted::start_recorded(address, move |input| match input {
        Input::Start => vec![script(text)],
        _ => Vec::new(),
    });
    within("the start", seen.recv()).await.unwrap();
    let Some(Input::Script { call: CallId(1), result }) = within("the script's end", seen.recv()).await
    else {
        panic!("something else came")
    };
    drop(program);
    let lines = recorder.with(|timeline| {
        let line = |what: &What| match what {
            What::Log { line } => Some(line.clone()),
            _ => None,
        };
        timeline.events().iter().filter_map(|event| line(&event.what)).collect()
    });
    (result, lines)
}

#[tokio::test]
async fn output_and_status_are_told() {
    let (result, lines) = run([127, 78, 40, 1], "echo one\necho two >&2\nprintf three; false; exit 3").await;
    assert_eq!(result, Ok(ScriptEnd::Code(3)));
    let mut sorted = lines;
    sorted.sort();
    assert_eq!(sorted, ["one", "three", "two"]);
    // The last command's status counts.
    assert_eq!(run([127, 78, 40, 2], "false\ntrue").await.0, Ok(ScriptEnd::Code(0)));
    assert_eq!(run([127, 78, 40, 3], "kill -9 $$").await.0, Ok(ScriptEnd::Signal(9)));
}

#[tokio::test]
async fn it_runs_in_the_working_directory_and_leaves_no_file() {
    let (_, lines) = run([127, 78, 40, 4], "pwd\necho $0").await;
    assert_eq!(lines[0], std::env::current_dir().unwrap().to_string_lossy());
    assert!(lines[1].ends_with("_.._a_b_hook.sh"), "{lines:?}");
    assert!(!PathBuf::from(&lines[1]).parent().unwrap().exists());
}

#[tokio::test]
async fn much_output_is_cut() {
    let (result, lines) = run([127, 78, 40, 5], "seq 1 5000; head -c 100000 /dev/zero | tr '\\0' x").await;
    assert_eq!(result, Ok(ScriptEnd::Code(0)));
    assert_eq!(lines.len(), 1001);
    assert_eq!(lines[1000], "../a/b_hook.sh: 4001 more lines are left out");
}

#[tokio::test]
async fn it_ends_with_its_program_and_its_descendants_with_it() {
    let mark = std::env::temp_dir().join(format!("stacklab-test-{}-script", std::process::id()));
    let _ = fs::remove_file(&mark);
    // One waits in the foreground of a script that has not ended, one in the background of one that has.
    let text = format!("sleep 60 & echo $! >> {0}; sleep 61 & echo $! >> {0}; wait", mark.display());
    let left = format!("sleep 62 > /dev/null 2>&1 & echo $! >> {}", mark.display());
    let (program, mut seen) = scripted::start([127, 78, 40, 6], move |input| match input {
        Input::Start => {
            vec![script(&text), Output::Script { call: CallId(2), name: "left".into(), text: left.clone() }]
        }
        _ => Vec::new(),
    });
    within("the start", seen.recv()).await.unwrap();
    let ended = within("the end of the second", seen.recv()).await.unwrap();
    assert_eq!(ended, Input::Script { call: CallId(2), result: Ok(ScriptEnd::Code(0)) });
    let pids =
        || fs::read_to_string(&mark).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    until("three processes", async || (pids().len() == 3).then_some(())).await;
    let runs = |pid: &String| {
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    };
    assert!(pids().iter().all(runs));
    program.kill().await;
    until("their end", async || (!pids().iter().any(runs)).then_some(())).await;
    let _ = fs::remove_file(&mark);
}
