//! ZooKeeper under load: nodes created, nodes read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stacklab_zookeeper::client::{Client, CreateMode, Event};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::Figure;
use super::load::{IN_FLIGHT, Windows};

const LIMIT: Duration = Duration::from_secs(10);
const SIZE: usize = 100;
/// Children per directory: one with hundreds of thousands would be a case of its own.
const DIRECTORY: u64 = 1000;
/// Directories that are there before anything is measured.
const DIRECTORIES: u64 = 64;

/// Who waits for the event of which node.
type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>;

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
    let watch = watches(&client, windows).await?;
    client.close().await;
    Ok(vec![
        Figure::new("zookeeper create", create, "ops/s", note.clone()),
        Figure::new("zookeeper get", get, "ops/s", note.clone()),
        Figure::new("zookeeper watch", watch, "ops/s", format!("{note}: a watch set, a write, its event")),
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

/// Sets a watch, writes, and waits for the event, each on a node of its own.
async fn watches(client: &Client, windows: Windows) -> Result<f64, String> {
    let waiting: Waiting = Arc::default();
    let mut events = client.events();
    let told = Arc::clone(&waiting);
    let mut following = JoinSet::new();
    following.spawn(async move {
        while let Some(event) = events.recv().await {
            if let Event::Watch { path, .. } = event
                && let Some(waiter) = told.lock().unwrap_or_else(PoisonError::into_inner).remove(&path)
            {
                let _ = waiter.send(());
            }
        }
    });
    let client = client.clone();
    let watch = move |number: u64| {
        let (client, waiting) = (client.clone(), Arc::clone(&waiting));
        async move { watched(&client, &waiting, &path(number % DIRECTORY)).await }
    };
    windows.measure(watch).await.map(|(rate, _)| rate)
}

async fn watched(client: &Client, waiting: &Waiting, path: &str) -> Result<(), String> {
    let (sender, fired) = oneshot::channel();
    waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), sender);
    let (data, _) = client.get(path, true).await.map_err(|why| why.to_string())?;
    client.set(path, data.as_deref(), -1).await.map_err(|why| why.to_string())?;
    let fired = tokio::time::timeout(LIMIT, fired).await;
    fired.ok().and_then(Result::ok).ok_or_else(|| format!("no event for {path}"))
}
