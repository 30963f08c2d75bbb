//! Sources behind TLS: whom a fetch trusts, and what it shows of itself, is in Secrets.

use atelier::accounts::{Authority, Identity};
use atelier::apiserver;
use atelier::objects::flux::{GitRepository, HelmChart, HelmRepository, OCIRepository};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::flux::{CHART, CHART_TEMPLATE, Lab, NAMESPACE, files};
use super::helmchart::chart;

/// A server that is reached by TLS, in front of another one.
struct Front {
    /// Its host and port.
    address: String,
    authority: String,
    /// A certificate and key that it lets in.
    own: (String, String),
    _end: DropGuard,
}

impl Front {
    /// In front of `upstream`. What is asked for below `/old/` has moved to `/dev1/`. One that is `choosy` answers
    /// nobody who shows no certificate.
    fn open(lab: &Lab, upstream: &str, choosy: bool) -> Self {
        let authority = Authority::open(&lab.folder.path().join("pki-of-another")).unwrap();
        let pair = authority.client(&Identity::new("fetcher", &[])).unwrap();
        let (text, shutdown) = (authority.certificate().to_owned(), CancellationToken::new());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (own, upstream) = (address.clone(), upstream.to_owned());
        let router = Router::new().fallback(move |request: Request| {
            let (own, upstream) = (own.clone(), upstream.clone());
            async move { relay(&own, &upstream, choosy, request).await }
        });
        let end = shutdown.clone().drop_guard();
        tokio::spawn(async move { apiserver::serve(router, listener, &authority, shutdown).await });
        Self { address, authority: text, own: (pair.certificate, pair.key), _end: end }
    }

    async fn secret(&self, lab: &Lab, name: &str, fields: &[&str]) {
        let all = [("ca.crt", &self.authority), ("tls.crt", &self.own.0), ("tls.key", &self.own.1)];
        let data: serde_json::Map<_, _> = all
            .into_iter()
            .filter(|(field, _)| fields.contains(field))
            .map(|(field, text)| (field.to_owned(), Value::from(text.as_str())))
            .collect();
        lab.apply(&json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name, "namespace": NAMESPACE },
            "stringData": data,
        }))
        .await;
    }

    /// What an object says of itself, with this server's address redacted.
    fn told(&self, object: &Value) -> String {
        let conditions = object["status"]["conditions"].as_array().unwrap();
        let ready = conditions.iter().find(|condition| condition["type"] == "Ready").unwrap();
        ready["message"].as_str().unwrap().replace(&self.address, "<server>")
    }
}

