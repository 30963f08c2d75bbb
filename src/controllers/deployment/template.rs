//! Pod templates: when two are the same, and the hash that names the `ReplicaSet` of one. Pure.

use k8s_openapi::api::core::v1::PodTemplateSpec;

/// The label that tells the Pods of one template from those of the next.
pub(super) const HASH_LABEL: &str = "pod-template-hash";

/// What Kubernetes makes names of: no vowels, so that no words come out, and nothing that looks like another.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The hash of a template; `collisions` makes it another one.
pub(in super::super) fn hash(template: &PodTemplateSpec, collisions: i32) -> String {
    let text = serde_json::to_string(template).unwrap_or_default();
    let bytes = text.bytes().chain(if collisions == 0 { [0; 4] } else { collisions.to_le_bytes() });
    let sum = bytes.fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    sum.to_string().bytes().map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()])).collect()
}

/// Whether two templates are the same but for the hash.
pub(super) fn same(one: &PodTemplateSpec, other: &PodTemplateSpec) -> bool {
    without_hash(one) == without_hash(other)
}

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
        labels.remove(HASH_LABEL);
    }
    template
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(image: &str) -> PodTemplateSpec {
        let containers = json!([{ "name": "web", "image": image }]);
        serde_json::from_value(
            json!({ "metadata": { "labels": { "app": "web" } }, "spec": { "containers": containers } }),
        )
        .unwrap()
    }

    #[test]
    fn hash_is_stable_and_tells_templates_apart() {
        let first = hash(&template("web:1"), 0);
        assert_eq!(first, hash(&template("web:1"), 0));
        assert_ne!(first, hash(&template("web:2"), 0));
        assert_ne!(first, hash(&template("web:1"), 1));
        assert!(first.len() <= 10 && first.bytes().all(|byte| ALPHABET.contains(&byte)), "{first}");
    }

    #[test]
    fn templates_are_compared_without_the_hash() {
        let mut labelled = template("web:1");
        let labels = labelled.metadata.as_mut().unwrap().labels.as_mut().unwrap();
        labels.insert(HASH_LABEL.to_owned(), "x".to_owned());
        assert!(same(&template("web:1"), &labelled));
        assert!(!same(&template("web:2"), &labelled));
    }
}
