//! What a person is shown of a run: everything here reads the timeline and nothing else.

mod critical;
mod line;
mod progress;
mod running;
mod table;
mod waiting;

pub use critical::{CriticalPath, critical_path};
pub use line::line_of;
pub use progress::Progress;
pub use running::{Running, ServiceAt, running};
pub use table::{choices_table, table};
pub use waiting::waiting_for;
