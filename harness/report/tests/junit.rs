//! JUnit XML, read back with an XML parser.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{HOSTILE, diagnosis};
use proptest::prelude::*;
use roxmltree::{Document, Node};
use stacklab_report::{Outcome, Run, junit};

fn run<'a>(scenario: &'a str, outcome: Outcome, verdict: &'a str) -> Run<'a> {
    Run {
        scenario,
        about: "",
        backend: "embedded",
        seed: u64::MAX,
        outcome,
        verdict,
        took: Duration::from_millis(1234),
        events: &[],
        diagnosis: None,
        replay: "cargo xtask repro x",
        difference: None,
        hits: &[],
    }
}

/// What the schema of JUnit (as Jenkins and Ant have it) says of elements, in their order, and of attributes.
fn follows_the_schema(node: Node<'_, '_>) {
    let (children, attributes): (&[&str], &[&str]) = match node.tag_name().name() {
        "testsuites" => (&["testsuite"], &["name", "tests"]),
        "testsuite" => (&["properties", "testcase", "system-out", "system-err"], &["name", "tests"]),
        "testcase" => (&["properties", "skipped", "error", "failure"], &["name", "classname"]),
        "properties" => (&["property"], &[]),
        "property" => (&[], &["name", "value"]),
        "failure" => (&[], &["message", "type"]),
        "skipped" => (&[], &["message"]),
        other => panic!("<{other}> is unknown to the schema"),
    };
    for name in attributes {
        assert!(node.has_attribute(*name), "<{}> without {name}", node.tag_name().name());
    }
    for name in ["time", "tests", "failures", "errors", "skipped"] {
        if let Some(number) = node.attribute(name) {
            number.parse::<f64>().unwrap();
        }
    }
    let mut least = 0;
    for child in node.children().filter(Node::is_element) {
        let place = children.iter().position(|name| *name == child.tag_name().name());
        let place = place.unwrap_or_else(|| panic!("<{}> in a wrong place", child.tag_name().name()));
        assert!(place >= least, "<{}> comes too late", child.tag_name().name());
        least = place;
        follows_the_schema(child);
    }
}

fn find<'a, 'i>(document: &'a Document<'i>, tag: &str) -> Vec<Node<'a, 'i>> {
    document.descendants().filter(|node| node.has_tag_name(tag)).collect()
}

#[test]
fn a_suite_counts_its_cases_and_each_says_how_it_ended() {
    let diagnosis = diagnosis();
    let failed = Run {
        diagnosis: Some(&diagnosis),
        difference: Some("-expected\n+found"),
        ..run("leftover", Outcome::Failed, "not deployed\nmore")
    };
    let runs =
        [run("good", Outcome::Passed, "deployed"), failed, run("other", Outcome::Skipped, "no Docker")];
    let text = junit("stacklab", &runs).unwrap();
    let document = Document::parse(&text).unwrap();
    follows_the_schema(document.root_element());
    let suite = find(&document, "testsuite")[0];
    let counts =
        ["tests", "failures", "errors", "skipped", "time"].map(|name| suite.attribute(name).unwrap());
    assert_eq!(counts, ["3", "1", "0", "1", "3.702"]);
    let cases = find(&document, "testcase");
    assert_eq!(cases[0].attribute("time"), Some("1.234"));
    assert_eq!(cases[0].attribute("classname"), Some("stacklab.embedded"));
    let failure = find(&document, "failure")[0];
    assert_eq!(failure.parent(), Some(cases[1]));
    assert_eq!(failure.attribute("message"), Some("not deployed"));
    assert_eq!(failure.attribute("type"), Some("SL0001"));
    expect_test::expect![[r#"
        not deployed
        more

        what happened: exhibitor-mesos never subscribed
            Framework has been removed

        because: SL0001 /exhibitor-mesos holds framework id F-0001, which Mesos has completed
            read /exhibitor-mesos
            refused F-0001

        cure:
            delete znode /exhibitor-mesos
            deploy again

        differs from the snapshot:
        -expected
        +found

        again: cargo xtask repro x
    "#]]
    .assert_eq(failure.text().unwrap());
    assert_eq!(find(&document, "skipped")[0].attribute("message"), Some("no Docker"));
    let seed = find(&document, "property").into_iter().find(|p| p.attribute("name") == Some("seed")).unwrap();
    assert_eq!(seed.attribute("value"), Some("18446744073709551615"));
}

#[test]
fn what_xml_cannot_hold_is_left_out_and_the_rest_arrives() {
    let text =
        junit("a", &[run(HOSTILE, Outcome::Failed, "\u{1b}[31mred\u{1b}[0m ]]> & \u{0}\u{b}\u{ffff} ü")])
            .unwrap();
    let document = Document::parse(&text).unwrap();
    assert_eq!(find(&document, "testcase")[0].attribute("name"), Some(HOSTILE));
    assert_eq!(find(&document, "failure")[0].attribute("message"), Some("red ]]> &  ü"));
}

#[test]
fn a_very_long_text_is_cut() {
    let long = "ä".repeat(1_000_000);
    let text = junit("a", &[Run { difference: Some(&long), ..run("x", Outcome::Failed, "bad") }]).unwrap();
    assert!(text.len() < 100_000);
    assert!(find(&Document::parse(&text).unwrap(), "failure")[0].text().unwrap().contains("and more"));
}

proptest! {
    #[test]
    fn any_text_gives_xml(name in any::<String>(), verdict in any::<String>(), difference in any::<String>()) {
        let run = Run { difference: Some(&difference), ..run(&name, Outcome::Failed, &verdict) };
        let text = junit(&name, &[run]).unwrap();
        follows_the_schema(Document::parse(&text).unwrap().root_element());
    }
}
