//! What a reaction is called, and what happens, in a sentence.

use std::fmt;

use crate::{Link, Reaction};

/// Names of all reactions, as they are written in a plan.
pub const REACTIONS: &[&str] = &[
    "fail-task",
    "lose-task",
    "hang-task",
    "delay-task",
    "kill-task",
    "lose-agent",
    "partition-agent",
    "pause-agent",
    "fail-over-master",
    "disconnect-framework",
    "fail-over-framework",
    "tear-down-framework",
    "rescind-offers",
    "take-resources",
    "take-port",
    "miss-artifact",
    "slow-artifact",
    "corrupt-artifact",
    "expire-session",
    "stop-service",
    "lose-leader",
    "lose-data",
    "slow-service",
    "answer-error",
    "time-out-writes",
    "answer-http",
    "hang-http",
    "close-http",
    "delay-link",
    "cut-link",
    "narrow-link",
    "skew-clock",
    "fill-disk",
];

impl Reaction {
    /// Its name, as it is written in a plan.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FailTask { .. } => "fail-task",
            Self::LoseTask { .. } => "lose-task",
            Self::HangTask { .. } => "hang-task",
            Self::DelayTask { .. } => "delay-task",
            Self::KillTask { .. } => "kill-task",
            Self::LoseAgent { .. } => "lose-agent",
            Self::PartitionAgent { .. } => "partition-agent",
            Self::PauseAgent { .. } => "pause-agent",
            Self::FailOverMaster { .. } => "fail-over-master",
            Self::DisconnectFramework { .. } => "disconnect-framework",
            Self::FailOverFramework { .. } => "fail-over-framework",
            Self::TearDownFramework { .. } => "tear-down-framework",
            Self::RescindOffers { .. } => "rescind-offers",
            Self::TakeResources { .. } => "take-resources",
            Self::TakePort { .. } => "take-port",
            Self::MissArtifact { .. } => "miss-artifact",
            Self::SlowArtifact { .. } => "slow-artifact",
            Self::CorruptArtifact { .. } => "corrupt-artifact",
            Self::ExpireSession { .. } => "expire-session",
            Self::StopService { .. } => "stop-service",
            Self::LoseLeader { .. } => "lose-leader",
            Self::LoseData { .. } => "lose-data",
            Self::SlowService { .. } => "slow-service",
            Self::AnswerError { .. } => "answer-error",
            Self::TimeOutWrites { .. } => "time-out-writes",
            Self::AnswerHttp { .. } => "answer-http",
            Self::HangHttp { .. } => "hang-http",
            Self::CloseHttp { .. } => "close-http",
            Self::DelayLink { .. } => "delay-link",
            Self::CutLink { .. } => "cut-link",
            Self::NarrowLink { .. } => "narrow-link",
            Self::SkewClock { .. } => "skew-clock",
            Self::FillDisk { .. } => "fill-disk",
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the link from {} to {}", self.from, self.to)
    }
}

/// A length of time with what comes before and behind it, or nothing if there is none.
struct Back(Option<f64>);

impl fmt::Display for Back {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |seconds| write!(f, ", and is back after {seconds} s"))
    }
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailTask { .. }
            | Self::LoseTask { .. }
            | Self::HangTask { .. }
            | Self::DelayTask { .. }
            | Self::KillTask { .. } => self.task(f),
            Self::LoseAgent { .. }
            | Self::PartitionAgent { .. }
            | Self::PauseAgent { .. }
            | Self::TakeResources { .. }
            | Self::TakePort { .. }
            | Self::SkewClock { .. }
            | Self::FillDisk { .. } => self.agent(f),
            Self::FailOverMaster { .. }
            | Self::DisconnectFramework { .. }
            | Self::FailOverFramework { .. }
            | Self::TearDownFramework { .. }
            | Self::RescindOffers { .. } => self.control(f),
            Self::MissArtifact { .. }
            | Self::SlowArtifact { .. }
            | Self::CorruptArtifact { .. }
            | Self::AnswerHttp { .. }
            | Self::HangHttp { .. }
            | Self::CloseHttp { .. }
            | Self::DelayLink { .. }
            | Self::CutLink { .. }
            | Self::NarrowLink { .. } => self.network(f),
            Self::ExpireSession { .. }
            | Self::StopService { .. }
            | Self::LoseLeader { .. }
            | Self::LoseData { .. }
            | Self::SlowService { .. }
            | Self::AnswerError { .. }
            | Self::TimeOutWrites { .. } => self.service(f),
        }
    }
}

