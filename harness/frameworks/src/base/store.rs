//! Loading and saving a scheduler's document.

use std::collections::BTreeMap;

use stacklab_machine::http::Response;
use stacklab_machine::process::{CallId, ExchangeId, Output, ZkOp};

use super::Storage;
use super::scheduler::Out;
use super::stage::Core;

/// Why the document is saved, which decides what a failure does.
#[derive(Debug)]
pub(crate) enum SaveFor {
    /// In a driver callback: a failure ends the process.
    Callback,
    /// In an API call: it is answered afterwards, a failure with a 500. Without a response the call waits for more.
    Call { exchange: ExchangeId, response: Option<Response> },
}

#[derive(Debug)]
pub(crate) struct Store {
    storage: Storage,
    /// The document as last written.
    pub(crate) document: Vec<u8>,
    saves: BTreeMap<CallId, SaveFor>,
}

impl Store {
    pub(crate) fn new(storage: Storage) -> Self {
        Self { storage, document: Vec::new(), saves: BTreeMap::new() }
    }

    /// Creates what has to be there before the document is read.
    pub(crate) fn prepare(&self, core: &mut Core, out: &mut Out) -> Option<CallId> {
        let op = self.storage.preparation()?;
        let Storage::Zk { connect, .. } = &self.storage else { return None };
        let call = core.call();
        out.push(Output::Zk { call, connect: connect.clone(), op });
        Some(call)
    }

    pub(crate) fn load(&self, core: &mut Core, out: &mut Out) -> CallId {
        let call = core.call();
        out.push(match &self.storage {
            Storage::File { path } => Output::ReadFile { call, path: path.clone() },
            Storage::Zk { connect, path, .. } => {
                Output::Zk { call, connect: connect.clone(), op: ZkOp::Get { path: path.clone() } }
            }
        });
        call
    }

    /// Writes the document. A file is left alone if nothing changed; a node is written all the same.
    pub(crate) fn save(&mut self, changed: bool, purpose: SaveFor, core: &mut Core, out: &mut Out) {
        match &self.storage {
            Storage::File { path } => {
                if changed {
                    out.push(Output::WriteFile { path: path.clone(), data: self.document.clone() });
                }
                if let SaveFor::Call { exchange, response: Some(response) } = purpose {
                    out.push(Output::Respond { exchange, response });
                }
            }
            Storage::Zk { connect, path, .. } => {
                let call = core.call();
                let op = ZkOp::Put { path: path.clone(), data: self.document.clone() };
                out.push(Output::Zk { call, connect: connect.clone(), op });
                self.saves.insert(call, purpose);
            }
        }
    }

    /// What a call of [`save`](Self::save) was for.
    pub(crate) fn take(&mut self, call: CallId) -> Option<SaveFor> {
        self.saves.remove(&call)
    }
}
