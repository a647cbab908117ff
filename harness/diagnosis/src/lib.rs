//! Says why a deployment failed, from its timeline and nothing else: a chain from what was seen to its innermost cause,
//! with evidence for each link, and the cure. What it does not know it says it does not know.
//!
//! It works backwards: from what failed it asks why, and each rule answers with the causes that the timeline shows for
//! that one application, instance or task, or for what it depends on. What happened to others is never looked at.

mod causes;
mod chain;
mod code;
mod diagnose;
mod diagnosis;
mod explain;
mod question;
mod refusal;
mod resources;
mod rules;
mod text;
mod unknown;
mod view;

pub use causes::CAUSES;
pub use code::{Cause, Code};
pub use diagnose::{diagnose, settled};
pub use diagnosis::{Diagnosis, Evidence, Finding};
pub use explain::{UnknownCause, cause, explain};
