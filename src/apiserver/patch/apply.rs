//! Server-side apply: a writer says what it wants to be true, owns just that, and gives up what it no longer says.
//! <https://kubernetes.io/docs/reference/using-api/server-side-apply/>

use serde_json::Value;

use super::combine::{merged, without};
use super::compare::{Comparison, compare};
use super::field_set::{field_set, with_structures};
use super::fields::Fields;
use super::last_applied;
use super::managed::{Writer, remove, strip};
use super::owners::{self, Operation, Owner};
use super::typed::{misfits, shown_version};
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
        // What kubectl itself wrote in its older way, and nobody has changed since, it may write in the newer.
        let mine = if writer.manager == last_applied::MANAGER {
            last_applied::unchanged(schema, &bare_live)
        } else {
            Fields::default()
        };
        give_way(&mut owners, &comparison, force, &mine)?;
    }
    if live.is_some() && result == bare_live {
        // Who changes nothing has not written now, not even where it comes to own something.
        own.time = former.as_ref().and_then(|former| former.time.clone());
        if let Some(former) = former.filter(|former| former.fields == own.fields) {
            own.api_version = former.api_version;
        }
    }
    owners.push(own);
    owners::write(&mut result, owners);
    if writer.manager == last_applied::MANAGER {
        last_applied::keep(&mut result, applied);
    }
    for field in ["resourceVersion", "uid"] {
        if let Some(named) = applied["metadata"].get(field) {
            result["metadata"][field] = named.clone();
        }
    }
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
        shown_version(word("/apiVersion")),
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

/// Takes the fields that are written from their owners, or names them, unless all are the writer's own in `mine`.
fn give_way(
    owners: &mut [Owner],
    comparison: &Comparison,
    force: bool,
    mine: &Fields,
) -> Result<(), ApplyError> {
    let written = comparison.written();
    let mut conflicts: Vec<(String, Vec<String>)> = Vec::new();
    let mut others = false;
    for owner in owners.iter_mut() {
        let taken = owner.fields.intersection(&written);
        if !taken.is_empty() {
            others |= !taken.difference(mine).is_empty();
            conflicts.push((owner.shown(), taken.paths()));
        }
        owner.fields = owner.fields.difference(&taken).difference(&comparison.removed);
    }
    if force || !others {
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
