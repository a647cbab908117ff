//! Bytes of the original, values that come back as they went, and bytes that nobody would send.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use prost::Message;

use super::messages::{LaunchTasks, ReregisterFramework, ResourceOffers, StatusUpdate};
use super::write::{id, offer, update};
use super::{DriverCall, DriverEvent, Dropped, wire};
use crate::ids::StatusUuid;
use crate::resources::{Attribute, AttributeValue, Resources, Scalar};
use crate::v1::{Address, Offer, Reason, SchedulerCall, Source, TaskState, TaskStatus};

/// All messages that a driver sends.
const NAMES: [&str; 12] = [
    "RegisterFrameworkMessage",
    "ReregisterFrameworkMessage",
    "UnregisterFrameworkMessage",
    "DeactivateFrameworkMessage",
    "LaunchTasksMessage",
    "ReviveOffersMessage",
    "SuppressOffersMessage",
    "KillTaskMessage",
    "StatusUpdateAcknowledgementMessage",
    "ReconcileTasksMessage",
    "ResourceRequestMessage",
    "FrameworkToExecutorMessage",
];

/// Messages that mesos-go v0 has written.
pub(super) const RECORDED: [(&str, &str); 12] = [
    ("RegisterFrameworkMessage", include_str!("../../../../fixtures/mesos-v0/RegisterFrameworkMessage.hex")),
    (
        "ReregisterFrameworkMessage",
        include_str!("../../../../fixtures/mesos-v0/ReregisterFrameworkMessage.hex"),
    ),
    (
        "UnregisterFrameworkMessage",
        include_str!("../../../../fixtures/mesos-v0/UnregisterFrameworkMessage.hex"),
    ),
    (
        "DeactivateFrameworkMessage",
        include_str!("../../../../fixtures/mesos-v0/DeactivateFrameworkMessage.hex"),
    ),
    ("LaunchTasksMessage", include_str!("../../../../fixtures/mesos-v0/LaunchTasksMessage.hex")),
    ("LaunchTasksMessage", include_str!("../../../../fixtures/mesos-v0/LaunchTasksMessage.decline.hex")),
    ("ReviveOffersMessage", include_str!("../../../../fixtures/mesos-v0/ReviveOffersMessage.hex")),
    ("KillTaskMessage", include_str!("../../../../fixtures/mesos-v0/KillTaskMessage.hex")),
    (
        "StatusUpdateAcknowledgementMessage",
        include_str!("../../../../fixtures/mesos-v0/StatusUpdateAcknowledgementMessage.hex"),
    ),
    ("ReconcileTasksMessage", include_str!("../../../../fixtures/mesos-v0/ReconcileTasksMessage.hex")),
    ("ResourceRequestMessage", include_str!("../../../../fixtures/mesos-v0/ResourceRequestMessage.hex")),
    (
        "FrameworkToExecutorMessage",
        include_str!("../../../../fixtures/mesos-v0/FrameworkToExecutorMessage.hex"),
    ),
];

pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.trim().as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[track_caller]
fn check(at: usize, expected: &Expect) {
    let (name, hex) = RECORDED[at];
    expected.assert_debug_eq(&DriverCall::decode(name, &bytes(hex)).unwrap());
}

