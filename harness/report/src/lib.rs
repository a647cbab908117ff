//! Reports of runs for people and programs: JUnit XML for CI, JSON, one page of HTML a run that needs no network, and a
//! page over several runs. All are functions of a [`Run`], which is timeline and diagnosis; who calls them writes files.

mod html;
mod json;
mod junit;
mod run;

pub use html::{Row, overview, page};
pub use json::{VERSION, json};
pub use junit::{JunitError, junit};
pub use run::{Hit, Outcome, Run};
