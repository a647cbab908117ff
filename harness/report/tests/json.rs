//! The JSON form, as its readers see it.
#![allow(clippy::unwrap_used)]

mod common;

use common::Recorded;
use serde_json::Value;
use stacklab_report::{Hit, Run, json};

#[test]
fn fields_are_as_documented() {
    let recorded = Recorded::read();
    let hits = [Hit { fault: "{at: 1, …}".into(), times: 2, optional: true }];
    let run = Run { seed: u64::MAX, events: &recorded.events[..1], hits: &hits, ..recorded.run() };
    let mut value: Value = serde_json::from_str(&json(&run)).unwrap();
    value["diagnosis"]["chain"][1]["evidence"] = Value::Null;
    let shown = serde_json::to_string_pretty(&value).unwrap();
    expect_test::expect![[r#"
        {
          "report": 1,
          "timeline": 1,
          "scenario": "not-enough-memory",
          "about": "Cassandra is asked for with more memory than any agent has.",
          "backend": "embedded",
          "seed": "18446744073709551615",
          "outcome": "failed",
          "verdict": "node 70 of dse-mesos-0.2.x finds no place on any agent:\n  127.77.1.11 offered cpus:4.0 mem:16384.0: node 70: mem < 40000 (declined 43 times)",
          "took": 2.5,
          "diagnosis": {
            "chain": [
              {
                "code": null,
                "text": "The stack zipkin-full was not deployed: dse-mesos never ran",
                "evidence": [
                  {
                    "text": "node 70 of dse-mesos-0.2.x finds no place on any agent",
                    "events": [
                      2002
                    ]
                  }
                ]
              },
              {
                "code": "SL0010",
                "text": "node 70 asks for 40000 MB of memory, and no agent has more than 16384 MB",
                "evidence": null
              }
            ],
            "cure": [
              "give an agent 40000 MB of memory or more, or",
              "ask for less: mem in applications.dse-mesos.tasks.seed of the stack file"
            ]
          },
          "replay": "cargo xtask repro not-enough-memory",
          "difference": null,
          "hits": [
            {
              "fault": "{at: 1, …}",
              "times": 2,
              "optional": true
            }
          ],
          "events": [
            {
              "id": 1,
              "at": 1456790400000000,
              "who": "lab",
              "event": "run-started",
              "scenario": "bad",
              "backend": "embedded",
              "seed": 1,
              "pace": 200
            }
          ]
        }"#]].assert_eq(&shown);
}

#[test]
fn a_timeline_comes_back_out_of_it() {
    let recorded = Recorded::read();
    let value: Value = serde_json::from_str(&json(&recorded.run())).unwrap();
    let events: Vec<stacklab_machine::timeline::Event> =
        serde_json::from_value(value["events"].clone()).unwrap();
    assert_eq!(events, recorded.events);
}
