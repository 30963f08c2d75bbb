//! The forge's one route table. Git and the pages are below the owners' names, which reserve those of the rest.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};

use super::api::{
    ApiError, admin, branch_protections, branches, collaborators, commits, compare, contents, forks,
    git as objects, hooks, issues, keys, orgs, packages, pulls, pushes, raw, releases, repos, statuses, tags,
    teams, tokens, user, users, version, with_address,
};
use super::server::Shared;
use super::{git, pages};

/// A longer body of the REST API is refused; files come in it as base64.
const BODY: usize = 64 << 20;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let api = Router::new()
        .merge(account_routes())
        .nest("/repos/{owner}/{repo}", repository_routes().merge(pull_routes()).merge(release_routes()))
        .fallback(|| async { ApiError::NotFound { detail: None } })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(shared.clone(), with_address));
    Router::new()
        .nest("/api/v1", api)
        .route("/{owner}/{repo}/info/refs", get(git::info_refs))
        .route("/{owner}/{repo}/git-upload-pack", post(git::upload_pack))
        .route("/{owner}/{repo}/git-receive-pack", post(git::receive_pack))
        .merge(page_routes())
        .with_state(shared)
}

fn account_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/version", get(version::version))
        .route("/settings/api", get(version::settings))
        .route("/atelier/pushes", get(pushes::stream))
        .route("/user", get(user::get))
        .route("/user/repos", get(user::list_repos).post(user::create_repo))
        .route("/user/orgs", get(user::list_orgs))
        .route("/users/{username}", get(users::get))
        .route("/users/{username}/repos", get(users::list_repos))
        .route("/users/{username}/orgs", get(users::list_orgs))
        .route("/users/{username}/tokens", get(tokens::list).post(tokens::create))
        .route("/users/{username}/tokens/{token}", axum::routing::delete(tokens::delete))
        .route("/admin/users", get(admin::list_users).post(admin::create_user))
        .route("/admin/users/{username}", axum::routing::patch(admin::edit_user).delete(admin::delete_user))
        .route("/admin/users/{username}/repos", post(admin::create_repo))
        .route("/admin/users/{username}/orgs", post(admin::create_org))
        .route("/orgs", get(orgs::list).post(orgs::create))
        .route("/orgs/{org}", get(orgs::get).delete(orgs::delete))
        .route("/orgs/{org}/repos", get(orgs::list_repos).post(orgs::create_repo))
        .route("/orgs/{org}/teams", get(orgs::list_teams).post(orgs::create_team))
        .route("/orgs/{org}/members", get(orgs::list_members))
        .route("/orgs/{org}/members/{username}", get(orgs::is_member))
        .route("/user/teams", get(teams::list_own))
        .route("/teams/{id}", get(teams::get).patch(teams::edit).delete(teams::delete))
        .route("/teams/{id}/repos", get(teams::list_repos))
        .route(
            "/teams/{id}/repos/{owner}/{repo}",
            get(teams::get_repo).put(teams::add_repo).delete(teams::remove_repo),
        )
        .route("/teams/{id}/members", get(teams::list_members))
        .route(
            "/teams/{id}/members/{username}",
            get(teams::get_member).put(teams::add_member).delete(teams::remove_member),
        )
        .route("/packages/{owner}", get(packages::list))
        .route("/packages/{owner}/{type}/{name}/{version}", get(packages::get))
        .route("/repos/search", get(repos::search))
}

fn repository_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(repos::get).patch(repos::edit).delete(repos::delete))
        .route("/branches", get(branches::list).post(branches::create))
        .route("/branches/{*branch}", get(branches::get).delete(branches::delete))
        .route("/branch_protections", get(branch_protections::list).post(branch_protections::create))
        .route(
            "/branch_protections/{*rule}",
            get(branch_protections::get).patch(branch_protections::edit).delete(branch_protections::delete),
        )
        .route("/collaborators", get(collaborators::list))
        .route(
            "/collaborators/{username}",
            get(collaborators::get).put(collaborators::add).delete(collaborators::remove),
        )
        .route("/collaborators/{username}/permission", get(collaborators::permission))
        .route("/commits", get(commits::list))
        .route("/commits/{reference}/status", get(statuses::together))
        .route("/commits/{reference}/statuses", get(statuses::list))
        .route("/compare/{*spec}", get(compare::get))
        .route("/contents", get(contents::list).post(contents::change_files))
        .route("/contents/", get(contents::list))
        .route(
            "/contents/{*path}",
            get(contents::get).post(contents::create).put(contents::update).delete(contents::delete),
        )
        .route("/git/blobs/{sha}", get(objects::blob))
        .route("/git/commits/{sha}", get(objects::commit))
        .route("/git/refs", get(objects::all_refs))
        .route("/git/refs/{*prefix}", get(objects::refs))
        .route("/git/trees/{*sha}", get(objects::tree))
        .route("/hooks", get(hooks::list).post(hooks::create))
        .route("/hooks/{id}", get(hooks::get).patch(hooks::edit).delete(hooks::delete))
        .route("/hooks/{id}/tests", post(hooks::test))
        .route("/raw/{*path}", get(raw::get))
        .route("/statuses/{sha}", get(statuses::list).post(statuses::create))
        .route("/tags", get(tags::list).post(tags::create))
        .route("/tags/{*tag}", get(tags::get).delete(tags::delete))
}

