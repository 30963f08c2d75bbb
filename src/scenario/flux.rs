//! The kinds of Flux that actions and checks name by a key of their own. <https://fluxcd.io/flux/components/>

use super::model::Text;

/// One kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FluxKind {
    /// The YAML key.
    pub(crate) key: &'static str,
    /// The kind.
    pub(crate) kind: &'static str,
    /// Its API version.
    pub(crate) api_version: &'static str,
    /// What `flux reconcile` calls it.
    pub(crate) words: &'static str,
    /// What a ready object has done with its revision.
    pub(crate) verb: &'static str,
}

const SOURCE: &str = "source.toolkit.fluxcd.io/v1";

/// In the order of their keys in [`named`].
pub(crate) const KINDS: [FluxKind; 6] = [
    FluxKind {
        key: "kustomization",
        kind: "Kustomization",
        api_version: "kustomize.toolkit.fluxcd.io/v1",
        words: "kustomization",
        verb: "has applied",
    },
    FluxKind {
        key: "helm_release",
        kind: "HelmRelease",
        api_version: "helm.toolkit.fluxcd.io/v2",
        words: "helmrelease",
        verb: "has installed",
    },
    FluxKind {
        key: "git_repository",
        kind: "GitRepository",
        api_version: SOURCE,
        words: "source git",
        verb: "has fetched",
    },
    FluxKind {
        key: "oci_repository",
        kind: "OCIRepository",
        api_version: SOURCE,
        words: "source oci",
        verb: "has fetched",
    },
    FluxKind {
        key: "helm_repository",
        kind: "HelmRepository",
        api_version: SOURCE,
        words: "source helm",
        verb: "has fetched",
    },
    FluxKind {
        key: "helm_chart",
        kind: "HelmChart",
        api_version: SOURCE,
        words: "source chart",
        verb: "has fetched",
    },
];

impl FluxKind {
    /// Whether its objects are made from a source.
    pub(crate) fn has_source(self) -> bool {
        matches!(self.kind, "Kustomization" | "HelmRelease")
    }
}

/// The first key that is written, with its object. The texts are in the order of [`KINDS`].
pub(crate) fn named(texts: [Option<&Text>; 6]) -> Option<(FluxKind, &Text)> {
    KINDS.into_iter().zip(texts).find_map(|(kind, text)| Some((kind, text?)))
}
