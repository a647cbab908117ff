//! The collector's admin port: `/health` and `/metrics`.

use std::sync::Arc;

use stacklab_machine::http::{Method, Request, Response};

use crate::handle::Life;
use crate::http::Handler;
use crate::model::ApiError;
use crate::query::{Component, health_response, metrics_response};
use crate::storage::{Store, now};

use super::stream::Health;

pub(super) struct Admin {
    pub(super) store: Arc<Store>,
    pub(super) life: Life,
    /// The stream, if there is one.
    pub(super) kafka: Option<Arc<Health>>,
}

impl Handler for Admin {
    async fn handle(&self, request: Request) -> Response {
        match (request.method, request.path()) {
            (Method::Get | Method::Head, "/health") => {
                let stream =
                    self.kafka.as_ref().map(|health| Component::new("KafkaCollector", health.failure()));
                let storage = Component::storage(&self.store).await;
                health_response(stream.into_iter().chain([storage]))
            }
            (Method::Get | Method::Head, "/metrics") => metrics_response(&self.life.counters),
            (Method::Get | Method::Head, path) => ApiError::not_found().response(now(), path),
            (method, path) => ApiError::method(&method.to_string()).response(now(), path),
        }
    }
}
