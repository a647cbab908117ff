//! The queue of a simulation.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Time;

/// Entries ordered by time, and among equal times by the order in which they were put in: equal times have one
/// answer, so that a run has one order.
#[derive(Debug)]
pub struct Queue<T> {
    /// Time, sequence number, and place of the item: the heap moves these about, and the items stay where they are.
    heap: BinaryHeap<Reverse<(Time, u64, usize)>>,
    items: Vec<Option<T>>,
    free: Vec<usize>,
    next: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), items: Vec::new(), free: Vec::new(), next: 0 }
    }
}

impl<T> Queue<T> {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an entry in, to come out at `at`.
    pub fn push(&mut self, at: Time, item: T) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.items.push(None);
            self.items.len() - 1
        });
        self.items[place] = Some(item);
        self.heap.push(Reverse((at, self.next, place)));
        self.next += 1;
    }

    /// Takes the earliest entry out.
    pub fn pop(&mut self) -> Option<(Time, T)> {
        let Reverse((at, _, place)) = self.heap.pop()?;
        self.free.push(place);
        self.items[place].take().map(|item| (at, item))
    }

    /// When the earliest entry comes out.
    pub fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_keep_their_order() {
        let mut queue = Queue::new();
        queue.push(Time::from_micros(2), 'c');
        queue.push(Time::from_micros(1), 'a');
        queue.push(Time::from_micros(1), 'b');
        assert_eq!(queue.next_at(), Some(Time::from_micros(1)));
        let order: String = std::iter::from_fn(|| queue.pop().map(|(_, item)| item)).collect();
        assert_eq!(order, "abc");
        assert!(queue.is_empty());
    }
}
