//! `/podProxy/{namespace}/{pod}/{port}/{path…}`: HTTP to a program in a Pod, whose address leads nowhere.

use axum::extract::{Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use super::super::pod::Boards;

pub(super) async fn root(
    State(boards): State<Boards>,
    Path((namespace, pod, port)): Path<(String, String, i32)>,
    request: Request,
) -> Response {
    forward(&boards, &namespace, &pod, port, request).await
}

pub(super) async fn any(
    State(boards): State<Boards>,
    Path((namespace, pod, port, _)): Path<(String, String, i32, String)>,
    request: Request,
) -> Response {
    forward(&boards, &namespace, &pod, port, request).await
}

async fn forward(boards: &Boards, namespace: &str, pod: &str, port: i32, mut request: Request) -> Response {
    let Some(program) = boards.get(namespace, pod).and_then(|board| board.listener(port)) else {
        let text = format!("dial tcp {namespace}/{pod}:{port}: connect: connection refused\n");
        return (StatusCode::BAD_GATEWAY, text).into_response();
    };
    let Some(target) = target(request.uri()) else {
        return (StatusCode::BAD_REQUEST, "the path is none\n").into_response();
    };
    *request.uri_mut() = target;
    // The token is the kubelet's, and no business of the program's.
    request.headers_mut().remove(AUTHORIZATION);
    program.answer(request).await.unwrap_or_else(|| {
        let text = format!("{namespace}/{pod}:{port} runs a program whose answers are not simulated\n");
        (StatusCode::BAD_GATEWAY, text).into_response()
    })
}

/// What follows the port, as it was written, with its query.
fn target(uri: &Uri) -> Option<Uri> {
    let path = uri.path().splitn(6, '/').nth(5).unwrap_or_default();
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(Uri::from(PathAndQuery::try_from(format!("/{path}{query}")).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_arrive_as_written() {
        let target = |text: &'static str| target(&Uri::from_static(text)).unwrap().to_string();
        assert_eq!(target("/podProxy/app/web/8080"), "/");
        assert_eq!(target("/podProxy/app/web/8080/"), "/");
        assert_eq!(target("/podProxy/app/web/8080/a%20b/c?x=/y"), "/a%20b/c?x=/y");
    }
}
