//! Tests of the HTTP API.

use expect_test::expect;
use proptest::prelude::*;
use stacklab_mesos::TaskState;

use super::*;
use crate::testing::{Bench, json_of};

/// What Stack Deploy sends for the exhibitor application.
const STACK_DEPLOY: &str = r#"{"id":"exhibitor-mesos","cmd":"java -jar x.jar","args":null,"constraints":null,"cpus":0.1,"env":{"STACK_LABELS":"stack=s"},"healthChecks":[{"portIndex":0,"path":"/health","maxConsecutiveFailures":18,"protocol":"HTTP","gracePeriodSeconds":120,"intervalSeconds":10,"timeoutSeconds":30}],"instances":1,"mem":512,"ports":[31991],"requirePorts":true,"dependencies":null,"uris":["http://h/a.jar","http://h/z.tar.gz"],"labels":{"stack":"s"},"fetch":null}"#;

#[test]
fn takes_what_stack_deploy_sends() {
    let mut bench = Bench::new();
    let response = bench.send("POST /v2/apps", STACK_DEPLOY);
    assert_eq!((response.status, response.header("location")), (201, Some("/exhibitor-mesos")));
    assert_eq!(response.header("x-marathon-leader"), Some("http://10.0.0.1:8080"));
    expect![[r#"{"id":"/exhibitor-mesos","cmd":"java -jar x.jar","args":null,"user":null,"env":{"STACK_LABELS":"stack=s"},"instances":1,"cpus":0.1,"mem":512.0,"disk":0.0,"executor":"","constraints":[],"uris":["http://h/a.jar","http://h/z.tar.gz"],"fetch":[{"uri":"http://h/a.jar","extract":false,"executable":false,"cache":false},{"uri":"http://h/z.tar.gz","extract":true,"executable":false,"cache":false}],"storeUrls":[],"ports":[31991],"requirePorts":true,"backoffSeconds":1,"backoffFactor":1.15,"maxLaunchDelaySeconds":3600,"container":null,"healthChecks":[{"path":"/health","protocol":"HTTP","portIndex":0,"gracePeriodSeconds":120,"intervalSeconds":10,"timeoutSeconds":30,"maxConsecutiveFailures":18,"ignoreHttp1xx":false}],"dependencies":[],"upgradeStrategy":{"minimumHealthCapacity":1,"maximumOverCapacity":1},"labels":{"stack":"s"},"acceptedResourceRoles":null,"ipAddress":null,"version":"2016-03-01T00:00:00.000Z","versionInfo":{"lastScalingAt":"2016-03-01T00:00:00.000Z","lastConfigChangeAt":"2016-03-01T00:00:00.000Z"},"tasksStaged":0,"tasksRunning":0,"tasksHealthy":0,"tasksUnhealthy":0,"deployments":[{"id":"9a45d7f8-af4c-4e69-a4f7-cf0ed7e9ea66"}],"tasks":[]}"#]].assert_eq(&response.text());
    let missing = bench.ask(Request::get("/v2/apps/exhibitor-mesos/tasks"));
    assert_eq!(
        (missing.status, &*missing.text()),
        (404, r#"{"message":"App '/exhibitor-mesos' does not exist"}"#)
    );
    let again = bench.send("POST /v2/apps", STACK_DEPLOY);
    assert_eq!(
        (again.status, &*again.text()),
        (409, r#"{"message":"An app with id [/exhibitor-mesos] already exists."}"#)
    );

    let tasks = bench.large_offer("agent-1");
    expect![[r#"[{"name":"exhibitor-mesos","task_id":{"value":"exhibitor-mesos.8a8c0000-df40-11e5-a1da-58d4bdf7142a"},"agent_id":{"value":"S-agent-1"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":0.1},"role":"*"},{"name":"mem","type":"SCALAR","scalar":{"value":512.0},"role":"*"},{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":31991,"end":31991}]},"role":"*"}],"command":{"uris":[{"value":"http://h/a.jar","executable":false,"extract":false,"cache":false},{"value":"http://h/z.tar.gz","executable":false,"extract":true,"cache":false}],"environment":{"variables":[{"name":"HOST","value":"agent-1"},{"name":"MARATHON_APP_ID","value":"/exhibitor-mesos"},{"name":"MARATHON_APP_LABELS","value":"STACK"},{"name":"MARATHON_APP_LABEL_STACK","value":"s"},{"name":"MARATHON_APP_RESOURCE_CPUS","value":"0.1"},{"name":"MARATHON_APP_RESOURCE_DISK","value":"0.0"},{"name":"MARATHON_APP_RESOURCE_MEM","value":"512.0"},{"name":"MARATHON_APP_VERSION","value":"2016-03-01T00:00:00.000Z"},{"name":"MESOS_TASK_ID","value":"exhibitor-mesos.8a8c0000-df40-11e5-a1da-58d4bdf7142a"},{"name":"PORT","value":"31991"},{"name":"PORT0","value":"31991"},{"name":"PORTS","value":"31991"},{"name":"PORT_31991","value":"31991"},{"name":"STACK_LABELS","value":"stack=s"}]},"value":"java -jar x.jar"}}]"#]].assert_eq(&serde_json::to_string(&tasks).unwrap());
    bench.status(&tasks[0], TaskState::Running);
    expect![[r#"{"tasks":[{"id":"exhibitor-mesos.8a8c0000-df40-11e5-a1da-58d4bdf7142a","host":"agent-1","ipAddresses":[],"ports":[31991],"startedAt":"2016-03-01T00:00:00.000Z","stagedAt":"2016-03-01T00:00:00.000Z","version":"2016-03-01T00:00:00.000Z","slaveId":"S-agent-1","appId":"/exhibitor-mesos","servicePorts":[31991]}]}"#]].assert_eq(&bench.ask(Request::get("/v2/apps//exhibitor-mesos/tasks")).text());
    expect![[r#"[{"id":"9a45d7f8-af4c-4e69-a4f7-cf0ed7e9ea66","version":"2016-03-01T00:00:00.000Z","affectedApps":["/exhibitor-mesos"],"steps":[[{"action":"StartApplication","app":"/exhibitor-mesos"}],[{"action":"ScaleApplication","app":"/exhibitor-mesos"}]],"currentActions":[{"action":"ScaleApplication","app":"/exhibitor-mesos"}],"currentStep":2,"totalSteps":2}]"#]].assert_eq(&bench.get("/v2/deployments").to_string());
}

#[test]
fn shows_info() {
    let mut bench = Bench::new();
    expect![[r#"{"name":"marathon","version":"0.15.3","elected":true,"leader":"10.0.0.1:8080","frameworkId":"fw-0000","marathon_config":{"master":"zk://10.0.0.1:2181/mesos","failover_timeout":604800,"framework_name":"marathon","ha":true,"checkpoint":true,"local_port_min":10000,"local_port_max":20000,"executor":"//cmd","hostname":"10.0.0.1","webui_url":null,"mesos_role":null,"task_launch_timeout":300000,"reconciliation_initial_delay":15000,"reconciliation_interval":300000,"mesos_user":"root","leader_proxy_connection_timeout_ms":5000,"leader_proxy_read_timeout_ms":10000,"mesos_leader_ui_url":null},"zookeeper_config":{"zk":"zk://10.0.0.1:2181/marathon","zk_timeout":10000,"zk_session_timeout":1800000,"zk_max_versions":25},"event_subscriber":null,"http_config":{"assets_path":null,"http_port":8080,"https_port":8443}}"#]].assert_eq(&bench.get("/v2/info").to_string());
    expect![[r#"{"leader":"10.0.0.1:8080"}"#]].assert_eq(&bench.get("/v2/leader").to_string());
    assert_eq!(&*bench.ask(Request::get("//ping")).text(), "pong");
    assert!(bench.get("/metrics")["gauges"].is_object());
}

#[track_caller]
fn check_refused(what: &str, body: &str, status: u16, answer: &str) {
    let response = Bench::new().send(what, body);
    assert_eq!((response.status, &*response.text()), (status, answer), "{what} {body}");
}

#[test]
fn refuses_in_its_own_words() {
    let invalid = |attribute, error: &str| {
        json!({"message": "Object is not valid", "details": [{"attribute": attribute, "error": error}]})
            .to_string()
    };
    let shape = |path, error: &str| {
        json!({"message": "Invalid JSON", "details": [{"path": path, "errors": [error]}]}).to_string()
    };
    let one = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.";
    for (body, status, answer) in [
        ("{\"id\":\"a\"}", 422, invalid("", one)),
        ("{\"id\":\"a\",\"cmd\":\"x\",\"args\":[]}", 422, invalid("", one)),
        ("{\"cmd\":\"x\"}", 400, shape("/id", "error.path.missing")),
        ("{\"id\":\"a\",\"cmd\":\"x\",\"cpus\":\"1\"}", 400, shape("/cpus", "error.expected.jsnumber")),
        (
            "{\"id\":\"a\",\"cmd\":\"x\",\"instances\":-1}",
            422,
            invalid("instances", "got -1, expected 0 or more"),
        ),
        ("{\"id\":\"a\",\"cmd\":\"x\",\"ports\":[80,80]}", 422, invalid("ports", "Elements must be unique")),
        (
            "{\"id\":\"a\",\"cmd\":\"x\",\"healthChecks\":[{\"portIndex\":1}]}",
            422,
            invalid(
                "healthChecks",
                "Health check port indices must address an element of the ports array or container port mappings.",
            ),
        ),
        (
            "{\"id\":\"a\",\"cmd\":\"x\",\"constraints\":[[\"h\",\"NEAR\"]]}",
            400,
            shape(
                "/constraints(0)",
                "Constraint operator must be one of the following: [UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE]",
            ),
        ),
    ] {
        check_refused("POST /v2/apps", body, status, &answer);
    }
    let response = Bench::new().send("POST /v2/apps", "{\"id\":\"A_b\",\"cmd\":\"x\"}");
    assert!(
        response.status == 422
            && response.text().contains("must fully match regular expression '^(([a-z0-9]|")
    );
    check_refused("GET /v2/apps/x", "", 404, "{\"message\":\"App '/x' does not exist\"}");
    check_refused("DELETE /v2/apps/x", "", 404, "{\"message\":\"App '/x' does not exist\"}");
    check_refused("GET /v2/nope", "", 404, "{\"message\":\"URI not found: v2/nope\"}");
    check_refused("PUT /v2/info", "{}", 405, "{\"message\":\"Method Not Allowed\"}");
    check_refused("DELETE /v2/deployments/x", "", 404, "{\"message\":\"DeploymentPlan x does not exist\"}");
    check_refused(
        "DELETE /v2/queue/x/delay",
        "",
        404,
        "{\"message\":\"application /x not found in task queue\"}",
    );
    assert_eq!(Bench::new().send("POST /v2/apps", "{").status, 400);
    let mut form = Request::json(Method::Post, "/v2/apps", "a=b");
    form.headers = vec![("content-type".into(), "application/x-www-form-urlencoded".into())];
    assert_eq!(Bench::new().ask(form).status, 415);
}

#[test]
fn locks_apps_under_deployment() {
    let mut bench = Bench::new();
    bench.send("POST /v2/apps", "{\"id\":\"/g/a\",\"cmd\":\"x\"}");
    let locked = bench.send("PUT /v2/apps/g/a", "{\"instances\":2}");
    assert_eq!(locked.status, 409);
    let body = json_of(&locked);
    assert!(
        body["message"].as_str().unwrap().ends_with("View details at '/v2/deployments/<DEPLOYMENT_ID>'.")
    );
    assert!(body["deployments"][0]["id"].is_string());
    assert_eq!(bench.send("PUT /v2/apps/g/a?force=true", "{\"instances\":2}").status, 200);
    assert_eq!(bench.get("/v2/apps/g/*")["*"][0]["instances"], 2);
    assert_eq!(bench.get("/v2/queue")["queue"][0]["count"], 2);
    let deployment = bench.get("/v2/deployments")[0]["id"].as_str().unwrap().to_owned();
    let back = bench.send(&format!("DELETE /v2/deployments/{deployment}"), "");
    assert_eq!(back.status, 200);
    assert_eq!(bench.get("/v2/apps/g/a")["app"]["instances"], 1);
    assert_eq!(bench.get("/v2/apps/g/a/versions")["versions"].as_array().unwrap().len(), 3);
}

#[test]
fn filters_lists() {
    let mut bench = Bench::new();
    bench.send("POST /v2/apps", r#"{"id":"a","cmd":"run x","labels":{"l":"1"}}"#);
    bench.send("POST /v2/apps", r#"{"id":"b","cmd":"run y"}"#);
    for (query, found) in [
        ("", "/a /b"),
        ("?cmd=y", "/b"),
        ("?id=a", "/a"),
        ("?label=l", "/a"),
        ("?label=l%3D%3D2", ""),
        ("?label=l!%3D1", "/b"),
    ] {
        let apps = bench.get(&format!("/v2/apps{query}"));
        let ids: Vec<_> =
            apps["apps"].as_array().unwrap().iter().map(|app| app["id"].as_str().unwrap()).collect();
        assert_eq!(ids.join(" "), found, "{query}");
    }
}

proptest! {
    #[test]
    fn answers_whatever_is_sent(
        path in "(/v2)?(/apps|/tasks|/queue|/deployments)?(/[a-z*%.]{0,8}){0,3}(\\?[a-z=&%]{0,12})?",
        method in 0..4usize,
        body in "(\\{\"(id|cmd|ports|cpus|healthChecks|upgradeStrategy|env|ids)\":[-0-9\\[\\]{}\"a-z:.]{0,12}\\})|.{0,20}",
    ) {
        let method = [Method::Get, Method::Post, Method::Put, Method::Delete][method];
        let mut bench = Bench::new();
        bench.send("POST /v2/apps", r#"{"id":"a","cmd":"x"}"#);
        let response = bench.ask(Request::json(method, path, body));
        prop_assert!((200..500).contains(&response.status));
    }
}
