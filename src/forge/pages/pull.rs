//! `/{owner}/{repo}/pulls/{index}`: a pull request: what is said of it, its commits, its changes, and what the
//! visitor may do with it.

use axum::extract::Path;
use axum::response::Response;
use git2::Repository as Git;
use maud::{Markup, html};

use super::changes::changes;
use super::layout::{Failure, page};
use super::pulls::state;
use super::statuses;
use super::visit::{Seen, Visitor, blocking, short, summary};
use crate::accounts::Permission;
use crate::forge::pulls::{Ends, PullRequest, Review, ReviewState, blocked, may_merge};

/// A pull request that is looked at.
struct View<'a> {
    visitor: &'a Visitor,
    seen: &'a Seen,
    git: &'a Git,
    pull: &'a PullRequest,
    ends: Option<Ends>,
}

pub(in crate::forge) async fn get(
    visitor: Visitor,
    Path((owner, name, number)): Path<(String, String, u64)>,
) -> Result<Response, Failure> {
    let seen = visitor.repository(&owner, &name)?;
    blocking(move || {
        let pull = seen.repository.pulls.look(|pulls| pulls.all.get(&number).cloned());
        let pull = pull.ok_or(Failure::Missing)?;
        let git = seen.repository.open()?;
        let ends = Ends::of(&git, &pull).ok();
        let view = View { visitor: &visitor, seen: &seen, git: &git, pull: &pull, ends };
        let (mut diff, mut commits) = (html! {}, html! {});
        if let Some(ends) = ends {
            diff = changes(&ends.diff(&git)?)?;
            commits = view.commits(&ends)?;
        }
        let body = html! {
            (seen.tabs(""))
            h1 { (pull.title) " " span.dim { "#" (pull.number) } }
            p { (state(&pull)) " " (view.login(pull.author)) " wants to merge " code { (pull.head.branch) }
                " into " code { (pull.base) } }
            (view.conversation())
            (statuses::statuses(&visitor.shared, &seen, &pull.head_id))
            (view.outcome()?)
            (view.forms())
            h2 { "Commits" } (commits)
            h2 { "Changes" } (diff)
        };
        let title = format!("{} (#{number})", pull.title);
        Ok(page(&visitor, &title, &seen.crumbs(), &body))
    })
    .await
}

