//! From one program to another: what one says to Mesos is what the other hears from there.

use stacklab_machine::process::Input;
use stacklab_machine::timeline::EventId;
use tokio::sync::mpsc;

use crate::program::Inbox;

/// Messages that may wait for a program.
const WAITING: usize = 1024;

/// A way to a program that need not be there yet.
#[derive(Debug)]
pub struct Post<M>(mpsc::Sender<(M, Option<EventId>)>);

/// The other end of a [`Post`].
#[derive(Debug)]
pub struct Delivery<M>(mpsc::Receiver<(M, Option<EventId>)>);

/// Makes a way to a program.
pub fn post<M>() -> (Post<M>, Delivery<M>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Post(sender), Delivery(receiver))
}

impl<M> Post<M> {
    /// Sends a message on its way; false if too many wait already, or nobody is there any more.
    pub fn send(&self, message: M, cause: Option<EventId>) -> bool {
        self.0.try_send((message, cause)).is_ok()
    }
}

impl<M> Delivery<M> {
    /// Delivers the messages in their order, until one of the two programs is gone.
    pub async fn run<E: Send + 'static>(mut self, inbox: Inbox<E>, wrap: impl Fn(M) -> E) {
        while let Some((message, cause)) = self.0.recv().await {
            if !inbox.send(Input::Mesos(wrap(message)), cause).await {
                return;
            }
        }
    }
}
