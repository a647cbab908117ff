//! What starts later: cron texts, and the run-once applications that wait for their time.

mod cron;
mod duration;
mod jobs;

pub use cron::{BadCron, Cron};
pub use jobs::{Jobs, ScheduledTask};
