//! What is kept for each machine by its place. Looked up at every step, so in tables and not in maps.

use stacklab_machine::Time;

use super::item::Seat;

/// When each machine will be woken by an entry of the queue that is there already.
#[derive(Debug, Default)]
pub(super) struct Alarms(Vec<Option<Time>>);

impl Alarms {
    pub(super) fn get(&self, seat: Seat) -> Option<Time> {
        self.0.get(seat.number()).copied().flatten()
    }

    pub(super) fn set(&mut self, seat: Seat, at: Option<Time>) {
        *slot(&mut self.0, seat) = at;
    }
}

/// Arrival of the last message on each way, so that none overtakes another.
#[derive(Debug, Default)]
pub(super) struct Ways(Vec<Vec<Time>>);

impl Ways {
    /// When a message arrives that would arrive at `at` if it were alone on its way.
    pub(super) fn arrival(&mut self, from: Seat, to: Seat, at: Time) -> Time {
        let last = slot(slot(&mut self.0, from), to);
        *last = at.max(*last);
        *last
    }

    /// Nothing is sent from here any more. Ways that lead here need no care: a seat is never given again.
    pub(super) fn forget(&mut self, seat: Seat) {
        *slot(&mut self.0, seat) = Vec::new();
    }
}

/// A seat's entry; the table grows with the first use of a seat.
fn slot<T: Default>(table: &mut Vec<T>, seat: Seat) -> &mut T {
    let number = seat.number();
    if table.len() <= number {
        table.resize_with(number + 1, T::default);
    }
    &mut table[number]
}
