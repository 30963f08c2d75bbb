//! `git`: what the forge has, not what a clone has.

use std::fmt::Write as _;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::clauses::check_body;
use super::{Look, Verdict};
use crate::platform::{Commit, Error, Gitea, Push, TreeEntry};
use crate::scenario::actions::{Expected, WantedText};
use crate::scenario::context::Context;
use crate::scenario::expression::{holds, short};
use crate::scenario::kubernetes::chain;
use crate::scenario::model::{Part, Text};
use crate::scenario::render::RenderError;

/// How far back commits are looked at.
const COMMITS: usize = 100;
/// How many other branches are looked at for a file that is missing.
const BRANCHES: usize = 10;

check_body! {
    /// The body. The newest commit of the branch that fits is `commit`.
    pub struct Git {
        /// `<owner>/<name>`, or `<name>` of the actor's own.
        pub repo: Text,
        /// `main` when nothing is said.
        pub branch: Option<Text>,
        /// A file that the branch must have.
        pub file: Option<Text>,
        /// A file that the branch must not have.
        pub no_file: Option<Text>,
        /// What the file's text must be like.
        #[serde(default)]
        pub text: Expected,
        /// The address of the commit's author.
        pub author: Option<Text>,
        /// A regular expression that finds something in the commit's message.
        pub commit_message: Option<Text>,
        /// A commit that the branch must contain.
        pub contains: Option<Text>,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
    }
}

impl Git {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Repository(&self.repo)];
        let texts = [&self.branch, &self.file, &self.no_file, &self.author, &self.contains];
        parts.extend(texts.into_iter().chain([&self.text.contains]).flatten().map(Part::Template));
        let patterns = [&self.commit_message, &self.text.matches];
        parts.extend(patterns.into_iter().flatten().map(Part::Pattern));
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["commit"])));
        parts
    }

    fn branch(&self, context: &Context<'_>) -> Result<String, RenderError> {
        Ok(context.optional(self.branch.as_ref())?.unwrap_or_else(|| "main".to_owned()))
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let (owner, name) = context.repository(&self.repo)?;
        let place = format!("branch `{}` of `{owner}/{name}`", self.branch(context)?);
        let mut wanted = Vec::new();
        wanted.extend(context.optional(self.file.as_ref())?.map(|file| format!("`{file}`")));
        wanted.extend(context.optional(self.no_file.as_ref())?.map(|file| format!("no `{file}`")));
        wanted.extend(context.optional(self.text.contains.as_ref())?.map(|text| format!("`{text}` in it")));
        wanted.extend(
            context.optional(self.text.matches.as_ref())?.map(|text| format!("a match of `{text}` in it")),
        );
        let mut commit = String::new();
        if let Some(author) = context.optional(self.author.as_ref())? {
            let _ = write!(commit, " by {author}");
        }
        if let Some(pattern) = context.optional(self.commit_message.as_ref())? {
            let _ = write!(commit, " with a match of `{pattern}` in its message");
        }
        if let Some(contained) = context.optional(self.contains.as_ref())? {
            let _ = write!(commit, " {}", short(&contained));
        }
        let conditions: Vec<_> = self.cel.iter().map(|condition| format!("`{}`", condition.value)).collect();
        if !conditions.is_empty() {
            let _ = write!(commit, " with {}", conditions.join(" and "));
        }
        if !commit.is_empty() || wanted.is_empty() {
            wanted.push(format!("a commit{commit}"));
        }
        Ok(format!("{place} has {}", wanted.join(" and ")))
    }

    /// Looks at the forge's data.
    pub(crate) async fn look(&self, context: &Context<'_>) -> Result<Look, RenderError> {
        let (owner, name) = context.repository(&self.repo)?;
        let place =
            Place { api: context.session.platform.forge.api(), owner, name, branch: self.branch(context)? };
        let wanted = Wanted {
            file: context.optional(self.file.as_ref())?,
            no_file: context.optional(self.no_file.as_ref())?,
            text: self.text.render(context)?,
            author: context.optional(self.author.as_ref())?,
            message: context.optional(self.commit_message.as_ref())?,
            contains: context.optional(self.contains.as_ref())?,
        };
        let look = place.look(&wanted).await.unwrap_or_else(|error| Look::not_yet(chain(&error)));
        if look.verdict != Verdict::Holds || self.cel.is_empty() {
            return Ok(look);
        }
        let mut values = context.values();
        values.extend(look.values.clone());
        if self.cel.iter().all(|condition| holds(condition, &values).is_ok()) {
            return Ok(look);
        }
        let observed = place.other_work(&look.values["commit"]).await;
        Ok(Look::not_yet(observed.unwrap_or_else(|error| chain(&error))).with(look.values))
    }

    /// Pushes to the repository.
    pub(crate) async fn wakes(&self, context: &Context<'_>) -> Option<BoxStream<'static, ()>> {
        let (owner, name) = context.repository(&self.repo).ok()?;
        let repository = format!("{owner}/{name}");
        let pushes = context.session.platform.forge.pushes().await.ok()?;
        let here = move |push: Push| std::future::ready((push.repository == repository).then_some(()));
        Some(pushes.filter_map(here).boxed())
    }
}

/// What the branch must have, rendered.
struct Wanted {
    file: Option<String>,
    no_file: Option<String>,
    text: WantedText,
    author: Option<String>,
    message: Option<String>,
    contains: Option<String>,
}

/// A branch of a repository.
struct Place<'a> {
    api: &'a Gitea,
    owner: String,
    name: String,
    branch: String,
}

