//! `/healthz`, `/livez` and `/readyz`.

/// The server answers, so it is well: it opens its store before it listens.
pub(crate) async fn healthz() -> &'static str {
    "ok"
}
