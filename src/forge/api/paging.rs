//! Lists are answered in pages, with the total and the addresses of the neighbours in headers.
//! <https://docs.gitea.com/development/api-usage#pagination>

use axum::extract::{FromRequestParts, OriginalUri, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use serde_json::Value;

use super::ApiError;

/// Entries of a page, unless the client says how many.
const DEFAULT: usize = 30;
/// Entries of a page at most.
const LIMIT: usize = 50;

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    page: String,
    #[serde(default)]
    limit: String,
}

/// Which part of a list is asked for.
pub(crate) struct Page {
    number: usize,
    pub(super) limit: usize,
    address: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let bad = |error: axum::extract::rejection::QueryRejection| ApiError::BadRequest {
            message: error.body_text(),
        };
        let Query(asked) = Query::<Parameters>::try_from_uri(&parts.uri).map_err(bad)?;
        let number = asked.page.parse().unwrap_or(1).max(1);
        let limit = match asked.limit.parse().unwrap_or(DEFAULT) {
            0 => DEFAULT,
            limit => limit.min(LIMIT),
        };
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let own = |pair: &&str| pair.is_empty() || pair.starts_with("page=") || pair.starts_with("limit=");
        let others = uri.query().unwrap_or_default().split('&').filter(|pair| !own(pair));
        let limit_pair = format!("limit={limit}");
        let query = std::iter::once(limit_pair.as_str()).chain(others).collect::<Vec<_>>().join("&");
        Ok(Self { number, limit, address: format!("http://{host}{}?{query}", uri.path()) })
    }
}

impl Page {
    pub(super) fn skip(&self) -> usize {
        (self.number - 1).saturating_mul(self.limit)
    }

    /// The part of a whole list.
    pub(super) fn of<T>(
        &self,
        all: Vec<T>,
        answer: impl FnMut(T) -> Value,
    ) -> (HeaderMap, axum::Json<Value>) {
        let total = all.len();
        let part = all.into_iter().skip(self.skip()).take(self.limit).map(answer).collect::<Vec<_>>();
        (self.headers(total), axum::Json(Value::Array(part)))
    }

    pub(super) fn headers(&self, total: usize) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-total-count", HeaderValue::from(total));
        let last = total.div_ceil(self.limit).max(1);
        let mut links = Vec::new();
        let mut link =
            |page: usize, name: &str| links.push(format!("<{}&page={page}>; rel=\"{name}\"", self.address));
        if self.number < last {
            link(self.number + 1, "next");
            link(last, "last");
        }
        if self.number > 1 {
            link(1, "first");
            link(self.number - 1, "prev");
        }
        if let (false, Ok(value)) = (links.is_empty(), HeaderValue::try_from(links.join(","))) {
            headers.insert(header::LINK, value);
        }
        headers
    }
}
