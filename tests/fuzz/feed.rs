//! Hands arbitrary bytes to the parsers of the API server that read bytes from the network, by way of requests: what
//! a fuzzer makes up, and in `make test` the corpus. An answer is right when it is an answer: no panic, and no 500
//! where the original has none.

use std::sync::OnceLock;

use atelier::accounts::Identity;
use atelier::apiserver::{ApiServer, Config};
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use tower::ServiceExt as _;

/// Which parser is fed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parser {
    /// Of addresses: path and query as they are.
    Path,
    /// Of label and field selectors, two lines.
    Selector,
    /// Of patches: the first byte chooses the type.
    Patch,
    /// Of bodies: the first byte chooses JSON, YAML or the binary encoding.
    Body,
    /// Of rules in the common expression language, in a definition.
    Rule,
    /// Of the expressions of admission policies, which are evaluated as well.
    Policy,
}

const OBJECTS: &str = "/api/v1/namespaces/default/configmaps";

/// The server, and the object that patches change, made once.
fn server() -> &'static (tokio::runtime::Runtime, ApiServer) {
    static SERVER: OnceLock<(tokio::runtime::Runtime, ApiServer)> = OnceLock::new();
    SERVER.get_or_init(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // The folder stays until the process ends, as the server does.
        let folder = tempfile::tempdir().unwrap().keep();
        let config =
            Config { data: folder, kubelet_token: String::new(), ca_certificate: String::new(), audit: None };
        let server = runtime.block_on(ApiServer::open(config)).unwrap();
        let object = r#"{"metadata":{"name":"fuzz"},"data":{"a":"1"}}"#;
        runtime.block_on(ask(&server, Method::POST, OBJECTS, "application/json", object.as_bytes()));
        (runtime, server)
    })
}

async fn ask(server: &ApiServer, method: Method, path: &str, media_type: &str, body: &[u8]) -> u16 {
    let request = Request::builder().method(method).uri(path).header("content-type", media_type);
    // What is no address never reaches the server.
    let Ok(mut request) = request.body(Body::from(body.to_vec())) else { return 400 };
    request.extensions_mut().insert(Identity::administrator());
    let answer = server.router().oneshot(request).await.unwrap();
    let code = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    code
}

/// Feeds bytes to a parser.
pub(crate) fn feed(parser: Parser, bytes: &[u8]) {
    let (runtime, server) = server();
    let quoted = |bytes: &[u8]| percent_encode(bytes, NON_ALPHANUMERIC).to_string();
    let (first, rest) = bytes.split_first().map_or((0, bytes), |(first, rest)| (*first, rest));
    // Dry runs, so that every input meets the same state; nothing is watched, which would not end.
    let code = runtime.block_on(async {
        match parser {
            Parser::Path => {
                let text = String::from_utf8_lossy(bytes).replace("watch", "");
                ask(server, Method::GET, &format!("/{text}"), "application/json", b"").await
            }
            Parser::Selector => {
                let mut lines = bytes.splitn(2, |byte| *byte == b'\n').map(quoted);
                let mut line = || lines.next().unwrap_or_default();
                let path = format!("{OBJECTS}?labelSelector={}&fieldSelector={}", line(), line());
                ask(server, Method::GET, &path, "application/json", b"").await
            }
            Parser::Patch => {
                let types = ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"];
                let media_type = format!("application/{}", types[usize::from(first) % types.len()]);
                let path = format!("{OBJECTS}/fuzz?dryRun=All&fieldManager=fuzz");
                ask(server, Method::PATCH, &path, &media_type, rest).await
            }
            Parser::Body => {
                let types = ["json", "yaml", "vnd.kubernetes.protobuf"];
                let media_type = format!("application/{}", types[usize::from(first) % types.len()]);
                ask(server, Method::POST, &format!("{OBJECTS}?dryRun=All"), &media_type, rest).await
            }
            Parser::Policy => {
                let expression = String::from_utf8_lossy(bytes);
                let policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
                let rule = serde_json::json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                    "resources": ["configmaps"]});
                let policy = serde_json::json!({"metadata": {"name": "fuzz"}, "spec": {
                    "matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": expression}]}});
                let binding = serde_json::json!({"metadata": {"name": "fuzz"}, "spec": {
                    "policyName": "fuzz", "validationActions": ["Audit"]}});
                let json = "application/json";
                let made = ask(server, Method::POST, policies, json, policy.to_string().as_bytes()).await;
                if made == 201 {
                    let bindings = format!("{}bindings", policies.trim_end_matches("ies").to_owned() + "y");
                    ask(server, Method::POST, &bindings, json, binding.to_string().as_bytes()).await;
                    let object = br#"{"metadata":{"name":"seen","labels":{"a":"b"}},"data":{"a":"1","b":"text"}}"#;
                    ask(server, Method::POST, &format!("{OBJECTS}?dryRun=All"), json, object).await;
                    ask(server, Method::DELETE, &format!("{bindings}/fuzz"), json, b"").await;
                    ask(server, Method::DELETE, &format!("{policies}/fuzz"), json, b"").await;
                }
                made
            }
            Parser::Rule => {
                let schema = serde_json::json!({"type": "object", "x-kubernetes-validations": [
                    {"rule": String::from_utf8_lossy(bytes)}]});
                let definition = serde_json::json!({"metadata": {"name": "fuzzes.example.com"}, "spec": {
                    "group": "example.com", "scope": "Namespaced", "names": {"plural": "fuzzes", "kind": "Fuzz"},
                    "versions": [{"name": "v1", "served": true, "storage": true,
                        "schema": {"openAPIV3Schema": schema}}]}});
                let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All";
                ask(server, Method::POST, path, "application/json", definition.to_string().as_bytes()).await
            }
        }
    });
    // A patch that does not fit its kind is the one thing that the original answers so.
    assert!(code != 500 || matches!(parser, Parser::Patch), "{parser:?} answers {code}");
}
