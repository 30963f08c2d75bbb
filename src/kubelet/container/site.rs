//! A site of files, as the web server in an image would serve it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::super::images::Contents;
use super::logs::Logs;
use crate::artifacts::Files;

/// Serves the site of an image, and notes each request.
pub(super) fn router(contents: Arc<Contents>, logs: Arc<Logs>) -> Router {
    let answer = move |request: Request| {
        let (contents, logs) = (Arc::clone(&contents), Arc::clone(&logs));
        async move {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let response = match &contents.site {
                Some(site) => answer(&site.files, &method, &path),
                None => StatusCode::NOT_FOUND.into_response(),
            };
            logs.add(&format!("{method} {path} {}", response.status().as_u16()));
            response
        }
    };
    Router::new().fallback(answer)
}

fn answer(files: &Files, method: &Method, path: &str) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    let path = path.trim_start_matches('/');
    let index = if path.is_empty() || path.ends_with('/') {
        format!("{path}index.html")
    } else {
        format!("{path}/index.html")
    };
    if let Some(bytes) = files.get(path) {
        return ([(header::CONTENT_TYPE, media_type(path))], bytes.clone()).into_response();
    }
    match files.get(&index) {
        Some(_) if !path.is_empty() && !path.ends_with('/') => {
            (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, format!("/{path}/"))]).into_response()
        }
        Some(bytes) => ([(header::CONTENT_TYPE, media_type(&index))], bytes.clone()).into_response(),
        None => {
            let page = "<html>\n<head><title>404 Not Found</title></head>\n<body>\n<h1>404 Not Found</h1>\n</body>\n</html>\n";
            (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_folders_and_nothing() {
        let file = |path: &str| (path.to_owned(), path.as_bytes().to_vec());
        let files = Files::from([file("index.html"), file("a b.css"), file("docs/index.html")]);
        let get = |path: &str| {
            let response = answer(&files, &Method::GET, path);
            let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), header(header::CONTENT_TYPE), header(header::LOCATION))
        };
        let html = || Some("text/html; charset=utf-8".to_owned());
        assert_eq!(get("/"), (200, html(), None));
        assert_eq!(get("/a%20b.css"), (200, Some("text/css; charset=utf-8".to_owned()), None));
        assert_eq!(get("/docs"), (301, None, Some("/docs/".to_owned())));
        assert_eq!(get("/docs/"), (200, html(), None));
        assert_eq!(get("/../etc/passwd"), (404, Some("text/html".to_owned()), None));
        assert_eq!(answer(&files, &Method::POST, "/").status().as_u16(), 405);
    }
}
