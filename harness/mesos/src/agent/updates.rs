//! The updates of tasks: one queue a task, its head sent until the framework acknowledges it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use stacklab_machine::{Outbox, Time, earliest};

use super::AgentOutput;
use crate::ids::{FrameworkId, StatusUuid, TaskId};
use crate::messages::AgentToMaster;
use crate::v1::{TaskState, TaskStatus};

/// The longest wait between two sendings of one update.
const LONGEST_RETRY: Duration = Duration::from_secs(600);

/// How many updates of one task may wait; what an executor says beyond that is dropped.
const MAX_WAITING: usize = 10_000;

#[derive(Debug)]
struct Queue {
    waiting: VecDeque<TaskStatus>,
    latest: TaskState,
    resend_at: Time,
    wait: Duration,
}

/// All queues of an agent.
#[derive(Debug)]
pub(super) struct Updates {
    queues: BTreeMap<(FrameworkId, TaskId), Queue>,
    retry: Duration,
}

impl Updates {
    pub(super) fn new(retry: Duration) -> Self {
        Self { queues: BTreeMap::new(), retry }
    }

    /// Whether updates of the task wait to be acknowledged.
    pub(super) fn has(&self, framework: &FrameworkId, task: &TaskId) -> bool {
        self.queues.contains_key(&(framework.clone(), task.clone()))
    }

    /// Tasks with waiting updates, with their newest states.
    pub(super) fn latest(&self, framework: &FrameworkId, task: &TaskId) -> Option<TaskState> {
        self.queues.get(&(framework.clone(), task.clone())).map(|queue| queue.latest)
    }

    /// Takes an update in, and sends it if no other waits before it.
    pub(super) fn push(
        &mut self,
        now: Time,
        framework: &FrameworkId,
        status: TaskStatus,
        online: bool,
        out: &mut Outbox<AgentOutput>,
    ) {
        let retry = self.retry;
        let queue = self.queues.entry((framework.clone(), status.task_id.clone())).or_insert_with(|| Queue {
            waiting: VecDeque::new(),
            latest: status.state,
            resend_at: now,
            wait: retry,
        });
        let repeated = queue.waiting.iter().any(|other| other.uuid == status.uuid);
        if repeated || queue.waiting.len() >= MAX_WAITING {
            return;
        }
        queue.latest = status.state;
        queue.waiting.push_back(status);
        if queue.waiting.len() == 1 {
            queue.start(now, retry);
            if online {
                queue.send(framework, out);
            }
        }
    }

    /// Takes the acknowledged head off; whether it was the head.
    pub(super) fn acknowledge(
        &mut self,
        now: Time,
        (framework, task, uuid): (&FrameworkId, &TaskId, StatusUuid),
        online: bool,
        out: &mut Outbox<AgentOutput>,
    ) -> bool {
        let key = (framework.clone(), task.clone());
        let Some(queue) = self.queues.get_mut(&key) else { return false };
        if queue.waiting.front().is_none_or(|head| head.uuid != Some(uuid)) {
            return false;
        }
        queue.waiting.pop_front();
        if queue.waiting.is_empty() {
            self.queues.remove(&key);
        } else {
            queue.start(now, self.retry);
            if online {
                queue.send(framework, out);
            }
        }
        true
    }

    /// Sends every head again, as after a new registration.
    pub(super) fn send_all(&mut self, now: Time, out: &mut Outbox<AgentOutput>) {
        for ((framework, _), queue) in &mut self.queues {
            queue.start(now, self.retry);
            queue.send(framework, out);
        }
    }

    /// Sends the heads that are due again.
    pub(super) fn resend(&mut self, now: Time, out: &mut Outbox<AgentOutput>) {
        for ((framework, _), queue) in &mut self.queues {
            if queue.resend_at <= now {
                queue.wait = (queue.wait * 2).min(LONGEST_RETRY);
                queue.resend_at = now + queue.wait;
                queue.send(framework, out);
            }
        }
    }

    pub(super) fn wake_at(&self) -> Option<Time> {
        self.queues.values().fold(None, |next, queue| earliest(next, Some(queue.resend_at)))
    }

    pub(super) fn forget_framework(&mut self, framework: &FrameworkId) {
        self.queues.retain(|(owner, _), _| owner != framework);
    }

    pub(super) fn clear(&mut self) {
        self.queues.clear();
    }
}

impl Queue {
    fn start(&mut self, now: Time, retry: Duration) {
        self.wait = retry;
        self.resend_at = now + retry;
    }

    fn send(&self, framework: &FrameworkId, out: &mut Outbox<AgentOutput>) {
        let Some(head) = self.waiting.front() else { return };
        out.push(AgentOutput::ToMaster(AgentToMaster::Update {
            framework_id: framework.clone(),
            status: head.clone(),
            latest_state: self.latest,
        }));
    }
}
