//! Looks at everything that a stack has brought up, for the snapshot.

use std::collections::BTreeMap;

use stacklab_live::Recorder;

use super::step;
use crate::input::StackInput;
use crate::lab::Lab;
use crate::observe::{Subjects, look};
use crate::places::Places;
use crate::redact::{Redactor, ports_in};
use crate::traffic::Workload;

/// Looks at everything; gives the frameworks' APIs.
pub(super) async fn observe(
    lab: &Lab,
    input: &StackInput,
    workload: &Workload,
    recorder: &Recorder,
) -> Vec<(String, String)> {
    let places = Places::of(lab, recorder);
    let kinds: BTreeMap<&str, &str> = input
        .stack
        .applications
        .values()
        .map(|application| (application.id.as_str(), application.kind.as_str()))
        .collect();
    let subjects = Subjects {
        marathon: lab.addresses().marathon.clone(),
        master: lab.addresses().master.clone(),
        frameworks: places.frameworks(&kinds).await,
        zookeepers: places.zookeepers.clone(),
        brokers: places.brokers.clone(),
        cassandra: places.cassandra.clone(),
        query: places.query.clone(),
        web: places.web.clone(),
        expectation: workload.expectation.clone(),
    };
    let looking = async {
        look(&subjects, recorder).await;
        Ok::<(), std::convert::Infallible>(())
    };
    let _ = step(recorder, "look at everything", looking).await;
    subjects.frameworks
}

/// Knows the names and numbers of this lab.
pub(super) fn redactor(lab: &Lab, input: &StackInput) -> Redactor {
    let mut redactor = Redactor::new();
    let addresses = lab.addresses();
    for agent in &addresses.agents {
        // Which agent a task lands on is the allocator's choice: not shown.
        redactor.host(agent, "<agent>");
    }
    let lab = addresses.zookeeper.split(':').next().unwrap_or_default();
    redactor.host(lab, "<lab>");
    for own in [&addresses.kafka, &addresses.cassandra].into_iter().flatten() {
        redactor.host(own.split(':').next().unwrap_or_default(), "<platform>");
    }
    redactor.fixed_ports(ports_in(&input.text));
    redactor
}
