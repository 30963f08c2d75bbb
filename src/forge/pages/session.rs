//! `/user/login` and `/user/logout`: a session for a browser. The cookie holds a random number that means something
//! to this process only, so that a restart signs everybody out; forms carry a second one, which no other site can
//! know (<https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html>).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;

use super::layout::{Failure, page};
use super::visit::Visitor;
use crate::forge::server::Shared;

/// The cookie's name.
const COOKIE: &str = "atelier_session";
/// People signed in at a time; the oldest goes.
const LIMIT: usize = 1000;

/// One browser that has signed in.
#[derive(Clone, Debug)]
pub(in crate::forge) struct Session {
    pub(super) user: u64,
    /// What forms must carry.
    pub(super) form: String,
    order: u64,
}

#[derive(Default)]
pub(in crate::forge) struct Sessions {
    all: Mutex<(u64, HashMap<String, Session>)>,
}

impl Sessions {
    /// Begins one. Returns its secret.
    fn begin(&self, user: u64) -> String {
        let secret = || format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let key = secret();
        let (count, all) = &mut *self.all.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        all.insert(key.clone(), Session { user, form: secret(), order: *count });
        if all.len() > LIMIT {
            let oldest = all.iter().min_by_key(|(_, session)| session.order).map(|(key, _)| key.clone());
            oldest.map(|key| all.remove(&key));
        }
        key
    }

    fn end(&self, key: &str) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).1.remove(key);
    }

    /// The session that a request belongs to.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<Session> {
        let key = cookie(headers)?;
        self.all.lock().unwrap_or_else(PoisonError::into_inner).1.get(&key).cloned()
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

/// Where to go afterwards: a path of ours, nothing else.
fn place(wanted: &str) -> &str {
    let ours = wanted.starts_with('/') && !wanted.starts_with("//") && !wanted.contains(['\\', '\n', '\r']);
    if ours { wanted } else { "/" }
}

#[derive(Deserialize)]
pub(in crate::forge) struct Wanted {
    #[serde(default)]
    redirect_to: String,
}

fn form(redirect: &str, wrong: bool) -> Markup {
    html! {
        h1 { "Sign in" }
        @if wrong { p.bad { "Name and password do not belong together." } }
        form.card method="post" action="/user/login" {
            label { "Name" input name="user_name" autocomplete="username" required autofocus; }
            label { "Password or token"
                input name="password" type="password" autocomplete="current-password" required; }
            input type="hidden" name="redirect_to" value=(redirect);
            button { "Sign in" }
        }
    }
}

pub(in crate::forge) async fn login_form(visitor: Visitor, Query(wanted): Query<Wanted>) -> Response {
    page(&visitor, "Sign in", &[], &form(place(&wanted.redirect_to), false))
}

#[derive(Deserialize)]
pub(in crate::forge) struct Credentials {
    user_name: String,
    password: String,
    #[serde(default)]
    redirect_to: String,
}

/// Whether a form was sent by a page of ours: browsers say where a form comes from.
fn is_own(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

pub(in crate::forge) async fn login(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<Credentials>,
) -> Result<Response, Failure> {
    if !is_own(&headers) {
        return Err(Failure::Forged);
    }
    let (users, redirect) = (shared.users.clone(), place(&given.redirect_to).to_owned());
    // Comparing passwords takes milliseconds on purpose.
    let found = tokio::task::spawn_blocking(move || users.sign_in(&given.user_name, &given.password)).await;
    let Some((user, scopes)) = found.ok().flatten() else {
        return Ok(page(&visitor, "Sign in", &[], &form(&redirect, true)));
    };
    // A page lets its visitor do everything: a token for less is not enough.
    let full = |scopes: Vec<String>| scopes.iter().any(|scope| scope == "all" || scope == "write:repository");
    if !scopes.is_none_or(full) {
        return Ok(page(&visitor, "Sign in", &[], &form(&redirect, true)));
    }
    let key = shared.sessions.begin(user.id);
    Ok(with_cookie(Redirect::to(&redirect), &format!("{COOKIE}={key}; Path=/; HttpOnly; SameSite=Lax")))
}

fn with_cookie(redirect: Redirect, cookie: &str) -> Response {
    let mut response = redirect.into_response();
    if let Ok(value) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

#[derive(Deserialize)]
pub(in crate::forge) struct Empty {
    #[serde(default)]
    csrf: String,
}

pub(in crate::forge) async fn logout(
    visitor: Visitor,
    headers: HeaderMap,
    Form(given): Form<Empty>,
) -> Result<Response, Failure> {
    visitor.may_send(&given.csrf)?;
    if let Some(key) = cookie(&headers) {
        visitor.shared.sessions.end(&key);
    }
    Ok(with_cookie(Redirect::to("/"), &format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_by_its_cookie_alone_and_the_oldest_of_too_many_goes() {
        let sessions = Sessions::default();
        let (first, last) = (sessions.begin(1), (1..=LIMIT as u64).map(|user| sessions.begin(user)).last());
        let with = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, text.parse().unwrap());
            sessions.of(&headers).map(|session| session.user)
        };
        let last = last.unwrap();
        assert_eq!(with(&format!("a=b; {COOKIE}={last}; c=d")), Some(LIMIT as u64));
        assert_eq!(with(&format!("{COOKIE}={first}")), None);
        assert_eq!(with(&format!("other={last}")), None);
        sessions.end(&last);
        assert_eq!(with(&format!("{COOKIE}={last}")), None);
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (wanted, goes) in
            [("/dev1/apps", "/dev1/apps"), ("//evil", "/"), ("http://evil", "/"), ("/\\evil", "/"), ("", "/")]
        {
            assert_eq!(place(wanted), goes, "{wanted}");
        }
    }
}
