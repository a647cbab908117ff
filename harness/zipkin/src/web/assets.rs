//! The page: one document, one script, one style sheet, all our own; or the files of another one.

use stacklab_machine::http::Response;

use crate::handle::Pages;

const DOCUMENT: &str = include_str!("../../web/index.html");
const SCRIPT: &str = include_str!("../../web/app.js");
const STYLE: &str = include_str!("../../web/app.css");
const ICON: &str = include_str!("../../web/icon.svg");

/// What is at a path: the same document for all views, as in the original; `None` if nothing is.
pub(crate) fn page(path: &str) -> Option<Response> {
    if is_view(path) {
        return Some(asset("text/html;charset=UTF-8", DOCUMENT));
    }
    match path {
        "/app.js" => Some(asset("text/javascript;charset=UTF-8", SCRIPT)),
        "/app.css" => Some(asset("text/css;charset=UTF-8", STYLE)),
        "/icon.svg" | "/favicon.ico" => Some(asset("image/svg+xml", ICON)),
        _ => None,
    }
}

/// What is at a path of a page that consists of these files: its document for all views.
pub(super) fn file(pages: &Pages, path: &str) -> Option<Response> {
    let name = if is_view(path) { "index.html" } else { path.trim_start_matches('/') };
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html;charset=UTF-8",
        "js" => "application/javascript",
        "css" => "text/css",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "gif" => "image/gif",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        _ => "application/octet-stream",
    };
    pages
        .get(name)
        .map(|body| Response::new(200, kind, body.clone()).with_header("cache-control", "max-age=60"))
}

fn is_view(path: &str) -> bool {
    matches!(path, "/" | "/index.html" | "/dependency" | "/dependency/")
        || path
            .strip_prefix("/traces/")
            .is_some_and(|id| !id.is_empty() && !id.trim_end_matches('/').contains('/'))
}

/// All of it may be kept for a minute only: it changes with the program, under the same names.
fn asset(kind: &str, body: &str) -> Response {
    Response::new(200, kind, body)
        .with_header("cache-control", "max-age=60")
        .with_header("content-security-policy", "default-src 'self'")
        .with_header("x-content-type-options", "nosniff")
}
