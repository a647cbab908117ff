//! HTTP as values: what a shell reads from and writes to a socket, and what a simulation passes on.

use std::borrow::Cow;
use std::fmt;

const SCHEME: &str = "http://";

/// Request method. Only what the simulated systems tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Method {
    Delete,
    Get,
    Head,
    Options,
    Patch,
    Post,
    Put,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        })
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Towards a server: `http://host:port/path?query`. Arriving at one: `/path?query`. Still percent-encoded.
    pub url: String,
    /// Headers, names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// Body; empty if none.
    pub body: Vec<u8>,
}

impl Request {
    /// A GET without headers.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: Method::Get, url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A request with a JSON body.
    pub fn json(method: Method, url: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".into(), "application/json".into())];
        Self { method, url: url.into(), headers, body: body.into() }
    }

    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `host:port` of an absolute URL, with port 80 where none is given; empty for a relative one.
    pub fn authority(&self) -> String {
        self.address().into_owned()
    }

    /// The same as [`authority`](Self::authority), without a copy where the URL has it in full.
    pub fn address(&self) -> Cow<'_, str> {
        let Some(rest) = self.url.strip_prefix(SCHEME) else { return Cow::Borrowed("") };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains(':') { authority.into() } else { format!("{authority}:80").into() }
    }

    /// Path and query, from the first slash on; `/` if there is none.
    pub fn path_and_query(&self) -> &str {
        match self.url.strip_prefix(SCHEME) {
            Some(rest) => rest.find('/').map_or("/", |slash| &rest[slash..]),
            None => &self.url,
        }
    }

    /// Leaves of the URL what arrives at a server: path and query.
    pub fn make_relative(&mut self) {
        let Some(rest) = self.url.strip_prefix(SCHEME) else { return };
        match rest.find('/') {
            Some(slash) => drop(self.url.drain(..SCHEME.len() + slash)),
            None => "/".clone_into(&mut self.url),
        }
    }

    /// The path, still percent-encoded.
    pub fn path(&self) -> &str {
        self.path_and_query().split('?').next().unwrap_or_default()
    }

    /// The query's parameters, decoded, in order. A key without `=` has an empty value.
    pub fn query(&self) -> Vec<(String, String)> {
        self.path_and_query().split_once('?').map(|(_, query)| decode_form(query)).unwrap_or_default()
    }

    /// Query parameters followed by those of a form body (`application/x-www-form-urlencoded`).
    pub fn parameters(&self) -> Vec<(String, String)> {
        let mut all = self.query();
        if self
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
        {
            all.extend(decode_form(&String::from_utf8_lossy(&self.body)));
        }
        all
    }
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Reason phrase where the original sends one of its own.
    pub reason: Option<String>,
    /// Headers, names in lower case, in order. Content-Length and Date are the shell's.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response with a content type and a body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".into(), content_type.into())];
        Self { status, reason: None, headers, body: body.into() }
    }

    /// A response without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, reason: None, headers: Vec::new(), body: Vec::new() }
    }

    /// A JSON response.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The body as text, broken UTF-8 replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// Why no response came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody listens there.
    #[error("connection refused: {0}")]
    Refused(String),
    /// The connection broke before the whole response was there.
    #[error("connection closed: {0}")]
    Closed(String),
    /// The request's time was up.
    #[error("no answer in time: {0}")]
    TimedOut(String),
    /// The URL is none, or its host has no address.
    #[error("bad address: {0}")]
    BadAddress(String),
}

/// Decodes `a=b&c=d` with `+` and `%xx`; a broken escape stays as it is.
pub fn decode_form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key, true), decode(value, true))
        })
        .collect()
}

/// Decodes `%xx` in a path.
pub fn decode_path(text: &str) -> String {
    decode(text, false)
}

/// Encodes parameters as Go's `url.Values.Encode` does: sorted by key, blanks as `+`.
pub fn encode_form(pairs: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let encoded: Vec<_> = sorted.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
    encoded.join("&")
}

/// Encodes one key or value: letters, digits and `-_.~` stay, a blank becomes `+`.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte as char),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn decode(text: &str, plus_is_blank: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let value = escape
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match value {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(if plus_is_blank && bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_urls_apart() {
        let request = Request::get("http://h:1/api/add?a=b%2Cc&d=e+f&g");
        assert_eq!(request.authority(), "h:1");
        assert_eq!(request.path(), "/api/add");
        let expected = [("a", "b,c"), ("d", "e f"), ("g", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(request.query(), expected);
        assert_eq!(Request::get("http://h").authority(), "h:80");
        assert_eq!(Request::get("http://h").path_and_query(), "/");
        for url in ["http://h:1/api/add?a=b", "http://h:1", "http://h:1?a/b", "/api", ""] {
            let mut request = Request::get(url);
            let expected = request.path_and_query().to_owned();
            request.make_relative();
            assert_eq!(request.url, expected, "{url}");
        }
        assert_eq!(decode_path("/a%20b+c%zz%"), "/a b+c%zz%");
    }

    proptest! {
        #[test]
        fn forms_survive_the_trip(pairs in proptest::collection::vec((".+", ".*"), 0..5)) {
            let mut pairs: Vec<(String, String)> = pairs;
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            prop_assert_eq!(decode_form(&encode_form(&pairs)), pairs);
        }
    }
}
