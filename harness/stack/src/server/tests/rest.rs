//! The REST interface: statuses, texts and headers of every endpoint, in both modes.

use expect_test::expect;
use serde_json::json;

use super::*;
use crate::server::ScheduledTask;

fn add(rig: &mut Rig, name: &str, from: &str) -> (u16, String) {
    code(rig.ask("/createstack", &json!({"stackfile": stack_file(name, from)}).to_string()))
}

#[track_caller]
fn check(rig: &mut Rig, rows: &[(&str, &str, u16, &str)]) {
    for (path, body, status, text) in rows {
        assert_eq!(code(rig.ask(path, body)), (*status, (*text).to_owned()), "{path} {body}");
    }
}

#[test]
fn authenticates() {
    let mut rig = Rig::production();
    let table = [
        (("admin", "admin's key"), "/list", 200, "[]\n"),
        (("joe", "joe's key"), "/list", 200, "[]\n"),
        (("admin", "joe's key"), "/list", 403, "Unauthorized\n"),
        (("admin", ""), "/list", 403, "Unauthorized\n"),
        (("nobody", "x"), "/list", 500, "not found\n"),
        (("", ""), "/list", 500, "Key may not be empty\n"),
        (("", "admin's key"), "/run", 500, "Key may not be empty\n"),
        (("joe", "joe's key"), "/createuser", 403, "User joe is not an admin\n"),
        (("joe", "joe's key"), "/refreshtoken", 403, "User joe is not an admin\n"),
        (("", ""), "/health", 200, ""),
        (("", ""), "/nope", 404, "404 page not found\n"),
        (("", ""), "/list/", 404, "404 page not found\n"),
    ];
    for (user, path, status, text) in table {
        assert_eq!(code(rig.ask_as(user, path, "{}")), (status, text.to_owned()), "{user:?} {path}");
    }
}

#[test]
fn sends_the_headers_of_go() {
    let mut rig = Rig::production();
    let text = ("content-type".to_owned(), "text/plain; charset=utf-8".to_owned());
    let sniff = ("x-content-type-options".to_owned(), "nosniff".to_owned());
    let mut headers = |path: &str, body: &str| rig.ask(path, body).unwrap().headers;
    assert_eq!(headers("/list", ""), std::slice::from_ref(&text));
    assert_eq!(headers("/health", ""), []);
    assert_eq!(headers("/nope", ""), [text.clone(), sniff.clone()]);
    assert_eq!(headers("/get", ""), [text.clone(), sniff]);
    assert_eq!(headers("/scheduled", ""), std::slice::from_ref(&text));
    assert_eq!(headers("/scheduled/delete", "{\"id\":5}"), [text]);
}

#[test]
fn stores_stacks_in_production_mode() {
    let mut rig = Rig::production();
    assert_eq!(add(&mut rig, "child", "parent"), (400, "Parent stack parent does not exist\n".into()));
    assert_eq!(add(&mut rig, "parent", ""), (200, String::new()));
    assert_eq!(add(&mut rig, "child", "parent"), (200, String::new()));
    assert_eq!(add(&mut rig, "child", "parent"), (400, "Stack child already exists\n".into()));
    assert_eq!(add(&mut rig, "child", "nowhere"), (400, "Stack child already exists\n".into()));
    assert_eq!(add(&mut rig, "parent", ""), (400, "Stack parent already exists\n".into()));
    check(
        &mut rig,
        &[
            ("/createstack", "{\"stackfile\":\"applications: {}\"}", 400, "Key may not be empty\n"),
            ("/list", "", 200, "- child\n- parent\n"),
            ("/get", "{\"name\":\"nope\"}", 404, "not found\n"),
            ("/run", "{\"name\":\"nope\"}", 404, "not found\n"),
            ("/run", "{\"name\":\"parent\",\"zone\":\"nope\"}", 404, "not found\n"),
            ("/removestack", "{\"name\":\"nope\"}", 400, "Stack nope does not exist\n"),
            (
                "/removestack",
                "{\"name\":\"parent\"}",
                400,
                "There are stacks depending on parent. Either remove them first or force deletion. \
                 Dependant stacks:\nchild\n",
            ),
            ("/removestack", "{\"name\":\"parent\",\"force\":true}", 200, ""),
            ("/list", "", 200, "[]\n"),
        ],
    );
}

