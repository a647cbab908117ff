//! Task statuses as the frameworks know them.

use std::fmt;

/// The states that a framework of 2015 knows. Later ones are told as the old ones they stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // The names are Mesos' own.
pub enum TaskState {
    Staging,
    Starting,
    Running,
    Finished,
    Failed,
    Killed,
    Lost,
    Error,
}

impl TaskState {
    /// Whether the task is over.
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Staging | Self::Starting | Self::Running)
    }

    /// `TASK_RUNNING` and so on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Staging => "TASK_STAGING",
            Self::Starting => "TASK_STARTING",
            Self::Running => "TASK_RUNNING",
            Self::Finished => "TASK_FINISHED",
            Self::Failed => "TASK_FAILED",
            Self::Killed => "TASK_KILLED",
            Self::Lost => "TASK_LOST",
            Self::Error => "TASK_ERROR",
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A status update, told to a scheduler.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The task.
    pub task_id: String,
    /// Its state.
    pub state: TaskState,
    /// The agent, where Mesos names it.
    pub agent: Option<String>,
    /// The executor, where Mesos names it.
    pub executor_id: Option<String>,
    /// What the executor put in. Statuses that Mesos makes up for reconciliation have none.
    pub data: Option<Vec<u8>>,
    /// Message; empty if none.
    pub message: String,
    /// Reason as Mesos names it (`REASON_…`); empty if none.
    pub reason: String,
}

impl Status {
    /// One line, for logs.
    pub fn summary(&self) -> String {
        let mut text = format!("{} {}", self.task_id, self.state);
        if let Some(agent) = &self.agent {
            text.push_str(" slave:");
            text.push_str(agent);
        }
        for (name, value) in [("reason", &self.reason), ("message", &self.message)] {
            if !value.is_empty() {
                text.push_str(&format!(" {name}:{value}"));
            }
        }
        text
    }
}
