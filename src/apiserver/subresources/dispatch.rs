//! Which handler answers which name: the only list.

use axum::response::Response;
use http::Method;

use super::{attach, binding, eviction, exec, finalize, log, portforward, proxy, review, scale, token};
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::types::Kind;
use crate::apiserver::verbs;

/// The subresources of a kind that have no part in its table of types: name, group, version and kind of what is
/// sent, and the verbs.
pub(crate) type Row = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const PROXY: &[&str] = &["create", "delete", "get", "patch", "update"];

const STREAM: &[&str] = &["create", "get"];

/// The subresources that are served for a kind, besides `status` and `scale`.
pub(crate) fn served(kind: &Kind) -> &'static [Row] {
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "pods") => &[
            ("attach", "", "v1", "PodAttachOptions", STREAM),
            ("binding", "", "v1", "Binding", &["create"]),
            ("eviction", "policy", "v1", "Eviction", &["create"]),
            ("exec", "", "v1", "PodExecOptions", STREAM),
            ("log", "", "v1", "Pod", &["get"]),
            ("portforward", "", "v1", "PodPortForwardOptions", STREAM),
            ("proxy", "", "v1", "PodProxyOptions", PROXY),
        ],
        ("", "services") => &[("proxy", "", "v1", "ServiceProxyOptions", PROXY)],
        ("", "serviceaccounts") => &[("token", "authentication.k8s.io", "v1", "TokenRequest", &["create"])],
        ("", "namespaces") => &[("finalize", "", "v1", "Namespace", &["update"])],
        _ => &[],
    }
}

/// Answers a request to a subresource.
pub(crate) async fn answer(call: Call) -> Result<Response, Status> {
    if call.target.name.is_none() {
        return Err(Status::unknown_resource());
    }
    let kind = &call.target.kind;
    let name = call.target.subresource.clone().unwrap_or_default();
    let extra = served(kind).iter().any(|row| row.0 == name);
    if extra && matches!(name.as_str(), "attach" | "exec" | "portforward" | "proxy") {
        review::connect(&call)?;
    }
    match (name.as_str(), call.request.method().clone()) {
        ("status", Method::GET) if kind.has_status => verbs::get(&call),
        ("status", Method::PUT) if kind.has_status => verbs::update(call).await,
        ("status", Method::PATCH) if kind.has_status => verbs::patch(call).await,
        ("scale", Method::GET) if kind.has_scale => scale::get(&call),
        ("scale", Method::PUT | Method::PATCH) if kind.has_scale => scale::write(call).await,
        ("log", Method::GET) if extra => log::log(call).await,
        ("proxy", _) if extra => proxy::proxy(call).await,
        ("attach", Method::GET | Method::POST) if extra => attach::attach(call).await,
        ("exec", Method::GET | Method::POST) if extra => exec::exec(call).await,
        ("portforward", Method::GET | Method::POST) if extra => portforward::port_forward(call).await,
        ("binding", Method::POST) if extra => binding::bind(call).await,
        ("eviction", Method::POST) if extra => eviction::evict(call).await,
        ("token", Method::POST) if extra => token::token(call).await,
        ("finalize", Method::PUT) if extra => finalize::finalize(call).await,
        ("status", _) if kind.has_status => Err(Status::method_not_allowed()),
        ("scale", _) if kind.has_scale => Err(Status::method_not_allowed()),
        // The original looks for what such an address of a custom kind names, and never finds it.
        ("status" | "scale", _) if kind.is_custom() => Err(Status::not_found(call.target.named())),
        _ if extra => Err(Status::method_not_allowed()),
        _ => Err(Status::unknown_resource()),
    }
}
