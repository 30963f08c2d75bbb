//! The kinds of Flux that this workshop serves, as Rust types with Flux's names, defaults and printed columns.
//! <https://fluxcd.io/flux/components/>

mod bucket;
mod crds;
mod external_artifact;
mod git_repository;
mod helm_actions;
mod helm_chart;
mod helm_release;
mod helm_release_status;
mod helm_repository;
mod kustomization;
mod oci_repository;
mod receiver;
mod references;
mod source_status;

pub use bucket::{Bucket, BucketSpec, BucketSts};
pub use crds::crds;
pub use external_artifact::{
    ExternalArtifact, ExternalArtifactSpec, ExternalArtifactStatus, ExternalSourceReference,
};
pub use git_repository::{GitRepository, GitRepositoryRef, GitRepositorySpec, GitRepositoryStatus};
pub use helm_actions::{
    ActionStrategy, Install, Remediation, Rollback, Test, TestFilter, Uninstall, Upgrade,
};
pub use helm_chart::{ChartSourceReference, HelmChart, HelmChartSpec};
pub use helm_release::{
    ChartReference, ChartTemplate, ChartTemplateSpec, DriftDetection, HelmRelease, HelmReleaseSpec,
    IgnoreRule, PostKustomize, PostRenderer, TemplateSourceReference, ValuesReference,
};
pub use helm_release_status::{HelmReleaseStatus, Snapshot, TestHook};
pub use helm_repository::{HelmRepository, HelmRepositorySpec};
pub use kustomization::{
    CommonMetadata, CustomHealthCheck, DeletionPolicy, Dependency, History, ImageOverride, Inventory,
    InventoryEntry, Kustomization, KustomizationSpec, KustomizationStatus, ObjectReference, Patch,
    PatchTarget, PostBuild, SourceReference, SubstituteFrom,
};
pub use oci_repository::{LayerSelector, OCIRepository, OCIRepositoryRef, OCIRepositorySpec};
pub use receiver::{Receiver, ReceiverResource, ReceiverSpec, ReceiverStatus};
pub use references::{Artifact, LocalReference};
pub use source_status::SourceStatus;

/// The finalizer that all controllers of Flux put on their objects.
pub const FINALIZER: &str = "finalizers.fluxcd.io";

/// The annotation that asks for a reconciliation at once.
pub const RECONCILE_ANNOTATION: &str = "reconcile.fluxcd.io/requestedAt";

/// The namespace that the operator lives in.
pub const OPERATOR_NAMESPACE: &str = "flux-system";
