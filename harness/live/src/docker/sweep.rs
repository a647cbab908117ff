//! Removes what a lab leaves in the engine: at once when it ends, and what a killed process left, later.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder,
};
use thiserror::Error;

use super::engine::Engine;
use super::labels::{self, Owner};

/// How often is looked again for what was only just being made.
const ROUNDS: usize = 5;
/// How long a guard may hold up the end of a process.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something could not be removed, or the engine does not answer.
#[derive(Debug, Error)]
#[error("cannot remove {what}: {why}")]
pub struct SweepError {
    /// What was to be removed.
    what: String,
    /// What the engine says.
    why: bollard::errors::Error,
}

/// What was removed, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Containers.
    pub containers: Vec<String>,
    /// Volumes.
    pub volumes: Vec<String>,
    /// Networks.
    pub networks: Vec<String>,
}

impl Swept {
    /// How many things.
    pub fn count(&self) -> usize {
        self.containers.len() + self.volumes.len() + self.networks.len()
    }
}

/// Removes containers, volumes and networks of ours.
#[derive(Debug)]
pub struct Sweeper;

impl Sweeper {
    /// Removes what belongs to processes that no longer live, and nothing else.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn dead(engine: &Engine) -> Result<Swept, SweepError> {
        sweep(engine, labels::LAB, labels::is_dead).await
    }

    /// Removes what belongs to this lab of this process.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn lab(engine: &Engine, owner: &Owner) -> Result<Swept, SweepError> {
        sweep(engine, &owner.filter(), |found| owner.has(found)).await
    }

    /// Removes everything that any lab made, whether or not somebody still uses it.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn all(engine: &Engine) -> Result<Swept, SweepError> {
        sweep(engine, labels::LAB, |found| found.contains_key(labels::LAB)).await
    }

    /// What [`Sweeper::dead`] would remove.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn leftovers(engine: &Engine) -> Result<Swept, SweepError> {
        look(engine, labels::LAB, &labels::is_dead).await
    }
}

type Labels = BTreeMap<String, String>;

/// Looks and removes until nothing is found any more: what was being made meanwhile is found the next time.
async fn sweep(engine: &Engine, label: &str, ours: impl Fn(&Labels) -> bool) -> Result<Swept, SweepError> {
    let mut swept = Swept::default();
    for round in 0..ROUNDS {
        let found = look(engine, label, &ours).await?;
        if found.count() == 0 {
            break;
        }
        if round > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        remove(engine, &found).await?;
        swept.containers.extend(found.containers);
        swept.volumes.extend(found.volumes);
        swept.networks.extend(found.networks);
    }
    for names in [&mut swept.containers, &mut swept.volumes, &mut swept.networks] {
        names.sort();
        names.dedup();
    }
    Ok(swept)
}

async fn look(engine: &Engine, label: &str, ours: &impl Fn(&Labels) -> bool) -> Result<Swept, SweepError> {
    let failed = |why| SweepError { what: format!("what has the label {label}"), why };
    let ours =
        |labels: Option<HashMap<String, String>>| ours(&labels.unwrap_or_default().into_iter().collect());
    let filter = HashMap::from([("label", vec![label])]);
    let docker = engine.docker();
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filter).build();
    let containers = docker.list_containers(Some(options)).await.map_err(failed)?;
    let options = ListVolumesOptionsBuilder::new().filters(&filter).build();
    let volumes = docker.list_volumes(Some(options)).await.map_err(failed)?.volumes.unwrap_or_default();
    let options = ListNetworksOptionsBuilder::new().filters(&filter).build();
    let networks = docker.list_networks(Some(options)).await.map_err(failed)?;
    Ok(Swept {
        containers: containers.into_iter().filter_map(|c| ours(c.labels).then_some(c.id?)).collect(),
        volumes: volumes.into_iter().filter(|v| ours(Some(v.labels.clone()))).map(|v| v.name).collect(),
        networks: networks.into_iter().filter_map(|n| ours(n.labels).then_some(n.id?)).collect(),
    })
}

/// Containers first, all at once: the rest is free only when they are gone.
async fn remove(engine: &Engine, found: &Swept) -> Result<(), SweepError> {
    let docker = engine.docker();
    let containers = found.containers.iter().map(|id| async move {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        gone(&format!("the container {id}"), docker.remove_container(id, Some(options)).await)
    });
    for result in futures_util::future::join_all(containers).await {
        result?;
    }
    for name in &found.volumes {
        let options = RemoveVolumeOptionsBuilder::new().force(true).build();
        gone(&format!("the volume {name}"), docker.remove_volume(name, Some(options)).await)?;
    }
    for id in &found.networks {
        gone(&format!("the network {id}"), docker.remove_network(id).await)?;
    }
    Ok(())
}

/// Somebody else may have removed it, or be about to: then it is as wanted.
fn gone(what: &str, answer: Result<(), bollard::errors::Error>) -> Result<(), SweepError> {
    match answer {
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 404 | 409, .. }) | Ok(()) => {
            Ok(())
        }
        Err(why) => Err(SweepError { what: what.to_owned(), why }),
    }
}

/// Removes what a lab has in the engine when it is dropped: at a normal end, in a panic, and when Ctrl-C drops what runs.
#[derive(Debug)]
pub struct CleanUp {
    engine: Engine,
    owner: Owner,
    done: bool,
}

impl CleanUp {
    /// Guards a lab. Keep it until the lab's last container is to go.
    pub fn new(engine: &Engine, owner: &Owner) -> Self {
        Self { engine: engine.clone(), owner: owner.clone(), done: false }
    }

    /// Removes it now, and tells what it was.
    ///
    /// # Errors
    /// The engine refuses; what is left is swept by a later run.
    pub async fn finish(mut self) -> Result<Swept, SweepError> {
        let swept = Sweeper::lab(&self.engine, &self.owner).await?;
        self.done = true;
        Ok(swept)
    }

    /// There is nothing left to remove.
    pub(crate) fn unneeded(mut self) {
        self.done = true;
    }
}

impl Drop for CleanUp {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let (engine, owner) = (self.engine.clone(), self.owner.clone());
        // The runtime may be on its way out: what is done here needs one of its own, and a connection of its own.
        let sweeping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let engine = engine.again().ok()?;
                tokio::time::timeout(PATIENCE, Sweeper::lab(&engine, &owner)).await.ok()?.ok()
            })
        });
        // What could not be removed is swept by the next run; there is nobody left to tell.
        let _ = sweeping.join();
    }
}
