//! Tests of the server as a machine.

mod rest;
mod rig;
mod runs;
mod security;
mod start;

use rig::{JOE, Rig, code, stack_file};
