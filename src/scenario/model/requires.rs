//! `requires`: what must be at hand for a track or for a step.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Placed, Text};
use crate::platform;

/// A part of a lab that not every lab has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// Flux, for sources in Git and for Kustomize.
    Flux,
    /// Flux, for charts.
    Helm,
    /// Admission policies written in CEL.
    Policies,
    /// The registry.
    Registry,
    /// Containers that run.
    Containers,
}

impl Component {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flux => "flux",
            Self::Helm => "helm",
            Self::Policies => "policies",
            Self::Registry => "registry",
            Self::Containers => "containers",
        }
    }

    /// What a lab lacks that has not got it, in words.
    pub fn lack(self) -> &'static str {
        match self {
            Self::Flux => "Flux is not installed in this cluster",
            Self::Helm => "this cluster has no Flux for charts (no kind HelmRelease)",
            Self::Policies => "this cluster has no admission policies (no kind ValidatingAdmissionPolicy)",
            Self::Registry => "the registry does not answer",
            Self::Containers => "no containers run on this platform",
        }
    }
}

/// What must be at hand.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requires {
    /// Parts of the lab.
    #[serde(default)]
    pub components: Vec<Placed<Component>>,
    /// Programs on `PATH`, with the versions that will do, such as `>=1.30` or `>=2.4, <3`.
    #[serde(default)]
    pub tools: BTreeMap<String, Text>,
    /// The platforms that it works on; all when none is named.
    #[serde(default)]
    pub platforms: Vec<Placed<platform::Kind>>,
}

/// A version demanded of a tool: comparisons that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Versions(Vec<(Comparison, Vec<u64>)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    Above,
    AtMost,
    Below,
    Is,
}

impl Versions {
    /// Reads comparisons with commas between them; nothing when the text is none. A version alone is the least.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let one = |part: &str| {
            let part = part.trim();
            let words = [
                (">=", Comparison::AtLeast),
                ("<=", Comparison::AtMost),
                (">", Comparison::Above),
                ("<", Comparison::Below),
                ("=", Comparison::Is),
                ("", Comparison::AtLeast),
            ];
            let (rest, comparison) =
                words.iter().find_map(|(word, comparison)| Some((part.strip_prefix(word)?, *comparison)))?;
            Some((comparison, numbers(rest.trim())?))
        };
        text.split(',').map(one).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether a version such as `2.39.5` will do.
    pub(crate) fn allow(&self, version: &str) -> bool {
        let Some(found) = numbers(version) else { return false };
        self.0.iter().all(|(comparison, wanted)| {
            let known: Vec<_> =
                found.iter().copied().chain(std::iter::repeat(0)).take(wanted.len().max(3)).collect();
            let wanted: Vec<_> =
                wanted.iter().copied().chain(std::iter::repeat(0)).take(known.len()).collect();
            match comparison {
                Comparison::AtLeast => known >= wanted,
                Comparison::Above => known > wanted,
                Comparison::AtMost => known <= wanted,
                Comparison::Below => known < wanted,
                Comparison::Is => known == wanted,
            }
        })
    }
}

fn numbers(text: &str) -> Option<Vec<u64>> {
    let parts: Vec<_> = text.trim_start_matches('v').split('.').map(|part| part.parse().ok()).collect();
    parts.into_iter().collect::<Option<Vec<u64>>>().filter(|numbers| numbers.len() <= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_number_by_number() {
        let cases = [
            (">=2.30", "2.39.5", true),
            (">=2.30", "2.9.1", false),
            ("2.30", "2.30.0", true),
            (">=2.4, <3", "2.9", true),
            (">=2.4, <3", "3.0.0", false),
            ("=1.34", "1.34.0", true),
            ("=1.34", "1.34.1", false),
            (">1.34", "1.34.0", false),
            ("<=v1.34", "v1.34.0", true),
            (">=1", "one", false),
        ];
        for (wanted, found, expected) in cases {
            assert_eq!(Versions::parse(wanted).unwrap().allow(found), expected, "{found} {wanted}");
        }
        for wrong in ["", "~1.2", ">=", "1.x", ">=1,,", "1.2.3.4.5"] {
            assert_eq!(Versions::parse(wrong), None, "{wrong}");
        }
    }
}
