//! For each cause a story in which it is the innermost one.

use stacklab_machine::timeline::What;

use super::Story;

/// A story: the cause that it plants, and who tells it.
pub(crate) type Told = (u16, fn(&mut Story));

/// All of them.
pub(crate) const STORIES: &[Told] = &[
    (1, leftover_znode),
    (2, servers_already_exist),
    (3, not_torn_down),
    (4, broker_already_exists),
    (5, broker_id_registered),
    (6, state_lost),
    (7, two_schedulers),
    (8, parent_missing),
    (9, not_json),
    (10, memory),
    (10, memory_of_a_scheduler),
    (11, cpus),
    (12, unique),
    (12, unique_by_port),
    (13, attribute),
    (14, constraint),
    (15, sticky),
    (16, port_held),
    (17, port_outside),
    (18, port_taken_outside),
    (19, role_reserved),
    (20, admin_port),
    (21, one_node_starting),
    (30, slow_artifact),
    (31, slow_and_again),
    (32, broker_timeout),
    (33, bad_duration),
    (34, idle_sibling),
    (35, no_configtype),
    (36, shared_key),
    (37, never_serves),
    (38, wrong_chroot),
    (39, platform_zookeeper),
    (40, artifact_missing),
    (41, heap),
    (42, cassandra_dies),
    (43, before_cassandra),
    (44, comma),
    (45, no_kafka_zookeeper),
    (46, two_collectors),
    (47, topics),
    (48, undecodable),
    (49, staging),
    (50, rescinded),
    (51, exhausted),
    (52, crash_loop),
    (53, reconciling),
    (54, backoff),
    (55, master),
    (56, agent_lost),
    (57, web),
    (58, cannot_bind),
    (59, runs_already),
    (60, app_exists),
    (61, |story| refused(story, "applications depend on each other: a -> b -> a")),
    (62, |story| refused(story, "kafka depends on exhibitor, which is the id of no application")),
    (63, unresolved),
    (64, literally),
    (65, |story| refused(story, "Invalid application kafka: No task runner available for application")),
    (66, |story| {
        refused(story, "Get \"http://m:8080/v2/info\": dial tcp m:8080: connect: connection refused")
    }),
    (67, |story| refused(story, "Get \"http://m:5050/master/state.json\": EOF")),
    (68, not_delivered),
    (69, no_json),
    (70, |story| refused(story, "stack x has no applications")),
    (70, added_twice),
    (71, reply_lost),
    (72, disk_full),
    (73, corrupt),
];

fn refused(story: &mut Story, error: &str) {
    story.usual_agents();
    story.begin();
    story.finish(Some(error));
}

const ZK: &str = "zk:platform:2181/exhibitor-mesos";

fn leftover_znode(story: &mut Story) {
    let app = story.name("exhibitor");
    story.usual_agents();
    let old = story.name("OLD");
    let name = story.name("exhibitor");
    story.note(
        "mesos-master",
        What::FrameworkRemoved { framework: old.clone(), name, cause: "teardown".into() },
    );
    story.begin();
    story.create(&app);
    for _ in 0..3 {
        let task = story.scheduler(&app, "", ZK, Some(&old));
        let (framework, name) = (old.clone(), story.name("exhibitor"));
        let message = "Framework has been removed".to_owned();
        story.note("mesos-master", What::FrameworkRefused { framework, name, message });
        story.log(&app, "[error] Framework has been removed");
        story.status(&task, "TASK_FAILED", "", "Command exited with status 1");
        story.note("marathon", What::LaunchDelayed { app: format!("/{app}"), delay_ms: 1000 });
    }
    story.fail(&app, "Failed to await until the task is running and healthy within 600 retries");
}

/// The call that adds is told that there is one.
fn told_it_exists(story: &mut Story, app: &str, path: &str, status: u16, said: &str, error: &str) {
    let old = story.name("OLD");
    story.begin();
    story.create(app);
    story.scheduler(app, "", ZK, Some(&old));
    story.subscribe(app, "exhibitor", Some(&old));
    story.serves(app);
    story.call(app, path, status, said, Some(error));
    story.fail(app, error);
}

