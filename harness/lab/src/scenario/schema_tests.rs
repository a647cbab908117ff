//! The JSON schema of scenario files, for editors: made of what the parser knows, and held against it both ways.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use stacklab_faults::REACTIONS;

use super::{Cause, KEYS, Scenario, sentences};

fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A scenario of stacklab",
        "type": "object",
        "additionalProperties": false,
        "required": ["about", "stack"],
        "properties": {
            "about": { "type": "string", "description": "One or two sentences: what it shows." },
            "cluster": cluster(),
            "already-running": {
                "type": "array", "items": { "enum": ["kafka", "cassandra"] },
                "description": "Services that the platform has before anything is deployed."
            },
            "stack": {
                "type": "string",
                "description": "The stack file: a name in fixtures/stacks, a path, or one beside this file (./my.stack)."
            },
            "variables": {
                "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] },
                "description": "Variables of the run. {zk}, {kafka-zk} and {cassandra} are the lab's own addresses."
            },
            "traces": traces(),
            "steps": { "type": "array", "items": { "$ref": "#/definitions/step" } },
            "faults": { "type": "array", "items": { "$ref": "#/definitions/fault" } },
            "expect": {
                "description": "deployed, or failed with this innermost cause.",
                "oneOf": [
                    { "const": "deployed" },
                    {
                        "type": "object", "additionalProperties": false, "required": ["failed"],
                        "properties": { "failed": {
                            "anyOf": [{ "enum": Cause::names() }, { "type": "string", "pattern": "^SL[0-9]{4}$" }]
                        } }
                    }
                ]
            },
            "cure": {
                "type": "array", "items": { "$ref": "#/definitions/step" },
                "description": "Steps after which the stack is deployed all the same."
            },
            "not-on": {
                "type": "object", "additionalProperties": false,
                "properties": { "embedded": reason(), "docker": reason(), "sim": reason() }
            }
        },
        "definitions": { "step": step(), "event": event(), "fault": fault() }
    })
}

fn reason() -> Value {
    json!({ "type": "string", "description": "Why it does not run there." })
}

fn amount(unit: &str) -> Value {
    json!({ "type": "number", "minimum": 0, "description": unit })
}

fn cluster() -> Value {
    let texts =
        json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } });
    json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "agents": { "type": "array", "items": {
                "type": "object", "additionalProperties": false,
                "properties": {
                    "count": { "type": "integer", "minimum": 1 },
                    "cpus": amount("CPUs"),
                    "mem": amount("MB"),
                    "disk": amount("MB"),
                    "ports": { "type": "string", "pattern": "^[0-9]+-[0-9]+" },
                    "attributes": texts,
                    "reserved": texts
                }
            } },
            "plain-tasks-run-for": { "type": "integer", "minimum": 0 },
            "memory-limits": { "type": "boolean" },
            "artifacts": { "type": "object", "additionalProperties": {
                "oneOf": [{ "const": "missing" }, {
                    "type": "object", "additionalProperties": false, "required": ["after"],
                    "properties": { "after": { "type": "integer", "minimum": 0 } }
                }]
            } }
        }
    })
}

fn traces() -> Value {
    let count = json!({ "type": "integer", "minimum": 0 });
    json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "topic": { "type": "string" },
            "gen-traces": { "type": "boolean" },
            "go-zipkin": count,
            "load": count,
            "seed": count
        }
    })
}

fn step() -> Value {
    json!({
        "description": "A sentence; an event or data may stand behind a colon.",
        "examples": sentences(),
        "anyOf": [
            { "type": "string", "pattern": "^(deploy|remove|restart|scale|tear|delete|write|call|wait|send|expect)\\b" },
            { "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
              "properties": {
                  "expect an event": { "$ref": "#/definitions/event" },
                  "expect no event": { "$ref": "#/definitions/event" },
                  "wait until an event": { "$ref": "#/definitions/event" }
              },
              "patternProperties": { "^write znode /": { "type": "string" } } }
        ]
    })
}

fn event() -> Value {
    json!({
        "type": "object", "required": ["event"],
        "properties": { "event": { "enum": stacklab_machine::timeline::kinds() } },
        "additionalProperties": { "type": ["string", "number", "boolean"] }
    })
}

fn fault() -> Value {
    let reactions = REACTIONS;
    json!({
        "type": "object", "additionalProperties": false, "required": ["do"],
        "oneOf": [{ "required": ["at"] }, { "required": ["on"] }],
        "properties": {
            "at": amount("seconds after the beginning, at the original's pace"),
            "on": { "$ref": "#/definitions/event" },
            "after": amount("so many seconds later"),
            "do": {
                "type": "object", "minProperties": 1, "maxProperties": 1,
                "propertyNames": { "enum": reactions }
            },
            "times": { "oneOf": [{ "const": "always" }, { "type": "integer", "minimum": 1 }] },
            "probability": { "type": "number", "minimum": 0, "maximum": 1 },
            "optional": { "type": "boolean" },
            "off": { "type": "boolean" }
        }
    })
}

#[test]
fn the_file_is_what_the_parser_knows() {
    expect_test::expect_file!["../../../../scenarios/scenario.schema.json"]
        .assert_eq(&format!("{:#}\n", schema()));
}

/// The keys that the parser would have taken in a place, in its own words.
fn taken(text: &str) -> BTreeSet<String> {
    let error = Scenario::parse(Path::new("x.yaml"), text).unwrap_err().to_string();
    let first = error.lines().next().unwrap().to_owned();
    let (_, list) = first.split_once("There are: ").unwrap_or_else(|| panic!("no list in {error}"));
    list.split(", ").map(str::to_owned).collect()
}

fn keys(at: &str) -> BTreeSet<String> {
    let schema = schema();
    let properties = schema.pointer(at).and_then(Value::as_object).unwrap_or_else(|| panic!("no {at}"));
    properties.keys().cloned().collect()
}

#[test]
fn the_parser_takes_the_same_keys() {
    let head = "about: x\nstack: s.stack\n";
    for (at, text) in [
        ("/properties", "zzzz: 1\n".to_owned()),
        ("/properties/cluster/properties", format!("{head}cluster: {{zzzz: 1}}\n")),
        (
            "/properties/cluster/properties/agents/items/properties",
            format!("{head}cluster: {{agents: [{{zzzz: 1}}]}}\n"),
        ),
        ("/properties/traces/properties", format!("{head}traces: {{zzzz: 1}}\n")),
        ("/properties/not-on/properties", format!("{head}not-on: {{zzzz: 1}}\n")),
        (
            "/definitions/fault/properties",
            format!("{head}faults: [{{at: 1, do: {{fill-disk: {{agent: a}}}}, zzzz: 1}}]\n"),
        ),
    ] {
        assert_eq!(keys(at), taken(&text), "{at}");
    }
    assert_eq!(keys("/properties"), KEYS.iter().map(|key| (*key).to_owned()).collect());
}

#[test]
fn a_scenario_reads_back_as_it_was_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    for scenario in crate::catalogue::all(&folder).unwrap() {
        let text = scenario.to_yaml();
        let back = Scenario::parse(Path::new(&format!("{}.yaml", scenario.name)), &text);
        let back = back.unwrap_or_else(|why| panic!("{}: {why}", scenario.name));
        assert_eq!(Scenario { about: scenario.about.trim().to_owned(), ..scenario }, back);
    }
}
