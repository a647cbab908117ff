//! The collector's admin port: `/health` and `/metrics`.

use std::sync::Arc;

use stacklab_machine::http::{Request, Response};

use crate::handle::Life;
use crate::http::{self, Accept, Handler};
use crate::model::ApiError;
use crate::query::{
    Component, Endpoint, check_method, error_page, find, health_response, is_preflight, metrics_response,
    preflight, takes_json, without_length,
};
use crate::storage::Store;

use super::stream::Health;

pub(super) struct Admin {
    pub(super) store: Arc<Store>,
    pub(super) life: Life,
    /// The stream, if there is one.
    pub(super) kafka: Option<Arc<Health>>,
}

impl Handler for Admin {
    async fn handle(&self, request: Request) -> Response {
        let Some(path) = http::tidy_path(request.path()) else {
            return http::finish(&request, Response::empty(400));
        };
        let response = self.respond(&path, &request).await;
        http::finish(&request, response.with_header("x-application-context", "zipkin-server:9411"))
    }
}

impl Admin {
    async fn respond(&self, path: &str, request: &Request) -> Response {
        if is_preflight(request) {
            return preflight(request, None);
        }
        let accept = Accept::of(request);
        let route = find(path).filter(|route| matches!(route.endpoint, Endpoint::Health | Endpoint::Metrics));
        let Some(route) = route else { return error_page(&ApiError::not_found(), request, &accept) };
        if let Err(response) = check_method(&route.endpoint, request, &accept) {
            return response;
        }
        if !takes_json(&route, &accept) {
            return error_page(&ApiError::not_acceptable(), request, &accept);
        }
        if route.endpoint == Endpoint::Metrics {
            return metrics_response(&self.life.counters);
        }
        let stream = self.kafka.as_ref().map(|health| Component::new("KafkaCollector", health.failure()));
        let storage = Component::storage(&self.store).await;
        without_length(health_response(stream.into_iter().chain([storage])), request)
    }
}
