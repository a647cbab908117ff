//! Scheduled run-once applications, as far as the server tells of them.

use crate::go_json;

/// A task that is scheduled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduledTask {
    /// A random number of 63 bits; −1 if its times cannot be read.
    pub id: i64,
    /// The application's id.
    pub name: String,
    /// Cron text.
    pub start_time: String,
    /// Cron text.
    pub time_schedule: String,
}

/// All scheduled tasks, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    tasks: Vec<ScheduledTask>,
}

impl Schedule {
    /// Adds a task.
    pub fn add(&mut self, task: ScheduledTask) {
        self.tasks.push(task);
    }

    /// Removes the first task of this id; false if there is none.
    pub fn remove(&mut self, id: i64) -> bool {
        let at = self.tasks.iter().position(|task| task.id == id);
        at.map(|at| self.tasks.remove(at)).is_some()
    }

    /// As `/scheduled` answers it.
    pub(super) fn to_json(&self) -> String {
        let task = |task: &ScheduledTask| {
            let mut json = format!("{{\"id\":{}", task.id);
            let texts = [
                ("name", &task.name),
                ("start_time", &task.start_time),
                ("time_schedule", &task.time_schedule),
            ];
            for (key, text) in texts {
                json.push_str(&format!(",\"{key}\":"));
                go_json::write_string(text, &mut json);
            }
            json.push('}');
            json
        };
        format!("[{}]", self.tasks.iter().map(task).collect::<Vec<_>>().join(","))
    }
}
