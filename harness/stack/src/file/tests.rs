//! Tests of reading stack files.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check_error(text: &str, expected: &Expect) {
    let error = Stack::parse(text).unwrap_err();
    expected.assert_eq(&format!("{error}\n{}:{}\n{}", error.line, error.column, error.snippet()));
}

#[test]
fn reports_typing_errors_together() {
    check_error(
        "name: s\napplications:\n  a:\n    cpu: lots\n    mem: '5'\n    ports: 31000\n    artifact_urls: a-long-single-url\n",
        &expect![[r#"
            yaml: unmarshal errors:
              line 4: cannot unmarshal !!str `lots` into float64
              line 5: cannot unmarshal !!str `5` into float64
              line 6: cannot unmarshal !!int `31000` into []int
              line 7: cannot unmarshal !!str `a-long-...` into []string
            4:10
             4 |     cpu: lots
               |          ^"#]],
    );
    check_error(
        "applications: [a]",
        &expect![[r#"
        yaml: unmarshal errors:
          line 1: cannot unmarshal !!seq into map[string]*framework.Application
        1:15
         1 | applications: [a]
           |               ^"#]],
    );
    check_error(
        "applications: {a: {docker: {privileged: 1}}}",
        &expect![[r#"
        yaml: unmarshal errors:
          line 1: cannot unmarshal !!int `1` into bool
        1:41
         1 | applications: {a: {docker: {privileged: 1}}}
           |                                         ^"#]],
    );
}

#[test]
fn reports_what_would_kill_the_original() {
    check_error(
        "applications:\n  a:\n",
        &expect![[r#"
        yaml: unmarshal errors:
          line 2: an application without any key
        2:4
         2 |   a:
           |    ^"#]],
    );
    check_error(
        "applications:\n  a:\n    tasks:\n      t: 5\n",
        &expect![[r#"
        yaml: unmarshal errors:
          line 4: task `t` is not a map of parameters
        4:10
         4 |       t: 5
           |          ^"#]],
    );
}

#[test]
fn reports_broken_yaml() {
    check_error(
        "name: [a\nb: c",
        &expect![[r#"
        yaml: line 2: illegal placement of ':' indicator
        2:2
         2 | b: c
           |  ^"#]],
    );
    check_error(
        "applications:\n  a:\n    artifact_urls: [http://x]\n",
        &expect![[r#"
        yaml: line 3: found unexpected ':'
        3:25
         3 |     artifact_urls: [http://x]
           |                         ^"#]],
    );
    check_error(
        "a: *nowhere",
        &expect![[r#"
        yaml: line 1: while parsing node, found unknown anchor
        1:4
         1 | a: *nowhere
           |    ^"#]],
    );
    check_error(
        "\ta: b",
        &expect![[r#"
        yaml: line 1: found character that cannot start any token
        1:2
         1 | 	a: b
           | 	^"#]],
    );
}

#[test]
fn bounds_bombs() {
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 10].join(",");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(Stack::parse(&bomb).unwrap_err().message.contains("excessive aliasing"));
    assert!(Stack::parse(&"[".repeat(10_000)).is_err());
    assert!(Stack::parse(&"x: ".repeat(10_000)).is_err());
    assert!(Stack::parse(&" ".repeat(2_000_000)).unwrap_err().message.contains("too large"));
}

#[test]
fn keeps_texts_and_prints_parameters() {
    let text = "applications:\n  a:\n    version: 0.10\n    instances: 2\n    cpu: 0x10\n    mem: 1e3\n    ports: [31000, 3.1e4]\n    \
                scheduler: {debug: true, n: 0.50}\n    env: {E: ~}\n    constraints: [[hostname, UNIQUE], [rack, LIKE, 1]]\n    \
                tasks:\n      z: {cpu: 0.50, debug: yes, none: null, list: [1, 2], n: 1}\n      b: {id: 0..2}\n      1: {}\n";
    let app = &Stack::parse(text).unwrap().stack.applications["a"];
    assert_eq!((app.version.as_str(), app.instances.as_str()), ("0.10", "2"));
    assert_eq!((app.cpu, app.mem, app.ports.as_slice()), (16.0, 1000.0, &[31_000, 31_000][..]));
    assert_eq!(
        (app.scheduler["debug"].as_str(), app.scheduler["n"].as_str(), app.env["E"].as_str()),
        ("true", "0.50", "")
    );
    assert_eq!(app.constraints, [vec!["hostname", "UNIQUE"], vec!["rack", "LIKE", "1"]]);
    let names: Vec<_> = app.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["z", "b", "1"]);
    let shown: Vec<_> =
        app.tasks[0].parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(shown.join(" "), "cpu=0.5 debug=true false=1 list=[1 2] none=<nil>");
}

#[test]
fn expands_merge_keys_in_place() {
    let text = "applications:\n  a: &base {type: t, cpu: 1, env: {A: '1'}}\n  b:\n    cpu: 2\n    <<: *base\n    mem: 3\n";
    let app = &Stack::parse(text).unwrap().stack.applications["b"];
    assert_eq!((app.kind.as_str(), app.cpu, app.mem, app.env["A"].as_str()), ("t", 1.0, 3.0, "1"));
}

#[test]
fn loses_what_is_merged_into_tasks() {
    let text =
        "applications:\n  a:\n    env: &e {A: 1}\n    tasks:\n      t:\n        <<: *e\n        b: 2\n";
    let parsed = Stack::parse(text).unwrap();
    let tasks = &parsed.stack.applications["a"].tasks;
    assert_eq!(tasks[0].parameters.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(parsed.warnings[0].text, "what is merged (`<<`) inside `tasks` is ignored");
}

#[test]
fn tells_nulls_apart() {
    let app = |text: &str| Stack::parse(text).map(|parsed| parsed.stack.applications["a"].clone());
    let docker = |text: &str| app(&format!("applications: {{a: {{id: ~, docker: {text}}}}}")).unwrap();
    assert_eq!((docker("~").docker, docker("~").id), (Some(Docker::default()), String::new()));
    assert_eq!((docker("null").docker, docker("").docker), (None, None));
    assert!(app("applications: {a: ~}").is_ok());
    assert!(app("applications: {a: null}").is_err() && app("applications:\n  a:\n").is_err());
}

#[test]
fn warns_of_what_is_ignored() {
    let text =
        "name: s\nnmae: t\napplications:\n  a:\n    type: t\n    launchcommand: x\n    cpu: 1\n    cpu: 2\n";
    let parsed = Stack::parse(text).unwrap();
    let shown: Vec<_> =
        parsed.warnings.iter().map(|warning| format!("{} {}", warning.at, warning.text)).collect();
    expect![[r#"
        2:1 unknown key `nmae` is ignored
        6:5 unknown key `launchcommand` is ignored
        8:5 key `cpu` stands here again (first at 7:5): the last one counts"#]]
    .assert_eq(&shown.join("\n"));
    assert_eq!(parsed.stack.applications["a"].cpu, 2.0);
    assert_eq!(parsed.positions["applications.a.launchcommand"], Position { line: 6, column: 20 });
}

#[test]
fn reads_the_bundled_stacks() {
    for (name, text, applications, cpu, mem) in [
        ("zipkin-full", include_str!("../../../../fixtures/stacks/zipkin-full.stack"), 4, 2.3, 15_632.0),
        (
            "zipkin-standalone",
            include_str!("../../../../fixtures/stacks/zipkin-standalone.stack"),
            1,
            1.2,
            3584.0,
        ),
        (
            "exhibitor-kafka",
            include_str!("../../../../fixtures/stacks/exhibitor-kafka.stack"),
            2,
            0.6,
            2048.0,
        ),
        (
            "zipkin-full-scaled",
            include_str!("../../../../fixtures/stacks/zipkin-full-scaled.stack"),
            4,
            4.85,
            22_736.0,
        ),
    ] {
        let parsed = Stack::parse(text).unwrap();
        assert_eq!((parsed.warnings.as_slice(), parsed.stack.name.as_str()), (&[][..], name));
        assert_eq!(parsed.stack.applications.len(), applications);
        crate::validate(&parsed.stack).unwrap();
        assert_eq!(crate::problems(&parsed.stack, &[]), []);
        // Instances in ranges count once here: the figures are those of the parameters.
        let tasks = || parsed.stack.applications.values().flat_map(|app| &app.tasks);
        let sum = |names: [&str; 2]| -> f64 {
            let values = tasks().filter_map(|task| names.iter().find_map(|name| task.parameters.get(*name)));
            values.map(|value| value.parse::<f64>().unwrap()).sum()
        };
        assert!((sum(["cpu", "cpus"]) - cpu).abs() < 1e-9, "{name}: {}", sum(["cpu", "cpus"]));
        assert_eq!(sum(["mem", "mem"]), mem, "{name}");
    }
}

proptest! {
    #[test]
    fn never_panics(text in "[a-c:\\-\\[\\]{}&*<!|>'\" \n\t0-9.~]{0,80}") {
        let _ = Stack::parse(&text);
    }

    #[test]
    fn survives_truncation(at in 0..2000usize) {
        let text = include_str!("../../../../fixtures/stacks/zipkin-full.stack");
        if let Err(error) = Stack::parse(text.get(..at).unwrap_or(text)) {
            prop_assert!(error.line >= 1 && error.column >= 1 && error.snippet().ends_with('^'));
        }
    }
}
