//! `k8s`: objects of the cluster.

use std::collections::BTreeMap;

use futures::stream::BoxStream;
use kube::Client;
use kube::api::{Api, DynamicObject, ListParams, TypeMeta};
use kube::runtime::watcher;
use serde_json::{Map, Value};

use super::Look;
use super::clauses::check_body;
use crate::scenario::context::Context;
use crate::scenario::expression::holds;
use crate::scenario::kubernetes::{chain, changes_while_served, find_kind, only, reason};
use crate::scenario::model::{Part, Placed, Text};
use crate::scenario::partial::Pattern;
use crate::scenario::render::RenderError;

check_body! {
    /// The body: one object by name, or all with some labels.
    pub struct K8s {
        /// Such as `apps/v1`.
        #[serde(rename = "apiVersion")]
        pub api_version: Text,
        /// Such as `Deployment`.
        pub kind: Text,
        /// The actor's own when nothing is said.
        pub namespace: Option<Text>,
        /// One object.
        pub name: Option<Text>,
        /// All objects with these labels.
        #[serde(default)]
        pub labels: BTreeMap<String, Text>,
        /// A part of the object; lists in any order.
        #[serde(rename = "match")]
        pub pattern: Option<Placed<Value>>,
        /// Expressions that must hold.
        #[serde(default)]
        pub cel: Vec<Text>,
        /// How many objects must fit.
        pub count: Option<usize>,
        /// Whether there must be no such object.
        #[serde(default)]
        pub absent: bool,
    }
}

impl K8s {
    /// The strings that lint looks at.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part::Template(&self.api_version), Part::Template(&self.kind)];
        parts.extend([&self.namespace, &self.name].into_iter().flatten().map(Part::Template));
        parts.extend(self.labels.values().map(Part::Template));
        parts.extend(self.pattern.as_ref().map(Part::Tree));
        parts.extend(self.cel.iter().map(|text| Part::Expression(text, &["object", "objects"])));
        parts
    }

    fn selector(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let pairs = self.labels.iter().map(|(key, value)| Ok(format!("{key}={}", context.text(value)?)));
        Ok(pairs.collect::<Result<Vec<_>, RenderError>>()?.join(","))
    }

    fn target(&self, context: &Context<'_>) -> Result<Target, RenderError> {
        let namespace = context.optional(self.namespace.as_ref())?;
        Ok(Target {
            api_version: context.text(&self.api_version)?,
            kind: context.text(&self.kind)?,
            namespace: namespace.unwrap_or_else(|| context.actor.actor.namespace.clone()),
            name: context.optional(self.name.as_ref())?,
            selector: self.selector(context)?,
        })
    }

    /// Whether it demands something of the objects.
    pub(crate) fn is_conditional(&self) -> bool {
        self.pattern.is_some() || !self.cel.is_empty()
    }

    /// What must become true, in words.
    pub(crate) fn expects(&self, context: &Context<'_>) -> Result<String, RenderError> {
        let Target { kind, name, selector, .. } = self.target(context)?;
        let place = context.optional(self.namespace.as_ref())?;
        let place = place.map(|namespace| format!(" in `{namespace}`")).unwrap_or_default();
        let chosen = if selector.is_empty() { String::new() } else { format!(" with `{selector}`") };
        let object = match (&name, self.count) {
            (Some(name), _) => format!("{kind} `{name}`{place}"),
            (None, Some(1)) => format!("one {kind}{chosen}{place}"),
            (None, Some(count)) => format!("{count} {kind}s{chosen}{place}"),
            (None, None) if self.absent => format!("every {kind}{chosen}{place}"),
            (None, None) => format!("a {kind}{chosen}{place}"),
        };
        let many = name.is_none() && self.count.is_some_and(|count| count != 1);
        if self.absent {
            return Ok(format!("{object} is gone"));
        }
        let pattern = self.pattern.as_ref().map(|tree| Pattern::render(tree, &context.scope)).transpose()?;
        let mut wanted = pattern.map(|pattern| pattern.words()).unwrap_or_default();
        let condition = |text: &Text| format!("`{}`", text.trim_start_matches("object."));
        wanted.extend(self.cel.iter().map(condition));
        Ok(match (wanted.is_empty(), many) {
            (true, false) => format!("{object} is there"),
            (true, true) => format!("{object} are there"),
            (false, false) => format!("{object} has {}", wanted.join(" and ")),
            (false, true) => format!("{object} have {}", wanted.join(" and ")),
        })
    }

    /// Looks at the cluster.
    pub(crate) async fn look(&self, context: &Context<'_>) -> Result<Look, RenderError> {
        let target = self.target(context)?;
        let pattern = self.pattern.as_ref().map(|tree| Pattern::render(tree, &context.scope)).transpose()?;
        let client = match context.observer().await {
            Ok(client) => client,
            Err(error) => return Ok(Look::not_yet(chain(&error))),
        };
        let mut objects = match target.objects(&client).await {
            Ok(objects) => objects,
            Err(error) => return Ok(Look::not_yet(reason(&error))),
        };
        if target.kind == "Event" {
            // What happened before the step is not what its text asks for.
            objects.retain(|event| {
                context.since.is_none_or(|since| happened(event).is_none_or(|at| at >= since))
            });
        }
        if self.absent {
            let left = objects.iter().filter_map(|object| object["metadata"]["name"].as_str());
            let left: Vec<_> = left.map(|name| format!("`{name}`")).collect();
            let observed = format!("{} {} is there", target.kind, left.join(", "));
            return Ok(if left.is_empty() { Look::holds(Map::new()) } else { Look::not_yet(observed) });
        }
        if objects.is_empty() && self.count != Some(0) {
            return Ok(Look::not_yet(target.near_miss(&client).await));
        }
        Ok(self.compare(context, pattern.as_ref(), &objects))
    }

    /// Compares what is there with what is wanted.
    fn compare(&self, context: &Context<'_>, pattern: Option<&Pattern>, objects: &[Value]) -> Look {
        let mut differences = Vec::new();
        let mut fitting = None;
        let mut values = context.values();
        values.insert("objects".to_owned(), Value::Array(objects.to_vec()));
        for object in objects {
            values.insert("object".to_owned(), object.clone());
            let difference = pattern.and_then(|pattern| pattern.difference(object));
            let unmet = || self.cel.iter().find_map(|condition| holds(condition, &values).err());
            match difference.or_else(unmet) {
                Some(difference) => differences.push(unread(object, difference)),
                None => fitting = fitting.or(Some(object)),
            }
        }
        let fit = objects.len() - differences.len();
        let shown = fitting.or(objects.first()).cloned().unwrap_or_default();
        let values = [("object".to_owned(), shown), ("objects".to_owned(), Value::Array(objects.to_vec()))];
        let values: Map<_, _> = values.into_iter().collect();
        let enough = self.count.map_or(fit > 0, |count| fit == count);
        if enough {
            return Look::holds(values);
        }
        let observed = match (self.count, differences.first()) {
            (Some(_), _) if objects.len() != 1 || fit > 0 => {
                let (kind, there) = (&self.kind.value, objects.len());
                let are = if there == 1 {
                    format!("there is one {kind}")
                } else {
                    format!("there are {there} {kind}s")
                };
                match differences.first() {
                    Some(difference) => format!("{are}, and {fit} of them as wanted: {difference}"),
                    None => are,
                }
            }
            (_, Some(difference)) => difference.clone(),
            (_, None) => "there is no such object".to_owned(),
        };
        Look::not_yet(observed).with(values)
    }

    /// Changes of the objects.
    pub(crate) async fn wakes(&self, context: &Context<'_>) -> Option<BoxStream<'static, ()>> {
        let target = self.target(context).ok()?;
        let client = context.observer().await.ok()?;
        let kind = find_kind(&client, &target.api_version, &target.kind).await.ok()?;
        let config = match &target.name {
            Some(name) => only(name),
            None => watcher::Config::default().labels(&target.selector),
        };
        Some(changes_while_served(kind.api(client, &target.namespace), config))
    }
}

