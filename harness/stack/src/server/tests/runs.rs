//! Runs: what is called, stored and answered; what the original does wrong on the way.

use serde_json::json;
use stacklab_machine::http::{Failure, Response};

use super::*;
use crate::server::{Mode, RunKey, RunState, ServerConfig, StoreOp};

fn add(rig: &mut Rig, file: &str) {
    let answer = code(rig.ask("/createstack", &json!({"stackfile": file}).to_string()));
    assert_eq!(answer, (200, String::new()));
}

fn run(rig: &mut Rig, name: &str) -> (u16, String) {
    run_in(rig, name, "")
}

fn run_in(rig: &mut Rig, name: &str, zone: &str) -> (u16, String) {
    let body = json!({"name": name, "zone": zone, "maxwait": 2, "variables": {"x": "1"}});
    code(rig.ask("/run", &body.to_string()))
}

fn key(stack: &str, zone: &str) -> RunKey {
    RunKey { stack: stack.into(), zone: zone.into() }
}

const GOOD: (u16, &str) = (200, "");

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "so that calls stand in it as they are")]
fn is(answer: (u16, String), status: u16, text: &str) {
    assert_eq!(answer, (status, text.to_owned()));
}

#[test]
fn runs_a_stack_and_stores_how_far_it_came() {
    let mut rig = Rig::production();
    add(&mut rig, &stack_file("s", ""));
    rig.ops.clear();
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
    let calls = [
        "GET http://127.0.0.1:5050/master/state.json",
        "GET http://127.0.0.1:8080/v2/info",
        "POST http://127.0.0.1:8080/v2/apps",
        "GET http://127.0.0.1:8080/v2/apps/s-app",
    ];
    assert_eq!(rig.calls, calls);
    let kept = rig.store.run(&key("s", "")).unwrap();
    assert_eq!(kept.state, RunState::Running);
    assert_eq!(kept.applications["s-app"], RunState::Running);
    assert_eq!(kept.variables.arbitrary["x"], "1");
    assert_eq!(kept.variables.stack["mesos.master"], "zk://zk:2181/mesos");
    let saved: Vec<_> = rig.ops.iter().filter(|op| matches!(op, StoreOp::SaveStack { .. })).collect();
    assert_eq!(saved.len(), 2, "staging, then running: {saved:?}");
    // Nothing of what was stored is read: it is run again.
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
}

