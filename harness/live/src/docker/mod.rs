//! The real services, in containers of a Docker engine on this machine.
//!
//! [`Address`] and [`doctor`] tell what there is without the feature `docker`; everything else needs it: `Engine` is a
//! checked connection, `Images` builds what the services run from, `Owner` labels what belongs to this process, and
//! `Sweeper` and `CleanUp` remove it again.

mod address;
pub mod doctor;
mod errors;
mod host;

#[cfg(feature = "docker")]
mod config;
#[cfg(feature = "docker")]
mod engine;
#[cfg(feature = "docker")]
mod images;
#[cfg(feature = "docker")]
mod labels;
#[cfg(feature = "docker")]
mod run;
#[cfg(feature = "docker")]
mod service;
#[cfg(feature = "docker")]
mod sweep;

pub use address::Address;
pub use errors::EngineError;

#[cfg(feature = "docker")]
pub use engine::{About, Engine};
#[cfg(feature = "docker")]
pub use images::{Image, ImageError, Images};
#[cfg(feature = "docker")]
pub use labels::{LAB, OWNER, Owner, RECIPE, SERVICE, TASK};
#[cfg(feature = "docker")]
pub use service::{Docker, left};
#[cfg(feature = "docker")]
pub use sweep::{CleanUp, SweepError, Sweeper, Swept};
