//! The class of storage that a cluster of k3s has from its first moment, and which class is the default.

use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Who makes the volumes of the default class.
pub(super) const PROVISIONER: &str = "rancher.io/local-path";

const IS_DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// Makes `local-path` where there is none.
pub(super) async fn ensure_local_path(client: &Client) -> Result<(), kube::Error> {
    let class = StorageClass {
        metadata: ObjectMeta {
            name: Some("local-path".to_owned()),
            annotations: Some(BTreeMap::from([(IS_DEFAULT.to_owned(), "true".to_owned())])),
            ..ObjectMeta::default()
        },
        provisioner: PROVISIONER.to_owned(),
        reclaim_policy: Some("Delete".to_owned()),
        volume_binding_mode: Some("WaitForFirstConsumer".to_owned()),
        ..StorageClass::default()
    };
    match Api::<StorageClass>::all(client.clone()).create(&PostParams::default(), &class).await {
        Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(()),
        other => other.map(drop),
    }
}

/// The name of the default class, the newest if several say that they are.
pub(super) async fn default(client: &Client) -> Result<Option<String>, kube::Error> {
    let mut classes = Api::<StorageClass>::all(client.clone()).list(&ListParams::default()).await?.items;
    classes.retain(|class| class.annotations().get(IS_DEFAULT).is_some_and(|value| value == "true"));
    classes.sort_by_key(|class| (Reverse(class.creation_timestamp().map(|time| time.0)), class.name_any()));
    Ok(classes.first().map(kube::ResourceExt::name_any))
}
