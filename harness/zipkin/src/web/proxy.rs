//! The web UI's server: the page itself, and the API passed on to the query service.

use serde_json::json;
use stacklab_machine::http::{Method, Request, Response};

use super::assets::{file, page};
use crate::handle::{Life, Pages};
use crate::http::{Handler, finish, forward, of_unknown_length};
use crate::model::ApiError;
use crate::query::page_config;
use crate::storage::now;

/// A web UI.
pub(super) struct Web {
    /// `host:port` of the query service.
    pub(super) query: String,
    pub(super) query_limit: u32,
    pub(super) environment: String,
    pub(super) pages: Option<Pages>,
    pub(super) life: Life,
}

impl Handler for Web {
    async fn handle(&self, request: Request) -> Response {
        if request.path().starts_with("/api/") {
            return self.pass_on(request).await;
        }
        let response = self.own(&request).with_header("x-application-context", "zipkin-server:9411");
        finish(&request, response)
    }
}

impl Web {
    /// What it answers itself.
    fn own(&self, request: &Request) -> Response {
        let error = |error: ApiError| of_unknown_length(error.response(now(), request.path()));
        if !matches!(request.method, Method::Get | Method::Head) {
            return error(ApiError::method(&request.method.to_string()));
        }
        match request.path() {
            "/config.json" => page_config(&self.environment, self.query_limit),
            // The page is up; whether the query service is, `/api/v1/services` tells.
            "/health" => Response::json(200, json!({"status": "UP"}).to_string()),
            path => {
                let found = match &self.pages {
                    Some(pages) => file(pages, path),
                    None => page(path),
                };
                found.unwrap_or_else(|| error(ApiError::not_found()))
            }
        }
    }

    async fn pass_on(&self, request: Request) -> Response {
        let path = request.path().to_owned();
        match forward(&self.query, request).await {
            Ok(response) => response,
            Err(failure) => {
                let message = format!("the query service does not answer: {failure}");
                self.life.log(message.clone());
                ApiError { status: 503, exception: "", message }.response(now(), &path)
            }
        }
    }
}
