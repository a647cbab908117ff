//! Whose a container is: its labels, and whether their owner still lives.

use std::collections::BTreeMap;

/// Label: the lab's id.
pub const LAB: &str = "org.stacklab.lab";
/// Label: the process that made it, as boot id, process id and start time.
pub const OWNER: &str = "org.stacklab.owner";
/// Label: the name space in which the owner's process id counts.
pub(crate) const PROCESSES: &str = "org.stacklab.processes";
/// Label: the service: `kafka`.
pub const SERVICE: &str = "org.stacklab.service";
/// Label: the task: `broker-70`.
pub const TASK: &str = "org.stacklab.task";
/// Label of an image: the hash of what it is made from.
pub const RECIPE: &str = "org.stacklab.recipe";

/// What is written where the system tells nothing.
const UNKNOWN: &str = "unknown";

/// This process, as the owner of what one lab has in the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    lab: String,
    process: Process,
}

impl Owner {
    /// This process, for the lab with this id. Two labs of one process need two ids.
    pub fn new(lab: &str) -> Self {
        Self { lab: lab.to_owned(), process: Process::this() }
    }

    /// The lab's id.
    pub fn lab(&self) -> &str {
        &self.lab
    }

    /// The labels for everything that the lab makes.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let labels = [
            (LAB, self.lab.clone()),
            (OWNER, self.process.to_label()),
            (PROCESSES, self.process.name_space.clone()),
        ];
        labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What finds this lab's things, as a value of the engine's filter `label`.
    pub fn filter(&self) -> String {
        format!("{LAB}={}", self.lab)
    }

    /// Whether labels are those of this lab of this process.
    pub(crate) fn has(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels().iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}

/// A process, so that it cannot be mistaken for a later one with the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    boot: String,
    pid: u32,
    started: String,
    name_space: String,
}

impl Process {
    /// This one.
    pub(crate) fn this() -> Self {
        let pid = std::process::id();
        let known = |text: Option<String>| text.unwrap_or_else(|| UNKNOWN.to_owned());
        Self { boot: known(boot()), pid, started: known(started(pid)), name_space: known(name_space()) }
    }

    fn to_label(&self) -> String {
        format!("{}/{}/{}", self.boot, self.pid, self.started)
    }

    fn of_labels(labels: &BTreeMap<String, String>) -> Option<Self> {
        let mut parts = labels.get(OWNER)?.splitn(3, '/');
        let (boot, pid, started) = (parts.next()?, parts.next()?, parts.next()?);
        let name_space = labels.get(PROCESSES).map_or(UNKNOWN, String::as_str);
        Some(Self {
            boot: boot.to_owned(),
            pid: pid.parse().ok()?,
            started: started.to_owned(),
            name_space: name_space.to_owned(),
        })
    }

    /// Whether the process is known to be gone, as seen by `here`.
    fn is_gone(&self, here: &Self, started: impl Fn(u32) -> Option<String>) -> bool {
        let unknown =
            [&self.boot, &self.started, &here.boot, &here.started].into_iter().any(|part| part == UNKNOWN);
        if unknown {
            return false;
        }
        if self.boot != here.boot {
            return true;
        }
        // In another container the same number is another process.
        self.name_space == here.name_space && started(self.pid).as_ref() != Some(&self.started)
    }
}

/// Whether labels are ours, and their owner is known to live no longer. What cannot be told counts as alive.
pub(crate) fn is_dead(labels: &BTreeMap<String, String>) -> bool {
    labels.contains_key(LAB)
        && Process::of_labels(labels).is_some_and(|owner| owner.is_gone(&Process::this(), started))
}

/// The kernel's id of this boot.
fn boot() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|text| text.trim().to_owned())
}

/// The name space of process ids: `pid:[4026531836]`.
fn name_space() -> Option<String> {
    std::fs::read_link("/proc/self/ns/pid").ok().map(|link| link.to_string_lossy().into_owned())
}

/// When a process started, in ticks since the boot; `None` if there is no such process.
fn started(pid: u32) -> Option<String> {
    start_time(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of `/proc/<pid>/stat`; `None` for a process that has ended and is only not yet collected.
fn start_time(stat: &str) -> Option<String> {
    // The second field is a program's name in brackets, which may have blanks and brackets of its own.
    let mut rest = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = rest.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    rest.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(boot: &str, pid: u32, started: &str, name_space: &str) -> Process {
        Process { boot: boot.into(), pid, started: started.into(), name_space: name_space.into() }
    }

    #[test]
    fn an_owner_is_gone_only_if_that_is_sure() {
        let here = process("b", 1, "10", "pid:[1]");
        let running = |pid| (pid == 7).then(|| "70".to_owned());
        for (owner, gone) in [
            (process("b", 7, "70", "pid:[1]"), false),
            (process("b", 7, "71", "pid:[1]"), true),
            (process("b", 8, "80", "pid:[1]"), true),
            (process("b", 8, "80", "pid:[2]"), false),
            (process("other", 7, "70", "pid:[1]"), true),
            (process(UNKNOWN, 8, "80", "pid:[1]"), false),
            (process("b", 8, UNKNOWN, "pid:[1]"), false),
        ] {
            assert_eq!(owner.is_gone(&here, running), gone, "{owner:?}");
        }
    }

    #[test]
    fn labels_say_who_owns() {
        let owner = Owner::new("lab-1");
        let labels = owner.labels();
        assert_eq!(labels[LAB], "lab-1");
        assert_eq!(Process::of_labels(&labels), Some(Process::this()));
        assert!(owner.has(&labels) && !Owner::new("lab-2").has(&labels));
        assert!(!is_dead(&labels));
        assert_eq!(owner.filter(), "org.stacklab.lab=lab-1");
        assert!(!is_dead(&BTreeMap::new()), "somebody else's");
        let torn =
            BTreeMap::from([(LAB.to_owned(), "x".to_owned()), (OWNER.to_owned(), "no/number".to_owned())]);
        assert!(!is_dead(&torn), "what cannot be read is left alone");
    }

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        let fields: Vec<String> = (4..=52).map(|n| n.to_string()).collect();
        assert_eq!(start_time(&format!("12 (a) b) S {}", fields.join(" "))).as_deref(), Some("22"));
        assert_eq!(start_time(&format!("12 (a) Z {}", fields.join(" "))), None);
        assert_eq!(start_time("12 (a"), None);
    }
}
