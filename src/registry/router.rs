//! The registry's one route table. What is below a repository's name is told apart by `name::parse`, since names
//! have slashes.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use super::access;
use super::error::ApiError;
use super::name::{self, Target};
use super::server::Shared;
use super::{blobs, catalog, manifests, referrers, tags, token, uploads};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v2", get(ping))
        .route("/v2/", get(ping))
        .route("/v2/token", get(token::get))
        .route("/v2/_catalog", get(catalog::get))
        .route("/v2/{*path}", any(repository))
        .layer(middleware::map_response(version))
        .with_state(shared)
}

async fn version(mut response: Response) -> Response {
    let value = HeaderValue::from_static("registry/2.0");
    response.headers_mut().insert("docker-distribution-api-version", value);
    response
}

/// Whether the caller's credentials are good: clients ask this first.
async fn ping(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, ApiError> {
    access::identify(&shared, &headers).await?.ok_or_else(|| access::challenge(&shared, &headers))?;
    Ok("{}".into_response())
}

async fn repository(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, ApiError> {
    let headers = request.headers().clone();
    let identified = access::identify(&shared, &headers).await?;
    let caller = identified.ok_or_else(|| access::challenge(&shared, &headers))?;
    caller.require_read()?;
    let path = request.uri().path().strip_prefix("/v2/").unwrap_or_default().to_owned();
    let (name, target) = name::parse(&path)?;
    let method = request.method().clone();
    let reading = matches!(method, Method::GET | Method::HEAD);
    if !reading {
        caller.require_write(&shared, &name)?;
    }
    match (target, method) {
        (Target::Tags, Method::GET) => tags::list(&shared, &name, request.uri()),
        (Target::Manifest(wanted), Method::GET | Method::HEAD) => manifests::get(&shared, &name, &wanted),
        (Target::Manifest(wanted), Method::PUT) => manifests::put(&shared, &name, &wanted, request).await,
        (Target::Manifest(wanted), Method::DELETE) => manifests::delete(&shared, &name, &wanted),
        (Target::Blob(digest), Method::GET) => blobs::get(&shared, &name, &digest, &headers).await,
        (Target::Blob(digest), Method::HEAD) => blobs::head(&shared, &name, &digest),
        (Target::Blob(digest), Method::DELETE) => blobs::delete(&shared, &name, &digest),
        (Target::Referrers(digest), Method::GET) => referrers::get(&shared, &name, &digest, request.uri()),
        (Target::Uploads, Method::POST) => uploads::start(&shared, &name, request).await,
        (Target::Upload(id), Method::GET) => uploads::status(&shared, &name, &id),
        (Target::Upload(id), Method::PATCH) => uploads::append(&shared, &name, &id, request).await,
        (Target::Upload(id), Method::PUT) => uploads::finish(&shared, &name, &id, request).await,
        (Target::Upload(id), Method::DELETE) => uploads::cancel(&shared, &name, &id),
        _ => Err(ApiError::Unsupported),
    }
}
