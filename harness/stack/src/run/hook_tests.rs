//! Tests of what a run does beside its calls of HTTP: scripts of hooks, and applications that run once.

use expect_test::expect;
use stacklab_machine::Step;
use stacklab_machine::http::Response;
use stacklab_machine::process::ScriptEnd;

use super::*;

fn config(text: &str) -> RunConfig {
    let mut config = RunConfig::new(Stack::parse(text).unwrap().stack, "http://m:8080");
    config.allow_hooks = true;
    config.run_once = true;
    config
}

fn page(path: &str) -> Response {
    let body = match path {
        "/v2/info" => r#"{"marathon_config":{"master":"zk"}}"#,
        "/v2/apps" => r#"{"id":"/a"}"#,
        "/v2/apps/a/tasks" => r#"{"tasks":[{"host":"h","ports":[31000]}]}"#,
        "/v2/apps/a" => r#"{"app":{"tasksRunning":1}}"#,
        _ => "{}",
    };
    Response::json(200, body)
}

/// Runs to the end, and returns what was asked for: `script` gives each script's end by its name.
fn play(config: RunConfig, script: &dyn Fn(&str) -> Result<ScriptEnd, String>) -> (Run, String) {
    let mut run = Run::new(config);
    let mut out = Outbox::new();
    let mut lines = Vec::new();
    run.handle(Time::SIM_START, Input::Start, &mut out);
    while !out.is_empty() {
        for step in out.drain().collect::<Vec<_>>() {
            let answer = match step {
                Step::Output(Output::Http { call, request, .. }) => {
                    lines.push(format!("{} {}", request.method, request.path_and_query()));
                    Input::HttpReply { call, result: Ok(page(request.path())) }
                }
                Step::Output(Output::Script { call, name, text }) => {
                    lines.push(format!("{name} {text:?}"));
                    Input::Script { call, result: script(&name) }
                }
                Step::Output(Output::Mesos(OnceRequest::Run { call, application })) => {
                    lines.push(format!("{application:?}"));
                    let result = if application.id == "bad" { Err("it failed".into()) } else { Ok(()) };
                    Input::Mesos(OnceReply::Ran { call, result })
                }
                _ => continue,
            };
            run.handle(Time::SIM_START, answer, &mut out);
        }
    }
    (run, lines.join("\n"))
}

fn fine(_: &str) -> Result<ScriptEnd, String> {
    Ok(ScriptEnd::Code(0))
}

const HOOKED: &str = r"
name: s
applications:
  a:
    type: kafka-mesos-0.9.x
    id: a
    cpu: 1
    mem: 1
    tasks: {one: {id: 0}, two: {id: 1}}
    before_scheduler: ['echo ${stack}', 'true']
    after_scheduler: ['echo $HOME']
    before_task: ['curl ${a.api}/x']
    after_task: ['echo after']
    after_tasks: ['echo ${a.port0}']
";

