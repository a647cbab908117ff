//! Requests of connections, answered one by one.

use stacklab_machine::{Outbox, Time};

use super::tree::Access;
use super::{
    Code, ConnectionId, Ensemble, EventKind, Identity, MultiOp, MultiResult, Output, Reply, Request,
    Response, WatchEvent, digest, is_path, opcode,
};

type Answer = Result<Response, Code>;

/// The number of every answer to a ping.
const XID_PING: i32 = -2;

/// What a part of a transaction changed, for those who watch.
enum Effect {
    Created(String),
    Changed(String, i32),
    Deleted(String),
    None,
}

impl Ensemble {
    pub(super) fn request(
        &mut self,
        now: Time,
        connection: ConnectionId,
        xid: i32,
        request: Request,
        out: &mut Outbox<Output>,
    ) {
        let Some(from) = self.connections.get_mut(&connection) else { return };
        let session = from.session;
        // Moved out and back: the tree is asked with them while the ensemble changes.
        let caller = std::mem::take(&mut from.identities);
        match request {
            Request::Auth { scheme, data } => {
                let proved = prove(&scheme, &data, &caller);
                self.restore(connection, caller);
                self.authenticated(connection, xid, proved, out);
            }
            Request::Sasl { .. } => {
                self.restore(connection, caller);
                reply(connection, xid, 0, Ok(Response::Sasl(None)), out);
            }
            Request::Unknown { .. } => {
                reply(connection, xid, -1, Err(Code::Unimplemented), out);
                self.hang_up(connection, out);
            }
            Request::CloseSession => {
                self.end_session(now, session, out);
                reply(connection, xid, self.zxid, Ok(Response::Empty), out);
                self.hang_up(connection, out);
            }
            request => {
                // A ping is answered as one whatever number it came with.
                let xid = if request == Request::Ping { XID_PING } else { xid };
                self.sessions.touch(session, now.as_millis());
                let result = self.answer(now, connection, (session, &caller), request, out);
                self.restore(connection, caller);
                reply(connection, xid, self.zxid, result, out);
            }
        }
    }

    fn restore(&mut self, connection: ConnectionId, caller: Vec<Identity>) {
        if let Some(from) = self.connections.get_mut(&connection) {
            from.identities = caller;
        }
    }

    fn hang_up(&mut self, connection: ConnectionId, out: &mut Outbox<Output>) {
        self.forget(connection);
        out.push(Output::Close { connection });
    }

    fn authenticated(
        &mut self,
        connection: ConnectionId,
        xid: i32,
        proved: Option<Identity>,
        out: &mut Outbox<Output>,
    ) {
        let Some(identity) = proved else {
            reply(connection, xid, 0, Err(Code::AuthFailed), out);
            return self.hang_up(connection, out);
        };
        if let Some(from) = self.connections.get_mut(&connection)
            && !from.identities.contains(&identity)
        {
            from.identities.push(identity);
        }
        reply(connection, xid, 0, Ok(Response::Empty), out);
    }

