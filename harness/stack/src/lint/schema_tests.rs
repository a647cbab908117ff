//! The JSON schema of stack files against the parser: the same keys, and every stack of the repository fits.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::keys;
use crate::Stack;
use crate::file::scalar::{self, Typed};
use crate::file::yaml::{self, Node};

const SCHEMA: &str = include_str!("../../../../fixtures/stacks/stack.schema.json");
const STACKS: [(&str, &str); 4] = [
    ("exhibitor-kafka", include_str!("../../../../fixtures/stacks/exhibitor-kafka.stack")),
    ("zipkin-full", include_str!("../../../../fixtures/stacks/zipkin-full.stack")),
    ("zipkin-full-scaled", include_str!("../../../../fixtures/stacks/zipkin-full-scaled.stack")),
    ("zipkin-standalone", include_str!("../../../../fixtures/stacks/zipkin-standalone.stack")),
];

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// A place in which keys are fixed: our list, the schema's, and a stack in which a key stands there.
type Place = (&'static [&'static str], Value, fn(&str) -> String);

fn places() -> Vec<Place> {
    let schema = schema();
    let app = "/definitions/application/properties";
    let at = |path: &str| schema.pointer(path).cloned().unwrap_or_else(|| panic!("no {path}"));
    vec![
        (&keys::STACK, at("/properties"), |key| format!("{key}: ")),
        (&keys::APPLICATION, at(app), |key| format!("applications:\n  a:\n    {key}: ")),
        (&keys::DOCKER, at(&format!("{app}/docker/properties")), |key| {
            format!("applications:\n  a:\n    docker:\n      {key}: ")
        }),
        (
            &keys::PORT_MAPPING,
            at(&format!("{app}/docker/properties/port_mappings/items/properties")),
            |key| format!("applications:\n  a:\n    docker:\n      port_mappings:\n        - {key}: "),
        ),
        (&keys::VOLUME, at(&format!("{app}/docker/properties/volumes/items/properties")), |key| {
            format!("applications:\n  a:\n    docker:\n      volumes:\n        - {key}: ")
        }),
    ]
}

fn set<'k>(keys: impl IntoIterator<Item = &'k str>) -> BTreeSet<&'k str> {
    keys.into_iter().collect()
}

#[test]
fn schema_and_lint_know_what_the_parser_knows() {
    for (known, properties, with_key) in places() {
        let in_schema = set(properties.as_object().unwrap().keys().map(String::as_str));
        assert_eq!(in_schema, set(known.iter().copied()));
        for key in known {
            let parsed = Stack::parse(&with_key(key)).unwrap();
            assert_eq!(parsed.warnings, [], "the parser does not know {key}");
        }
        assert_eq!(Stack::parse(&with_key("surely_none")).unwrap().warnings.len(), 1);
    }
}

/// What the parser knows is only in its code: the arms of its matches.
#[test]
fn the_parser_knows_nothing_else() {
    let source = include_str!("../file/decode.rs");
    let arm = |line: &'static str| line.trim().strip_prefix('"')?.split_once("\" =>").map(|(key, _)| key);
    let arms = set(source.lines().filter_map(arm));
    let known = places().into_iter().flat_map(|(known, ..)| known.iter().copied());
    assert_eq!(arms, set(known));
}

#[test]
fn runner_types_are_in_the_schema() {
    let schema = schema();
    let types = schema.pointer("/definitions/application/properties/type/anyOf/0/enum").unwrap();
    let types = set(types.as_array().unwrap().iter().filter_map(Value::as_str));
    assert_eq!(types, set(crate::RUNNER_TYPES.into_iter().chain(["run-once"])));
}

#[test]
fn all_stacks_fit() {
    for (name, text) in STACKS {
        let value = value(&yaml::read(text).unwrap().unwrap());
        assert_eq!(misfits(&value, &schema(), &schema(), name), Vec::<String>::new());
    }
}

