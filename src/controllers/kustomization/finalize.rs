//! What happens when a Kustomization is deleted: its objects go first, as its deletion policy says.

use std::time::Duration;

use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, ResourceExt as _};

use super::prune;
use super::reconcile::Kustomize;
use crate::controllers::cluster::{Cluster, Identity};
use crate::controllers::inventory;
use crate::objects::flux::{DeletionPolicy, Kustomization};

impl Kustomize {
    /// Deletes the objects of a Kustomization that goes away. An error means: try again.
    pub(super) async fn finalize(&self, object: &Kustomization) -> Result<(), String> {
        let entries = object.status.iter().filter_map(|status| status.inventory.as_ref());
        let objects = entries.flat_map(|inventory| &inventory.entries).filter_map(inventory::identity);
        let objects = objects.collect::<Vec<_>>();
        let policy = object.spec.deletion_policy.unwrap_or(DeletionPolicy::MirrorPrune);
        let deletes = match policy {
            DeletionPolicy::MirrorPrune => object.spec.prune,
            DeletionPolicy::Delete | DeletionPolicy::WaitForTermination => true,
            DeletionPolicy::Orphan => false,
        };
        if !deletes || objects.is_empty() || object.spec.suspend == Some(true) {
            return Ok(());
        }
        if !self.can_impersonate(object).await {
            let list = objects.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            self.warn(object, &format!("unable to prune objects: \n{list}")).await;
            return Ok(());
        }
        let cluster = self.cluster(object);
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        match prune::delete(&cluster, &objects, (&namespace, &name)).await {
            Ok(gone) => {
                if !gone.is_empty() {
                    self.tell(object, &prune::log(&gone)).await;
                }
                if policy == DeletionPolicy::WaitForTermination {
                    self.wait_for_termination(object, &cluster, &gone).await;
                }
                Ok(())
            }
            Err((_, reason)) => {
                self.warn(object, "pruning for deleted resource failed").await;
                Err(reason)
            }
        }
    }

    async fn can_impersonate(&self, object: &Kustomization) -> bool {
        let Some(account) = &object.spec.service_account_name else { return true };
        let namespace = object.namespace().unwrap_or_default();
        let api = Api::<ServiceAccount>::namespaced(self.context.client.clone(), &namespace);
        !matches!(api.get_opt(account).await, Ok(None))
    }

    async fn wait_for_termination(&self, object: &Kustomization, cluster: &Cluster, deleted: &[Identity]) {
        let clock = &self.context.clock;
        let gone = async {
            for identity in deleted {
                while cluster.read(identity).await.is_some() {
                    clock.sleep(Duration::from_secs(2)).await;
                }
            }
        };
        if tokio::time::timeout(clock.patience(object.spec.timeout()), gone).await.is_err() {
            self.warn(object, "failed to wait for resources termination").await;
        }
    }
}