fn servers_already_exist(story: &mut Story) {
    let app = story.name("exhibitor");
    story.usual_agents();
    let said = "{\"success\":false,\"message\":\"Servers 70 already exist\"}";
    told_it_exists(story, &app, "/api/add?id=70&port=31150", 200, said, "Servers 70 already exist");
}

fn broker_already_exists(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    let said = "{\"error\" : \"Broker 70 already exists\"}";
    let error = "Response returned with status code 400";
    told_it_exists(story, &app, "/api/broker/add?broker=70", 400, said, error);
}

fn not_torn_down(story: &mut Story) {
    let app = story.name("exhibitor");
    story.usual_agents();
    let old = story.scheduler(&app, "", ZK, None);
    let framework = story.subscribe(&app, "exhibitor", None);
    story.launch("exhibitor-70", &framework, 1, "cpus:0.1; ports:[31150-31150]");
    story.status(&old, "TASK_KILLED", "", "");
    let name = story.name("exhibitor");
    story.note("mesos-master", What::FrameworkDisconnected { framework, name });
    story.note("lab", What::ZnodeDeleted { server: "platform".into(), path: "/exhibitor-mesos".into() });
    starved_of_a_port(
        story,
        &app,
        ZK,
        "exhibitor",
        "server 70",
        "no suitable port",
        "/api/add?id=70&port=31150",
    );
}

fn state_lost(story: &mut Story) {
    let app = story.name("dse");
    story.usual_agents();
    story.scheduler(&app, "", "file:dse-mesos.json", None);
    let framework = story.subscribe(&app, "dse", None);
    story.launch("cassandra-70", &framework, 1, "cpus:0.1; ports:[31100-31100]");
    let name = story.name("dse");
    story.note("mesos-master", What::FrameworkDisconnected { framework, name });
    let add = "/api/node/add?node=70&cqlPort=31100";
    starved_of_a_port(story, &app, "file:dse-mesos.json", "dse", "node 70", "no suitable cql port", add);
}

fn starved_of_a_port(
    story: &mut Story,
    app: &str,
    storage: &str,
    framework: &str,
    instance: &str,
    reason: &str,
    add: &str,
) {
    story.begin();
    story.create(app);
    story.scheduler(app, "", storage, None);
    story.subscribe(app, framework, None);
    story.serves(app);
    story.good(app, add);
    story.instance(app, instance, "Added", "Stopped");
    story.refused(app, instance, reason, 5);
    let start = add.replace("add", "start");
    let error = "timed out after 60 seconds";
    story.call(app, &start, 200, "", Some(error));
    story.fail(app, error);
}

/// A broker whose task ended with these words, until Stack Deploy gives up.
fn broker_fails(story: &mut Story, ends: impl Fn(&mut Story, &str, u32)) {
    let app = story.name("kafka");
    let (name, instance) = (format!("broker-{}", story.id), format!("broker {}", story.id));
    story.usual_agents();
    story.begin();
    let framework = story.up(&app, "kafka");
    let add = format!("/api/broker/add?broker={}&port=31250", story.id);
    story.good(&app, &add);
    for nth in 0..2 {
        story.instance(&app, &instance, "stopped", "starting");
        let task = story.launch(&name, &framework, 2, "cpus:0.5; mem:1024; ports:[31250-31250]");
        ends(story, &task, nth);
        story.instance(&app, &instance, "starting", "stopped");
        story.refuse(&app, &instance, "hostname != stickiness host", 1, "cpus:4");
    }
    story.instance(&app, &instance, "stopped", "starting");
    story.fail(&app, "Timed out");
}

fn broker_id_registered(story: &mut Story) {
    broker_fails(story, |story, task, _| {
        let name = format!("broker-{}", story.id);
        let message = "A broker is already registered on the path /brokers/ids/70";
        story.exited(&name, "kafka", "h:31250", message);
        story.status(task, "TASK_FAILED", "REASON_EXECUTOR_TERMINATED", "Executor terminated");
    });
}