#[test]
fn what_does_not_fit_is_seen() {
    let text = "name: [s]\nlayer: 3\napplications:\n  a:\n    cpus: 1\n    cpu: x\n    ports: 31000\n    \
                constraints: [[hostname]]\n    instances: 0\n    docker: {image: {}, volumes: [{path: /}]}\n";
    let value = value(&yaml::read(text).unwrap().unwrap());
    expect_test::expect![[r#"
        s.name: no ["string","number","boolean"]
        s.layer: too large
        s.applications.a: unknown cpus
        s.applications.a.cpu: no "number"
        s.applications.a.ports: no "array"
        s.applications.a.constraints[0]: too short
        s.applications.a.instances: none of several
        s.applications.a.docker.image: no ["string","number","boolean"]
        s.applications.a.docker.volumes[0]: unknown path"#]]
    .assert_eq(&misfits(&value, &schema(), &schema(), "s").join("\n"));
}

/// A YAML value as JSON, typed as plain scalars are.
fn value(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Sequence(items) => items.iter().map(value).collect(),
        yaml::Value::Mapping(entries) => {
            let pair = |(key, item): &(Node, Node)| (scalar::print(key), value(item));
            Value::Object(entries.iter().map(pair).collect::<Map<_, _>>())
        }
        yaml::Value::Scalar { text, plain } => match scalar::resolve(text, *plain) {
            Typed::Null => Value::Null,
            Typed::Bool(value) => json!(value),
            Typed::Int(value) => json!(value),
            Typed::Uint(value) => json!(value),
            Typed::Float(value) => json!(value),
            Typed::Text(value) => json!(value),
        },
    }
}

/// Where a value breaks the schema, for the keywords that the schema uses.
fn misfits(value: &Value, schema: &Value, root: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut bad = |what: &str| found.push(format!("{path}: {what}"));
    let mut below = Vec::new();
    for (keyword, wanted) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$ref" => {
                let target = root.pointer(wanted.as_str().unwrap().trim_start_matches('#')).unwrap();
                below.extend(misfits(value, target, root, path));
            }
            "type" if !types(wanted).any(|name| is(value, name)) => bad(&format!("no {wanted}")),
            "enum" if !wanted.as_array().unwrap().contains(value) => bad("not listed"),
            "anyOf" => {
                let any = wanted.as_array().unwrap().iter();
                if !any.into_iter().any(|one| misfits(value, one, root, path).is_empty()) {
                    bad("none of several");
                }
            }
            "pattern" => {
                let regex = regex::Regex::new(wanted.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|text| !regex.is_match(text)) {
                    bad("another form");
                }
            }
            "minimum" if value.as_f64() < wanted.as_f64() && value.is_number() => bad("too small"),
            "maximum" if value.as_f64() > wanted.as_f64() => bad("too large"),
            "minItems" if length(value) < wanted.as_u64() && value.is_array() => bad("too short"),
            "maxItems" if length(value) > wanted.as_u64() && value.is_array() => bad("too long"),
            "minProperties" if value.as_object().is_some_and(Map::is_empty) => bad("empty"),
            "required" => {
                for name in types(wanted).filter(|name| value.get(name).is_none()) {
                    bad(&format!("no {name}"));
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    below.extend(misfits(item, wanted, root, &format!("{path}[{index}]")));
                }
            }
            "properties" => {
                for (name, item) in value.as_object().into_iter().flatten() {
                    if let Some(schema) = wanted.get(name) {
                        below.extend(misfits(item, schema, root, &format!("{path}.{name}")));
                    }
                }
            }
            "additionalProperties" => {
                let listed =
                    |name: &str| schema.pointer("/properties").is_some_and(|all| all.get(name).is_some());
                for (name, item) in value.as_object().into_iter().flatten().filter(|(name, _)| !listed(name))
                {
                    match wanted {
                        Value::Bool(false) => bad(&format!("unknown {name}")),
                        schema => below.extend(misfits(item, schema, root, &format!("{path}.{name}"))),
                    }
                }
            }
            "type" | "enum" | "minimum" | "maximum" | "minItems" | "maxItems" | "minProperties" => {}
            "$schema" | "title" | "description" | "definitions" => {}
            other => panic!("the test does not know the keyword {other}"),
        }
    }
    found.extend(below);
    found
}

fn types(wanted: &Value) -> impl Iterator<Item = &str> {
    wanted.as_str().into_iter().chain(wanted.as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        _ => false,
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_array().map(|items| items.len() as u64)
}
