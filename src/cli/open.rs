//! `atelier open`: prints a link for a browser. The forge's is there as long as the lab runs; an application is
//! reached through its Service by way of the API server, while this command runs.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use clap::Args;
use serde_json::json;

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::lab::{LabFolder, Spec};
use crate::platform;
use crate::scenario::Workshop;
use crate::ui::Mode;

/// A request to an application may be this large.
const REQUEST_LIMIT: usize = 8 << 20;

/// Make an application or the forge reachable for a browser and print the link
#[derive(Debug, Args)]
pub(super) struct OpenArgs {
    /// `forge`, `app` for the workshop's first application, or an application's name
    what: String,
}

pub(super) async fn run(global: &Global, args: OpenArgs) -> Result<u8, Failure> {
    let (folder, spec) = global.running_lab()?;
    let platform = platform::open(spec.platform, &folder.platform())?;
    if args.what == "forge" {
        show(global, &platform.forge.url());
        return Ok(0);
    }
    let workshop = global.library(Some(&spec))?.workshop(&spec.workshop)?;
    let service = service(&workshop, &args.what, &folder, &spec)?;
    let client = platform.cluster().client().await?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.map_err(|error| Failure::new(Kind::Machine, error))?;
    let port = listener.local_addr().map_err(|error| Failure::new(Kind::Machine, error))?.port();
    show(global, &format!("http://127.0.0.1:{port}/"));
    global.ui.talk("Ctrl-C ends it");
    let router = Router::new().fallback(forward).with_state(Target { client, service });
    let serve = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = tokio::signal::ctrl_c().await;
    });
    serve.await.map_err(|error| Failure::new(Kind::Machine, error))?;
    Ok(0)
}

fn show(global: &Global, url: &str) {
    if global.ui.mode() == Mode::Json {
        global.ui.document(&json!({ "url": url }));
    } else {
        global.ui.data(&format!("{url}\n"));
    }
}

/// The path of a Service's proxy, from `<namespace>/<service>:<port>`.
fn service(workshop: &Workshop, what: &str, folder: &LabFolder, spec: &Spec) -> Result<String, Failure> {
    let app = match what {
        "app" => workshop.apps.first(),
        name => workshop.apps.iter().find(|app| app.name == name),
    };
    let parts = app.and_then(|app| app.service.split_once('/'));
    let Some((namespace, service)) = parts else {
        let apps = workshop.apps.iter().map(|app| app.name.as_str());
        let names = ["forge", "app"].into_iter().chain(apps).map(|name| format!("`{name}`"));
        let mut names = names.collect::<Vec<_>>();
        let last = names.pop().unwrap_or_default();
        let text =
            format!("workshop `{}` of lab `{}` has no application `{what}`", spec.workshop, folder.name());
        return Err(
            Failure::new(Kind::Arguments, text).hint(format!("there are {} and {last}", names.join(", ")))
        );
    };
    Ok(format!("/api/v1/namespaces/{namespace}/services/{service}/proxy"))
}

#[derive(Clone)]
struct Target {
    client: kube::Client,
    service: String,
}

/// Passes one request on. What keeps the application from answering is told to the person in the browser.
async fn forward(State(target): State<Target>, request: Request) -> Response {
    match pass(&target, request).await {
        Ok(response) => response,
        Err(text) => (StatusCode::BAD_GATEWAY, format!("{text}\n")).into_response(),
    }
}

async fn pass(target: &Target, request: Request) -> Result<Response, String> {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, REQUEST_LIMIT).await.map_err(|error| error.to_string())?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = http::Request::builder().method(parts.method).uri(format!("{}{path}", target.service));
    for name in [http::header::ACCEPT, http::header::CONTENT_TYPE] {
        if let Some(value) = parts.headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let request = request.body(kube::client::Body::from(body.to_vec())).map_err(|error| error.to_string())?;
    let response = target.client.send(request).await.map_err(|error| error.to_string())?;
    let (parts, body) = response.into_parts();
    Ok(Response::from_parts(parts, Body::new(body)))
}