fn port_taken_outside(story: &mut Story) {
    broker_fails(story, |story, task, _| {
        let (name, address) = (format!("broker-{}", story.id), format!("{}:31250", story.host(2)));
        let message = format!("Socket server failed to bind to {address}: Address already in use.");
        story.exited(&name, "kafka", &address, &message);
        story.status(task, "TASK_FAILED", "REASON_EXECUTOR_TERMINATED", "Executor terminated");
    });
}

fn cannot_bind(story: &mut Story) {
    broker_fails(story, |story, task, _| {
        let message = "Socket server failed to bind to slave1:31250: Cannot assign requested address.";
        let name = format!("broker-{}", story.id);
        story.exited(&name, "kafka", "slave1:31250", message);
        story.status(task, "TASK_FAILED", "REASON_EXECUTOR_TERMINATED", "Executor terminated");
    });
}

fn heap(story: &mut Story) {
    broker_fails(story, |story, task, _| {
        let reason = "REASON_CONTAINER_LIMITATION_MEMORY";
        story.status(task, "TASK_FAILED", reason, "Memory limit exceeded: Requested: 1024MB");
    });
}

fn rescinded(story: &mut Story) {
    broker_fails(story, |story, task, _| {
        let message = "Task launched with invalid offers: Offer O7 is no longer valid";
        story.status(task, "TASK_LOST", "REASON_INVALID_OFFERS", message);
    });
}

fn role_reserved(story: &mut Story) {
    broker_fails(story, |story, task, _| {
        let message = "Total resources cpus:0.5 required by task and its executor is more than available cpus:0.1; \
                       cpus(reservations: [(STATIC,batch)]):2";
        story.status(task, "TASK_ERROR", "REASON_TASK_INVALID", message);
    });
}

fn disk_full(story: &mut Story) {
    broker_fails(story, |story, task, _| {
        let name = format!("broker-{}", story.id);
        story.log(&name, "java.io.IOException: No space left on device");
        story.status(task, "TASK_FAILED", "REASON_EXECUTOR_TERMINATED", "Executor terminated");
    });
}

fn exhausted(story: &mut Story) {
    broker_fails(story, |story, task, nth| {
        story.status(task, "TASK_FAILED", "", "somebody ended it");
        if nth == 1 {
            let (app, id) = (story.name("kafka"), story.id);
            story.log(&app, &format!("Broker {id} failed 2/2, failure limit exceeded, deactivating broker"));
        }
    });
}

fn agent_lost(story: &mut Story) {
    broker_fails(story, |story, task, nth| {
        if nth == 1 {
            let (agent, host) = (story.name("S2"), story.host(2));
            story.status(task, "TASK_LOST", "REASON_AGENT_REMOVED", "Agent removed: health check timed out");
            let cause = "health check timed out".into();
            story.note("mesos-master", What::AgentLost { agent, host, cause });
        } else {
            story.status(task, "TASK_KILLED", "", "");
        }
    });
}

/// A scheduler that ends with a line, again and again.
fn scheduler_dies(story: &mut Story, storage: &str, line: &str) {
    let app = story.name("kafka");
    story.usual_agents();
    story.begin();
    story.create(&app);
    for _ in 0..3 {
        let task = story.scheduler(&app, &format!("--storage {storage}"), storage, None);
        story.log(&app, line);
        story.status(&task, "TASK_FAILED", "", "Command exited with status 1");
        story.note("marathon", What::LaunchDelayed { app: format!("/{app}"), delay_ms: 1000 });
    }
    story.fail(&app, "Failed to await until the task is running and healthy within 600 retries");
}

fn two_schedulers(story: &mut Story) {
    scheduler_dies(story, ZK, "[error] Framework failed over");
}

fn parent_missing(story: &mut Story) {
    scheduler_dies(story, "zk:/a/b", "cannot save the state: no node /a/b");
}

fn not_json(story: &mut Story) {
    scheduler_dies(story, ZK, "Error: cannot read the stored state: expected value at line 1 column 1");
}

fn platform_zookeeper(story: &mut Story) {
    scheduler_dies(story, ZK, "cannot reach ZooKeeper at platform:2181: connection refused");
}

fn backoff(story: &mut Story) {
    scheduler_dies(story, ZK, "nothing that anybody knows");
}

