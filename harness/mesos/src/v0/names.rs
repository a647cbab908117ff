//! Numbers of enums. The names are in [`crate::v1`].

use crate::v1::{Capability, Reason, Source, TaskState};

/// Task states, each at the place of its number.
const TASK_STATES: [TaskState; 14] = [
    TaskState::Starting,
    TaskState::Running,
    TaskState::Finished,
    TaskState::Failed,
    TaskState::Killed,
    TaskState::Lost,
    TaskState::Staging,
    TaskState::Error,
    TaskState::Killing,
    TaskState::Dropped,
    TaskState::Unreachable,
    TaskState::Gone,
    TaskState::GoneByOperator,
    TaskState::Unknown,
];

/// The state of a number.
pub(super) fn task_state(number: i32) -> Option<TaskState> {
    usize::try_from(number).ok().and_then(|at| TASK_STATES.get(at)).copied()
}

/// The number of a state.
pub(super) fn task_state_number(state: TaskState) -> i32 {
    place(&TASK_STATES, state)
}

/// The number of who made a status: master 0, agent 1, executor 2.
pub(super) fn source_number(source: Source) -> i32 {
    place(Source::ALL, source)
}

/// The number of a reason: they are listed by it, from 0.
pub(super) fn reason_number(reason: Reason) -> i32 {
    place(Reason::ALL, reason)
}

/// The capability of a number: they are listed by it, from 1.
pub(super) fn capability(number: i32) -> Option<Capability> {
    let at = usize::try_from(number).ok()?.checked_sub(1)?;
    Capability::ALL.get(at).copied()
}

fn place<T: PartialEq + Copy>(list: &[T], wanted: T) -> i32 {
    let at = list.iter().position(|one| *one == wanted).unwrap_or_default();
    i32::try_from(at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_protocol() {
        let states = [
            (TaskState::Starting, 0),
            (TaskState::Running, 1),
            (TaskState::Finished, 2),
            (TaskState::Failed, 3),
            (TaskState::Killed, 4),
            (TaskState::Lost, 5),
            (TaskState::Staging, 6),
            (TaskState::Error, 7),
            (TaskState::Killing, 8),
            (TaskState::Dropped, 9),
            (TaskState::Unreachable, 10),
            (TaskState::Gone, 11),
            (TaskState::GoneByOperator, 12),
            (TaskState::Unknown, 13),
        ];
        for (state, number) in states {
            assert_eq!((task_state_number(state), task_state(number)), (number, Some(state)));
        }
        assert_eq!((task_state(14), task_state(-1)), (None, None));
        assert_eq!([Source::Master, Source::Agent, Source::Executor].map(source_number), [0, 1, 2]);
        let reasons = [
            (Reason::CommandExecutorFailed, 0),
            (Reason::FrameworkRemoved, 3),
            (Reason::InvalidOffers, 6),
            (Reason::ContainerLimitationMemory, 8),
            (Reason::Reconciliation, 9),
            (Reason::AgentDisconnected, 10),
            (Reason::AgentRemoved, 11),
            (Reason::TaskInvalid, 14),
            (Reason::TaskUnknown, 16),
            (Reason::ContainerLaunchFailed, 21),
            (Reason::ExecutorRegistrationTimeout, 23),
            (Reason::AgentReregistered, 32),
        ];
        for (reason, number) in reasons {
            assert_eq!(reason_number(reason), number, "{reason}");
        }
        assert_eq!(capability(1), Some(Capability::RevocableResources));
        assert_eq!(capability(5), Some(Capability::PartitionAware));
        assert_eq!(capability(6), Some(Capability::MultiRole));
        assert_eq!((capability(0), capability(99)), (None, None));
    }
}
