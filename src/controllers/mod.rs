//! The controllers. They see the cluster through a `kube::Client` only and the forge through its address only, so
//! that they run against the embedded API server and against any other.

mod bucket;
mod clock;
mod cluster;
mod context;
mod cronjob;
mod daemonset;
mod deployment;
mod endpoints;
mod endpointslice;
mod events;
mod expression;
mod externalartifact;
mod gitrepository;
mod health;
mod helmchart;
mod helmrelease;
mod helmrepository;
mod horizontalpodautoscaler;
mod inventory;
mod job;
mod kustomization;
mod ocirepository;
pub mod operator;
mod persistentvolume;
mod persistentvolumeclaim;
mod poddisruptionbudget;
mod receiver;
mod replicaset;
mod revisions;
mod runner;
mod source;
mod statefulset;
mod status;
mod workloads;

use std::time::Duration;

use async_trait::async_trait;

pub use clock::Clock;
pub use context::{Context, Impersonate, Resolve};
pub use helmrelease::run_helm_controller;
pub use kustomization::run_kustomize_controller;
pub use receiver::{receiver_router, run_notification_controller};
pub use source::run_source_controller;
pub use workloads::run_workload_controllers;

/// When an object is looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// After a time of the lab's clock.
    After(Duration),
    /// Soon, and later after each failure in a row.
    Retry,
    /// When it changes.
    OnChange,
}

/// Brings objects of one kind to what their specs ask for.
#[async_trait]
pub(crate) trait Reconciler: Send + Sync + 'static {
    /// The kind.
    type Object: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + Sync
        + 'static;

    /// What else than the object itself calls for a reconciliation when it changes, such as a source's revision.
    fn trigger(&self, _object: &Self::Object) -> Option<String> {
        None
    }

    /// Reconciles one object, read just before. Never called twice at a time for the same object. Returns also the
    /// trigger that it has taken into account.
    async fn reconcile(&self, object: Self::Object) -> (Action, Option<String>);
}
