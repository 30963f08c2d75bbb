//! The door before every route: who may not do what a request asks is told so, whether or not there is such a thing.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::attributes::Attributes;
use crate::accounts::Identity;
use crate::apiserver::audit::Notes;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;

/// Answers 403 to requests that their maker may not make.
pub(crate) async fn require(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    match authorize(&server, &request) {
        Ok(()) => next.run(request).await,
        Err(status) => status.into_response(),
    }
}

fn authorize(server: &Server, request: &Request) -> Result<(), Status> {
    let identity = request.extensions().get::<Identity>().ok_or_else(Status::unauthorized)?;
    let attributes = Attributes::read(request.method(), request.uri())?;
    let verdict = server.access.verdict(identity, &attributes);
    if let Some(notes) = request.extensions().get::<Notes>() {
        let decision = if verdict.allowed { "allow" } else { "forbid" };
        notes.add("authorization.k8s.io/decision".to_owned(), decision.to_owned());
        notes.add("authorization.k8s.io/reason".to_owned(), verdict.reason.clone());
    }
    if verdict.allowed { Ok(()) } else { Err(attributes.refusal(&identity.username, &verdict.reason)) }
}
