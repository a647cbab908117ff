//! Launches that do not come to what they should.

use std::time::Duration;

use super::Mishaps;

/// What becomes of a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskFault {
    /// The agent never hears of it.
    Hang,
    /// The agent hears of it so much later.
    Delay(Duration),
}

#[derive(Debug)]
pub(super) struct Rule {
    task: String,
    fault: TaskFault,
}

impl Mishaps {
    /// The next launch of a task whose name or id contains this text comes to this.
    pub fn break_launch(&self, task: &str, fault: TaskFault) {
        self.arm().tasks.push(Rule { task: task.to_owned(), fault });
    }

    /// What is to become of a launch; nothing out of the ordinary mostly.
    pub(crate) fn launch_fault(&self, name: &str, id: &str) -> Option<TaskFault> {
        if !self.armed() {
            return None;
        }
        let tasks = &mut self.rules().tasks;
        let is_meant = |rule: &Rule| name.contains(&rule.task) || id.contains(&rule.task);
        let at = tasks.iter().position(is_meant)?;
        Some(tasks.remove(at).fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_for_one_launch() {
        let mishaps = Mishaps::default();
        mishaps.break_launch("broker-70", TaskFault::Hang);
        assert_eq!(mishaps.launch_fault("broker-71", "kafka|71"), None);
        assert_eq!(mishaps.launch_fault("broker-70", "x"), Some(TaskFault::Hang));
        assert_eq!(mishaps.launch_fault("broker-70", "x"), None);
    }
}
