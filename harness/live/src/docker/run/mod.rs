//! The life of one container: created, awaited, stopped, removed.

mod container;
mod going;
mod image;
mod life;
mod log;
mod ready;
mod volume;
mod web;

pub(super) use going::Going;
pub(super) use image::image;
pub(super) use life::{Home, live};
pub(super) use volume::Volume;
pub(super) use web::web;