fn pull_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/pulls", get(pulls::list::get).post(pulls::list::create))
        .route("/pulls/{index}", get(pulls::pull::get).patch(pulls::pull::edit))
        .route("/pulls/{index}/{*head}", get(pulls::pull::between))
        .route("/pulls/{index}/files", get(pulls::changes::files))
        .route("/pulls/{index}/commits", get(pulls::changes::commits))
        .route("/pulls/{index}/merge", get(pulls::merge::get).post(pulls::merge::merge))
        .route("/pulls/{index}/update", post(pulls::merge::update))
        .route("/pulls/{index}/reviews", get(pulls::reviews::list).post(pulls::reviews::create))
        .route("/pulls/{index}/reviews/{id}", get(pulls::reviews::get).delete(pulls::reviews::delete))
        .route("/pulls/{index}/reviews/{id}/dismissals", post(pulls::reviews::dismiss))
        .route("/pulls/{index}/reviews/{id}/undismissals", post(pulls::reviews::restore))
        .route(
            "/pulls/{index}/requested_reviewers",
            post(pulls::requested_reviewers::add).delete(pulls::requested_reviewers::remove),
        )
        .route("/issues", get(issues::list))
        .route("/issues/{index}", get(issues::get))
        .route("/issues/{index}/comments", get(issues::list_comments).post(issues::create_comment))
        .route(
            "/issues/comments/{id}",
            get(issues::get_comment).patch(issues::edit_comment).delete(issues::delete_comment),
        )
}

fn release_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/forks", get(forks::list).post(forks::create))
        .route("/generate", post(forks::generate))
        .route("/merge-upstream", post(forks::merge_upstream))
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{id}", get(keys::get).delete(keys::delete))
        .route("/releases", get(releases::list).post(releases::create))
        .route("/releases/latest", get(releases::latest))
        .route("/releases/tags/{*tag}", get(releases::get_tag).delete(releases::delete_tag))
        .route("/releases/{id}", get(releases::get).patch(releases::edit).delete(releases::delete))
}

fn page_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(pages::repositories::all))
        .route("/avatars/{hash}", get(pages::avatars::get))
        .route("/{owner}", get(pages::repositories::of_owner))
        .route("/{owner}/{repo}", get(pages::src::home))
        .route("/{owner}/{repo}/src/{kind}/{*path}", get(pages::src::get))
        .route("/{owner}/{repo}/raw/{kind}/{*path}", get(pages::raw::get))
        .route("/{owner}/{repo}/commits/{kind}/{*reference}", get(pages::commits::list))
        .route("/{owner}/{repo}/commit/{sha}", get(pages::commit::get))
        .route("/{owner}/{repo}/pulls", get(pages::pulls::list).post(pages::pull_forms::open))
        .route("/{owner}/{repo}/pulls/new/{*head}", get(pages::pull_forms::new))
        .route("/{owner}/{repo}/compare/{*range}", get(pages::pull_forms::compare))
        .route("/{owner}/{repo}/pulls/{index}", get(pages::pull::get))
        .route("/{owner}/{repo}/pulls/{index}/say", post(pages::pull_forms::say))
        .route("/{owner}/{repo}/pulls/{index}/merge", post(pages::pull_forms::merge))
        .route("/{owner}/{repo}/pulls/{index}/state", post(pages::pull_forms::state))
        .route("/user/login", get(pages::session::login_form).post(pages::session::login))
        .route("/user/logout", post(pages::session::logout))
}
