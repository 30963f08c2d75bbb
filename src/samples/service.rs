//! What every sample answers besides its own pages: version, health, readiness, metrics; and a line of the log for
//! each request.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::BoxFuture;
use serde_json::json;

use super::PORT;
use super::failure::Failure;
use super::metrics::{Gauge, Metrics};
use super::settings::{Error, Settings, WORD_LIMIT};
use super::surroundings::Surroundings;

/// A sample that can be served. Whoever serves it listens on [`PORT`].
#[derive(Clone, Debug)]
pub struct Service {
    /// Its routes.
    pub router: Router,
    crash: Option<Duration>,
    around: Surroundings,
}

impl Service {
    /// After how long it ends by itself, if it does: with exit code 1, after [`Self::tell_crash`].
    pub fn crash(&self) -> Option<Duration> {
        self.crash
    }

    /// Logs that it crashes.
    pub fn tell_crash(&self) {
        self.around.tell("error", "crashes, as it was told to", &[]);
    }

    /// Logs that it was told to end. It answers what was on its way.
    pub fn tell_stop(&self) {
        self.around.tell("info", "ends, as it was told to", &[]);
    }
}

/// What a sample is, and how it fails.
#[derive(Clone, Debug)]
pub(super) struct About {
    /// Its name, in lower case.
    pub(super) sample: &'static str,
    pub(super) version: String,
    pub(super) environment: String,
    pub(super) failure: Failure,
}

impl About {
    /// Reads what all samples are told.
    pub(super) fn read(sample: &'static str, settings: &Settings<'_>) -> Result<Self, Error> {
        let failure = Failure::read(settings)?;
        let version = match failure {
            Failure::WrongVersion => "0.0.0-wrong".to_owned(),
            _ => settings.text("VERSION", "unknown", WORD_LIMIT)?,
        };
        let environment = settings.text("ENVIRONMENT", "nowhere", WORD_LIMIT)?;
        Ok(Self { sample, version, environment, failure })
    }
}

/// What a sample says about itself when it is asked.
#[derive(Clone)]
pub(super) struct Inside {
    /// Whether it can do its work; the error says what it lacks.
    pub(super) ready: Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
    /// What it counts beyond requests.
    pub(super) gauges: Arc<dyn Fn() -> BoxFuture<'static, Vec<Gauge>> + Send + Sync>,
}

impl Default for Inside {
    fn default() -> Self {
        Self {
            ready: Arc::new(|| Box::pin(async { Ok(()) })),
            gauges: Arc::new(|| Box::pin(async { Vec::new() })),
        }
    }
}

struct Shared {
    about: About,
    around: Surroundings,
    inside: Inside,
    metrics: Metrics,
}

/// Puts a sample's own pages together with what every sample has, and logs that it is there.
pub(super) fn service(around: &Surroundings, about: About, inside: Inside, own: Router) -> Service {
    let fields = [
        ("sample", about.sample),
        ("version", about.version.as_str()),
        ("environment", about.environment.as_str()),
    ];
    around.tell("info", &format!("listens on port {PORT}"), &fields);
    let failure = about.failure;
    let shared = Arc::new(Shared { about, around: around.clone(), inside, metrics: Metrics::default() });
    let version = Router::new().route("/version", get(version)).with_state(Arc::clone(&shared));
    // Probes come every few seconds and would hide what people do.
    let asked = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Arc::clone(&shared));
    let nothing = |_: Request| async { StatusCode::NOT_FOUND };
    let logged = own.merge(version).fallback(nothing).layer(from_fn_with_state(shared, note));
    let mut router = logged.merge(asked);
    if let Failure::Slow(time) = failure {
        router = router.layer(from_fn_with_state(time, slow_down));
    }
    let crash = match failure {
        Failure::CrashAfter(time) => Some(time),
        _ => None,
    };
    Service { router, crash, around: around.clone() }
}

async fn version(State(shared): State<Arc<Shared>>) -> Response {
    Json(json!({ "version": shared.about.version })).into_response()
}

async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let answer = match shared.about.failure {
        Failure::NeverReady => Err("it was told never to be ready".to_owned()),
        _ => (shared.inside.ready)().await,
    };
    match answer {
        Ok(()) => "ok\n".into_response(),
        Err(lacking) => (StatusCode::SERVICE_UNAVAILABLE, format!("{lacking}\n")).into_response(),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let About { sample, version, environment, .. } = &shared.about;
    let gauges = (shared.inside.gauges)().await;
    let labels = [("version", version.as_str()), ("environment", environment.as_str())];
    let text = shared.metrics.render(sample, &labels, &gauges);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn note(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    // What anybody may ask for is no name of a time series.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    shared.metrics.count(route.as_deref().unwrap_or("other"), status);
    let fields = [("method", method.as_str()), ("path", &path), ("status", &status.to_string())];
    shared.around.tell("info", "request", &fields);
    response
}

async fn slow_down(State(time): State<Duration>, request: Request, next: Next) -> Response {
    tokio::time::sleep(time).await;
    next.run(request).await
}
