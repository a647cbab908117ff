//! What stands behind a lab's services: our own servers, the real ones in containers, or some of each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use stacklab_live::mishap::Watched;
use stacklab_live::program::Services;
use stacklab_live::{Embedded, Mishaps, Part, Recorder};

/// Which services are the real ones. The default is none.
#[derive(Clone, Default)]
pub struct Backing {
    real: BTreeSet<Part>,
    #[cfg(feature = "docker")]
    containers: Option<containers::Containers>,
}

impl std::fmt::Debug for Backing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backing").field("real", &self.real).finish_non_exhaustive()
    }
}

/// Why the real services cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BackingError {
    /// This program was built without them.
    #[error("this program was built without the docker backend: build it with --features docker")]
    NotBuilt,
    /// The engine, or what it has left, is in the way.
    #[error("{0}")]
    Engine(String),
}

impl Backing {
    /// Our own servers for everything.
    pub fn embedded() -> Self {
        Self::default()
    }

    /// Makes ready what these services need: a checked engine, nothing left of labs that are dead, and the images,
    /// built from `recipes` where they are missing. `replaced` are images of the user's. Long steps are told to
    /// `progress`. Nothing is done where no service is to be real.
    ///
    /// # Errors
    /// The real services cannot be had; the text says what to do.
    pub async fn prepare(
        real: &BTreeSet<Part>,
        replaced: &BTreeMap<Part, String>,
        recipes: &Path,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Self, BackingError> {
        if real.is_empty() {
            return Ok(Self::default());
        }
        #[cfg(feature = "docker")]
        {
            let containers = containers::Containers::prepare(real, replaced, recipes, progress).await?;
            Ok(Self { real: real.clone(), containers: Some(containers) })
        }
        #[cfg(not(feature = "docker"))]
        {
            let _ = (replaced, recipes, progress);
            Err(BackingError::NotBuilt)
        }
    }

    /// The same images and engine, with fewer services real.
    #[must_use]
    pub fn only(&self, real: &BTreeSet<Part>) -> Self {
        let mut fewer = self.clone();
        fewer.real.retain(|part| real.contains(part));
        fewer
    }

    /// Which services are real.
    pub fn real(&self) -> &BTreeSet<Part> {
        &self.real
    }

    /// What a person calls it: `embedded`, `docker`, `embedded with real kafka, zookeeper`.
    pub fn name(&self) -> String {
        name(&self.real)
    }

    /// What starts the services of the lab with this id, and what removes them when it goes. With `fronts` links to
    /// them can be broken.
    pub(crate) fn services(
        &self,
        id: &str,
        recorder: &Recorder,
        mishaps: &Mishaps,
        fronts: bool,
    ) -> (ServiceDesk, Leftovers) {
        let embedded = Embedded::among(recorder.clone(), mishaps.clone());
        let ours: Arc<dyn Services> = Arc::new(embedded.clone());
        let (services, leftovers) = self.with_containers(id, recorder, ours);
        let watched = Watched::new(services, mishaps.clone(), fronts);
        (ServiceDesk { watched, embedded, real: self.real.clone() }, leftovers)
    }

    /// What starts services where nothing is to be broken.
    pub(crate) fn plain_services(&self, id: &str, recorder: &Recorder) -> (Arc<dyn Services>, Leftovers) {
        self.with_containers(id, recorder, Arc::new(Embedded::new(recorder.clone())))
    }

    fn with_containers(
        &self,
        id: &str,
        recorder: &Recorder,
        embedded: Arc<dyn Services>,
    ) -> (Arc<dyn Services>, Leftovers) {
        #[cfg(feature = "docker")]
        if let Some(containers) = self.containers.as_ref().filter(|_| !self.real.is_empty()) {
            return containers.services(&self.real, id, recorder, embedded);
        }
        let _ = (id, recorder);
        (embedded, Leftovers::default())
    }
}

/// What starts a lab's services, and can break them.
#[derive(Clone)]
pub(crate) struct ServiceDesk {
    pub(crate) watched: Watched,
    pub(crate) embedded: Embedded,
    pub(crate) real: BTreeSet<Part>,
}

/// Removes what a lab leaves in the engine: at the latest when it is dropped, also in a panic.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    #[cfg(feature = "docker")]
    clean_up: Option<stacklab_live::docker::CleanUp>,
}

