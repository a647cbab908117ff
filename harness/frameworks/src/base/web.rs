//! HTTP as the four schedulers speak it: bodies of answers, JSON styles, error pages.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;
use stacklab_machine::http::Response;

#[derive(Serialize)]
struct Outcome<'a, T> {
    success: bool,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a T>,
}

/// Exhibitor's and Zipkin's answer: `{"success":true,"message":…,"value":…}`, compact, always status 200.
pub fn success(message: &str, value: &impl Serialize) -> Response {
    json(200, &Outcome { success: true, message, value: Some(value) })
}

/// Their answer to what does not work; it has no value, and status 200 all the same.
pub fn failure(message: &str) -> Response {
    json(200, &Outcome::<()> { success: false, message, value: None })
}

/// Compact JSON with a newline behind it.
pub fn json(status: u16, body: &impl Serialize) -> Response {
    Response::new(status, "application/json; charset=utf-8", compact(body) + "\n")
}

/// JSON in Scala's own style (Kafka, DSE) with a newline behind it.
pub fn spaced_json(status: u16, body: &impl Serialize) -> Response {
    Response::new(status, "application/json; charset=utf-8", spaced(body) + "\n")
}

/// Kafka's and DSE's error: `{"code" : 400, "error" : "…"}`.
pub fn code_error(status: u16, message: &str) -> Response {
    spaced_json(status, &serde_json::json!({ "code": status, "error": message }))
}

/// The answer to `GET /health`.
pub fn health() -> Response {
    text(200, "ok")
}

/// Plain text.
pub fn text(status: u16, body: &str) -> Response {
    Response::new(status, "text/plain; charset=utf-8", body)
}

/// The HTML page of the servlet container, for what the frameworks did not catch themselves: 404, 405, 500.
pub fn page(status: u16, path: &str, reason: &str) -> Response {
    let reason = escape(reason);
    let path = escape(path);
    let body = format!(
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=ISO-8859-1\"/>\n\
         <title>Error {status} </title>\n</head>\n<body>\n<h2>HTTP ERROR: {status}</h2>\n\
         <p>Problem accessing {path}. Reason:\n<pre>    {reason}</pre></p>\n\
         <hr /><i><small>Powered by Jetty://</small></i>\n</body>\n</html>\n"
    );
    Response::new(status, "text/html; charset=ISO-8859-1", body)
}

/// A file as an attachment under its own name, always as `application/zip`.
pub fn attachment(path: &str, data: Vec<u8>) -> Response {
    let name = path.rsplit('/').next().unwrap_or_default();
    Response::new(200, "application/zip", data)
        .with_header("content-disposition", format!("attachment; filename=\"{name}\""))
}

/// Prints JSON without any blanks.
pub fn compact(value: &impl Serialize) -> String {
    // Only a map with keys that are no texts, or a fault of its own, keeps a value from being written.
    serde_json::to_string(value).unwrap_or_default()
}

/// Prints JSON as Scala 2.10's `JSONObject.toString`: blanks around colons, a blank behind commas, `\/` for slashes.
pub fn spaced(value: &impl Serialize) -> String {
    let mut text = Vec::with_capacity(512);
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Spaced));
    written.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default()
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" : ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for (index, part) in fragment.split('/').enumerate() {
            writer.write_all(if index == 0 { b"" } else { b"\\/" })?;
            writer.write_all(part.as_bytes())?;
        }
        Ok(())
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_both_styles() {
        let value =
            serde_json::json!({"id": "7", "options": {}, "mem": 1024, "url": "http://h", "l": [1, null]});
        assert_eq!(
            spaced(&value),
            r#"{"id" : "7", "options" : {}, "mem" : 1024, "url" : "http:\/\/h", "l" : [1, null]}"#
        );
        assert_eq!(
            code_error(400, "broker required").text(),
            "{\"code\" : 400, \"error\" : \"broker required\"}\n"
        );
        let failure = failure("Servers 7 already exist");
        assert_eq!(failure.text(), "{\"success\":false,\"message\":\"Servers 7 already exist\"}\n");
        let success = success("", &Vec::<u8>::new());
        assert_eq!(success.text(), "{\"success\":true,\"message\":\"\",\"value\":[]}\n");
    }
}
