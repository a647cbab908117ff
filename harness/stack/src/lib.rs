//! Stack files of Stack Deploy 0.3.5.2 and the run of a stack.
//!
//! A stack file goes through [`Stack::parse`], may be merged with parents and layers ([`merge`](fn@merge), [`layers`]), is
//! checked ([`validate`](fn@validate), [`problems`]) and run by [`Run`], a machine that calls Marathon and the frameworks'
//! schedulers as the original does. This crate knows HTTP as values only, and nothing of Mesos but what a master's
//! state says of its agents.

mod constraint;
mod error;
mod file;
mod go_json;
mod go_syntax;
mod merge;
mod plan;
mod run;
mod validate;
mod variables;

pub mod layers;
pub mod lint;
pub mod server;

pub use constraint::{Agent, ConstraintError, check_pattern, count_matching, matches};
pub use error::{Position, StackError};
pub use file::{
    Application, Docker, Parsed, PortMapping, Stack, Task, Volume, Warning, Written, Yaml, parse_names,
    print_names,
};
pub use merge::{MergeError, merge};
pub use plan::{Demand, plan};
pub use run::{Progress, Run, RunConfig};
pub use validate::{Invalid, Problem, RUNNER_TYPES, problems, validate};
pub use variables::{Unresolved, Variables};
