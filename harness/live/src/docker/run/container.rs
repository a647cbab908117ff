//! Creates a container and starts it.

use std::sync::Arc;
use std::time::Duration;

use stacklab_machine::service::ServiceSpec;
use testcontainers::core::{Mount, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt};

use super::life::Home;
use crate::docker::config::{CONF, DATA, Setup, cassandra, kafka, zipkin, zookeeper};
use crate::docker::service::{Docker, image_of};
use crate::docker::{Image, SERVICE, TASK};
use crate::program::address_of;

/// Where an image keeps its program: jars, and unpacked classes before them.
const CLASSES: &str = "/opt/stacklab/classes:/opt/stacklab/lib/*";
/// Nobody: no program needs more than to read its jars and to write its data.
const USER: &str = "65534:65534";
/// How long the engine may take to start a container; what is in it is awaited elsewhere.
pub(super) const LIMIT: Duration = Duration::from_secs(60);
pub(super) const MB: i64 = 1 << 20;

/// A started container, which is removed when this is dropped.
pub(super) type Container = ContainerAsync<GenericImage>;

/// The files, environment and flags of a service.
fn setup(spec: &ServiceSpec) -> Setup {
    match spec {
        ServiceSpec::ZooKeeper(spec) => zookeeper(spec),
        ServiceSpec::Kafka(spec) => kafka(spec),
        ServiceSpec::Cassandra(spec) => cassandra(spec),
        ServiceSpec::Zipkin(spec) => zipkin(spec),
    }
}

const fn main_class(image: Image) -> &'static str {
    match image {
        Image::ZooKeeper => "org.apache.zookeeper.server.quorum.QuorumPeerMain",
        Image::Kafka => "kafka.Kafka",
        Image::Cassandra => "org.apache.cassandra.service.CassandraDaemon",
        Image::Zipkin => "zipkin.server.ZipkinServer",
    }
}

/// Starts a service's container. Goes on to its end even if nobody waits for it any more: then it is removed at once.
///
/// # Errors
/// The engine's words.
pub(super) async fn start(docker: &Docker, spec: &ServiceSpec, home: &Home) -> Result<Container, String> {
    let image = image_of(spec);
    let reference = docker.images.reference(image).ok_or_else(|| format!("there is no image for {image}"))?;
    let request = request(docker, spec, reference, home);
    let volume = Arc::clone(&home.volume);
    let starting = tokio::spawn(async move {
        volume.make().await.map_err(|why| why.to_string())?;
        request.start().await.map_err(|why| why.to_string())
    });
    starting.await.unwrap_or_else(|why| Err(why.to_string()))
}

/// A reference's tag comes after the last colon, unless that is a registry's port.
pub(super) fn name_and_tag(reference: &str) -> (&str, &str) {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (reference, "latest"),
    }
}

fn request(
    docker: &Docker,
    spec: &ServiceSpec,
    reference: &str,
    home: &Home,
) -> ContainerRequest<GenericImage> {
    let setup = setup(spec);
    let (name, tag) = name_and_tag(reference);
    // As a task has it; what belongs to no task gets what it needs.
    let memory = i64::from(home.memory.unwrap_or(setup.memory)) * MB;
    let mut command = vec!["-cp".to_owned(), format!("{CONF}:{CLASSES}")];
    command.extend(setup.java);
    command.push(main_class(image_of(spec)).to_owned());
    command.extend(setup.arguments);
    let address = address_of(spec);
    // What programs say of themselves is what they would say on the agent: its name is its address.
    let host = address.split(':').next().unwrap_or_default();
    let mut request = GenericImage::new(name, tag)
        .with_wait_for(WaitFor::Nothing)
        .with_entrypoint("java")
        .with_cmd(command)
        .with_network("host")
        .with_hostname(host)
        .with_user(USER)
        .with_labels(docker.owner.labels())
        .with_label(SERVICE, spec.kind())
        .with_label(TASK, address.as_str())
        .with_mount(Mount::volume_mount(home.volume.name(), DATA))
        .with_startup_timeout(LIMIT)
        .with_cap_drop("ALL")
        .with_host_config_modifier(move |host| {
            host.memory = Some(memory);
            host.memory_swap = Some(memory);
            host.publish_all_ports = Some(false);
            host.init = Some(false);
        });
    for (name, value) in setup.env {
        request = request.with_env_var(name, value);
    }
    for (path, text) in setup.files {
        request = request.with_copy_to(path, text.into_bytes());
    }
    request
}
