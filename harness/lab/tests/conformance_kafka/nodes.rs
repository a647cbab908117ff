//! What is in ZooKeeper: paths, data without the moments in it, and versions.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use zookeeper_client::{Acls, Client, CreateMode, Error};

/// So long a node is waited for, and how often it is looked at.
const LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(15);

pub(crate) struct Nodes {
    client: Client,
    /// Where the broker keeps its own.
    root: &'static str,
}

impl Nodes {
    pub(crate) async fn connect(zookeeper: SocketAddr, root: &'static str) -> Self {
        let connector = Client::connector().with_server_version(3, 4, 14);
        Self { client: connector.connect(&zookeeper.to_string()).await.expect("a session"), root }
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    pub(crate) async fn create(&self, path: &str, data: &str) -> String {
        let mode = CreateMode::Persistent.with_acls(Acls::anyone_all());
        said(&self.client.create(&self.path(path), data.as_bytes(), &mode).await)
    }

    pub(crate) async fn set(&self, path: &str, data: &str) -> String {
        said(&self.client.set_data(&self.path(path), data.as_bytes(), None).await)
    }

    /// Waits until a node is there, or gone.
    pub(crate) async fn until(&self, path: &str, there: bool) -> String {
        let start = Instant::now();
        let path = self.path(path);
        while self.client.check_stat(&path).await.expect("an answer").is_some() != there {
            if start.elapsed() > LIMIT {
                return "in vain".to_owned();
            }
            sleep(PAUSE).await;
        }
        "ok".to_owned()
    }

    /// All nodes from one on.
    pub(crate) async fn tree(&self, path: &str) -> String {
        let mut out = Vec::new();
        let mut open = vec![self.path(path)];
        while let Some(path) = open.pop() {
            let (data, stat) = match self.client.get_data(&path).await {
                Ok(found) => found,
                Err(error) => {
                    out.push(format!("{path}: {error}"));
                    continue;
                }
            };
            let kind = if stat.ephemeral_owner == 0 { "" } else { " ephemeral" };
            let data = redacted(&String::from_utf8_lossy(&data));
            out.push(format!("{path}{kind} v{} {data}", stat.version));
            let mut children = self.client.list_children(&path).await.unwrap_or_default();
            children.sort();
            let slash = if path == "/" { "" } else { &path };
            open.extend(children.iter().rev().map(|child| format!("{slash}/{child}")));
        }
        out.join("\n            ")
    }
}

fn said<T>(result: &Result<T, Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// Data without the moment that it names.
fn redacted(data: &str) -> String {
    const STAMP: &str = "\"timestamp\":\"";
    let Some(at) = data.find(STAMP) else { return data.to_owned() };
    let (before, after) = data.split_at(at + STAMP.len());
    format!("{before}TIME{}", after.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}
