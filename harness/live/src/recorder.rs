//! The one timeline of a live run: every part records into it, every reader follows it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stacklab_machine::Time;
use stacklab_machine::timeline::{Event, EventId, Timeline, What};
use tokio::sync::watch;

use crate::clock::Clock;

/// How many events are kept; what comes after is dropped, with a note as the last one. A healthy deployment has a
/// few thousand, a crash loop that runs for an hour must not fill the memory.
pub const LIMIT: usize = 500_000;

/// Records events. Cheap to clone; all clones share one timeline.
#[derive(Clone, Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    clock: Clock,
}

#[derive(Debug)]
struct Shared {
    timeline: Mutex<Timeline>,
    length: watch::Sender<usize>,
}

impl Recorder {
    /// An empty timeline on this clock.
    pub fn new(clock: Clock) -> Self {
        let (length, _) = watch::channel(0);
        Self { shared: Arc::new(Shared { timeline: Mutex::default(), length }), clock }
    }

    /// The clock that events are stamped with.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Records an event. Past the [`LIMIT`] nothing is kept, and the last id is returned again.
    pub fn record(&self, who: &str, cause: Option<EventId>, what: What) -> EventId {
        let mut timeline = self.timeline();
        let length = timeline.events().len();
        if length >= LIMIT {
            return EventId(length as u64);
        }
        let what = if length + 1 == LIMIT {
            What::Log { line: format!("the timeline is full at {LIMIT} events; later ones are not kept") }
        } else {
            what
        };
        // Stamped under the lock, so that times do not go back along the timeline.
        let id = timeline.record(self.clock.now(), who, cause, what);
        drop(timeline);
        self.shared.length.send_replace(length + 1);
        id
    }

    /// The events from `from` (an index) on.
    pub fn events_from(&self, from: usize) -> Vec<Event> {
        self.timeline().events().get(from..).unwrap_or_default().to_vec()
    }

    /// Looks at the whole timeline.
    pub fn with<T>(&self, look: impl FnOnce(&Timeline) -> T) -> T {
        look(&self.timeline())
    }

    /// Tells when the timeline grows: the value is its length.
    pub fn watch(&self) -> watch::Receiver<usize> {
        self.shared.length.subscribe()
    }

    fn timeline(&self) -> MutexGuard<'_, Timeline> {
        // A panic while an event was added leaves at worst an event less: recording never makes a run fail.
        self.shared.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
