//! Says why a deployment failed, from its timeline and nothing else: a chain from what was seen to its innermost cause,
//! with evidence for each link, and the cure. What it does not know it says it does not know.

mod code;
mod diagnosis;

pub use code::{CAUSES, Cause, Code};
pub use diagnosis::{Diagnosis, Evidence, Finding};
