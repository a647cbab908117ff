//! Whether an event is one that a pattern speaks of. Its kind has been compared before.

use serde_json::Value;
use stacklab_machine::timeline::{Event, kinds};

use crate::{Field, Pattern};

/// Whether all fields hold what they must.
pub(crate) fn matches(pattern: &Pattern, event: &Event) -> bool {
    let own = |name: &str| name != "who";
    let who = pattern.fields.get("who");
    if who.is_some_and(|wanted| !holds_text(wanted, &event.who)) {
        return false;
    }
    if !pattern.fields.keys().any(|name| own(name)) {
        return true;
    }
    // Only now, and only for events of this kind, is an event written out.
    let Ok(fields) = serde_json::to_value(&event.what) else { return false };
    let mut wanted = pattern.fields.iter().filter(|(name, _)| own(name));
    wanted.all(|(name, wanted)| fields.get(name).is_some_and(|value| holds(wanted, value)))
}

/// A list or a record holds what one of its parts holds.
fn holds(wanted: &Field, value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => matches!(wanted, Field::Flag(wanted) if wanted == flag),
        Value::Number(number) => match wanted {
            Field::Number(wanted) => number.as_f64() == Some(*wanted),
            Field::Text(wanted) => number.to_string() == wanted.trim_start_matches('='),
            Field::Flag(_) => false,
        },
        Value::String(text) => holds_text(wanted, text),
        Value::Array(parts) => parts.iter().any(|part| holds(wanted, part)),
        Value::Object(parts) => parts.values().any(|part| holds(wanted, part)),
    }
}

/// A text contains what is wanted, or is it, if there is `=` before it.
fn holds_text(wanted: &Field, text: &str) -> bool {
    match wanted {
        Field::Text(wanted) => match wanted.strip_prefix('=') {
            Some(whole) => text == whole,
            None => text.contains(wanted.as_str()),
        },
        Field::Number(number) => text.contains(&number.to_string()),
        Field::Flag(flag) => text == flag.to_string(),
    }
}

impl Pattern {
    /// The first event that this speaks of.
    pub fn find<'e>(&self, events: &'e [Event]) -> Option<&'e Event> {
        let kind = kinds().iter().position(|name| *name == self.event)?;
        events.iter().find(|event| event.what.kind() == kind && matches(self, event))
    }
}
