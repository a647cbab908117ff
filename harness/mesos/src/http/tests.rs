//! Calls and events on the wire.

use expect_test::expect;
use proptest::prelude::*;
use serde_json::{Value, json};
use stacklab_machine::http::{Method, Request, Response};
use stacklab_machine::{Rng, Time};

use super::*;
use crate::ids::StatusUuid;
use crate::v1::{Address, MasterInfo, Reason, SchedulerCall, SchedulerEvent, Source, TaskState, TaskStatus};

fn post(body: &str) -> Request {
    Request::json(Method::Post, "/api/v1/scheduler", body)
}

fn answer(result: Result<SchedulerRequest, Response>) -> String {
    match result {
        Ok(request) => format!("{:?}", request.call),
        Err(response) => format!("{} {}", response.status, response.text()),
    }
}

#[test]
fn checks_come_in_order() {
    let with = |name: &str, value: &str| {
        let mut request =
            post(r#"{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u","name":"f"}}}"#);
        request.headers.retain(|(key, _)| key != name);
        request.headers.push((name.into(), value.into()));
        answer(scheduler_call(&request))
    };
    let mut bare = post("{}");
    bare.headers.clear();
    let text = [
        answer(scheduler_call(&Request::get("/api/v1/scheduler"))),
        answer(scheduler_call(&bare)),
        with("content-type", "application/json; charset=utf-8"),
        with("content-type", "application/x-protobuf"),
        with("accept", "text/html"),
        with("mesos-stream-id", "x"),
        with("accept", "application/x-protobuf, application/json")[..9].to_owned(),
    ];
    expect![[r#"
        405 405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.
        400 Expecting 'Content-Type' to be present
        415 Expecting 'Content-Type' of application/json or application/x-protobuf
        501 501 Not Implemented.
        406 Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'
        400 Subscribe calls should not include the 'Mesos-Stream-Id' header
        Subscribe"#]]
    .assert_eq(&text.join("\n"));
}

#[test]
fn bodies_are_refused_in_the_words_of_the_original() {
    let id = r#""framework_id":{"value":"F"}"#;
    let bodies = [
        "{not".to_owned(),
        "{}".to_owned(),
        r#"{"type":"NONSENSE"}"#.to_owned(),
        r#"{"type":"SUBSCRIBE"}"#.to_owned(),
        r#"{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u"}}}"#.to_owned(),
        format!(r#"{{"type":"SUBSCRIBE",{id},"subscribe":{{"framework_info":{{"user":"u","name":"f"}}}}}}"#),
        r#"{"type":"TEARDOWN"}"#.to_owned(),
        format!(r#"{{"type":"ACCEPT",{id}}}"#),
        format!(r#"{{"type":"DECLINE",{id},"decline":null}}"#),
        format!(r#"{{"type":"RECONCILE",{id}}}"#),
        format!(r#"{{"type":"KILL",{id},"kill":{{}}}}"#),
        format!(
            r#"{{"type":"ACKNOWLEDGE",{id},"acknowledge":{{"agent_id":{{"value":"a"}},"task_id":{{"value":"t"}}}}}}"#
        ),
        format!(
            r#"{{"type":"ACKNOWLEDGE",{id},"acknowledge":{{"agent_id":{{"value":"a"}},"task_id":{{"value":"t"}},"uuid":"AAAA"}}}}"#
        ),
        format!(
            r#"{{"type":"ACCEPT",{id},"accept":{{"operations":[{{"type":"LAUNCH","launch":{{"task_infos":[{{"name":"t","task_id":{{"value":"t"}},"slave_id":{{"value":"a"}}}}]}}}}]}}}}"#
        ),
        format!(
            r#"{{"type":"ACCEPT",{id},"accept":{{"operations":[{{"type":"RESERVE","reserve":{{}}}}]}}}}"#
        ),
        format!(r#"{{"type":"UPDATE_FRAMEWORK",{id}}}"#),
        format!(r#"{{"type":"REVIVE",{id},"unknown":1}}"#),
    ];
    let answers: Vec<_> = bodies.iter().map(|body| answer(scheduler_call(&post(body)))).collect();
    expect![[r#"
        400 Failed to parse body into JSON: syntax error at line 1 near: not
        400 Failed to validate scheduler::Call: Expecting 'type' to be present
        400 Failed to validate scheduler::Call: Expecting 'type' to be present
        400 Failed to validate scheduler::Call: Expecting 'subscribe' to be present
        400 Failed to convert JSON into Call protobuf: Missing required fields: subscribe.framework_info.name
        400 Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'
        400 Failed to validate scheduler::Call: Expecting 'framework_id' to be present
        400 Failed to validate scheduler::Call: Expecting 'accept' to be present
        400 Failed to validate scheduler::Call: Expecting 'decline' to be present
        400 Failed to validate scheduler::Call: Expecting 'reconcile' to be present
        400 Failed to convert JSON into Call protobuf: Missing required fields: kill.task_id
        400 Failed to convert JSON into Call protobuf: Missing required fields: acknowledge.uuid
        400 Failed to validate scheduler::Call: Not a valid UUID
        400 Failed to convert JSON into Call protobuf: Missing required fields: accept.operations[0].launch.task_infos[0].agent_id
        501 501 Not Implemented.
        501 501 Not Implemented.
        Revive { roles: [] }"#]].assert_eq(&answers.join("\n"));
}

#[test]
fn calls_survive_the_trip() {
    let resources: crate::Resources = "cpus:1;ports:[1-2]".parse().unwrap();
    let mut task = crate::TaskInfo::new("t", "name", "a".into(), resources.clone());
    let command =
        crate::CommandInfo::shell("run").with_uri("http://h/x").with_environment([("A".into(), "b".into())]);
    task.executor = Some(crate::ExecutorInfo::new("e", command, resources));
    task.data = Some(vec![0, 255]);
    let uuid = StatusUuid::draw(&mut Rng::new(1));
    let calls = [
        SchedulerCall::Teardown,
        SchedulerCall::Accept { offer_ids: vec!["o".into()], tasks: vec![task], refuse_seconds: Some(1.5) },
        SchedulerCall::Accept { offer_ids: Vec::new(), tasks: Vec::new(), refuse_seconds: None },
        SchedulerCall::Decline { offer_ids: vec!["o".into()], refuse_seconds: Some(120.0) },
        SchedulerCall::Revive { roles: vec!["r".into()] },
        SchedulerCall::Suppress { roles: Vec::new() },
        SchedulerCall::Kill { task_id: "t".into(), agent_id: None, kill_policy: None },
        SchedulerCall::Shutdown { executor_id: "e".into(), agent_id: "a".into() },
        SchedulerCall::Acknowledge { agent_id: "a".into(), task_id: "t".into(), uuid },
        SchedulerCall::Reconcile { tasks: vec![("t".into(), None), ("u".into(), Some("a".into()))] },
        SchedulerCall::Message { agent_id: "a".into(), executor_id: "e".into(), data: b"hi".to_vec() },
        SchedulerCall::Request,
    ];
    let id = crate::FrameworkId::from("F");
    for call in calls {
        let body = call_json(&call, Some(&id));
        let read = scheduler_call(&Request::json(Method::Post, "/api/v1/scheduler", body)).unwrap();
        assert_eq!((read.call, read.framework_id), (call, Some(id.clone())));
    }
    let info = Box::new(crate::FrameworkInfo::new("f", "u"));
    let call = SchedulerCall::Subscribe { info, suppressed_roles: Vec::new() };
    let read = scheduler_call(&Request::json(Method::Post, "/", call_json(&call, Some(&id)))).unwrap();
    assert_eq!((read.call, read.framework_id), (call, None));
}

fn status() -> TaskStatus {
    let mut status =
        TaskStatus::new("t".into(), TaskState::Failed).because(Source::Agent, Reason::AgentRemoved);
    status.message = Some("why".into());
    status.agent_id = Some("a".into());
    status.timestamp = Some(Time::from_millis(1_456_790_400_500));
    status.uuid = Some(StatusUuid([1; 16]));
    status
}

#[test]
fn events_look_as_mesos_writes_them() {
    let address = Address { hostname: "h".into(), ip: "172.17.0.2".into(), port: 5050 };
    let pid = "master@172.17.0.2:5050".into();
    let master = MasterInfo { id: "M".into(), address, pid, version: "1.11.0".into() };
    let events = [
        SchedulerEvent::Subscribed {
            framework_id: "F".into(),
            heartbeat_interval: std::time::Duration::from_secs(15),
            master: master.into(),
        },
        SchedulerEvent::Heartbeat,
        SchedulerEvent::Rescind("o".into()),
        SchedulerEvent::Update(status()),
        SchedulerEvent::Failure { agent_id: Some("a".into()), executor_id: None, status: None },
        SchedulerEvent::Error { message: "no".into() },
        SchedulerEvent::Message { agent_id: "a".into(), executor_id: "e".into(), data: b"hi".to_vec() },
    ];
    let mut text = String::new();
    for event in events {
        let record = event_json(&event).unwrap();
        assert_eq!(parse_event(&record).unwrap(), Some(event));
        text.push_str(std::str::from_utf8(&record).unwrap());
        text.push('\n');
    }
    expect![[r#"
        {"type":"SUBSCRIBED","subscribed":{"framework_id":{"value":"F"},"heartbeat_interval_seconds":15.0,"master_info":{"id":"M","ip":33558956,"port":5050,"pid":"master@172.17.0.2:5050","hostname":"h","version":"1.11.0","address":{"hostname":"h","ip":"172.17.0.2","port":5050},"capabilities":[{"type":"AGENT_UPDATE"},{"type":"AGENT_DRAINING"},{}]}}}
        {"type":"HEARTBEAT"}
        {"type":"RESCIND","rescind":{"offer_id":{"value":"o"}}}
        {"type":"UPDATE","update":{"status":{"task_id":{"value":"t"},"state":"TASK_FAILED","message":"why","source":"SOURCE_AGENT","reason":"REASON_AGENT_REMOVED","agent_id":{"value":"a"},"timestamp":1456790400.5,"uuid":"AQEBAQEBAQEBAQEBAQEBAQ=="}}}
        {"type":"FAILURE","failure":{"agent_id":{"value":"a"}}}
        {"type":"ERROR","error":{"message":"no"}}
        {"type":"MESSAGE","message":{"agent_id":{"value":"a"},"executor_id":{"value":"e"},"data":"aGk="}}
    "#]].assert_eq(&text);
    assert!(event_json(&SchedulerEvent::Disconnected { why: "x".into() }).is_none());
    assert!(parse_event(br#"{"type":"INVERSE_OFFERS"}"#).unwrap().is_none());
}

#[test]
fn offers_survive_the_trip() {
    let address = Address { hostname: "h".into(), ip: "10.0.0.1".into(), port: 5051 };
    let offer = crate::Offer {
        id: "o".into(),
        framework_id: "F".into(),
        agent_id: "a".into(),
        hostname: "h".into(),
        address: address.into(),
        resources: "cpus:4;ports:[31000-32000]".parse().unwrap(),
        attributes: crate::resources::parse_attributes("rack:r1").unwrap().into(),
        executor_ids: vec!["e".into()],
        allocation_role: Some("dev".into()),
    };
    let record = event_json(&SchedulerEvent::Offers(vec![offer.clone()])).unwrap();
    expect![[r#"{"type":"OFFERS","offers":{"offers":[{"id":{"value":"o"},"framework_id":{"value":"F"},"agent_id":{"value":"a"},"hostname":"h","url":{"scheme":"http","address":{"hostname":"h","ip":"10.0.0.1","port":5051},"path":"/slave(1)"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":4.0},"role":"*","allocation_info":{"role":"dev"}},{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":31000,"end":32000}]},"role":"*","allocation_info":{"role":"dev"}}],"attributes":[{"name":"rack","type":"TEXT","text":{"value":"r1"}}],"executor_ids":[{"value":"e"}],"allocation_info":{"role":"dev"}}]}}"#]].assert_eq(std::str::from_utf8(&record).unwrap());
    assert_eq!(parse_event(&record).unwrap(), Some(SchedulerEvent::Offers(vec![offer])));
}

#[test]
fn executors_are_checked_too() {
    let body = |change: &dyn Fn(&mut Value)| {
        let mut status = status();
        status.source = Some(Source::Executor);
        let call = crate::ExecutorCall::Update(status);
        let mut value: Value =
            serde_json::from_slice(&executor_call_json(&call, &"F".into(), &"e".into())).unwrap();
        change(&mut value);
        match executor_call(&Request::json(Method::Post, "/slave(1)/api/v1/executor", value.to_string())) {
            Ok(request) => format!("{} {} ok", request.framework_id, request.executor_id),
            Err(response) => format!("{} {}", response.status, response.text()),
        }
    };
    let status = |field: &'static str, value: Value| {
        move |call: &mut Value| call["update"]["status"][field] = value.clone()
    };
    let text = [
        body(&|_| {}),
        body(&|call| call["type"] = Value::Null),
        body(&|call| call["executor_id"] = Value::Null),
        body(&|call| call["update"] = Value::Null),
        body(&status("uuid", Value::Null)),
        body(&status("executor_id", json!({ "value": "x" }))),
        body(&status("source", json!("SOURCE_MASTER"))),
        body(&status("state", json!("TASK_STAGING"))),
    ];
    expect![[r#"
        F e ok
        400 Failed to validate Executor::Call: Expecting 'type' to be present
        400 Failed to validate Executor::Call: Expecting 'executor_id' to be present
        400 Failed to validate Executor::Call: Expecting 'update' to be present
        400 Failed to validate Executor::Call: Expecting 'uuid' to be present
        400 Failed to validate Executor::Call: ExecutorID in Call: e does not match ExecutorID in TaskStatus: x
        400 Failed to validate Executor::Call: Received Call from executor e of framework F with invalid source, expecting 'SOURCE_EXECUTOR'
        400 Failed to validate Executor::Call: Received TASK_STAGING from executor e of framework F which is not allowed"#]].assert_eq(&text.join("\n"));
}

proptest! {
    #[test]
    fn garbage_never_panics(body in ".{0,80}") {
        let _ = scheduler_call(&post(&body));
        let _ = executor_call(&post(&body));
        let _ = parse_event(body.as_bytes());
        let _ = parse_executor_event(body.as_bytes());
    }
}