#[test]
fn hooks_run_at_their_points() {
    let (run, lines) = play(config(HOOKED), &fine);
    expect![[r##"
        GET /v2/info
        a_before_scheduler.sh "#!/bin/sh\n\necho s\ntrue"
        POST /v2/apps
        GET /v2/apps/a
        a_after_scheduler.sh "#!/bin/sh\n\necho $HOME"
        GET /v2/apps/a/tasks
        a_before_task.sh "#!/bin/sh\n\ncurl http://h:31000/x"
        GET /api/broker/add?broker=0
        GET /api/broker/start?broker=0
        a_after_task.sh "#!/bin/sh\n\necho after"
        a_before_task.sh "#!/bin/sh\n\ncurl http://h:31000/x"
        GET /api/broker/add?broker=1
        GET /api/broker/start?broker=1
        a_after_task.sh "#!/bin/sh\n\necho after"
        a_after_tasks.sh "#!/bin/sh\n\necho 31000""##]]
    .assert_eq(&lines);
    assert_eq!(run.outcome(), Some(Ok(())));
}

#[track_caller]
fn check_end(text: &str, script: &dyn Fn(&str) -> Result<ScriptEnd, String>, last: &str, error: &str) {
    let (run, lines) = play(config(text), script);
    let outcome = run.outcome().unwrap().unwrap_err();
    assert_eq!(outcome.lines().next(), Some(error));
    assert!(lines.lines().last().unwrap().starts_with(last), "{lines}");
}

#[test]
fn a_hook_that_fails_ends_the_application() {
    let fails = |name: &'static str, end: ScriptEnd| {
        move |asked: &str| Ok(if asked == name { end } else { ScriptEnd::Code(0) })
    };
    for (name, last) in [
        ("a_before_scheduler.sh", "a_before_scheduler"),
        ("a_after_scheduler.sh", "a_after_scheduler"),
        ("a_before_task.sh", "a_before_task"),
        ("a_after_task.sh", "a_after_task"),
        ("a_after_tasks.sh", "a_after_tasks"),
    ] {
        check_end(HOOKED, &fails(name, ScriptEnd::Code(3)), last, "a: exit status 3");
    }
    let killed = fails("a_after_task.sh", ScriptEnd::Signal(9));
    check_end(HOOKED, &killed, "a_after_task", "a: signal: killed");
    let missing = |_: &str| Err("no shell".to_owned());
    check_end(HOOKED, &missing, "a_before_scheduler", "a: no shell");
}

#[test]
fn hooks_are_checked_when_their_turn_comes() {
    for (hook, last) in [
        ("before_scheduler", "GET /v2/info"),
        ("after_scheduler", "GET /v2/apps/a"),
        ("before_task", "GET /v2/apps/a/tasks"),
        ("after_task", "GET /api/broker/start"),
        ("after_tasks", "GET /api/broker/start"),
    ] {
        let text = format!(
            "name: s\napplications: {{a: {{type: kafka-mesos-0.9.x, id: a, cpu: 1, mem: 1, tasks: {{t: {{id: 0}}}}, \
             {hook}: ['true', 'x ${{nope}}']}}}}"
        );
        check_end(&text, &fine, last, "a: Unresolved variable ${nope}. Available variables:");
    }
}

#[test]
fn hooks_and_run_once_need_leave() {
    for (allow_hooks, run_once, words) in [(false, true, "--allow-hooks"), (true, false, "none is connected")]
    {
        let text =
            "name: s\napplications: {a: {type: run-once, id: a, cpu: 1, mem: 1, after_tasks: ['true']}}";
        let mut config = config(text);
        (config.allow_hooks, config.run_once) = (allow_hooks, run_once);
        let (run, lines) = play(config, &fine);
        assert_eq!(lines, "");
        assert!(run.outcome().unwrap().unwrap_err().contains(words));
    }
}

#[test]
fn a_run_once_application_goes_to_the_framework() {
    let text = r"
name: s
applications:
  a:
    type: run-once
    id: a
    cpu: 0.1
    mem: 8
    instances: 2
    constraints: [[rack, UNIQUE]]
    launch_command: 'echo ${stack} $HOME'
    artifact_urls: ['http://x/1']
    additional_artifacts: ['http://x/2']
    time_schedule: '@every 17s'
    scheduler: {not: used}
    before_scheduler: ['echo before']
    after_scheduler: ['echo after']
    before_task: ['echo never']
    after_tasks: ['echo end']
  b: {type: run-once, id: bad, cpu: 1, mem: 1, launch_command: x, dependencies: [a]}
";
    let (run, lines) = play(config(text), &fine);
    expect![[r##"
        GET /v2/info
        a_before_scheduler.sh "#!/bin/sh\n\necho before"
        OnceApplication { id: "a", cpus: 0.1, mem: 8.0, constraints: [["rack", "UNIQUE"]], command: "echo s $HOME", uris: ["http://x/1", "http://x/2"], instances: 2, start_time: "", time_schedule: "@every 17s" }
        a_after_scheduler.sh "#!/bin/sh\n\necho after"
        a_after_tasks.sh "#!/bin/sh\n\necho end"
        OnceApplication { id: "bad", cpus: 1.0, mem: 1.0, constraints: [], command: "x", uris: [], instances: 1, start_time: "", time_schedule: "" }"##]]
    .assert_eq(&lines);
    assert_eq!(run.outcome(), Some(Err("bad: it failed".into())));
}

#[test]
fn what_a_variable_is_at_the_start_holds() {
    let text = "name: s\napplications: {a: {type: kafka-mesos-0.9.x, id: a, cpu: 1, mem: 1, \
                tasks: {t: {id: 0, to: '${a.host}'}}}}";
    let mut config = config(text);
    config.variables.insert("a.host".into(), "given".into());
    let (_, lines) = play(config, &fine);
    assert!(lines.contains("to=given"), "{lines}");
}

#[test]
fn the_bundled_stack_is_scheduled() {
    let parsed = Stack::parse(include_str!("../../../../fixtures/stacks/scheduled.stack")).unwrap();
    assert_eq!(parsed.warnings, []);
    assert_eq!(validate(&parsed.stack), Ok(()));
    let found = problems(&parsed.stack, &[]);
    assert!(found.len() == 3 && found.iter().all(|one| matches!(one, Problem::RunOnce { .. })), "{found:?}");
    let mut config = RunConfig::new(parsed.stack, "http://m:8080");
    config.run_once = true;
    let (run, lines) = play(config, &fine);
    assert_eq!(run.outcome(), Some(Ok(())));
    expect![[r#"
        GET /v2/info
        OnceApplication { id: "schedule_only", cpus: 0.1, mem: 8.0, constraints: [], command: "echo 'schedule only'", uris: [], instances: 1, start_time: "", time_schedule: "@every 30s" }
        OnceApplication { id: "start_only", cpus: 0.1, mem: 8.0, constraints: [], command: "echo 'start only'", uris: [], instances: 1, start_time: "0 25 12 7 4 6", time_schedule: "" }
        OnceApplication { id: "start_with_schedule", cpus: 0.1, mem: 8.0, constraints: [], command: "echo 'start with schedule'", uris: [], instances: 1, start_time: "0 30 12 7 4 6", time_schedule: "@every 17s" }"#]].assert_eq(&lines);
}