    fn answer(
        &mut self,
        now: Time,
        connection: ConnectionId,
        who: (i64, &[Identity]),
        request: Request,
        out: &mut Outbox<Output>,
    ) -> Answer {
        let caller = who.1;
        match request {
            Request::Create { path, data, acl, flags } => {
                self.write(now, who, MultiOp::Create { path, data, acl, flags }, out)
            }
            Request::Delete { path, version } => self.write(now, who, MultiOp::Delete { path, version }, out),
            Request::SetData { path, data, version } => {
                self.write(now, who, MultiOp::SetData { path, data, version }, out)
            }
            Request::Check { path, version } => self.write(now, who, MultiOp::Check { path, version }, out),
            Request::SetAcl { path, acl, version } => {
                self.next_txn(now);
                must_be_path(&path)?;
                let list = acl.ok_or(Code::Marshalling)?;
                self.tree.set_acl(&path, &list, version, caller).map(Response::Stat)
            }
            Request::Multi(parts) => self.multi(now, who, parts, out),
            Request::Malformed { opcode } => {
                if is_write(opcode) {
                    self.next_txn(now);
                }
                Err(Code::Marshalling)
            }
            Request::Exists { path, watch } => {
                if path.contains('\0') {
                    return Err(Code::BadArguments);
                }
                if watch {
                    self.data_watches.add(&path, connection);
                }
                self.tree.stat(&path).map(Response::Stat)
            }
            Request::GetData { path, watch } => {
                let (data, stat) = self.tree.get(&path, caller)?;
                if watch {
                    self.data_watches.add(&path, connection);
                }
                Ok(Response::Data(data, stat))
            }
            Request::GetAcl { path } => {
                self.tree.acl(&path, caller).map(|(list, stat)| Response::Acl(list, stat))
            }
            Request::GetChildren { path, watch } => {
                let (names, _) = self.list(&path, watch, connection, caller)?;
                Ok(Response::Children(names))
            }
            Request::GetChildren2 { path, watch } => {
                let (names, stat) = self.list(&path, watch, connection, caller)?;
                Ok(Response::ChildrenAndStat(names, stat))
            }
            Request::Sync { path } => Ok(Response::Path(path)),
            Request::SetWatches { relative_zxid, data, exist, child } => {
                self.set_watches(connection, relative_zxid, [data, exist, child], out);
                Ok(Response::Empty)
            }
            Request::Ping => Ok(Response::Empty),
            // These end or identify a connection and were answered before.
            Request::Auth { .. } | Request::Sasl { .. } | Request::CloseSession | Request::Unknown { .. } => {
                Err(Code::Unimplemented)
            }
        }
    }

    fn list(
        &mut self,
        path: &str,
        watch: bool,
        connection: ConnectionId,
        caller: &[Identity],
    ) -> Result<(Vec<String>, super::Stat), Code> {
        let (names, stat) = self.tree.list(path, caller)?;
        if watch {
            self.child_watches.add(path, connection);
        }
        Ok((names, stat))
    }

    /// One change; the attempt alone takes a transaction.
    fn write(
        &mut self,
        now: Time,
        who: (i64, &[Identity]),
        part: MultiOp,
        out: &mut Outbox<Output>,
    ) -> Answer {
        let txn = self.next_txn(now);
        let (result, effect) = self.part(txn, who, part)?;
        self.publish(effect, out);
        Ok(match result {
            MultiResult::Created(path) => Response::Path(path),
            MultiResult::Set(stat) => Response::Stat(stat),
            MultiResult::Deleted | MultiResult::Checked | MultiResult::Failed(_) => Response::Empty,
        })
    }

    /// All parts or none, in one transaction; who watches hears of them afterwards.
    fn multi(
        &mut self,
        now: Time,
        who: (i64, &[Identity]),
        parts: Vec<MultiOp>,
        out: &mut Outbox<Output>,
    ) -> Answer {
        let txn = self.next_txn(now);
        let count = parts.len();
        let mut results = Vec::with_capacity(count);
        let mut effects = Vec::with_capacity(count);
        self.tree.begin();
        for part in parts {
            match self.part(txn, who, part) {
                Ok((result, effect)) => {
                    results.push(result);
                    effects.push(effect);
                }
                Err(code) => {
                    self.tree.roll_back();
                    // A null list breaks the original's reading of the whole request, not one part of it.
                    let failed = results.len();
                    return if code == Code::Marshalling {
                        Err(code)
                    } else {
                        Ok(failure(count, failed, code))
                    };
                }
            }
        }
        self.tree.commit();
        for effect in effects {
            self.publish(effect, out);
        }
        Ok(Response::Multi(results))
    }

