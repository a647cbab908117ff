//! What Go programs share: their flags, and durations as they print them.

mod duration;
mod flags;

pub use duration::{parse_duration, print_duration};
pub use flags::{FlagSet, Stop};
