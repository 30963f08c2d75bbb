//! What Kubernetes checks in definitions of custom resources, after `validation.go` of
//! `apiextensions-apiserver/pkg/apis/apiextensions/validation`. Their schemas are looked at in `structural`.

use serde_json::{Value, json};

use super::field::{Errors, Field};
use super::names::{self, quoted};
use super::structural;
use super::{FieldError, Reason};
use crate::apiserver::types::Kind;

/// Groups whose definitions somebody must have approved.
const PROTECTED: [&str; 2] = ["k8s.io", "kubernetes.io"];
const APPROVED: &str = "api-approved.kubernetes.io";
const NOT_APPROVED: &str = "protected groups must have approval annotation \"api-approved.kubernetes.io\", see \
    https://github.com/kubernetes/enhancements/pull/1111";
const PRESERVE: &str = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
    spec.versions[*].schema instead";
const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/// A definition, whose names and status have been completed.
pub(super) fn validate(object: &Field, errors: &mut Errors) {
    let before = errors.len();
    let (spec, name) = (object.get("spec"), object.get("metadata").get("name"));
    let wanted = format!("{}.{}", spec.get("names").get("plural").text(), spec.get("group").text());
    if name.text() != wanted {
        name.invalid("must be spec.names.plural+\".\"+spec.group", errors);
    }
    group(&spec.get("group"), errors);
    let scope = spec.get("scope");
    if scope.must_be_text("", errors) {
        scope.one_of(&["Cluster", "Namespaced"], errors);
    }
    versions(&spec, errors);
    required_names(&spec.get("names"), errors);
    schemas(&spec, errors);
    hoisted(&spec, "additionalPrinterColumns", "additionalPrinterColumns", errors, |columns, errors| {
        columns.items().for_each(|one| column(&one, errors));
    });
    conversion(&spec.get("conversion"), errors);
    stored(object, errors);
    approved(object, errors);
    if spec.get("preserveUnknownFields").value == true {
        spec.get("preserveUnknownFields").invalid(PRESERVE, errors);
    }
    if errors.len() == before
        && let Err(error) = Kind::from_crd(object.value)
    {
        let message = format!("Invalid value: {error}");
        errors.push(FieldError { field: "spec".to_owned(), reason: Reason::Invalid, message });
    }
}

fn group(group: &Field, errors: &mut Errors) {
    if !group.must_be_text("", errors) {
        return;
    }
    let wrong = names::subdomain(group.text());
    if !wrong.is_empty() {
        group.invalid(&wrong.join(","), errors);
    } else if !group.text().contains('.') {
        group.invalid("should be a domain with at least one dot", errors);
    }
}

fn versions(spec: &Field, errors: &mut Errors) {
    let versions = spec.get("versions");
    for version in versions.items() {
        let schema = version.get("schema").get("openAPIV3Schema");
        if !schema.is_set() {
            schema.required("", errors);
        }
    }
    let (mut seen, mut unique, mut stored) = (Vec::new(), true, 0);
    for version in versions.items() {
        let name = version.get("name");
        stored += usize::from(version.get("storage").value == true);
        unique &= !seen.contains(&name.text());
        seen.push(name.text());
        let wrong = names::old_label(name.text());
        if !wrong.is_empty() {
            name.wrong(&quoted(name.text()), &wrong.join(","), errors);
        }
    }
    let shown = || Value::from(versions.items().map(|version| shown(&version)).collect::<Vec<_>>());
    if !unique {
        versions.wrong(&shown(), "must contain unique version names", errors);
    }
    if stored != 1 {
        versions.wrong(&shown(), "must have exactly one version marked as storage version", errors);
    }
}

/// A version as the original prints its structure, which has schemas elsewhere.
fn shown(version: &Field) -> Value {
    let flag = |name: &str| version.get(name).value == true;
    json!({
        "Name": version.get("name").text(), "Served": flag("served"), "Storage": flag("storage"),
        "Deprecated": flag("deprecated"), "DeprecationWarning": version.get("deprecationWarning").value,
        "Schema": null, "Subresources": null, "AdditionalPrinterColumns": null, "SelectableFields": null,
    })
}

fn required_names(names: &Field, errors: &mut Errors) {
    for name in ["plural", "singular", "kind", "listKind"] {
        names.get(name).must_be_text("", errors);
    }
    let label = |field: &Field, errors: &mut Errors| {
        let wrong = names::old_label(field.text());
        if !field.text().is_empty() && !wrong.is_empty() {
            field.invalid(&wrong.join(","), errors);
        }
    };
    label(&names.get("plural"), errors);
    label(&names.get("singular"), errors);
    for name in ["kind", "listKind"] {
        let field = names.get(name);
        let wrong = names::old_label(&field.text().to_lowercase());
        if !field.text().is_empty() && !wrong.is_empty() {
            let detail = format!("may have mixed case, but should otherwise match: {}", wrong.join(","));
            field.invalid(&detail, errors);
        }
    }
    names.get("shortNames").items().for_each(|short| label(&short, errors));
    let (kind, list) = (names.get("kind"), names.get("listKind"));
    if !kind.text().is_empty() && kind.text() == list.text() {
        list.invalid("kind and listKind may not be the same", errors);
    }
    names.get("categories").items().for_each(|category| label(&category, errors));
}

