//! "Did you mean": the nearest of the words that would do.

/// How many words a list shows.
const SHOWN: usize = 12;

/// Names the nearest of `known`, and the others. `intro` begins the list.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, intro: &str) -> String {
    let known: Vec<_> = known.into_iter().collect();
    let nearest = known.iter().map(|&other| (distance(word, other), other)).min();
    let close = |distance: usize| distance <= (word.chars().count() / 3).max(1);
    let mut list = known.iter().take(SHOWN).map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    if known.len() > SHOWN {
        list.push_str(", …");
    }
    match nearest {
        Some((distance, other)) if close(distance) => format!("did you mean `{other}`? {intro}: {list}"),
        Some(_) => format!("{intro}: {list}"),
        None => format!("{intro}: nothing"),
    }
}

/// How many letters must be changed, added, removed or swapped with the next.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let one: Vec<char> = one.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, &letter) in one.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, &candidate) in other.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != candidate);
            let mut best = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && letter == other[column - 1] && one[row - 1] == candidate {
                best = best.min(before[column - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut last, next);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_nearest_word() {
        let help = did_you_mean("kustomisation", ["git_repository", "kustomization"], "there is");
        assert_eq!(help, "did you mean `kustomization`? there is: `git_repository`, `kustomization`");
    }

    #[test]
    fn names_none_that_is_far() {
        assert_eq!(did_you_mean("sleep", ["run", "commit"], "there is"), "there is: `run`, `commit`");
    }

    #[test]
    fn counts_letters() {
        let cases =
            [("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3), ("ä", "a", 1)];
        for (one, other, expected) in cases {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
