//! The query service's answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stacklab_machine::http::{Method, Request, Response};
use stacklab_traces::Id;
use tokio::sync::Semaphore;

use super::pages::{check_method, error_page, takes_json, without_length};
use super::routes::{Endpoint, Route, Suffix, find};
use super::{
    cors, health_response, info_response, metrics_response, operations::Component, page_config, upload,
};
use crate::handle::Life;
use crate::http::{self, Accept, Handler};
use crate::model::{
    ApiError, Parameters, QueryDefaults, TraceQuery, dependency_days, names_response, trace_response,
    traces_response, write_json_links,
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
        let Some(path) = http::tidy_path(request.path()) else {
            // Not even the server's own name is on this one.
            return http::finish(&request, Response::empty(400));
        };
        let response = self.respond(&path, &request).await;
        http::finish(&request, response.with_header("x-application-context", "zipkin-server:9411"))
    }
}

impl Api {
    async fn respond(&self, path: &str, request: &Request) -> Response {
        let accept = Accept::of(request);
        let route = find(path);
        if cors::is_preflight(request) {
            return cors::preflight(request, route.as_ref().map(|route| &route.endpoint));
        }
        let Some(route) = route else {
            // What is left are the page's files.
            let file = page(path).filter(|_| matches!(request.method, Method::Get | Method::Head));
            return file.unwrap_or_else(|| error_page(&ApiError::not_found(), request, &accept));
        };
        if let Err(response) = check_method(&route.endpoint, request, &accept) {
            return response;
        }
        if route.endpoint.is_json_only() && !takes_json(&route, &accept) {
            return error_page(&ApiError::not_acceptable(), request, &accept);
        }
        let origin = match cors::check(request, &route.endpoint) {
            Ok(origin) => origin,
            Err(response) => return response,
        };
        let response = match self.answer(&route, request, &accept).await {
            Ok(response) if route.suffix == Suffix::Unknown && !response.body.is_empty() => {
                response.with_header("content-disposition", "inline;filename=f.txt")
            }
            Ok(response) => response,
            Err(error) => error_page(&error, request, &accept),
        };
        match origin {
            Some(origin) => cors::share(response, origin),
            None => response,
        }
    }

    async fn answer(&self, route: &Route, request: &Request, accept: &Accept) -> Result<Response, ApiError> {
        let query = request.path_and_query().split_once('?').map_or("", |(_, query)| query);
        let parameters = Parameters::new(http::parameters(query));
        let parameters = &parameters;
        match &route.endpoint {
            Endpoint::SpanNames if request.method == Method::Post => {
                upload::spans(&self.store, &self.life, &self.uploads, request, accept).await
            }
            Endpoint::Services => self.service_names(takes_json(route, accept)).await,
            Endpoint::SpanNames => self.span_names(parameters, takes_json(route, accept)).await,
            Endpoint::Traces => self.traces(parameters).await,
            Endpoint::Trace(id) => self.trace(id, parameters).await,
            Endpoint::Dependencies => self.dependencies(parameters).await,
            Endpoint::Health => {
                Ok(without_length(health_response([Component::storage(&self.store).await]), request))
            }
            Endpoint::Info => Ok(without_length(info_response(), request)),
            Endpoint::Metrics => Ok(metrics_response(&self.life.counters)),
            Endpoint::Config => Ok(page_config("", 10)),
            Endpoint::Page => page("/").ok_or_else(ApiError::not_found),
        }
    }

    async fn service_names(&self, wanted: bool) -> Result<Response, ApiError> {
        let names = self.store.service_names().await?;
        self.services.store(names.len(), Ordering::Relaxed);
        self.names(&names, wanted)
    }

    async fn span_names(&self, parameters: &Parameters, wanted: bool) -> Result<Response, ApiError> {
        let service =
            parameters.joined("serviceName").ok_or_else(|| ApiError::missing("serviceName", "String"))?;
        let names = self.store.span_names(&service).await?;
        self.names(&names, wanted)
    }

    /// Only now is looked at whether the client takes JSON.
    fn names(&self, names: &[String], wanted: bool) -> Result<Response, ApiError> {
        if !wanted {
            return Err(ApiError::not_acceptable());
        }
        Ok(http::of_unknown_length(names_response(names, self.services.load(Ordering::Relaxed))))
    }

    async fn traces(&self, parameters: &Parameters) -> Result<Response, ApiError> {
        let query = TraceQuery::parse(parameters, now(), self.defaults)?;
        traces_response(&self.store.traces(&query).await?)
    }

    async fn trace(&self, id: &str, parameters: &Parameters) -> Result<Response, ApiError> {
        let id = Id::from_lower_hex(id).ok_or_else(|| ApiError::trace_id(id))?;
        let found = match parameters.text("raw") {
            Some(_) => self.store.raw_trace(id).await?,
            None => self.store.trace(id).await?,
        };
        found.map_or_else(|| Ok(Response::empty(404)), |trace| trace_response(&trace))
    }

    async fn dependencies(&self, parameters: &Parameters) -> Result<Response, ApiError> {
        let end_ts = parameters.required_long("endTs")?;
        let lookback = parameters.long("lookback")?.unwrap_or(self.defaults.lookback);
        let links = self.store.dependencies(&dependency_days(end_ts, lookback)).await?;
        Ok(ApiError::json(200, write_json_links(&links)))
    }
}
