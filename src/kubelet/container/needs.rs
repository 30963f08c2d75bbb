//! The `ConfigMaps` and Secrets that a container needs: read when it starts, waited for when they are missing.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};

/// An object that holds configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Need {
    /// By name, in the Pod's namespace.
    ConfigMap(String),
    /// By name, in the Pod's namespace.
    Secret(String),
}

impl Need {
    /// The words of a client that asked for it and did not find it.
    pub(in super::super) fn not_found(&self) -> String {
        match self {
            Self::ConfigMap(name) => format!(r#"configmap "{name}" not found"#),
            Self::Secret(name) => format!(r#"secret "{name}" not found"#),
        }
    }
}

/// Reads needs in one namespace.
#[derive(Clone)]
pub(in super::super) struct Needs {
    client: Client,
    namespace: String,
}

impl Needs {
    pub(in super::super) fn new(client: Client, namespace: &str) -> Self {
        Self { client, namespace: namespace.to_owned() }
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its data, with what is not UTF-8 left out; none if there is no such object.
    pub(in super::super) async fn read(
        &self,
        need: &Need,
    ) -> Result<Option<BTreeMap<String, String>>, kube::Error> {
        Ok(match need {
            Need::ConfigMap(name) => {
                self.api::<ConfigMap>().get_opt(name).await?.map(|object| object.data.unwrap_or_default())
            }
            Need::Secret(name) => self.api::<Secret>().get_opt(name).await?.map(|object| {
                let decode = |(key, value): (String, k8s_openapi::ByteString)| {
                    Some((key, String::from_utf8(value.0).ok()?))
                };
                object.data.unwrap_or_default().into_iter().filter_map(decode).collect()
            }),
        })
    }

    /// Waits until the object changes after it was read as `seen`.
    pub(in super::super) async fn changed(&self, need: &Need, seen: Option<&BTreeMap<String, String>>) {
        let differs = async |found: bool| match self.read(need).await {
            Ok(now) => found != seen.is_some() || now.as_ref() != seen,
            Err(_) => false,
        };
        match need {
            Need::ConfigMap(name) => {
                let mut objects = watch_object(self.api::<ConfigMap>(), name).boxed();
                while let Some(object) = objects.next().await {
                    if matches!(object, Ok(object) if differs(object.is_some()).await) {
                        return;
                    }
                }
            }
            Need::Secret(name) => {
                let mut objects = watch_object(self.api::<Secret>(), name).boxed();
                while let Some(object) = objects.next().await {
                    if matches!(object, Ok(object) if differs(object.is_some()).await) {
                        return;
                    }
                }
            }
        }
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }
}
