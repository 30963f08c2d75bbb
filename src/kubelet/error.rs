//! Why the simulated nodes cannot work. What goes wrong with one Pod is told in its status instead.

/// An error that ends the kubelet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The listener that it was given cannot be used.
    #[error("the kubelet's listener cannot be used")]
    Listener {
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The API server did not take the node.
    #[error("node `{node}` could not be registered")]
    Register {
        /// The node's name.
        node: String,
        /// The API server's reason.
        #[source]
        source: kube::Error,
    },
}
