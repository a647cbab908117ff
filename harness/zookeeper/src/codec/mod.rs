//! The wire format: frames, jute's primitives, requests and answers. No input or output, no clock.
//!
//! A frame is a big-endian `i32` length and that many bytes. Decoders take the bytes behind the length; encoders
//! give whole frames.

mod frame;
mod handshake;
mod jute;
mod reply;
mod request;

pub use frame::{CLIENT_LIMIT, FrameError, SERVER_LIMIT, take_frame};
pub use handshake::{
    decode_connect_reply, decode_connect_request, encode_connect_reply, encode_connect_request,
};
pub use jute::DecodeError;
pub use reply::{
    ReplyHeader, decode_event, decode_reply_header, decode_response, encode_event, encode_reply,
};
pub use request::{decode_request, encode_request};

/// The xid of watch events.
pub const XID_EVENT: i32 = -1;
/// The xid of pings.
pub const XID_PING: i32 = -2;
/// The xid of authentication.
pub const XID_AUTH: i32 = -4;
/// The xid with which many clients set watches again; the server echoes whatever comes.
pub const XID_SET_WATCHES: i32 = -8;
