//! Postcard's routes, and the line that it logs for each request.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::page::page;
use super::settings::{Error, Settings};

/// Where its log lines go: standard output in a container.
pub type Log = Arc<dyn Fn(String) + Send + Sync>;

/// Checks the environment and makes the site. A refusal has been logged when it is returned: the program then ends
/// with exit code 1.
pub fn router(environment: &BTreeMap<String, String>, log: Log) -> Result<Router, Error> {
    let settings = match Settings::from_environment(environment) {
        Ok(settings) => Arc::new(settings),
        Err(error) => {
            log(format!("error: {error}"));
            return Err(error);
        }
    };
    let Settings { version, environment, .. } = settings.as_ref();
    log(format!("postcard {version} ({environment}) listens on port {}", super::PORT));
    Ok(Router::new()
        .route("/", get(index))
        .route("/api", get(api))
        .route("/version", get(version_only))
        .layer(from_fn_with_state(log, log_request))
        // Probes come every few seconds and would hide what people do.
        .route("/healthz", get(ok))
        .route("/readyz", get(ok))
        .with_state(settings))
}

async fn index(State(settings): State<Arc<Settings>>) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], page(&settings).into_string()).into_response()
}

async fn api(State(settings): State<Arc<Settings>>) -> Response {
    Json(settings.as_ref()).into_response()
}

async fn version_only(State(settings): State<Arc<Settings>>) -> Response {
    Json(json!({ "version": settings.version })).into_response()
}

async fn ok() -> &'static str {
    "ok\n"
}

async fn log_request(State(log): State<Log>, request: Request, next: Next) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    log(format!("{line} {}", response.status().as_u16()));
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    fn open(environment: &[(&str, &str)]) -> (Result<Router, Error>, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = {
            let lines = Arc::clone(&lines);
            Arc::new(move |line| lines.lock().unwrap().push(line))
        };
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        (router(&environment, log), lines)
    }

    async fn get(router: &Router, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn answers_what_it_was_told() {
        let (router, lines) = open(&[
            ("POSTCARD_VERSION", "1.0.1"),
            ("POSTCARD_ENVIRONMENT", "staging"),
            ("POSTCARD_MESSAGE", "Hello"),
        ]);
        let router = router.unwrap();
        assert_eq!(get(&router, "/version").await, (200, r#"{"version":"1.0.1"}"#.to_owned()));
        let all = r#"{"version":"1.0.1","environment":"staging","message":"Hello"}"#.to_owned();
        assert_eq!(get(&router, "/api").await, (200, all));
        assert_eq!(get(&router, "/readyz").await, (200, "ok\n".to_owned()));
        assert_eq!(get(&router, "/").await.0, 200);
        assert_eq!(get(&router, "/other").await.0, 404);
        let expected = [
            "postcard 1.0.1 (staging) listens on port 8080",
            "GET /version 200",
            "GET /api 200",
            "GET / 200",
            "GET /other 404",
        ];
        assert_eq!(*lines.lock().unwrap(), expected);
    }

    #[test]
    fn refuses_to_start_with_a_message_that_does_not_fit() {
        let (router, lines) = open(&[("POSTCARD_MESSAGE", &"x".repeat(300))]);
        router.unwrap_err();
        let expected = ["error: `POSTCARD_MESSAGE` has 300 characters, at most 280 fit on a postcard"];
        assert_eq!(*lines.lock().unwrap(), expected);
    }
}
