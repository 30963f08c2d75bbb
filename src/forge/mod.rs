//! The embedded forge: git over HTTP and Gitea's REST API.
