//! Bugs to be planted, so that a test can see that they are found. Nothing of this is in a program that is delivered:
//! it is compiled with the feature `planted-bugs` alone, which only tests ask for, and without one nothing is wrong.

use std::cell::Cell;

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// When a framework disconnects, the allocator takes back what its running tasks have as well.
    OffersTwice,
    /// A scheduler goes by a status' instance and does not compare the task's id.
    GoesByInstance,
    /// Acknowledgements for an agent that came back are lost.
    LosesAcknowledgements,
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Takes a bug out of this thread again when it is dropped.
#[derive(Debug)]
pub struct Planted(());

impl Drop for Planted {
    fn drop(&mut self) {
        PLANTED.set(None);
    }
}

/// Plants a bug for what runs on this thread.
#[must_use]
pub fn plant(bug: Bug) -> Planted {
    PLANTED.set(Some(bug));
    Planted(())
}

/// Whether it is there.
pub fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}
