//! Why a chart cannot be rendered, in Helm's words.

/// Why rendering fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A template is malformed.
    #[error("parse error at ({place}): {message}")]
    Parse {
        /// Its path and line.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// A template stops itself, by `fail` or `required`.
    #[error("execution error at ({place}): {message}")]
    Stopped {
        /// Its path, line and column.
        place: String,
        /// What it says.
        message: String,
    },
    /// A template does what cannot be done. The text has the places from the outermost template inwards.
    #[error("{message}")]
    Execution {
        /// Places and reason.
        message: String,
    },
    /// A value for a subchart is no map.
    #[error("type mismatch on {name}: {value}")]
    Mismatch {
        /// The subchart.
        name: String,
        /// As Go prints it.
        value: String,
    },
    /// Values do not fit `values.schema.json`.
    #[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{findings}")]
    Schema {
        /// By chart.
        findings: String,
    },
    /// The chart is for other versions of Kubernetes.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}")]
    KubeVersion {
        /// The range.
        wanted: String,
        /// The cluster's version.
        version: String,
    },
    /// What a template made is no YAML.
    #[error("YAML parse error on {path}: {message}")]
    Manifest {
        /// The template.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// A library cannot be installed.
    #[error("library charts are not installable")]
    Library,
    /// The rendering itself broke down.
    #[error("rendering template failed: {message}")]
    Failed {
        /// Why.
        message: String,
    },
}