    fn part(
        &mut self,
        txn: super::tree::Txn,
        (session, caller): (i64, &[Identity]),
        part: MultiOp,
    ) -> Result<(MultiResult, Effect), Code> {
        match part {
            MultiOp::Create { path, data, acl, flags } => {
                let list = acl.ok_or(Code::Marshalling)?;
                let access = Access::List(&list);
                let real = self.tree.create(txn, &path, data, access, flags, (session, caller))?;
                Ok((MultiResult::Created(real.clone()), Effect::Created(real)))
            }
            MultiOp::Delete { path, version } => {
                self.tree.delete(txn, &path, version, caller)?;
                Ok((MultiResult::Deleted, Effect::Deleted(path)))
            }
            MultiOp::SetData { path, data, version } => {
                must_be_path(&path)?;
                let stat = self.tree.set(txn, &path, data, version, caller)?;
                Ok((MultiResult::Set(stat), Effect::Changed(path, stat.version)))
            }
            MultiOp::Check { path, version } => {
                must_be_path(&path)?;
                self.tree.check(&path, version, caller)?;
                Ok((MultiResult::Checked, Effect::None))
            }
        }
    }

    fn publish(&mut self, effect: Effect, out: &mut Outbox<Output>) {
        match effect {
            Effect::Created(path) => self.created(&path, out),
            Effect::Changed(path, version) => self.changed(&path, version, out),
            Effect::Deleted(path) => self.deleted(&path, out),
            Effect::None => {}
        }
    }

    /// Sets watches again after a reconnect; what was missed since is told at once.
    fn set_watches(
        &mut self,
        connection: ConnectionId,
        since: i64,
        [data, exist, child]: [Vec<String>; 3],
        out: &mut Outbox<Output>,
    ) {
        let mut tell = |kind, path| out.push(Output::Event { connection, event: WatchEvent { kind, path } });
        for path in data {
            match self.tree.stat(&path) {
                Err(_) => tell(EventKind::Deleted, path),
                Ok(stat) if stat.mzxid > since => tell(EventKind::DataChanged, path),
                Ok(_) => self.data_watches.add(&path, connection),
            }
        }
        for path in exist {
            match self.tree.stat(&path) {
                Ok(_) => tell(EventKind::Created, path),
                Err(_) => self.data_watches.add(&path, connection),
            }
        }
        for path in child {
            match self.tree.stat(&path) {
                Err(_) => tell(EventKind::Deleted, path),
                Ok(stat) if stat.pzxid > since => tell(EventKind::ChildrenChanged, path),
                Ok(_) => self.child_watches.add(&path, connection),
            }
        }
    }
}

fn reply(connection: ConnectionId, xid: i32, zxid: i64, result: Answer, out: &mut Outbox<Output>) {
    out.push(Output::Reply { connection, reply: Reply { xid, zxid, result } });
}

fn failure(count: usize, failed: usize, code: Code) -> Response {
    let codes = (0..count).map(|index| match index.cmp(&failed) {
        std::cmp::Ordering::Less => Code::Other(0),
        std::cmp::Ordering::Equal => code,
        std::cmp::Ordering::Greater => Code::RuntimeInconsistency,
    });
    Response::Multi(codes.map(MultiResult::Failed).collect())
}

fn prove(scheme: &str, data: &[u8], caller: &[Identity]) -> Option<Identity> {
    match scheme {
        "digest" => Some(Identity { scheme: scheme.to_owned(), id: digest(data) }),
        // The address was noted when the connection came in; presenting it again changes nothing.
        "ip" => caller.iter().find(|one| one.scheme == "ip").cloned(),
        _ => None,
    }
}

/// Changes look at a path before they look for the node; reads and deletions do not.
fn must_be_path(path: &str) -> Result<(), Code> {
    if is_path(path) { Ok(()) } else { Err(Code::BadArguments) }
}

const fn is_write(op: i32) -> bool {
    matches!(
        op,
        opcode::CREATE
            | opcode::DELETE
            | opcode::SET_DATA
            | opcode::SET_ACL
            | opcode::CHECK
            | opcode::MULTI
            | opcode::CREATE_SESSION
    )
}
