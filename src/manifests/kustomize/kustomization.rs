//! The fields of `kustomization.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::identity::Identity;

/// `kustomization.yaml`. Fields that are not here are refused by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Kustomization {
    #[serde(rename = "apiVersion")]
    pub(super) api_version: Option<String>,
    pub(super) kind: Option<String>,
    #[serde(rename = "metadata")]
    pub(super) _metadata: Option<Value>,
    pub(super) resources: Vec<String>,
    pub(super) bases: Vec<String>,
    pub(super) components: Vec<String>,
    pub(super) namespace: Option<String>,
    pub(super) name_prefix: Option<String>,
    pub(super) name_suffix: Option<String>,
    pub(super) common_labels: BTreeMap<String, String>,
    pub(super) labels: Vec<Label>,
    pub(super) common_annotations: BTreeMap<String, String>,
    pub(super) images: Vec<Image>,
    pub(super) replicas: Vec<Replicas>,
    pub(super) patches: Vec<Patch>,
    pub(super) patches_strategic_merge: Vec<String>,
    #[serde(rename = "patchesJson6902")]
    pub(super) patches_json6902: Vec<Patch>,
    pub(super) config_map_generator: Vec<Generator>,
    pub(super) secret_generator: Vec<Generator>,
    pub(super) generator_options: Option<GeneratorOptions>,
    pub(super) sort_options: Option<SortOptions>,
    pub(super) replacements: Vec<Replacement>,
    pub(super) vars: Vec<Var>,
    pub(super) openapi: Option<OpenApi>,
}

/// One entry of `replacements`, or the file that has them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Replacement {
    pub(super) path: Option<String>,
    pub(super) source: Option<Source>,
    pub(super) targets: Option<Vec<TargetSelector>>,
}

/// Where the value of a replacement is from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Source {
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) field_path: Option<String>,
    pub(super) options: Option<FieldOptions>,
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let identity = Identity {
            group: text(&self.group),
            version: text(&self.version),
            kind: text(&self.kind),
            namespace: text(&self.namespace),
            name: text(&self.name),
        };
        write!(formatter, "{identity}")
    }
}

/// Where the value of a replacement goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct TargetSelector {
    pub(super) select: Option<Target>,
    pub(super) reject: Vec<Target>,
    pub(super) field_paths: Vec<String>,
    pub(super) options: Option<FieldOptions>,
}

/// Which piece of a text is meant, and whether a field that is missing is made.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct FieldOptions {
    pub(super) delimiter: Option<String>,
    pub(super) index: i64,
    pub(super) create: bool,
}

/// One entry of `vars`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Var {
    pub(super) name: String,
    #[serde(rename = "objref", alias = "objRef")]
    pub(super) object: VarObject,
    #[serde(rename = "fieldref", alias = "fieldRef")]
    pub(super) field: Option<VarField>,
}

/// The object of a var.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct VarObject {
    pub(super) api_version: Option<String>,
    pub(super) group: Option<String>,
    pub(super) version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
}

/// The field of a var.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct VarField {
    #[serde(rename = "fieldpath", alias = "fieldPath")]
    pub(super) path: Option<String>,
}

/// `openapi`: what the kinds are like, for patches to merge by.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OpenApi {
    /// A file, JSON or YAML.
    pub(super) path: Option<String>,
    /// A version of Kubernetes that kustomize brings along.
    pub(super) version: Option<String>,
}

/// One entry of `labels`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Label {
    pub(super) pairs: BTreeMap<String, String>,
    pub(super) include_selectors: bool,
    pub(super) include_templates: bool,
}

/// One entry of `images`: another name, tag or digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Image {
    /// The image in the manifests, without tag.
    pub name: String,
    /// Instead of the name.
    pub new_name: Option<String>,
    /// Instead of the tag.
    pub new_tag: Option<String>,
    /// Instead of the tag.
    pub digest: Option<String>,
}

/// One entry of `replicas`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replicas {
    pub(super) name: String,
    pub(super) count: i64,
}

/// One entry of `patches`: a change to the objects that the target selects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Patch {
    /// The patch itself, YAML.
    pub patch: Option<String>,
    /// A file with the patch.
    pub path: Option<String>,
    /// Which objects; the one that the patch names when it is left out.
    pub target: Option<Target>,
    /// `allowNameChange` and `allowKindChange`.
    pub options: BTreeMap<String, bool>,
}

/// Which objects a patch changes; texts are regular expressions, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Target {
    /// By API group.
    pub group: Option<String>,
    /// By API version.
    pub version: Option<String>,
    /// By kind.
    pub kind: Option<String>,
    /// By name.
    pub name: Option<String>,
    /// By namespace.
    pub namespace: Option<String>,
    /// By labels.
    pub label_selector: Option<String>,
    /// By annotations.
    pub annotation_selector: Option<String>,
}

/// One entry of `configMapGenerator` or `secretGenerator`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Generator {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) behavior: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) literals: Vec<String>,
    pub(super) files: Vec<String>,
    pub(super) envs: Vec<String>,
    pub(super) env: Option<String>,
    pub(super) options: Option<GeneratorOptions>,
}

/// What generated objects have besides their data.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct GeneratorOptions {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) disable_name_suffix_hash: bool,
    pub(super) immutable: bool,
}

/// The order of the output.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct SortOptions {
    pub(super) order: Option<String>,
}