async fn relay(own: &str, upstream: &str, choosy: bool, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().to_string();
    if choosy && parts.extensions.get::<Identity>().is_none_or(|one| one.username != "fetcher") {
        return Response::builder().status(403).body(Body::from("{}")).unwrap();
    }
    if let Some(rest) = path.strip_prefix("/old/") {
        let place = format!("https://{own}/dev1/{rest}");
        return Response::builder().status(301).header("location", place).body(Body::empty()).unwrap();
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut asked = client.request(parts.method, format!("{upstream}{path}")).body(body);
    for name in ["authorization", "content-type", "accept"] {
        if let Some(value) = parts.headers.get(name) {
            asked = asked.header(name, value);
        }
    }
    let answer = asked.send().await.unwrap();
    let mut made = Response::builder().status(answer.status());
    for name in ["content-type", "www-authenticate", "docker-content-digest"] {
        if let Some(value) = answer.headers().get(name) {
            made = made.header(name, value.clone());
        }
    }
    made.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

const STRANGER: &str = "tls: failed to verify certificate: x509: certificate signed by unknown authority";

#[tokio::test(flavor = "multi_thread")]
async fn git_is_fetched_with_the_certificates_of_its_secret() {
    let lab = Lab::open().await;
    lab.push(&files(), "manifests").await;
    let front = Front::open(&lab, &format!("http://{}", lab.forge), true);
    front.secret(&lab, "trust", &["ca.crt"]).await;
    front.secret(&lab, "trust-and-own", &["ca.crt", "tls.crt", "tls.key"]).await;
    let url = format!("https://{}/old/dev1-apps.git", front.address);

    lab.apply(&Lab::source("stranger", &url, "main")).await;
    let told = lab.until_ready::<GitRepository>("stranger", "False").await;
    assert_eq!(
        front.told(&told),
        format!(
            "failed to checkout and determine revision: unable to clone 'https://<server>/old/dev1-apps.git': Get \
             \"https://<server>/old/dev1-apps.git/info/refs?service=git-upload-pack\": {STRANGER}"
        )
    );
    for (name, status) in [("trust", "False"), ("trust-and-own", "True")] {
        let mut source = Lab::source(name, &url, "main");
        source["spec"]["secretRef"] = json!({ "name": name });
        lab.apply(&source).await;
        lab.until_ready::<GitRepository>(name, status).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_are_fetched_with_the_certificates_of_their_secret() {
    let lab = Lab::open().await;
    let plain = super::helmrepository::serve().await;
    let front = Front::open(&lab, plain.trim_end_matches("/charts"), true);
    front.secret(&lab, "all", &["ca.crt", "tls.crt", "tls.key"]).await;
    front.secret(&lab, "half", &["tls.crt"]).await;
    front.secret(&lab, "nothing", &[]).await;
    let url = format!("https://{}/charts", front.address);
    let source = |name: &str, secret: Option<&str>| {
        let mut spec = json!({ "interval": "1m", "url": url });
        if let Some(secret) = secret {
            spec["certSecretRef"] = json!({ "name": secret });
        }
        json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
            "metadata": { "name": name, "namespace": NAMESPACE }, "spec": spec })
    };
    let config = "failed to construct Helm client's TLS config: secret 'dev1-ns";
    for (name, secret, words) in [
        (
            "stranger",
            None,
            format!(
                "failed to fetch Helm repository index: Get \"https://<server>/charts/index.yaml\": {STRANGER}"
            ),
        ),
        (
            "missing",
            Some("missing"),
            "failed to get TLS authentication secret 'dev1-ns/missing': secrets \"missing\" not found"
                .to_owned(),
        ),
        ("half", Some("half"), format!("{config}/half' contains 'tls.crt' but missing 'tls.key'")),
        (
            "nothing",
            Some("nothing"),
            format!("{config}/nothing' must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'"),
        ),
    ] {
        lab.apply(&source(name, secret)).await;
        let told = lab.until_ready::<HelmRepository>(name, "False").await;
        assert_eq!(front.told(&told), words, "{name}");
    }
    lab.apply(&source("trusted", Some("all"))).await;
    lab.until_ready::<HelmRepository>("trusted", "True").await;
    let from = json!({ "kind": "HelmRepository", "name": "trusted" });
    let spec = json!({ "chart": "carapuce", "interval": "1m", "version": "0.x", "sourceRef": from });
    lab.apply(&chart("pulled", &spec)).await;
    let pulled = lab.until_ready::<HelmChart>("pulled", "True").await;
    assert_eq!(front.told(&pulled), "pulled 'carapuce' chart with version '0.1.0'");
}

#[tokio::test(flavor = "multi_thread")]
async fn artifacts_are_pulled_with_the_certificates_of_their_secret() {
    let lab = Lab::open().await;
    lab.add_secrets().await;
    let files = [("Chart.yaml", CHART.to_owned()), ("templates/cm.yaml", CHART_TEMPLATE.to_owned())];
    lab.push_chart(&files, "0.1.0").await;
    let front = Front::open(&lab, &format!("http://{}", lab.forge), false);
    front.secret(&lab, "trust", &["ca.crt"]).await;
    let url = format!("oci://{}/dev1/carapuce", front.address);
    let source = |name: &str, secret: Option<&str>| {
        let mut more = json!({ "url": url, "insecure": false, "ref": { "tag": "0.1.0" }, "secretRef": null });
        if let Some(secret) = secret {
            more["certSecretRef"] = json!({ "name": secret });
        }
        super::ocirepository::source(name, &more)
    };
    for (name, secret, words) in [
        (
            "stranger",
            None,
            format!(
                "failed to determine artifact digest: Get \"https://<server>/v2/dev1/carapuce/manifests/0.1.0\": {STRANGER}"
            ),
        ),
        (
            "missing",
            Some("missing"),
            "failed to generate transport for 'oci://<server>/dev1/carapuce': secrets \"missing\" not found"
                .to_owned(),
        ),
    ] {
        lab.apply(&source(name, secret)).await;
        let told = lab.until_ready::<OCIRepository>(name, "False").await;
        assert_eq!(front.told(&told), words, "{name}");
    }
    lab.apply(&source("trusted", Some("trust"))).await;
    let pulled = lab.until_ready::<OCIRepository>("trusted", "True").await;
    let revision = pulled["status"]["artifact"]["revision"].as_str().unwrap();
    assert!(revision.starts_with("0.1.0@sha256:"), "{revision}");
}
