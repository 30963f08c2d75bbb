//! `/api`, `/apis` and what is below them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{aggregated, etag, resources};
use crate::apiserver::catalog::Served;
use crate::apiserver::server::Server;
use crate::apiserver::status::Status;
use crate::apiserver::types::Registry;

/// A version and its kinds.
pub(super) type Version = (String, Vec<Served>);
/// Groups with their versions, in order of preference.
pub(super) type Groups = Vec<(String, Vec<Version>)>;

fn groups(server: &Server) -> Groups {
    let mut groups: Groups = Vec::new();
    for kind in server.catalog.kinds() {
        let position = groups.iter().position(|(name, _)| *name == kind.group).unwrap_or_else(|| {
            groups.push((kind.group.clone(), Vec::new()));
            groups.len() - 1
        });
        let versions = &mut groups[position].1;
        match versions.iter_mut().find(|(version, _)| *version == kind.version) {
            Some((_, kinds)) => kinds.push(kind),
            None => versions.push((kind.version.clone(), vec![kind])),
        }
    }
    for (_, versions) in &mut groups {
        versions.sort_by_key(|(version, _)| std::cmp::Reverse(rank(version)));
    }
    groups
}

/// `v2` before `v1` before `v1beta2`, as Kubernetes prefers versions.
fn rank(version: &str) -> (u8, u32, u32) {
    let rest = version.strip_prefix('v').unwrap_or_default();
    let (number, stability, minor) = if let Some((number, minor)) = rest.split_once("beta") {
        (number, 1, minor)
    } else if let Some((number, minor)) = rest.split_once("alpha") {
        (number, 0, minor)
    } else {
        (rest, 2, "0")
    };
    (stability, number.parse().unwrap_or(0), minor.parse().unwrap_or(0))
}

fn description(name: &str, versions: &[Version]) -> Value {
    let version = |version: &str| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let all: Vec<_> = versions.iter().map(|(one, _)| version(one)).collect();
    let preferred = versions.first().map(|(one, _)| version(one));
    json!({"name": name, "versions": all, "preferredVersion": preferred})
}

/// `/api`
pub(crate) async fn api(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    if aggregated::accepted(&headers) {
        let mut groups = groups(&server);
        groups.retain(|(name, _)| name.is_empty());
        return etag::answer(&headers, aggregated::MEDIA_TYPE, &aggregated::list(&groups));
    }
    let addresses = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}]);
    let document =
        json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses});
    etag::answer(&headers, "application/json", &document)
}

/// `/apis`
pub(crate) async fn apis(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    let mut groups = groups(&server);
    groups.retain(|(name, _)| !name.is_empty());
    if aggregated::accepted(&headers) {
        return etag::answer(&headers, aggregated::MEDIA_TYPE, &aggregated::list(&groups));
    }
    let groups: Vec<_> = groups.iter().map(|(name, versions)| description(name, versions)).collect();
    let document = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups});
    etag::answer(&headers, "application/json", &document)
}

/// `/apis/<group>`
pub(crate) async fn group(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let groups = groups(&server);
    let Some((name, versions)) = groups.iter().find(|(own, _)| *own == name && !own.is_empty()) else {
        return missing();
    };
    let mut document = json!({"kind": "APIGroup", "apiVersion": "v1"});
    for (key, value) in description(name, versions).as_object().into_iter().flatten() {
        document[key] = value.clone();
    }
    etag::answer(&headers, "application/json", &document)
}

/// `/api/v1`
pub(crate) async fn core(State(server): State<Arc<Server>>, headers: HeaderMap) -> Response {
    version(&server, "", "v1", &headers)
}

/// `/apis/<group>/<version>`
pub(crate) async fn group_version(
    State(server): State<Arc<Server>>,
    Path((group, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    version(&server, &group, &name, &headers)
}

fn version(server: &Server, group: &str, version: &str, headers: &HeaderMap) -> Response {
    let mut kinds = server.catalog.kinds();
    kinds.retain(|kind| kind.group == group && kind.version == version);
    let Some(first) = kinds.first() else {
        let builtin = Registry::builtin().kinds().iter().any(|kind| kind.group == group);
        return if builtin { Status::unknown_resource().into_response() } else { missing() };
    };
    let document = resources::list(&first.api_version(), &kinds);
    etag::answer(headers, "application/json", &document)
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_versions_are_preferred() {
        let mut versions = ["v1beta1", "v1", "v2alpha1", "v2", "v1beta2"];
        versions.sort_by_key(|version| std::cmp::Reverse(rank(version)));
        assert_eq!(versions, ["v2", "v1", "v1beta2", "v1beta1", "v2alpha1"]);
    }
}
