//! The services, real: each run is one container.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bollard::query_parameters::ListContainersOptionsBuilder;
use stacklab_machine::service::{ServiceEvent, ServiceSpec, ZipkinRole};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::run::{Going, Home, Volume, image, live, web};
use super::{Engine, Image, Images, OWNER, Owner};
use crate::image::ImageTask;
use crate::program::Services;
use crate::recorder::Recorder;
use crate::sandbox::Sandbox;

/// Starts services in containers. Clones share everything.
#[derive(Clone)]
pub struct Docker {
    pub(super) engine: Engine,
    pub(super) images: Images,
    pub(super) owner: Owner,
    pub(super) recorder: Recorder,
    /// The static files of the web UI.
    pub(super) pages: Arc<BTreeMap<String, Vec<u8>>>,
    /// Addresses whose containers are being removed.
    pub(super) going: Going,
    /// Held by the one Zipkin that may be asked for its health: the first answer makes the schema, and two that make
    /// it at the same time get in each other's way.
    pub(super) schema: Arc<Mutex<()>>,
}

impl Docker {
    /// Nothing runs yet. `pages` are the web UI's files, by path below the root.
    pub fn new(
        engine: Engine,
        images: Images,
        owner: Owner,
        recorder: Recorder,
        pages: BTreeMap<String, Vec<u8>>,
    ) -> Self {
        let (pages, going) = (Arc::new(pages), Going::default());
        Self { engine, images, owner, recorder, pages, going, schema: Arc::default() }
    }
}

/// The containers of labs of this process that are there, running or not: by name.
///
/// # Errors
/// The engine does not answer.
pub async fn left(engine: &Engine) -> Result<Vec<String>, bollard::errors::Error> {
    let owner = Owner::new("any").labels().remove(OWNER).unwrap_or_default();
    let filter = HashMap::from([("label", vec![format!("{OWNER}={owner}")])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filter).build();
    let found = engine.docker().list_containers(Some(options)).await?;
    Ok(found.into_iter().flat_map(|container| container.names.unwrap_or_default()).collect())
}

/// The image that a service runs from.
pub(super) const fn image_of(spec: &ServiceSpec) -> Image {
    match spec {
        ServiceSpec::ZooKeeper(_) => Image::ZooKeeper,
        ServiceSpec::Kafka(_) => Image::Kafka,
        ServiceSpec::Cassandra(_) => Image::Cassandra,
        ServiceSpec::Zipkin(_) => Image::Zipkin,
    }
}

impl Services for Docker {
    fn run(
        &self,
        spec: ServiceSpec,
        sandbox: &Sandbox,
        events: mpsc::Sender<ServiceEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let docker = self.clone();
        match spec {
            // zipkin-server has no such role: its page is served here, and passes questions on.
            ServiceSpec::Zipkin(spec) if spec.role == ZipkinRole::Web => {
                Box::pin(web(spec, Arc::clone(&self.pages), events, stop))
            }
            spec => {
                let volume =
                    sandbox.belonging(spec.kind(), || Volume::new(&self.engine, &self.owner, spec.kind()));
                let home = Home { volume, memory: sandbox.memory() };
                Box::pin(async move { live(docker, spec, home, events, stop).await })
            }
        }
    }

    fn image(
        &self,
        task: ImageTask,
        events: mpsc::Sender<ServiceEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        Some(Box::pin(image(self.clone(), task, events, stop)))
    }
}
