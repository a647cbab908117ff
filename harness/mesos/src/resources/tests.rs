//! Arithmetic, text forms, flags.

use expect_test::expect;
use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Resources {
    text.parse().unwrap()
}

#[test]
fn reads_flags_and_prints_them_as_mesos_does() {
    let rows = [
        ("cpus:4;mem:1024;ports:[31000-32000]", "cpus:4; mem:1024; ports:[31000-32000]"),
        ("cpus(role):1", "cpus(reservations: [(STATIC,role)]):1"),
        ("cpus:0.12345", "cpus:0.123"),
        ("ports:[5-7, 1-2,3-3]; x:{b,a}", "ports:[1-3, 5-7]; x:{a, b}"),
        ("", "{}"),
        (r#"[{"name":"mem","type":"SCALAR","scalar":{"value":"32"}}]"#, "mem:32"),
    ];
    for (flag, text) in rows {
        assert_eq!(parse(flag).to_string(), text);
    }
    assert_eq!(parse("cpus:4;mem:32").allocated_to("*"), "cpus(allocated: *):4; mem(allocated: *):32");
    for bad in ["cpus", "cpus:x", "cpus(a:1", "ports:[1]", "ports:[3-1]", "cpus:nan", ":1", "[{]"] {
        assert!(bad.parse::<Resources>().is_err(), "{bad}");
    }
}

#[test]
fn reads_attributes() {
    let attributes = parse_attributes("rack:r1;zone:a:b;num:3;rng:[1-4]").unwrap();
    let json = serde_json::to_string(&attributes).unwrap();
    expect![[r#"[{"name":"rack","type":"TEXT","text":{"value":"r1"}},{"name":"zone","type":"TEXT","text":{"value":"a:b"}},{"name":"num","type":"SCALAR","scalar":{"value":3.0}},{"name":"rng","type":"RANGES","ranges":{"range":[{"begin":1,"end":4}]}}]"#]].assert_eq(&json);
    assert_eq!(serde_json::from_str::<Vec<Attribute>>(&json).unwrap(), attributes);
    let texts: Vec<_> = attributes.iter().map(|attribute| attribute.value.to_string()).collect();
    assert_eq!(texts, ["r1", "a:b", "3", "[1-4]"]);
}

#[test]
fn reads_both_renderings_of_a_role() {
    for json in [
        r#"[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"role":"dev"}]"#,
        r#"[{"name":"cpus","type":"SCALAR","scalar":{"value":1},"reservations":[{"type":"STATIC","role":"dev"}]}]"#,
    ] {
        assert_eq!(serde_json::from_str::<Resources>(json).unwrap(), parse("cpus(dev):1"));
    }
    assert!(serde_json::from_str::<Resources>(r#"[{"name":"cpus","type":"X"}]"#).is_err());
}

#[test]
fn roles_use_what_is_theirs_or_their_parents() {
    let all = parse("cpus:1;cpus(dev):2;cpus(other):4");
    assert_eq!(all.usable_by("dev").cpus(), 3.0);
    assert_eq!(all.usable_by("dev/web").cpus(), 3.0);
    assert_eq!(all.usable_by("devil").cpus(), 1.0);
    assert_eq!(all.usable_by("*").cpus(), 1.0);
}

fn any_resources() -> impl Strategy<Value = Resources> {
    let scalar = (prop_oneof!["cpus", "mem", "x"], -2000i64..9000, prop_oneof!["\\*", "dev"]);
    let scalar = scalar.prop_map(|(name, milli, role)| Resource {
        name: name.as_str().into(),
        value: Value::Scalar(Scalar::from_milli(milli)),
        role: role.as_str().into(),
    });
    let ranges = proptest::collection::vec((0u64..40, 0u64..8), 0..4).prop_map(|pairs| {
        Resource::ranges("ports", pairs.into_iter().map(|(begin, length)| (begin, begin + length)))
    });
    proptest::collection::vec(prop_oneof![scalar, ranges], 0..6).prop_map(|all| all.into_iter().collect())
}

/// The same, whatever the order of the entries.
fn same(a: &Resources, b: &Resources) -> bool {
    a.contains(b) && b.contains(a)
}

proptest! {
    #[test]
    fn what_is_added_can_be_taken_away(a in any_resources(), b in any_resources()) {
        // Ranges that overlap merge: only what is not there yet comes back out whole.
        let mut ports = b.ports();
        ports.subtract(&a.ports());
        let b: Resources = b
            .iter()
            .filter(|resource| resource.name != "ports")
            .cloned()
            .chain([Resource::ranges("ports", ports.pairs().iter().copied())])
            .collect();
        let mut sum = a.clone();
        sum.add(&b);
        prop_assert!(sum.contains(&a) && sum.contains(&b));
        sum.subtract(&b);
        prop_assert!(same(&sum, &a), "{sum} is not {a}");
    }

    #[test]
    fn nothing_gets_below_zero(a in any_resources(), b in any_resources()) {
        let mut left = a.clone();
        left.subtract(&b);
        prop_assert!(a.contains(&left));
        let empty = |resource: &Resource| match &resource.value {
            Value::Scalar(amount) => amount.milli() <= 0,
            Value::Ranges(ranges) => ranges.is_empty(),
            Value::Set(items) => items.is_empty(),
        };
        prop_assert!(!left.iter().any(empty), "{left}");
    }

    #[test]
    fn ranges_are_sets_of_numbers(a in proptest::collection::vec((0u64..30, 0u64..6), 0..5),
                                  b in proptest::collection::vec((0u64..30, 0u64..6), 0..5)) {
        let ranges = |pairs: &[(u64, u64)]| Ranges::new(pairs.iter().map(|(at, length)| (*at, at + length)));
        let (mut left, right) = (ranges(&a), ranges(&b));
        let expected: Vec<u64> = left.values().filter(|value| !right.contains_value(*value)).collect();
        left.subtract(&right);
        prop_assert_eq!(left.values().collect::<Vec<_>>(), expected);
        prop_assert_eq!(left.count(), left.values().count() as u64);
    }

    #[test]
    fn json_and_flags_survive_the_trip(a in any_resources()) {
        let json = serde_json::to_string(&a).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Resources>(&json).unwrap(), &a);
    }

    #[test]
    fn garbage_never_panics(text in ".{0,40}") {
        let _ = text.parse::<Resources>();
        let _ = parse_attributes(&text);
    }
}
