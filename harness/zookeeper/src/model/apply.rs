//! What the frameworks ask of ZooKeeper, done in the model: the same answers as through the client.

use bytes::Bytes;
use stacklab_machine::process::{ZkError, ZkOp, ZkReply};
use stacklab_machine::{Outbox, Time};

use super::{Code, CreateMode, Ensemble, Output, SessionId, is_path};

impl Ensemble {
    /// Does what a framework's program asks for, in its session. `connect` is only named in errors.
    ///
    /// # Errors
    /// As the live client's: [`ZkError::Unreachable`] also if nobody serves or the session is over.
    pub fn apply(
        &mut self,
        now: Time,
        session: SessionId,
        connect: &str,
        mut op: ZkOp,
        out: &mut Outbox<Output>,
    ) -> Result<ZkReply, ZkError> {
        let unreachable =
            |why: &str| ZkError::Unreachable { connect: connect.to_owned(), why: why.to_owned() };
        if !self.is_serving() {
            return Err(unreachable("This ZooKeeper instance is not currently serving requests"));
        }
        let path = std::mem::take(path_of(&mut op));
        self.apply_at(now, session, &path, op, out).map_err(|code| match code {
            Code::NoNode => ZkError::NoNode(path),
            Code::NodeExists => ZkError::NodeExists(path),
            Code::BadVersion => ZkError::BadVersion(path),
            Code::SessionExpired => unreachable("the ZooKeeper session has expired"),
            other => ZkError::Other { path, code: other.number() },
        })
    }

    /// `path` has been taken out of the operation, whose own is empty.
    fn apply_at(
        &mut self,
        now: Time,
        session: SessionId,
        path: &str,
        op: ZkOp,
        out: &mut Outbox<Output>,
    ) -> Result<ZkReply, Code> {
        if !is_path(path) {
            return Err(Code::BadArguments);
        }
        let some = |data: Vec<u8>| Some(Bytes::from(data));
        match op {
            ZkOp::Create { data, parents, ephemeral, .. } => {
                let mode = if ephemeral { CreateMode::Ephemeral } else { CreateMode::Persistent };
                if parents {
                    self.create_with_parents(now, session, path, some(data), mode, out)?;
                } else {
                    self.create(now, session, path, some(data), mode, out)?;
                }
            }
            ZkOp::Put { data, .. } => {
                // As ZkClient: created, and where that fails overwritten.
                let data = some(data);
                match self.create(now, session, path, data.clone(), CreateMode::Persistent, out) {
                    Err(Code::NodeExists) => self.set(now, path, data, -1, out).map(|_| ())?,
                    result => result.map(|_| ())?,
                }
            }
            ZkOp::Set { data, version, .. } => self.set(now, path, some(data), version, out).map(|_| ())?,
            ZkOp::Get { .. } => {
                let (data, stat) = self.get(path)?;
                let data = data.map(|data| data.to_vec()).unwrap_or_default();
                return Ok(ZkReply::Data { data, version: stat.version });
            }
            ZkOp::Children { .. } => return self.children(path).map(ZkReply::Children),
            ZkOp::Delete { recursive: true, .. } => self.delete_recursive(now, path, out)?,
            ZkOp::Delete { recursive: false, .. } => self.delete(now, path, -1, out)?,
        }
        Ok(ZkReply::Done)
    }
}

fn path_of(op: &mut ZkOp) -> &mut String {
    match op {
        ZkOp::Create { path, .. }
        | ZkOp::Put { path, .. }
        | ZkOp::Set { path, .. }
        | ZkOp::Get { path }
        | ZkOp::Children { path }
        | ZkOp::Delete { path, .. } => path,
    }
}
