//! Where the server runs: a program that starts no services.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use stacklab_live::program::{Place, Services};
use stacklab_live::{Sandbox, Surroundings};
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use tokio::sync::{mpsc, oneshot};

use super::Ground;

/// The place of a program of this name.
pub(super) fn of(name: &str, address: IpAddr, ground: &Ground) -> Place {
    Place {
        name: name.to_owned(),
        task: name.to_owned(),
        address,
        recorder: ground.recorder.clone(),
        names: ground.names.clone(),
        sandbox: Sandbox::new(),
        services: Arc::new(NoServices),
        surroundings: Surroundings::default(),
    }
}

struct NoServices;

impl Services for NoServices {
    fn run(
        &self,
        _: ServiceSpec,
        _: &Sandbox,
        events: mpsc::Sender<ServiceEvent>,
        _: oneshot::Receiver<()>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let message = "this program starts no services".to_owned();
            // Who does not listen does not care.
            let _ = events.send(ServiceEvent::Exited { code: 1, message }).await;
        })
    }
}
