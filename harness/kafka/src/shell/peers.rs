//! Calls to other brokers: one task and one connection for each purpose and address.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::process::CallId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Task;
use crate::client::Client;
use crate::codec::Request;
use crate::model::Endpoint;
use crate::model::io::{Input, PeerFault, Purpose};

/// A connection that nobody used for so long is closed.
const IDLE: Duration = Duration::from_secs(60);

/// A call on its way.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) call: CallId,
    pub(super) client_id: String,
    pub(super) request: Request,
    pub(super) timeout: Duration,
}

/// The connections to other brokers.
pub(super) struct Peers<M> {
    answers: mpsc::Sender<Task<M>>,
    lines: BTreeMap<(Purpose, Endpoint), mpsc::UnboundedSender<Call>>,
    tasks: JoinSet<()>,
}

impl<M: Send + 'static> Peers<M> {
    pub(super) fn new(answers: mpsc::Sender<Task<M>>) -> Self {
        Self { answers, lines: BTreeMap::new(), tasks: JoinSet::new() }
    }

    /// Sends a call. The machine has few of them under way at a time, which bounds the queue.
    pub(super) fn send(&mut self, purpose: Purpose, to: Endpoint, call: Call) {
        while self.tasks.try_join_next().is_some() {}
        let key = (purpose, to);
        let Some(line) = self.lines.get(&key) else { return self.open(key, call) };
        if let Err(refused) = line.send(call) {
            // Its task has ended for want of calls.
            self.open(key, refused.0);
        }
    }

    fn open(&mut self, key: (Purpose, Endpoint), call: Call) {
        let (line, calls) = mpsc::unbounded_channel();
        // The receiver is alive: it is moved into its task below.
        drop(line.send(call));
        self.tasks.spawn(serve(key.1.clone(), calls, self.answers.clone()));
        self.lines.retain(|_, line| !line.is_closed());
        self.lines.insert(key, line);
    }
}

async fn serve<M>(at: Endpoint, mut calls: mpsc::UnboundedReceiver<Call>, answers: mpsc::Sender<Task<M>>) {
    let mut client: Option<Client> = None;
    while let Ok(Some(Call { call, client_id, request, timeout })) =
        tokio::time::timeout(IDLE, calls.recv()).await
    {
        let connected = client.get_or_insert_with(|| Client::new(at.clone(), &client_id, timeout));
        let result = connected.call_within(&request, timeout).await;
        let result = result.map_err(|error| PeerFault(error.to_string()));
        if answers.send(Task::Input(Input::PeerReply { call, result })).await.is_err() {
            return;
        }
    }
}
