//! What the original's web server, Tomcat 8.5, does before and after its program: it tidies paths, reads parameters,
//! packs answers.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use stacklab_machine::http::{Request, Response};

/// What may be packed.
const PACKED: [&str; 4] = ["application/json", "application/javascript", "text/css", "image/svg"];
/// A body of a known length is packed only if it is longer.
const PACKED_FROM: usize = 2048;
/// After these the connection is closed.
const LAST: [u16; 9] = [400, 408, 411, 413, 414, 500, 501, 503, 505];

/// The path as programs see it: decoded, without parameters and detours; `None` if it is none.
pub(crate) fn tidy_path(path: &str) -> Option<String> {
    let mut bare = String::with_capacity(path.len());
    for segment in path.split_inclusive('/') {
        let name = segment.split(';').next().unwrap_or_default();
        bare.push_str(name);
        if segment.ends_with('/') && !name.ends_with('/') {
            bare.push('/');
        }
    }
    let decoded = String::from_utf8_lossy(&unescape(&bare, false)?).into_owned();
    // An escaped slash would make another path of it.
    if decoded.contains(['\\', '\0']) || bare.to_ascii_lowercase().contains("%2f") {
        return None;
    }
    let mut tidy: Vec<&str> = Vec::new();
    let mut is_folder = false;
    for segment in decoded.split('/').skip(1) {
        is_folder = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => drop(tidy.pop()?),
            name => tidy.push(name),
        }
    }
    let end = if is_folder && !tidy.is_empty() { "/" } else { "" };
    Some(format!("/{}{end}", tidy.join("/")))
}

/// The parameters of a query or form; one with a broken escape is none.
pub(crate) fn parameters(query: &str) -> Vec<(String, String)> {
    let text = |part: &str| Some(String::from_utf8_lossy(&unescape(part, true)?).into_owned());
    query
        .split('&')
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((text(key).filter(|key| !key.is_empty())?, text(value)?))
        })
        .collect()
}

fn unescape(text: &str, plus_is_blank: bool) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            b'+' if plus_is_blank => b' ',
            _ => byte,
        });
    }
    Some(plain)
}

/// A body whose length the program does not say: it goes out in chunks.
pub(crate) fn of_unknown_length(response: Response) -> Response {
    response.with_header("transfer-encoding", "chunked")
}

/// Adds what the server adds, and packs the body if the client takes that.
pub(crate) fn finish(request: &Request, mut response: Response) -> Response {
    let chunked = response.header("transfer-encoding").is_some();
    let kind = response.header("content-type").unwrap_or_default();
    let may_pack = response.header("content-encoding").is_none()
        && (chunked || response.body.len() > PACKED_FROM)
        && PACKED.iter().any(|packed| kind.starts_with(packed));
    if may_pack {
        vary(&mut response);
        let takes = request.header("accept-encoding").is_some_and(|takes| takes.contains("gzip"));
        if takes && let Some(packed) = gzip(&response.body) {
            response.body = packed;
            response.headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
            if !chunked {
                response = of_unknown_length(response);
            }
        }
    }
    if LAST.contains(&response.status) {
        response = response.with_header("connection", "close");
    }
    response
}

fn vary(response: &mut Response) {
    match response.headers.iter_mut().find(|(name, _)| name == "vary") {
        Some((_, by)) => by.push_str(",Accept-Encoding"),
        None => response.headers.push(("vary".to_owned(), "Accept-Encoding".to_owned())),
    }
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(body).ok()?;
    packer.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidies_paths() {
        let cases = [
            ("/api/v1/services", Some("/api/v1/services")),
            ("//api/./v1//x/../services;a=b/", Some("/api/v1/services/")),
            ("/%73;x", Some("/s")),
            ("/", Some("/")),
            ("/a/..", Some("/")),
            ("/..", None),
            ("/a/../../x", None),
            ("/%2e%2e/x", None),
            ("/a%2Fb", None),
            ("/a\\b", None),
            ("/%00", None),
            ("/%zz", None),
        ];
        for (path, tidy) in cases {
            assert_eq!(tidy_path(path).as_deref(), tidy, "{path}");
        }
    }

    #[test]
    fn drops_broken_parameters() {
        let pairs = parameters("a=b+c%20d&e&=f&g=%&%zz=1&&h=%C3%BC");
        let expected = [("a", "b c d"), ("e", ""), ("h", "ü")];
        assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn packs_what_is_long_enough() {
        let ask = |takes: &str, body: String, chunked: bool| {
            let mut request = Request::get("/");
            request.headers.push(("accept-encoding".to_owned(), takes.to_owned()));
            let response = Response::json(200, body);
            let response = if chunked { of_unknown_length(response) } else { response };
            let response = finish(&request, response);
            (response.header("content-encoding").is_some(), response.header("vary").is_some())
        };
        assert_eq!(ask("gzip", "x".repeat(2048), false), (false, false));
        assert_eq!(ask("gzip", "x".repeat(2049), false), (true, true));
        assert_eq!(ask("deflate", "x".repeat(2049), false), (false, true));
        assert_eq!(ask("deflate, gzip", "x".to_owned(), true), (true, true));
    }
}
