//! A driver of the protocol before the v1 API, as mesos-go v0 is on the wire: it finds the leader in `/state`, posts
//! protobuf with its own name, listens for what the master posts, and believes nobody but the leader, to the letter.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use crate::cluster::Cluster;
use crate::protobuf::{Fields, Message};
use crate::support::{client, get_json, within};

/// States of tasks.
pub(crate) const RUNNING: u64 = 1;
pub(crate) const FINISHED: u64 = 2;
pub(crate) const KILLED: u64 = 4;

pub(crate) struct Driver {
    pub(crate) pid: String,
    /// The leader's name.
    pub(crate) leader: String,
    /// The framework, once it is registered.
    pub(crate) id: String,
    heard: mpsc::UnboundedReceiver<(String, Vec<u8>)>,
    /// Passed over by [`hear`](Self::hear): an offer may come before the update that is waited for.
    passed: Vec<(String, Vec<u8>)>,
    listener: AbortHandle,
}

/// Whoever ends drops its listener and all connections.
impl Drop for Driver {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Driver {
    pub(crate) async fn start(cluster: &Cluster) -> Self {
        let leader = get_json(&cluster.url("/state")).await["leader"].as_str().unwrap().to_owned();
        let listener = TcpListener::bind(SocketAddr::from((cluster.agent_ip(), 0))).await.unwrap();
        let pid = format!("scheduler(1)@{}", listener.local_addr().unwrap());
        let (sender, heard) = mpsc::unbounded_channel();
        let expected = leader.clone();
        let listener = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(listen(stream, expected.clone(), sender.clone()));
            }
        });
        let listener = listener.abort_handle();
        Self { pid, leader, id: String::new(), heard, passed: Vec::new(), listener }
    }

    /// Starts one that is registered.
    pub(crate) async fn registered(cluster: &Cluster, failover_timeout: f64) -> Self {
        let mut driver = Self::start(cluster).await;
        let framework = info(failover_timeout);
        driver.post("RegisterFrameworkMessage", &Message::new().message(1, &framework)).await;
        let registered = driver.hear("FrameworkRegisteredMessage").await;
        assert_eq!(registered.message(2).text(4).as_ref(), Some(&driver.leader));
        driver.id = registered.id(1);
        driver
    }

    /// Posts a message to the leader.
    pub(crate) async fn post(&self, name: &str, message: &Message) {
        let (process, address) = self.leader.split_once('@').unwrap();
        let request = client()
            .post(format!("http://{address}/{process}/mesos.internal.{name}"))
            .header("Libprocess-From", &self.pid)
            .header("Connection", "Keep-Alive")
            .header("Content-Type", "application/x-protobuf")
            .body(message.0.clone());
        let answer = within(name, request.send()).await.unwrap();
        assert_eq!(answer.status(), 202, "{name}");
        assert_eq!(answer.text().await.unwrap(), "");
    }

    /// Registers again with the id of before.
    pub(crate) async fn reregister(&self, id: &str, failover: bool) {
        let framework = with_id(id);
        let message = Message::new().message(2, &framework).number(3, failover.into());
        self.post("ReregisterFrameworkMessage", &message).await;
    }

    /// A message about the framework.
    pub(crate) fn mine(&self) -> Message {
        Message::new().id(1, &self.id)
    }

    /// The next message of a name, be it one that was passed over before.
    pub(crate) async fn hear(&mut self, name: &str) -> Fields {
        if let Some(at) = self.passed.iter().position(|(other, _)| other == name) {
            return Fields::read(&self.passed.remove(at).1);
        }
        within(name, async {
            loop {
                let (heard, body) = self.heard.recv().await.unwrap();
                if heard == name {
                    return Fields::read(&body);
                }
                self.passed.push((heard, body));
            }
        })
        .await
    }

    /// The first offer of the next offers, which have an agent's address each.
    pub(crate) async fn offer(&mut self) -> Fields {
        let offers = self.hear("ResourceOffersMessage").await;
        let (list, pids) = (offers.all(1), offers.all(2));
        assert_eq!(list.len(), pids.len());
        assert!(pids[0].starts_with(b"slave(1)@"));
        Fields::read(&list[0])
    }

    /// Launches tasks on an offer; none declines it.
    pub(crate) async fn launch(&self, offer: &Fields, tasks: &[Message]) {
        let message = launch(&self.id, &offer.id(1), tasks);
        self.post("LaunchTasksMessage", &message).await;
    }

    /// Acknowledges an update, if it wants that.
    pub(crate) async fn acknowledge(&self, update: &Fields) {
        let Some(uuid) = update.bytes(6).filter(|uuid| !uuid.is_empty()) else { return };
        let message = acknowledgement(&update.id(3), &self.id, &update.message(4).id(1), &uuid);
        self.post("StatusUpdateAcknowledgementMessage", &message).await;
    }

    /// The status of the next update, acknowledged.
    pub(crate) async fn status(&mut self) -> Fields {
        let update = self.hear("StatusUpdateMessage").await.message(1);
        self.acknowledge(&update).await;
        update.message(4)
    }

    /// Waits until a task is in a state, by way of whatever comes before.
    pub(crate) async fn until_state(&mut self, state: u64) -> Fields {
        loop {
            let status = self.status().await;
            let seen = status.number(2).unwrap();
            if seen == state {
                return status;
            }
            assert!(![2, 3, 4, 5, 7].contains(&seen), "waited for {state}, got {status:?}");
        }
    }
}

