//! The forms that names must have, each with Kubernetes' words for a name that has not.
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>

use serde_json::Value;

use crate::apiserver::types::Kind;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
    '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const OLD_LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
    validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
    with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const OVERALL: &str = "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and \
    end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. \
    'example.com/MyName')";
const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which \
    must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. \
    '*.example.com', regex used for validation is \
    '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
    '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
    used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const DATA_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
    'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// What is wrong with `name` as the name of an object of `kind`.
pub(super) fn object_name(kind: &Kind, name: &str) -> Vec<String> {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") | ("apps", "StatefulSet") => label(name),
        ("", "Service") => old_label(name),
        ("batch", "CronJob") if name.len() > 52 => vec!["must be no more than 52 characters".to_owned()],
        ("rbac.authorization.k8s.io", _) => path_segment(name),
        _ => subdomain(name),
    }
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_label(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.first().copied().is_some_and(is_lower)
        && bytes.last().copied().is_some_and(is_lower)
        && bytes.iter().all(|&byte| is_lower(byte) || byte == b'-')
}

/// Dots have words of their own where only one label may stand.
fn dots(name: &str) -> Option<String> {
    name.contains('.').then(|| "must not contain dots".to_owned())
}

fn too_long(name: &str, limit: usize) -> Option<String> {
    (name.len() > limit).then(|| format!("must be no more than {limit} characters"))
}

/// An RFC 1123 label.
pub(super) fn label(name: &str) -> Vec<String> {
    let parts = name.split('.').all(is_label);
    let form = if parts { dots(name) } else { Some(LABEL.to_owned()) };
    too_long(name, 63).into_iter().chain(form).collect()
}

/// An RFC 1123 subdomain.
pub(crate) fn subdomain(name: &str) -> Vec<String> {
    let form = (!name.split('.').all(is_label)).then(|| SUBDOMAIN.to_owned());
    too_long(name, 253).into_iter().chain(form).collect()
}

/// A label in the older form of RFC 1035, which begins with a letter.
pub(super) fn old_label(name: &str) -> Vec<String> {
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let form = (!begins || !is_label(name)).then(|| OLD_LABEL.to_owned());
    too_long(name, 63).into_iter().chain(form).collect()
}

/// The name of a port of a container.
pub(super) fn port(name: &str) -> Vec<String> {
    let lower = |byte: u8| is_lower(byte) || byte == b'-';
    let form = if !name.bytes().all(lower) {
        Some("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    } else if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Some("must contain at least one letter (a-z)")
    } else {
        None
    };
    let hyphens = if name.contains("--") { Some("must not contain consecutive hyphens") } else { None };
    let ends = name.starts_with('-') || name.ends_with('-');
    let ends = ends.then_some("must not begin or end with a hyphen");
    too_long(name, 15)
        .into_iter()
        .chain(form.into_iter().chain(hyphens).chain(ends).map(str::to_owned))
        .collect()
}

/// A host's name of which the first part may be `*`.
pub(super) fn wildcard(name: &str) -> Vec<String> {
    let rest = name.strip_prefix("*.");
    let form = (!rest.is_some_and(|rest| rest.split('.').all(is_label))).then(|| WILDCARD.to_owned());
    too_long(name, 253).into_iter().chain(form).collect()
}

/// What a finalizer is called: one of Kubernetes' own, or a name with a domain.
pub(super) fn finalizer(name: &str) -> Vec<String> {
    let own = ["kubernetes", "orphan", "foregroundDeletion"];
    let plain = (!name.contains('/') && !own.contains(&name))
        .then(|| "name is neither a standard finalizer name nor is it fully qualified".to_owned());
    plain.into_iter().collect()
}

fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    let contains = ["/", "%"].into_iter().filter(|part| name.contains(part));
    contains.map(|part| format!("may not contain '{part}'")).collect()
}

fn is_name_part(name: &str) -> bool {
    let bytes = name.as_bytes();
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|&byte| inner(byte))
}

/// A key of labels or annotations, with or without a domain before it.
pub(crate) fn qualified(key: &str) -> Vec<String> {
    if key.matches('/').count() > 1 {
        return vec![OVERALL.to_owned()];
    }
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let mut wrong = Vec::new();
    match prefix {
        Some("") => wrong.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            wrong.extend(subdomain(prefix).into_iter().map(|words| format!("prefix part {words}")));
        }
        None => {}
    }
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        wrong.push("name part must be no more than 63 characters".to_owned());
    }
    if !is_name_part(name) {
        wrong.push(QUALIFIED.to_owned());
    }
    wrong
}

/// The value of a label.
pub(crate) fn label_value(value: &str) -> Vec<String> {
    let form = (!value.is_empty() && !is_name_part(value)).then(|| LABEL_VALUE.to_owned());
    too_long(value, 63).into_iter().chain(form).collect()
}

/// A key of the data of a ConfigMap or a Secret.
pub(super) fn data_key(key: &str) -> Vec<String> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let form = (key.is_empty() || !key.bytes().all(inner)).then(|| DATA_KEY.to_owned());
    let dots = match key {
        "." | ".." => Some(format!("must not be '{key}'")),
        _ if key.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    };
    too_long(key, 253).into_iter().chain(form).chain(dots).collect()
}

/// A text as a value of an error.
pub(super) fn quoted(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (name, right) in
            [("a", true), ("a-b", true), ("-a", false), ("a-", false), ("A", false), ("", false)]
        {
            assert_eq!(label(name).is_empty(), right, "label {name:?}");
        }
        for (name, right) in [("a.b", true), ("a..b", false), ("a.B", false), ("1.2", true)] {
            assert_eq!(subdomain(name).is_empty(), right, "subdomain {name:?}");
        }
        for (name, right) in
            [("app", true), ("x.io/App_1", true), ("/a", false), ("a/", false), ("a b", false)]
        {
            assert_eq!(qualified(name).is_empty(), right, "qualified {name:?}");
        }
        for (name, right) in [("a.b_c-d", true), ("a b", false), ("..", false), ("..a", false), (".a", true)]
        {
            assert_eq!(data_key(name).is_empty(), right, "data key {name:?}");
        }
    }
}