/// A text about an object without what a Secret keeps.
fn unread(object: &Value, text: String) -> String {
    let secret = object["kind"] == "Secret";
    let kept = object["data"].as_object().filter(|_| secret).into_iter().flat_map(|data| data.values());
    let kept = kept.filter_map(Value::as_str).filter(|value| !value.is_empty());
    kept.fold(text, |text, value| text.replace(value, "***"))
}

/// When an event was seen last; events that are alike are one, which counts. To the second, as Kubernetes writes it,
/// and so that none of the same second is too old.
fn happened(event: &Value) -> Option<jiff::Timestamp> {
    let fields = ["/lastTimestamp", "/series/lastObservedTime", "/eventTime", "/metadata/creationTimestamp"];
    let times =
        fields.iter().filter_map(|field| event.pointer(field)?.as_str()?.parse::<jiff::Timestamp>().ok());
    times.max()?.checked_add(jiff::SignedDuration::from_secs(1)).ok()
}

/// Which objects.
struct Target {
    api_version: String,
    kind: String,
    namespace: String,
    name: Option<String>,
    selector: String,
}

impl Target {
    async fn objects(&self, client: &Client) -> Result<Vec<Value>, kube::Error> {
        let api =
            find_kind(client, &self.api_version, &self.kind).await?.api(client.clone(), &self.namespace);
        let found = match &self.name {
            Some(name) => api.get_opt(name).await?.into_iter().collect(),
            None => api.list(&ListParams::default().labels(&self.selector)).await?.items,
        };
        let json = |mut object: DynamicObject| {
            // A list does not repeat the type in every object.
            object.types.get_or_insert_with(|| TypeMeta {
                api_version: self.api_version.clone(),
                kind: self.kind.clone(),
            });
            serde_json::to_value(object).unwrap_or_default()
        };
        Ok(found.into_iter().map(json).collect())
    }

    /// Where an object of that name is instead, if it is somewhere.
    async fn near_miss(&self, client: &Client) -> String {
        let Self { kind, namespace, selector, .. } = self;
        let Some(name) = &self.name else {
            let chosen = if selector.is_empty() { String::new() } else { format!(" with `{selector}`") };
            return format!("there is no {kind}{chosen} in `{namespace}`");
        };
        let missing = format!("there is no {kind} `{name}` in `{namespace}`");
        let Ok(found) = find_kind(client, &self.api_version, kind).await else { return missing };
        if !found.namespaced {
            return format!("there is no {kind} `{name}`");
        }
        let everywhere: Api<DynamicObject> = Api::all_with(client.clone(), &found.resource);
        let same_name = ListParams::default().fields(&format!("metadata.name={name}"));
        let others = everywhere.list(&same_name).await.map(|list| list.items).unwrap_or_default();
        // It may have come to where it is wanted since the look.
        let elsewhere = others.into_iter().filter_map(|object| object.metadata.namespace);
        let places: Vec<_> = elsewhere.filter(|other| other != namespace).take(3).collect();
        if places.is_empty() {
            missing
        } else {
            format!("{missing}, but there is one in `{}`", places.join("`, `"))
        }
    }
}
