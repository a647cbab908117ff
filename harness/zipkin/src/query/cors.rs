//! Requests of pages from other sites, as Spring 4.3 answers them: any site may ask the API, none anything else.

use stacklab_machine::http::{Method, Request, Response};

use super::routes::Endpoint;

const ALL_METHODS: &str = "GET, HEAD, POST, PUT, DELETE, TRACE, OPTIONS, PATCH";

/// Whether a request only asks what would be allowed.
pub(crate) fn is_preflight(request: &Request) -> bool {
    request.method == Method::Options
        && request.header("origin").is_some()
        && request.header("access-control-request-method").is_some()
}

/// The answer to such a question about an endpoint.
pub(crate) fn preflight(request: &Request, endpoint: Option<&Endpoint>) -> Response {
    let wanted = request.header("access-control-request-method").unwrap_or_default();
    let methods = endpoint.filter(|endpoint| endpoint.is_shared()).and_then(Endpoint::methods);
    let allowed = methods.is_some_and(|methods| methods.contains(&wanted));
    let Some(origin) = origin(request).filter(|_| allowed) else {
        return refused().with_header("allow", ALL_METHODS);
    };
    let mut response = share(Response::empty(200), origin)
        .with_header("access-control-allow-methods", wanted)
        .with_header("allow", ALL_METHODS);
    if wanted != "POST" {
        // Two methods of the original's take posted spans; for want of a body it cannot choose, and its answer holds
        // for this one time.
        response = response.with_header("access-control-max-age", "1800");
    }
    let headers = request.header("access-control-request-headers").unwrap_or_default();
    if !headers.is_empty() {
        response = response.with_header("access-control-allow-headers", headers);
    }
    response
}

/// A request of another site to an endpoint: refused, or whose origin the answer is to name.
pub(crate) fn check<'a>(request: &'a Request, endpoint: &Endpoint) -> Result<Option<&'a str>, Response> {
    if request.header("origin").is_none() || !endpoint.is_shared() || is_own(request) {
        return Ok(None);
    }
    let allowed = match request.method {
        // Only the methods that are written down count, and HEAD is not.
        Method::Head => false,
        _ => true,
    };
    origin(request).filter(|_| allowed).map(Some).ok_or_else(refused)
}

/// Names the origin in an answer.
pub(crate) fn share(response: Response, origin: &str) -> Response {
    response
        .with_header("access-control-allow-origin", origin)
        .with_header("access-control-allow-credentials", "true")
        .with_header("vary", "Origin")
}

fn origin(request: &Request) -> Option<&str> {
    request.header("origin").filter(|origin| !origin.trim().is_empty())
}

/// Whether it is the server's own page that asks.
fn is_own(request: &Request) -> bool {
    let host = request.header("host").unwrap_or_default();
    request.header("origin").and_then(|origin| origin.strip_prefix("http://")) == Some(host)
}

fn refused() -> Response {
    Response { body: b"Invalid CORS request".to_vec(), ..Response::empty(403) }
}
