//! Postcard's own pages.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use maud::html;
use serde_json::json;

use super::super::look::{Look, page};
use super::super::service::{About, Inside, Service, service as whole};
use super::super::settings::{Error, MESSAGE_LIMIT, Settings};
use super::super::surroundings::Surroundings;

struct Postcard {
    about: About,
    message: String,
}

/// Reads the settings and makes the site. A refusal has been logged when it is returned: the program then ends with
/// exit code 1.
pub fn service(around: &Surroundings) -> Result<Service, Error> {
    let postcard = match read(around) {
        Ok(postcard) => Arc::new(postcard),
        Err(error) => {
            around.tell("error", &error.to_string(), &[]);
            return Err(error);
        }
    };
    let about = postcard.about.clone();
    let own = Router::new().route("/", get(index)).route("/api", get(api)).with_state(postcard);
    Ok(whole(around, about, Inside::default(), own))
}

fn read(around: &Surroundings) -> Result<Postcard, Error> {
    let settings = Settings { prefix: "POSTCARD", around };
    let about = About::read("postcard", &settings)?;
    let message = settings.text("MESSAGE", "Wish you were here.", MESSAGE_LIMIT)?;
    Ok(Postcard { about, message })
}

async fn index(State(postcard): State<Arc<Postcard>>) -> Response {
    let Postcard { about: About { version, environment, .. }, message } = postcard.as_ref();
    let look = Look { name: "Postcard", version, environment, message };
    let text = page(&look, &html! {}, &[]).into_string();
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

async fn api(State(postcard): State<Arc<Postcard>>) -> Response {
    let Postcard { about: About { version, environment, .. }, message } = postcard.as_ref();
    Json(json!({ "version": version, "environment": environment, "message": message })).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    fn open(environment: &[(&str, &str)]) -> (Result<Service, Error>, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = {
            let lines = Arc::clone(&lines);
            Arc::new(move |line| lines.lock().unwrap().push(line))
        };
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        (service(&Surroundings::of_process(environment, log)), lines)
    }

    async fn get(service: &Service, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = service.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn answers_what_it_was_told() {
        let (service, lines) = open(&[
            ("POSTCARD_VERSION", "1.0.1"),
            ("POSTCARD_ENVIRONMENT", "staging"),
            ("POSTCARD_MESSAGE", "Hello"),
        ]);
        let service = service.unwrap();
        assert_eq!(get(&service, "/version").await, (200, r#"{"version":"1.0.1"}"#.to_owned()));
        let all = r#"{"version":"1.0.1","environment":"staging","message":"Hello"}"#.to_owned();
        assert_eq!(get(&service, "/api").await, (200, all));
        assert_eq!(get(&service, "/readyz").await, (200, "ok\n".to_owned()));
        assert_eq!(get(&service, "/").await.0, 200);
        assert_eq!(get(&service, "/other").await.0, 404);
        let expected = [
            r#"level=info message="listens on port 8080" sample=postcard version=1.0.1 environment=staging"#,
            "level=info message=request method=GET path=/version status=200",
            "level=info message=request method=GET path=/api status=200",
            "level=info message=request method=GET path=/ status=200",
            "level=info message=request method=GET path=/other status=404",
        ];
        assert_eq!(*lines.lock().unwrap(), expected);
        let metrics = r#"# HELP postcard_info What runs here.
# TYPE postcard_info gauge
postcard_info{version="1.0.1",environment="staging"} 1
# HELP postcard_requests_total Requests that were answered.
# TYPE postcard_requests_total counter
postcard_requests_total{path="/",status="200"} 1
postcard_requests_total{path="/api",status="200"} 1
postcard_requests_total{path="/version",status="200"} 1
postcard_requests_total{path="other",status="404"} 1
"#;
        assert_eq!(get(&service, "/metrics").await, (200, metrics.to_owned()));
    }

    #[tokio::test]
    async fn fails_as_it_is_told() {
        let never = open(&[("POSTCARD_FAILURE", "never_ready")]).0.unwrap();
        assert_eq!(get(&never, "/readyz").await, (503, "it was told never to be ready\n".to_owned()));
        assert_eq!(get(&never, "/healthz").await.0, 200);
        let wrong = open(&[("POSTCARD_FAILURE", "wrong_version"), ("POSTCARD_VERSION", "1.0.0")]).0.unwrap();
        assert_eq!(get(&wrong, "/version").await.1, r#"{"version":"0.0.0-wrong"}"#);
        let crash = open(&[("POSTCARD_FAILURE", "crash_after=7")]).0.unwrap();
        assert_eq!(crash.crash().map(|time| time.as_secs()), Some(7));
    }

    #[tokio::test]
    async fn slow_answers_take_their_time() {
        let slow = open(&[("POSTCARD_FAILURE", "slow=1")]).0.unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(get(&slow, "/readyz").await.0, 200);
        assert!(began.elapsed().as_secs() >= 1);
    }

    #[test]
    fn refuses_to_start_with_a_message_that_does_not_fit() {
        let (service, lines) = open(&[("POSTCARD_MESSAGE", &"x".repeat(300))]);
        service.unwrap_err();
        let expected = [r#"level=error message="`POSTCARD_MESSAGE` has 300 characters, at most 280 fit""#];
        assert_eq!(*lines.lock().unwrap(), expected);
    }
}
