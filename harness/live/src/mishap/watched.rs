//! Services that can be broken: each is known by its task, can be killed, and stands behind a [`Front`] where the plan
//! needs one.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use tokio::sync::{Notify, mpsc, oneshot};

use super::front::{self, Front};
use super::{Host, Mishaps, Party, ServiceParty};
use crate::image::ImageTask;
use crate::program::{Services, address_of};
use crate::sandbox::Sandbox;

/// What a Java program ends with that is killed, that is told to end, and that gives up.
const KILLED: i32 = 137;
const TERMINATED: i32 = 143;
const GAVE_UP: i32 = 1;

/// Whose sandbox it is.
#[derive(Clone, Debug, Default)]
pub struct Owner {
    /// The program.
    pub party: Party,
    /// The machine.
    pub host: Host,
}

/// Starts services with another value, and watches over them. Clones watch over the same.
#[derive(Clone)]
pub struct Watched {
    inner: Arc<dyn Services>,
    mishaps: Mishaps,
    /// Whether each stands behind a front.
    fronts: bool,
    running: Arc<Mutex<BTreeMap<u64, ServiceView>>>,
    next: Arc<AtomicU64>,
}

/// A service that runs.
#[derive(Clone, Debug)]
pub struct ServiceView {
    /// Which.
    pub service: ServiceParty,
    /// As its clients know it.
    pub spec: ServiceSpec,
    /// `host:port` for its clients.
    pub address: String,
    kill: Arc<Notify>,
}

impl ServiceView {
    /// Kills its process.
    pub fn kill(&self) {
        self.kill.notify_one();
    }
}

/// Takes a service out of the list when it ends, however it does.
struct Listed<'w>(&'w Watched, u64);

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.0.running().remove(&self.1);
    }
}

impl Watched {
    /// Watches over what `inner` starts; with `fronts`, links to it can be broken.
    pub fn new(inner: Arc<dyn Services>, mishaps: Mishaps, fronts: bool) -> Self {
        Self { inner, mishaps, fronts, running: Arc::default(), next: Arc::default() }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, ServiceView>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The services that run.
    pub fn services(&self) -> Vec<ServiceView> {
        self.running().values().cloned().collect()
    }

    /// Whether links to services can be broken.
    pub fn has_fronts(&self) -> bool {
        self.fronts
    }

    async fn watch(
        self,
        spec: ServiceSpec,
        sandbox: Sandbox,
        events: mpsc::Sender<ServiceEvent>,
        mut stop: oneshot::Receiver<()>,
    ) {
        let Owner { party, host } = sandbox.owner();
        let service = ServiceParty { kind: spec.kind().to_owned(), owner: party };
        let told = async {
            if (&mut stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let may_start = tokio::select! {
            () = self.mishaps.may_start(&service) => true,
            () = told => false,
        };
        if !may_start {
            return exited(&events, TERMINATED, "").await;
        }
        let kill = Arc::new(Notify::new());
        let address = address_of(&spec);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let view =
            ServiceView { service: service.clone(), spec: spec.clone(), address, kill: Arc::clone(&kill) };
        self.running().insert(number, view);
        let listed = Listed(&self, number);
        let (spec, front) = if self.fronts {
            front::put_before(spec, &service, &host, &self.mishaps).await
        } else {
            (spec, None::<Front>)
        };
        let end = tokio::select! {
            () = self.inner.run(spec, &sandbox, events.clone(), stop) => None,
            () = kill.notified() => Some((KILLED, String::new())),
            () = host.disk_full() => Some((GAVE_UP, "java.io.IOException: No space left on device".to_owned())),
        };
        if let Some(front) = front {
            front.stop().await;
        }
        drop(listed);
        if let Some((code, message)) = end {
            exited(&events, code, &message).await;
        }
    }
}

async fn exited(events: &mpsc::Sender<ServiceEvent>, code: i32, message: &str) {
    // Who started it may be gone.
    let _ = events.send(ServiceEvent::Exited { code, message: message.to_owned() }).await;
}

impl Services for Watched {
    fn run(
        &self,
        spec: ServiceSpec,
        sandbox: &Sandbox,
        events: mpsc::Sender<ServiceEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.clone().watch(spec, sandbox.clone(), events, stop))
    }

    fn image(
        &self,
        task: ImageTask,
        events: mpsc::Sender<ServiceEvent>,
        stop: oneshot::Receiver<()>,
    ) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        self.inner.image(task, events, stop)
    }
}
