//! What all endpoints have in common: which methods and media types they take, and what is shown of errors.

use stacklab_machine::http::{Method, Request, Response};

use super::routes::{Endpoint, Route, Suffix};
use crate::http::{self, Accept, Page};
use crate::model::ApiError;
use crate::storage::now;

const JSON: &str = "application/json";

/// Refuses a method that the endpoint does not have, and answers the question for those that it has.
pub(crate) fn check_method(endpoint: &Endpoint, request: &Request, accept: &Accept) -> Result<(), Response> {
    let method = request.method.to_string();
    let Some(methods) = endpoint.methods() else {
        return match request.method {
            Method::Options => Err(allow("GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS")),
            _ => Ok(()),
        };
    };
    match request.method {
        Method::Options => Err(allow(&format!("{},HEAD", methods.join(",")))),
        Method::Head => Ok(()),
        _ if methods.contains(&method.as_str()) => Ok(()),
        _ => {
            let page = error_page(&ApiError::method(&method), request, accept);
            Err(page.with_header("allow", methods.join(", ")))
        }
    }
}

fn allow(methods: &str) -> Response {
    Response::empty(200).with_header("allow", methods)
}

pub(crate) fn takes_json(route: &Route, accept: &Accept) -> bool {
    match route.suffix {
        Suffix::Type(kind) => kind == JSON,
        Suffix::None | Suffix::Unknown => accept.takes(JSON),
    }
}

pub(crate) fn error_page(error: &ApiError, request: &Request, accept: &Accept) -> Response {
    // A path that is not ASCII is shown byte for byte.
    let path: String = request.path().bytes().map(char::from).collect();
    match accept.page() {
        Page::Json => http::of_unknown_length(error.response(now(), &path)),
        Page::Html => error.html(now()),
        Page::None => Response::empty(406),
    }
}

/// The actuator's small pages tell HEAD their length, unlike all others.
pub(crate) fn without_length(mut response: Response, request: &Request) -> Response {
    if request.method == Method::Head {
        response.headers.retain(|(name, _)| name != "transfer-encoding");
    }
    response
}
