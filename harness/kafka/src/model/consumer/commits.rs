//! Commits into ZooKeeper, and the end.

use stacklab_machine::Time;

use super::{Consumer, Out, Step, log};
use crate::model::io::{Ending, Output};
use crate::model::zk::Answer;
use crate::model::znodes;

impl Consumer {
    /// Commits what was taken so far; [`Output::Committed`] follows.
    pub fn commit(&mut self, now: Time, out: &mut Out) {
        self.now = now;
        self.asked_to_commit = true;
        self.commit_taken();
        self.commits_done(out);
        self.settle(out);
    }

    pub(super) fn commit_taken(&mut self) {
        for (id, partition) in &self.partitions {
            let Some(offset) = partition.taken.filter(|_| partition.is_uncommitted()) else { continue };
            let path = znodes::offset_path(&self.config.group, &self.config.topic, *id);
            self.open_commits += 1;
            self.zk.upsert(&path, offset.to_string().into(), Step::Committed(*id, offset));
        }
    }

    pub(super) fn committed(&mut self, partition: i32, offset: i64, result: &Answer, out: &mut Out) {
        match result {
            Ok(_) => {
                if let Some(state) = self.partitions.get_mut(&partition) {
                    state.committed = Some(offset);
                }
            }
            Err(fault) => {
                self.commit_failed = true;
                log(out, || format!("[{}], exception during commitOffsets: {fault}", self.id));
            }
        }
        if self.letting_go.remove(&partition) {
            self.let_go(partition);
        }
        self.open_commits = self.open_commits.saturating_sub(1);
        self.commits_done(out);
    }

    pub(super) fn commits_done(&mut self, out: &mut Out) {
        if self.open_commits > 0 {
            return;
        }
        let failed = std::mem::take(&mut self.commit_failed);
        if std::mem::take(&mut self.asked_to_commit) {
            out.push(Output::Committed(!failed));
        }
        if self.stopping {
            self.exit(Ending::Stopped, out);
        }
    }

    pub(super) fn terminate(&mut self, out: &mut Out) {
        log(out, || format!("[{}], ZKConsumerConnector shutting down", self.id));
        self.stopping = true;
        if self.config.auto_commit.is_some() && self.zk.is_connected() {
            self.commit_taken();
            self.commits_done(out);
        } else {
            self.exit(Ending::Stopped, out);
        }
    }
}
