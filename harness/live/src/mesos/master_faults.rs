//! What can be asked of a master from outside: who is there, and to let go of somebody.

use stacklab_mesos::v0::DriverCall;
use stacklab_mesos::{FrameworkId, Master, MasterInput, Reached, SchedulerCall};
use tokio::sync::oneshot;

use super::master::{Keeper, MasterHandle, Message};

/// What is to be done to a framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Find,
    Rescind,
    Disconnect,
}

/// No framework is called that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no framework is called that; there are: {}", .0.join(", "))]
pub struct NoFramework(pub Vec<String>);

/// Something for a framework, by its name or id.
#[derive(Debug)]
pub(super) struct Order {
    framework: String,
    deed: Deed,
    reply: oneshot::Sender<Result<FrameworkId, NoFramework>>,
}

impl MasterHandle {
    /// The id of the framework with this name or id, the connected and newest first.
    ///
    /// # Errors
    /// There is none, or the master is gone.
    pub async fn framework(&self, name: &str) -> Result<FrameworkId, NoFramework> {
        self.order(name, Deed::Find).await
    }

    /// Takes back a framework's open offers, and those on which it is about to launch something next: whether a launch
    /// is on its way at this moment is chance.
    ///
    /// # Errors
    /// There is no such framework, or the master is gone.
    pub async fn rescind(&self, framework: &str) -> Result<FrameworkId, NoFramework> {
        self.order(framework, Deed::Rescind).await
    }

    /// Cuts a framework's connection.
    ///
    /// # Errors
    /// There is no such framework, or the master is gone.
    pub async fn disconnect_framework(&self, framework: &str) -> Result<FrameworkId, NoFramework> {
        self.order(framework, Deed::Disconnect).await
    }

    async fn order(&self, framework: &str, deed: Deed) -> Result<FrameworkId, NoFramework> {
        let (reply, answer) = oneshot::channel();
        let order = Order { framework: framework.to_owned(), deed, reply };
        let gone = |_| NoFramework(Vec::new());
        self.inbox().send(Message::Order(order)).await.map_err(|_| NoFramework(Vec::new()))?;
        answer.await.map_err(gone)?
    }
}

impl Keeper {
    /// Does it; gives what is for the machine.
    pub(super) fn obey(&mut self, master: &Master, order: Order) -> Option<MasterInput> {
        let found = master.framework_called(&order.framework);
        let result = found.clone().ok_or_else(|| NoFramework(master.framework_names()));
        // Who asked may have given up.
        let _ = order.reply.send(result);
        let framework_id = found?;
        match order.deed {
            Deed::Find => None,
            Deed::Rescind => {
                self.rescind_next.insert(framework_id.clone());
                Some(MasterInput::Rescind { framework_id })
            }
            Deed::Disconnect => match master.reached(&framework_id)? {
                Reached::Stream(connection) => {
                    // The client sees the end of its stream.
                    self.streams.remove(&connection);
                    Some(MasterInput::Disconnected { connection })
                }
                Reached::Driver(pid) => {
                    self.drivers.cut(&pid);
                    Some(MasterInput::DriverGone { pid })
                }
            },
        }
    }

    /// Takes back what somebody is about to accept, if that was asked for.
    pub(super) fn rescinds(&mut self, message: &Message) -> Option<MasterInput> {
        if self.rescind_next.is_empty() {
            return None;
        }
        let (id, call) = match message {
            Message::Call(request, _) => (request.framework_id.as_ref()?, &request.call),
            Message::Driver(_, DriverCall::Call { framework_id, call }) => (framework_id, call),
            _ => return None,
        };
        let launches = matches!(call, SchedulerCall::Accept { tasks, .. } if !tasks.is_empty());
        if !launches {
            return None;
        }
        let framework_id = self.rescind_next.take(id)?;
        Some(MasterInput::Rescind { framework_id })
    }
}