impl Leftovers {
    /// Removes it now; what cannot be removed is noted.
    pub(crate) async fn remove(self, recorder: &Recorder) {
        #[cfg(feature = "docker")]
        if let Some(clean_up) = self.clean_up
            && let Err(why) = clean_up.finish().await
        {
            let line = format!("not everything of the lab could be removed: {why}");
            recorder.record("lab", None, stacklab_machine::timeline::What::Log { line });
        }
        let _ = recorder;
    }
}

#[cfg(feature = "docker")]
mod containers {
    use super::*;
    use stacklab_live::Mixed;
    use stacklab_live::docker::{CleanUp, Docker, Engine, Image, Images, Owner, Sweeper};

    /// An engine with the images that are needed.
    #[derive(Clone)]
    pub(super) struct Containers {
        engine: Engine,
        images: Images,
        pages: BTreeMap<String, Vec<u8>>,
    }

    const fn image(part: Part) -> Image {
        match part {
            Part::ZooKeeper => Image::ZooKeeper,
            Part::Kafka => Image::Kafka,
            Part::Cassandra => Image::Cassandra,
            Part::Zipkin => Image::Zipkin,
        }
    }

    impl Containers {
        pub(super) async fn prepare(
            real: &BTreeSet<Part>,
            replaced: &BTreeMap<Part, String>,
            recipes: &Path,
            progress: &(dyn Fn(&str) + Send + Sync),
        ) -> Result<Self, BackingError> {
            let engine = Engine::connect().await.map_err(failed)?;
            let swept = Sweeper::dead(&engine).await.map_err(failed)?;
            if swept.count() > 0 {
                progress(&format!("removed {} things of labs that are no more", swept.count()));
            }
            let wanted = real.iter().map(|part| image(*part)).collect();
            let replaced = replaced.iter().map(|(part, name)| (image(*part), name.clone())).collect();
            let images =
                Images::ensure(&engine, recipes, &wanted, &replaced, progress).await.map_err(failed)?;
            let pages = if real.contains(&Part::Zipkin) && !replaced.contains_key(&Image::Zipkin) {
                images.ui_files(&engine).await.map_err(failed)?
            } else {
                BTreeMap::new()
            };
            Ok(Self { engine, images, pages })
        }

        pub(super) fn services(
            &self,
            real: &BTreeSet<Part>,
            id: &str,
            recorder: &Recorder,
            embedded: Arc<dyn Services>,
        ) -> (Arc<dyn Services>, Leftovers) {
            let owner = Owner::new(id);
            let clean_up = CleanUp::new(&self.engine, &owner);
            let (engine, images, pages) = (self.engine.clone(), self.images.clone(), self.pages.clone());
            let docker = Docker::new(engine, images, owner, recorder.clone(), pages);
            let mixed = Mixed::new(real.clone(), Arc::new(docker), embedded);
            (Arc::new(mixed), Leftovers { clean_up: Some(clean_up) })
        }
    }

    fn failed(why: impl std::fmt::Display) -> BackingError {
        BackingError::Engine(why.to_string())
    }
}

fn name(real: &BTreeSet<Part>) -> String {
    match real.len() {
        0 => "embedded".to_owned(),
        4 => "docker".to_owned(),
        _ => {
            let names: Vec<&str> = real.iter().map(|part| part.name()).collect();
            format!("embedded with real {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_named_by_what_is_real() {
        let of = |real: &[Part]| name(&real.iter().copied().collect());
        assert_eq!(of(&[]), "embedded");
        assert_eq!(of(&[Part::Kafka, Part::ZooKeeper]), "embedded with real zookeeper, kafka");
        assert_eq!(of(&Part::ALL), "docker");
    }
}
