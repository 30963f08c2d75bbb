//! Jukebox's own pages: `/` for people, `/api` for what it is told, `/api/songs` to read and to add songs.

use std::sync::{Arc, Mutex};

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use maud::html;
use serde_json::json;

use super::super::look::{Look, page};
use super::super::metrics::Gauge;
use super::super::service::{About, Inside, Service, service as whole};
use super::super::settings::{Error, MESSAGE_LIMIT, Settings};
use super::super::surroundings::Surroundings;
use super::redis::{Redis, Trouble};
use super::songs::Songs;

/// How many characters an address may have.
const ADDRESS_LIMIT: usize = 260;
/// How many characters a song's title may have.
const TITLE_LIMIT: usize = 120;

struct Jukebox {
    about: About,
    message: String,
    redis: Option<String>,
    songs: Songs,
}

/// Reads the settings and makes the API. A refusal has been logged when it is returned: the program then ends with
/// exit code 1.
pub fn service(around: &Surroundings) -> Result<Service, Error> {
    let jukebox = match read(around) {
        Ok(jukebox) => Arc::new(jukebox),
        Err(error) => {
            around.tell("error", &error.to_string(), &[]);
            return Err(error);
        }
    };
    if jukebox.redis.is_none() {
        around.tell("warn", "has no redis, and forgets the songs when it ends", &[]);
    }
    let about = jukebox.about.clone();
    let inside = Inside {
        ready: {
            let (jukebox, around) = (Arc::clone(&jukebox), around.clone());
            let last = Arc::new(Mutex::new(String::new()));
            Arc::new(move || {
                let (jukebox, around, last) = (Arc::clone(&jukebox), around.clone(), Arc::clone(&last));
                Box::pin(async move {
                    let answer = jukebox.songs.check().await.map_err(|trouble| trouble.to_string());
                    tell_change(&around, &last, &answer);
                    answer
                })
            })
        },
        gauges: {
            let jukebox = Arc::clone(&jukebox);
            Arc::new(move || {
                let jukebox = Arc::clone(&jukebox);
                Box::pin(async move { gauges(&jukebox).await })
            })
        },
    };
    let own = Router::new()
        .route("/", get(index))
        .route("/api", get(api))
        .route("/api/songs", get(list).post(add))
        .layer(DefaultBodyLimit::max(4096))
        .with_state(jukebox);
    Ok(whole(around, about, inside, own))
}

fn read(around: &Surroundings) -> Result<Jukebox, Error> {
    let settings = Settings { prefix: "JUKEBOX", around };
    let about = About::read("jukebox", &settings)?;
    let message = settings.text("MESSAGE", "Nobody has chosen a song yet.", MESSAGE_LIMIT)?;
    let redis = settings.get("REDIS", ADDRESS_LIMIT)?;
    if let Some(value) = &redis
        && !value.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
    {
        let right = "a host and a port, such as `songs:6379`";
        return Err(Error::Value { name: settings.name("REDIS"), value: value.clone(), right });
    }
    let songs = match &redis {
        Some(address) => Songs::There(Redis::new(address.clone(), Arc::clone(&around.dial))),
        None => Songs::Here(Mutex::default()),
    };
    Ok(Jukebox { about, message, redis, songs })
}

/// Logs that the Redis is missing or back, once each.
fn tell_change(around: &Surroundings, last: &Mutex<String>, answer: &Result<(), String>) {
    let now = answer.as_ref().err().cloned().unwrap_or_default();
    let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if *last == now {
        return;
    }
    if now.is_empty() {
        around.tell("info", "is ready again", &[]);
    } else {
        around.tell("error", "is not ready", &[("lacks", &now)]);
    }
    *last = now;
}

async fn gauges(jukebox: &Jukebox) -> Vec<Gauge> {
    let songs = jukebox.songs.list().await;
    let mut gauges = Vec::new();
    if jukebox.redis.is_some() {
        let value = u64::from(songs.is_ok());
        gauges.push(Gauge { name: "redis_up", help: "Whether the Redis answers.", value });
    }
    if let Ok(songs) = songs {
        gauges.push(Gauge { name: "songs", help: "Songs that are remembered.", value: songs.len() as u64 });
    }
    gauges
}

