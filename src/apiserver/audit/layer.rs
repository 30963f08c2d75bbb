//! The recorder around every handler. It knows who asks, and not yet as whom they want to act.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::event::Event;
use super::notes::Notes;
use super::policy::{Level, Stage};
use crate::accounts::Identity;
use crate::apiserver::access::{Attributes, Object};
use crate::apiserver::body;
use crate::apiserver::server::Server;

/// Larger answers are not written down, in bytes.
const LARGEST: usize = body::MAX_BODY;

/// Writes down what the policy of the log wants to have of a request.
pub(crate) async fn record(State(server): State<Arc<Server>>, mut request: Request, next: Next) -> Response {
    let Some(log) = &server.audit else { return next.run(request).await };
    let attributes = attributes(&request);
    let identity = request.extensions().get::<Identity>().cloned().unwrap_or_else(Identity::anonymous);
    let extent = log.policy.extent(&identity, &attributes);
    let level = extent.level;
    if level == Level::None {
        return next.run(request).await;
    }
    let mut event = Event::new(extent, request.uri(), &attributes, Some(&identity), request.headers());
    let notes = Notes::open();
    log.write(event.line(Stage::RequestReceived, &notes.read())).await;
    request.extensions_mut().insert(notes.clone());
    if level >= Level::Request && has_object(&attributes) {
        let (parts, sent) = request.into_parts();
        let bytes = match body::read(sent).await {
            Ok(bytes) => bytes,
            Err(status) => return status.into_response(),
        };
        let object = body::yaml(&bytes).ok().filter(|object| !object.is_null());
        let object = object.or_else(|| body::object(&parts.headers, &bytes, "").ok());
        event.sent = object.map(|object| event.shown(object));
        request = Request::from_parts(parts, Body::from(bytes));
    }
    let response = next.run(request).await;
    event.status = Some(json!({"metadata": {}, "code": response.status().as_u16()}));
    if is_long(&attributes, &response) {
        log.write(event.line(Stage::ResponseStarted, &notes.read())).await;
        return until_end(&server, event, notes, response);
    }
    let (response, answered) = answered(&event, response).await;
    match answered {
        Some(status) if status["kind"] == "Status" => event.status = Some(without_kind(status)),
        Some(object) if level >= Level::RequestResponse => event.answered = Some(event.shown(object)),
        _ => {}
    }
    log.write(event.line(Stage::ResponseComplete, &notes.read())).await;
    response
}

/// Writes down a request of somebody whom nobody knows.
pub(crate) fn refused(server: &Server, request: &Request, status: Value) {
    let Some(log) = &server.audit else { return };
    let attributes = attributes(request);
    let extent = log.policy.extent(&Identity::default(), &attributes);
    if extent.level == Level::None {
        return;
    }
    let mut event = Event::new(extent, request.uri(), &attributes, None, request.headers());
    event.status = Some(without_kind(status));
    log.write_now(event.line(Stage::ResponseStarted, &Notes::default().read()));
}

fn attributes(request: &Request) -> Attributes {
    let read = Attributes::read(request.method(), request.uri());
    // Whatever is wrong with the address, it was asked for.
    read.unwrap_or_else(|_| Attributes {
        verb: request.method().as_str().to_ascii_lowercase(),
        object: Object::Path(request.uri().path().to_owned()),
    })
}

fn has_object(attributes: &Attributes) -> bool {
    matches!(attributes.object, Object::Resource { .. })
        && matches!(attributes.verb.as_str(), "create" | "update" | "patch" | "delete" | "deletecollection")
}

/// Whether an answer is a stream: nobody knows when it ends.
fn is_long(attributes: &Attributes, response: &Response) -> bool {
    let Object::Resource { subresource, .. } = &attributes.object else { return false };
    let tunnel = matches!(subresource.as_str(), "log" | "proxy" | "exec" | "attach" | "portforward");
    response.status().as_u16() < 400 && (attributes.verb == "watch" || tunnel)
}

/// Completes an event where its answer ends, by itself or because its reader went away.
struct Ending {
    server: Arc<Server>,
    event: Event,
    notes: Notes,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(log) = &self.server.audit {
            log.write_now(self.event.line(Stage::ResponseComplete, &self.notes.read()));
        }
    }
}

fn until_end(server: &Arc<Server>, event: Event, notes: Notes, response: Response) -> Response {
    let ending = Ending { server: Arc::clone(server), event, notes };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let (parts, body) = response.into_parts();
    let stream = body.into_data_stream().map(move |chunk| {
        let _until_the_end = &ending;
        chunk
    });
    Response::from_parts(parts, Body::from_stream(stream))
}

/// The answer with its JSON, where that is wanted.
async fn answered(event: &Event, response: Response) -> (Response, Option<Value>) {
    let failed = response.status().as_u16() >= 400;
    let json = response.headers().get(header::CONTENT_TYPE);
    let json = json.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !json || (!failed && event.extent.level < Level::RequestResponse) {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, usize::MAX).await {
        Ok(bytes) => {
            let read = (bytes.len() <= LARGEST).then(|| serde_json::from_slice(&bytes).ok()).flatten();
            (Response::from_parts(parts, Body::from(bytes)), read)
        }
        Err(error) => (Response::from_parts(parts, Body::from(error.to_string())), None),
    }
}

fn without_kind(mut status: Value) -> Value {
    if let Some(fields) = status.as_object_mut() {
        fields.shift_remove("kind");
        fields.shift_remove("apiVersion");
    }
    status
}
