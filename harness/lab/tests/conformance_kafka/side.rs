//! One of the two: a broker, the ZooKeeper that it uses, and who talks to them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client;
use crate::nodes::Nodes;
use crate::op::{self, Op};
use crate::said;

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// An answer is said to be late from then on: requests that wait do so for longer.
const LATE: Duration = Duration::from_millis(1500);
/// So long something is waited for, and how often it is looked at.
const LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(15);

pub(crate) struct Side {
    broker: SocketAddr,
    nodes: Nodes,
    raw: Option<TcpStream>,
    correlation: i32,
    client: client::Client,
}

impl Side {
    pub(crate) async fn connect(broker: SocketAddr, zookeeper: SocketAddr, root: &'static str) -> Self {
        let client = client::Client::new(broker);
        Self { broker, nodes: Nodes::connect(zookeeper, root).await, raw: None, correlation: 0, client }
    }

    /// Does it, and tells what the broker said; its own host is `HOST`.
    pub(crate) async fn run(&mut self, op: &Op) -> String {
        let said = match op {
            Op::Ask(request) => {
                self.correlation += 1;
                let frame = request.frame(self.correlation);
                let start = Instant::now();
                let said = self.exchange(&frame, &[request.key]).await;
                if start.elapsed() > LATE { format!("late: {said}") } else { said }
            }
            Op::Send(_, bytes, answers) => self.exchange(bytes, answers).await,
            Op::Beside(first, then) => {
                let start = Instant::now();
                let mut beside =
                    TcpStream::connect(self.broker).await.expect("the broker accepts connections");
                beside.write_all(&first.frame(1)).await.expect("the broker reads");
                // Nothing tells when it waits; should it not yet, then it need not.
                sleep(Duration::from_millis(100)).await;
                let mut said = Vec::new();
                for request in then {
                    said.push(self.exchange(&request.frame(2), &[request.key]).await);
                }
                let answer = frame(&mut beside).await;
                said.push(answer.map_or_else(str::to_owned, |frame| said::answer(first.key, &frame, false)));
                let late = if start.elapsed() > LATE { "late: " } else { "" };
                format!("{late}{}", said.join("\n            "))
            }
            Op::Topic(topic, partitions) => {
                let replicas: Vec<_> = (0..*partitions).map(|number| format!("\"{number}\":[1]")).collect();
                let data = format!("{{\"version\":1,\"partitions\":{{{}}}}}", replicas.join(","));
                let created = self.nodes.create(&format!("/brokers/topics/{topic}"), &data).await;
                format!("{created}, {}", self.led(topic, *partitions).await)
            }
            Op::Led(topic, partitions) => self.led(topic, *partitions).await,
            Op::Gone(topic) => {
                let known = format!("\"{topic}\" error 0");
                self.until(&op::metadata(&[]), |said| !said.contains(&known)).await;
                self.nodes.until(&format!("/admin/delete_topics/{topic}"), false).await
            }
            Op::End(topic, partition, end) => {
                let enough = format!("[{end}]");
                let parts: &[(i32, (i64, i32))] = &[(*partition, (-1, 1))];
                self.until(&op::offsets(-1, &[(topic, parts)]), |said| said.contains(&enough)).await
            }
            Op::Coordinator(group) => {
                let group = op::coordinator(group);
                self.until(&group, |said| said.contains("error 0")).await
            }
            Op::Create(path, data) => self.nodes.create(path, data).await,
            Op::Set(path, data) => self.nodes.set(path, data).await,
            Op::Node(path, there) => self.nodes.until(path, *there).await,
            Op::Tree(path) => self.nodes.tree(path).await,
            Op::Client(call) => self.client.run(call).await,
        };
        said.replace(&self.broker.ip().to_string(), "HOST")
    }

    async fn led(&mut self, topic: &str, partitions: i32) -> String {
        let leads = |said: &str| said.matches(" leader 1 ").count() == partitions as usize;
        self.until(&op::metadata(&[topic]), leads).await
    }

    async fn until(&mut self, request: &op::Request, enough: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let said = self.exchange(&request.frame(7), &[request.key]).await;
            if enough(&said) {
                return said;
            }
            if start.elapsed() > LIMIT {
                return format!("in vain: {said}");
            }
            sleep(PAUSE).await;
        }
    }

    /// Writes bytes and reads an answer for each key.
    async fn exchange(&mut self, bytes: &[u8], keys: &[i16]) -> String {
        let mut stream = match self.raw.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.broker).await.expect("the broker accepts connections"),
        };
        let mut said = Vec::new();
        let bytes = &own(bytes, &self.broker.ip().to_string());
        // A broker that closes on what it reads first need not read the rest.
        let _ = stream.write_all(bytes).await;
        for key in keys {
            match frame(&mut stream).await {
                Ok(frame) => said.push(said::answer(*key, &frame, asks_for_all(bytes))),
                Err(why) => {
                    said.push(why.to_owned());
                    return said.join("\n            ");
                }
            }
        }
        self.raw = Some(stream);
        said.join("\n            ")
    }
}

/// Bytes with the broker's own address instead of [`op::OWN_ADDRESS`].
fn own(bytes: &[u8], address: &str) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let place = op::OWN_ADDRESS.as_bytes();
    if place.len() == address.len()
        && let Some(at) = bytes.windows(place.len()).position(|window| window == place)
    {
        bytes[at..at + place.len()].copy_from_slice(address.as_bytes());
    }
    bytes
}

/// Whether a frame asks for Metadata of all topics.
fn asks_for_all(frame: &[u8]) -> bool {
    let client = frame.get(12..14).map_or(0, |length| usize::from(length[0]) << 8 | usize::from(length[1]));
    frame.get(4..6) == Some(&[0, 3]) && frame.get(14 + client..18 + client) == Some(&[0; 4])
}

async fn frame(stream: &mut TcpStream) -> Result<Vec<u8>, &'static str> {
    let read = async {
        let length = stream.read_i32().await.map_err(|_| "closed")?;
        let mut frame = vec![0; usize::try_from(length).map_err(|_| "a negative length")?];
        stream.read_exact(&mut frame).await.map_err(|_| "half an answer")?;
        Ok(frame)
    };
    timeout(PATIENCE, read).await.unwrap_or(Err("nothing"))
}
