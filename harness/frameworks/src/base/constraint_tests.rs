//! Constraints as tables.

use super::{Condition, Constraints, Dialect};

fn accepts(condition: &str, value: &str, peers: &str) -> bool {
    let peers: Vec<String> = peers.split_whitespace().map(str::to_owned).collect();
    Condition::parse(condition, Dialect::AllAndAtMost).unwrap().accepts(value, &peers)
}

#[test]
fn conditions_decide() {
    for (condition, value, peers, expected) in [
        ("like:r[12]", "r1", "", true),
        ("like:r", "r1", "", false),
        ("like:a|b", "xb", "", false),
        ("unlike:r1", "r1", "", false),
        ("unlike:r1", "r2", "", true),
        ("unique", "h0", "h1 h2", true),
        ("unique", "h1", "h1 h2", false),
        ("atMost:2", "h1", "h1", true),
        ("atMost:2", "h1", "h1 h1", false),
        ("cluster", "r1", "", true),
        ("cluster", "r1", "r1 r2", true),
        ("cluster", "r2", "r1 r2", false),
        ("cluster:r2", "r2", "r1", true),
        ("cluster:r2", "r1", "", false),
        // groupBy: one group means everybody like the first.
        ("groupBy", "r1", "", true),
        ("groupBy", "r1", "r1", true),
        ("groupBy", "r2", "r1", false),
        // Fewer groups than wanted: the value must be new; otherwise one of the smallest groups.
        ("groupBy:2", "r2", "r1", true),
        ("groupBy:2", "r1", "r1", false),
        ("groupBy:2", "r1", "r1 r2", true),
        ("groupBy:2", "r1", "r1 r1 r2", false),
        ("groupBy:2", "r2", "r1 r1 r2", true),
        ("groupBy:2", "r3", "r1 r2", false),
    ] {
        assert_eq!(accepts(condition, value, peers), expected, "{condition} {value} among [{peers}]");
    }
}

#[test]
fn words_of_refusal() {
    let peers = |name: &str| if name == "hostname" { vec!["h1".to_owned()] } else { Vec::new() };
    let offered = |name: &str| match name {
        "hostname" => Some("h1"),
        "rack" => Some("r2"),
        _ => None,
    };
    for (constraints, expected) in [
        ("hostname=unique", Some("hostname doesn't match unique")),
        ("zone=unique", Some("no zone")),
        ("rack=like:r1", Some("rack doesn't match like:r1")),
        ("rack=like:r.,hostname=like:h.", None),
        // The last written is checked first.
        ("rack=like:x,rack=like:y", Some("rack doesn't match like:y")),
        ("", None),
    ] {
        let parsed = Constraints::parse(constraints, Dialect::All).unwrap();
        assert_eq!(parsed.rejection(offered, peers).as_deref(), expected, "{constraints}");
    }
    let last = Constraints::parse("rack=like:x,rack=like:r2", Dialect::Last).unwrap();
    assert_eq!(last.rejection(offered, peers), None);
}

#[test]
fn words_of_errors() {
    let error = |text, dialect| Constraints::parse(text, dialect).unwrap_err().to_string();
    assert_eq!(error("a=like", Dialect::All), "Unsupported condition: like");
    assert_eq!(error("a=like", Dialect::Last), "unsupported condition like");
    assert_eq!(error("a=atMost:1", Dialect::All), "Unsupported condition: atMost:1");
    assert_eq!(error("a=groupBy:x", Dialect::All), "invalid condition groupBy:x");
    assert_eq!(error("hostname", Dialect::All), "hostname");
    assert!(error("a=like:(", Dialect::All).starts_with("Invalid like: "));
}

#[test]
fn prints_what_it_read() {
    for text in ["hostname=unique", "a=cluster:x,b=groupBy:2", "a=cluster,b=groupBy,c=unlike:x.*"] {
        assert_eq!(Constraints::parse(text, Dialect::All).unwrap().to_string(), text);
    }
    let mut constraints = Constraints::parse("a=unique,b=unique", Dialect::All).unwrap();
    constraints.merge(Constraints::parse("a=cluster,c=unique", Dialect::All).unwrap());
    assert_eq!(constraints.to_string(), "b=unique,a=cluster,c=unique");
    assert_eq!(Constraints::unique_host().to_string(), "hostname=unique");
}
