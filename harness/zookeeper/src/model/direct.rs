//! The ensemble without connections, for simulations: plain calls, answered at once.
//!
//! A session opened here is held: it does not expire until it is abandoned. So a simulated program needs no
//! pings, and its end is told with one call.

use std::time::Duration;

use bytes::Bytes;
use stacklab_machine::{Outbox, Time};

use super::tree::Access;
use super::{Code, CreateMode, Ensemble, Output, SessionId, Stat};

impl Ensemble {
    /// Opens a session that is held until it is abandoned, closed or expired. The timeout is clamped as usual.
    pub fn open_session(&mut self, now: Time, timeout: Duration) -> SessionId {
        let (shortest, longest) = self.timeouts_ms();
        let timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).clamp(shortest, longest);
        SessionId(self.new_session(now, 0, timeout))
    }

    /// Nobody speaks for the session any more, as after a crash: its timeout begins, and [`wake_at`] knows.
    ///
    /// [`wake_at`]: stacklab_machine::Machine::wake_at
    pub fn abandon_session(&mut self, now: Time, session: SessionId) {
        self.sessions.touch(session.0, now.as_millis());
    }

    /// Ends a session as its client does; false if there is none.
    pub fn close_session(&mut self, now: Time, session: SessionId, out: &mut Outbox<Output>) -> bool {
        let found = self.sessions.contains(session.0);
        if found {
            self.end_session(now, session.0, out);
        }
        found
    }

    /// Ends a session as its timeout does, and closes its connection; false if there is none.
    pub fn expire_session(&mut self, now: Time, session: SessionId, out: &mut Outbox<Output>) -> bool {
        let found = self.sessions.contains(session.0);
        self.expire(now, session.0, out);
        found
    }

    /// Whether a session lives.
    pub fn has_session(&self, session: SessionId) -> bool {
        self.sessions.contains(session.0)
    }

    /// All sessions.
    pub fn sessions(&self) -> impl Iterator<Item = SessionId> {
        self.sessions.ids().map(SessionId)
    }

    /// Creates a node that everybody may read and write, and gives its real path.
    ///
    /// # Errors
    /// [`Code::NodeExists`], [`Code::NoNode`] if the parent is missing, [`Code::NoChildrenForEphemerals`],
    /// [`Code::BadArguments`] for a path that is none, [`Code::SessionExpired`].
    pub fn create(
        &mut self,
        now: Time,
        session: SessionId,
        path: &str,
        data: Option<Bytes>,
        mode: CreateMode,
        out: &mut Outbox<Output>,
    ) -> Result<String, Code> {
        self.check_session(session, mode.is_ephemeral())?;
        let txn = self.next_txn(now);
        let real = self.tree.create(txn, path, data, Access::Open, mode.flags(), (session.0, &[]))?;
        self.created(&real, out);
        Ok(real)
    }

    /// Creates a node and whichever of its parents are missing, those with null data.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_with_parents(
        &mut self,
        now: Time,
        session: SessionId,
        path: &str,
        data: Option<Bytes>,
        mode: CreateMode,
        out: &mut Outbox<Output>,
    ) -> Result<String, Code> {
        for (slash, _) in path.match_indices('/').skip(1) {
            let parent = &path[..slash];
            if self.exists(parent).is_none() {
                self.create(now, session, parent, None, CreateMode::Persistent, out)?;
            }
        }
        self.create(now, session, path, data, mode, out)
    }

    /// Replaces a node's data; version −1 means any.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::BadVersion`], [`Code::NoAuth`].
    pub fn set(
        &mut self,
        now: Time,
        path: &str,
        data: Option<Bytes>,
        version: i32,
        out: &mut Outbox<Output>,
    ) -> Result<Stat, Code> {
        let txn = self.next_txn(now);
        let stat = self.tree.set(txn, path, data, version, &[])?;
        self.changed(path, stat.version, out);
        Ok(stat)
    }

    /// Deletes a node without children; version −1 means any.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::BadVersion`], [`Code::NotEmpty`], [`Code::NoAuth`].
    pub fn delete(
        &mut self,
        now: Time,
        path: &str,
        version: i32,
        out: &mut Outbox<Output>,
    ) -> Result<(), Code> {
        let txn = self.next_txn(now);
        self.tree.delete(txn, path, version, &[])?;
        self.deleted(path, out);
        Ok(())
    }

    /// Deletes a node and everything below it, each in a transaction of its own, leaves first.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::NoAuth`], [`Code::BadArguments`] for the root and `/zookeeper`.
    pub fn delete_recursive(&mut self, now: Time, path: &str, out: &mut Outbox<Output>) -> Result<(), Code> {
        let mut order = vec![path.to_owned()];
        let mut next = 0;
        while let Some(parent) = order.get(next) {
            let prefix = if parent == "/" { "" } else { parent.as_str() };
            let (names, _) = self.tree.children(parent, &[])?;
            let below: Vec<String> = names.map(|name| format!("{prefix}/{name}")).collect();
            order.extend(below);
            next += 1;
        }
        order.iter().rev().try_for_each(|path| self.delete(now, path, -1, out))
    }

    /// A node's data and figures.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::NoAuth`].
    pub fn get(&self, path: &str) -> Result<(Option<Bytes>, Stat), Code> {
        self.tree.get(path, &[])
    }

    /// A node's figures, if it exists.
    pub fn exists(&self, path: &str) -> Option<Stat> {
        self.tree.stat(path).ok()
    }

    /// The names of a node's children, sorted.
    ///
    /// # Errors
    /// [`Code::NoNode`], [`Code::NoAuth`].
    pub fn children(&self, path: &str) -> Result<Vec<String>, Code> {
        let (names, _) = self.tree.children(path, &[])?;
        Ok(names.map(str::to_owned).collect())
    }

    fn check_session(&self, session: SessionId, needed: bool) -> Result<(), Code> {
        let nobody = session == SessionId::NONE && !needed;
        if nobody || self.sessions.contains(session.0) { Ok(()) } else { Err(Code::SessionExpired) }
    }
}