impl View<'_> {
    fn login(&self, id: u64) -> String {
        self.visitor.shared.users.by_id(id).map(|user| user.login).unwrap_or_default()
    }

    fn commits(&self, ends: &Ends) -> Result<Markup, git2::Error> {
        let ids = ends.commits(self.git)?;
        let commits = ids.iter().map(|&id| self.git.find_commit(id)).collect::<Result<Vec<_>, _>>()?;
        Ok(html! {
            div.box { table {
                @for commit in commits.iter().rev() {
                    @let (first, author, time) = summary(commit);
                    tr {
                        td { a href={ (self.seen.root()) "/commit/" (commit.id()) } { code { (short(commit.id())) } } }
                        td { (first) " " (statuses::summary(self.seen, &commit.id().to_string())) }
                        td.dim { (author) } td.dim.right { (time) }
                    }
                }
            } }
        })
    }

    /// Texts, comments and reviews in the order they came.
    fn conversation(&self) -> Markup {
        let mut said =
            vec![(self.pull.created, 0, self.said(self.pull.author, "opened it", "", &self.pull.body))];
        for comment in &self.pull.comments {
            said.push((comment.created, comment.id, self.said(comment.user, "said", "", &comment.body)));
        }
        for review in &self.pull.reviews {
            said.push((review.submitted, review.comment, self.review(review)));
        }
        said.sort_by_key(|(time, id, _)| (*time, *id));
        html! { @for (_, id, markup) in &said { div.said id={ "issuecomment-" (id) } { (markup) } } }
    }

    fn said(&self, user: u64, what: &str, class: &str, text: &str) -> Markup {
        html! { strong { (self.login(user)) } " " span class=(class) { (what) } @if !text.is_empty() { pre { (text) } } }
    }

    fn review(&self, review: &Review) -> Markup {
        let (class, what) = match review.state {
            ReviewState::Approved => ("good", "✓ approved"),
            ReviewState::RequestChanges => ("bad", "✗ asks for changes"),
            ReviewState::Comment => ("", "commented"),
            ReviewState::RequestReview => ("wait", "● is asked for a review"),
        };
        let more = match (review.dismissed, review.stale) {
            (true, _) => " (dismissed)",
            (false, true) => " (before the newest commits)",
            (false, false) => "",
        };
        self.said(
            review.user,
            &format!("{what}{more}"),
            if review.dismissed { "dim" } else { class },
            &review.body,
        )
    }

    /// How it ended, or what stands in the way.
    fn outcome(&self) -> Result<Markup, git2::Error> {
        if let Some(merged) = &self.pull.merged {
            let address = format!("{}/commit/{}", self.seen.root(), merged.commit);
            return Ok(html! { p.good { "Merged by " (self.login(merged.by)) " as "
            a href=(address) { code { (merged.commit.chars().take(10).collect::<String>()) } } } });
        }
        if !self.pull.is_open() {
            return Ok(html! { p.bad { "Closed without being merged." } });
        }
        let obstacle = self.obstacle()?;
        Ok(html! { @match obstacle {
            Some(reason) => { p.wait { "Not to be merged yet: " (reason) "." } },
            None => { p.good { "Ready to be merged." } },
        } })
    }

    fn obstacle(&self) -> Result<Option<&'static str>, git2::Error> {
        let Some(ends) = self.ends else { return Ok(Some("one of the branches is gone")) };
        if self.pull.is_draft() {
            return Ok(Some("it is work in progress"));
        }
        if !ends.merges(self.git)? {
            return Ok(Some("the branches are in conflict"));
        }
        Ok(blocked(&self.seen.repository, &self.seen.metadata, self.pull, ends))
    }

    /// What the visitor may do, each as a form of its own.
    fn forms(&self) -> Markup {
        let (Some(user), Some(csrf)) = (&self.visitor.caller.user, &self.visitor.csrf) else {
            return html! { @if self.visitor.caller.user.is_none() {
                p.dim { a href={ "/user/login?redirect_to=" (self.visitor.place) } { "Sign in" } " to take part." }
            } };
        };
        let address = |action: &str| format!("{}/pulls/{}/{action}", self.seen.root(), self.pull.number);
        let token = html! { input type="hidden" name="csrf" value=(csrf); };
        let (open, own) = (self.pull.is_open(), self.pull.author == user.id);
        let Seen { metadata, permission, .. } = self.seen;
        let may = may_merge(metadata, &self.pull.base, *permission, &user.login);
        let may_edit = own || *permission >= Permission::Write;
        html! {
            @if open && may { form.inline method="post" action=(address("merge")) { (token)
                select name="style" aria-label="Style" {
                    option value="merge" { "Merge commit" } option value="squash" { "Squash" }
                    option value="rebase" { "Rebase" } option value="rebase-merge" { "Rebase, then merge commit" }
                    option value="fast-forward-only" { "Fast-forward only" }
                }
                label.inline { input type="checkbox" name="delete" value="true"; " delete the branch" }
                button.go { "Merge" }
            } }
            form.card method="post" action=(address("say")) { (token)
                textarea name="text" aria-label="Text" placeholder="What you want to say" {}
                div.inline {
                    @if open && !own {
                        button.go name="event" value="APPROVED" { "Approve" }
                        button name="event" value="REQUEST_CHANGES" { "Ask for changes" }
                    }
                    button name="event" value="" { "Comment" }
                }
            }
            @if self.pull.merged.is_none() && may_edit {
                form method="post" action=(address("state")) { (token)
                    input type="hidden" name="state" value=(if open { "closed" } else { "open" });
                    button { @if open { "Close" } @else { "Reopen" } }
                }
            }
        }
    }
}
