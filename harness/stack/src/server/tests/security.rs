//! What somebody sends who means no good.

use serde_json::json;

use super::*;

fn create(rig: &mut Rig, file: &str) -> (u16, String) {
    code(rig.ask("/createstack", &json!({"stackfile": file}).to_string()))
}

#[test]
fn no_key_opens_nothing() {
    let endpoints = [
        "/list",
        "/get",
        "/run",
        "/createstack",
        "/createlayer",
        "/removestack",
        "/createuser",
        "/refreshtoken",
        "/scheduled",
        "/scheduled/delete",
    ];
    let mut rig = Rig::production();
    for path in endpoints {
        for (user, expected) in
            [(("", ""), 500), (("admin", ""), 403), (("admin", "wrong"), 403), (("nobody", "x"), 500)]
        {
            assert_eq!(code(rig.ask_as(user, path, "{\"name\":\"x\"}")).0, expected, "{path} {user:?}");
        }
    }
    assert!(rig.ops.iter().all(|op| matches!(op, crate::server::StoreOp::User(_))), "{:?}", rig.ops);
}

#[test]
fn keys_are_told_to_nobody_else() {
    let mut rig = Rig::production();
    assert_eq!(code(rig.ask("/createuser", "{\"name\":\"ann\"}")), (201, "key-1".into()));
    rig.ask_as(("ann", "a wrong key"), "/list", "");
    let seen = format!("{:?} {:?}", rig.log, rig.ops);
    for secret in ["key-1", "a wrong key", "admin's key"] {
        assert!(!seen.contains(secret), "{seen}");
    }
}

#[test]
fn bodies_are_bounded() {
    let mut rig = Rig::developer();
    let large = format!("{{\"stackfile\":\"{}\"}}", "x".repeat(5 << 20));
    assert_eq!(code(rig.ask("/createstack", &large)).0, 413);
    let (status, text) = create(&mut rig, &"x".repeat(2 << 20));
    assert_eq!(status, 400);
    assert!(text.contains("too large"), "{text}");
}

#[test]
fn yaml_bombs_are_refused() {
    let mut rig = Rig::developer();
    let (status, text) = create(&mut rig, &"[".repeat(100_000));
    assert_eq!(status, 400);
    assert!(text.contains("recursion limit"), "{text}");
    let (status, text) = create(&mut rig, &"- ".repeat(100));
    assert_eq!(status, 400);
    assert!(text.contains("nested deeper"), "{text}");
    let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (last, next) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        let alias = format!("*{last},").repeat(10);
        bomb.push_str(&format!("{next}: &{next} [{}]\n", alias.trim_end_matches(',')));
    }
    let (status, text) = create(&mut rig, &bomb);
    assert_eq!(status, 400);
    assert!(text.contains("excessive aliasing") || text.contains("values"), "{text}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for path in ["/createstack", "/run", "/get", "/createuser", "/scheduled/delete"] {
        assert!(matches!(code(rig.ask(path, &deep)).0, 400), "{path}");
    }
}

#[test]
fn names_are_names() {
    for mut rig in [Rig::production(), Rig::developer()] {
        let names = [
            "../../etc/passwd",
            "a/b?c=d&e",
            "%2e%2e",
            "x\r\nX-Evil: 1",
            "'; DROP TABLE stacks; --",
            "\u{0}",
        ];
        for name in names {
            let file =
                stack_file("placeholder", "").replace("name: placeholder", &format!("name: {}", json!(name)));
            assert_eq!(create(&mut rig, &file), (200, String::new()), "{name}");
            let response = rig.ask("/get", &json!({"name": name}).to_string()).unwrap();
            assert_eq!(response.status, 200, "{name}");
            let parsed = crate::Stack::parse(&response.text()).unwrap().stack;
            assert_eq!(parsed.name, name);
            assert!(response.headers.iter().all(|(_, value)| !value.contains("Evil")));
        }
        let listed = crate::parse_names(&code(rig.ask("/list", "")).1).unwrap();
        assert_eq!(listed.len(), names.len());
        assert!(rig.files.is_empty() && rig.calls.is_empty(), "no file, no call");
    }
}

#[test]
fn values_stay_within_their_parameters() {
    let mut rig = Rig::developer();
    let file = "name: s\napplications:\n  a:\n    type: kafka-mesos-0.9.x\n    id: k\n    cpu: 1\n    mem: 1\n    \
                tasks:\n      t:\n        id: \"0&admin=true#x\\r\\nX-Evil: 1\"\n        \"a=b&c\": \"${v}\"\n";
    assert_eq!(create(&mut rig, file), (200, String::new()));
    let body = json!({"name": "s", "variables": {"v": "1&timeout=0 /x?"}}).to_string();
    assert_eq!(code(rig.ask("/run", &body)), (200, String::new()));
    let add = rig.calls.iter().find(|call| call.contains("/api/broker/add")).unwrap();
    assert_eq!(
        add,
        "GET http://h:31000/api/broker/add?a%3Db%26c=1%26timeout%3D0+%2Fx%3F&broker=0%26admin%3Dtrue%23x%0D%0AX-Evil%3A+1"
    );
}

#[test]
fn two_hundred_runs_at_a_time() {
    let mut rig = Rig::developer();
    assert_eq!(create(&mut rig, &stack_file("s", "")), (200, String::new()));
    let body = json!({"name": "s", "variables": {"x": "1"}}).to_string();
    let exchanges: Vec<_> = (0..200).map(|_| rig.send(JOE, "/run", &body)).collect();
    rig.settle();
    let statuses: Vec<u16> = exchanges.into_iter().map(|exchange| code(rig.response(exchange)).0).collect();
    let count = |status| statuses.iter().filter(|other| **other == status).count();
    assert_eq!((count(200), count(503)), (128, 72));
    // All places are free again.
    assert_eq!(code(rig.ask("/run", &body)).0, 200);
}

#[test]
fn parents_in_a_circle_come_to_an_end() {
    let mut rig = Rig::developer();
    create(&mut rig, &stack_file("a", "b"));
    create(&mut rig, &stack_file("b", "a"));
    assert_eq!(code(rig.ask("/removestack", "{\"name\":\"a\",\"force\":true}")), (200, String::new()));
    assert_eq!(code(rig.ask("/list", "")), (200, "[]\n".into()));
}
