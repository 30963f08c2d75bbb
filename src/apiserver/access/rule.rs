//! One rule of a role: what it allows, and whether it is wide enough to give another one away.
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources>

use serde::{Deserialize, Serialize};

use super::attributes::{Attributes, Object};

/// A rule that would fall into more parts than this is not taken apart.
const MOST_PARTS: usize = 20_000;

/// Verbs on resources, or on other paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) api_groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub(crate) non_resource_urls: Vec<String>,
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|own| own == "*" || own == wanted)
}

fn has_all(list: &[String], wanted: &[String]) -> bool {
    list.iter().any(|own| own == "*") || wanted.iter().all(|one| list.contains(one))
}

impl Rule {
    /// Everything there is: what only the administrators of a cluster have.
    pub(crate) fn everything() -> [Self; 2] {
        let all = || vec!["*".to_owned()];
        [
            Self { verbs: all(), api_groups: all(), resources: all(), ..Self::default() },
            Self { verbs: all(), non_resource_urls: all(), ..Self::default() },
        ]
    }

    /// Whether the rule allows it.
    pub(crate) fn allows(&self, attributes: &Attributes) -> bool {
        if !has(&self.verbs, &attributes.verb) {
            return false;
        }
        match &attributes.object {
            Object::Path(path) => self.has_url(path),
            Object::Resource { group, resource, subresource, name, .. } => {
                has(&self.api_groups, group)
                    && self.has_resource(resource, subresource)
                    && (self.resource_names.is_empty() || self.resource_names.contains(name))
            }
        }
    }

    fn has_resource(&self, resource: &str, subresource: &str) -> bool {
        self.resources.iter().any(|own| match own.split_once('/') {
            _ if own == "*" => true,
            None => subresource.is_empty() && own == resource,
            Some((of, below)) => {
                !subresource.is_empty() && below == subresource && (of == "*" || of == resource)
            }
        })
    }

    fn has_url(&self, path: &str) -> bool {
        self.non_resource_urls.iter().any(|own| match own.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => own == path,
        })
    }

    /// Whether who has this rule has all of the other one.
    fn covers(&self, other: &Self) -> bool {
        let names = if other.resource_names.is_empty() {
            self.resource_names.is_empty()
        } else {
            self.resource_names.is_empty() || has_all(&self.resource_names, &other.resource_names)
        };
        let resources = |wanted: &String| match wanted.split_once('/') {
            _ if self.resources.contains(wanted) => true,
            Some((_, below)) => self.resources.contains(&format!("*/{below}")),
            None => false,
        };
        names
            && has_all(&self.verbs, &other.verbs)
            && has_all(&self.api_groups, &other.api_groups)
            && (has(&self.resources, "*") || other.resources.iter().all(resources))
            && other.non_resource_urls.iter().all(|url| self.has_url(url))
    }

    /// The smallest rules that say the same.
    fn parts(&self) -> Vec<Self> {
        let one = |text: &str| vec![text.to_owned()];
        let count = |list: &[String]| list.len().max(1);
        let size = [&self.verbs, &self.api_groups, &self.resources, &self.resource_names]
            .iter()
            .fold(count(&self.non_resource_urls), |size, list| size.saturating_mul(count(list)));
        if size > MOST_PARTS {
            return vec![self.clone()];
        }
        let mut parts = Vec::new();
        for group in &self.api_groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    let part = Self {
                        verbs: one(verb),
                        api_groups: one(group),
                        resources: one(resource),
                        ..Self::default()
                    };
                    if self.resource_names.is_empty() {
                        parts.push(part);
                    } else {
                        let names = self.resource_names.iter();
                        parts.extend(names.map(|name| Self { resource_names: one(name), ..part.clone() }));
                    }
                }
            }
        }
        for url in &self.non_resource_urls {
            for verb in &self.verbs {
                parts.push(Self { verbs: one(verb), non_resource_urls: one(url), ..Self::default() });
            }
        }
        parts
    }

    /// The words for people.
    fn words(&self) -> String {
        let quoted = |list: &[String]| {
            let quoted: Vec<_> = list.iter().map(|text| format!("{text:?}")).collect();
            format!("[{}]", quoted.join(" "))
        };
        let parts = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.non_resource_urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ];
        let parts = parts.iter().filter(|(_, list)| !list.is_empty());
        let parts: Vec<_> = parts.map(|(word, list)| format!("{word}:{}", quoted(list))).collect();
        format!("{{{}}}", parts.join(", "))
    }
}