impl Place<'_> {
    async fn look(&self, wanted: &Wanted) -> Result<Look, Error> {
        let Self { api, owner, name, branch } = self;
        let Some(head) = api.branch(owner, name, branch).await? else {
            let there = api.branches(owner, name).await?;
            let names =
                there.iter().map(|branch| format!("`{}`", branch.name)).collect::<Vec<_>>().join(", ");
            let there = if names.is_empty() {
                "nothing has been pushed".to_owned()
            } else {
                format!("there is {names}")
            };
            return Ok(Look::not_yet(format!("there is no branch `{branch}`; {there}")));
        };
        let commits = api.commits(owner, name, &head.commit, COMMITS).await?;
        let fits = |commit: &&Commit| wanted.commit(commit);
        let Some(commit) = commits.iter().find(fits) else {
            return Ok(Look::not_yet(nearest(&commits)));
        };
        let author = json!({"name": commit.author.name, "email": commit.author.email});
        let value = json!({"sha": commit.sha, "message": commit.message, "author": author, "parents": commit.parents});
        let values: Map<String, Value> = [("commit".to_owned(), value)].into_iter().collect();
        let missing = self.missing(wanted, &head.commit, &commits).await?;
        Ok(missing.map_or_else(|| Look::holds(Map::new()), Look::not_yet).with(values))
    }

    /// The newest commit that was looked at, and what is newer on other branches.
    async fn other_work(&self, commit: &Value) -> Result<String, Error> {
        let Self { api, owner, name, branch } = self;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (sha, message) = (text(&commit["sha"]), text(&commit["message"]));
        let title = message.lines().next().unwrap_or_default();
        let newest = format!("the newest commit of `{branch}` is {} \"{title}\"", short(&sha));
        let here = api.commits(owner, name, branch, COMMITS).await?;
        let branches = api.branches(owner, name).await?;
        let ahead = branches
            .iter()
            .filter(|other| other.name != *branch && !here.iter().any(|commit| commit.sha == other.commit));
        let ahead: Vec<_> = ahead.take(3).map(|other| format!("`{}`", other.name)).collect();
        Ok(match ahead.as_slice() {
            [] => newest,
            [one] => format!("{newest}; branch {one} has a commit that `{branch}` has not"),
            more => format!("{newest}; branches {} have commits that `{branch}` has not", more.join(", ")),
        })
    }

    /// What the branch lacks, in words.
    async fn missing(
        &self,
        wanted: &Wanted,
        head: &str,
        commits: &[Commit],
    ) -> Result<Option<String>, Error> {
        let Self { api, owner, name, branch } = self;
        if let Some(contained) = &wanted.contains
            && !commits.iter().any(|commit| commit.sha.starts_with(contained.as_str()))
        {
            return Ok(Some(format!(
                "the newest {} commits of `{branch}` are without {contained}",
                commits.len()
            )));
        }
        if wanted.file.is_none() && wanted.no_file.is_none() {
            return Ok(None);
        }
        let tree = api.tree(owner, name, head).await?;
        if let Some(file) = wanted.no_file.as_ref().filter(|file| has(&tree, file)) {
            return Ok(Some(format!("`{file}` is on `{branch}`")));
        }
        let Some(file) = &wanted.file else { return Ok(None) };
        if !has(&tree, file) {
            return self.near_miss(file, &tree).await.map(Some);
        }
        if wanted.text == WantedText::default() {
            return Ok(None);
        }
        let content = api.file(owner, name, file, head).await?.unwrap_or_default();
        let missing = wanted.text.difference(&String::from_utf8_lossy(&content));
        Ok(missing.map(|missing| format!("there is not {missing} `{file}`")))
    }

    /// Where the file is instead, if it is somewhere.
    async fn near_miss(&self, file: &str, tree: &[TreeEntry]) -> Result<String, Error> {
        let Self { api, owner, name, branch } = self;
        let missing = format!("`{file}` is not on `{branch}`");
        let other_case = tree.iter().find(|entry| entry.path.to_lowercase() == file.to_lowercase());
        if let Some(entry) = other_case {
            return Ok(format!(
                "{missing}, but `{}` is: capitals and small letters are not the same",
                entry.path
            ));
        }
        let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        for other in
            api.branches(owner, name).await?.iter().filter(|other| other.name != *branch).take(BRANCHES)
        {
            if has(&api.tree(owner, name, &other.commit).await?, file) {
                let there = format!("{missing}, but it is on branch `{}`", other.name);
                return Ok(format!("{there}: merge that into `{branch}` and push `{branch}`"));
            }
        }
        let elsewhere = tree.iter().filter(|entry| entry.kind == "blob" && base(&entry.path) == base(file));
        let elsewhere: Vec<_> = elsewhere.take(3).map(|entry| format!("`{}`", entry.path)).collect();
        Ok(if elsewhere.is_empty() {
            missing
        } else {
            format!("{missing}; there is {}", elsewhere.join(", "))
        })
    }
}

impl Wanted {
    fn commit(&self, commit: &Commit) -> bool {
        let author =
            self.author.as_ref().is_none_or(|author| commit.author.email.eq_ignore_ascii_case(author));
        let matches =
            |pattern: &String| Regex::new(pattern).is_ok_and(|regex| regex.is_match(&commit.message));
        author && self.message.as_ref().is_none_or(matches)
    }
}

/// What the newest commit is, where another was wanted.
fn nearest(commits: &[Commit]) -> String {
    let Some(newest) = commits.first() else { return "there is no commit".to_owned() };
    let title = newest.message.lines().next().unwrap_or_default();
    format!("the newest commit is \"{title}\" by {}", newest.author.email)
}

fn has(tree: &[TreeEntry], path: &str) -> bool {
    tree.iter().any(|entry| entry.kind == "blob" && entry.path == path)
}
