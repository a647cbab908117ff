//! The shape of a machine, and the box in which it puts what it wants done.

use crate::Time;
use crate::timeline::What;

/// A simulated system: all of its state, and none of its input or output.
///
/// A machine takes one input at a time, changes, and says what is to be done. It never reads a clock, sleeps,
/// spawns, opens a socket or a file, takes a lock, draws randomness it was not given, or iterates over a
/// randomly ordered map: the same inputs at the same times give the same outputs.
pub trait Machine {
    /// What arrives.
    type Input;
    /// What is to be done.
    type Output;

    /// Takes one input. `now` never goes back.
    fn handle(&mut self, now: Time, input: Self::Input, out: &mut Outbox<Self::Output>);

    /// When the machine next wants [`wake`](Self::wake), if nothing arrives before. It may be in the past: then
    /// it wants to be woken at once. A shell asks again after every `handle` and `wake`.
    fn wake_at(&self) -> Option<Time>;

    /// Does what is due at `now`. Waking a machine too early or twice must do no harm.
    fn wake(&mut self, now: Time, out: &mut Outbox<Self::Output>);
}

/// One thing that a machine said, in the order in which it said it.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<O> {
    /// Something happened: for the timeline.
    Event(What),
    /// Something is to be done.
    Output(O),
}

/// What a machine said during one call of [`Machine::handle`] or [`Machine::wake`].
///
/// An output is taken to be caused by the event noted last before it, or else by whatever caused the input.
#[derive(Debug)]
pub struct Outbox<O> {
    steps: Vec<Step<O>>,
    recording: bool,
}

impl<O> Default for Outbox<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O> Outbox<O> {
    /// Makes an empty box that keeps events.
    pub fn new() -> Self {
        Self { steps: Vec::new(), recording: true }
    }

    /// Makes an empty box that throws events away: for simulations in which only the end is looked at.
    pub fn without_events() -> Self {
        Self { steps: Vec::new(), recording: false }
    }

    /// Asks for something to be done.
    pub fn push(&mut self, output: O) {
        self.steps.push(Step::Output(output));
    }

    /// Notes an event for the timeline.
    pub fn note(&mut self, what: What) {
        if self.recording {
            self.steps.push(Step::Event(what));
        }
    }

    /// Notes an event that is costly to describe: `what` runs only if somebody keeps events.
    pub fn note_with(&mut self, what: impl FnOnce() -> What) {
        if self.recording {
            self.steps.push(Step::Event(what()));
        }
    }

    /// Whether events are kept.
    pub fn is_recording(&self) -> bool {
        self.recording
    }

    /// Takes all steps out, oldest first, and leaves the box empty.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Step<O>> {
        self.steps.drain(..)
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Moves everything into `other`, outputs changed by `map`: for a machine made of machines.
    pub fn forward<P>(&mut self, other: &mut Outbox<P>, mut map: impl FnMut(O) -> P) {
        for step in self.steps.drain(..) {
            match step {
                Step::Event(what) => other.note(what),
                Step::Output(output) => other.push(map(output)),
            }
        }
    }

    /// The outputs alone, for tests.
    pub fn take_outputs(&mut self) -> Vec<O> {
        self.steps
            .drain(..)
            .filter_map(|step| match step {
                Step::Output(output) => Some(output),
                Step::Event(_) => None,
            })
            .collect()
    }
}
