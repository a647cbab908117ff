//! Which machine plays which command line: the launch commands of the stacks, and those that the schedulers put into
//! their executors.
//!
//! ```
//! use stacklab_frameworks::registry::{AnyProgram, ProgramContext, program};
//! use stacklab_machine::{Pace, Rng};
//!
//! let mut context = ProgramContext::new("java -jar zipkin-mesos-0.1.jar scheduler --master m:5050", "slave0");
//! context.files.insert("zipkin-mesos-0.1.jar".into());
//! assert!(matches!(program(context), Ok(AnyProgram::Scheduler(_))));
//! ```

mod find;
mod java;
mod shell;
mod words;

pub mod artifacts;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use stacklab_machine::process::Program;
use stacklab_machine::{Pace, Rng};
use stacklab_mesos::{ExecutorCall, ExecutorEvent, SchedulerCall, SchedulerEvent};

use crate::base::Context;

/// A command with everything a process has when it starts.
#[derive(Clone, Debug)]
pub struct ProgramContext {
    /// The line for `sh -c`, as it stands in the stack: variables are still in it.
    pub command: String,
    /// The environment, with what Mesos and Marathon add.
    pub env: BTreeMap<String, String>,
    /// Names in the sandbox; directories end in `/`. [`artifacts::fetch`] tells what an artifact brings.
    pub files: BTreeSet<String>,
    /// Name or address of the host: what an agent calls itself in offers.
    pub host: String,
    /// Whom the program runs as.
    pub user: String,
    /// Random numbers of this program.
    pub rng: Rng,
    /// How fast the waits pass that decide nothing.
    pub pace: Pace,
}

impl ProgramContext {
    /// A context with an empty environment and sandbox, as root, at the original's pace.
    pub fn new(command: &str, host: &str) -> Self {
        Self {
            command: command.into(),
            env: BTreeMap::new(),
            files: BTreeSet::new(),
            host: host.into(),
            user: "root".into(),
            rng: Rng::new(0),
            pace: Pace::REAL,
        }
    }
}

/// A program that runs on the cluster.
pub enum AnyProgram {
    /// A framework's scheduler.
    Scheduler(Box<Program<SchedulerEvent, SchedulerCall>>),
    /// An executor.
    Executor(Box<Program<ExecutorEvent, ExecutorCall>>),
}

impl fmt::Debug for AnyProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheduler(_) => "Scheduler",
            Self::Executor(_) => "Executor",
        })
    }
}

/// Why no machine plays a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownProgram {
    /// The real command would end at once, like this.
    #[error("{line}")]
    Ends {
        /// Exit code.
        code: i32,
        /// What it prints.
        line: String,
    },
    /// Nothing here plays it; what the real command would do is not known.
    #[error("no machine plays: {command}")]
    NotPlayed {
        /// The command, expanded as far as it was read.
        command: String,
    },
}

/// Finds the machine for a command.
pub fn program(context: ProgramContext) -> Result<AnyProgram, UnknownProgram> {
    let ProgramContext { command, env, files, host, user, rng, pace } = context;
    let found = shell::run(&command, env, files)?;
    let context = Context { env: found.env, files: found.files, host, user, rng, pace };
    java::play(&found.words, context)
}
