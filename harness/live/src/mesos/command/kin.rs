//! All processes of a sandbox: a command's own group, and whoever left the group but still has its environment.

use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How often it is looked for processes that were started while others were ended.
const ROUNDS: usize = 20;

/// A command with its descendants. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Kin {
    /// The leader of the group; `None` once it has been waited for, as its number may be another's then.
    leader: Option<Pid>,
    /// `MESOS_SANDBOX=<path>`, which descendants inherit.
    mark: Vec<u8>,
}

impl Kin {
    pub(super) fn new(leader: Option<u32>, sandbox: &Path) -> Self {
        let leader = leader.and_then(|number| i32::try_from(number).ok()).and_then(Pid::from_raw);
        Self { leader, mark: format!("MESOS_SANDBOX={}", sandbox.display()).into_bytes() }
    }

    /// SIGTERM to the group.
    pub(super) fn terminate(&self) {
        if let Some(leader) = self.leader {
            // Gone already: its exit is on the way.
            let _ = kill_process_group(leader, Signal::TERM);
        }
    }

    /// The leader has been waited for. The others are ended.
    pub(super) fn orphaned(&mut self) {
        self.leader = None;
        self.end();
    }

    fn end(&self) {
        if let Some(leader) = self.leader {
            let _ = kill_process_group(leader, Signal::KILL);
        }
        for _ in 0..ROUNDS {
            let marked = self.marked();
            if marked.is_empty() {
                return;
            }
            for pid in marked {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    /// Processes with the mark in their environment. None where the system has no `/proc`.
    fn marked(&self) -> Vec<Pid> {
        let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
        let number = |path: PathBuf| path.file_name()?.to_str()?.parse().ok();
        let numbers = entries.flatten().filter_map(|entry| number(entry.path()));
        // A process that has ended, and only is not waited for yet, has an empty environment.
        numbers.filter(|number| self.marks(*number)).filter_map(Pid::from_raw).collect()
    }

    fn marks(&self, number: i32) -> bool {
        let environment = std::fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == self.mark)
    }
}

impl Drop for Kin {
    fn drop(&mut self) {
        self.end();
    }
}