/// An instance that every agent refuses; nobody says anything more.
fn starved(story: &mut Story, instance: &str, add: &str, reason: &str) {
    let app = story.name("app");
    story.usual_agents();
    story.begin();
    story.up(&app, "framework");
    story.good(&app, add);
    story.instance(&app, instance, "Added", "Stopped");
    story.refused(&app, instance, reason, 5);
    story.give_up();
}

fn memory(story: &mut Story) {
    starved(story, "node 70", "/api/node/add?node=70&mem=40000", "mem < 40000");
}

fn memory_of_a_scheduler(story: &mut Story) {
    let app = story.name("app");
    story.usual_agents();
    story.begin();
    story.create(&app);
    let reason = "InsufficientMemory: wants 40000 MB, offered 16384 MB";
    story.refused("marathon", &format!("/{app}"), reason, 4);
    for event in &mut story.events {
        if let What::OfferDeclined { refusals, .. } = &mut event.what {
            refusals[0].reason = reason.to_owned();
        }
    }
    story.fail(&app, "Failed to await until the task is running and healthy within 600 retries");
}

fn cpus(story: &mut Story) {
    starved(story, "broker 70", "/api/broker/add?broker=70&cpus=8", "cpus < 8.0");
}

fn unique(story: &mut Story) {
    starved(story, "broker 70", "/api/broker/add?broker=70", "hostname doesn't match unique");
}

fn unique_by_port(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    story.begin();
    let framework = story.up(&app, "kafka");
    for host in 1..=3 {
        let name = format!("broker-{}", story.id + 10 + host);
        let task = story.launch(&name, &framework, host, "ports:[31250-31250]");
        story.status(&task, "TASK_RUNNING", "", "");
    }
    story.good(&app, "/api/broker/add?broker=70&port=31250&constraints=hostname%3Dunique");
    story.instance(&app, "broker 70", "stopped", "starting");
    story.refused(&app, "broker 70", "no suitable port", 4);
    story.give_up();
}

fn attribute(story: &mut Story) {
    starved(story, "node 70", "/api/node/add?node=70", "no rack");
}

fn constraint(story: &mut Story) {
    starved(story, "server 70", "/api/add?id=70", "rack doesn't match like:r1");
}

fn sticky(story: &mut Story) {
    starved(story, "node 70", "/api/node/add?node=70", "hostname != stickiness hostname");
}

fn port_outside(story: &mut Story) {
    starved(story, "broker 70", "/api/broker/add?broker=70&port=9092", "no suitable port");
}

fn port_held(story: &mut Story) {
    let app = story.name("other");
    story.usual_agents();
    let framework = story.up(&app, "other");
    story.state(&app, "running", "");
    for host in 1..=3 {
        let task = story.launch(&story.name("holder"), &framework, host, "ports:[31250-31250]");
        story.status(&task, "TASK_RUNNING", "", "");
    }
    let app = story.name("kafka");
    story.begin();
    story.up(&app, "kafka");
    story.good(&app, "/api/broker/add?broker=70&port=31250");
    story.instance(&app, "broker 70", "stopped", "starting");
    story.refused(&app, "broker 70", "no suitable port", 4);
    story.give_up();
}

fn admin_port(story: &mut Story) {
    let app = story.name("zipkin");
    story.usual_agents();
    story.begin();
    story.up(&app, "zipkin");
    story.good(&app, "/api/web/add?id=70&port=31200&adminPort=31300");
    story.instance(&app, "web instance 70", "Added", "Stopped");
    story.refused(&app, "web instance 70", "no suitable port", 4);
    story.fail(&app, "Start web instance(s) 70 timed out after 60 seconds");
}

/// A node that never becomes ready blocks another; why it does not, nobody knows.
fn one_node_starting(story: &mut Story) {
    let app = story.name("dse");
    story.usual_agents();
    story.begin();
    let framework = story.up(&app, "dse");
    let first = format!("cassandra-{}", story.id);
    let task = story.launch(&first, &framework, 1, "cpus:0.5");
    story.status(&task, "TASK_STARTING", "", "");
    story.instance(&app, "node 98", "idle", "starting");
    story.instance(&app, "node 99", "idle", "starting");
    story.refused(&app, "", "node 98 is starting", 4);
    story.fail(&app, "Timed out");
}

