//! What runs where, as a table.

use comfy_table::{Table, presets};

use super::{Running, ServiceAt};

/// A table of tasks with their agents, shares and services.
pub fn table(tasks: &[Running], services: &[ServiceAt]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["framework", "task", "state", "agent", "resources", "serves"]);
    for task in tasks {
        let serves = services.iter().filter(|service| belongs(service, task));
        let serves: Vec<String> = serves.map(|s| format!("{} on {}", s.service, s.address)).collect();
        let state = task.state.trim_start_matches("TASK_").to_lowercase();
        table.add_row([&task.framework, &task.name, &state, &task.host, &task.resources, &serves.join(", ")]);
    }
    table.to_string()
}

/// A service is told by its task's id, or by its executor's name, which is the task's.
fn belongs(service: &ServiceAt, task: &Running) -> bool {
    let host = service.address.split(':').next().unwrap_or_default();
    service.task == task.task || (service.task == task.name && host == task.host)
}

/// A table of runs with different choices of real services: the services' columns, then time and verdict.
pub fn choices_table(services: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(services.iter().copied().chain(["time", "verdict"]));
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}