#[test]
fn tells_why_a_run_failed() {
    let mut rig = Rig::production();
    add(&mut rig, &stack_file("s", ""));
    rig.answers = Box::new(|request| {
        Some(match request.path() {
            "/v2/apps" => Ok(Response::json(409, r#"{"message":"An app with id [/s-app] already exists."}"#)),
            _ => rig::obliging(request),
        })
    });
    is(run(&mut rig, "s"), 404, "s-app: Marathon API error: An app with id [/s-app] already exists.\n");
    let kept = rig.store.run(&key("s", "")).unwrap();
    assert_eq!((kept.state, kept.applications["s-app"]), (RunState::Failed, RunState::Failed));
    rig.answers = Box::new(|_| Some(Err(Failure::Refused(String::new()))));
    let refused = "dial tcp 127.0.0.1:5050: connect: connection refused";
    is(run(&mut rig, "s"), 404, &format!("Get \"http://127.0.0.1:5050/master/state.json\": {refused}\n"));
    // The master is asked before the stack is looked for.
    is(run(&mut rig, "nope"), 404, &format!("Get \"http://127.0.0.1:5050/master/state.json\": {refused}\n"));
}

#[test]
fn skips_count_as_running() {
    let mut rig = Rig::production();
    add(&mut rig, &stack_file("s", ""));
    let body = json!({"name": "s", "skip": ["^s-"]}).to_string();
    is(code(rig.ask("/run", &body)), GOOD.0, GOOD.1);
    assert_eq!(rig.store.run(&key("s", "")).unwrap().applications["s-app"], RunState::Running);
    let body = json!({"name": "s", "skip": ["("]}).to_string();
    is(code(rig.ask("/run", &body)), 404, "error parsing regexp: missing closing ): `(`\n");
}

#[test]
fn unresolved_variables_are_told_with_all_there_are() {
    let mut rig = Rig::production();
    add(&mut rig, &stack_file("s", ""));
    let text = code(rig.ask("/run", "{\"name\":\"s\"}")).1;
    assert!(text.starts_with("s-app: Unresolved variable ${x}. Available variables:\n{\n"), "{text}");
}

#[test]
fn merges_zones() {
    for mut rig in [Rig::production(), Rig::developer()] {
        add(&mut rig, &stack_file("s", ""));
        let zone = "name: z\napplications:\n  app:\n    type: custom\n    id: zone-app\n    cpu: 3\n    mem: 1\n  \
                    extra:\n    type: custom\n    id: extra\n    cpu: 1\n    mem: 1\n    launch_command: x\n";
        let body = json!({"stackfile": zone, "layer": "zone"}).to_string();
        is(code(rig.ask("/createlayer", &body)), GOOD.0, GOOD.1);
        rig.calls.clear();
        is(run_in(&mut rig, "s", "z"), GOOD.0, GOOD.1);
        let created: Vec<_> = rig.calls.iter().filter(|call| call.starts_with("POST")).collect();
        assert_eq!(created.len(), 2);
        let kept = rig.store.run(&key("s", "z")).unwrap();
        assert_eq!(kept.applications.keys().collect::<Vec<_>>(), ["extra", "s-app"]);
        assert_eq!(kept.variables.stack["zone"], "z");
    }
}

#[test]
fn a_store_that_fails_fails_the_run() {
    let mut rig = Rig::production();
    add(&mut rig, &stack_file("s", ""));
    let exchange = rig.send(("admin", "admin's key"), "/run", "{\"name\":\"s\",\"variables\":{\"x\":\"1\"}}");
    rig.answers = Box::new(|request| Some(rig::obliging(request)));
    rig.settle();
    assert_eq!(rig.response(exchange).unwrap().status, 200);
    rig.store_fails = Some("Unavailable".into());
    is(code(rig.ask_as(("", ""), "/run", "")), 500, "Key may not be empty\n");
    let mut rig = Rig::developer();
    add(&mut rig, &stack_file("s", ""));
    rig.store_fails = Some("Unavailable".into());
    is(run(&mut rig, "s"), 404, "Unavailable\n");
}

#[test]
fn developer_mode_reports_success() {
    let mut rig = Rig::developer();
    add(&mut rig, &stack_file("s", ""));
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
    let shown = code(rig.ask("/get", "{\"name\":\"s\"}")).1;
    assert!(shown.contains("launch_command: run ${x}"), "{shown}");
}

#[test]
fn developer_mode_reports_failure_faithfully() {
    let mut rig = Rig::faithful_developer();
    add(&mut rig, &stack_file("s", ""));
    is(run(&mut rig, "s"), 404, "Stack state already exists\n");
    let deployed = rig.calls.len();
    assert!(rig.calls.contains(&"POST http://127.0.0.1:8080/v2/apps".to_owned()));
    // And every later run, before anything is called on Marathon.
    is(run(&mut rig, "s"), 404, "Stack state already exists\n");
    assert_eq!(rig.calls[deployed..], ["GET http://127.0.0.1:5050/master/state.json"]);
    assert_eq!(run_in(&mut rig, "s", "s").1, "Stack state already exists\n");
}

#[test]
fn developer_mode_changes_what_it_runs_faithfully() {
    let file = "name: s\napplications:\n  a: {type: kafka-mesos-0.9.x, id: k, cpu: 1, mem: 1, launch_command: 'go ${x}', \
                tasks: {t: {id: 0, zk: '${k.host}'}}}\n";
    let mut rig = Rig::faithful_developer();
    add(&mut rig, file);
    run(&mut rig, "s");
    let shown = code(rig.ask("/get", "{\"name\":\"s\"}")).1;
    assert!(shown.contains("launch_command: go 1\n"), "{shown}");
    assert!(shown.contains("        id: \"0\"\n        zk: h\n"), "{shown}");
    // In a zone it is the topmost layer that is changed, and renamed.
    let mut rig = Rig::faithful_developer();
    add(&mut rig, file);
    for (name, parent) in [("dc", ""), ("c", "dc"), ("z", "c")] {
        let file =
            format!("name: {name}\napplications:\n  {name}: {{type: t, id: {name}, cpu: 1, mem: 1}}\n");
        let body = json!({"stackfile": file, "layer": "zone", "parent": parent});
        is(code(rig.ask("/createlayer", &body.to_string())), GOOD.0, GOOD.1);
    }
    run_in(&mut rig, "s", "z");
    let shown = code(rig.ask("/get", "{\"name\":\"dc\"}")).1;
    assert!(shown.contains("\nname: s\n") && shown.contains("\n  z:\n"), "{shown}");
}

const CYCLE: &str = "name: s\napplications:\n  a: {type: t, id: a, cpu: 1, mem: 1, dependencies: [b]}\n  \
                     b: {type: t, id: b, cpu: 1, mem: 1, dependencies: [a]}\n";
const NOWHERE: &str = "name: s\napplications:\n  a: {type: t, id: a, cpu: 1, mem: 1, dependencies: [b]}\n";
const TWICE: &str = "name: s\napplications:\n  a: {type: t, id: a, cpu: 1, mem: 1}\n  \
                     b: {type: t, id: a, cpu: 1, mem: 1}\n";
const ONE: &str = "name: s\napplications:\n  a: {type: t, id: a, cpu: 1, mem: 1}\n";

#[test]
fn names_what_the_original_hangs_on() {
    for (file, text) in [
        (CYCLE, "applications depend on each other: a -> b -> a\n"),
        (NOWHERE, "a depends on b, which is the id of no application\n"),
        ("name: s\n", "stack s has no applications\n"),
        (TWICE, "applications a and b have the same id a\n"),
    ] {
        let mut rig = Rig::developer();
        add(&mut rig, file);
        is(run(&mut rig, "s"), 404, text);
    }
    let mut rig = Rig::developer();
    add(&mut rig, ONE);
    is(code(rig.ask("/run", "{\"name\":\"s\",\"skip\":[\"a\",\"^a\"]}")), GOOD.0, GOOD.1);
}

#[test]
fn hangs_faithfully() {
    for file in [CYCLE, NOWHERE, "name: s\n"] {
        let mut rig = Rig::faithful_developer();
        add(&mut rig, file);
        is(run(&mut rig, "s"), 0, "");
        assert_eq!(code(rig.ask("/list", "")).0, 200, "the server goes on");
    }
    let mut rig = Rig::faithful_developer();
    add(&mut rig, ONE);
    is(code(rig.ask("/run", "{\"name\":\"s\",\"skip\":[\"a\",\"^a\"]}")), 0, "");
    // Of two applications with one id, one is started.
    let faithful = ServerConfig { faithful: true, ..ServerConfig::new(Mode::Production) };
    let mut rig = Rig::started(faithful);
    add(&mut rig, TWICE);
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
    assert_eq!(rig.calls.iter().filter(|call| call.starts_with("POST")).count(), 1);
}

#[test]
fn a_merge_onto_nothing() {
    let play = |faithful| {
        let mut rig = Rig::started(ServerConfig { faithful, ..ServerConfig::new(Mode::Production) });
        add(&mut rig, "name: p\n");
        add(&mut rig, &stack_file("s", "p"));
        let answers = [run(&mut rig, "s"), code(rig.ask("/get", "{\"name\":\"s\"}"))];
        assert_eq!(code(rig.ask("/list", "")).0, 200, "the server goes on");
        answers
    };
    let text = "stack s cannot be merged onto p, which has no applications\n".to_owned();
    assert_eq!(play(false), [(404, text.clone()), (404, text)]);
    // Status 0: the connection ends.
    assert_eq!(play(true), [(0, String::new()), (0, String::new())]);
}

#[test]
fn a_body_that_is_null() {
    let paths = ["/get", "/run", "/removestack", "/createlayer", "/createstack"];
    let play = |rig: &mut Rig| paths.map(|path| code(rig.ask(path, " null ")).0);
    assert_eq!(play(&mut Rig::developer()), [400, 400, 400, 400, 200]);
    assert_eq!(play(&mut Rig::faithful_developer()), [0; 5]);
}

#[test]
fn what_the_original_dies_of() {
    let play = |faithful| {
        let mut rig = Rig::started(ServerConfig { faithful, ..ServerConfig::new(Mode::Production) });
        add(&mut rig, "name: s\napplications:\n  a: {type: kafka-mesos-0.9.x, id: k, cpu: 1, mem: 1}\n");
        rig.answers = Box::new(|request| {
            let no_ports = request.path().ends_with("/tasks");
            Some(if no_ports {
                Ok(Response::json(200, r#"{"tasks":[{"host":"h","ports":[]}]}"#))
            } else {
                rig::obliging(request)
            })
        });
        (run(&mut rig, "s"), rig.exit)
    };
    let text = "k: the task that Marathon runs has no port: its scheduler cannot be called\n";
    assert_eq!(play(false), ((404, text.to_owned()), None));
    assert_eq!(play(true), ((0, String::new()), Some(2)));
}

#[test]
fn bounds_the_number_of_runs() {
    let mut rig = Rig::started(ServerConfig { max_runs: 2, ..ServerConfig::new(Mode::Developer) });
    add(&mut rig, ONE);
    rig.answers = Box::new(|request| (request.path() != "/v2/info").then(|| rig::obliging(request)));
    let exchanges: Vec<_> = (0..3).map(|_| rig.send(JOE, "/run", "{\"name\":\"s\"}")).collect();
    rig.settle();
    let mut answers = exchanges.into_iter().map(|exchange| code(rig.response(exchange)));
    assert_eq!(answers.next(), Some((0, String::new())));
    assert_eq!(answers.next(), Some((0, String::new())));
    assert_eq!(answers.next(), Some((503, "Too many runs are under way: at most 2\n".into())));
}

#[test]
fn a_failed_look_up_gives_its_place_back() {
    let mut rig = Rig::started(ServerConfig { max_runs: 1, ..ServerConfig::new(Mode::Developer) });
    for _ in 0..3 {
        is(run(&mut rig, "nope"), 404, "Stack does not exist\n");
    }
    add(&mut rig, ONE);
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
}

const KAFKA: &str = "name: s\napplications:\n  a: {type: kafka-mesos-0.9.x, id: k, cpu: 1, mem: 1, tasks: {t: {id: 0, \
                     p: '${not.there}'}}}\n";

#[test]
fn sends_unresolved_parameters_as_they_are() {
    let mut rig = Rig::production();
    add(&mut rig, KAFKA);
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
    let call = "GET http://h:31000/api/broker/add?broker=0&p=%24%7Bnot.there%7D".to_owned();
    assert!(rig.calls.contains(&call), "{:?}", rig.calls);
}

#[test]
fn a_start_that_timed_out_counts() {
    let mut rig = Rig::production();
    add(&mut rig, KAFKA);
    rig.answers = Box::new(|request| {
        Some(match request.path() {
            "/api/broker/start" => Ok(Response::json(200, r#"{"status":"timeout"}"#)),
            _ => rig::obliging(request),
        })
    });
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
}

#[test]
fn applications_under_way_go_on() {
    let file = "name: s\napplications:\n  a: {type: t, id: a, cpu: 1, mem: 1, launch_command: '${nope}'}\n  \
                b: {type: kafka-mesos-0.9.x, id: b, cpu: 1, mem: 1, tasks: {t: {id: 0}}}\n  \
                c: {type: t, id: c, cpu: 1, mem: 1, dependencies: [b]}\n";
    // Applications start in the order of their keys: here the one that fails is behind one that is under way.
    let file = file.replace("  a: {type", "  z: {type");
    let mut rig = Rig::production();
    add(&mut rig, &file);
    assert_eq!(run(&mut rig, "s").0, 404);
    let paths: Vec<_> = rig.calls.iter().filter_map(|call| call.split_once("31000")).collect();
    assert_eq!(paths.len(), 2, "its tasks are done: {:?}", rig.calls);
    assert!(!rig.calls.iter().any(|call| call.contains("/v2/apps/c")), "but nothing new is started");
    assert!(!rig.calls.iter().any(|call| call.starts_with("DELETE")));
}

#[test]
fn the_first_fault_wins() {
    let mut rig = Rig::production();
    add(&mut rig, "name: s\napplications:\n  b: {id: b}\n  a: {type: t}\n");
    is(run(&mut rig, "s"), 404, "Invalid application a: No application ID\n");
}

#[test]
fn warns_of_what_it_passes_over() {
    let mut rig = Rig::production();
    add(&mut rig, KAFKA);
    rig.answers = Box::new(|request| {
        Some(match request.path() {
            "/api/broker/start" => Ok(Response::json(200, r#"{"status":"timeout"}"#)),
            _ => rig::obliging(request),
        })
    });
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
    for line in [
        "[WARN] k: ${not.there} is not resolved in the parameter p, which is sent as it stands",
        "[WARN] k: broker 0 did not start, and Stack Deploy went on",
    ] {
        assert_eq!(rig.log.iter().filter(|other| *other == line).count(), 1, "{:?}", rig.log);
    }
}

const HOOKS: &str =
    "name: s\napplications:\n  a: {type: t, id: a, cpu: 1, mem: 1, before_scheduler: ['echo ${x}']}\n";

#[test]
fn hooks_run_where_they_are_allowed() {
    let mut rig = Rig::developer();
    add(&mut rig, HOOKS);
    let (status, text) = run(&mut rig, "s");
    assert_eq!(status, 404);
    assert!(text.contains("--allow-hooks"), "{text}");
    assert!(rig.scripts.is_empty());
    let mut rig = Rig::started(ServerConfig { allow_hooks: true, ..ServerConfig::new(Mode::Developer) });
    add(&mut rig, HOOKS);
    is(run(&mut rig, "s"), GOOD.0, GOOD.1);
    assert_eq!(rig.scripts.len(), 1);
    assert_eq!(rig.scripts[0].0, "a_before_scheduler.sh");
    assert!(rig.scripts[0].1.ends_with("echo 1"), "{:?}", rig.scripts);
}
