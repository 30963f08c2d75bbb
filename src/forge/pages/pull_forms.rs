//! The forms of pull requests: new, merge, comment and review, close and reopen. They do what the REST API does, by
//! the same rules, for whoever is signed in; each must carry what only our own pages know.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::layout::{Failure, page};
use super::visit::{Visitor, blocking};
use crate::forge::api::call::{Call, Payload};
use crate::forge::api::pulls::{list, merge, pull, reviews};
use crate::forge::api::{ApiError, issues};

type NumberPath = Path<(String, String, u64)>;

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::NotFound { .. } => Self::Missing,
            ApiError::Forbid => Self::Refused("That is not for you to do.".to_owned()),
            error => Self::Refused(error.to_string()),
        }
    }
}

fn call(visitor: &Visitor, csrf: &str) -> Result<Call, Failure> {
    visitor.may_send(csrf)?;
    Ok(Call::new(visitor.shared.clone(), visitor.caller.clone(), visitor.base.clone()))
}

fn back(owner: &str, name: &str, number: u64) -> Response {
    Redirect::to(&format!("/{owner}/{name}/pulls/{number}")).into_response()
}

pub(in crate::forge) async fn new(
    visitor: Visitor,
    Path((owner, name, head)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    form(visitor, [&owner, &name], head, None).await
}

/// The same under the address that Gitea has for it, `<base>...<head>`, with the branch that is to take the changes.
pub(in crate::forge) async fn compare(
    visitor: Visitor,
    Path((owner, name, range)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let (base, head) = match range.split_once("...") {
        Some((base, head)) => (Some(base.to_owned()), head.to_owned()),
        None => (None, range),
    };
    form(visitor, [&owner, &name], head, base).await
}

async fn form(
    visitor: Visitor,
    [owner, name]: [&str; 2],
    head: String,
    base: Option<String>,
) -> Result<Response, Failure> {
    let seen = visitor.repository(owner, name)?;
    let Some(csrf) = visitor.csrf.clone() else {
        return Ok(Redirect::to(&format!("/user/login?redirect_to={}", visitor.place)).into_response());
    };
    blocking(move || {
        let git = seen.repository.open()?;
        // The newest commit's message is what most people would type.
        let branch = head.rsplit_once(':').map_or(head.as_str(), |(_, branch)| branch);
        let title =
            git.find_reference(&format!("refs/heads/{branch}")).and_then(|found| found.peel_to_commit());
        let title = title.map(|commit| super::visit::summary(&commit).0).unwrap_or_default();
        let base = base.unwrap_or_else(|| seen.metadata.default_branch.clone());
        let body = html! {
            (seen.tabs(""))
            h1 { "New pull request" }
            form.card method="post" action={ (seen.root()) "/pulls" } {
                input type="hidden" name="csrf" value=(csrf);
                input type="hidden" name="head" value=(head);
                p { "From " code { (head) } }
                label { "Into" input name="base" value=(base) required; }
                label { "Title" input name="title" value=(title) required; }
                label { "Text" textarea name="body" {} }
                button.go { "Open pull request" }
            }
        };
        Ok(page(&visitor, "New pull request", &seen.crumbs(), &body))
    })
    .await
}

#[derive(Deserialize)]
pub(in crate::forge) struct Opening {
    csrf: String,
    head: String,
    base: String,
    title: String,
    #[serde(default)]
    body: String,
}

pub(in crate::forge) async fn open(
    visitor: Visitor,
    Path((owner, name)): Path<(String, String)>,
    Form(given): Form<Opening>,
) -> Result<Response, Failure> {
    let call = call(&visitor, &given.csrf)?;
    let Opening { title, body, head, base, .. } = given;
    let new = list::CreatePull { title, body, head, base };
    let path = Path((owner.clone(), name.clone()));
    let (_, made) = list::create(call, path, Payload(new)).await?;
    Ok(back(&owner, &name, made["number"].as_u64().unwrap_or_default()))
}

#[derive(Deserialize)]
pub(in crate::forge) struct Said {
    csrf: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    event: String,
}

/// A comment, or a review when it comes with a verdict.
pub(in crate::forge) async fn say(
    visitor: Visitor,
    Path((owner, name, number)): NumberPath,
    Form(given): Form<Said>,
) -> Result<Response, Failure> {
    let call = call(&visitor, &given.csrf)?;
    let path = Path((owner.clone(), name.clone(), number));
    if given.event.is_empty() {
        let _ = issues::create_comment(call, path, Payload(issues::Text { body: given.text })).await?;
    } else {
        let review = reviews::CreateReview { event: given.event, body: given.text, commit_id: String::new() };
        let _ = reviews::create(call, path, Payload(review)).await?;
    }
    Ok(back(&owner, &name, number))
}

#[derive(Deserialize)]
pub(in crate::forge) struct Wish {
    csrf: String,
    style: String,
    #[serde(default)]
    delete: String,
}

pub(in crate::forge) async fn merge(
    visitor: Visitor,
    Path((owner, name, number)): NumberPath,
    Form(given): Form<Wish>,
) -> Result<Response, Failure> {
    let call = call(&visitor, &given.csrf)?;
    let wish = merge::MergePull::new(given.style, given.delete == "true");
    merge::merge(call, Path((owner.clone(), name.clone(), number)), Payload(wish)).await?;
    Ok(back(&owner, &name, number))
}

#[derive(Deserialize)]
pub(in crate::forge) struct NewState {
    csrf: String,
    state: String,
}

/// Closes or reopens.
pub(in crate::forge) async fn state(
    visitor: Visitor,
    Path((owner, name, number)): NumberPath,
    Form(given): Form<NewState>,
) -> Result<Response, Failure> {
    let call = call(&visitor, &given.csrf)?;
    let edit = pull::EditPull::of_state(given.state);
    let _ = pull::edit(call, Path((owner.clone(), name.clone(), number.to_string())), Payload(edit)).await?;
    Ok(back(&owner, &name, number))
}
