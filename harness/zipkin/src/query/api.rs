//! The routes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stacklab_machine::http::{Method, Request, Response, decode_path};
use stacklab_traces::{Id, write_json_spans};
use tokio::sync::Semaphore;

use super::{health_response, info_response, metrics_response, operations::Component, page_config, upload};
use crate::handle::Life;
use crate::http::Handler;
use crate::model::{
    ApiError, Parameters, QueryDefaults, TraceQuery, dependency_days, names_response, traces_response,
    write_json_links,
};
use crate::storage::{Store, now};
use crate::web::page;

/// The query service.
pub(super) struct Api {
    pub(super) store: Arc<Store>,
    pub(super) life: Life,
    pub(super) defaults: QueryDefaults,
    /// How many services the last list had: with more than three, browsers may keep lists of names.
    pub(super) services: AtomicUsize,
    /// Places for posted bodies on their way into Cassandra.
    pub(super) uploads: Arc<Semaphore>,
}

impl Handler for Api {
    async fn handle(&self, request: Request) -> Response {
        let response = match self.route(&request).await {
            Ok(response) => response,
            Err(error) => error.response(now(), request.path()),
        };
        let response = response.with_header("x-application-context", "zipkin-server:9411");
        match request.header("origin") {
            Some(origin) if request.path().starts_with("/api/") => {
                response.with_header("access-control-allow-origin", origin).with_header("vary", "Origin")
            }
            _ => response,
        }
    }
}

impl Api {
    async fn route(&self, request: &Request) -> Result<Response, ApiError> {
        let path = decode_path(request.path());
        match (request.method, path.as_str()) {
            (Method::Options, path) if path.starts_with("/api/") => Ok(preflight(request)),
            (Method::Post, "/api/v1/spans") => {
                upload::spans(&self.store, &self.life, &self.uploads, request).await
            }
            (Method::Get | Method::Head, path) => self.get(path, request).await,
            (method, "/api/v1/spans" | "/api/v1/traces" | "/api/v1/services" | "/api/v1/dependencies") => {
                Err(ApiError::method(&method.to_string()))
            }
            _ => Err(ApiError::not_found()),
        }
    }

    async fn get(&self, path: &str, request: &Request) -> Result<Response, ApiError> {
        let parameters = || Parameters::new(request.query());
        match path {
            "/api/v1/services" => self.service_names().await,
            "/api/v1/spans" => self.span_names(&parameters()).await,
            "/api/v1/traces" => self.traces(&parameters()).await,
            "/api/v1/dependencies" => self.dependencies(&parameters()).await,
            "/health" => Ok(health_response([Component::storage(&self.store).await])),
            "/metrics" => Ok(metrics_response(&self.life.counters)),
            "/config.json" => Ok(page_config("", 10)),
            "/info" => Ok(info_response()),
            _ => match path.strip_prefix("/api/v1/trace/").filter(|id| !id.is_empty() && !id.contains('/')) {
                Some(id) => self.trace(id, &parameters()).await,
                None => page(path).ok_or_else(ApiError::not_found),
            },
        }
    }

    async fn service_names(&self) -> Result<Response, ApiError> {
        let names = self.store.service_names().await?;
        self.services.store(names.len(), Ordering::Relaxed);
        Ok(names_response(&names, names.len()))
    }

    async fn span_names(&self, parameters: &Parameters) -> Result<Response, ApiError> {
        let service =
            parameters.text("serviceName").ok_or_else(|| ApiError::missing("serviceName", "String"))?;
        let names = self.store.span_names(service).await?;
        Ok(names_response(&names, self.services.load(Ordering::Relaxed)))
    }

    async fn traces(&self, parameters: &Parameters) -> Result<Response, ApiError> {
        let query = TraceQuery::parse(parameters, now(), self.defaults)?;
        Ok(traces_response(&self.store.traces(&query).await?))
    }

    async fn trace(&self, id: &str, parameters: &Parameters) -> Result<Response, ApiError> {
        let id = Id::from_lower_hex(id).ok_or_else(|| ApiError::trace_id(id))?;
        let found = match parameters.text("raw") {
            Some(_) => self.store.raw_trace(id).await?,
            None => self.store.trace(id).await?,
        };
        Ok(match found {
            Some(trace) => Response::json(200, write_json_spans(&trace)),
            None => Response::empty(404),
        })
    }

    async fn dependencies(&self, parameters: &Parameters) -> Result<Response, ApiError> {
        let end_ts = parameters.long("endTs")?.ok_or_else(|| ApiError::missing("endTs", "long"))?;
        let lookback = parameters.long("lookback")?.unwrap_or(self.defaults.lookback);
        let links = self.store.dependencies(&dependency_days(end_ts, lookback)).await?;
        Ok(Response::json(200, write_json_links(&links)))
    }
}

fn preflight(request: &Request) -> Response {
    let wanted = request.header("access-control-request-headers").unwrap_or_default();
    Response::empty(200)
        .with_header("access-control-allow-methods", "GET,POST")
        .with_header("access-control-allow-headers", wanted)
        .with_header("access-control-max-age", "1800")
}
