//! Server-side apply: a writer says what it wants to be true, owns just that, and gives up what it no longer says.
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/>

use serde_json::Value;

use super::combine::{merged, without};
use super::compare::{Comparison, compare};
use super::field_set::{field_set, with_structures};
use super::fields::Fields;
use super::managed::{Writer, remove, strip};
use super::owners::{self, Operation, Owner};
use super::typed::misfits;
use crate::apiserver::types::Schema;

/// The owner of what was there before anybody applied.
const BEFORE: &str = "before-first-apply";

/// Fields of metadata that the server alone writes.
const OF_SERVER: [&str; 6] =
    ["managedFields", "creationTimestamp", "generation", "resourceVersion", "selfLink", "uid"];

/// Why an object cannot be applied.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApplyError {
    /// It does not fit its type.
    #[error("failed to create typed patch object ({object}): {words}")]
    Typed {
        /// The object, such as `dev1-ns/web; apps/v1, Kind=Deployment`.
        object: String,
        /// What does not fit.
        words: String,
    },
    /// Others own fields that it would change.
    #[error("{message}")]
    Conflict {
        /// In the words of Kubernetes.
        message: String,
        /// One for each field.
        causes: Vec<Conflict>,
    },
    /// It says who owns its fields, which only the server does.
    #[error("metadata.managedFields must be nil")]
    ManagedFields,
}

/// A field that another writer owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The field's path, such as `.spec.replicas`.
    pub field: String,
    /// In words, such as `conflict with "kubectl" using apps/v1`.
    pub message: String,
}

/// Applies `applied` over `live` and answers the new object with its bookkeeping. An object that comes out as it was
/// is answered unchanged, times included. The defaults are the caller's to fill in, and fields that the address does
/// not write (the status, or all but the status) are the caller's to take out of `applied` before.
pub(crate) fn apply(
    live: Option<&Value>,
    applied: &Value,
    schema: &Schema,
    force: bool,
    writer: &Writer<'_>,
) -> Result<Value, ApplyError> {
    if applied
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty())
    {
        return Err(ApplyError::ManagedFields);
    }
    let wanted = prepared(applied);
    fits(schema, &wanted)?;
    let mut owners = live.map(owners::read).unwrap_or_default();
    let bare_live = live.map_or_else(
        || Value::Object(serde_json::Map::new()),
        |live| {
            let mut bare = live.clone();
            remove(&mut bare);
            bare
        },
    );
    if owners.is_empty() && live.is_some() {
        let before = Writer { manager: BEFORE, subresource: None, ..*writer };
        owners.push(before.owner(Operation::Update, strip(&field_set(schema, &bare_live))));
    }
    let mut own = writer.owner(Operation::Apply, strip(&field_set(schema, &wanted)));
    let former = owners.iter().position(|owner| owner.is_same(&own)).map(|place| owners.remove(place));
    let result = merged(schema, &bare_live, &wanted);
    let mut result = match &former {
        Some(former) => pruned(schema, result, &former.fields, &own.fields, &owners),
        None => result,
    };
    let comparison = compare(schema, &bare_live, &result);
    if live.is_some() {
        give_way(&mut owners, &comparison, force)?;
    }
    if let Some(former) = former.filter(|former| former.fields == own.fields && result == bare_live) {
        own.time = former.time;
        own.api_version = former.api_version;
    }
    owners.push(own);
    owners::write(&mut result, owners);
    Ok(result)
}

fn prepared(applied: &Value) -> Value {
    let mut wanted = applied.clone();
    if let Some(Value::Object(metadata)) = wanted.get_mut("metadata") {
        metadata.retain(|name, _| !OF_SERVER.contains(&name.as_str()));
    }
    wanted
}

fn fits(schema: &Schema, wanted: &Value) -> Result<(), ApplyError> {
    let wrong = misfits(schema, wanted);
    if wrong.is_empty() {
        return Ok(());
    }
    let words = match wrong.as_slice() {
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    let word = |path: &str| wanted.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let object = format!(
        "{}/{}; {}, Kind={}",
        word("/metadata/namespace"),
        word("/metadata/name"),
        word("/apiVersion"),
        word("/kind")
    );
    Err(ApplyError::Typed { object, words })
}

/// Takes out what the writer said the last time and says no longer, unless somebody else owns it.
fn pruned(schema: &Schema, merged: Value, former: &Fields, now: &Fields, others: &[Owner]) -> Value {
    if former.difference(now).is_empty() {
        return merged;
    }
    let wide = |set: &Fields| with_structures(schema, set);
    let empty = || Value::Object(serde_json::Map::new());
    let former = wide(former);
    let bare = without(schema, &merged, &former).unwrap_or_else(empty);
    let (of_merged, of_bare) = (wide(&field_set(schema, &merged)), wide(&field_set(schema, &bare)));
    let owned = others.iter().fold(wide(now), |owned, other| owned.union(&wide(&other.fields)));
    let gone = of_merged.difference(&of_bare.clone().union(&owned));
    let kept = without(schema, &merged, &gone).unwrap_or_else(empty);
    let of_kept = wide(&field_set(schema, &kept));
    let gone = of_merged.difference(&of_kept).intersection(&former);
    without(schema, &merged, &gone).unwrap_or_else(empty)
}

/// Takes the fields that are written from their owners, or names them.
fn give_way(owners: &mut [Owner], comparison: &Comparison, force: bool) -> Result<(), ApplyError> {
    let written = comparison.written();
    let mut conflicts: Vec<(String, Vec<String>)> = Vec::new();
    for owner in owners.iter_mut() {
        let taken = owner.fields.intersection(&written);
        if !taken.is_empty() {
            conflicts.push((owner.shown(), taken.paths()));
        }
        owner.fields = owner.fields.difference(&taken).difference(&comparison.removed);
    }
    if force || conflicts.is_empty() {
        return Ok(());
    }
    conflicts.sort();
    let count: usize = conflicts.iter().map(|(_, paths)| paths.len()).sum();
    let message = match conflicts.as_slice() {
        [(owner, paths)] if count == 1 => {
            format!("Apply failed with 1 conflict: conflict with {owner}: {}", paths[0])
        }
        many => {
            let each = many
                .iter()
                .map(|(owner, paths)| format!("conflicts with {owner}:\n- {}", paths.join("\n- ")))
                .collect::<Vec<_>>();
            format!("Apply failed with {count} conflicts: {}", each.join("\n"))
        }
    };
    let causes = conflicts.into_iter().flat_map(|(owner, paths)| {
        paths.into_iter().map(move |field| Conflict { field, message: format!("conflict with {owner}") })
    });
    Err(ApplyError::Conflict { message, causes: causes.collect() })
}