/// Each writes the reactions of its subject, and nothing for others.
impl Reaction {
    fn task(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailTask { task, message: Some(message) } => write!(f, "task {task} fails: {message}"),
            Self::FailTask { task, message: None } => write!(f, "task {task} fails"),
            Self::LoseTask { task } => write!(f, "task {task} is lost"),
            Self::HangTask { task } => write!(f, "the next task {task} never leaves TASK_STAGING"),
            Self::DelayTask { task, by } => write!(f, "the next task {task} starts {by} s later"),
            Self::KillTask { task } => write!(f, "task {task} is killed from outside"),
            _ => Ok(()),
        }
    }

    fn agent(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoseAgent { agent, back, without_sandboxes } => {
                write!(f, "{agent} is lost{}", Back(*back))?;
                let without = *without_sandboxes && back.is_some();
                if without { write!(f, " without its sandboxes") } else { Ok(()) }
            }
            Self::PartitionAgent { agent, lasts } => {
                write!(f, "{agent} and the master do not hear each other for {lasts} s")
            }
            Self::PauseAgent { agent, lasts } => write!(f, "nothing on {agent} moves for {lasts} s"),
            Self::TakeResources { agent, resources } => {
                write!(f, "somebody else takes {resources} of {agent}")
            }
            Self::TakePort { agent, port } => {
                write!(f, "a process outside Mesos listens on port {port} of {agent}")
            }
            Self::SkewClock { agent, by } => write!(f, "the clock of {agent} is wrong by {by} s"),
            Self::FillDisk { agent } => write!(f, "the disk of {agent} is full"),
            _ => Ok(()),
        }
    }

    fn control(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailOverMaster { after } => {
                write!(f, "the master ends, and another takes its place after {after} s")
            }
            Self::DisconnectFramework { framework } => write!(f, "the connection of {framework} is cut"),
            Self::FailOverFramework { framework } => {
                write!(f, "another scheduler takes the framework id of {framework}")
            }
            Self::TearDownFramework { framework } => write!(f, "{framework} is torn down"),
            Self::RescindOffers { framework } => write!(f, "the open offers of {framework} are taken back"),
            _ => Ok(()),
        }
    }

    fn network(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissArtifact { name } => write!(f, "{name} cannot be had any more"),
            Self::SlowArtifact { name, by } => write!(f, "{name} takes {by} s longer from now on"),
            Self::CorruptArtifact { name } => write!(f, "{name} does not come whole any more"),
            Self::AnswerHttp { to, status, times } => {
                write!(f, "the next {times} requests to {to} are answered with {status}")
            }
            Self::HangHttp { to, times } => write!(f, "the next {times} requests to {to} are not answered"),
            Self::CloseHttp { to, times } => {
                write!(f, "the next {times} connections to {to} are closed without an answer")
            }
            Self::DelayLink { link, by, lasts } => write!(f, "{link} takes {by} s longer for {lasts} s"),
            Self::CutLink { link, lasts } => write!(f, "{link} carries nothing for {lasts} s"),
            Self::NarrowLink { link, bytes_per_second, lasts } => {
                write!(f, "{link} carries {bytes_per_second} bytes a second for {lasts} s")
            }
            _ => Ok(()),
        }
    }

    fn service(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExpireSession { of } => write!(f, "the ZooKeeper session of {of} expires"),
            Self::StopService { service, back } => write!(f, "{service} ends{}", Back(*back)),
            Self::LoseLeader { service } => write!(f, "{service} loses its leader"),
            Self::LoseData { service } => write!(f, "all data of {service} is gone, and it starts anew"),
            Self::SlowService { service, by, lasts } => {
                write!(f, "{service} answers {by} s later for {lasts} s")
            }
            Self::AnswerError { service, code, times } => {
                write!(f, "{service} answers with error {code}, {times} times")
            }
            Self::TimeOutWrites { service, lasts } => {
                write!(f, "writes to {service} time out for {lasts} s")
            }
            _ => Ok(()),
        }
    }
}
