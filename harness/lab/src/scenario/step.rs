//! The steps of a scenario, and the conditions that they wait for. Both read as sentences: [`Step`]'s text is what stands
//! in the file.

use std::fmt;
use std::path::PathBuf;

use stacklab_faults::Pattern;

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Deploys the scenario's stack, or another one.
    Deploy {
        /// Another stack file.
        stack: Option<PathBuf>,
        /// Only for the reader: it is not the first time.
        again: bool,
        /// It must fail, and the scenario goes on.
        fails: bool,
    },
    /// Removes an app from Marathon.
    RemoveApp(String),
    /// Removes all apps from Marathon.
    RemoveAllApps,
    /// Lets Marathon restart an app.
    RestartApp(String),
    /// Lets Marathon run so many instances of an app.
    ScaleApp(String, u32),
    /// Tears down all frameworks of this name, as an operator does.
    TearDown(String),
    /// Deletes a node of the platform's ZooKeeper, with all below it.
    DeleteZnode(String),
    /// Writes a node of the platform's ZooKeeper, with its parents.
    WriteZnode(String, String),
    /// Calls the API of an app's scheduler: it must answer 200.
    Call {
        /// The app.
        app: String,
        /// Path and query.
        path: String,
    },
    /// Waits until something is so.
    WaitUntil {
        /// What.
        condition: Condition,
        /// Seconds, at the original's pace, after which it counts as failed.
        within: u32,
    },
    /// Waits so many seconds of the original's time.
    Wait(u32),
    /// Sends the scenario's traces and reads them back.
    SendTraces,
    /// So many agents are there.
    ExpectAgents(usize),
    /// Such an event is in the timeline.
    ExpectEvent(Pattern),
    /// No such event is in the timeline.
    ExpectNoEvent(Pattern),
    /// Something is so, now.
    Expect(Condition),
}

/// Something that is so or not so, as the timeline shows it.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// An instance of a framework (`broker 70`) has this state, in its framework's words.
    Instance(String, String),
    /// An app's last task runs.
    AppRuns(String),
    /// An app is healthy.
    AppHealthy(String),
    /// Marathon does not have an app any more, and its tasks have ended.
    AppGone(String),
    /// A framework is registered.
    FrameworkRegistered(String),
    /// A framework is gone for good.
    FrameworkGone(String),
    /// The last task with this text in its name or id has this state: `running`, `failed`, `lost`, …
    Task(String, String),
    /// The agent of this number is lost.
    AgentLost(usize),
    /// The agent of this number is registered.
    AgentThere(usize),
    /// A service of this kind serves.
    ServiceServes(String),
    /// A node exists.
    ZnodeThere(String),
    /// A node does not exist.
    ZnodeGone(String),
    /// Such an event has come since the step before began.
    Event(Pattern),
}

/// How long a condition is waited for, in seconds at the original's pace, where the scenario says nothing.
pub const PATIENCE: u32 = 900;

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deploy { stack, again, fails } => {
                f.write_str("deploy")?;
                match stack {
                    Some(stack) => write!(f, " {}", stack.display())?,
                    None if *again => f.write_str(" again")?,
                    None => {}
                }
                f.write_str(if *fails { " and expect failure" } else { "" })
            }
            Self::RemoveApp(app) => write!(f, "remove app {app}"),
            Self::RemoveAllApps => f.write_str("remove all apps"),
            Self::RestartApp(app) => write!(f, "restart app {app}"),
            Self::ScaleApp(app, to) => write!(f, "scale app {app} to {to}"),
            Self::TearDown(name) => write!(f, "tear down framework {name}"),
            Self::DeleteZnode(path) => write!(f, "delete znode {path}"),
            Self::WriteZnode(path, data) => write!(f, "write znode {path} {data}"),
            Self::Call { app, path } => write!(f, "call {app} {path}"),
            Self::WaitUntil { condition, within } => {
                write!(f, "wait until {condition}")?;
                if *within == PATIENCE { Ok(()) } else { write!(f, " within {within} s") }
            }
            Self::Wait(seconds) => write!(f, "wait {seconds} s"),
            Self::SendTraces => f.write_str("send the traces"),
            Self::ExpectAgents(count) => write!(f, "expect {count} agents"),
            Self::ExpectEvent(pattern) => write!(f, "expect an event {}", flow(pattern)),
            Self::ExpectNoEvent(pattern) => write!(f, "expect no event {}", flow(pattern)),
            Self::Expect(condition) => write!(f, "expect {condition}"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(instance, state) => write!(f, "{instance} is {state}"),
            Self::AppRuns(app) => write!(f, "app {app} is running"),
            Self::AppHealthy(app) => write!(f, "app {app} is healthy"),
            Self::AppGone(app) => write!(f, "app {app} is gone"),
            Self::FrameworkRegistered(name) => write!(f, "framework {name} is registered"),
            Self::FrameworkGone(name) => write!(f, "framework {name} is gone"),
            Self::Task(task, state) => write!(f, "task {task} is {state}"),
            Self::AgentLost(number) => write!(f, "agent {number} is lost"),
            Self::AgentThere(number) => write!(f, "agent {number} is there"),
            Self::ServiceServes(kind) => write!(f, "service {kind} serves"),
            Self::ZnodeThere(path) => write!(f, "znode {path} exists"),
            Self::ZnodeGone(path) => write!(f, "znode {path} is gone"),
            Self::Event(pattern) => write!(f, "an event {}", flow(pattern)),
        }
    }
}

/// A pattern on one line; what JSON can say YAML can read.
fn flow(pattern: &Pattern) -> String {
    serde_json::to_string(pattern).unwrap_or_default()
}