/// Reads one request after the other, and answers none: the master says by its `User-Agent` that it wants none.
async fn listen(mut stream: TcpStream, leader: String, heard: mpsc::UnboundedSender<(String, Vec<u8>)>) {
    let mut buffer = Vec::new();
    loop {
        let head = loop {
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = buffer.drain(..end + 4).collect();
                break String::from_utf8(head).unwrap();
            }
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let path = head.strip_prefix("POST /scheduler(1)/mesos.internal.").expect("a message of Mesos");
        let (name, headers) = path.split_once(" HTTP/1.1\r\n").unwrap();
        for header in
            [format!("User-Agent: libprocess/{leader}\r\n"), format!("Libprocess-From: {leader}\r\n")]
        {
            assert!(headers.contains(&header), "{head}");
        }
        let body = if headers.contains("Transfer-Encoding: chunked") {
            chunk(&mut stream, &mut buffer).await
        } else {
            Vec::new()
        };
        let _ = heard.send((name.to_owned(), body));
    }
}

/// The one chunk that a body is sent in.
async fn chunk(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Vec<u8> {
    loop {
        if let Some(end) = buffer.windows(2).position(|two| two == b"\r\n") {
            let length = usize::from_str_radix(std::str::from_utf8(&buffer[..end]).unwrap(), 16).unwrap();
            let whole = end + 2 + length + b"\r\n0\r\n\r\n".len();
            if buffer.len() >= whole {
                let chunk: Vec<u8> = buffer.drain(..whole).collect();
                assert!(chunk.ends_with(b"\r\n0\r\n\r\n"));
                return chunk[end + 2..end + 2 + length].to_owned();
            }
        }
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "closed in the middle of a message");
    }
}

/// The framework as Stack Deploy describes itself.
pub(crate) fn info(failover_timeout: f64) -> Message {
    let begin = Message::new().text(1, "root").text(2, "stack-deploy").double(4, failover_timeout);
    begin.number(5, 1).text(6, "*").text(7, "lab")
}

/// The same with an id, and without a failover timeout.
pub(crate) fn with_id(id: &str) -> Message {
    let begin = Message::new().text(1, "root").text(2, "stack-deploy").id(3, id).double(4, 0.0);
    begin.number(5, 1).text(6, "*").text(7, "lab")
}

/// A command task with these uris.
pub(crate) fn task(name: &str, id: &str, agent: &str, line: &str, uris: &[&str]) -> Message {
    let scalar = |name: &str, value: f64| {
        Message::new().text(1, name).number(2, 0).message(3, &Message::new().double(1, value))
    };
    let mut command = Message::new();
    for uri in uris {
        command = command.message(1, &Message::new().text(1, uri).number(3, 1));
    }
    let command = command.text(3, line).number(6, 1);
    let begin = Message::new().text(1, name).id(2, id).id(3, agent);
    begin.message(4, &scalar("cpus", 0.5)).message(4, &scalar("mem", 128.0)).message(7, &command)
}

pub(crate) fn launch(framework: &str, offer: &str, tasks: &[Message]) -> Message {
    let mut message = Message::new().id(1, framework);
    for task in tasks {
        message = message.message(3, task);
    }
    message.message(5, &Message::new().double(1, 10.0)).id(6, offer)
}

pub(crate) fn acknowledgement(agent: &str, framework: &str, task: &str, uuid: &[u8]) -> Message {
    Message::new().id(1, agent).id(2, framework).id(3, task).bytes(4, uuid)
}
