//! Whole conversations with a real Gitea 1.24, recorded and held again with ours: requests of several people, each
//! seeing what the earlier ones did. Where ours answers otherwise on purpose, [`OURS`] says so, and why.

use regex::{Captures, Regex};
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{Answer, World};

struct Turn {
    /// Empty for nobody.
    user: String,
    method: Method,
    path: String,
    body: Option<Value>,
    status: u16,
    content_type: String,
    total: String,
    /// What was made only for the sake of later turns.
    quiet: bool,
    answer: String,
}

/// Reads `# user METHOD path`, `# body: …`, `# status: …` and the answer; text that is no JSON is behind `| `.
fn read(name: &str) -> Vec<Turn> {
    let path = format!("{}/tests/fixtures/forge/conversations/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let request = Regex::new(r"^# (\S+) ([A-Z]+) (/.*)$").unwrap();
    let status = Regex::new(r"^# status: (\d+) content-type: ?(.*?)(?: x-total-count: (\d+))?$").unwrap();
    let mut turns: Vec<Turn> = Vec::new();
    for line in text.lines() {
        if let Some(found) = request.captures(line) {
            turns.push(Turn {
                user: found[1].replace('-', ""),
                method: found[2].parse().unwrap(),
                path: found[3].to_owned(),
                body: None,
                status: 0,
                content_type: String::new(),
                total: String::new(),
                quiet: false,
                answer: String::new(),
            });
            continue;
        }
        let Some(turn) = turns.last_mut() else { continue };
        if let Some(body) = line.strip_prefix("# body: ") {
            turn.body = Some(serde_json::from_str(body).unwrap());
        } else if let Some(found) = status.captures(line) {
            turn.status = found[1].parse().unwrap();
            found[2].clone_into(&mut turn.content_type);
            turn.total = found.get(3).map(|total| total.as_str().to_owned()).unwrap_or_default();
        } else if line == "# quiet" {
            turn.quiet = true;
        } else if let Some(text) = line.strip_prefix('|') {
            turn.answer.push_str(text.strip_prefix(' ').unwrap_or(text));
            turn.answer.push('\n');
        } else if !line.is_empty() {
            turn.answer.push_str(line);
        }
    }
    turns
}

/// `<tip owner/name branch>` in requests is that branch's commit.
async fn resolved(world: &World, text: &str) -> String {
    let tip = Regex::new(r"<tip (\S+) ([^>]+)>").unwrap();
    let mut text = text.to_owned();
    while let Some(found) = tip.captures(&text) {
        let path = format!("/repos/{}/branches/{}", &found[1], &found[2]);
        let branch = world.call("atelier", Method::GET, &path, None).await.json();
        text = text.replace(&found[0], branch["commit"]["id"].as_str().unwrap());
    }
    text
}

/// Users and repositories are compared elsewhere: here their names do. Ids of pull requests, reviews and comments
/// count within a repository with ours, within everything with Gitea; Gitea counts comments in the background.
fn redact(value: Value) -> Value {
    match value {
        Value::Array(all) => all.into_iter().map(redact).collect(),
        Value::Object(mut fields) => {
            if fields.contains_key("login_name") {
                return json!(format!("<user {}>", fields["login"].as_str().unwrap()));
            }
            if fields.contains_key("clone_url") {
                return json!(format!("<repository {}>", fields["full_name"].as_str().unwrap()));
            }
            let counted = ["pin_order", "pull_request_url"].iter().any(|field| fields.contains_key(*field));
            if counted && fields.contains_key("id") {
                fields.insert("id".to_owned(), json!("<id>"));
            }
            for field in ["repo_id", "id"] {
                let told = field == "repo_id" || fields.get("owner").is_some_and(Value::is_string);
                if told && fields.contains_key(field) {
                    fields.insert(field.to_owned(), json!("<id>"));
                }
            }
            if fields.contains_key("pin_order") {
                fields.insert("comments".to_owned(), json!("<count>"));
            }
            Value::Object(fields.into_iter().map(|(key, value)| (key, redact(value))).collect())
        }
        Value::String(text) => Value::String(redact_text(&text)),
        other => other,
    }
}

fn redact_text(text: &str) -> String {
    let rules = [
        (r"\b[0-9a-f]{40}\b", "<sha1>"),
        (r"avatars/[0-9a-f]{32}", "avatars/<hash>"),
        (r"^\d{4}-\d\d-\d\dT[0-9:]{8}(Z|[+-][0-9:]{5})$", "<time>"),
        (r"#issuecomment-\d+", "#issuecomment-<id>"),
        (r"issue_id: \d+", "issue_id: <id>"),
        // Archives of files are not served.
        (r"^http://forge/.*/archive/.*$", ""),
        (r"^<Repository \d+:", "<Repository <id>:"),
    ];
    let replace = |text: String, (pattern, with): &(&str, &str)| -> String {
        Regex::new(pattern).unwrap().replace_all(&text, |_: &Captures| (*with).to_owned()).into_owned()
    };
    rules.iter().fold(text.to_owned(), replace)
}

fn shown(text: &str, url: &str) -> String {
    let text = text.replace(url, "http://forge");
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => serde_json::to_string_pretty(&redact(value)).unwrap(),
        Err(_) => text.trim_end().to_owned(),
    }
}

