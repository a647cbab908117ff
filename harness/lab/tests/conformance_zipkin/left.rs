//! Differences that are known and left, each by the operation that shows it.

/// Groups of operations, with why they differ.
const LEFT: [(&str, &[&str]); 7] = [
    (
        "the page is one of our own, at the original's addresses",
        &[
            "GET /",
            "GET /index.html",
            "GET /dependency",
            "GET /traces/1",
            "HEAD /",
            "HEAD /index.html",
            "HEAD /dependency",
            "GET /index.html/",
            "GET /dependency/",
            "GET /traces/1/",
            "GET /?lang=de",
            "GET /favicon.ico/",
        ],
    ),
    (
        "to HEAD the length is told, where the original says that there would be chunks",
        &[
            "HEAD /api/v1/services",
            "HEAD /api/v1/spans",
            "HEAD /api/v1/spans?serviceName=web",
            "HEAD /api/v1/dependencies",
            "HEAD /api/v1/nothing",
            "HEAD /config.json",
            "HEAD /nothing",
        ],
    ),
    (
        "methods that HTTP does not have are refused without a page",
        &["BREW /api/v1/services", "get /api/v1/services"],
    ),
    ("targets that are none are refused before they are looked at", &["GET /a b", "GET /<script>"]),
    (
        "single metrics and the page of errors itself cannot be asked for",
        &["GET /metrics/nothing", "GET /error"],
    ),
    (
        "bytes that are no UTF-8 are not handed on as they are",
        &["GET /api/v1/trace/0000000000000ddb", "GET /api/v1/trace/0000000000000ddb?raw"],
    ),
    (
        "a body of several parts is not taken apart",
        &[
            "POST /api/v1/spans | content-type: multipart/form-data",
            "POST /api/v1/spans | content-type: multipart/form-data | []",
            "POST /api/v1/spans | content-type: multipart/form-data | x",
            "POST /api/v1/spans | content-type: multipart/form-data | \u{c}\0\0\0\0",
            "POST /api/v1/spans | content-type: multipart/form-data; boundary=x | []",
            "POST /api/v1/spans | content-type: multipart/form-data; boundary=x | x",
            "POST /api/v1/spans | content-type: multipart/form-data; boundary=x | \u{c}\0\0\0\0",
        ],
    ),
];

/// Why this operation may differ, if it is one of those.
pub(crate) fn why(operation: &str) -> Option<&'static str> {
    LEFT.iter().find(|(_, operations)| operations.contains(&operation)).map(|(why, _)| *why)
}