fn reconciling(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    story.begin();
    story.up(&app, "kafka");
    story.instance(&app, "broker 70", "stopped", "starting");
    story.refused(&app, "", "reconciling", 6);
    story.give_up();
}

/// A server that is launched, with artifacts that do not come.
fn fetching(story: &mut Story, app: &str) -> String {
    story.usual_agents();
    story.begin();
    let framework = story.up(app, "exhibitor");
    let (name, instance) = (format!("exhibitor-{}", story.id), format!("server {}", story.id));
    let add = format!("/api/add?id={}", story.id);
    story.good(app, &add);
    story.instance(app, &instance, "Stopped", "Staging");
    let task = story.launch(&name, &framework, 1, "cpus:0.1; ports:[31150-31150]");
    story.fetch(&task);
    story.pass(60);
    let error = "Start servers 70 timed out after 60 seconds";
    let start = format!("/api/start?id={}", story.id);
    story.call(app, &start, 200, "{\"success\":false}", Some(error));
    story.fail(app, error);
    task
}

fn slow_artifact(story: &mut Story) {
    let app = story.name("exhibitor");
    fetching(story, &app);
}

fn slow_and_again(story: &mut Story) {
    let app = story.name("exhibitor");
    let task = fetching(story, &app);
    story.fetched(&task);
    story.status(&task, "TASK_RUNNING", "", "");
    story.begin();
    story.create(&app);
    story.scheduler(&app, "", ZK, None);
    story.serves(&app);
    let error = "Servers 70 already exist";
    let add = format!("/api/add?id={}", story.id);
    story.call(&app, &add, 200, "", Some(error));
    story.fail(&app, error);
}

fn staging(story: &mut Story) {
    let app = story.name("exhibitor");
    story.usual_agents();
    story.begin();
    let framework = story.up(&app, "exhibitor");
    let (name, instance) = (format!("exhibitor-{}", story.id), format!("server {}", story.id));
    story.instance(&app, &instance, "Stopped", "Staging");
    story.launch(&name, &framework, 1, "cpus:0.1; ports:[31150-31150]");
    story.pass(600);
    story.fail(&app, "Start servers 70 timed out after 60 seconds");
}

fn crash_loop(story: &mut Story) {
    let app = story.name("zipkin");
    story.usual_agents();
    story.begin();
    let framework = story.up(&app, "zipkin");
    let (name, instance) = (format!("zipkin-web-{}", story.id), format!("web instance {}", story.id));
    for _ in 0..6 {
        story.instance(&app, &instance, "Stopped", "Staging");
        let task = story.launch(&name, &framework, 1, "cpus:0.1");
        story.status(&task, "TASK_FAILED", "", "nobody knows why");
    }
    story.instance(&app, &instance, "Staging", "Stopped");
    story.fail(&app, "Start web instance(s) 0 timed out after 60 seconds");
}

fn bad_duration(story: &mut Story) {
    let app = story.name("dse");
    story.usual_agents();
    story.begin();
    story.up(&app, "dse");
    story.good(&app, "/api/node/add?node=70&timeout=10m");
    let path = "/api/node/start?node=70&timeout=10m";
    story.call(&app, path, 400, "{\"error\":\"invalid timeout\"}", Some("invalid timeout"));
    story.fail(&app, "invalid timeout");
}

fn runs_already(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    story.begin();
    story.up(&app, "kafka");
    let error = "Response returned with status code 400";
    story.call(&app, "/api/broker/update?broker=70", 400, "{\"error\":\"Broker 70 is active\"}", Some(error));
    story.fail(&app, error);
}

fn no_json(story: &mut Story) {
    let app = story.name("zipkin");
    story.usual_agents();
    story.begin();
    story.up(&app, "zipkin");
    let error = "invalid character '-' after top-level value";
    story.call(&app, "/api/web/add?id=0&cpu=x", 500, "500 - java.lang.NumberFormatException", Some(error));
    story.fail(&app, error);
}

