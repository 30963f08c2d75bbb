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
