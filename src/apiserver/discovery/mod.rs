//! What is served: versions, groups, resources, their OpenAPI documents, and whether the server is well.

mod aggregated;
mod documents;
mod etag;
mod healthz;
mod openapi;
mod openid;
mod resources;
mod root;
mod version;

pub(crate) use documents::{api, apis, core, group, group_version};
pub(crate) use healthz::{check, healthz};
pub(crate) use openapi::{openapi_v2, openapi_v3, openapi_v3_group};
pub(crate) use openid::{openid_configuration, openid_keys};
pub(crate) use root::root;
pub(crate) use version::version;
