//! Which path leads where, as Spring MVC 4.3 matches it: with a slash or a suffix at its end, too.

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Services,
    SpanNames,
    Traces,
    Dependencies,
    /// By the id as it is in the path.
    Trace(String),
    Health,
    Info,
    Metrics,
    Config,
    /// A view of the page.
    Page,
}

/// A path that something is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Endpoint,
    /// The media type that the suffix stands for.
    pub(crate) suffix: Suffix,
}

/// What follows the last dot of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Suffix {
    None,
    /// A file of this type.
    Type(&'static str),
    /// Nothing known: browsers are told that the answer is a text file.
    Unknown,
}

/// Files by their suffix.
const TYPES: [(&str, &str); 16] = [
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("txt", "text/plain"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("css", "text/css"),
    ("js", "application/javascript"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("ico", "image/x-icon"),
    ("svg", "image/svg+xml"),
    ("pdf", "application/pdf"),
    ("csv", "text/csv"),
    ("zip", "application/zip"),
];

/// Where a tidy path leads.
pub(crate) fn find(path: &str) -> Option<Route> {
    let path = match path.strip_suffix('/') {
        Some(path) if !path.is_empty() => path,
        _ => path,
    };
    let exact = |endpoint| Some(Route { endpoint, suffix: Suffix::None });
    if let Some(endpoint) = named(path) {
        // The suffix of these is part of their name.
        return exact(endpoint);
    }
    let (stem, suffix) = split_suffix(path);
    if let Some(id) = stem.strip_prefix("/api/v1/trace/").filter(|id| !id.is_empty() && !id.contains('/')) {
        return Some(Route { endpoint: Endpoint::Trace(id.to_owned()), suffix });
    }
    if let Some(id) = path.strip_prefix("/traces/") {
        return exact(Endpoint::Page).filter(|_| !id.is_empty() && !id.contains('/'));
    }
    named(stem).map(|endpoint| Route { endpoint, suffix })
}

fn named(path: &str) -> Option<Endpoint> {
    Some(match path {
        "/api/v1/services" => Endpoint::Services,
        "/api/v1/spans" => Endpoint::SpanNames,
        "/api/v1/traces" => Endpoint::Traces,
        "/api/v1/dependencies" => Endpoint::Dependencies,
        "/health" => Endpoint::Health,
        "/info" => Endpoint::Info,
        "/metrics" => Endpoint::Metrics,
        "/config.json" => Endpoint::Config,
        "/" | "/index.html" | "/dependency" => Endpoint::Page,
        _ => return None,
    })
}

fn split_suffix(path: &str) -> (&str, Suffix) {
    let name_from = path.rfind('/').map_or(0, |slash| slash + 1);
    let Some(dot) = path[name_from..].rfind('.').map(|dot| name_from + dot) else {
        return (path, Suffix::None);
    };
    let suffix = path[dot + 1..].to_ascii_lowercase();
    let known = TYPES.iter().find(|(name, _)| *name == suffix);
    (&path[..dot], known.map_or(Suffix::Unknown, |(_, kind)| Suffix::Type(kind)))
}

impl Endpoint {
    /// The methods that it answers, as the original lists them; `None` for all.
    pub(crate) const fn methods(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::Health => None,
            Self::SpanNames => Some(&["POST", "GET"]),
            _ => Some(&["GET"]),
        }
    }

    /// Whether pages of other sites may ask.
    pub(crate) const fn is_shared(&self) -> bool {
        use Endpoint::{Dependencies, Services, SpanNames, Trace, Traces};
        matches!(self, Services | SpanNames | Traces | Dependencies | Trace(_))
    }

    /// Whether it is JSON by declaration: then who does not take that is told before anything is looked at.
    pub(crate) const fn is_json_only(&self) -> bool {
        use Endpoint::{Dependencies, Health, Info, Metrics, Trace, Traces};
        matches!(self, Traces | Trace(_) | Dependencies | Health | Info | Metrics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_endpoints() {
        let endpoint = |path| find(path).map(|route| route.endpoint);
        assert_eq!(endpoint("/api/v1/services/"), Some(Endpoint::Services));
        assert_eq!(endpoint("/api/v1/services.json"), Some(Endpoint::Services));
        assert_eq!(endpoint("/api/v1/trace/1.5"), Some(Endpoint::Trace("1".into())));
        assert_eq!(endpoint("/api/v1/trace/1/2"), None);
        assert_eq!(endpoint("/config.json/"), Some(Endpoint::Config));
        assert_eq!(endpoint("/traces/1"), Some(Endpoint::Page));
        assert_eq!(endpoint("/traces/1/2"), None);
        assert_eq!(endpoint("/traces"), None);
        let suffix = |path| find(path).map(|route| route.suffix);
        assert_eq!(suffix("/api/v1/services.xml"), Some(Suffix::Type("application/xml")));
        assert_eq!(suffix("/api/v1/trace/1.5"), Some(Suffix::Unknown));
        assert_eq!(suffix("/config.json"), Some(Suffix::None));
    }
}
