//! A task's own image, from the pull to the container's end.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::PortBinding;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;
use stacklab_machine::service::ServiceEvent;
use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerRequest, GenericImage, ImageExt};
use tokio::sync::{mpsc, oneshot};

use super::container::{Container, LIMIT, MB, name_and_tag};
use super::life::{NOT_STARTED, ask_to_stop, asked, exited, out_of_memory};
use super::log::{Tail, follow, without_time};
use crate::docker::service::Docker;
use crate::docker::{SERVICE, TASK};
use crate::image::ImageTask;

/// How long a pull may take.
const PULL: Duration = Duration::from_secs(10 * 60);
/// How long the rest of the output may take after the end.
const REST: Duration = Duration::from_millis(500);

/// Runs it to its end; the last event says how it ended.
pub(in crate::docker) async fn image(
    docker: Docker,
    task: ImageTask,
    events: mpsc::Sender<ServiceEvent>,
    stop: oneshot::Receiver<()>,
) {
    let end = match start(&docker, &task).await {
        Ok(container) => {
            // Who started it may be gone; then nobody wants to know.
            let _ = events.send(ServiceEvent::Started).await;
            let end = watch(&docker, container.id(), &events, stop).await;
            // Gone before anybody hears of the end.
            drop(container);
            end
        }
        Err(message) => ServiceEvent::Exited { code: NOT_STARTED, message },
    };
    let _ = events.send(end).await;
}

async fn start(docker: &Docker, task: &ImageTask) -> Result<Container, String> {
    let engine = docker.engine.docker();
    let is_there = engine.inspect_image(&task.image).await.is_ok();
    if task.force_pull || !is_there {
        pull(docker, &task.image).await?;
    }
    let request = request(docker, task)?;
    // Goes on to its end even if nobody waits for it any more: then it is removed at once.
    let starting = tokio::spawn(async move { request.start().await.map_err(|why| why.to_string()) });
    starting.await.unwrap_or_else(|why| Err(why.to_string()))
}

async fn pull(docker: &Docker, image: &str) -> Result<(), String> {
    let (name, tag) = name_and_tag(image);
    let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
    let pulling =
        docker.engine.docker().create_image(Some(options), None, None).try_for_each(async |_| Ok(()));
    let failed = |why: String| format!("the image {image} cannot be pulled: {why}");
    match tokio::time::timeout(PULL, pulling).await {
        Ok(pulled) => pulled.map_err(|why| failed(why.to_string())),
        Err(_) => Err(failed(format!("not done after {} s", PULL.as_secs()))),
    }
}

fn request(docker: &Docker, task: &ImageTask) -> Result<ContainerRequest<GenericImage>, String> {
    let (name, tag) = name_and_tag(&task.image);
    let mut image = GenericImage::new(name, tag).with_wait_for(WaitFor::Nothing);
    let mut bindings = HashMap::new();
    for (inside, outside, protocol) in &task.ports {
        let port = match protocol.as_str() {
            "tcp" => inside.tcp(),
            "udp" => inside.udp(),
            other => return Err(format!("the image {} is not run with ports of {other}", task.image)),
        };
        image = image.with_exposed_port(port);
        let binding =
            PortBinding { host_ip: Some(task.address.clone()), host_port: Some(outside.to_string()) };
        bindings.insert(format!("{inside}/{protocol}"), Some(vec![binding]));
    }
    let mut command = task.command.clone();
    if task.shell {
        image = image.with_entrypoint("/bin/sh");
        command.insert(0, "-c".to_owned());
    }
    let memory = task.memory.map(|memory| i64::from(memory) * MB);
    let mut request = ContainerRequest::from(image)
        .with_labels(docker.owner.labels())
        .with_label(SERVICE, "task")
        .with_label(TASK, task.task.as_str())
        .with_startup_timeout(LIMIT)
        .with_host_config_modifier(move |host| {
            (host.memory, host.memory_swap) = (memory, memory);
            host.publish_all_ports = Some(false);
            host.port_bindings = Some(bindings.clone());
        });
    if !command.is_empty() {
        request = request.with_cmd(command);
    }
    if task.host_network {
        request = request.with_network("host");
    }
    for (name, value) in &task.environment {
        request = request.with_env_var(name, value);
    }
    Ok(request)
}

/// Passes on every line, and returns how the container ended.
async fn watch(
    docker: &Docker,
    id: &str,
    events: &mpsc::Sender<ServiceEvent>,
    stop: oneshot::Receiver<()>,
) -> ServiceEvent {
    let (mut lines, mut tail) = (follow(&docker.engine, id), Tail::default());
    let (exited, asked) = (exited(docker, id), asked(stop));
    tokio::pin!(exited, asked);
    let (mut stopping, mut open) = (false, true);
    let mut hear = |line: &str| {
        tail.push(line);
        // A log must not hold its program up: what does not fit is dropped.
        let _ = events.try_send(ServiceEvent::Log(without_time(line).to_owned()));
    };
    let code = loop {
        tokio::select! {
            code = &mut exited => break code,
            line = lines.recv(), if open => match line {
                Some(line) => hear(&line),
                None => open = false,
            },
            () = &mut asked, if !stopping => {
                stopping = true;
                ask_to_stop(docker, id);
            }
        }
    };
    let rest = async {
        while let Some(line) = lines.recv().await {
            hear(&line);
        }
    };
    let _ = tokio::time::timeout(REST, rest).await;
    let message = match out_of_memory(docker, id).await {
        Some(limit) => format!("killed: it needed more than the {limit} MB of memory of its task"),
        None if code == 0 || stopping => String::new(),
        None => tail.last_words(),
    };
    ServiceEvent::Exited { code, message }
}
