//! HTTP as the four schedulers speak it: bodies of answers, JSON styles, error pages.

use serde_json::Value;
use stacklab_machine::http::Response;

/// Exhibitor's and Zipkin's answer: `{"success":…,"message":…,"value":…}`, compact, always status 200. A failure has
/// no value.
pub fn outcome(success: bool, message: &str, value: Option<Value>) -> Response {
    let mut body = serde_json::json!({ "success": success, "message": message });
    if let (Some(value), Some(object)) = (value, body.as_object_mut()) {
        object.insert("value".into(), value);
    }
    json(200, &body)
}

/// Compact JSON with a newline behind it.
pub fn json(status: u16, body: &Value) -> Response {
    Response::new(status, "application/json; charset=utf-8", format!("{body}\n"))
}

/// JSON in Scala's own style (Kafka, DSE) with a newline behind it.
pub fn spaced_json(status: u16, body: &Value) -> Response {
    Response::new(status, "application/json; charset=utf-8", format!("{}\n", spaced(body)))
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

/// Prints JSON as Scala 2.10's `JSONObject.toString`: blanks around colons, a blank behind commas, `\/` for slashes.
pub fn spaced(value: &Value) -> String {
    let mut text = String::new();
    print(value, &mut text);
    text
}

fn print(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            text.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                print_text(key, text);
                text.push_str(" : ");
                print(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                print(item, text);
            }
            text.push(']');
        }
        Value::String(string) => print_text(string, text),
        other => text.push_str(&other.to_string()),
    }
}

fn print_text(string: &str, text: &mut String) {
    text.push_str(&Value::from(string).to_string().replace('/', "\\/"));
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
        let failure = outcome(false, "Servers 7 already exist", None);
        assert_eq!(failure.text(), "{\"success\":false,\"message\":\"Servers 7 already exist\"}\n");
        let success = outcome(true, "", Some(Value::Array(Vec::new())));
        assert_eq!(success.text(), "{\"success\":true,\"message\":\"\",\"value\":[]}\n");
    }
}
