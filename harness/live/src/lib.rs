//! The live shell: gives the machines sockets and the wall clock.
//!
//! [`http`] turns bytes into values and back, [`program`] runs one program's machine and carries out what it asks for,
//! [`mesos`] puts master, agents and schedulers on the network, [`embedded`] starts our own servers where an executor
//! wants a service, [`docker`] the real ones in containers. Everything that happens goes into one [`Recorder`].

mod clock;
mod image;
mod names;
mod recorder;
mod sandbox;
mod script;
mod zk;

pub mod docker;
pub mod embedded;
pub mod http;
pub mod mesos;
pub mod mishap;
pub mod mixed;
pub mod post;
pub mod program;

pub use clock::Clock;
pub use embedded::Embedded;
pub use image::ImageTask;
pub use mishap::{Host, Mishaps, Surroundings};
pub use mixed::{Mixed, Part};
pub use names::Names;
pub use recorder::{LIMIT, Recorder};
pub use sandbox::{Sandbox, SandboxWitness};
