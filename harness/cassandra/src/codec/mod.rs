//! Frames and bodies of the native protocol.
