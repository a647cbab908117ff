//! What is answered over HTTP: shapes, headers and error texts of Zipkin 1.14.1.

use serde_json::json;
use stacklab_machine::Time;
use stacklab_machine::http::Response;
use stacklab_traces::{AnnotationType, Span, write_json_spans, write_json_traces};

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
                "Failed to convert value of type [java.lang.String] to required type [{wanted}]; nested exception \
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

    /// A failure of the original's own that has no text.
    pub fn without_text(exception: &'static str) -> Self {
        Self { status: 500, exception, message: "No message available".to_owned() }
    }

    /// A POST without a body; `what` is `Json` or `Thrift`.
    pub fn no_body(what: &str) -> Self {
        Self {
            status: 400,
            exception: "org.springframework.http.converter.HttpMessageNotReadableException",
            message: format!(
                "Required request body is missing: public \
                 org.springframework.web.context.request.async.DeferredResult<org.springframework.http.\
                 ResponseEntity<?>> zipkin.server.ZipkinHttpCollector.uploadSpans{what}(java.lang.String,byte[])"
            ),
        }
    }

    /// A body of a type that cannot be read.
    pub fn media_type(message: String) -> Self {
        let exception = "org.springframework.web.HttpMediaTypeNotSupportedException";
        Self { status: 415, exception, message }
    }

    /// An answer of a type that the client does not take.
    pub fn not_acceptable() -> Self {
        Self {
            status: 406,
            exception: "org.springframework.web.HttpMediaTypeNotAcceptableException",
            message: "Could not find acceptable representation".to_owned(),
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

impl ApiError {
    /// The page for people.
    pub fn html(&self, now: Time) -> Response {
        let escaped = self.message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let escaped = escaped.replace('"', "&quot;").replace('\'', "&#39;");
        let page = format!(
            "<html><body><h1>Whitelabel Error Page</h1><p>This application has no explicit mapping for /error, so \
             you are seeing this as a fallback.</p><div id='created'>{}</div><div>There was an unexpected error \
             (type={}, status={}).</div><div>{escaped}</div></body></html>",
            java_date(now),
            reason(self.status),
            self.status,
        );
        Response::new(self.status, "text/html;charset=UTF-8", page).with_header("content-language", "en-US")
    }

    /// JSON as all answers have it.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response::new(status, JSON_UTF8, body)
    }
}

/// Java's `Date.toString` in GMT: `Tue Nov 24 11:46:27 GMT 2026`.
fn java_date(now: Time) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = now.as_millis() / 1000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Counted from the 1st of March of year 0, so that a leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12;
    let year = year + era * 400 + u64::from(month < 2);
    format!(
        "{} {} {day:02} {:02}:{:02}:{:02} GMT {year}",
        DAYS[(days % 7) as usize],
        MONTHS[month as usize],
        second / 3600,
        second / 60 % 60,
        second % 60,
    )
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        415 => "Unsupported Media Type",
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
pub fn traces_response(traces: &[Vec<Span>]) -> Result<Response, ApiError> {
    traces.iter().try_for_each(|trace| check_values(trace))?;
    Ok(ApiError::json(200, write_json_traces(traces)))
}

/// The answer with one trace.
pub fn trace_response(trace: &[Span]) -> Result<Response, ApiError> {
    check_values(trace)?;
    Ok(ApiError::json(200, write_json_spans(trace)))
}

/// A tag whose value is shorter than its type ends the original's answer.
fn check_values(spans: &[Span]) -> Result<(), ApiError> {
    for tag in spans.iter().flat_map(|span| &span.binary_annotations) {
        let wanted = match tag.kind {
            AnnotationType::Bool if tag.value.is_empty() => return Err(ApiError::index_out_of_bounds(0)),
            AnnotationType::Bool | AnnotationType::Bytes | AnnotationType::String => 0,
            AnnotationType::I16 => 2,
            AnnotationType::I32 => 4,
            AnnotationType::I64 | AnnotationType::Double => 8,
        };
        if tag.value.len() < wanted {
            return Err(ApiError::without_text("java.nio.BufferUnderflowException"));
        }
    }
    Ok(())
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
    fn tells_dates_as_java_does() {
        assert_eq!(java_date(Time::from_millis(1_795_520_787_260)), "Tue Nov 24 11:46:27 GMT 2026");
        assert_eq!(java_date(Time::from_millis(951_782_400_000)), "Tue Feb 29 00:00:00 GMT 2000");
        assert_eq!(java_date(Time::ZERO), "Thu Jan 01 00:00:00 GMT 1970");
    }

    #[test]
    fn lets_many_names_be_cached() {
        let names = ["a".to_owned()];
        assert_eq!(names_response(&names, 3).header("cache-control"), None);
        assert_eq!(names_response(&names, 4).header("cache-control"), Some("max-age=300, must-revalidate"));
        assert_eq!(names_response(&names, 0).text(), "[\"a\"]");
    }
}
