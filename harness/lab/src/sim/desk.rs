//! What a machine says in one step, on its way into the world.

use stacklab_machine::Outbox;
use stacklab_machine::timeline::EventId;

/// A box for a machine, and the outputs taken out of it. Both are kept from step to step for their room.
#[derive(Debug)]
pub(super) struct Desk<O> {
    pub(super) out: Outbox<O>,
    pub(super) outputs: Vec<(O, Option<EventId>)>,
}

impl<O> Desk<O> {
    pub(super) fn new(recording: bool) -> Self {
        Self { out: outbox(recording), outputs: Vec::new() }
    }
}

/// What stands in for a desk while it is in use.
impl<O> Default for Desk<O> {
    fn default() -> Self {
        Self::new(false)
    }
}

/// A box that keeps events only if somebody reads them.
pub(super) fn outbox<O>(recording: bool) -> Outbox<O> {
    if recording { Outbox::new() } else { Outbox::without_events() }
}
