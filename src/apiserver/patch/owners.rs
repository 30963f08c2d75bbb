//! `metadata.managedFields`: who owns which fields.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::fields::Fields;

/// How many entries of single updates are kept; older ones are put together.
const UPDATES: usize = 10;

/// The name under which older updates are put together.
const ANCIENT: &str = "ancient-changes";

/// How a writer came to own its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

/// One entry: one writer's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The writer's name.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The version that it wrote in.
    pub api_version: String,
    /// The part of the object that it wrote to.
    pub subresource: Option<String>,
    /// When it took its fields.
    pub time: Option<String>,
    /// Its fields.
    pub fields: Fields,
}

impl Owner {
    /// Whether two entries are the same writer. Appliers are the same in every version.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }

    /// The writer as conflicts name it.
    pub(super) fn shown(&self) -> String {
        let mut words = format!("{:?}", self.manager);
        if let Some(subresource) = &self.subresource {
            let _ = write!(words, " with subresource {subresource:?}");
        }
        if self.operation == Operation::Update {
            let _ = write!(words, " using {}", self.api_version);
        }
        words
    }
}

/// Reads the entries of an object; those that are none are left out.
pub(super) fn read(object: &Value) -> Vec<Owner> {
    let written = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    written.into_iter().flatten().filter_map(read_one).collect()
}

fn read_one(entry: &Value) -> Option<Owner> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    Some(Owner {
        manager: text("manager").unwrap_or_default().to_owned(),
        operation: match text("operation")? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        },
        api_version: text("apiVersion")?.to_owned(),
        subresource: text("subresource").map(str::to_owned),
        time: text("time").map(str::to_owned),
        fields: Fields::parse(entry.get("fieldsV1")?),
    })
}

/// Writes the entries into an object, in their order: appliers first, then by time and name.
pub(super) fn write(object: &mut Value, mut owners: Vec<Owner>) {
    owners.retain(|owner| !owner.fields.is_empty());
    join_old(&mut owners);
    owners.sort_by(|a, b| {
        let key = |owner: &Owner| {
            (
                owner.operation,
                owner.time.clone(),
                owner.manager.clone(),
                owner.api_version.clone(),
                owner.subresource.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    if owners.is_empty() {
        metadata.shift_remove("managedFields");
    } else {
        let entries = owners.iter().map(write_one).collect();
        metadata.insert("managedFields".to_owned(), Value::Array(entries));
    }
}

fn write_one(owner: &Owner) -> Value {
    let mut entry = Map::new();
    let operation = match owner.operation {
        Operation::Apply => "Apply",
        Operation::Update => "Update",
    };
    entry.insert("manager".to_owned(), json!(owner.manager));
    entry.insert("operation".to_owned(), json!(operation));
    entry.insert("apiVersion".to_owned(), json!(owner.api_version));
    if let Some(time) = &owner.time {
        entry.insert("time".to_owned(), json!(time));
    }
    entry.insert("fieldsType".to_owned(), json!("FieldsV1"));
    entry.insert("fieldsV1".to_owned(), owner.fields.to_value());
    if let Some(subresource) = &owner.subresource {
        entry.insert("subresource".to_owned(), json!(subresource));
    }
    Value::Object(entry)
}

/// Puts the oldest updates together, so that an object does not grow with the number of its writers.
fn join_old(owners: &mut Vec<Owner>) {
    let is_single = |owner: &Owner| owner.operation == Operation::Update && owner.manager != ANCIENT;
    let mut updates: Vec<Owner> = owners.iter().filter(|owner| is_single(owner)).cloned().collect();
    if updates.len() <= UPDATES {
        return;
    }
    updates.sort_by(|a, b| a.time.cmp(&b.time));
    let surplus = updates.len() - UPDATES;
    for old in updates.drain(..surplus) {
        owners.retain(|owner| !owner.is_same(&old));
        let same = |owner: &&mut Owner| owner.manager == ANCIENT && owner.api_version == old.api_version;
        match owners.iter_mut().find(same) {
            Some(ancient) => {
                ancient.fields = std::mem::take(&mut ancient.fields).union(&old.fields);
                ancient.time = old.time.clone().max(ancient.time.take());
            }
            None => owners.push(Owner { manager: ANCIENT.to_owned(), subresource: None, ..old }),
        }
    }
}
