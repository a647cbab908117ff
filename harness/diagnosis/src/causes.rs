//! The table of causes. Their pages lie beside the sources, one file each.

use crate::{Cause, Code};

macro_rules! cause {
    ($number:literal, $name:literal, $title:literal, $page:literal) => {
        Cause {
            code: Code($number),
            name: $name,
            title: $title,
            page: include_str!(concat!("../pages/", $page, ".txt")),
        }
    };
}

/// All causes, by number.
pub const CAUSES: &[Cause] = &[
    cause!(
        1,
        "leftover-exhibitor-znode",
        "The scheduler's stored state holds a framework id that Mesos does not take any more",
        "0001"
    ),
    cause!(2, "servers-already-exist", "The scheduler came up with the instances of an earlier run", "0002"),
    cause!(
        3,
        "framework-not-torn-down",
        "A framework that nobody runs any more still holds its tasks and ports",
        "0003"
    ),
    cause!(4, "broker-already-exists", "Kafka-Mesos came up with the brokers of an earlier run", "0004"),
    cause!(5, "broker-id-still-registered", "A broker's id is still registered in Kafka's ZooKeeper", "0005"),
    cause!(
        6,
        "scheduler-state-lost",
        "A restarted scheduler lost its state and became a new framework; the old one holds what it had",
        "0006"
    ),
    cause!(
        7,
        "two-schedulers-on-one-storage",
        "Two schedulers share one storage and displace each other",
        "0007"
    ),
    cause!(8, "storage-parent-missing", "The parent of the storage's znode does not exist", "0008"),
    cause!(9, "storage-not-json", "What is stored is not the scheduler's JSON", "0009"),
    cause!(10, "not-enough-memory", "No agent offers as much memory as an instance asks for", "0010"),
    cause!(11, "not-enough-cpus", "No agent offers as many CPUs as an instance asks for", "0011"),
    cause!(12, "unique-with-too-few-agents", "hostname=unique with more instances than agents", "0012"),
    cause!(13, "attribute-missing", "No agent has the attribute that a constraint names", "0013"),
    cause!(14, "constraint-never-met", "No agent meets a constraint", "0014"),
    cause!(15, "sticky-host-gone", "An instance waits for the agent where it was", "0015"),
    cause!(16, "port-held-by-task", "A port is held by another task", "0016"),
    cause!(17, "port-outside-range", "A port is in no agent's range", "0017"),
    cause!(18, "port-taken-outside-mesos", "A port is taken by a process that is none of Mesos'", "0018"),
    cause!(
        19,
        "role-reserved-resources",
        "The agents' resources are reserved for a role that the framework does not use",
        "0019"
    ),
    cause!(20, "admin-port-above-port", "Zipkin-Mesos finds no adminPort above the port", "0020"),
    cause!(21, "one-node-starting", "Another node of the ring is starting", "0021"),
    cause!(
        30,
        "start-timed-out",
        "An instance did not come up in time, because its artifacts are slow to fetch",
        "0030"
    ),
    cause!(
        31,
        "slow-artifact-and-rerun",
        "A start that took too long left its instances behind for the next run",
        "0031"
    ),
    cause!(
        32,
        "broker-start-timeout-taken-as-success",
        "Stack Deploy took a broker's time-out for success",
        "0032"
    ),
    cause!(33, "bad-duration", "A duration in words that the framework does not read", "0033"),
    cause!(34, "idle-sibling", "Zipkin-Mesos waits for an instance that was never started", "0034"),
    cause!(35, "exhibitor-without-configtype", "Exhibitor was started without configtype", "0035"),
    cause!(
        36,
        "shared-key-not-applicable",
        "A key of Exhibitor's shared configuration that cannot be applied",
        "0036"
    ),
    cause!(37, "ensemble-never-serves", "The ZooKeepers under Exhibitor do not come to serve", "0037"),
    cause!(38, "wrong-chroot", "Two parties look for Kafka under different chroots", "0038"),
    cause!(39, "platform-zookeeper-unreachable", "The platform's ZooKeeper cannot be reached", "0039"),
    cause!(40, "artifact-missing", "An artifact cannot be had", "0040"),
    cause!(41, "heap-above-memory", "A heap as large as the container's memory", "0041"),
    cause!(42, "cassandra-dies-before-ready", "Cassandra ends before it is ready", "0042"),
    cause!(43, "zipkin-before-cassandra", "Zipkin was started before Cassandra", "0043"),
    cause!(44, "comma-splits-env", "A comma in a value of env splits it", "0044"),
    cause!(
        45,
        "collector-without-kafka-zookeeper",
        "The collector was started without KAFKA_ZOOKEEPER",
        "0045"
    ),
    cause!(46, "two-collectors-on-one-group", "Two collectors share one consumer group", "0046"),
    cause!(47, "topics-differ", "Generator and collector use different topics", "0047"),
    cause!(48, "undecodable-span", "A message that holds no spans stops the collector", "0048"),
    cause!(49, "task-staging-for-ever", "A task never leaves TASK_STAGING", "0049"),
    cause!(50, "offer-rescinded-at-launch", "An offer was taken back while it was being accepted", "0050"),
    cause!(51, "failover-exhausted", "An instance failed too often and is not started again", "0051"),
    cause!(52, "crash-loop-without-delay", "An instance ends and is launched again without delay", "0052"),
    cause!(
        53,
        "reconciling-for-ever",
        "A scheduler waits for the state of tasks of before, and declines every offer",
        "0053"
    ),
    cause!(
        54,
        "marathon-backoff",
        "Marathon waits longer and longer before it launches a failing app",
        "0054"
    ),
    cause!(55, "master-failed-over", "The Mesos master was replaced in the midst of a deployment", "0055"),
    cause!(56, "agent-lost", "An agent was lost, with its tasks", "0056"),
    cause!(57, "web-without-query", "The web UI finds no query service", "0057"),
    cause!(
        58,
        "broker-cannot-bind",
        "A broker is to listen on an address that its agent does not have",
        "0058"
    ),
    cause!(59, "settings-changed-while-running", "Settings of a running instance cannot be changed", "0059"),
    cause!(60, "app-already-exists", "Marathon has an app of this id already", "0060"),
    cause!(61, "dependency-cycle", "Applications wait for each other", "0061"),
    cause!(62, "unknown-dependency", "An application waits for one that the stack does not have", "0062"),
    cause!(63, "unresolved-variable", "A variable that nobody has set", "0063"),
    cause!(64, "variable-sent-literally", "A reference to a variable was sent as it stands", "0064"),
    cause!(65, "unknown-type-with-tasks", "An application has tasks and a type without task runner", "0065"),
    cause!(66, "marathon-unreachable", "Marathon does not answer", "0066"),
    cause!(67, "mesos-unreachable", "The Mesos master does not answer", "0067"),
    cause!(68, "traces-produced-but-not-delivered", "Spans were sent, and did not reach Kafka", "0068"),
    cause!(69, "api-answers-no-json", "A scheduler answers with something that is no JSON", "0069"),
    cause!(70, "duplicate-app-or-empty-stack", "Two things of one id, or a stack with nothing in it", "0070"),
    cause!(71, "api-reply-lost", "The answer to a call of a scheduler was lost", "0071"),
    cause!(72, "disk-full", "The disk of an agent is full", "0072"),
    cause!(73, "artifact-corrupt", "An artifact comes, but not whole", "0073"),
];
