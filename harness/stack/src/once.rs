//! Between the run of a stack and whoever runs its `run-once` applications: Stack Deploy's own Mesos framework.

use stacklab_machine::process::CallId;

use crate::schedule::ScheduledTask;

/// An application of type `run-once`, with everything that its tasks need. Its `scheduler`, `args`, `env`, `user` and
/// `docker` are of no use to the original, and so are not here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnceApplication {
    /// Its id.
    pub id: String,
    /// Cpus of each task.
    pub cpus: f64,
    /// Memory of each task, in MB.
    pub mem: f64,
    /// `[attribute, OPERATOR, value?]` each.
    pub constraints: Vec<Vec<String>>,
    /// The command line, its variables resolved.
    pub command: String,
    /// What is fetched, in this order.
    pub uris: Vec<String>,
    /// How many tasks: counted when the stack was run, also for those that are scheduled.
    pub instances: u32,
    /// Cron text of the first start; empty for none.
    pub start_time: String,
    /// Cron text of the starts; empty for none.
    pub time_schedule: String,
}

impl OnceApplication {
    /// Whether it starts later, and counts as running at once.
    pub fn is_scheduled(&self) -> bool {
        !self.start_time.is_empty() || !self.time_schedule.is_empty()
    }
}

/// What the framework is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum OnceRequest {
    /// Run an application to its end; answered by [`OnceReply::Ran`] then, or at once if it is scheduled.
    Run {
        /// Which call.
        call: CallId,
        /// The application.
        application: Box<OnceApplication>,
    },
    /// List what is scheduled; answered by [`OnceReply::Listed`].
    List {
        /// Which call.
        call: CallId,
    },
    /// Remove a scheduled task; answered by [`OnceReply::Removed`].
    Remove {
        /// Which call.
        call: CallId,
        /// The task's id.
        id: i64,
    },
}

/// What the framework answers.
#[derive(Clone, Debug, PartialEq)]
pub enum OnceReply {
    /// An application has run to its end, or is scheduled.
    Ran {
        /// The call.
        call: CallId,
        /// The error is in the original's words.
        result: Result<(), String>,
    },
    /// What is scheduled, in the order in which it came.
    Listed {
        /// The call.
        call: CallId,
        /// The tasks.
        tasks: Vec<ScheduledTask>,
    },
    /// A scheduled task was removed, or there was none of that id.
    Removed {
        /// The call.
        call: CallId,
        /// Whether there was one.
        found: bool,
    },
    /// Mesos gave the framework an id, which is to be kept for the next start. Asked for by nobody.
    Registered {
        /// The id.
        framework_id: String,
    },
}
