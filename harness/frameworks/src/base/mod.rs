//! What the four frameworks share: the small languages of their options and calls, storage, HTTP conventions, waiting
//! calls, reconciliation, and the generic scheduler and executor that everything else hangs in.

mod constraint;
mod context;
mod convert;
mod driver;
mod executor;
mod framework;
mod ids;
mod number;
mod offer;
mod options;
mod period;
mod range;
mod reconcile;
mod scheduler;
mod span;
mod stage;
mod status;
mod storage;
mod store;
mod textmap;
mod wait;

pub(crate) mod fields;
pub(crate) mod instance;
pub mod properties;
pub mod web;

pub use constraint::{Condition, ConstraintError, Constraints, Dialect};
pub use context::Context;
pub use executor::{Executor, Hands, Work};
pub use framework::{Framework, Habits, Reply, Setup, Verdict};
pub use ids::{IdsError, MAX_IDS, expand, expand_filtered};
pub use number::{NumberError, decimal, whole};
pub use offer::{Amount, Artifact, Launch, Offer, Resource, enough};
pub use options::{ApiUrl, ConfigFile, Grammar, Options, OptionsError, Unknown};
pub use period::{Period, PeriodError};
pub use range::{Range, RangeError};
pub use reconcile::Reconcile;
pub use scheduler::Scheduler;
pub use span::{Span, SpanError};
pub use stage::{Disconnected, Stage};
pub use status::{Status, TaskState};
pub use storage::{Prepare, Storage, StorageError, split_chroot};
pub use textmap::{MapError, TextMap};
pub use wait::MAX_WAITS;

#[cfg(test)]
mod constraint_tests;
