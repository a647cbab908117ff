//! What YAML's types and Go's printing make of task parameters.

use super::context::Context;
use super::document::entries;
use super::finding::Findings;
use super::framework;
use super::rules::{self, Rule};
use crate::file::scalar::{self, Typed};
use crate::file::yaml::{Node, Value};

/// Compares what is sent with what was written.
pub(super) fn check(context: &Context<'_>, found: &mut Findings) {
    for (key, app) in context.applications() {
        for task in &app.tasks {
            let path = ["tasks", task.name.as_str()];
            let Some(place) = context.locate(key, &path).filter(|place| place.whole) else { continue };
            for entry in entries(place.entry.value).filter(|entry| !entry.key.merged) {
                let name = scalar::print(entry.key);
                let path = [path[0], path[1], name.as_str()];
                if let Some(written) = plain(entry.key).filter(|written| *written != name) {
                    let message = format!("the key `{written}` is sent as `{name}`: put it into quotes");
                    found.add(rules::TYPED_KEY, context.key(key, &path), message);
                }
                let number = framework::is_number(&app.kind, &name);
                if let Some((rule, message)) = changed(entry.value, &name, number) {
                    found.add(rule, context.value(key, &path), message);
                }
            }
        }
    }
}

fn plain(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, plain: true } => Some(text),
        _ => None,
    }
}

/// What becomes of a value, if it is not what was written. For parameters that are numbers only the value counts.
fn changed(node: &Node, name: &str, number: bool) -> Option<(Rule, String)> {
    let sent = scalar::print(node);
    let Value::Scalar { text, plain } = &node.value else {
        let message = format!("`{name}` is sent as `{sent}`: write it as one text, in quotes");
        return Some((rules::TYPED_LIST, message));
    };
    if *text == sent {
        return None;
    }
    match scalar::resolve(text, *plain) {
        Typed::Null => {
            let message = format!("`{name}` has no value and is sent as `<nil>`: leave it out, or write ''");
            Some((rules::TYPED_NULL, message))
        }
        Typed::Bool(_) => Some((
            rules::TYPED_BOOL,
            format!("`{text}` is sent as `{sent}`: put it into quotes if the word is meant"),
        )),
        Typed::Text(_) => None,
        _ if number && text.parse::<f64>().ok() == sent.parse().ok() => None,
        _ => Some((rules::TYPED_NUMBER, format!("`{text}` is sent as `{sent}`: put it into quotes"))),
    }
}
