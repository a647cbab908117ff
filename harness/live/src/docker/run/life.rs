//! From the container's creation to its end.

use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::StopContainerOptionsBuilder;
use futures_util::StreamExt;
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::timeline::What;
use tokio::sync::{mpsc, oneshot};

use super::container::{Container, start};
use super::going::{Going, Leaving};
use super::log::{Tail, follow, matters, without_time};
use super::ready::{answers, condition, says_so};
use super::volume::Volume;
use crate::docker::service::Docker;
use crate::program::address_of;

/// Seconds between SIGTERM and SIGKILL.
const STOP: i32 = 10;
/// How long the rest of the output may take after the end.
const REST: Duration = Duration::from_millis(500);
/// Exit code where the engine could not even start the program, as a shell has it for a program that cannot be run.
pub(super) const NOT_STARTED: i32 = 126;

/// What a service has of its task.
pub(in crate::docker) struct Home {
    /// Where its data lie.
    pub(in crate::docker) volume: Arc<Volume>,
    /// The task's memory in MB, where it has a limit.
    pub(in crate::docker) memory: Option<u32>,
}

/// Runs a service to its end.
pub(in crate::docker) async fn live(
    docker: Docker,
    spec: ServiceSpec,
    home: Home,
    events: mpsc::Sender<ServiceEvent>,
    stop: oneshot::Receiver<()>,
) {
    let address = address_of(&spec);
    // Who started it may be gone; then nobody wants to know.
    let _ = events.send(ServiceEvent::Started).await;
    docker.going.gone(&address).await;
    let container = match start(&docker, &spec, &home).await {
        Ok(container) => Some(container),
        Err(message) => {
            let _ = events.send(ServiceEvent::Exited { code: NOT_STARTED, message }).await;
            return;
        }
    };
    let held = Held { container, going: docker.going.clone(), address, _volume: home.volume };
    let Some(id) = held.container.as_ref().map(|container| container.id().to_owned()) else { return };
    let what = What::Waiting { for_what: condition(&spec).to_owned() };
    docker.recorder.record(spec.kind(), None, what);
    let mut end = watch(&docker, &spec, &id, &events, stop).await;
    if let (ServiceEvent::Exited { message, .. }, Some(limit)) = (&mut end, out_of_memory(&docker, &id).await)
    {
        *message = format!("killed: it needed more than the {limit} MB of memory of its task");
    }
    // The port is free and the container gone before anybody hears of the end.
    drop(held);
    let _ = events.send(end).await;
}

/// What a run holds. Dropping it is the kill: the container is removed, and then the volume may go.
struct Held {
    container: Option<Container>,
    going: Going,
    address: String,
    _volume: Arc<Volume>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let _leaving: Leaving = self.going.note(&self.address);
        self.container.take();
    }
}

/// Tells what becomes of the container, and returns its end.
async fn watch(
    docker: &Docker,
    spec: &ServiceSpec,
    id: &str,
    events: &mpsc::Sender<ServiceEvent>,
    stop: oneshot::Receiver<()>,
) -> ServiceEvent {
    let mut lines = follow(&docker.engine, id);
    let mut tail = Tail::default();
    let serves = answers(docker, spec);
    let exited = exited(docker, id);
    let asked = asked(stop);
    tokio::pin!(serves, exited, asked);
    let (mut ready, mut stopping, mut open) = (false, false, true);
    let code = loop {
        let serving = tokio::select! {
            code = &mut exited => break code,
            line = lines.recv(), if open => match line {
                Some(line) => {
                    hear(&mut tail, &line, events);
                    says_so(spec, &line)
                }
                None => {
                    open = false;
                    false
                }
            },
            () = &mut serves, if !ready => true,
            () = &mut asked, if !stopping => {
                stopping = true;
                ask_to_stop(docker, id);
                false
            }
        };
        if serving && !std::mem::replace(&mut ready, true) {
            let _ = events.send(ServiceEvent::Ready).await;
        }
    };
    let rest = async {
        while let Some(line) = lines.recv().await {
            hear(&mut tail, &line, events);
        }
    };
    let _ = tokio::time::timeout(REST, rest).await;
    if stopping {
        return ServiceEvent::Exited { code, message: String::new() };
    }
    for line in tail.lines().filter(|line| !matters(line)) {
        let _ = events.try_send(ServiceEvent::Log(without_time(line).to_owned()));
    }
    ServiceEvent::Exited { code, message: tail.last_words() }
}

/// Keeps a line, and passes it on if it matters. A log must not hold its program up: what does not fit is dropped.
fn hear(tail: &mut Tail, line: &str, events: &mpsc::Sender<ServiceEvent>) {
    tail.push(line);
    if matters(line) {
        let _ = events.try_send(ServiceEvent::Log(without_time(line).to_owned()));
    }
}

/// SIGTERM, and SIGKILL if that does not help.
pub(super) fn ask_to_stop(docker: &Docker, id: &str) {
    let (engine, id) = (docker.engine.clone(), id.to_owned());
    tokio::spawn(async move {
        let options = StopContainerOptionsBuilder::new().t(STOP).build();
        // It may have ended by itself in the meantime: the wait tells.
        let _ = engine.docker().stop_container(&id, Some(options)).await;
    });
}

/// The exit code, when there is one.
pub(super) async fn exited(docker: &Docker, id: &str) -> i32 {
    loop {
        let mut end = docker.engine.docker().wait_container(id, None);
        let code = match end.next().await {
            Some(Ok(answer)) => answer.status_code,
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            // Removed by somebody else: as if killed.
            Some(Err(Error::DockerResponseServerError { status_code: 404, .. })) => 137,
            Some(Err(_)) | None => {
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        return i32::try_from(code).unwrap_or(1);
    }
}

/// The container's limit in MB, if the kernel has killed it for memory.
pub(super) async fn out_of_memory(docker: &Docker, id: &str) -> Option<i64> {
    let container = docker.engine.docker().inspect_container(id, None).await.ok()?;
    container.state?.oom_killed.filter(|killed| *killed)?;
    container.host_config?.memory.map(|bytes| bytes >> 20)
}

/// Returns when the service is to stop; never, if whoever could say so is gone.
pub(super) async fn asked(stop: oneshot::Receiver<()>) {
    if stop.await.is_err() {
        std::future::pending::<()>().await;
    }
}