/// What of `wanted` nobody with the rules `own` has, in words: one line each, sorted.
pub(crate) fn missing(own: &[&Rule], wanted: &[Rule]) -> Vec<String> {
    let mut missing: Vec<Rule> = Vec::new();
    let parts = wanted.iter().filter(|rule| !own.iter().any(|own| own.covers(rule))).flat_map(Rule::parts);
    for part in parts.filter(|part| !own.iter().any(|own| own.covers(part))) {
        let same = |known: &&mut Rule| {
            !part.resources.is_empty()
                && known.resources == part.resources
                && known.api_groups == part.api_groups
                && known.resource_names == part.resource_names
        };
        match missing.iter_mut().find(same) {
            Some(known) => known.verbs.extend(part.verbs),
            None => missing.push(part),
        }
    }
    let mut words: Vec<_> = missing.iter().map(Rule::words).collect();
    words.sort();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::apiserver::status::Named;

    fn rule(value: Value) -> Rule {
        serde_json::from_value(value).unwrap()
    }

    fn resource(verb: &str, group: &str, whole: &str, name: &str) -> Attributes {
        let (resource, below) = whole.split_once('/').unwrap_or((whole, ""));
        let mut attributes = Attributes::resource(verb, Named { group, plural: resource, name }, "default");
        if let Object::Resource { subresource, .. } = &mut attributes.object {
            below.clone_into(subresource);
        }
        attributes
    }

    #[test]
    fn what_a_rule_allows() {
        let pods = rule(json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "*/scale"]}));
        assert!(pods.allows(&resource("get", "", "pods", "a")));
        assert!(pods.allows(&resource("get", "", "deployments/scale", "a")));
        assert!(!pods.allows(&resource("get", "", "pods/log", "a")));
        assert!(!pods.allows(&resource("get", "apps", "pods", "a")));
        assert!(!pods.allows(&resource("list", "", "pods", "")));
        let named =
            rule(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "resourceNames": ["a"]}));
        assert!(named.allows(&resource("delete", "apps", "deployments/status", "a")));
        assert!(!named.allows(&resource("list", "apps", "deployments", "")));
        let urls = rule(json!({"verbs": ["get"], "nonResourceURLs": ["/healthz", "/apis/*"]}));
        let path = |path: &str| Attributes { verb: "get".into(), object: Object::Path(path.into()) };
        assert!(urls.allows(&path("/apis/apps")) && urls.allows(&path("/healthz")));
        assert!(!urls.allows(&path("/healthz/etcd")) && !urls.allows(&path("/apis")));
    }

    #[test]
    fn what_is_missing_to_give_a_rule_away() {
        let own = rule(json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "*/log"]}));
        let wanted = [
            rule(
                json!({"verbs": ["get", "watch", "delete"], "apiGroups": ["", "apps"], "resources": ["pods"]}),
            ),
            rule(
                json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"], "resourceNames": ["a"]}),
            ),
            rule(json!({"verbs": ["get"], "nonResourceURLs": ["/x/*"]})),
        ];
        let expected = [
            r#"{APIGroups:[""], Resources:["pods"], Verbs:["watch" "delete"]}"#,
            r#"{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "watch" "delete"]}"#,
            r#"{NonResourceURLs:["/x/*"], Verbs:["get"]}"#,
        ];
        assert_eq!(missing(&[&own], &wanted), expected);
        let everything = Rule::everything();
        assert_eq!(missing(&everything.iter().collect::<Vec<_>>(), &wanted), Vec::<String>::new());
    }
}