#[test]
fn stores_stacks_in_developer_mode() {
    let mut rig = Rig::developer();
    assert_eq!(add(&mut rig, "child", "parent"), (200, String::new()));
    assert_eq!(add(&mut rig, "child", "parent"), (400, "Stack already exists\n".into()));
    check(
        &mut rig,
        &[
            ("/createstack", "{\"stackfile\":\"applications: {}\"}", 200, ""),
            ("/get", "{\"name\":\"nope\"}", 404, "Stack does not exist\n"),
            ("/run", "{\"name\":\"nope\"}", 404, "Stack does not exist\n"),
            ("/run", "{\"name\":\"child\",\"zone\":\"nope\"}", 404, "Stack does not exist\n"),
            ("/removestack", "{\"name\":\"nope\"}", 400, "Stack does not exist\n"),
            ("/removestack", "{\"name\":\"child\"}", 200, ""),
            ("/createuser", "{\"name\":\"x\"}", 201, ""),
            ("/refreshtoken", "{\"name\":\"x\"}", 200, ""),
        ],
    );
}

#[test]
fn shows_a_stack_with_its_parents() {
    let mut rig = Rig::production();
    add(&mut rig, "parent", "");
    let child =
        "name: child\nfrom: parent\napplications:\n  app:\n    type: other\n    id: inh\n    cpu: 2\n";
    assert_eq!(code(rig.ask("/createstack", &json!({"stackfile": child}).to_string())), (200, String::new()));
    expect![[r#"
        namespace: ""
        name: child
        applications:
          app:
            rwmutex: {}
            type: custom
            id: inh
            cpu: 2
            mem: 64
            launch_command: run ${x}
        layer: 0
    "#]]
    .assert_eq(&code(rig.ask("/get", "{\"name\":\"child\"}")).1);
    // Developer mode shows it as it was written.
    let mut rig = Rig::developer();
    rig.ask("/createstack", &json!({"stackfile": child}).to_string());
    expect![[r#"
        namespace: ""
        name: child
        from: parent
        applications:
          app:
            rwmutex: {}
            type: other
            id: inh
            cpu: 2
        layer: 0
    "#]]
    .assert_eq(&code(rig.ask("/get", "{\"name\":\"child\"}")).1);
}

#[test]
fn stores_layers() {
    let mut rig = Rig::production();
    let layer = |name: &str, layer: &str, parent: &str| {
        json!({"stackfile": stack_file(name, "ignored"), "layer": layer, "parent": parent}).to_string()
    };
    check(
        &mut rig,
        &[
            ("/createlayer", &layer("dc", "datacenter", ""), 200, ""),
            ("/createlayer", &layer("c", "cluster", "dc"), 200, ""),
            ("/createlayer", &layer("z", "zone", "c"), 200, ""),
            ("/createlayer", &layer("z", "zone", "c"), 400, "Stack z already exists\n"),
            ("/createlayer", &layer("y", "zone", "nope"), 400, "Parent stack nope does not exist\n"),
            ("/createlayer", &layer("x", "planet", ""), 400, "Invalid layer: planet\n"),
            ("/createlayer", &layer("x", "", ""), 400, "Invalid layer: \n"),
        ],
    );
    let shown = code(rig.ask("/get", "{\"name\":\"dc\"}")).1;
    assert!(shown.ends_with("layer: 2\n"), "{shown}");
}

#[test]
fn refuses_bodies_in_the_words_of_go() {
    let typing = "yaml: unmarshal errors:\n  line 4: cannot unmarshal !!str `lots` into float64\n";
    let lots = json!({"stackfile": "name: x\napplications:\n  a:\n    cpu: lots\n"}).to_string();
    let field =
        "json: cannot unmarshal number into Go struct field CreateStackRequest.stackfile of type string\n";
    let value = "json: cannot unmarshal array into Go value of type framework.CreateStackRequest\n";
    let begin = "invalid character 'x' looking for beginning of value\n";
    for mut rig in [Rig::production(), Rig::developer()] {
        check(
            &mut rig,
            &[
                ("/createstack", "", 400, "EOF\n"),
                ("/createstack", "{", 400, "unexpected EOF\n"),
                ("/createstack", "x", 400, begin),
                ("/createstack", "{\"stackfile\":5}", 400, field),
                ("/createstack", "[]", 400, value),
                ("/createstack", &lots, 400, typing),
                ("/createlayer", "", 400, "EOF\n"),
                ("/createuser", "", 400, "EOF\n"),
                ("/refreshtoken", " \n", 400, "EOF\n"),
                ("/scheduled/delete", "", 400, "EOF\n"),
                ("/get", "", 400, "Stack name required\n"),
                ("/get", "x", 400, "Stack name required\n"),
                ("/run", "", 400, "Stack name required\n"),
                ("/run", "{\"zone\":\"z\"}", 400, "Stack name required\n"),
                ("/removestack", "[]", 400, "Stack name required\n"),
                ("/removestack", "{\"NAME\":\"\"}", 400, "Stack name required\n"),
            ],
        );
    }
}

#[test]
fn takes_json_as_go_does() {
    let mut rig = Rig::developer();
    add(&mut rig, "s", "");
    for body in [
        "{\"name\":\"s\"}",
        "{\"NAME\":\"s\",\"unknown\":[1]}",
        "{\"name\":\"s\"} trailing",
        "{\"zone\":7,\"name\":\"s\"}",
    ] {
        assert_eq!(rig.ask("/get", body).unwrap().status, 200, "{body}");
    }
}

#[test]
fn manages_users() {
    let mut rig = Rig::production();
    let no_user = "User 'nobody' does not exist\n";
    check(
        &mut rig,
        &[
            ("/createuser", "{\"name\":\"ann\",\"role\":\"admin\"}", 201, "key-1"),
            ("/createuser", "{\"name\":\"ann\"}", 400, "User 'ann' already exists\n"),
            ("/createuser", "{\"name\":\"bob\",\"role\":\"other\"}", 201, "key-2"),
            ("/createuser", "{\"name\":\"\"}", 400, "Key may not be empty\n"),
            (
                "/createuser",
                "{\"name\":\"eve\",\"role\":5}",
                400,
                "json: cannot unmarshal number into Go struct field .role of type string\n",
            ),
            ("/refreshtoken", "{\"name\":\"bob\"}", 200, "key-3"),
            ("/refreshtoken", "{\"name\":\"nobody\"}", 400, no_user),
        ],
    );
    let mut list = |user, key| code(rig.ask_as((user, key), "/list", "")).0;
    assert_eq!(list("ann", "key-1"), 200);
    assert_eq!(list("bob", "key-2"), 403);
    assert_eq!(list("bob", "key-3"), 200);
    assert_eq!(code(rig.ask_as(("ann", "key-1"), "/createuser", "{\"name\":\"c\"}")).0, 201);
    assert_eq!(code(rig.ask_as(("bob", "key-3"), "/createuser", "{\"name\":\"d\"}")).0, 403);
}

#[test]
fn lists_and_removes_scheduled_tasks() {
    let mut rig = Rig::developer();
    assert_eq!(code(rig.ask("/scheduled", "")), (200, "[]".into()));
    let task = ScheduledTask {
        id: i64::MAX,
        name: "a&b".into(),
        start_time: String::new(),
        time_schedule: "@every 17s".into(),
    };
    rig.server.schedule.add(task);
    let listed =
        r#"[{"id":9223372036854775807,"name":"a\u0026b","start_time":"","time_schedule":"@every 17s"}]"#;
    check(
        &mut rig,
        &[
            ("/scheduled", "", 200, listed),
            ("/scheduled/delete", "{\"id\":5}", 404, "Task 5 not found"),
            (
                "/scheduled/delete",
                "{\"id\":\"5\"}",
                400,
                "json: cannot unmarshal string into Go struct field RemoveScheduledRequest.id of type int64\n",
            ),
            ("/scheduled/delete", "{\"id\":9223372036854775807}", 200, "9223372036854775807 deleted"),
            ("/scheduled", "", 200, "[]"),
        ],
    );
}

#[test]
fn tells_of_a_store_that_fails() {
    let mut rig = Rig::developer();
    rig.store_fails = Some("no host".into());
    let file = json!({"stackfile": stack_file("s", "")}).to_string();
    check(
        &mut rig,
        &[
            ("/list", "", 500, "no host\n"),
            ("/get", "{\"name\":\"s\"}", 404, "no host\n"),
            ("/run", "{\"name\":\"s\"}", 404, "no host\n"),
            ("/createstack", &file, 400, "no host\n"),
            ("/removestack", "{\"name\":\"s\"}", 400, "no host\n"),
        ],
    );
}
