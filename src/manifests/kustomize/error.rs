//! Why a build fails, in kustomize's words.

use crate::manifests::yaml;

/// Why a folder cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder without kustomization holds a file that is no manifest.
    #[error("failed to decode Kubernetes YAML from {path}: MalformedYAMLError: {source}")]
    Manifest {
        /// The file.
        path: String,
        /// Where it is wrong.
        source: yaml::Error,
    },
    /// A document of a folder without kustomization has no kind or name.
    #[error("failed to decode Kubernetes apiVersion, kind and name from: {path}")]
    NoIdentity {
        /// The file.
        path: String,
    },
    /// The folder to be built does not exist.
    #[error(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{path}'"
    )]
    NoKustomization {
        /// The folder.
        path: String,
    },
    /// `kustomization.yaml` cannot be read.
    #[error("invalid Kustomization: {message}")]
    Kustomization {
        /// Field or line.
        message: String,
    },
    /// `kustomization.yaml` has nothing in it.
    #[error("kustomization.yaml is empty")]
    Empty,
    /// A folder has more than one kustomization.
    #[error("Found multiple kustomization files under: {path}\n")]
    Ambiguous {
        /// The folder.
        path: String,
    },
    /// `kind` is neither of the two.
    #[error("Failed to read kustomization file under {path}:\nkind should be Kustomization or Component")]
    Kind {
        /// The folder.
        path: String,
    },
    /// `apiVersion` is not that of the kind.
    #[error("Failed to read kustomization file under {path}:\napiVersion for {kind} should be {version}")]
    Version {
        /// The folder.
        path: String,
        /// The kind.
        kind: String,
        /// What it should be.
        version: &'static str,
    },
    /// An order that does not exist.
    #[error("the field 'sortOptions.order' must be one of [fifo, legacy]")]
    Order,
    /// A component is named among the resources.
    #[error(
        "accumulating resources: accumulation err='accumulating resources from '{name}': read {path}: is a \
         directory': expected kind != 'Component' for path '{path}'"
    )]
    ComponentAsResource {
        /// As it is written.
        name: String,
        /// The whole path.
        path: String,
    },
    /// A kustomization is named among the components.
    #[error(
        "accumulating components: accumulateDirectory: \"expected kind 'Component' for path '{path}' but got \
         'Kustomization'\""
    )]
    ResourceAsComponent {
        /// The whole path.
        path: String,
    },
    /// A patch is there twice.
    #[error("patch and path can't be set at the same time\npatch: {patch:?}\npath: {path}")]
    PatchAndPath {
        /// The patch.
        patch: String,
        /// The file.
        path: String,
    },
    /// A generator has no name.
    #[error("a {kind} must have a name")]
    NamelessGenerator {
        /// `configmap` or `secret`.
        kind: String,
    },
    /// A generator has a key twice.
    #[error("{kind} {name} illegally repeats the key `{key}`")]
    RepeatedKey {
        /// `configmap` or `secret`.
        kind: String,
        /// The generator's name.
        name: String,
        /// The key.
        key: String,
    },
    /// A field that is refused on purpose.
    #[error("invalid Kustomization: field `{field}` in `{path}` is not supported")]
    Unsupported {
        /// The field.
        field: String,
        /// The file.
        path: String,
    },
    /// A resource is neither a file nor a folder.
    #[error(
        "accumulating resources: accumulation err='accumulating resources from '{name}': open {path}: no such file \
         or directory': must build at directory: not a valid directory: evalsymlink failure on '{path}' : lstat \
         {path}: no such file or directory"
    )]
    MissingResource {
        /// As it is written.
        name: String,
        /// The whole path.
        path: String,
    },
    /// A resource is an address.
    #[error(
        "accumulating resources: accumulation err='accumulating resources from '{name}': remote resources are \
         refused': must build at directory"
    )]
    RemoteResource {
        /// The address.
        name: String,
    },
    /// A file of resources is no YAML.
    #[error(
        "accumulating resources: accumulating resources from '{name}': MalformedYAMLError: {source} in File: {name}"
    )]
    MalformedResource {
        /// As it is written.
        name: String,
        /// Where it is wrong.
        source: yaml::Error,
    },
    /// A document is no object of Kubernetes.
    #[error(
        "accumulating resources: accumulating resources from '{name}': missing {field} in object {{{text}}}"
    )]
    IncompleteResource {
        /// As it is written.
        name: String,
        /// What is missing.
        field: &'static str,
        /// The object, short.
        text: String,
    },
    /// A folder that is a resource cannot be built.
    #[error(
        "accumulating resources: accumulation err='accumulating resources from '{name}': read {path}: is a \
         directory': recursed accumulation of path '{path}': {source}"
    )]
    Folder {
        /// As it is written.
        name: String,
        /// The whole path.
        path: String,
        /// Why not.
        source: Box<Error>,
    },
    /// A folder leads back to itself.
    #[error("cycle detected: candidate root '{path}' contains visited root")]
    Cycle {
        /// The folder.
        path: String,
    },
    /// Two resources are the same.
    #[error("may not add resource with an already registered id: {id}")]
    Duplicate {
        /// Kind, version, group, name, namespace.
        id: String,
    },
    /// Two resources are the same, once they are in another namespace.
    #[error("namespace transformation produces ID conflict: {ids:?}")]
    NamespaceConflict {
        /// Kind, version, group, name, namespace of each.
        ids: Vec<String>,
    },
    /// A file that a field names does not exist.
    #[error("{what}: open {path}: no such file or directory")]
    MissingFile {
        /// The field.
        what: &'static str,
        /// The whole path.
        path: String,
    },
    /// A patch cannot be read.
    #[error("unable to parse SM or JSON patch from [{text}]")]
    MalformedPatch {
        /// The patch.
        text: String,
    },
    /// A patch without target has no resource.
    #[error(
        "no resource matches strategic merge patch \"{id}\": no matches for Id {id}; failed to find unique target for patch {id}"
    )]
    Unmatched {
        /// Kind, version, group, name, namespace.
        id: String,
    },
    /// A JSON patch does not fit its resource.
    #[error("JSON patch on {id}: {source}")]
    JsonPatch {
        /// The resource.
        id: String,
        /// Why.
        source: crate::manifests::patch::Error,
    },
    /// `replicas` names nothing.
    #[error("resource with name {name} does not match a config with the following GVK [{kinds}]")]
    NoReplicas {
        /// The name.
        name: String,
        /// The kinds that were looked for.
        kinds: &'static str,
    },
    /// A replacement is wrong, or has nothing to take from or to go to.
    #[error("{message}")]
    Replacement {
        /// Why.
        message: String,
    },
    /// A var is wrong, or of nothing.
    #[error("{message}")]
    Var {
        /// Why.
        message: String,
    },
    /// `openapi` is wrong.
    #[error("{message}")]
    OpenApi {
        /// Why.
        message: String,
    },
    /// A generator is wrong.
    #[error("generator `{name}`: {message}")]
    Generator {
        /// Its name.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A pattern of a target is wrong.
    #[error("invalid target: `{pattern}` is no regular expression")]
    Pattern {
        /// The pattern.
        pattern: String,
    },
    /// Too much.
    #[error("more than {limit} {what}")]
    TooMuch {
        /// The limit.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
}
