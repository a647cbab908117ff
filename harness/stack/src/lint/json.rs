//! A report for editors and scripts: one JSON object.

use serde_json::{Map, Value, json};

use super::Report;
use super::explain::explain;
use super::finding::Finding;
use super::stages::{Stages, Step, Total};
use crate::{Demand, Position};

/// What the object holds, for those who read it.
pub(super) const PAGE: &str = include_str!("json.md");

/// The report as JSON, as [`PAGE`] says.
pub(super) fn report(report: &Report) -> String {
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    let value = json!({
        "version": 1,
        "errors": report.errors(),
        "warnings": report.warnings(),
        "findings": findings,
        "plan": report.stages.as_ref().map(plan),
    });
    format!("{value:#}\n")
}

fn finding(finding: &Finding) -> Value {
    let Finding { rule, message, file, at, end, path, .. } = finding;
    let mut object = Map::new();
    object.insert("code".into(), json!(rule.code));
    object.insert("severity".into(), json!(rule.severity.to_string()));
    object.insert("title".into(), json!(rule.title));
    object.insert("message".into(), json!(message));
    object.insert("file".into(), json!(file));
    object.insert("line".into(), json!(at.line));
    object.insert("column".into(), json!(at.column));
    object.insert("end".into(), position(*end));
    object.insert("path".into(), json!(path));
    object.insert("page".into(), json!(explain(rule.code)));
    Value::Object(object)
}

fn position(at: Position) -> Value {
    json!({"line": at.line, "column": at.column})
}

fn plan(stages: &Stages) -> Value {
    let groups: Vec<Vec<Value>> =
        stages.groups.iter().map(|group| group.iter().map(step).collect()).collect();
    json!({
        "stack": stages.stack,
        "groups": groups,
        "never": stages.never,
        "skipped": stages.skipped,
        "total": total(stages.total),
        "available": total(stages.available),
        "cluster": stages.cluster,
    })
}

fn step(step: &Step) -> Value {
    let tasks: Vec<Value> = step
        .tasks
        .iter()
        .map(|(name, demand)| json!({"name": name, "asks": demand.as_ref().map(asks)}))
        .collect();
    json!({
        "key": step.key,
        "id": step.id,
        "type": step.kind,
        "after": step.after,
        "asks": asks(&step.demand),
        "tasks": tasks,
        "total": total(step.total()),
    })
}

fn asks(demand: &Demand) -> Value {
    json!({
        "instances": demand.instances,
        "cpus": demand.cpus,
        "mem": demand.mem,
        "ports": demand.ports,
        "any_ports": demand.any_ports,
        "apart": demand.apart,
    })
}

/// Sums of binary fractions, rounded to what was written.
fn total(total: Total) -> Value {
    let round = |number: f64| (number * 1000.0).round() / 1000.0;
    json!({"cpus": round(total.cpus), "mem": round(total.mem)})
}
