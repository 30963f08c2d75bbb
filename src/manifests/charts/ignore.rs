//! `.helmignore`: which files of a folder are no part of the chart. The patterns are Go's `filepath.Match`.

/// The rules of a file, and the one that always holds.
pub(super) struct Rules {
    rules: Vec<Rule>,
}

struct Rule {
    pattern: String,
    negates: bool,
    folders_only: bool,
}

impl Rules {
    /// Reads rules. `**` is refused, as in Helm.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Vec::new();
        let text = text.trim_start_matches('\u{feff}');
        for line in text.lines().map(str::trim).chain(["templates/.?*"]) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.contains("**") {
                return Err("double-star (**) syntax is not supported".to_owned());
            }
            let (negates, line) = line.strip_prefix('!').map_or((false, line), |line| (true, line));
            let (folders_only, line) = line.strip_suffix('/').map_or((false, line), |line| (true, line));
            rules.push(Rule { pattern: line.to_owned(), negates, folders_only });
        }
        Ok(Self { rules })
    }

    /// Whether a file or folder is left out. The folders above it count too.
    pub(super) fn ignores(&self, path: &str) -> bool {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        above.clone().any(|folder| self.matches(folder, true)) || self.matches(path, false)
    }

    fn matches(&self, path: &str, is_folder: bool) -> bool {
        for rule in &self.rules {
            let name = path.rsplit('/').next().unwrap_or(path);
            let matches = match rule.pattern.strip_prefix('/') {
                Some(rooted) => glob(rooted.as_bytes(), path.as_bytes()),
                None if rule.pattern.contains('/') => glob(rule.pattern.as_bytes(), path.as_bytes()),
                None => glob(rule.pattern.as_bytes(), name.as_bytes()),
            };
            if rule.negates {
                if (rule.folders_only && !is_folder) || !matches {
                    return true;
                }
                continue;
            }
            if matches && (is_folder || !rule.folders_only) {
                return true;
            }
        }
        false
    }
}

/// `*` and `?` within a name, `[a-z]`, `[^a]`, `\` before what is meant as it is.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => {
            let within = name.iter().position(|&byte| byte == b'/').unwrap_or(name.len());
            (0..=within).any(|skip| glob(rest, &name[skip..]))
        }
        Some((b'?', rest)) => name.first().is_some_and(|&byte| byte != b'/') && glob(rest, &name[1..]),
        Some((b'[', rest)) => {
            let Some(end) = rest.iter().position(|&byte| byte == b']') else { return false };
            let Some((&byte, others)) = name.split_first() else { return false };
            let (negated, set) = match rest[..end].split_first() {
                Some((b'^', set)) => (true, set),
                _ => (false, &rest[..end]),
            };
            in_set(set, byte) != negated && glob(&rest[end + 1..], others)
        }
        Some((b'\\', rest)) if !rest.is_empty() => {
            name.first() == Some(&rest[0]) && glob(&rest[1..], &name[1..])
        }
        Some((byte, rest)) => name.first() == Some(byte) && glob(rest, &name[1..]),
    }
}

fn in_set(set: &[u8], byte: u8) -> bool {
    let mut at = 0;
    while at < set.len() {
        if set.get(at + 1) == Some(&b'-') && at + 2 < set.len() {
            if (set[at]..=set[at + 2]).contains(&byte) {
                return true;
            }
            at += 3;
        } else {
            if set[at] == byte {
                return true;
            }
            at += 1;
        }
    }
    false
}
