//! Requests that are always compared.

use crate::ask::{Ask, ask, get, post};

/// All of them, by subject.
pub(crate) fn all() -> Vec<(&'static str, Vec<Ask>)> {
    vec![("names", names()), ("pages", pages()), ("methods", methods()), ("bodies", bodies())]
}

fn gets(targets: &[&str]) -> Vec<Ask> {
    targets.iter().map(|target| get(*target)).collect()
}

fn names() -> Vec<Ask> {
    gets(&[
        "/api/v1/services",
        "/api/v1/services?x=1",
        "/api/v1/spans",
        "/api/v1/spans?serviceName=",
        "/api/v1/spans?serviceName=unknown",
        "/api/v1/spans?servicename=web",
    ])
}

fn pages() -> Vec<Ask> {
    gets(&["/health", "/info", "/config.json", "/metrics", "/x", "/api", "/api/v1", "/", "/index.html"])
}

fn methods() -> Vec<Ask> {
    vec![ask("PUT", "/api/v1/spans"), ask("HEAD", "/api/v1/services")]
}

fn bodies() -> Vec<Ask> {
    vec![post("application/json", "[]"), post("application/json", "x"), post("application/json", "")]
}
