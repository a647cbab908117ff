//! What is said of a run besides its diagnosis.

use std::time::Duration;

use stacklab_machine::timeline::{Event, What};

use crate::report::waiting_for;

/// What is said of a stack that neither ends nor gets on.
pub(crate) fn silent(silent: Duration, events: &[Event]) -> String {
    let what = waiting_for(events).unwrap_or_else(|| "an answer".to_owned());
    format!("nothing has changed for {} s; it waits for {what}", silent.as_secs())
}

/// What Stack Deploy passed over in silence, a line each.
pub(crate) fn warnings(events: &[Event]) -> String {
    let line = |event: &Event| match &event.what {
        What::Warned { text } => Some(format!("\nwarning: {text}")),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}