#[test]
fn reads_what_the_original_driver_writes() {
    check(
        0,
        &expect![[r#"
        Register {
            info: FrameworkInfo {
                user: "root",
                name: "stack-deploy",
                id: None,
                failover_timeout: 0.0,
                checkpoint: true,
                role: Some(
                    "*",
                ),
                roles: [],
                hostname: Some(
                    "lab",
                ),
                principal: None,
                webui_url: None,
                capabilities: [],
                labels: None,
            },
        }
    "#]],
    );
    check(
        1,
        &expect![[r#"
        Reregister {
            info: FrameworkInfo {
                user: "root",
                name: "stack-deploy",
                id: Some(
                    FrameworkId(11111111-2222-3333-4444-555555555555-0000),
                ),
                failover_timeout: 0.0,
                checkpoint: true,
                role: Some(
                    "*",
                ),
                roles: [],
                hostname: Some(
                    "lab",
                ),
                principal: None,
                webui_url: None,
                capabilities: [],
                labels: None,
            },
            failover: true,
        }
    "#]],
    );
    check(
        2,
        &expect![[r#"
        Unregister {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
        }
    "#]],
    );
    check(
        3,
        &expect![[r#"
        Deactivate {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
        }
    "#]],
    );
    check(
        4,
        &expect![[r#"
        Call {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
            call: Accept {
                offer_ids: [
                    OfferId(11111111-2222-3333-4444-555555555555-O0),
                ],
                tasks: [
                    TaskInfo {
                        name: "run-once.127.77.0.11",
                        task_id: TaskId(run-once|127.77.0.11|0b2d4f0e-8d39-4d0e-9f38-0a1b2c3d4e5f),
                        agent_id: AgentId(11111111-2222-3333-4444-555555555555-S0),
                        resources: Resources(
                            [
                                Resource {
                                    name: "cpus",
                                    value: Scalar(
                                        Scalar(
                                            500,
                                        ),
                                    ),
                                    role: "*",
                                },
                                Resource {
                                    name: "mem",
                                    value: Scalar(
                                        Scalar(
                                            128000,
                                        ),
                                    ),
                                    role: "*",
                                },
                            ],
                        ),
                        executor: None,
                        command: Some(
                            CommandInfo {
                                uris: [
                                    Uri {
                                        value: "http://127.77.0.1:8000/a.tar.gz",
                                        executable: None,
                                        extract: Some(
                                            true,
                                        ),
                                        cache: None,
                                        output_file: None,
                                    },
                                ],
                                environment: None,
                                shell: true,
                                value: Some(
                                    "echo done",
                                ),
                                arguments: [],
                                user: None,
                            },
                        ),
                        container: None,
                        health_check: None,
                        kill_policy: None,
                        data: None,
                        labels: None,
                        discovery: None,
                    },
                ],
                refuse_seconds: Some(
                    10.0,
                ),
            },
        }
    "#]],
    );
    check(
        5,
        &expect![[r#"
        Call {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
            call: Accept {
                offer_ids: [
                    OfferId(11111111-2222-3333-4444-555555555555-O0),
                ],
                tasks: [],
                refuse_seconds: Some(
                    10.0,
                ),
            },
        }
    "#]],
    );
    check(
        6,
        &expect![[r#"
        Call {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
            call: Revive {
                roles: [],
            },
        }
    "#]],
    );
    check(
        7,
        &expect![[r#"
        Call {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
            call: Kill {
                task_id: TaskId(run-once|127.77.0.11|0b2d4f0e-8d39-4d0e-9f38-0a1b2c3d4e5f),
                agent_id: None,
                kill_policy: None,
            },
        }
    "#]],
    );
    check(
        8,
        &expect![[r#"
        Call {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
            call: Acknowledge {
                agent_id: AgentId(11111111-2222-3333-4444-555555555555-S0),
                task_id: TaskId(run-once|127.77.0.11|0b2d4f0e-8d39-4d0e-9f38-0a1b2c3d4e5f),
                uuid: StatusUuid(
                    [
                        0,
                        1,
                        2,
                        3,
                        4,
                        5,
                        70,
                        7,
                        136,
                        9,
                        10,
                        11,
                        12,
                        13,
                        14,
                        15,
                    ],
                ),
            },
        }
    "#]],
    );
    check(
        9,
        &expect![[r#"
        Call {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
            call: Reconcile {
                tasks: [
                    (
                        TaskId(run-once|127.77.0.11|0b2d4f0e-8d39-4d0e-9f38-0a1b2c3d4e5f),
                        Some(
                            AgentId(11111111-2222-3333-4444-555555555555-S0),
                        ),
                    ),
                ],
            },
        }
    "#]],
    );
    check(
        10,
        &expect![[r#"
        Call {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
            call: Request,
        }
    "#]],
    );
    check(
        11,
        &expect![[r#"
        Call {
            framework_id: FrameworkId(11111111-2222-3333-4444-555555555555-0000),
            call: Message {
                agent_id: AgentId(11111111-2222-3333-4444-555555555555-S0),
                executor_id: ExecutorId(executor),
                data: [
                    98,
                    121,
                    116,
                    101,
                    115,
                ],
            },
        }
    "#]],
    );
}

#[test]
fn drops_what_lacks_a_required_field() {
    let framework = wire::FrameworkInfo {
        user: Some("u".into()),
        name: Some("n".into()),
        id: id("f"),
        ..wire::FrameworkInfo::default()
    };
    let whole = ReregisterFramework { framework: Some(framework.clone()), failover: Some(true) };
    let user = ReregisterFramework {
        framework: Some(wire::FrameworkInfo { user: None, ..framework.clone() }),
        ..whole
    };
    let idless = wire::FrameworkInfo { id: Some(wire::Id { value: None }), ..framework };
    let idless = ReregisterFramework { framework: Some(idless), ..whole };
    let launch = LaunchTasks { framework_id: id("f"), ..LaunchTasks::default() };
    let resource = wire::Resource { name: Some("cpus".into()), ..wire::Resource::default() };
    let task = wire::TaskInfo {
        name: Some("t".into()),
        task_id: id("t"),
        slave_id: id("s"),
        resources: vec![resource],
        ..wire::TaskInfo::default()
    };
    let untyped =
        LaunchTasks { filters: Some(wire::Filters::default()), tasks: vec![task], ..launch.clone() };
    let rows = [
        (
            "ReregisterFrameworkMessage",
            ReregisterFramework { failover: None, ..whole }.encode_to_vec(),
            "failover",
        ),
        ("ReregisterFrameworkMessage", user.encode_to_vec(), "user"),
        ("ReregisterFrameworkMessage", idless.encode_to_vec(), "id"),
        ("RegisterFrameworkMessage", Vec::new(), "framework"),
        ("LaunchTasksMessage", launch.encode_to_vec(), "filters"),
        ("LaunchTasksMessage", untyped.encode_to_vec(), "resources.type"),
        ("ReviveOffersMessage", Vec::new(), "framework_id"),
        ("StatusUpdateAcknowledgementMessage", Vec::new(), "slave_id"),
        ("FrameworkToExecutorMessage", Vec::new(), "slave_id"),
    ];
    for (name, body, field) in rows {
        let dropped = DriverCall::decode(name, &body).unwrap_err();
        assert_eq!(dropped.to_string(), format!("no usable field {field}"), "{name}");
    }
    let unknown = DriverCall::decode("AuthenticateMessage", &[]);
    assert_eq!(unknown, Err(Dropped::Unknown("AuthenticateMessage".into())));
}

#[test]
fn an_empty_id_counts_as_none() {
    let framework = wire::FrameworkInfo {
        user: Some(String::new()),
        name: Some("n".into()),
        id: id(""),
        ..wire::FrameworkInfo::default()
    };
    let message = ReregisterFramework { framework: Some(framework), failover: Some(false) };
    let call = DriverCall::decode("ReregisterFrameworkMessage", &message.encode_to_vec());
    assert!(matches!(call, Ok(DriverCall::Reregister { info, failover: false }) if info.id.is_none()));
}

#[test]
fn recorded_messages_cut_off_anywhere_do_no_harm() {
    for (name, hex) in RECORDED {
        let bytes = bytes(hex);
        for length in 0..bytes.len() {
            // Some are whole messages again, which is well.
            let _ = DriverCall::decode(name, &bytes[..length]);
        }
    }
}

fn an_offer(resources: &str, attributes: Vec<Attribute>) -> Offer {
    Offer {
        id: "o".into(),
        framework_id: "f".into(),
        agent_id: "s".into(),
        hostname: "host".into(),
        address: Address { hostname: "host".into(), ip: "127.77.0.11".into(), port: 5051 }.into(),
        resources: resources.parse().unwrap(),
        attributes: attributes.into(),
        executor_ids: vec!["e".into()],
        allocation_role: None,
    }
}

#[test]
fn offers_have_the_address_of_each_agent() {
    let attributes = vec![
        Attribute { name: "rack".into(), value: AttributeValue::Text("r1".into()) },
        Attribute { name: "level".into(), value: AttributeValue::Scalar(Scalar::new(3.5)) },
    ];
    let offers = vec![an_offer("cpus:0.5;ports:[1-2, 7-9]", attributes), an_offer("mem:5", Vec::new())];
    let message = ResourceOffers::decode(&*DriverEvent::Offers(offers).encode()).unwrap();
    assert_eq!(message.pids, ["slave(1)@127.77.0.11:5051", "slave(1)@127.77.0.11:5051"]);
    expect![[r#"
        Offer {
            id: Some(
                Id {
                    value: Some(
                        "o",
                    ),
                },
            ),
            framework_id: Some(
                Id {
                    value: Some(
                        "f",
                    ),
                },
            ),
            slave_id: Some(
                Id {
                    value: Some(
                        "s",
                    ),
                },
            ),
            hostname: Some(
                "host",
            ),
            resources: [
                Resource {
                    name: Some(
                        "cpus",
                    ),
                    r#type: Some(
                        0,
                    ),
                    scalar: Some(
                        Scalar {
                            value: Some(
                                0.5,
                            ),
                        },
                    ),
                    ranges: None,
                    set: None,
                    role: Some(
                        "*",
                    ),
                },
                Resource {
                    name: Some(
                        "ports",
                    ),
                    r#type: Some(
                        1,
                    ),
                    scalar: None,
                    ranges: Some(
                        Ranges {
                            range: [
                                Range {
                                    begin: Some(
                                        1,
                                    ),
                                    end: Some(
                                        2,
                                    ),
                                },
                                Range {
                                    begin: Some(
                                        7,
                                    ),
                                    end: Some(
                                        9,
                                    ),
                                },
                            ],
                        },
                    ),
                    set: None,
                    role: Some(
                        "*",
                    ),
                },
            ],
            executor_ids: [
                Id {
                    value: Some(
                        "e",
                    ),
                },
            ],
            attributes: [
                Attribute {
                    name: Some(
                        "rack",
                    ),
                    r#type: Some(
                        3,
                    ),
                    scalar: None,
                    ranges: None,
                    text: Some(
                        Text {
                            value: Some(
                                "r1",
                            ),
                        },
                    ),
                },
                Attribute {
                    name: Some(
                        "level",
                    ),
                    r#type: Some(
                        0,
                    ),
                    scalar: Some(
                        Scalar {
                            value: Some(
                                3.5,
                            ),
                        },
                    ),
                    ranges: None,
                    text: None,
                },
            ],
            url: Some(
                Url {
                    scheme: Some(
                        "http",
                    ),
                    address: Some(
                        Address {
                            hostname: Some(
                                "host",
                            ),
                            ip: Some(
                                "127.77.0.11",
                            ),
                            port: Some(
                                5051,
                            ),
                        },
                    ),
                    path: Some(
                        "/slave(1)",
                    ),
                },
            ),
        }
    "#]]
    .assert_debug_eq(&message.offers[0]);
}

prop_compose! {
    fn any_status()(
        state in proptest::sample::select(TaskState::ALL.to_vec()),
        source in proptest::option::of(proptest::sample::select(Source::ALL.to_vec())),
        reason in proptest::option::of(proptest::sample::select(Reason::ALL.to_vec())),
        message in proptest::option::of(".*"),
        data in proptest::option::of(any::<Vec<u8>>()),
        uuid in proptest::option::of(any::<[u8; 16]>()),
        healthy in any::<Option<bool>>(),
    ) -> TaskStatus {
        let mut status = TaskStatus::new("t".into(), state);
        status.source = source;
        status.reason = reason;
        status.message = message;
        status.data = data;
        status.uuid = uuid.map(StatusUuid);
        status.healthy = healthy;
        status
    }
}

prop_compose! {
    fn any_resources()(
        cpus in 1_i64..1_000_000,
        ports in proptest::collection::vec((0_u64..60_000, 0_u64..5), 0..6),
        role in "[a-z*]{1,8}",
    ) -> Resources {
        let pairs: Vec<_> = ports.into_iter().map(|(begin, length)| (begin, begin + length)).collect();
        let mut resources = Resources::new();
        resources.add_resource(&crate::Resource::scalar("cpus", cpus as f64 / 1000.0).reserved(&role));
        resources.add_resource(&crate::Resource::ranges("ports", pairs));
        resources
    }
}

proptest! {
    #[test]
    fn what_is_offered_can_be_launched(resources in any_resources()) {
        let mut offered = an_offer("", Vec::new());
        offered.resources = resources.clone();
        let task = wire::TaskInfo {
            name: Some("t".into()),
            task_id: id("t"),
            slave_id: id("s"),
            resources: offer(&offered).resources,
            ..wire::TaskInfo::default()
        };
        let filters = Some(wire::Filters { refuse_seconds: Some(10.0) });
        let launch = LaunchTasks { framework_id: id("f"), tasks: vec![task], filters, offer_ids: Vec::new() };
        let call = DriverCall::decode("LaunchTasksMessage", &launch.encode_to_vec()).unwrap();
        let DriverCall::Call { call: SchedulerCall::Accept { tasks, .. }, .. } = call else {
            panic!("{call:?}");
        };
        prop_assert!(tasks[0].resources.contains(&resources) && resources.contains(&tasks[0].resources));
    }

    #[test]
    fn updates_say_all_of_a_status(status in any_status()) {
        let event = DriverEvent::Update {
            framework_id: "f".into(),
            status: Box::new(status.clone()),
            sender: Some("slave(1)@127.0.0.1:1".into()),
        };
        let message = StatusUpdate::decode(&*event.encode()).unwrap();
        let read = message.update.unwrap();
        prop_assert_eq!(&read, &update(&"f".into(), &status));
        let uuid = status.uuid.map(|uuid| uuid.0.to_vec());
        prop_assert_eq!((&read.uuid, &read.status.as_ref().unwrap().uuid), (&uuid, &uuid));
        prop_assert_eq!(read.status.unwrap().message, status.message);
    }

    #[test]
    fn garbage_does_no_harm(at in 0..NAMES.len(), body in any::<Vec<u8>>()) {
        let _ = DriverCall::decode(NAMES[at], &body);
    }

    #[test]
    fn broken_messages_do_no_harm(at in 0..RECORDED.len(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (name, hex) = RECORDED[at];
        let mut bytes = bytes(hex);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = DriverCall::decode(name, &bytes);
    }
}
