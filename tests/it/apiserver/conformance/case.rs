//! The form of the files in `cases/`: a list of entries, each of which becomes one case or, where it is a table, one
//! for every variation.
//!
//! ```yaml
//! - case: a name                      # one case of several steps
//!   steps:
//!   - do: POST /api/v1/namespaces/{ns}/configmaps
//!     body: {metadata: {name: a}}
//! - table: services                   # a case for every entry of `make`, `change` and `each`
//!   path: /api/v1/namespaces/{ns}/services
//!   base: {metadata: {name: a}, spec: {ports: [{port: 80}]}}
//!   make: {no ports: {spec: {ports: null}}}      # POST of the base with the variation merged into it
//!   change: {ports: {spec: {ports: []}}}         # POST of the base, then a merge patch
//! - table: lists
//!   before: [{do: …}]                 # steps whose answers are not of interest, before every one of
//!   each: {limited: {do: GET …}}
//! ```
//!
//! Every case has a namespace of its own, `{ns}`, and a word of its own, `{id}`, for what is not in a namespace.
//! `{x*40}` is `x` forty times over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One request and what is looked at of its answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// Method and path. `MERGE`, `STRATEGIC`, `JSON` and `APPLY` are patches of that type.
    pub(super) r#do: String,
    /// What is sent, as JSON.
    #[serde(default)]
    pub(super) body: Option<Value>,
    /// What is sent, as it is.
    #[serde(default)]
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// A bearer token instead of the administrator's certificate; empty for nobody.
    #[serde(default)]
    pub(super) token: Option<String>,
    /// Words for later steps: what the answer has at a JSON pointer.
    #[serde(default)]
    pub(super) take: BTreeMap<String, String>,
    /// Headers to be looked at besides those that always are.
    #[serde(default)]
    pub(super) show: Vec<String>,
    /// The parts to be looked at, as JSON pointers; all where there is none.
    #[serde(default)]
    pub(super) only: Vec<String>,
    /// The parts not to be looked at.
    #[serde(default)]
    pub(super) without: Vec<String>,
    /// How many events of a watch are read.
    #[serde(default)]
    pub(super) events: Option<usize>,
    /// Until which event a watch is read, of which only that one is looked at: values at JSON pointers.
    #[serde(default)]
    pub(super) last: BTreeMap<String, Value>,
    /// Whether only the code of the answer is looked at.
    #[serde(default)]
    pub(super) quiet: bool,
}

/// A sequence of requests.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    case: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    table: Option<String>,
    #[serde(default)]
    path: String,
    #[serde(default)]
    base: Value,
    #[serde(default)]
    make: Map<String, Value>,
    #[serde(default)]
    change: Map<String, Value>,
    #[serde(default)]
    before: Vec<Step>,
    #[serde(default)]
    each: Map<String, Value>,
    /// Parts of every answer of the table that are not looked at.
    #[serde(default)]
    without: Vec<String>,
}

/// Reads a file of cases.
pub(super) fn read(name: &str, text: &str) -> Vec<Case> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let entries = serde_saphyr::from_str_with_options::<Vec<Entry>>(text, options);
    let entries = entries.unwrap_or_else(|error| panic!("{name}: {error}"));
    let cases: Vec<_> = entries.into_iter().flat_map(|entry| entry.cases(name)).collect();
    for (place, case) in cases.iter().enumerate() {
        assert!(
            cases[..place].iter().all(|other| other.name != case.name),
            "{name}: `{}` is twice",
            case.name
        );
    }
    cases
}

impl Entry {
    fn cases(self, file: &str) -> Vec<Case> {
        let Some(table) = &self.table else {
            let name = self.case.unwrap_or_else(|| panic!("{file}: an entry is neither `case` nor `table`"));
            return vec![Case { name, steps: self.steps }];
        };
        let mut cases = Vec::new();
        for (name, patch) in &self.make {
            let steps = vec![Step { without: self.without.clone(), ..self.post(patch) }];
            cases.push(Case { name: format!("{table}: {name}"), steps });
        }
        for (name, patch) in &self.change {
            let object =
                self.base["metadata"]["name"].as_str().unwrap_or_else(|| panic!("{file}: {table}: no name"));
            let made = Step { quiet: true, ..self.post(&json!({})) };
            let change = Step {
                r#do: format!("MERGE {}/{object}", self.path),
                body: Some(patch.clone()),
                without: self.without.clone(),
                ..Step::default()
            };
            cases.push(Case { name: format!("{table}: change {name}"), steps: vec![made, change] });
        }
        for (name, step) in &self.each {
            let mut step: Step = serde_json::from_value(step.clone())
                .unwrap_or_else(|error| panic!("{file}: {table}: {name}: {error}"));
            step.without.extend(self.without.iter().cloned());
            let before = self.before.iter().map(|step| Step { quiet: true, ..step.clone() });
            cases.push(Case { name: format!("{table}: {name}"), steps: before.chain([step]).collect() });
        }
        cases
    }

    fn post(&self, patch: &Value) -> Step {
        let mut body = self.base.clone();
        json_patch::merge(&mut body, patch);
        Step { r#do: format!("POST {}", self.path), body: Some(body), ..Step::default() }
    }
}
