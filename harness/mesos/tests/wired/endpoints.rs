//! What the read endpoints answer.

use expect_test::expect;
use serde_json::Value;
use stacklab_machine::http::{Method, Request};

use crate::world::{World, custom_task, framework, task};

fn busy() -> World {
    let mut world = World::new(1);
    world.subscribe(1, framework("f"));
    let offer = world.offers.remove(0);
    world.launch(1, &offer, vec![task("t", &offer, "sleep"), custom_task("u", &offer, "run")]);
    world.pass(crate::world::seconds(5));
    world
}

fn keys(value: &Value) -> String {
    value.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

#[test]
fn state_has_the_fields_in_order() {
    let mut world = busy();
    let state: Value = serde_json::from_slice(&world.get("/master/state.json").body).unwrap();
    let framework = &state["frameworks"][0];
    let text = [
        keys(&state),
        keys(&state["slaves"][0]),
        keys(framework),
        keys(&framework["tasks"][0]),
        keys(&framework["offers"][0]),
        keys(&framework["executors"][0]),
    ];
    expect![[r#"
        version git_sha git_tag build_date build_time build_user start_time elected_time id pid hostname capabilities activated_slaves deactivated_slaves unreachable_slaves leader leader_info flags slaves recovered_slaves frameworks completed_frameworks orphan_tasks unregistered_frameworks
        id hostname port attributes pid registered_time resources used_resources offered_resources reserved_resources unreserved_resources active deactivated version capabilities
        id name used_resources offered_resources capabilities hostname webui_url active connected recovered user failover_timeout checkpoint registered_time unregistered_time resources role tasks unreachable_tasks completed_tasks offers executors offer_constraints
        id name framework_id executor_id slave_id state resources role statuses
        id framework_id allocation_info slave_id resources
        executor_id name framework_id command resources role slave_id"#]].assert_eq(&text.join("\n"));
    assert_eq!(state["leader"], "master@127.77.0.1:5050");
    assert_eq!(
        state["slaves"][0]["used_resources"].to_string(),
        r#"{"disk":0.0,"mem":320.0,"gpus":0.0,"cpus":2.5}"#
    );
    assert_eq!(framework["tasks"][0]["executor_id"], "");
    assert_eq!(framework["tasks"][1]["executor_id"], "e");
}

#[test]
fn both_spellings_and_the_plain_answers() {
    let mut world = busy();
    let rows = [
        ("/state", 200),
        ("/state.json", 200),
        ("/master/state/", 200),
        ("/master/state-summary", 200),
        ("/slaves", 200),
        ("/master/slaves.json", 200),
        ("/frameworks", 200),
        ("/tasks.json", 200),
        ("/roles", 200),
        ("/flags", 200),
        ("/health", 200),
        ("/master/health", 200),
        ("/version", 200),
        ("/master/version", 404),
        ("/metrics/snapshot", 200),
        ("/metrics/snapshot?timeout=2secs", 200),
        ("/metrics/snapshot?timeout=zz", 400),
        ("/redirect", 307),
        ("/master/redirect", 307),
        ("/redirect/x", 404),
        ("/nothing", 404),
        ("/master/weights", 501),
        ("/teardown", 405),
    ];
    for (path, status) in rows {
        assert_eq!(world.get(path).status, status, "{path}");
    }
    assert_eq!(world.get("/nothing").text(), "404 Not Found.");
    assert_eq!(world.get("/quota").text(), "501 Not Implemented.");
    assert_eq!(world.get("/redirect").header("location"), Some("//127.77.0.1:5050"));
    let refused = world.get("/teardown");
    assert_eq!(refused.text(), "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.");
    assert_eq!(refused.header("allow"), Some("POST"));
    let wrapped = world.get("/version?jsonp=cb");
    assert_eq!(wrapped.header("content-type"), Some("text/javascript"));
    assert!(wrapped.text().starts_with("cb({\"build_date\":"), "{}", wrapped.text());
}

#[test]
fn lists_can_be_narrowed() {
    let mut world = busy();
    let count = |world: &mut World, url: &str, list: &str| {
        let value: Value = serde_json::from_slice(&world.get(url).body).unwrap();
        value[list].as_array().unwrap().len()
    };
    assert_eq!(count(&mut world, "/tasks", "tasks"), 2);
    assert_eq!(count(&mut world, "/tasks?limit=1", "tasks"), 1);
    assert_eq!(count(&mut world, "/tasks?offset=1&limit=zz", "tasks"), 1);
    assert_eq!(count(&mut world, "/tasks?task_id=t", "tasks"), 1);
    assert_eq!(count(&mut world, "/tasks?framework_id=x", "tasks"), 0);
    assert_eq!(count(&mut world, "/slaves?slave_id=M-S0", "slaves"), 1);
    assert_eq!(count(&mut world, "/slaves?slave_id=x", "slaves"), 0);
    assert_eq!(count(&mut world, "/frameworks?framework_id=M-0000", "frameworks"), 1);
    assert_eq!(count(&mut world, "/frameworks?framework_id=x", "frameworks"), 0);
}

#[test]
fn operators_tear_frameworks_down() {
    let mut world = busy();
    let mut post = |body: &str| {
        let request = Request {
            method: Method::Post,
            url: "/master/teardown".into(),
            headers: Vec::new(),
            body: body.into(),
        };
        let response = world.http(request);
        format!("{} {}", response.status, response.text())
    };
    assert_eq!(post(""), "400 Missing 'frameworkId' query parameter in the request body");
    assert_eq!(post("frameworkId=zz"), "400 No framework found with specified ID");
    assert_eq!(post("frameworkId=M-0000"), "200 ");
    assert_eq!(post("frameworkId=M-0000"), "400 No framework found with specified ID");
}

#[test]
fn metrics_count() {
    let mut world = busy();
    let metrics: Value = serde_json::from_slice(&world.get("/metrics/snapshot").body).unwrap();
    for (name, value) in [
        ("master/elected", 1.0),
        ("master/slaves_active", 1.0),
        ("master/frameworks_active", 1.0),
        ("master/outstanding_offers", 1.0),
        ("master/tasks_running", 2.0),
        ("master/cpus_used", 2.5),
        ("master/cpus_percent", 0.625),
    ] {
        assert_eq!(metrics[name], value, "{name}");
    }
}