fn idle_sibling(story: &mut Story) {
    let app = story.name("zipkin");
    story.usual_agents();
    story.begin();
    story.up(&app, "zipkin");
    story.instance(&app, "collector instance 1", "", "Added");
    story.instance(&app, "collector instance 0", "Staging", "Running");
    story.fail(&app, "Start collector instance(s) 0 timed out after 60 seconds");
}

/// A server whose task ended with this.
fn server_fails(story: &mut Story, message: &str) {
    let app = story.name("exhibitor");
    story.usual_agents();
    story.begin();
    let framework = story.up(&app, "exhibitor");
    let (name, instance) = (format!("exhibitor-{}", story.id), format!("server {}", story.id));
    story.instance(&app, &instance, "Stopped", "Staging");
    let task = story.launch(&name, &framework, 1, "cpus:0.1; ports:[31150-31150]");
    story.status(&task, "TASK_FAILED", "", message);
    story.instance(&app, &instance, "Staging", "Stopped");
    story.fail(&app, "Start servers 70 timed out after 60 seconds");
}

fn no_configtype(story: &mut Story) {
    server_fails(story, "MissingConfigurationTypeException: (-c or --configtype) must be specified");
}

fn comma(story: &mut Story) {
    server_fails(story, "play.api.libs.json.JsResultException: {\"env\":null}");
}

/// Servers that run, and are asked for their ensemble without end.
fn asked_for_ever(story: &mut Story) -> String {
    let app = story.name("exhibitor");
    story.usual_agents();
    story.begin();
    let framework = story.up(&app, "exhibitor");
    let (name, instance) = (format!("exhibitor-{}", story.id), format!("server {}", story.id));
    story.instance(&app, &instance, "Stopped", "Staging");
    let task = story.launch(&name, &framework, 1, "cpus:0.1; ports:[31150-31150]");
    story.status(&task, "TASK_RUNNING", "", "");
    story.instance(&app, &instance, "Staging", "Running");
    for _ in 0..5 {
        story.good(&app, "/api/status");
    }
    app
}

fn never_serves(story: &mut Story) {
    asked_for_ever(story);
    story.give_up();
}

fn shared_key(story: &mut Story) {
    let app = asked_for_ever(story);
    story.log(&app, "Unacceptable shared configuration parameter: client-port");
    story.give_up();
}

fn artifact_missing(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    story.begin();
    story.create(&app);
    for _ in 0..3 {
        let task = story.launch(&app, "marathon", 1, "cpus:0.1");
        story.missing(&task, "http://artifacts/kafka.tgz");
    }
    story.fail(&app, "Failed to await until the task is running and healthy within 600 retries");
}

fn corrupt(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    story.begin();
    story.create(&app);
    let task = story.launch(&app, "marathon", 1, "cpus:0.1");
    story.log(&app, "gzip: stdin: not in gzip format");
    story.status(&task, "TASK_FAILED", "", "Command exited with status 1");
    story.fail(&app, "Failed to await until the task is running and healthy within 600 retries");
}

/// A master that was away while an app was to be launched.
fn master(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    let marathon = story.name("marathon-id");
    for known in [false, true] {
        let (framework, name) = (marathon.clone(), "marathon".to_owned());
        story.note("mesos-master", What::FrameworkSubscribed { framework, name, known });
        if !known {
            story.begin();
            story.create(&app);
        }
    }
    story.fail(&app, "Failed to await until the task is running and healthy within 600 retries");
}

fn cassandra_dies(story: &mut Story) {
    let app = story.name("dse");
    story.usual_agents();
    story.begin();
    let framework = story.up(&app, "dse");
    let (name, instance) = (format!("cassandra-{}", story.id), format!("node {}", story.id));
    story.instance(&app, &instance, "idle", "starting");
    let task = story.launch(&name, &framework, 1, "cpus:0.5");
    story.status(&task, "TASK_STARTING", "", "");
    story.log(&name, "Cassandra process ended with exit code 3: a node with this address exists");
    story.fail(&app, "Timed out");
}

