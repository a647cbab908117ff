//! What a run is waiting for, as far as its timeline says.

use stacklab_machine::timeline::{Event, What};

/// What the run waits for at the end of these events: what was last said to be waited for, or the step it is in.
pub fn waiting_for(events: &[Event]) -> Option<String> {
    for event in events.iter().rev() {
        match &event.what {
            What::Waiting { for_what } => return Some(for_what.clone()),
            What::StepStarted { step } => return Some(step.clone()),
            What::StepFinished { .. } | What::Verdict { .. } => return None,
            _ => {}
        }
    }
    None
}
