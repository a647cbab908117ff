//! Responses as Go's HTTP server sends them.

use stacklab_machine::http::Response;

const TEXT: &str = "text/plain; charset=utf-8";

/// A response with a body whose type nobody said: Go looks at it, and all of ours are text.
pub(super) fn plain(status: u16, body: impl Into<Vec<u8>>) -> Response {
    let body = body.into();
    if body.is_empty() { Response::empty(status) } else { Response::new(status, TEXT, body) }
}

/// What `http.Error` sends.
pub(super) fn error(status: u16, text: &str) -> Response {
    Response::new(status, TEXT, format!("{text}\n")).with_header("x-content-type-options", "nosniff")
}

/// No answer: the connection is closed, as that of a handler that died.
pub(super) fn none() -> Response {
    Response::empty(0)
}
