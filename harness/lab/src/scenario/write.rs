//! A scenario as the text of a file, such that reading it gives the same scenario.

use serde_json::{Map, Value, json};

use super::{Expect, Scenario, Step};

impl Scenario {
    /// The text of a file that says the same. Its stack files are to be found under the names that it has for them.
    pub fn to_yaml(&self) -> String {
        let mut entries = Map::new();
        let mut add = |key: &str, value: Value| drop(entries.insert(key.to_owned(), value));
        add("about", json!(self.about.trim()));
        add("cluster", without_nothing(json!(self.cluster)));
        if !self.already_running.is_empty() {
            add("already-running", json!(self.already_running));
        }
        add("stack", json!(self.stack));
        if !self.variables.is_empty() {
            add("variables", json!(self.variables));
        }
        if let Some(traces) = &self.traces {
            add("traces", without_nothing(json!(traces)));
        }
        if !self.steps.is_empty() {
            add("steps", steps(&self.steps));
        }
        if !self.faults.is_empty() {
            add("faults", without_nothing(json!(self.faults)));
        }
        match &self.expect {
            Expect::Deployed => add("expect", json!("deployed")),
            Expect::Failed(cause) => add("expect", json!({ "failed": cause.name() })),
        }
        if !self.cure.is_empty() {
            add("cure", steps(&self.cure));
        }
        if !self.not_on.is_empty() {
            let reasons = self.not_on.iter().map(|(backend, why)| (backend.to_string(), json!(why)));
            add("not-on", Value::Object(reasons.collect()));
        }
        // Texts, numbers, lists and maps: all of it can be said in YAML.
        serde_saphyr::to_string(&Value::Object(entries)).unwrap_or_default()
    }
}

fn steps(steps: &[Step]) -> Value {
    steps.iter().map(|step| json!(step.to_string())).collect()
}

/// Leaves out what is null: it is what goes without saying.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let some = entries.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(some.map(|(key, value)| (key, without_nothing(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(without_nothing).collect(),
        other => other,
    }
}
