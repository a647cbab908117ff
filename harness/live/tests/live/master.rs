//! The master's port: the read endpoints, teardown, and calls that are refused.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::support::{client, get, get_json, raw, until, within};

const SLOW: Duration = Duration::from_secs(15);

#[tokio::test]
async fn answers_those_who_look() {
    let cluster = Cluster::start([127, 78, 3, 1], SLOW).await;
    let _agent = cluster.agent();
    let _framework = cluster.subscribe(json!({"user": "root", "name": "looked-at"})).await;
    until("the agent", async || {
        let state = get_json(&cluster.url("/state")).await;
        (state["activated_slaves"] == 1.0).then_some(())
    })
    .await;
    for path in ["/state", "/state.json", "/master/state", "/master/state.json"] {
        let state = get_json(&cluster.url(path)).await;
        assert_eq!(state["frameworks"][0]["name"], "looked-at", "{path}");
        assert_eq!(state["slaves"][0]["hostname"], "127.78.3.2", "{path}");
    }
    assert_eq!(get_json(&cluster.url("/version")).await["version"], "1.11.0");
    let metrics = get_json(&cluster.url("/metrics/snapshot")).await;
    assert_eq!(metrics["master/frameworks_active"], 1.0);
    assert_eq!(metrics["master/cpus_total"], 4.0);
    for path in ["/health", "/master/health"] {
        assert_eq!(get(&cluster.url(path)).await, (200, String::new()), "{path}");
    }
    for path in ["/", "/nothing", "/master/version", "/api/v1/scheduler/more"] {
        assert_eq!(get(&cluster.url(path)).await, (404, "404 Not Found.".to_owned()), "{path}");
    }
    let (status, text) = get(&cluster.url("/teardown")).await;
    assert_eq!(status, 405);
    assert_eq!(text, "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.");
}

#[tokio::test]
async fn an_operator_tears_a_framework_down() {
    let cluster = Cluster::start([127, 78, 4, 1], SLOW).await;
    let info = json!({"user": "root", "name": "f", "failover_timeout": 3600});
    let mut framework = cluster.subscribe(info.clone()).await;
    let teardown = async |body: String| {
        let answer =
            within("the answer", client().post(cluster.url("/master/teardown")).body(body).send()).await;
        let answer = answer.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(teardown(String::new()).await.0, 400);
    let wrong = teardown("frameworkId=other".to_owned()).await;
    assert_eq!(wrong, (400, "No framework found with specified ID".to_owned()));
    assert_eq!(teardown(format!("frameworkId={}", framework.id)).await, (200, String::new()));
    while framework.events.next().await.is_some() {}
    let state = get_json(&cluster.url("/state")).await;
    assert_eq!(state["frameworks"], json!([]));
    assert_eq!(state["completed_frameworks"][0]["id"], framework.id.as_str());

    // The id is refused from now on: an error on the stream, and then its end.
    let mut info = info;
    info["id"] = json!({"value": framework.id});
    let call =
        json!({"type": "SUBSCRIBE", "framework_id": info["id"], "subscribe": {"framework_info": info}});
    let response = cluster.call(None, &call).await;
    assert_eq!(response.status(), 200);
    let mut events = crate::support::Events::new(response);
    let error = events.next_of("ERROR").await;
    assert_eq!(error["error"]["message"], "Framework has been removed");
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn calls_need_the_stream_they_belong_to() {
    let cluster = Cluster::start([127, 78, 5, 1], SLOW).await;
    let framework = cluster.subscribe(json!({"user": "root", "name": "f"})).await;
    let call = |id: &str| json!({"type": "REVIVE", "framework_id": {"value": id}});
    let answer = async |stream: Option<&'static str>, call: Value| {
        let answer = cluster.call(stream, &call).await;
        (answer.status(), answer.text().await.unwrap())
    };
    let (status, text) = answer(None, call(&framework.id)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(text, "All non-subscribe calls should include the 'Mesos-Stream-Id' header");
    let (status, text) = answer(Some("another"), call(&framework.id)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.starts_with("The stream ID 'another' included in this request didn't match"), "{text}");
    let (status, text) = answer(Some("another"), call("nobody")).await;
    assert_eq!((status, text.as_str()), (StatusCode::BAD_REQUEST, "Framework cannot be found"));
    assert_eq!(cluster.say(&framework, json!({"type": "REVIVE"})).await, (202, String::new()));

    let subscribe = json!({"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "u", "name": "n"}}});
    let (status, text) = answer(Some("any"), subscribe).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(text, "Subscribe calls should not include the 'Mesos-Stream-Id' header");
}

#[tokio::test]
async fn what_is_no_call_is_refused() {
    let cluster = Cluster::start([127, 78, 6, 1], SLOW).await;
    let url = cluster.url("/api/v1/scheduler");
    let post = |kind: &'static str, body: &'static str| {
        let request = client().post(&url).body(body);
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        async { within("the answer", request.send()).await.unwrap().status().as_u16() }
    };
    let rows = [
        ("", "{}", 400),
        ("text/plain", "{}", 415),
        ("application/x-protobuf", "\x01\x02", 501),
        ("application/json", "", 400),
        ("application/json", "{\"type\":", 400),
        ("application/json", "[[[[[[[[", 400),
        ("application/json", "{\"type\":\"NONSENSE\"}", 400),
        ("application/json", "{\"type\":\"SUBSCRIBE\"}", 400),
    ];
    for (kind, body, expected) in rows {
        let status = post(kind, body).await;
        assert_eq!(status, expected, "{kind} {body}");
    }
    assert_eq!(get(&url).await.0, 405);
    assert!(raw(cluster.master.address(), b"SUBSCRIBE me please\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    assert_eq!(get(&cluster.url("/health")).await.0, 200);
}
