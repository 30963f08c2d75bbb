//! Which names users, organisations and repositories may have: what is safe as a folder and a segment of a URL, and
//! what no route of the servers needs. The rules are Gitea's.

/// Longer ones are refused.
const USER_LIMIT: usize = 40;
const REPOSITORY_LIMIT: usize = 100;

/// First segments of URLs that are not an owner.
const RESERVED: &[&str] = &[
    ".",
    "..",
    ".well-known",
    "-",
    "admin",
    "api",
    "assets",
    "attachments",
    "avatar",
    "avatars",
    "captcha",
    "commits",
    "debug",
    "devtest",
    "error",
    "explore",
    "favicon.ico",
    "ghost",
    "healthz",
    "issues",
    "login",
    "manifest.json",
    "metrics",
    "milestones",
    "new",
    "notifications",
    "org",
    "pulls",
    "raw",
    "repo",
    "repo-avatars",
    "robots.txt",
    "search",
    "serviceworker.js",
    "ssh_info",
    "stars",
    "static",
    "swagger.v1.json",
    "user",
    "v2",
    "gitea-actions",
];

/// Whether `name` may be a user's or an organisation's.
pub fn is_account_name(name: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    let separator = |byte: &u8| b"-_.".contains(byte);
    name.len() <= USER_LIMIT
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || separator(byte))
        && edge(bytes.first())
        && edge(bytes.last())
        && !bytes.windows(2).any(|pair| pair.iter().all(separator))
        && !is_reserved(name)
}

/// Whether `name` is one that the servers need themselves.
pub fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RESERVED.contains(&name.as_str())
        || [".keys", ".gpg", ".rss", ".atom", ".png"].iter().any(|end| name.ends_with(end))
}

/// Whether `name` may be a repository's.
pub fn is_repository_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.is_empty()
        && name.len() <= REPOSITORY_LIMIT
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !matches!(name, "." | ".." | "-")
        && ![".git", ".wiki", ".rss", ".atom"].iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_their_folder_or_take_a_route_are_refused() {
        for good in ["dev1", "fleet", "a", "Ada.Lovelace", "x-1_y"] {
            assert!(is_account_name(good), "{good}");
        }
        for bad in ["", ".", "..", "-", "a/b", "a..b", ".a", "a.", "a b", "api", "API", "v2", "ä", "x.keys"]
        {
            assert!(!is_account_name(bad), "{bad}");
        }
        for good in ["dev1-apps", "fleet_infra", "a.b", ".profile"] {
            assert!(is_repository_name(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a.git", "A.GIT", "a b", "a\\b", "a\0b", "x.wiki"] {
            assert!(!is_repository_name(bad), "{bad}");
        }
    }
}