async fn index(State(jukebox): State<Arc<Jukebox>>) -> Response {
    let Jukebox { about: About { version, environment, .. }, message, redis, songs } = jukebox.as_ref();
    let look = Look { name: "Jukebox", version, environment, message };
    let songs = songs.list().await;
    let more = html! {
        @match &songs {
            Ok(songs) => ol { @for song in songs { li { (song) } } },
            Err(trouble) => p { (trouble) },
        }
    };
    let remembered = redis.clone().unwrap_or_else(|| "this process".to_owned());
    let text = page(&look, &more, &[("Songs are remembered by", remembered)]).into_string();
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

async fn api(State(jukebox): State<Arc<Jukebox>>) -> Response {
    let Jukebox { about: About { version, environment, .. }, message, redis, songs } = jukebox.as_ref();
    let songs = songs.list().await;
    Json(json!({
        "version": version,
        "environment": environment,
        "message": message,
        "redis": redis,
        "songs": songs.as_ref().ok().map(Vec::len),
        "error": songs.err().map(|trouble| trouble.to_string()),
    }))
    .into_response()
}

async fn list(State(jukebox): State<Arc<Jukebox>>) -> Response {
    match jukebox.songs.list().await {
        Ok(songs) => Json(json!({ "songs": songs })).into_response(),
        Err(trouble) => missing(&trouble),
    }
}

/// Takes a title as plain text.
async fn add(State(jukebox): State<Arc<Jukebox>>, title: String) -> Response {
    let title = title.trim();
    let length = title.chars().count();
    if length == 0 || length > TITLE_LIMIT {
        let error = format!("a title has between 1 and {TITLE_LIMIT} characters, this one has {length}");
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": error }))).into_response();
    }
    match jukebox.songs.add(title).await {
        Ok(()) => (StatusCode::CREATED, Json(json!({ "added": title }))).into_response(),
        Err(trouble) => missing(&trouble),
    }
}

fn missing(trouble: &Trouble) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": trouble.to_string() }))).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    fn open(environment: &[(&str, &str)]) -> (Result<Service, Error>, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let log = Arc::new(move |line| kept.lock().unwrap().push(line));
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let mut around = Surroundings::of_process(environment.collect::<BTreeMap<_, _>>(), log);
        around.dial = Arc::new(|_| Box::pin(async { Err(std::io::ErrorKind::ConnectionRefused.into()) }));
        (service(&around), lines)
    }

    async fn ask(service: &Service, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
        let response = service.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn songs_are_remembered_without_a_redis() {
        let (service, lines) = open(&[("JUKEBOX_VERSION", "1.0.0"), ("JUKEBOX_ENVIRONMENT", "test")]);
        let service = service.unwrap();
        let added = (201, r#"{"added":"Blue Moon"}"#.to_owned());
        assert_eq!(ask(&service, "POST", "/api/songs", " Blue Moon\n").await, added);
        let listed = (200, r#"{"songs":["Blue Moon"]}"#.to_owned());
        assert_eq!(ask(&service, "GET", "/api/songs", "").await, listed);
        let long = "a title has between 1 and 120 characters, this one has 121";
        let refused = (422, format!(r#"{{"error":"{long}"}}"#));
        assert_eq!(ask(&service, "POST", "/api/songs", &"x".repeat(121)).await, refused);
        let page = ask(&service, "GET", "/", "").await.1;
        assert!(page.contains("<ol><li>Blue Moon</li></ol>"), "{page}");
        assert!(page.contains("<dt>Songs are remembered by</dt><dd>this process</dd>"), "{page}");
        let lines = lines.lock().unwrap();
        assert_eq!(lines[0], r#"level=warn message="has no redis, and forgets the songs when it ends""#);
        assert_eq!(
            lines[1],
            r#"level=info message="listens on port 8080" sample=jukebox version=1.0.0 environment=test"#
        );
    }

    #[tokio::test]
    async fn says_so_when_the_redis_is_missing() {
        let (service, lines) = open(&[("JUKEBOX_REDIS", "songs:6379")]);
        let service = service.unwrap();
        let missing = "the redis at `songs:6379` does not answer: connection refused";
        for _ in 0..2 {
            assert_eq!(ask(&service, "GET", "/readyz", "").await, (503, format!("{missing}\n")));
        }
        let answer = (503, format!(r#"{{"error":"{missing}"}}"#));
        assert_eq!(ask(&service, "GET", "/api/songs", "").await, answer);
        assert_eq!(ask(&service, "GET", "/healthz", "").await, (200, "ok\n".to_owned()));
        let metrics = ask(&service, "GET", "/metrics", "").await.1;
        assert!(metrics.contains("\njukebox_redis_up 0\n"), "{metrics}");
        let told = lines.lock().unwrap().iter().filter(|line| line.contains("is not ready")).count();
        assert_eq!(told, 1);
    }

    #[test]
    fn addresses_have_a_host_and_a_port() {
        let told = open(&[("JUKEBOX_REDIS", "songs")]).0.unwrap_err().to_string();
        assert_eq!(told, "`JUKEBOX_REDIS` is `songs`, it must be a host and a port, such as `songs:6379`");
    }
}
