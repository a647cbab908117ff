//! What the four frameworks share: the small languages of their options and calls, storage, HTTP conventions, waiting
//! calls, reconciliation, and the generic scheduler and executor that everything else hangs in.

mod constraint;
mod context;
mod ids;
mod options;
mod period;
mod range;
mod span;
mod storage;
mod textmap;

pub mod properties;
pub mod web;

pub use constraint::{Condition, ConstraintError, Constraints, Dialect};
pub use context::Context;
pub use ids::{IdsError, MAX_IDS, expand, expand_filtered};
pub use options::{ApiUrl, ConfigFile, Grammar, Options, OptionsError, Unknown};
pub use period::{Period, PeriodError};
pub use range::{Range, RangeError};
pub use span::{Span, SpanError};
pub use storage::{Prepare, Storage, StorageError, split_chroot};
pub use textmap::{MapError, TextMap};

#[cfg(test)]
mod constraint_tests;
