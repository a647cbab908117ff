//! Tests of what the task runners send and read.

use expect_test::{Expect, expect};

use super::*;

fn texts(pairs: &str) -> Texts {
    pairs
        .split_whitespace()
        .filter_map(|pair| pair.split_once('='))
        .map(|(k, v)| (k.into(), v.into()))
        .collect()
}

#[track_caller]
fn check_calls(runner: Runner, parameters: &str, expected: &Expect) {
    let shown = match runner.calls(&texts(parameters)) {
        Ok(calls) => calls.iter().map(|call| call.path_and_query() + &said(call) + "\n").collect(),
        Err(error) => error,
    };
    expected.assert_eq(&shown);
}

/// What is sent along.
fn said(call: &Call) -> String {
    call.body.as_ref().map(|body| format!(" {body}")).unwrap_or_default()
}

/// Reads an answer to the call number `at` of a task, and shows the verdict with the variables it published.
#[track_caller]
fn check_answer(runner: Runner, at: usize, status: u16, body: &str, expected: &Expect) {
    let mut variables = Texts::new();
    let calls = runner.calls(&texts("id=0 type=query")).unwrap();
    let verdict = calls[at].read(&Response::json(status, body), "app", &mut variables);
    let variables: String = variables.iter().map(|(name, value)| format!("\n{name} = {value}")).collect();
    expected.assert_eq(&format!("{verdict:?}{variables}"));
}

