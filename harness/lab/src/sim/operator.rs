//! Who carries out a scenario's steps in the simulated world: asks over HTTP, and works in the platform's ZooKeeper.

use std::collections::BTreeMap;

use stacklab_machine::http::{Request, Response};
use stacklab_machine::process::{CallId, Input, ZkError, ZkOp};

use super::item::{ProgramId, ToProgram};
use super::world::{LAB, World};
use crate::steps::ZnodeCall;

/// Virtual time for an answer, as on sockets.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(60);

/// The operator's address, and what came for it.
#[derive(Debug, Default)]
pub(super) struct Operator {
    id: Option<ProgramId>,
    asked: u64,
    replies: BTreeMap<CallId, Result<Response, String>>,
}

impl Operator {
    pub(super) fn is(&self, id: ProgramId) -> bool {
        self.id == Some(id)
    }

    pub(super) fn hears(&mut self, input: ToProgram) {
        if let ToProgram::Any(Input::HttpReply { call, result }) = input {
            self.replies.insert(call, result.map_err(|why| why.to_string()));
        }
    }

    /// What came of a request, once something did.
    pub(super) fn reply(&mut self, call: CallId) -> Option<Result<Response, String>> {
        self.replies.remove(&call)
    }
}

impl World {
    /// Sends a request; the answer comes to [`Operator::reply`].
    pub(super) fn operator_asks(&mut self, request: Request) -> CallId {
        let id = match self.operator.id {
            Some(id) => id,
            None => *self.operator.id.insert(self.programs.reserve()),
        };
        self.operator.asked += 1;
        let call = CallId(self.operator.asked);
        self.request(id, call, request, Some(ANSWER), None);
        call
    }

    /// Does something in the platform's ZooKeeper, at once.
    pub(super) fn operator_writes(&mut self, call: ZnodeCall) -> Result<(), String> {
        let connect = format!("{LAB}:2181");
        let index = self.zookeeper_at(&connect).ok_or("the platform's ZooKeeper does not serve")?;
        match call {
            ZnodeCall::Delete(path) => self.apply(index, &connect, ZkOp::Delete { path, recursive: true }),
            ZnodeCall::Write(path, data) => {
                let data = data.into_bytes();
                let create =
                    ZkOp::Create { path: path.clone(), data: data.clone(), parents: true, ephemeral: false };
                match self.apply(index, &connect, create) {
                    Err(ZkError::NodeExists(_)) => {
                        self.apply(index, &connect, ZkOp::Set { path, data, version: -1 })
                    }
                    other => other,
                }
            }
        }
        .map_err(|why| why.to_string())
    }

    fn apply(&mut self, index: usize, connect: &str, op: ZkOp) -> Result<(), ZkError> {
        let done = self.zk_apply(index, connect, op, "operator");
        done.map(drop)
    }
}
