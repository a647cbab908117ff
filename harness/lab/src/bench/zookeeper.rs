//! ZooKeeper under load: nodes created, nodes read.

use std::sync::Arc;
use std::time::Duration;

use stacklab_zookeeper::client::{Client, CreateMode};

use super::Figure;
use super::load::{IN_FLIGHT, Windows};

const LIMIT: Duration = Duration::from_secs(10);
const SIZE: usize = 100;
/// Children per directory: one with hundreds of thousands would be a case of its own.
const DIRECTORY: u64 = 1000;
/// Directories that are there before anything is measured.
const DIRECTORIES: u64 = 64;

fn path(number: u64) -> String {
    format!("/bench/{}/{number}", (number / DIRECTORY) % DIRECTORIES)
}

pub(super) async fn measure(server: &str, windows: Windows) -> Result<Vec<Figure>, String> {
    let client = Client::connect(server, LIMIT).await.map_err(|why| why.to_string())?;
    for directory in 0..DIRECTORIES {
        let made =
            client.create_with_parents(&format!("/bench/{directory}"), None, CreateMode::Persistent).await;
        made.map_err(|why| why.to_string())?;
    }
    let note = format!("stacklab's own client, one session, {IN_FLIGHT} in flight, nodes of {SIZE} B");
    let (create, nodes) = creates(&client, windows).await?;
    let get = gets(&client, windows, nodes).await?;
    client.close().await;
    Ok(vec![
        Figure::new("zookeeper create", create, "ops/s", note.clone()),
        Figure::new("zookeeper get", get, "ops/s", note),
    ])
}

async fn creates(client: &Client, windows: Windows) -> Result<(f64, u64), String> {
    let (client, data) = (client.clone(), Arc::new([b'x'; SIZE]));
    let create = move |number| {
        let (client, data) = (client.clone(), Arc::clone(&data));
        async move {
            let made = client.create(&path(number), Some(data.as_slice()), CreateMode::Persistent).await;
            made.map(drop).map_err(|why| why.to_string())
        }
    };
    windows.measure(create).await
}

async fn gets(client: &Client, windows: Windows, nodes: u64) -> Result<f64, String> {
    let client = client.clone();
    let get = move |number: u64| {
        let client = client.clone();
        async move {
            let got = client.get(&path(number % nodes.max(1)), false).await.map_err(|why| why.to_string())?;
            let size = got.0.map_or(0, |data| data.len());
            if size == SIZE { Ok(()) } else { Err(format!("a node has {size} B instead of {SIZE}")) }
        }
    };
    windows.measure(get).await.map(|(rate, _)| rate)
}
