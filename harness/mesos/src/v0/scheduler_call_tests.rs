//! The C++ driver says the same as the others.

use proptest::prelude::*;

use super::tests::{RECORDED, bytes};
use super::{DriverCall, Dropped};
use crate::v1::SchedulerCall;

const NAME: &str = "mesos.scheduler.Call";

/// Calls, each with the message that says the same.
const SAME: [(&str, &str); 8] = [
    (include_str!("../../../../fixtures/mesos-v0/Call.subscribe.hex"), "RegisterFrameworkMessage"),
    (include_str!("../../../../fixtures/mesos-v0/Call.resubscribe.hex"), "ReregisterFrameworkMessage"),
    (include_str!("../../../../fixtures/mesos-v0/Call.accept.hex"), "LaunchTasksMessage"),
    (
        include_str!("../../../../fixtures/mesos-v0/Call.acknowledge.hex"),
        "StatusUpdateAcknowledgementMessage",
    ),
    (include_str!("../../../../fixtures/mesos-v0/Call.reconcile.hex"), "ReconcileTasksMessage"),
    (include_str!("../../../../fixtures/mesos-v0/Call.message.hex"), "FrameworkToExecutorMessage"),
    (include_str!("../../../../fixtures/mesos-v0/Call.revive.hex"), "ReviveOffersMessage"),
    (include_str!("../../../../fixtures/mesos-v0/Call.teardown.hex"), "UnregisterFrameworkMessage"),
];
const DECLINE: &str = include_str!("../../../../fixtures/mesos-v0/Call.decline.hex");
const KILL: &str = include_str!("../../../../fixtures/mesos-v0/Call.kill.hex");
const SHUTDOWN: &str = include_str!("../../../../fixtures/mesos-v0/Call.shutdown.hex");

fn decode(hex: &str) -> Result<DriverCall, Dropped> {
    DriverCall::decode(NAME, &bytes(hex))
}

#[test]
fn one_message_says_what_the_others_say() {
    for (hex, other) in SAME {
        let (name, recorded) = RECORDED.iter().find(|(name, _)| *name == other).unwrap();
        assert_eq!(decode(hex), DriverCall::decode(name, &bytes(recorded)), "{name}");
    }
}

#[test]
fn what_it_alone_can_say() {
    let call = |hex| match decode(hex) {
        Ok(DriverCall::Call { framework_id, call }) => {
            assert_eq!(framework_id.as_str(), "11111111-2222-3333-4444-555555555555-0000");
            call
        }
        other => panic!("{other:?}"),
    };
    let agent = "11111111-2222-3333-4444-555555555555-S0";
    let offer_ids = vec!["11111111-2222-3333-4444-555555555555-O0".into()];
    assert_eq!(call(DECLINE), SchedulerCall::Decline { offer_ids, refuse_seconds: Some(10.0) });
    let task_id = "run-once|127.77.0.11|0b2d4f0e-8d39-4d0e-9f38-0a1b2c3d4e5f".into();
    let kill = SchedulerCall::Kill { task_id, agent_id: Some(agent.into()), kill_policy: None };
    assert_eq!(call(KILL), kill);
    let shutdown = SchedulerCall::Shutdown { executor_id: "executor".into(), agent_id: agent.into() };
    assert_eq!(call(SHUTDOWN), shutdown);
}

proptest! {
    #[test]
    fn broken_calls_do_no_harm(
        at in 0..SAME.len(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = bytes(SAME[at].0);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = DriverCall::decode(NAME, &bytes);
        let _ = DriverCall::decode(NAME, &bytes[..length.index(bytes.len())]);
    }
}
