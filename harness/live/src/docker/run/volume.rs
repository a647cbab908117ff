//! The disk of a task's service: outlives its containers, and goes with the task's sandbox.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::RemoveVolumeOptionsBuilder;

use crate::docker::{Engine, Owner, SERVICE};

/// Tries to remove one: the container that uses it may be on its way out.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// A volume. Dropping it removes it; what cannot be removed then goes with the lab.
pub(in crate::docker) struct Volume {
    engine: Engine,
    name: String,
    labels: HashMap<String, String>,
}

impl Volume {
    /// A volume that is not made yet.
    pub(in crate::docker) fn new(engine: &Engine, owner: &Owner, service: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut labels: HashMap<String, String> = owner.labels().into_iter().collect();
        labels.insert(SERVICE.to_owned(), service.to_owned());
        Self { engine: engine.clone(), name: format!("stacklab-{}-{service}-{number}", owner.lab()), labels }
    }

    /// Its name in the engine.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Makes it, if it is not there.
    pub(super) async fn make(&self) -> Result<(), Error> {
        let request = VolumeCreateRequest {
            name: Some(self.name.clone()),
            labels: Some(self.labels.clone()),
            ..VolumeCreateRequest::default()
        };
        self.engine.docker().create_volume(request).await.map(|_| ())
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (engine, name) = (self.engine.clone(), std::mem::take(&mut self.name));
        runtime.spawn(async move {
            for _ in 0..TRIES {
                let options = RemoveVolumeOptionsBuilder::new().force(true).build();
                match engine.docker().remove_volume(&name, Some(options)).await {
                    Err(Error::DockerResponseServerError { status_code: 409, .. }) => {}
                    _ => return,
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
}