/// What ours answers otherwise: the request's beginning, the status, and the message.
const OURS: &[(&str, u16, &str)] = &[
    // Drafts are for those who may write them; Gitea shows them to whoever asks by id.
    ("- GET /repos/dev1/guard/releases/3", 404, "The target couldn't be found."),
    // Gitea's words are about its own decoder.
    (
        r#"dev1 POST /repos/dev1/guard/keys {"title":"k2""#,
        422,
        "Invalid key content: not a public key as in `authorized_keys`",
    ),
    // Gitea fails: 500 without words.
    ("dev1 POST /repos/dev1/gen/releases", 423, "<Repository 3:dev1/gen> is archived"),
    // Gitea keeps a draft that nobody sees.
    (
        r#"dev2 POST /repos/dev1/apps/pulls/1/reviews {"event":"NONSENSE""#,
        422,
        "unknown review event: NONSENSE; one of APPROVED, REQUEST_CHANGES, COMMENT",
    ),
    // Gitea forgets the words.
    ("dev3 DELETE /repos/dev1/apps/pulls/1/reviews/1", 403, "only the reviewer can delete the review"),
    // Gitea remembers that it was there.
    ("dev1 GET /repos/dev1/styles/branches/one", 404, "The target couldn't be found."),
    // Gitea fails: 500 without words.
    ("dev3 POST /repos/dev1/apps/issues/99/comments", 404, "The target couldn't be found."),
    (
        r#"dev1 POST /repos/dev1/styles/pulls/2/merge {"Do":"fast-forward-only""#,
        409,
        "the branches have diverged: a fast-forward is not possible",
    ),
    ("dev1 POST /repos/dev1/styles/pulls/6/update", 409, "HeadBranch of PR 6 is up to date"),
];

fn compare(turn: &Turn, answer: &Answer, url: &str) -> Option<String> {
    let body = turn.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let user = if turn.user.is_empty() { "-" } else { &turn.user };
    let request = format!("{user} {} {} {body}", turn.method, turn.path);
    let ours =
        OURS.iter().position(|(start, status, _)| request.starts_with(start) && *status == answer.status);
    if let Some(index) = ours {
        let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        return (message != OURS[index].2).then(|| format!("{request}\n  says {message}"));
    }
    let kind = answer.header("content-type");
    let told = (answer.status, kind, answer.header("x-total-count"));
    let recorded = (turn.status, turn.content_type.as_str(), turn.total.as_str());
    if turn.quiet {
        return (told.0 != recorded.0).then(|| format!("{request}\n  {told:?}: {}", answer.text));
    }
    let (got, wanted) = (shown(&answer.text, url), shown(&turn.answer, url));
    (told != recorded || got != wanted).then(|| {
        let lines = similar::TextDiff::from_lines(&wanted, &got);
        let diff = lines.unified_diff().context_radius(2).to_string();
        format!("{request}\n  recorded {recorded:?}\n  got      {told:?}\n{diff}")
    })
}

async fn hold(names: &[&str]) {
    let world = World::open().await;
    let mut wrong = Vec::new();
    for name in names {
        for turn in read(name) {
            let path = resolved(&world, &turn.path).await;
            let body = match &turn.body {
                Some(body) => serde_json::from_str(&resolved(&world, &body.to_string()).await).unwrap(),
                None => None,
            };
            let answer = world.call(&turn.user, turn.method.clone(), &path, body).await;
            wrong.extend(compare(&turn, &answer, &world.url));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
    world.fsck(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pull_requests_are_opened_reviewed_discussed_and_merged() {
    hold(&["pulls"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_styles_merge_as_recorded() {
    hold(&["people", "merges"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_a_branch_hold_merges_back_in_their_order() {
    hold(&["people", "door"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forks_and_releases_are_those_of_the_recordings() {
    hold(&["people", "guard", "forks"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_collaborators_templates_and_archives_are_those_of_the_recordings() {
    hold(&["people", "guard", "rights"]).await;
}
