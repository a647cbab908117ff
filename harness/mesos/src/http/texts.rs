//! Mesos' plain answers.

use stacklab_machine::http::{Method, Response};

/// A plain text.
pub(crate) fn plain(status: u16, text: &str) -> Response {
    Response::new(status, "text/plain; charset=utf-8", text)
}

/// 400.
pub(crate) fn bad_request(text: &str) -> Response {
    plain(400, text)
}

/// 403.
pub(crate) fn forbidden(text: &str) -> Response {
    plain(403, text)
}

/// 404 for a path that nobody serves.
pub(crate) fn not_found() -> Response {
    plain(404, "404 Not Found.")
}

/// 405.
pub(crate) fn method_not_allowed(allowed: &[&str], received: Method) -> Response {
    let quoted: Vec<_> = allowed.iter().map(|method| format!("'{method}'")).collect();
    let text = format!(
        "405 Method Not Allowed. Expecting one of {{ {} }}, but received '{received}'.",
        quoted.join(", ")
    );
    plain(405, &text).with_header("allow", allowed.join(", "))
}

/// 501.
pub(crate) fn not_implemented() -> Response {
    plain(501, "501 Not Implemented.")
}
