//! What a program's host says of services, files and nodes.

use std::collections::BTreeMap;

use stacklab_machine::process::ZkOp;
use stacklab_machine::service::{ServiceEvent, ServiceSpec};
use stacklab_machine::timeline::{EventId, What};

use super::Place;

/// The node that an operation is about.
pub(super) fn path_of(op: &ZkOp) -> &str {
    match op {
        ZkOp::Create { path, .. }
        | ZkOp::Put { path, .. }
        | ZkOp::Set { path, .. }
        | ZkOp::Get { path }
        | ZkOp::Children { path }
        | ZkOp::Delete { path, .. } => path,
    }
}

/// What a system says of a write for which there is no room.
pub(super) fn no_space(path: &str) -> String {
    format!("{path}: No space left on device")
}

/// Notes what becomes of a service.
pub(super) fn note_service(
    place: &Place,
    spec: &ServiceSpec,
    event: &ServiceEvent,
    cause: Option<EventId>,
) -> Option<EventId> {
    let (task, service, address) = (place.task.clone(), spec.kind().to_owned(), address_of(spec));
    let what = match event {
        ServiceEvent::Started => What::ServiceStarted { task, service, address },
        ServiceEvent::Ready => What::ServiceReady { task, service, address },
        // Its program writes it into its own log, once.
        ServiceEvent::Log(_) => return cause,
        ServiceEvent::Exited { code, message } => {
            What::ServiceExited { task, service, code: *code, message: message.clone() }
        }
    };
    Some(place.recorder.record(&place.name, cause, what))
}

/// The address that clients of a service use, as far as its configuration says.
pub fn address_of(spec: &ServiceSpec) -> String {
    let of = |map: &BTreeMap<String, String>, key: &str| map.get(key).cloned().unwrap_or_default();
    match spec {
        ServiceSpec::ZooKeeper(spec) => format!("{}:{}", spec.host, spec.client_port),
        ServiceSpec::Kafka(spec) => {
            format!("{}:{}", of(&spec.properties, "host.name"), of(&spec.properties, "port"))
        }
        ServiceSpec::Cassandra(spec) => format!("{}:{}", spec.address, spec.cql_port),
        ServiceSpec::Zipkin(spec) => {
            use stacklab_machine::service::ZipkinRole;
            let port = match spec.role {
                ZipkinRole::Collector => of(&spec.env, "COLLECTOR_PORT"),
                ZipkinRole::Query => of(&spec.env, "QUERY_PORT"),
                ZipkinRole::Web => of(&spec.flags, "zipkin.web.port").trim_start_matches(':').to_owned(),
            };
            format!("{}:{port}", spec.host)
        }
    }
}
