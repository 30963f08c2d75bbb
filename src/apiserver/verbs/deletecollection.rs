//! `DELETE` of a collection: every object that is selected.

use axum::response::Response;

use super::delete::DeleteOptions;
use super::list::page;
use crate::apiserver::router::Call;
use crate::apiserver::status::Status;
use crate::apiserver::target::Target;
use crate::apiserver::{meta, respond};

/// Answers `DELETE` of a collection.
pub(crate) async fn delete_collection(mut call: Call) -> Result<Response, Status> {
    call.target.require("deletecollection")?;
    let bytes = call.body().await?;
    let options = DeleteOptions::read(call.request.headers(), &call.query, &bytes)?.by(&call);
    let (list, items) = page(&call)?;
    let mut warnings = Vec::new();
    for json in &items {
        let object = respond::parse(json)?;
        let (namespace, name) = (meta::text(&object, "namespace"), meta::text(&object, "name"));
        let target = Target::object(call.target.kind.clone(), namespace, name);
        match call.server.delete(&target, &options) {
            Err(status) if !status.is_not_found() => return Err(status),
            Ok(deleted) => warnings.extend(deleted.warnings),
            Err(_) => {}
        }
    }
    let response = respond::list(call.request.headers(), &call.query, &call.target.kind, &list, &items)?;
    Ok(respond::with_warnings(response, &warnings))
}
