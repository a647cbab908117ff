//! Connections: the handshake, and how they and their sessions end.

use std::net::IpAddr;

use stacklab_machine::{Outbox, Time};

use super::ensemble::Connection;
use super::session::{first_id, password};
use super::{ConnectReply, ConnectRequest, ConnectionId, Ensemble, Identity, Output, Role};

impl Ensemble {
    pub(super) fn connect(
        &mut self,
        now: Time,
        connection: ConnectionId,
        (server, peer): (u32, IpAddr),
        request: &ConnectRequest,
        out: &mut Outbox<Output>,
    ) {
        if self.role(server) == Role::NotServing || request.last_zxid_seen > self.zxid {
            // The client knows more than this server: it should find another one.
            out.push(Output::Close { connection });
            return;
        }
        let (shortest, longest) = self.timeouts_ms();
        let timeout_ms = u64::try_from(request.timeout_ms).unwrap_or(0).clamp(shortest, longest);
        let session = if request.session_id == 0 {
            Some(self.new_session(now, server, timeout_ms))
        } else {
            self.reattach(request, timeout_ms, out)
        };
        let Some(session) = session else {
            let reply = ConnectReply::refused(request.read_only.map(|_| false));
            out.push(Output::Connected { connection, reply });
            out.push(Output::Close { connection });
            return;
        };
        self.sessions.attach(session, Some(connection));
        self.sessions.touch(session, now.as_millis());
        let identities = vec![Identity { scheme: "ip".into(), id: peer.to_string() }];
        self.connections.insert(connection, Connection { server, session, identities });
        let line = format!(
            "Established session 0x{session:x} with negotiated timeout {timeout_ms} for client /{peer}"
        );
        out.push(Output::Log { server: Some(server), line });
        let reply = ConnectReply {
            timeout_ms: i32::try_from(timeout_ms).unwrap_or(i32::MAX),
            session_id: session,
            password: password(session),
            read_only: request.read_only.map(|_| false),
        };
        out.push(Output::Connected { connection, reply });
    }

    /// Takes a known session over. Its connection is closed whatever the password says, as in the original.
    fn reattach(
        &mut self,
        request: &ConnectRequest,
        timeout_ms: u64,
        out: &mut Outbox<Output>,
    ) -> Option<i64> {
        let id = request.session_id;
        if let Some(old) = self.sessions.get(id)?.connection {
            self.forget(old);
            out.push(Output::Close { connection: old });
        }
        if request.password != password(id) {
            return None;
        }
        self.sessions.set_timeout(id, timeout_ms);
        Some(id)
    }

    /// Creates a session, which is a transaction.
    pub(super) fn new_session(&mut self, now: Time, server: u32, timeout_ms: u64) -> i64 {
        let next = self.next_session.entry(server).or_insert_with(|| first_id(now.as_millis(), server));
        while *next == 0 || self.sessions.contains(*next) {
            *next = next.wrapping_add(1);
        }
        let id = *next;
        *next = next.wrapping_add(1);
        self.zxid += 1;
        self.sessions.add(id, timeout_ms);
        id
    }

    /// Forgets a connection and its watches; its session goes on.
    pub(super) fn forget(&mut self, connection: ConnectionId) {
        let Some(gone) = self.connections.remove(&connection) else { return };
        self.data_watches.remove(connection);
        self.child_watches.remove(connection);
        if self.sessions.get(gone.session).is_some_and(|session| session.connection == Some(connection)) {
            self.sessions.attach(gone.session, None);
        }
    }

    /// Ends a session whose time is over.
    pub(super) fn expire(&mut self, now: Time, session: i64, out: &mut Outbox<Output>) {
        let Some(found) = self.sessions.get(session) else { return };
        let (connection, timeout) = (found.connection, found.timeout_ms);
        let line = format!("Expiring session 0x{session:x}, timeout of {timeout}ms exceeded");
        out.push(Output::Log { server: None, line });
        self.end_session(now, session, out);
        if let Some(connection) = connection {
            self.forget(connection);
            out.push(Output::Close { connection });
        }
    }

    /// Closes connections that fit.
    pub(super) fn close_where(&mut self, fits: impl Fn(&Connection) -> bool, out: &mut Outbox<Output>) {
        let ids: Vec<ConnectionId> =
            self.connections.iter().filter(|(_, one)| fits(one)).map(|(id, _)| *id).collect();
        for connection in ids {
            self.forget(connection);
            out.push(Output::Close { connection });
        }
    }

    pub(super) fn close_all(&mut self, out: &mut Outbox<Output>) {
        self.close_where(|_| true, out);
        self.data_watches.clear();
        self.child_watches.clear();
    }
}
