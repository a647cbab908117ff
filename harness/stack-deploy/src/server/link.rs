//! The way from the server to its store: operations one after the other, answers in their order.

use stacklab_live::program::{Inbox, MesosLink};
use stacklab_machine::process::{CallId, Input};
use stacklab_machine::timeline::EventId;
use stacklab_stack::server::{Asked, Heard, MemoryStore, StoreError, StoreOp};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Operations that may wait; further ones fail.
const MAX_WAITING: usize = 8192;

/// Hands operations to a store.
#[derive(Debug)]
pub(super) struct StoreLink {
    ops: mpsc::Sender<(CallId, StoreOp)>,
    inbox: Inbox<Heard>,
    workers: JoinSet<()>,
}

impl StoreLink {
    pub(super) fn new(store: MemoryStore, inbox: Inbox<Heard>) -> Self {
        let (ops, waiting) = mpsc::channel(MAX_WAITING);
        let mut workers = JoinSet::new();
        workers.spawn(work(store, waiting, inbox.clone()));
        Self { ops, inbox, workers }
    }
}

async fn work(mut store: MemoryStore, mut ops: mpsc::Receiver<(CallId, StoreOp)>, inbox: Inbox<Heard>) {
    while let Some((call, op)) = ops.recv().await {
        let result = store.perform(op);
        inbox.send(Input::Mesos(Heard::Store { call, result }), None).await;
    }
}

impl MesosLink<Asked> for StoreLink {
    fn attach(&mut self, _: &str) {}

    fn call(&mut self, asked: Asked, _: Option<EventId>) {
        let Asked::Store { call, op } = asked;
        if self.ops.try_send((call, op)).is_err() {
            let inbox = self.inbox.clone();
            let result = Err(StoreError(format!("{MAX_WAITING} operations wait for the store already")));
            self.workers.spawn(async move {
                inbox.send(Input::Mesos(Heard::Store { call, result }), None).await;
            });
        }
    }
}
