//! `GET /api/v1/version` and `GET /api/v1/settings/api`.

use axum::Json;
use serde_json::{Value, json};

/// The version of Gitea whose answers ours agree with, marked as not being it.
pub(crate) async fn version() -> Json<Value> {
    Json(json!({"version": concat!("1.24.0+atelier-", env!("CARGO_PKG_VERSION"))}))
}

pub(crate) async fn settings() -> Json<Value> {
    Json(json!({"max_response_items": 50, "default_paging_num": 30, "default_git_trees_per_page": 1000,
        "default_max_blob_size": 10_485_760, "default_max_response_size": 104_857_600}))
}