/// Looks at what every version has. Where all have the same, the original keeps it once, under a name of its own.
fn hoisted(
    spec: &Field,
    name: &str,
    once: &str,
    errors: &mut Errors,
    mut look: impl FnMut(&Field, &mut Errors),
) {
    let each: Vec<_> = spec.get("versions").items().map(|version| version.get(name)).collect();
    let Some(first) = each.first() else { return };
    if each.iter().all(|one| one.value == first.value) {
        look(&Field::new(first.value, &format!("{}.{once}", spec.path)), errors);
    } else {
        for one in &each {
            look(one, errors);
        }
    }
}

fn schemas(spec: &Field, errors: &mut Errors) {
    let preserved = spec.get("preserveUnknownFields").value == true;
    hoisted(spec, "schema", "validation", errors, |validation, errors| {
        let schema = validation.get("openAPIV3Schema");
        if schema.is_set() && !preserved {
            structural::validate(&schema, errors);
        }
    });
    hoisted(spec, "subresources", "subresources", errors, |subresources, errors| {
        let scale = subresources.get("scale");
        if !scale.is_set() {
            return;
        }
        for (name, prefix) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
            let path = scale.get(name);
            if path.must_be_text("", errors) && !path.text().starts_with(prefix) {
                path.invalid(
                    &format!("should be a json path under {}", prefix.trim_end_matches('.')),
                    errors,
                );
            }
        }
        let selector = scale.get("labelSelectorPath");
        let text = selector.text();
        if !text.is_empty() && !text.starts_with(".spec.") && !text.starts_with(".status.") {
            selector.invalid("should be a json path under either .status or .spec", errors);
        }
    });
}

fn column(column: &Field, errors: &mut Errors) {
    column.get("name").must_be_text("", errors);
    let (kind, format, path) = (column.get("type"), column.get("format"), column.get("jsonPath"));
    let words = format!("must be one of {}", COLUMN_TYPES.join(","));
    if kind.must_be_text(&words, errors) && !COLUMN_TYPES.contains(&kind.text()) {
        kind.invalid(&words, errors);
    }
    if !format.text().is_empty() && !COLUMN_FORMATS.contains(&format.text()) {
        format.invalid(&format!("must be one of {}", COLUMN_FORMATS.join(",")), errors);
    }
    if path.text().is_empty() {
        errors.push(FieldError::required(format!("{}.JSONPath", column.path), ""));
    }
}

fn conversion(conversion: &Field, errors: &mut Errors) {
    if !conversion.is_set() {
        return;
    }
    let strategy = conversion.get("strategy");
    if strategy.must_be_text("", errors) {
        strategy.one_of(&["None", "Webhook"], errors);
    }
    // The original's own structure has both directly under the conversion.
    let webhook = conversion.get("webhook");
    let config = format!("{}.webhookClientConfig", conversion.path);
    let reviews = format!("{}.conversionReviewVersions", conversion.path);
    let (has_config, has_reviews) =
        (webhook.get("clientConfig").is_set(), webhook.get("conversionReviewVersions").len() > 0);
    if strategy.text() == "Webhook" {
        if !has_config {
            errors.push(FieldError::required(config, "required when strategy is set to Webhook"));
        }
        if !has_reviews {
            errors.push(FieldError::required(reviews, ""));
        }
        return;
    }
    for (is_set, field) in [(has_config, config), (has_reviews, reviews)] {
        if is_set {
            let detail = "should not be set when strategy is not set to Webhook";
            Field { value: &Value::Null, path: field }.forbidden(detail, errors);
        }
    }
}

/// The versions in which objects may be stored: the one of now, and none that is gone.
fn stored(object: &Field, errors: &mut Errors) {
    let stored = object.get("status").get("storedVersions");
    if stored.len() == 0 {
        stored.wrong(&Value::Null, "must have at least one stored version", errors);
        return;
    }
    let versions: Vec<_> = object.get("spec").get("versions").items().collect();
    let known: Vec<_> = stored.items().collect();
    for version in versions.iter().filter(|version| version.get("storage").value == true) {
        let name = version.get("name");
        if !known.iter().any(|known| known.text() == name.text()) {
            stored.invalid(&format!("must have the storage version {}", name.text()), errors);
        }
    }
    for known in known {
        if !versions.iter().any(|version| version.get("name").text() == known.text()) {
            known.invalid("must appear in spec.versions", errors);
        }
    }
}

fn approved(object: &Field, errors: &mut Errors) {
    let group = object.get("spec").get("group");
    let protected =
        |own: &str| group.text().strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let approval = &object.value["metadata"]["annotations"][APPROVED];
    if PROTECTED.iter().any(|own| protected(own)) && approval.as_str().unwrap_or_default().is_empty() {
        errors.push(FieldError::required(format!("metadata.annotations[{APPROVED}]"), NOT_APPROVED));
    }
}
