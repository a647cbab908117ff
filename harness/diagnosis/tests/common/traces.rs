//! Stories of platforms that are deployed, and of spans that do not come through.

use stacklab_machine::timeline::What;

use super::Story;
use super::stories::ZK;

/// Everything is deployed; the collector was added with this env. Its application.
fn deployed(story: &mut Story, env: &str) -> String {
    let (app, kafka) = (story.name("zipkin"), story.name("kafka"));
    story.usual_agents();
    story.begin();
    story.create(&kafka);
    let options = "--zk z:2181/kafka --storage zk:/kafka-mesos";
    story.scheduler(&format!("{kafka}-mesos"), options, ZK, None);
    story.state(&kafka, "running", "");
    story.up(&app, "zipkin");
    let add = format!("/api/collector/add?id={}&env={}", story.id, env.replace('/', "%2F"));
    story.good(&app, &add);
    story.state(&app, "running", "");
    story.finish(None);
    let collector = format!("zipkin-collector-{}", story.id);
    story.log(&collector, "started");
    app
}

const GOOD_ENV: &str = "KAFKA_ZOOKEEPER%3Dz:2181/kafka,KAFKA_TOPIC%3Dzipkin";

pub(super) fn wrong_chroot(story: &mut Story) {
    deployed(story, "KAFKA_ZOOKEEPER%3Dz:2181");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

pub(super) fn no_kafka_zookeeper(story: &mut Story) {
    deployed(story, "KAFKA_TOPIC%3Dzipkin");
    let collector = format!("zipkin-collector-{}", story.id);
    story.log(&collector, "KAFKA_ZOOKEEPER is not set: no spans are consumed");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

pub(super) fn two_collectors(story: &mut Story) {
    deployed(story, GOOD_ENV);
    let collector = format!("zipkin-collector-{}", story.id);
    story.log(&collector, "conflict in /consumers/zipkin/ids/zipkin_zipkin data: {} stored data: {}");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

pub(super) fn topics(story: &mut Story) {
    deployed(story, GOOD_ENV);
    story.sent("spans", 10, 10);
    story.not_found();
}

pub(super) fn undecodable(story: &mut Story) {
    deployed(story, GOOD_ENV);
    let collector = format!("zipkin-collector-{}", story.id);
    story.log(&collector, "Cannot decode spans due to IllegalArgumentException(x)");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

pub(super) fn not_delivered(story: &mut Story) {
    deployed(story, GOOD_ENV);
    story.sent("zipkin", 4, 4);
    story.not_found();
}

pub(super) fn web(story: &mut Story) {
    let app = deployed(story, GOOD_ENV);
    story.good(&app, "/api/web/add?id=0&flags=zipkin.web.query.dest%3Dhttp://q:31000");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

pub(super) fn broker_timeout(story: &mut Story) {
    let (app, kafka) = (story.name("zipkin"), story.name("kafka"));
    story.usual_agents();
    story.begin();
    let framework = story.up(&kafka, "kafka");
    let (name, instance) = (format!("broker-{}", story.id), format!("broker {}", story.id));
    story.instance(&kafka, &instance, "stopped", "starting");
    let task = story.launch(&name, &framework, 1, "cpus:0.5; ports:[31250-31250]");
    story.fetch(&task);
    story.pass(600);
    let text = format!("{kafka}: {instance} did not start within 10m, and Stack Deploy went on");
    story.note("stack-deploy", What::Warned { text });
    story.state(&kafka, "running", "");
    story.up(&app, "zipkin");
    story.fail(&app, "Start collector instance(s) 0 timed out after 60 seconds");
}

/// All is well: the whole way of a deployment, with the refusals and waits that belong to it.
pub(crate) fn healthy(story: &mut Story) {
    let (kafka, dse) = (story.name("kafka"), story.name("dse"));
    story.usual_agents();
    story.begin();
    let framework = story.up(&kafka, "kafka");
    story.good(&kafka, "/api/broker/add?broker=70&port=31250");
    story.refuse(&kafka, &format!("broker {}", story.id), "no suitable port", 1, "cpus:4 ports:31000..31100");
    let instance = format!("broker {}", story.id);
    story.instance(&kafka, &instance, "stopped", "starting");
    let task = story.launch(&format!("broker-{}", story.id), &framework, 2, "ports:[31250-31250]");
    story.fetch(&task);
    story.pass(20);
    story.fetched(&task);
    story.status(&task, "TASK_RUNNING", "", "");
    story.instance(&kafka, &instance, "starting", "running");
    story.state(&kafka, "running", "");
    story.up(&dse, "dse");
    story.refused(&dse, "", "no nodes to start", 4);
    story.state(&dse, "running", "");
    story.finish(None);
    story.sent("zipkin", 10, 10);
    story.note("lab", What::StepFinished { step: "read the traces back".into(), error: None });
    story.note("lab", What::Verdict { passed: true, text: "deployed, and all traces found".into() });
}
