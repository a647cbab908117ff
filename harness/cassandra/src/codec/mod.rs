//! Frames and bodies of the native protocol, versions 3 and 4, both ways: bytes to values and back. No sockets here.

mod compression;
mod frame;
mod option;
mod request;
mod response;
mod result;
mod wire;

#[cfg(test)]
mod tests;

pub use compression::Compression;
pub use frame::{Decoded, Decoder, Frame, MAX_FRAME, Version, flags, opcode};
pub use request::{EventKind, Parameters, Request};
pub use response::{Answer, Response};
