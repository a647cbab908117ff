//! The way from the server to its surroundings: the store, with operations one after the other and answers in their
//! order, files, and what is to be read by whoever started it.

use stacklab_live::program::{Inbox, MesosLink};
use stacklab_machine::process::{CallId, Input};
use stacklab_machine::timeline::EventId;
use stacklab_stack::server::{Asked, Heard, MemoryStore, StoreError, StoreOp};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::cassandra::CassandraStore;

/// Operations that may wait; further ones fail.
const MAX_WAITING: usize = 8192;

/// Where things are stored.
pub(super) enum Store {
    Memory(MemoryStore),
    Cassandra(Box<CassandraStore>),
}

/// Hands on what the server asks.
#[derive(Debug)]
pub(super) struct Link {
    ops: mpsc::Sender<(CallId, StoreOp)>,
    printed: mpsc::Sender<String>,
    inbox: Inbox<Heard>,
    workers: JoinSet<()>,
}

impl Link {
    pub(super) fn new(store: Store, printed: mpsc::Sender<String>, inbox: Inbox<Heard>) -> Self {
        let (ops, waiting) = mpsc::channel(MAX_WAITING);
        let mut workers = JoinSet::new();
        workers.spawn(work(store, waiting, inbox.clone()));
        Self { ops, printed, inbox, workers }
    }

    fn later(&mut self, heard: Heard) {
        let inbox = self.inbox.clone();
        self.workers.spawn(async move {
            inbox.send(Input::Mesos(heard), None).await;
        });
    }
}

async fn work(mut store: Store, mut ops: mpsc::Receiver<(CallId, StoreOp)>, inbox: Inbox<Heard>) {
    while let Some((call, op)) = ops.recv().await {
        let result = match &mut store {
            Store::Memory(store) => store.perform(op),
            Store::Cassandra(store) => store.perform(op).await,
        };
        inbox.send(Input::Mesos(Heard::Store { call, result }), None).await;
    }
}

impl MesosLink<Asked> for Link {
    fn attach(&mut self, _: &str) {}

    fn call(&mut self, asked: Asked, _: Option<EventId>) {
        match asked {
            Asked::Store { call, op } => {
                if self.ops.try_send((call, op)).is_err() {
                    let text = format!("{MAX_WAITING} operations wait for the store already");
                    self.later(Heard::Store { call, result: Err(StoreError(text)) });
                }
            }
            Asked::ReadFile { call, path } => {
                let data = std::fs::read(path).ok();
                self.later(Heard::File { call, data });
            }
            // The original does not look at whether it could be written either.
            Asked::WriteFile { path, data } => drop(std::fs::write(path, data)),
            // Nobody reads: nobody is told.
            Asked::Print(text) => drop(self.printed.try_send(text)),
        }
    }
}
