//! The one route table of the API server. Paths of resources are read by [`Target`]: their grammar is no fixed list.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use http::{Method, StatusCode};

use super::query::Query;
use super::respond::{self, Format};
use super::server::Server;
use super::status::Status;
use super::target::{Address, Target};
use super::types::Registry;
use super::{access, audit, authentication, body, compress, discovery, reviews, subresources, verbs};
use crate::accounts::Identity;

/// A request that has been read, except for what only its handler understands.
pub(crate) struct Call {
    pub(crate) server: Arc<Server>,
    pub(crate) target: Target,
    pub(crate) query: Query,
    pub(crate) identity: Identity,
    /// What the audit log is told of the request.
    pub(crate) notes: audit::Notes,
    pub(crate) request: Request,
}

/// All routes.
pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/", get(discovery::root))
        .route("/healthz", get(discovery::healthz))
        .route("/healthz/{check}", get(discovery::check))
        .route("/livez", get(discovery::healthz))
        .route("/livez/{check}", get(discovery::check))
        .route("/readyz", get(discovery::healthz))
        .route("/readyz/{check}", get(discovery::check))
        .route("/.well-known/openid-configuration", get(discovery::openid_configuration))
        .route("/openid/v1/jwks", get(discovery::openid_keys))
        .route("/version", get(discovery::version))
        .route("/version/", get(discovery::version))
        .route("/api", get(discovery::api))
        .route("/api/", get(discovery::api))
        .route("/apis", get(discovery::apis))
        .route("/apis/", get(discovery::apis))
        .route("/api/v1", get(discovery::core))
        .route("/api/v1/", get(discovery::core))
        .route("/apis/{group}", get(discovery::group))
        .route("/apis/{group}/", get(discovery::group))
        .route("/apis/{group}/{version}", get(discovery::group_version))
        .route("/apis/{group}/{version}/", get(discovery::group_version))
        .route("/openapi/v2", get(discovery::openapi_v2))
        .route("/openapi/v3", get(discovery::openapi_v3))
        .route("/openapi/v3/{*path}", get(discovery::openapi_v3_group))
        .route("/api/v1/{*path}", any(core_resource))
        .route("/apis/{group}/{version}/{*path}", any(group_resource))
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(Arc::clone(&server), access::require))
        .layer(middleware::from_fn_with_state(Arc::clone(&server), authentication::act))
        .layer(middleware::from_fn_with_state(Arc::clone(&server), audit::record))
        .layer(middleware::from_fn_with_state(Arc::clone(&server), authentication::establish))
        .layer(middleware::from_fn(compress::large))
        .with_state(server)
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

async fn core_resource(
    State(server): State<Arc<Server>>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    resource(server, "", "v1", &path, request).await
}

async fn group_resource(
    State(server): State<Arc<Server>>,
    Path((group, version, path)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    resource(server, &group, &version, &path, request).await
}

async fn resource(
    server: Arc<Server>,
    group: &str,
    version: &str,
    decoded: &str,
    request: Request,
) -> Response {
    if !server.catalog.serves(group, version) {
        if Registry::builtin().kinds().iter().any(|kind| kind.group == group) {
            return Status::unknown_resource().into_response();
        }
        return not_found().await;
    }
    let wants_yaml = Format::accepted(request.headers()).is_ok_and(|format| format == Format::Yaml);
    // The extractor has decoded the path; names are read from the undecoded one, where `/` and `%2F` differ.
    let skipped = if group.is_empty() { 3 } else { 4 };
    let raw = request.uri().path().splitn(skipped + 1, '/').nth(skipped).unwrap_or(decoded).to_owned();
    let deprecated =
        group.is_empty() && Address::read(&raw).is_ok_and(|address| address.plural == "endpoints");
    let response = match call(server, group, version, &raw, request).await {
        Ok(response) => response,
        Err(status) if wants_yaml => status.into_yaml(),
        Err(status) => status.into_response(),
    };
    if deprecated { respond::with_warnings(response, &[ENDPOINTS.to_owned()]) } else { response }
}

/// What every answer about Endpoints says besides.
const ENDPOINTS: &str = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";

async fn call(
    server: Arc<Server>,
    group: &str,
    version: &str,
    path: &str,
    mut request: Request,
) -> Result<Response, Status> {
    let target = Target::parse(&server.catalog, group, version, path)?;
    let query = Query::read(request.uri())?;
    let identity = request.extensions_mut().remove::<Identity>().ok_or_else(Status::unauthorized)?;
    let notes = request.extensions_mut().remove::<audit::Notes>().unwrap_or_default();
    let call = Call { server, target, query, identity, notes, request };
    if call.target.subresource.is_some() {
        return subresources::answer(call).await;
    }
    if call.request.method() == Method::POST && reviews::is_review(&call.target) {
        return reviews::answer(call).await;
    }
    dispatch(call).await
}

async fn dispatch(call: Call) -> Result<Response, Status> {
    let named = call.target.name.is_some();
    let watches = call.query.flag("watch") || call.target.watch;
    match (call.request.method().clone(), named) {
        // Only the old address watches an object by its name; a parameter does not count there.
        (Method::GET, named) if call.target.watch || watches && !named => verbs::watch(&call),
        (Method::GET, true) => verbs::get(&call),
        (Method::GET, false) => verbs::list(&call),
        (Method::POST, false) => verbs::create(call).await,
        (Method::PUT, true) => verbs::update(call).await,
        (Method::PATCH, true) => verbs::patch(call).await,
        (Method::DELETE, true) => verbs::delete(call).await,
        (Method::DELETE, false) => verbs::delete_collection(call).await,
        _ => Err(Status::method_not_allowed()),
    }
}

impl Call {
    /// Takes the whole body.
    pub(crate) async fn body(&mut self) -> Result<bytes::Bytes, Status> {
        body::read(std::mem::take(self.request.body_mut())).await
    }

    /// The object in the body, and what is to be said of fields that are in it more than once.
    pub(crate) async fn object_and_repeated(&mut self) -> Result<(serde_json::Value, Vec<String>), Status> {
        let bytes = self.body().await?;
        let headers = self.request.headers();
        let object = body::object(headers, &bytes, &self.target.kind.kind)?;
        if self.target.kind.is_custom() {
            body::must_say_what_it_is(&object, &bytes, &self.target.kind.kind)?;
        }
        Ok((object, body::repeated(headers, &bytes)))
    }

    /// The object in the body.
    pub(crate) async fn object(&mut self) -> Result<serde_json::Value, Status> {
        let bytes = self.body().await?;
        body::object(self.request.headers(), &bytes, &self.target.kind.kind)
    }
}
