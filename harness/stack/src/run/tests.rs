//! Tests of whole runs, against scripted answers.

use std::time::Duration;

use expect_test::expect;
use stacklab_machine::Step;
use stacklab_machine::http::{Failure, Response, decode_path};

use super::*;

const FULL: &str = include_str!("../../../../fixtures/stacks/zipkin-full.stack");

fn config(text: &str) -> RunConfig {
    let mut config = RunConfig::new(Stack::parse(text).unwrap().stack, "http://m:8080/ignored");
    config.variables.insert("zk_url".into(), "zk:2181".into());
    config
}

/// Answers that make everything work at once.
fn obliging(request: &http::Request) -> Result<Response, Failure> {
    let path = request.path_and_query();
    let body = match path.split('?').next().unwrap_or_default() {
        "/v2/info" => r#"{"marathon_config":{"master":"zk://zk:2181/mesos"}}"#,
        "/v2/apps" => r#"{"id":"/x"}"#,
        path if path.starts_with("/v2/apps/") && path.ends_with("/tasks") => {
            let app = path.trim_start_matches("/v2/apps/").trim_end_matches("/tasks");
            return Ok(Response::json(200, format!(r#"{{"tasks":[{{"host":"{app}","ports":[31000]}}]}}"#)));
        }
        path if path.starts_with("/v2/apps/") => r#"{"app":{"tasksRunning":1,"tasksHealthy":1}}"#,
        "/api/start" => r#"{"success":true,"value":{"cluster":[{"config":{"hostname":"z"}}]}}"#,
        "/api/node/start" => {
            r#"{"nodes":[{"id":"70","runtime":{"address":"c","reservation":{"ports":{"cql":31100}}}}]}"#
        }
        "/api/query/start" => {
            r#"{"success":true,"value":[{"id":"0","config":{"hostname":"q","env":{"QUERY_PORT":"31002"}}}]}"#
        }
        _ => r#"{"success":true}"#,
    };
    Ok(Response::json(200, body))
}

/// Runs to the end and returns what was called, with the seconds since the start, and the exit.
fn play(
    config: RunConfig,
    answer: &mut dyn FnMut(&http::Request) -> Result<Response, Failure>,
) -> (Run, Vec<String>) {
    let mut run = Run::new(config);
    let mut out = Outbox::new();
    let mut now = Time::SIM_START;
    let mut lines = Vec::new();
    run.handle(now, Input::Start, &mut out);
    for _ in 0..10_000 {
        let steps: Vec<_> = out.drain().collect();
        for step in steps {
            let seconds = now.since(Time::SIM_START).as_secs_f64();
            match step {
                Step::Output(Output::Http { call, request, .. }) => {
                    let url = decode_path(&request.url);
                    lines.push(format!("{seconds} {} {url}", request.method));
                    let result = answer(&request);
                    now += Duration::from_millis(1);
                    run.handle(now, Input::HttpReply { call, result }, &mut out);
                }
                Step::Output(Output::Exit { code }) => {
                    lines.push(format!("{seconds} exit {code}"));
                    return (run, lines);
                }
                _ => {}
            }
        }
        if out.is_empty() {
            let Some(at) = run.wake_at() else { break };
            now = at.max(now);
            run.wake(now, &mut out);
        }
    }
    (run, lines)
}

#[test]
fn makes_the_calls_that_were_recorded() {
    let (run, lines) = play(config(FULL), &mut obliging);
    expect![[r#"
        0 GET http://m:8080/v2/info
        0.001 POST http://m:8080/v2/apps
        0.002 POST http://m:8080/v2/apps
        0.003 GET http://m:8080/v2/apps/dse-mesos-0.2.x
        0.004 GET http://m:8080/v2/apps/exhibitor-mesos
        0.005 GET http://m:8080/v2/apps/dse-mesos-0.2.x/tasks
        0.006 GET http://m:8080/v2/apps/exhibitor-mesos/tasks
        0.007 GET http://dse-mesos-0.2.x:31000/api/cluster/add?api=http://dse-mesos-0.2.x:31000&cluster=dse-mesos&constraints=hostname=unique&cpu=0.5&cqlPort=31100&mem=10000&node=70&timeout=30min
        0.008 GET http://exhibitor-mesos:31000/api/add?constraints=hostname=unique&cpu=0.1&id=70&mem=1024&port=31150
        0.009 GET http://dse-mesos-0.2.x:31000/api/node/add?api=http://dse-mesos-0.2.x:31000&cluster=dse-mesos&constraints=hostname=unique&cpu=0.5&cqlPort=31100&mem=10000&node=70&timeout=30min
        0.01 GET http://exhibitor-mesos:31000/api/config?configtype=zookeeper&id=70&zkconfigconnect=zk:2181&zkconfigzpath=/exhibitor/config&zookeeper-data-directory=/tmp/zkdata&zookeeper-install-directory=/tmp/zookeeper
        0.011 GET http://dse-mesos-0.2.x:31000/api/node/start?api=http://dse-mesos-0.2.x:31000&cluster=dse-mesos&constraints=hostname=unique&cpu=0.5&cqlPort=31100&mem=10000&node=70&timeout=30min
        0.012 GET http://exhibitor-mesos:31000/api/start?id=70
        10.013 GET http://exhibitor-mesos:31000/api/status
        10.014 POST http://m:8080/v2/apps
        10.015 GET http://m:8080/v2/apps/kafka-mesos
        10.016 GET http://m:8080/v2/apps/kafka-mesos/tasks
        10.017 GET http://kafka-mesos:31000/api/broker/add?broker=70&constraints=hostname=unique&cpus=0.5&mem=1024&port=31250
        10.018 GET http://kafka-mesos:31000/api/broker/start?broker=70&timeout=10m
        10.019 POST http://m:8080/v2/apps
        10.02 GET http://m:8080/v2/apps/zipkin-mesos
        10.021 GET http://m:8080/v2/apps/zipkin-mesos/tasks
        10.022 GET http://zipkin-mesos:31000/api/collector/add?cpu=0.5&env=KAFKA_ZOOKEEPER=z:2181,KAFKA_TOPIC=zipkin,CASSANDRA_CONTACT_POINTS=c:31100&id=0&mem=1536
        10.023 GET http://zipkin-mesos:31000/api/collector/start?id=0&timeout=60s
        10.024 GET http://zipkin-mesos:31000/api/query/add?cpu=0.5&env=CASSANDRA_CONTACT_POINTS=c:31100&id=0&mem=1536
        10.025 GET http://zipkin-mesos:31000/api/query/start?id=0
        10.026 GET http://zipkin-mesos:31000/api/web/add?cpu=0.2&flags=zipkin.web.query.dest=q:31002&id=0&mem=512&port=31983
        10.027 GET http://zipkin-mesos:31000/api/web/start?id=0
        10.028 exit 0"#]].assert_eq(&lines.join("\n"));
    assert_eq!(run.outcome(), Some(Ok(())));
    assert_eq!(run.variables().get("zipkin-mesos.query-0.endpoint"), Some("q:31002"));
}

#[test]
fn notes_what_a_person_wants_to_see() {
    let mut run = Run::new(config("name: s\napplications: {a: {type: x, id: a, cpu: 1, mem: 1}}"));
    let mut out = Outbox::new();
    let mut shown = Vec::new();
    run.handle(Time::SIM_START, Input::Start, &mut out);
    for _ in 0..20 {
        let mut call = None;
        for step in out.drain() {
            match step {
                Step::Event(what) => shown.push(serde_json::to_string(&what).unwrap()),
                Step::Output(Output::Http { call: made, request, .. }) => {
                    call = Some((made, obliging(&request)))
                }
                Step::Output(_) => {}
            }
        }
        let Some((call, result)) = call else { break };
        run.handle(Time::SIM_START, Input::HttpReply { call, result }, &mut out);
    }
    expect![[r#"
        {"event":"stack-started","stack":"s","zone":""}
        {"event":"http-exchange","method":"GET","url":"http://m:8080/v2/info","status":200,"error":null}
        {"event":"application-state","application":"a","state":"creating","detail":""}
        {"event":"http-exchange","method":"POST","url":"http://m:8080/v2/apps","status":200,"error":null}
        {"event":"application-state","application":"a","state":"polling","detail":""}
        {"event":"waiting","for-what":"Marathon until a runs"}
        {"event":"http-exchange","method":"GET","url":"http://m:8080/v2/apps/a","status":200,"error":null}
        {"event":"application-state","application":"a","state":"polling","detail":"1 running, 1 healthy"}
        {"event":"application-state","application":"a","state":"running","detail":""}
        {"event":"stack-finished","stack":"s","error":null}"#]]
    .assert_eq(&shown.join("\n"));
}

#[track_caller]
fn check_end(text: &str, change: impl FnOnce(&mut RunConfig), broken: &(&str, Response), expected: &str) {
    let mut config = config(text);
    change(&mut config);
    let (run, _) = play(config, &mut |request| {
        if request.path() == broken.0 { Ok(broken.1.clone()) } else { obliging(request) }
    });
    assert_eq!(run.outcome(), Some(Err(expected.to_owned())));
}

const ONE: &str =
    "name: s\napplications: {a: {type: kafka-mesos-0.9.x, id: a, cpu: 1, mem: 1, tasks: {t: {id: 0}}}}";

#[test]
fn fails_in_the_original_words() {
    let none = || ("", Response::empty(200));
    let waited = "a: Failed to await until the task is running and healthy within 3 retries";
    check_end(ONE, |config| config.max_wait = 3, &("/v2/apps/a", Response::json(404, "{}")), waited);
    check_end(
        ONE,
        |_| (),
        &("/v2/apps/a/tasks", Response::json(200, r#"{"tasks":[]}"#)),
        "a: Task is not running",
    );
    check_end(
        ONE,
        |_| (),
        &("/v2/apps", Response::json(409, r#"{"message":"An app with id [/a] already exists."}"#)),
        "a: Marathon API error: An app with id [/a] already exists.",
    );
    check_end(
        ONE,
        |_| (),
        &("/api/broker/add", Response::json(400, "{}")),
        "a: Response returned with status code 400",
    );
    check_end(
        ONE,
        |_| (),
        &("/v2/info", Response::new(200, "text/html", "<")),
        "invalid response from Marathon",
    );
    check_end("name: s", |_| (), &none(), "stack s has no applications");
    check_end("applications: {k: {}}", |_| (), &none(), "Invalid application k: No application type");
    check_end(
        ONE,
        |config| config.skip.push("(".into()),
        &none(),
        "error parsing regexp: missing closing ): `(`",
    );
    let unresolved = ONE.replace("mem: 1,", "mem: 1, launch_command: 'x ${nope}',");
    check_end(
        &unresolved,
        |config| config.zone = "z".into(),
        &none(),
        "a: Unresolved variable ${nope}. Available variables:\n{\n  \"ArbitraryVariables\": {\n    \"zk_url\": \"zk:2181\"\n  },\n  \
         \"GlobalVariables\": {},\n  \"StackVariables\": {\n    \"mesos.master\": \"zk://zk:2181/mesos\",\n    \"stack\": \"s\",\n    \
         \"zone\": \"z\"\n  }\n}",
    );
}

#[test]
fn names_the_address_that_refused() {
    let (run, _) = play(config(ONE), &mut |request| Err(Failure::Refused(request.authority())));
    let expected = "Get \"http://m:8080/v2/info\": dial tcp m:8080: connect: connection refused";
    assert_eq!(run.outcome(), Some(Err(expected.to_owned())));
}

#[test]
fn polls_once_a_second_at_any_pace() {
    for (pace, poll, tries) in [(Pace::REAL, 1.0, 3), (Pace::FAST, 0.005, 401)] {
        let mut config = config(ONE);
        (config.max_wait, config.pace) = (2, pace);
        let (_, lines) = play(config, &mut |request| {
            if request.path() == "/v2/apps/a" {
                Err(Failure::Closed(String::new()))
            } else {
                obliging(request)
            }
        });
        let polls: Vec<f64> = lines
            .iter()
            .filter(|line| line.ends_with("/v2/apps/a"))
            .filter_map(|line| line.split(' ').next()?.parse().ok())
            .collect();
        assert_eq!(polls.len(), tries);
        assert!((polls[1] - polls[0] - poll - 0.001).abs() < 1e-6, "{polls:?}");
    }
}

#[test]
fn skips_and_counts_instances() {
    let text = "name: s\napplications:\n  a: {type: x, id: a, cpu: 1, mem: 1, instances: all}\n  \
                b: {type: x, id: b, cpu: 1, mem: 1, dependencies: [a]}\n  c: {type: x, id: c, cpu: 1, mem: 1}\n";
    let mut config = config(text);
    config.skip = vec!["^c".into(), "c$".into()];
    config.mesos_master_state_url = Some("http://master:5050/master/state.json".into());
    let mut bodies = Vec::new();
    let (run, lines) = play(config, &mut |request| {
        if request.path() == "/master/state.json" {
            return Ok(Response::json(200, r#"{"activated_slaves":3}"#));
        }
        bodies.push(String::from_utf8_lossy(&request.body).into_owned());
        obliging(request)
    });
    assert_eq!(run.outcome(), Some(Ok(())));
    let called: Vec<_> = lines.iter().map(|line| line.split_once(' ').unwrap().1).collect();
    expect![[r#"
        GET http://master:5050/master/state.json
        GET http://m:8080/v2/info
        POST http://m:8080/v2/apps
        GET http://m:8080/v2/apps/a
        POST http://m:8080/v2/apps
        GET http://m:8080/v2/apps/b
        exit 0"#]]
    .assert_eq(&called.join("\n"));
    assert!(bodies[1].contains("\"instances\":3,"), "{bodies:?}");
}

#[test]
fn lets_others_go_on_if_asked() {
    let text = "name: s\napplications:\n  a: {type: x, id: a, cpu: 1, mem: 1}\n  b: {type: kafka-mesos-0.9.x, id: b, cpu: 1, mem: 1, tasks: {t: {id: 0}}}\n";
    for (stay, last) in [(false, "exit 1"), (true, "GET http://b:31000/api/broker/start?broker=0")] {
        let mut config = config(text);
        (config.finish_in_flight, config.max_wait) = (stay, 0);
        let (run, lines) = play(config, &mut |request| {
            if request.path() == "/v2/apps/a" { Ok(Response::json(404, "{}")) } else { obliging(request) }
        });
        let error = "a: Failed to await until the task is running and healthy within 0 retries";
        assert_eq!(run.outcome(), Some(Err(error.into())));
        let before = if stay { lines.len() - 2 } else { lines.len() - 1 };
        assert!(lines[before].ends_with(last), "{lines:#?}");
    }
}

#[test]
fn gives_up_on_an_ensemble_that_never_serves() {
    let text = "name: s\napplications: {a: {type: exhibitor-mesos-0.1.x, id: a, cpu: 1, mem: 1, tasks: {t: {id: 0}}}}";
    let (run, lines) = play(config(text), &mut |request| match request.path() {
        "/api/status" => Ok(Response::json(200, r#"{"success":true,"value":{"serverStatuses":[{}]}}"#)),
        _ => obliging(request),
    });
    let error = "a: gave up waiting: server 1 of 1 sees 0 ZooKeeper servers serving (nothing)";
    assert_eq!(run.outcome(), Some(Err(error.into())));
    assert_eq!(lines.iter().filter(|line| line.ends_with("/api/status")).count(), 181);
}

#[test]
fn elasticsearch_is_waited_for_and_given_up() {
    let stack =
        "name: es\napplications:\n  es: {type: elasticsearch, id: es, cpu: 1, mem: 1, launch_command: x}\n";
    let mut asked = 0;
    let mut answer = |request: &http::Request| {
        if request.path() != "/v1/tasks" {
            return obliging(request);
        }
        asked += 1;
        match asked {
            1 => Err(Failure::Refused(String::new())),
            2 => Ok(Response::json(200, r#"[{"state":"TASK_STAGING"}]"#)),
            _ => Ok(Response::json(200, r#"[{"state":"TASK_RUNNING","http_address":"h:9200"}]"#)),
        }
    };
    let (run, lines) = play(config(stack), &mut answer);
    expect![[r#"
        0.004 GET http://es:31000/v1/tasks
        2.005 GET http://es:31000/v1/tasks
        4.006 GET http://es:31000/v1/tasks
        4.007 exit 0"#]]
    .assert_eq(&lines[4..].join("\n"));
    assert_eq!(run.variables().stack["es.0.httpAddress"], "h:9200");

    let mut never = |request: &http::Request| match request.path() {
        "/v1/tasks" => Ok(Response::json(200, "[]")),
        _ => obliging(request),
    };
    let (run, lines) = play(config(stack), &mut never);
    expect![[r#"156 Some(Err("es: Failed to await for running Elasticsearch tasks after 5m0s"))"#]]
        .assert_eq(&format!("{} {:?}", lines.len(), run.outcome()));
}
