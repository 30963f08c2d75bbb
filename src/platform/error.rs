//! Why a platform did not do what it was asked to.

/// Everything that goes wrong between the driver and a platform.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The forge could not be reached.
    #[error("the forge at `{url}` does not answer")]
    ForgeUnreachable {
        /// Its address.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The forge answered with an error.
    #[error("the forge answered {status} to `{method} {path}`: {message}")]
    ForgeRefused {
        /// The request's method.
        method: String,
        /// The request's path.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The forge's own words.
        message: String,
    },
    /// The API server could not be used.
    #[error("the API server at `{url}` cannot be used: {message}")]
    Kubernetes {
        /// Its address.
        url: String,
        /// Its own words.
        message: String,
    },
    /// A push or fetch of the driver's own did not succeed.
    #[error("git could not use `{address}`")]
    Git {
        /// The repository.
        address: String,
        /// Why.
        #[source]
        source: git2::Error,
    },
    /// A certificate could not be made.
    #[error(transparent)]
    Authority(#[from] crate::accounts::AuthorityError),
    /// A file of the platform cannot be read or written.
    #[error("cannot use `{path}`")]
    File {
        /// The file.
        path: String,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A file of the platform holds something else than it should.
    #[error("`{path}` is damaged")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A port that the lab has had from the start is taken by another program.
    #[error("port {port} of 127.0.0.1, which this lab's {what} uses, is taken by another program")]
    PortTaken {
        /// The port.
        port: u16,
        /// `Kubernetes API`, `forge`, …
        what: String,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// Anything the embedded servers refuse at their start.
    #[error("the embedded {server} could not start")]
    Server {
        /// `API server`, `forge`, …
        server: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The k3d platform did not do it.
    #[error(transparent)]
    K3d(#[from] super::k3d::Error),
    /// A child failed.
    #[error(transparent)]
    Process(#[from] crate::process::Error),
}

/// The words of a Kubernetes client's error for people: the API server's message where it answered, else the chain
/// of causes without repetition.
pub fn kubernetes_words(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return status.message.clone();
    }
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}
