//! What all pages look like.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::visit::Visitor;

const STYLE: &str = "
:root { color-scheme: light dark; --line: light-dark(#d0d7de, #3d444d); --soft: light-dark(#f3f5f8, #161b22);
  --ink: light-dark(#1f2328, #e6edf3); --dim: light-dark(#59636e, #9198a1); --link: light-dark(#0a58ca, #79b8ff);
  --paper: light-dark(#ffffff, #0d1117); --add: light-dark(#dafbe1, #12361f); --del: light-dark(#ffebe9, #471a1d);
  --good: light-dark(#116329, #56d364); --bad: light-dark(#b3261e, #ff7b72); --wait: light-dark(#7a5200, #e3b341); --go: #1a7f37; }
* { box-sizing: border-box }
body { margin: 0; font: 17px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
header { padding: .7rem 1.5rem; background: var(--soft); border-bottom: 1px solid var(--line); font-size: 1.15rem }
main { max-width: 76rem; margin: 1.2rem auto; padding: 0 1.5rem }
a { color: var(--link); text-decoration: none } a:hover { text-decoration: underline }
nav { display: flex; gap: 1.2rem; margin: .6rem 0 1rem } .dim { color: var(--dim) }
table { width: 100%; border-collapse: collapse } .box { border: 1px solid var(--line); border-radius: 8px; overflow: auto }
.box td { padding: .4rem .9rem; border-top: 1px solid var(--line) } .box tr:first-child td { border-top: 0 }
code, pre, .code td { font: 15px/1.45 ui-monospace, monospace } pre { white-space: pre-wrap; margin: .5rem 0 }
.code td { border: 0; padding: 0 .8rem; white-space: pre; vertical-align: top }
.code td.no { color: var(--dim); text-align: right; user-select: none; width: 1% }
.add { background: var(--add) } .del { background: var(--del) } .right { text-align: right }
header { display: flex; gap: .5rem; align-items: center } .account { margin-left: auto; display: flex; gap: .8rem; align-items: center }
form { margin: 0 } .card { display: grid; gap: .7rem; max-width: 40rem; margin: 1rem 0 }
label { display: grid; gap: .2rem } .inline { display: flex; gap: .6rem; flex-wrap: wrap; align-items: center }
input, textarea, select, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: .35rem .7rem }
textarea { min-height: 5rem } button { cursor: pointer; background: var(--soft) } button.go { background: var(--go); color: #fff; border-color: var(--go) }
button.plain { border: 0; background: none; color: var(--link); padding: 0 } .good { color: var(--good) } .bad { color: var(--bad) } .wait { color: var(--wait) }
.whole { white-space: nowrap } .card > button { justify-self: start }
.tag { border: 1px solid currentColor; border-radius: 1rem; padding: .05rem .6rem; font-size: .85em; white-space: nowrap }
.said { border: 1px solid var(--line); border-radius: 8px; padding: .6rem .9rem; margin: .8rem 0 } .graph { white-space: pre; font: 15px/1 ui-monospace, monospace; color: var(--link) }
h1 { font-size: 1.5rem; margin: .2rem 0 } h2 { font-size: 1.1rem; margin: 1.2rem 0 .4rem }
";

/// A part of the way to a page: text and address.
pub(super) type Crumb = (String, String);

/// What every page begins and ends with, for somebody who looks.
pub(super) fn page(visitor: &Visitor, title: &str, crumbs: &[Crumb], body: &Markup) -> Response {
    let account = account(visitor);
    document(title, crumbs, &account, body)
}

/// Who is signed in, and the way in or out.
fn account(visitor: &Visitor) -> Markup {
    let Some(user) = &visitor.caller.user else {
        return html! { a href={ "/user/login?redirect_to=" (visitor.place) } { "Sign in" } };
    };
    html! {
        span { (user.login) }
        @if let Some(csrf) = &visitor.csrf {
            form method="post" action="/user/logout" {
                input type="hidden" name="csrf" value=(csrf);
                button.plain { "Sign out" }
            }
        }
    }
}

fn document(title: &str, crumbs: &[Crumb], account: &Markup, body: &Markup) -> Response {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    a href="/" { "atelier" }
                    @for (text, address) in crumbs { " / " a href=(address) { (text) } }
                    div.account { (account) }
                }
                main { (body) }
            }
        }
    };
    let mut headers = HeaderMap::new();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    (headers, Html(document.into_string())).into_response()
}

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Failure {
    Missing,
    Unauthorized,
    /// A form that no page of ours has sent.
    Forged,
    /// A form that could not be followed; the words are the forge's.
    Refused(String),
    Internal,
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Self {
        if error.code() == git2::ErrorCode::NotFound { Self::Missing } else { Self::Internal }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, text) = match &self {
            Self::Refused(reason) => (StatusCode::CONFLICT, reason.as_str()),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "This form was not sent by a page of the forge. Go back and load it anew.",
            ),
            Self::Missing => (StatusCode::NOT_FOUND, "There is nothing here, or it is not for you to see."),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Name and password do not belong together."),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "The forge could not read the repository."),
        };
        let body = html! { h1 { (status.as_u16()) } p { (text) } };
        let mut response = document(text, &[], &html! {}, &body);
        *response.status_mut() = status;
        if status == StatusCode::UNAUTHORIZED {
            super::super::git::challenge(response.headers_mut());
        }
        response
    }
}
