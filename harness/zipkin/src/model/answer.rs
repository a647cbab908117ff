//! What is answered over HTTP: shapes, headers and error texts of Zipkin 1.14.1.

use serde_json::json;
use stacklab_machine::Time;
use stacklab_machine::http::Response;
use stacklab_traces::{Span, write_json_traces};

const JSON_UTF8: &str = "application/json;charset=UTF-8";
/// With more services than this, lists of names may be cached.
const UNCACHED_SERVICES: usize = 3;

/// A request that cannot be answered: an error page of Spring's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{exception}: {message}")]
pub struct ApiError {
    /// Status code.
    pub status: u16,
    /// Java class of the exception; empty where the page names none.
    pub exception: &'static str,
    /// Text.
    pub message: String,
}

impl ApiError {
    /// An argument that Zipkin's own code refuses.
    pub fn argument(message: impl Into<String>) -> Self {
        Self { status: 500, exception: "java.lang.IllegalArgumentException", message: message.into() }
    }

    /// A trace id that is not lower-case hex.
    pub fn trace_id(id: &str) -> Self {
        Self {
            status: 500,
            exception: "java.lang.NumberFormatException",
            message: format!("{id} should be a 1 to 32 character lower-hex string with no prefix"),
        }
    }

    /// A parameter that should be a number.
    pub fn not_a_number(text: &str, wanted: &str) -> Self {
        Self {
            status: 400,
            exception: "org.springframework.web.method.annotation.MethodArgumentTypeMismatchException",
            message: format!(
                "Failed to convert value of type 'java.lang.String' to required type '{wanted}'; nested exception \
                 is java.lang.NumberFormatException: For input string: \"{text}\""
            ),
        }
    }

    /// A parameter that must be there; `kind` is `String` or `long`.
    pub fn missing(name: &str, kind: &str) -> Self {
        Self {
            status: 400,
            exception: "org.springframework.web.bind.MissingServletRequestParameterException",
            message: format!("Required {kind} parameter '{name}' is not present"),
        }
    }

    /// An index into an empty array of the original's.
    pub(super) fn index_out_of_bounds(index: usize) -> Self {
        Self {
            status: 500,
            exception: "java.lang.ArrayIndexOutOfBoundsException",
            message: index.to_string(),
        }
    }

    /// A POST without a body.
    pub fn no_body() -> Self {
        Self {
            status: 400,
            exception: "org.springframework.http.converter.HttpMessageNotReadableException",
            message: "Required request body is missing: public \
                      org.springframework.web.context.request.async.DeferredResult<org.springframework.http.\
                      ResponseEntity<?>> zipkin.server.ZipkinHttpCollector.uploadSpansJson(java.lang.String,byte[])"
                .to_owned(),
        }
    }

    /// A path that nothing is at.
    pub fn not_found() -> Self {
        Self { status: 404, exception: "", message: "No message available".to_owned() }
    }

    /// A method that a path does not have.
    pub fn method(method: &str) -> Self {
        Self {
            status: 405,
            exception: "org.springframework.web.HttpRequestMethodNotSupportedException",
            message: format!("Request method '{method}' not supported"),
        }
    }

    /// The page.
    pub fn response(&self, now: Time, path: &str) -> Response {
        let mut page = json!({
            "timestamp": now.as_millis(),
            "status": self.status,
            "error": reason(self.status),
        });
        if !self.exception.is_empty() {
            page["exception"] = json!(self.exception);
        }
        page["message"] = json!(self.message);
        page["path"] = json!(path);
        Response::new(self.status, JSON_UTF8, page.to_string())
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

/// A list of names; `services` is how many services the last list of services had.
pub fn names_response(names: &[String], services: usize) -> Response {
    let response = Response::new(200, JSON_UTF8, json!(names).to_string());
    if services > UNCACHED_SERVICES {
        response.with_header("cache-control", "max-age=300, must-revalidate")
    } else {
        response
    }
}

/// The answer to a search.
pub fn traces_response(traces: &[Vec<Span>]) -> Response {
    Response::json(200, write_json_traces(traces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_errors_as_spring_does() {
        let error = ApiError::argument("maxDuration is only valid with minDuration");
        assert_eq!(
            error.response(Time::from_millis(1_795_474_465_512), "/api/v1/traces").text(),
            "{\"timestamp\":1795474465512,\"status\":500,\"error\":\"Internal Server Error\",\
             \"exception\":\"java.lang.IllegalArgumentException\",\
             \"message\":\"maxDuration is only valid with minDuration\",\"path\":\"/api/v1/traces\"}"
        );
        assert_eq!(
            ApiError::not_found().response(Time::ZERO, "/zipkin").text(),
            "{\"timestamp\":0,\"status\":404,\"error\":\"Not Found\",\"message\":\"No message available\",\
             \"path\":\"/zipkin\"}"
        );
    }

    #[test]
    fn lets_many_names_be_cached() {
        let names = ["a".to_owned()];
        assert_eq!(names_response(&names, 3).header("cache-control"), None);
        assert_eq!(names_response(&names, 4).header("cache-control"), Some("max-age=300, must-revalidate"));
        assert_eq!(names_response(&names, 0).text(), "[\"a\"]");
    }
}
