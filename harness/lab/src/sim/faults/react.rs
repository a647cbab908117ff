//! From a reaction of the plan to what is done.

use stacklab_faults::Reaction;
use stacklab_live::mishap::HttpFault;
use stacklab_machine::timeline::EventId;
use stacklab_mesos::TaskEnd;

use super::tasks::{How, LaunchDelay};
use super::{World, seconds};
use crate::sim::item::Later;

impl World {
    /// Does what a fault says. What it speaks of and is not there is not hurt.
    pub(super) fn react(&mut self, reaction: Reaction, cause: Option<EventId>) {
        match reaction {
            Reaction::FailTask { .. }
            | Reaction::LoseTask { .. }
            | Reaction::HangTask { .. }
            | Reaction::DelayTask { .. }
            | Reaction::KillTask { .. } => self.react_task(reaction, cause),
            Reaction::LoseAgent { .. }
            | Reaction::PartitionAgent { .. }
            | Reaction::PauseAgent { .. }
            | Reaction::TakeResources { .. }
            | Reaction::TakePort { .. }
            | Reaction::SkewClock { .. }
            | Reaction::FillDisk { .. } => self.react_agent(reaction, cause),
            Reaction::FailOverMaster { after } => self.fail_over_master(seconds(after), cause),
            Reaction::DisconnectFramework { framework } => self.disconnect_framework(&framework, cause),
            Reaction::FailOverFramework { framework } => self.fail_over_framework(&framework, cause),
            Reaction::TearDownFramework { framework } => self.tear_down_framework(&framework, cause),
            Reaction::RescindOffers { framework } => self.rescind_offers(&framework, cause),
            Reaction::MissArtifact { .. }
            | Reaction::SlowArtifact { .. }
            | Reaction::CorruptArtifact { .. } => self.react_artifact(reaction),
            Reaction::ExpireSession { .. }
            | Reaction::StopService { .. }
            | Reaction::LoseLeader { .. }
            | Reaction::LoseData { .. }
            | Reaction::SlowService { .. } => self.react_service(reaction, cause),
            Reaction::AnswerHttp { to, status, times } => {
                self.break_http(to, HttpFault::Status(status), times);
            }
            Reaction::HangHttp { to, times } => self.break_http(to, HttpFault::Hang, times),
            Reaction::CloseHttp { to, times } => self.break_http(to, HttpFault::Close, times),
            Reaction::DelayLink { link, by, lasts } => {
                self.trouble_link(link, seconds(lasts), Some(seconds(by)));
            }
            Reaction::CutLink { link, lasts } => self.trouble_link(link, seconds(lasts), None),
            // Refused before the start of a simulation, by name.
            Reaction::AnswerError { .. } | Reaction::TimeOutWrites { .. } | Reaction::NarrowLink { .. } => {}
        }
    }

    fn react_task(&mut self, reaction: Reaction, cause: Option<EventId>) {
        match reaction {
            Reaction::FailTask { task, message } => {
                self.end_task(task, How::End(TaskEnd::Failed(message)), cause);
            }
            Reaction::LoseTask { task } => self.end_task(task, How::End(TaskEnd::Lost), cause),
            Reaction::KillTask { task } => self.end_task(task, How::Kill, cause),
            Reaction::HangTask { task } => self.break_launch(task, LaunchDelay::ForEver),
            Reaction::DelayTask { task, by } => self.break_launch(task, LaunchDelay::By(seconds(by))),
            _ => {}
        }
    }

    fn react_agent(&mut self, reaction: Reaction, cause: Option<EventId>) {
        match reaction {
            Reaction::LoseAgent { agent, back, without_sandboxes } => {
                self.lose_agent(&agent, back.map(seconds), without_sandboxes, cause);
            }
            Reaction::PartitionAgent { agent, lasts } => self.partition_agent(&agent, seconds(lasts)),
            Reaction::PauseAgent { agent, lasts } => self.pause_agent(&agent, seconds(lasts)),
            Reaction::TakeResources { agent, resources } => self.take_resources(&agent, &resources),
            Reaction::TakePort { agent, port } => self.take_port(&agent, port),
            Reaction::SkewClock { agent, by } => self.skew_clock(&agent, by),
            Reaction::FillDisk { agent } => self.fill_disk(&agent),
            _ => {}
        }
    }

    fn react_artifact(&mut self, reaction: Reaction) {
        match reaction {
            Reaction::MissArtifact { name } => drop(self.artifacts.missing.insert(name)),
            Reaction::SlowArtifact { name, by } => {
                self.artifacts.slow.insert(name, seconds(by));
            }
            Reaction::CorruptArtifact { name } => {
                if let Some(faults) = &mut self.faults {
                    faults.corrupt.insert(name);
                }
            }
            _ => {}
        }
    }

    fn react_service(&mut self, reaction: Reaction, cause: Option<EventId>) {
        match reaction {
            Reaction::ExpireSession { of } => self.expire_session(&of, cause),
            Reaction::StopService { service, back } => {
                self.stop_service_called(&service, back.map(seconds), cause);
            }
            Reaction::LoseLeader { service } => self.lose_leader(&service, cause),
            Reaction::LoseData { service } => self.lose_data(&service, cause),
            Reaction::SlowService { service, by, lasts } => {
                self.slow_service(&service, seconds(by), seconds(lasts), cause);
            }
            _ => {}
        }
    }

    /// The end of what a reaction began.
    pub(in crate::sim) fn later(&mut self, later: Later, cause: Option<EventId>) {
        match later {
            Later::AgentBack { link, containers } => self.agent_back(link, containers, cause),
            Later::MasterBack => self.master_back(cause),
            Later::ZooKeeperBack(index) => self.zookeeper_back(index),
            Later::ZooKeeperQuick(index) => self.zookeeper_quick(index),
            Later::OwnServiceBack(address) => drop(self.ports.insert(address)),
            Later::NewSession(program) => self.new_session(program, cause),
        }
    }
}
