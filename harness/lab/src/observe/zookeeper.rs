//! A ZooKeeper's tree as a client sees it.

use std::time::Duration;

use stacklab_zookeeper::client::{Client, Error};

/// Nodes looked at in one tree at the most: the offsets topic alone has a hundred and fifty.
const MAX_NODES: usize = 5_000;

/// A session that only looks.
#[derive(Debug)]
pub struct ZkView {
    client: Client,
}

impl ZkView {
    /// Connects.
    ///
    /// # Errors
    /// No server of the connect string answers.
    pub async fn connect(connect: &str) -> Result<Self, Error> {
        Ok(Self { client: Client::connect(connect, Duration::from_secs(10)).await? })
    }

    /// Every path below `/`, sorted; ephemeral nodes end in ` (ephemeral)`. ZooKeeper's own are left out.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn paths(&self) -> Result<Vec<String>, Error> {
        let mut open = vec!["/".to_owned()];
        let mut paths = Vec::new();
        while let Some(path) = open.pop() {
            if paths.len() >= MAX_NODES {
                paths.push(format!("… and more: only {MAX_NODES} nodes were looked at"));
                break;
            }
            let children = match self.client.children(&path, false).await {
                Ok(children) => children,
                Err(Error::NoNode(_)) => continue,
                Err(why) => return Err(why),
            };
            let parent = if path == "/" { "" } else { &path };
            open.extend(
                children.iter().map(|child| format!("{parent}/{child}")).filter(|p| p != "/zookeeper"),
            );
            let Some(stat) = self.client.exists(&path, false).await? else { continue };
            if path != "/" {
                paths.push(format!("{path}{}", if stat.ephemeral_owner == 0 { "" } else { " (ephemeral)" }));
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// A node's data as text, if it exists.
    pub async fn text(&self, path: &str) -> Option<String> {
        let (data, _) = self.client.get(path, false).await.ok()?;
        Some(String::from_utf8_lossy(&data.unwrap_or_default()).into_owned())
    }

    /// A consumer group's offsets of a topic: partition, next offset.
    pub async fn offsets(&self, group: &str, topic: &str) -> Vec<(i32, i64)> {
        let base = format!("/consumers/{group}/offsets/{topic}");
        let mut offsets = Vec::new();
        for partition in self.client.children(&base, false).await.unwrap_or_default() {
            let next = self.text(&format!("{base}/{partition}")).await.and_then(|text| text.parse().ok());
            if let (Ok(partition), Some(next)) = (partition.parse(), next) {
                offsets.push((partition, next));
            }
        }
        offsets
    }
}
