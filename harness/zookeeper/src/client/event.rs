//! What a client tells without being asked.

use tokio::sync::broadcast;

use crate::model::EventKind;

/// How many events may wait for a receiver before the oldest are lost to it.
pub(super) const CAPACITY: usize = 1024;

/// Something that happened to a watched node or to the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A watch fired; it is gone and must be set again to hear more.
    Watch {
        /// What happened.
        kind: EventKind,
        /// To which node, without the chroot.
        path: String,
    },
    /// The connection is gone; the client tries to get it back.
    Disconnected,
    /// Connected again, the same session, all watches set again. Watches that fired meanwhile follow.
    Reconnected,
    /// The session is over, with its ephemeral nodes and watches. The last event.
    Expired,
    /// The receiver was too slow and lost so many events: read again what you watch.
    Missed(u64),
}

/// Receives the events of a client from the moment it was made.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
}

impl Events {
    pub(super) const fn new(receiver: broadcast::Receiver<Event>) -> Self {
        Self { receiver }
    }

    /// Waits for the next event; `None` when there will be no more. May be cancelled without losing one.
    pub async fn recv(&mut self) -> Option<Event> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(count)) => Some(Event::Missed(count)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// The next event if one is there.
    pub fn try_recv(&mut self) -> Option<Event> {
        match self.receiver.try_recv() {
            Ok(event) => Some(event),
            Err(broadcast::error::TryRecvError::Lagged(count)) => Some(Event::Missed(count)),
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => None,
        }
    }
}
