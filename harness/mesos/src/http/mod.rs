//! The HTTP and JSON faces of master and agent, as pure functions.
//!
//! A call arrives through [`scheduler_call`] or [`executor_call`], which make every check that needs no state;
//! what is left is the machine's. Protobuf is not spoken: who sends it gets 501.

mod calls;
mod events;
mod metrics;
mod read;
mod required;
mod state;
mod summary;
pub(crate) mod texts;

pub use calls::{
    ExecutorRequest, SchedulerRequest, call_json, executor_call, executor_call_json, scheduler_call,
};
pub use events::{BadEvent, event_json, executor_event_json, parse_event, parse_executor_event};

#[cfg(test)]
mod tests;
