//! The master's connections to drivers: one to each, kept open, on which it posts. Its end is the driver's end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use stacklab_mesos::v0::{DriverEvent, Pid, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Drivers at a time. Who comes later counts as not to be reached.
const MAX_LINKS: usize = 1024;
/// Messages that may wait for a driver; one that does not read loses its connection.
const QUEUE: usize = 1024;
/// How long a driver may take to accept the connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Number of a connection to a driver: another one to the same driver has another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DriverLink(u64);

/// All connections to drivers.
#[derive(Debug)]
pub(super) struct Drivers {
    /// The master's name, as every message has it.
    master: String,
    links: BTreeMap<Pid, Link>,
    next: u64,
}

/// A connection. Dropping it closes it.
#[derive(Debug)]
struct Link {
    number: DriverLink,
    messages: mpsc::Sender<Vec<u8>>,
    task: AbortHandle,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drivers {
    pub(super) fn new(master: String) -> Self {
        Self { master, links: BTreeMap::new(), next: 0 }
    }

    /// Posts to a driver, over a new connection if there is none. `ended` is called when the connection has ended,
    /// and not if it is ended from here.
    pub(super) fn post<F>(&mut self, pid: &Pid, event: &DriverEvent, ended: impl FnOnce(Pid, DriverLink) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let message = post(&self.master, pid, event.name(), &event.encode());
        let full = self.links.len() >= MAX_LINKS;
        if !self.links.contains_key(pid) {
            let number = DriverLink(self.next);
            self.next += 1;
            let (messages, queue) = mpsc::channel(if full { 1 } else { QUEUE });
            let ended = ended(pid.clone(), number);
            let address = pid.address();
            let keep = async move {
                if !full {
                    keep(address, queue).await;
                }
                ended.await;
            };
            let task = tokio::spawn(keep).abort_handle();
            self.links.insert(pid.clone(), Link { number, messages, task });
        }
        if let Some(link) = self.links.get_mut(pid)
            && let Err(mpsc::error::TrySendError::Full(_)) = link.messages.try_send(message)
        {
            // Who does not read for so long is cut off: its queue ends, and with it the connection.
            link.messages = mpsc::channel(1).0;
        }
    }

    /// Ends the connection to a driver from here.
    pub(super) fn cut(&mut self, pid: &Pid) {
        self.links.remove(pid);
    }

    /// A connection has ended; false if it is not the driver's newest.
    pub(super) fn end(&mut self, pid: &Pid, number: DriverLink) -> bool {
        let is_newest = self.links.get(pid).is_some_and(|link| link.number == number);
        if is_newest {
            self.links.remove(pid);
        }
        is_newest
    }
}

/// Posts what comes, and reads nothing of what is answered, until either side ends.
async fn keep(address: SocketAddr, mut queue: mpsc::Receiver<Vec<u8>>) {
    let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(address)).await else {
        return;
    };
    let _ = stream.set_nodelay(true);
    let (mut reader, mut writer) = stream.into_split();
    let write = async {
        while let Some(message) = queue.recv().await {
            if writer.write_all(&message).await.is_err() {
                return;
            }
        }
    };
    let read = async {
        let mut answers = [0; 1024];
        while reader.read(&mut answers).await.is_ok_and(|length| length > 0) {}
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
}
