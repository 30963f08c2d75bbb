//! The port that the forge's webhooks call: the Receivers of the notification controller, while it works.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};

use super::operator::Receiving;

/// `receivers` behind a door that is open while the notification controller works.
pub(super) fn router(receivers: Router, receiving: Receiving) -> Router {
    receivers.layer(middleware::from_fn_with_state(receiving, only_while_working))
}

async fn only_while_working(State(receiving): State<Receiving>, request: Request, next: Next) -> Response {
    if receiving.get() {
        next.run(request).await
    } else {
        // What a Service without endpoints amounts to.
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}
