//! Sends a scenario's traces through what was deployed, and finds them again.

use std::time::Duration;

use stacklab_live::{Part, Recorder};
use stacklab_machine::timeline::Stage;
use stacklab_stack::Task;
use stacklab_traces::Readback;

use super::step;
use crate::backing::Backing;
use crate::input::StackInput;
use crate::lab::Lab;
use crate::places::Places;
use crate::report::running;
use crate::scenario::{Expect, Scenario};
use crate::traffic::{Brokers, KafkaError, ReadBack, Workload, read_back, wait_for_produced};

/// How long the last span may take from the broker to the query service.
const TRACES_LIMIT: Duration = Duration::from_secs(30);
/// The same where the real services do it, on a machine that may be busy with starting others.
const REAL_TRACES_LIMIT: Duration = Duration::from_secs(120);
/// The same for spans that are expected to be lost.
const LOST_TRACES_LIMIT: Duration = Duration::from_millis(800);
/// How long services may take to serve that were started with the last steps of the stack: a framework says that Zipkin
/// runs as soon as its process is there.
const SERVING_LIMIT: Duration = Duration::from_secs(180);
/// Spans that the real Zipkin is sent at a time.
const PORTION: usize = 50;

/// Waits until every service serves that runs.
pub(super) async fn serving(recorder: &Recorder) -> Result<(), String> {
    let missing = || -> Vec<String> {
        let (_, services) = recorder.with(|timeline| running(timeline.events()));
        let waiting = services.into_iter().filter(|service| !service.ready);
        waiting.map(|service| format!("{} on {}", service.service, service.address)).collect()
    };
    if missing().is_empty() {
        return Ok(());
    }
    let mut length = recorder.watch();
    let waiting = async {
        let all = async {
            while !missing().is_empty() {
                if length.changed().await.is_err() {
                    return;
                }
            }
        };
        let in_time = tokio::time::timeout(SERVING_LIMIT, all).await;
        in_time.map_err(|_| {
            format!("after {} s there does not serve: {}", SERVING_LIMIT.as_secs(), missing().join(", "))
        })
    };
    step(recorder, "wait until everything serves", waiting).await
}

/// Sends the scenario's traces and finds them again.
pub(super) async fn traces(
    lab: &Lab,
    scenario: &Scenario,
    backing: &Backing,
    input: &StackInput,
    workload: &Workload,
) -> Result<(), String> {
    let recorder = lab.recorder();
    let Some(spec) = &scenario.traces else { return Ok(()) };
    let places = Places::of(lab, recorder);
    if places.brokers.is_empty() {
        // A stack without Kafka has nowhere to send them.
        let wanted = input.stack.applications.values().any(|app| app.kind.starts_with("kafka-mesos"));
        let none = || Err("no broker serves that the spans could be sent to".to_owned());
        return if wanted { none() } else { Ok(()) };
    }
    let topic = spec.topic.clone().or_else(|| topic_of(input)).unwrap_or_else(|| "zipkin".to_owned());
    let brokers = Brokers::at(&places.brokers);
    let mut seen = Readback::new(&workload.messages);
    let place = places.query.clone().map(|query| ReadBack {
        query,
        cassandra: places.cassandra.clone(),
        brokers: brokers.clone(),
        topic: topic.clone(),
        zookeeper: places.kafka_zookeeper.clone(),
        limit: limit(scenario, backing),
    });
    let waits = place.as_ref().filter(|_| backing.real().contains(&Part::Zipkin));
    let sending = send(&brokers, &topic, workload, &mut seen, waits);
    let sent =
        step(recorder, &format!("send {} spans to topic {topic}", workload.messages.len()), sending).await;
    sent.map_err(|why| why.to_string())?;
    let Some(place) = place else {
        if tasks_of_type(input, "query").next().is_some() {
            return Err("no query service serves that the spans could be asked of".to_owned());
        }
        return step(recorder, "read the topic back", in_log(&brokers, &topic, &mut seen)).await;
    };
    let reading = async {
        read_back(&place, workload, &mut seen, recorder).await;
        if seen.is_complete() {
            return Ok(());
        }
        let missing = seen.missing().count();
        Err(format!("{missing} of {} spans were not found again", seen.total()))
    };
    step(recorder, "read the traces back", reading).await
}

/// How long the last span may take. Where they are to be lost nobody waits for long: nothing is proved by it, as the
/// cause has to be the one that is expected.
fn limit(scenario: &Scenario, backing: &Backing) -> Duration {
    match (&scenario.expect, backing.real().is_empty()) {
        (Expect::Failed(_), true) => LOST_TRACES_LIMIT,
        (Expect::Deployed, true) => TRACES_LIMIT,
        (_, false) => REAL_TRACES_LIMIT,
    }
}

/// Sends the workload: all at once, or, where `waits` says where to look, in portions that are answered one after
/// the other. Zipkin 1.14.1 gives up what its pool of connections to Cassandra does not take at once (256 waiting
/// statements), which a burst of some hundred spans comes to on a small machine.
async fn send(
    brokers: &Brokers,
    topic: &str,
    workload: &Workload,
    seen: &mut Readback,
    waits: Option<&ReadBack>,
) -> Result<(), KafkaError> {
    let portion = if waits.is_some() { PORTION } else { workload.messages.len().max(1) };
    for (nth, messages) in workload.messages.chunks(portion).enumerate() {
        if let Some(place) = waits.filter(|_| nth > 0) {
            wait_for_produced(place, workload, seen).await;
        }
        let first = nth * portion;
        let delivered = |index| seen.produced(stacklab_traces::MessageId(first + index));
        brokers.produce(topic, messages, delivered).await?;
    }
    Ok(())
}

/// A stack without Zipkin: whether the brokers have all messages.
async fn in_log(brokers: &Brokers, topic: &str, seen: &mut Readback) -> Result<(), String> {
    for (_, _, value) in brokers.read_all(topic).await.map_err(|why| why.to_string())? {
        seen.in_log(&value);
    }
    let (found, total) = (seen.reached(Stage::InLog), seen.total());
    if found == total { Ok(()) } else { Err(format!("{found} of {total} messages are in topic {topic}")) }
}

/// The collector's topic, as the stack file has it.
fn topic_of(input: &StackInput) -> Option<String> {
    let env = tasks_of_type(input, "collector").filter_map(|task| task.parameters.get("env"));
    env.flat_map(|env| env.split(',')).find_map(|pair| pair.strip_prefix("KAFKA_TOPIC=").map(str::to_owned))
}

fn tasks_of_type<'i>(input: &'i StackInput, kind: &'static str) -> impl Iterator<Item = &'i Task> {
    let tasks = input.stack.applications.values().flat_map(|application| &application.tasks);
    tasks.filter(move |task| task.parameters.get("type").is_some_and(|found| found == kind))
}
