//! The kinds of Flux that this workshop serves, as Rust types with Flux's names, defaults and printed columns.
//! <https://fluxcd.io/flux/components/>

mod crds;
mod git_repository;
mod kustomization;
mod receiver;
mod references;

pub use crds::crds;
pub use git_repository::{GitRepository, GitRepositoryRef, GitRepositorySpec, GitRepositoryStatus};
pub use kustomization::{
    CommonMetadata, DeletionPolicy, Dependency, History, ImageOverride, Inventory, InventoryEntry,
    Kustomization, KustomizationSpec, KustomizationStatus, ObjectReference, Patch, PatchTarget, PostBuild,
    SourceReference, SubstituteFrom,
};
pub use receiver::{Receiver, ReceiverResource, ReceiverSpec, ReceiverStatus};
pub use references::{Artifact, LocalReference};

/// The finalizer that all controllers of Flux put on their objects.
pub const FINALIZER: &str = "finalizers.fluxcd.io";

/// The annotation that asks for a reconciliation at once.
pub const RECONCILE_ANNOTATION: &str = "reconcile.fluxcd.io/requestedAt";

/// The namespace that the operator lives in.
pub const OPERATOR_NAMESPACE: &str = "flux-system";
