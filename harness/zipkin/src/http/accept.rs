//! Which kind of answer a client wants, as Spring 4.3 understands `Accept`.

use stacklab_machine::http::Request;

/// The media types that a client takes, the most wanted first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accept {
    /// `None` if the header is broken: then nothing will do.
    types: Option<Vec<(String, String)>>,
}

/// What an error looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Json,
    Html,
    /// Nothing that the client would take.
    None,
}

impl Accept {
    /// What a request says; without a word anything will do.
    pub(crate) fn of(request: &Request) -> Self {
        let headers = request.headers.iter().filter(|(name, _)| name == "accept");
        let text = headers.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(",");
        Self::read(&text)
    }

    fn read(text: &str) -> Self {
        if text.trim().is_empty() {
            return Self { types: Some(vec![("*".to_owned(), "*".to_owned())]) };
        }
        let types: Option<Vec<_>> = text.split(',').map(read_type).collect();
        let types = types.map(|mut types| {
            // Those that name something come before those that take anything, then the more wanted ones.
            types.sort_by_key(|(kind, sub, quality)| (kind == "*", sub == "*", 1000 - quality));
            types.into_iter().map(|(kind, sub, _)| (kind, sub)).collect()
        });
        Self { types }
    }

    /// Whether this type will do.
    pub(crate) fn takes(&self, kind: &str) -> bool {
        self.types.iter().flatten().any(|accepted| includes(accepted, kind))
    }

    /// What an error is to look like.
    pub(crate) fn page(&self) -> Page {
        for accepted in self.types.iter().flatten() {
            match (accepted.0.as_str(), accepted.1.as_str()) {
                ("text", "html" | "*") => return Page::Html,
                ("*", "*") => return Page::Json,
                _ => {}
            }
        }
        if self.takes("application/json") { Page::Json } else { Page::None }
    }

    /// The type of a plain text that may be called anything.
    pub(crate) fn of_text(&self) -> String {
        let first = self.types.iter().flatten().next();
        match first.map(|(kind, sub)| (kind.as_str(), sub.as_str())) {
            Some(("application", "*")) => "application/octet-stream".to_owned(),
            Some((kind, sub)) if sub != "*" => format!("{kind}/{sub}"),
            _ => "text/plain".to_owned(),
        }
    }
}

fn includes((kind, sub): &(String, String), wanted: &str) -> bool {
    let (wanted_kind, wanted_sub) = wanted.split_once('/').unwrap_or((wanted, ""));
    kind == "*" || (kind == wanted_kind && (sub == "*" || sub == wanted_sub))
}

/// Type, subtype and quality in thousandths.
fn read_type(text: &str) -> Option<(String, String, u32)> {
    let mut parts = text.split(';').map(str::trim);
    let (kind, sub) = match parts.next()? {
        "*" => ("*", "*"),
        name => name.split_once('/')?,
    };
    let is_token =
        |text: &str| !text.is_empty() && !text.contains([' ', '/', '"', '(', ')', ',', ':', '<', '>', '@']);
    if !is_token(kind) || !is_token(sub) || (kind == "*" && sub != "*") {
        return None;
    }
    let quality =
        parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f64>().ok())?;
    Some((kind.to_ascii_lowercase(), sub.to_ascii_lowercase(), (quality * 1000.0) as u32))
}

/// The media type of a body, in lower case without parameters, or what is wrong with the header. An empty one counts
/// as none.
pub(crate) fn content_type(text: &str) -> Result<Option<String>, String> {
    let name = text.split(';').next().unwrap_or_default().trim();
    if name.is_empty() {
        return Ok(None);
    }
    let Some((_, sub)) = name.split_once('/') else {
        return Err(format!("Invalid mime type \"{text}\": does not contain '/'"));
    };
    if sub.is_empty() {
        return Err(format!("Invalid mime type \"{text}\": does not contain subtype after '/'"));
    }
    Ok(Some(name.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_a_page() {
        let cases = [
            ("", Page::Json),
            ("*/*", Page::Json),
            ("text/html", Page::Html),
            ("text/html,*/*;q=0.1", Page::Html),
            ("application/json, text/javascript, */*; q=0.01", Page::Json),
            ("application/*", Page::Json),
            ("application/xml", Page::None),
            ("x", Page::None),
        ];
        for (accept, page) in cases {
            assert_eq!(Accept::read(accept).page(), page, "{accept}");
        }
        assert!(Accept::read("application/json;q=0").takes("application/json"));
        assert!(!Accept::read("text/html").takes("application/json"));
        assert_eq!(Accept::read("text/html").of_text(), "text/html");
        assert_eq!(Accept::read("*/*").of_text(), "text/plain");
    }
}
