//! Sessions: their ids, passwords, and when they expire.

use std::collections::{BTreeMap, BTreeSet};

use super::ConnectionId;

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) timeout_ms: u64,
    /// The connection it speaks through, if any.
    pub(super) connection: Option<ConnectionId>,
    /// When it expires if nothing is heard; `None` while somebody holds it without a connection's traffic.
    deadline_ms: Option<u64>,
}

/// All sessions, and in which tick each of them expires.
#[derive(Debug)]
pub(super) struct Sessions {
    tick_ms: u64,
    all: BTreeMap<i64, Session>,
    due: BTreeMap<u64, BTreeSet<i64>>,
    /// Ticks to come that sessions have left again: the original keeps their empty sets, and shows them.
    left: BTreeSet<u64>,
}

impl Sessions {
    pub(super) const fn new(tick_ms: u64) -> Self {
        Self { tick_ms, all: BTreeMap::new(), due: BTreeMap::new(), left: BTreeSet::new() }
    }

    /// Adds a session that is held until it is touched or abandoned.
    pub(super) fn add(&mut self, id: i64, timeout_ms: u64) {
        self.all.insert(id, Session { timeout_ms, connection: None, deadline_ms: None });
    }

    pub(super) fn get(&self, id: i64) -> Option<&Session> {
        self.all.get(&id)
    }

    pub(super) fn contains(&self, id: i64) -> bool {
        self.all.contains_key(&id)
    }

    /// Whose connection it is from now on.
    pub(super) fn attach(&mut self, id: i64, connection: Option<ConnectionId>) {
        if let Some(session) = self.all.get_mut(&id) {
            session.connection = connection;
        }
    }

    pub(super) fn set_timeout(&mut self, id: i64, timeout_ms: u64) {
        if let Some(session) = self.all.get_mut(&id) {
            session.timeout_ms = timeout_ms;
        }
    }

    /// Something was heard: the deadline moves to the end of the tick that lies one timeout ahead. As in the
    /// original it never moves back.
    pub(super) fn touch(&mut self, id: i64, now_ms: u64) {
        let Some(session) = self.all.get_mut(&id) else { return };
        let deadline = (now_ms.saturating_add(session.timeout_ms) / self.tick_ms + 1) * self.tick_ms;
        match session.deadline_ms {
            Some(before) if before >= deadline => return,
            Some(before) => forget((&mut self.due, &mut self.left), before, id),
            None => {}
        }
        session.deadline_ms = Some(deadline);
        while self.left.first().is_some_and(|tick| *tick <= now_ms) {
            self.left.pop_first();
        }
        self.due.entry(deadline).or_default().insert(id);
    }

    /// After a stand-still of the whole ensemble every session has its full timeout again.
    pub(super) fn touch_all(&mut self, now_ms: u64) {
        let ids: Vec<i64> =
            self.all.iter().filter(|(_, session)| session.deadline_ms.is_some()).map(|(id, _)| *id).collect();
        for id in ids {
            self.touch(id, now_ms);
        }
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<Session> {
        let session = self.all.remove(&id)?;
        if let Some(deadline) = session.deadline_ms {
            forget((&mut self.due, &mut self.left), deadline, id);
        }
        Some(session)
    }

    pub(super) fn next_deadline_ms(&self) -> Option<u64> {
        self.due.first_key_value().map(|(deadline, _)| *deadline)
    }

    /// A session whose deadline has come, if any.
    pub(super) fn first_due(&self, now_ms: u64) -> Option<i64> {
        let (deadline, ids) = self.due.first_key_value()?;
        if *deadline <= now_ms { ids.first().copied() } else { None }
    }

    /// By tick after `now_ms`: which sessions expire then.
    pub(super) fn due(&self, now_ms: u64) -> BTreeMap<u64, Vec<i64>> {
        let empty = self.left.range(now_ms + 1..).map(|tick| (*tick, Vec::new()));
        let full = self.due.iter().map(|(tick, ids)| (*tick, ids.iter().copied().collect()));
        empty.chain(full).collect()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = i64> {
        self.all.keys().copied()
    }
}

fn forget((due, left): (&mut BTreeMap<u64, BTreeSet<i64>>, &mut BTreeSet<u64>), deadline: u64, id: i64) {
    if let Some(ids) = due.get_mut(&deadline) {
        ids.remove(&id);
        if ids.is_empty() {
            due.remove(&deadline);
            left.insert(deadline);
        }
    }
}

/// The first session id of a server that starts now.
pub(super) const fn first_id(now_ms: u64, server: u32) -> i64 {
    // ZooKeeper 3.4.6: `(now << 24) >>> 8 | id << 56`, where the first shift loses the clock's highest bits.
    ((now_ms << 24 >> 8) | (server as u64) << 56) as i64
}

/// The password of a session: the original draws it from Java's generator, seeded with the id.
pub(super) fn password(id: i64) -> [u8; 16] {
    const SECRET: u64 = 0xB341_5C00;
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut seed = (id as u64 ^ SECRET ^ MULTIPLIER) & MASK;
    let mut bytes = [0; 16];
    for chunk in bytes.chunks_exact_mut(4) {
        seed = seed.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        chunk.copy_from_slice(&((seed >> 16) as u32).to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_passwords_are_the_originals() {
        let id = 0x01a2_0a8b_3b3d_0003;
        let expected = 0x8624_9e53_12fe_1ec5_aad5_2c80_7815_4f79_u128;
        assert_eq!(password(id), expected.to_be_bytes());
        assert_eq!(first_id(1_795_473_650_000, 1) >> 40, 0x01_a20a);
    }

    #[test]
    fn deadlines_are_rounded_up_to_the_tick() {
        let mut sessions = Sessions::new(2000);
        sessions.add(1, 4000);
        assert_eq!(sessions.next_deadline_ms(), None);
        for (now, deadline) in [(0, 6000), (1999, 6000), (2000, 8000), (2001, 8000)] {
            sessions.touch(1, now);
            assert_eq!(sessions.next_deadline_ms(), Some(deadline), "{now}");
        }
        assert_eq!(sessions.first_due(7999), None);
        assert_eq!(sessions.first_due(8000), Some(1));
        sessions.remove(1);
        assert_eq!(sessions.next_deadline_ms(), None);
    }
}