#[test]
fn sends_what_the_original_sends() {
    check_calls(
        Runner::Exhibitor,
        "id=70 cpu=0.1 mem=1024 port=31150 constraints=hostname=unique configtype=zookeeper zkconfigconnect=h:2181 timeout=5s",
        &expect![[r"
            /api/add?constraints=hostname%3Dunique&cpu=0.1&id=70&mem=1024&port=31150
            /api/config?configtype=zookeeper&id=70&zkconfigconnect=h%3A2181
            /api/start?id=70&timeout=5s
            /api/status
        "]],
    );
    check_calls(
        Runner::Kafka,
        "id=0..2 cpus=0.5 timeout=10m",
        &expect![[r"
            /api/broker/add?broker=0..2&cpus=0.5
            /api/broker/start?broker=0..2&timeout=10m
        "]],
    );
    check_calls(
        Runner::Dse,
        "node=70 cluster=c timeout=30min",
        &expect![[r"
            /api/cluster/add?cluster=c&node=70&timeout=30min
            /api/node/add?cluster=c&node=70&timeout=30min
            /api/node/start?cluster=c&node=70&timeout=30min
        "]],
    );
    check_calls(
        Runner::Zipkin,
        "id=0 type=web port=31983 flags=a=b timeout=60s other=x",
        &expect![[r"
            /api/web/add?flags=a%3Db&id=0&port=31983
            /api/web/start?id=0&timeout=60s
        "]],
    );
    let consumer = "id=c type=t cpu=1 mem=2 executor=e topics=x timeout=5s";
    check_calls(
        Runner::GoKafkaClient,
        consumer,
        &expect![[r#"
        /api/add?cpu=1&executor=e&id=c&mem=2&type=t
        /api/update?id=c&topics=x
        /api/start?id=c&timeout=5s
    "#]],
    );
    check_calls(
        Runner::Statsd,
        "topic=statsd timeout=5s",
        &expect![[r#"
        /api/update?timeout=5s&topic=statsd
        /api/start
    "#]],
    );
    check_calls(
        Runner::Syslog,
        "broker.list=h:9092",
        &expect![[r#"
        /api/update?broker.list=h%3A9092
        /api/start
    "#]],
    );
    check_calls(
        Runner::DseFirst,
        "id=0 cpu=0.50 mem=1e3 seed=T cluster=a&b",
        &expect![[r#"
        /api/add {"cluster":"a\u0026b","cpu":0.5,"id":"0","mem":1000,"seed":true}
        /api/start {"cluster":"a\u0026b","cpu":0.5,"id":"0","mem":1000,"seed":true}
    "#]],
    );
    check_calls(
        Runner::DseFirst,
        "cpu=abc",
        &expect![[r#"strconv.ParseFloat: parsing "abc": invalid syntax"#]],
    );
    check_calls(
        Runner::DseFirst,
        "seed=yes",
        &expect![[r#"strconv.ParseBool: parsing "yes": invalid syntax"#]],
    );
    check_calls(
        Runner::Elasticsearch,
        "id=0",
        &expect!["Elasticsearch task runner does not support running tasks."],
    );
    check_calls(Runner::Zipkin, "type=web", &expect!["Missing task id"]);
    check_calls(Runner::Zipkin, "id=3", &expect!["Missing task type for id 3"]);
}

#[test]
fn reads_exhibitor() {
    let check = |at, body: &str, expected: &Expect| check_answer(Runner::Exhibitor, at, 200, body, expected);
    check(0, r#"{"Success":true,"message":"ok"}"#, &expect!["Ok(Done)"]);
    check(
        0,
        r#"{"success":false,"message":"Servers 7 already exist"}"#,
        &expect![[r#"Err("Servers 7 already exist")"#]],
    );
    check(0, "<html>", &expect![[r#"Err("invalid character '<' looking for beginning of value")"#]]);
    let cluster = r#"{"success":true,"value":{"cluster":[
        {"config":{"hostname":"a","sharedConfigOverride":{"client-port":"31001"}}},
        {"config":{"hostname":"b","sharedConfigOverride":{}}}]}}"#;
    check(
        2,
        cluster,
        &expect![[r"
            Ok(Done)
            app.exhibitor-0 = a:31001
            app.exhibitor-1 = b:2181
            app.zkConnect = a:31001,b:2181"]],
    );
    check(
        2,
        r#"{"success":true,"value":{"cluster":[{"config":{"hostname":5}}]}}"#,
        &expect![[
            r#"Err("json: cannot unmarshal number into Go struct field Config.hostname of type string")"#
        ]],
    );
    let status = |views: &str| format!(r#"{{"success":true,"value":{{"serverStatuses":[{views}]}}}}"#);
    let serving = r#"{"exhibitorClusterView":[{"description":"serving"}]}"#;
    check(3, &status(serving), &expect!["Ok(Done)"]);
    check(3, &status(""), &expect!["Ok(Done)"]);
    check(
        3,
        &status(&format!("{serving},{serving}")),
        &expect![[r#"Ok(NotYet("server 1 of 2 sees 1 ZooKeeper servers serving (serving)"))"#]],
    );
    check(
        3,
        &status(r#"{"exhibitorClusterView":null}"#),
        &expect![[r#"Ok(NotYet("server 1 of 1 sees 0 ZooKeeper servers serving (nothing)"))"#]],
    );
    // A field of another case, or none: read all the same.
    for view in ["ExhibitorClusterView", "other"] {
        let body = status(&format!(r#"{{"{view}":[{{"description":"serving"}},{{"code":1}}]}}"#));
        let expected = if view == "other" {
            expect![[r#"Ok(NotYet("server 1 of 1 sees 0 ZooKeeper servers serving (nothing)"))"#]]
        } else {
            expect!["Ok(Done)"]
        };
        check(3, &body, &expected);
    }
    let latent = r#"{"exhibitorClusterView":[{"description":"late\u006et","code":2}]}"#;
    check(
        3,
        &status(latent),
        &expect![[r#"Ok(NotYet("server 1 of 1 sees 0 ZooKeeper servers serving (latent)"))"#]],
    );
}

#[test]
fn reads_kafka() {
    let check =
        |status, body: &str, expected: &Expect| check_answer(Runner::Kafka, 1, status, body, expected);
    check(200, r#"{"status":"timeout"}"#, &expect!["Ok(Done)"]);
    check(200, r#"{"error":"no"}"#, &expect![[r#"Err("no")"#]]);
    check(400, r#"{"error":"no"}"#, &expect![[r#"Err("Response returned with status code 400")"#]]);
    check(200, "", &expect![[r#"Err("unexpected end of JSON input")"#]]);
    check(
        200,
        "[]",
        &expect![[r#"Err("json: cannot unmarshal array into Go value of type map[string]interface {}")"#]],
    );
}

#[test]
fn reads_dse() {
    let check = |at, body: &str, expected: &Expect| check_answer(Runner::Dse, at, 400, body, expected);
    check(0, r#"{"code":400,"error":"duplicate cluster"}"#, &expect!["Ok(Done)"]);
    check(1, r#"{"code":400,"error":"node 7 exists"}"#, &expect![[r#"Err("node 7 exists")"#]]);
    check(1, "[]", &expect!["Ok(Done)"]);
    check(1, "junk", &expect!["Ok(Done)"]);
    check(2, "junk", &expect![[r#"Err("invalid character 'j' looking for beginning of value")"#]]);
    check(2, r#"{"status":"timeout","nodes":[]}"#, &expect![[r#"Err("Timed out")"#]]);
    let nodes = r#"{"status":"started","nodes":[
        {"id":"0","runtime":{"address":"a","reservation":{"ports":{"cql":31100,"jmx":31001}}}},
        {"id":"1","runtime":{"address":"b","reservation":{"ports":{}}}}]}"#;
    check(
        2,
        nodes,
        &expect![[r"
            Ok(Done)
            app.cassandra-0 = a:31100
            app.cassandra-0.cqlPort = 31100
            app.cassandra-0.host = a
            app.cassandra-0.jmxPort = 31001
            app.cassandra-1 = b:0
            app.cassandra-1.host = b
            app.cassandraConnect = a:31100,b:0"]],
    );
    check(2, r#"{"nodes":[{"id":"0"}]}"#, &expect![[r#"Err("a started node has no runtime")"#]]);
}

#[test]
fn reads_zipkin() {
    let check = |body: &str, expected: &Expect| check_answer(Runner::Zipkin, 1, 200, body, expected);
    check(r#"{"success":false,"message":"late"}"#, &expect![[r#"Err("late")"#]]);
    check(r#"{"Success":true}"#, &expect![[r#"Err("Request failed for unknown reason")"#]]);
    check(r#"{"success":true}"#, &expect![[r#"Err("Wrong value field")"#]]);
    check(r#"{"success":true,"value":[{"id":0}]}"#, &expect![[r#"Err("Wrong id field")"#]]);
    check(r#"{"success":true,"value":[{"id":"0"}]}"#, &expect![[r#"Err("Wrong config field")"#]]);
    check(
        r#"{"success":true,"value":[{"id":"0","config":{}}]}"#,
        &expect![[r#"Err("Wrong hostname field")"#]],
    );
    let instance =
        |env| format!(r#"{{"success":true,"value":[{{"id":"0","config":{{"hostname":"h"{env}}}}}]}}"#);
    check(&instance(""), &expect![[r#"Err("Wrong env field")"#]]);
    check(&instance(r#","env":{"QUERY_PORT":31001}"#), &expect![[r#"Err("Wrong QUERY_PORT env")"#]]);
    check(
        &instance(r#","env":{"QUERY_PORT":"31001"}"#),
        &expect![[r"
            Ok(Done)
            app.query-0.endpoint = h:31001"]],
    );
}

#[test]
fn reads_dse_first() {
    let check = |at, body: &str, expected: &Expect| check_answer(Runner::DseFirst, at, 500, body, expected);
    check(0, r#"{"success":true}"#, &expect!["Ok(Done)"]);
    check(0, r#"{"Success":true}"#, &expect![[r#"Err("Request failed for unknown reason")"#]]);
    check(0, r#"{"success":false,"message":"no"}"#, &expect![[r#"Err("no")"#]]);
    check(1, r#"{"success":true,"value":[]}"#, &expect![[r#"Err("Wrong value field")"#]]);
    check(1, r#"{"success":true,"value":{}}"#, &expect![[r#"Err("Wrong cluster field")"#]]);
    for node in ["5", r#"{"id":5}"#, r#"{"id":"a"}"#, r#"{"id":"a","runtime":{}}"#] {
        let body = format!(r#"{{"success":true,"value":{{"cluster":[{node}]}}}}"#);
        let expected = match node {
            "5" => expect![[r#"Err("Wrong cluster field")"#]],
            r#"{"id":5}"# => expect![[r#"Err("Wrong id field")"#]],
            r#"{"id":"a"}"# => expect![[r#"Err("Wrong runtime field")"#]],
            _ => expect![[r#"Err("Wrong hostname field")"#]],
        };
        check(1, &body, &expected);
    }
    let both = r#"{"success":true,"value":{"cluster":[
        {"id":"70","runtime":{"hostname":"x"}},{"id":"71","runtime":{"hostname":"y"}}]}}"#;
    check(
        1,
        both,
        &expect![[r#"
        Ok(Done)
        app.cassandra-node-0 = x
        app.cassandra-node-1 = y
        app.cassandraConnect = x,y"#]],
    );
}

#[test]
fn reads_statsd_syslog_and_go_kafka_client() {
    let statsd =
        |status, body: &str, expected: &Expect| check_answer(Runner::Statsd, 0, status, body, expected);
    statsd(200, r#"{"Success":true}"#, &expect!["Ok(Done)"]);
    statsd(201, r#"{"Success":true}"#, &expect![[r#"Err("Response returned with status code 201")"#]]);
    statsd(200, r#"{"success":true}"#, &expect![[r#"Err("Invalid statsd-mesos response")"#]]);
    statsd(200, r#"{"Success":"true"}"#, &expect![[r#"Err("Invalid statsd-mesos Success field type")"#]]);
    statsd(200, r#"{"Success":false,"Message":"no topic"}"#, &expect![[r#"Err("no topic")"#]]);
    statsd(
        200,
        r#"{"Success":false}"#,
        &expect![[r#"Err("statsd-mesos says that it failed, and not why")"#]],
    );
    check_answer(Runner::Syslog, 1, 200, "{}", &expect![[r#"Err("Invalid syslog-mesos response")"#]]);
    check_answer(Runner::GoKafkaClient, 2, 500, r#"{"Success":true}"#, &expect!["Ok(Done)"]);
    check_answer(
        Runner::GoKafkaClient,
        2,
        200,
        "[]",
        &expect![[r#"Err("json: cannot unmarshal array into Go value of type map[string]interface {}")"#]],
    );
}

#[test]
fn waits_for_elasticsearch() {
    let first = &Runner::Elasticsearch.first_calls()[0];
    let judge = |answer: Result<&str, &str>, expected: &Expect| {
        let mut variables = Texts::new();
        let answer = answer.map(|body| Response::json(200, body)).map_err(str::to_owned);
        let verdict = first.judge(answer, "es", &mut variables);
        let variables: String = variables.iter().map(|(name, value)| format!("\n{name} = {value}")).collect();
        expected.assert_eq(&format!("{verdict:?}{variables}"));
    };
    judge(Err("connection refused"), &expect![[r#"Ok(NotYet("connection refused"))"#]]);
    judge(Ok("[]"), &expect![[r#"Ok(NotYet("there are no tasks"))"#]]);
    judge(Ok("null"), &expect![[r#"Ok(NotYet("there are no tasks"))"#]]);
    judge(
        Ok("{}"),
        &expect![[
            r#"Ok(NotYet("json: cannot unmarshal object into Go value of type []*runners.ElasticsearchTask"))"#
        ]],
    );
    judge(
        Ok(r#"[{"id":"a","state":"TASK_RUNNING"},{"id":"b","state":"TASK_STAGING"}]"#),
        &expect![[r#"Ok(NotYet("task b is TASK_STAGING"))"#]],
    );
    let running = r#"[{"id":"a","state":"TASK_RUNNING","http_address":"h:1","transport_address":"h:2"}]"#;
    judge(
        Ok(running),
        &expect![[r#"
        Ok(Done)
        es.0.httpAddress = h:1
        es.0.transportAddress = h:2"#]],
    );
}