fn before_cassandra(story: &mut Story) {
    let app = story.name("zipkin");
    story.usual_agents();
    story.begin();
    let framework = story.up(&app, "zipkin");
    let name = format!("zipkin-collector-{}", story.id);
    let instance = format!("collector instance {}", story.id);
    for _ in 0..2 {
        story.instance(&app, &instance, "Stopped", "Staging");
        let task = story.launch(&name, &framework, 1, "cpus:0.1");
        let message = "All host(s) tried for query failed (tried: c:31100)";
        story.status(&task, "TASK_FAILED", "", message);
    }
    story.instance(&app, &instance, "Staging", "Stopped");
    story.fail(&app, "Start collector instance(s) 0 timed out after 60 seconds");
}

fn unresolved(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    story.begin();
    story.state(&app, "failed", "");
    let error = format!("{app}: Unresolved variable ${{zk_url}}. Available variables: map[]");
    story.finish(Some(&error));
}

fn literally(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    story.begin();
    story.up(&app, "kafka");
    let text = format!("{app}: ${{p}} is not resolved in the parameter port, which is sent as it stands");
    story.note("stack-deploy", What::Warned { text });
    let error = "Response returned with status code 400";
    story.call(&app, "/api/broker/add?broker=70", 400, "{\"error\":\"Invalid port\"}", Some(error));
    story.fail(&app, error);
}

fn app_exists(story: &mut Story) {
    let app = story.name("kafka");
    story.usual_agents();
    story.up(&app, "kafka");
    story.begin();
    story.state(&app, "creating", "");
    let error = format!("Marathon API error: An app with id [/{app}] already exists.");
    story.fail(&app, &error);
}

fn added_twice(story: &mut Story) {
    let app = story.name("exhibitor");
    story.usual_agents();
    story.begin();
    story.up(&app, "exhibitor");
    story.good(&app, "/api/add?id=70");
    story.call(&app, "/api/add?id=70", 200, "", Some("Servers 70 already exist"));
    story.fail(&app, "Servers 70 already exist");
}

fn reply_lost(story: &mut Story) {
    let app = story.name("exhibitor");
    story.usual_agents();
    story.begin();
    story.up(&app, "exhibitor");
    let error = format!("Get \"http://{app}.example:1/api/start?id=70\": EOF");
    let url = format!("http://{app}.example:1/api/start?id=70");
    let (method, status, answer) = ("GET".to_owned(), None, None);
    let what = What::HttpExchange { method, url, status, error: Some(error.clone()), answer };
    story.note("stack-deploy", what);
    story.fail(&app, &error);
}

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

fn wrong_chroot(story: &mut Story) {
    deployed(story, "KAFKA_ZOOKEEPER%3Dz:2181");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

fn no_kafka_zookeeper(story: &mut Story) {
    deployed(story, "KAFKA_TOPIC%3Dzipkin");
    let collector = format!("zipkin-collector-{}", story.id);
    story.log(&collector, "KAFKA_ZOOKEEPER is not set: no spans are consumed");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

fn two_collectors(story: &mut Story) {
    deployed(story, GOOD_ENV);
    let collector = format!("zipkin-collector-{}", story.id);
    story.log(&collector, "conflict in /consumers/zipkin/ids/zipkin_zipkin data: {} stored data: {}");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

fn topics(story: &mut Story) {
    deployed(story, GOOD_ENV);
    story.sent("spans", 10, 10);
    story.not_found();
}

fn undecodable(story: &mut Story) {
    deployed(story, GOOD_ENV);
    let collector = format!("zipkin-collector-{}", story.id);
    story.log(&collector, "Cannot decode spans due to IllegalArgumentException(x)");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

fn not_delivered(story: &mut Story) {
    deployed(story, GOOD_ENV);
    story.sent("zipkin", 4, 4);
    story.not_found();
}

fn web(story: &mut Story) {
    let app = deployed(story, GOOD_ENV);
    story.good(&app, "/api/web/add?id=0&flags=zipkin.web.query.dest%3Dhttp://q:31000");
    story.sent("zipkin", 10, 10);
    story.not_found();
}

fn broker_timeout(story: &mut Story) {
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
