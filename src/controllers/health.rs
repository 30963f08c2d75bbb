//! Waits until objects are what they should be, as kstatus sees them.

use std::time::Duration;

use serde_json::Value;

use super::Clock;
use super::cluster::{Cluster, Identity};
use super::expression::Expression;
use crate::objects::flux::CustomHealthCheck;
use crate::objects::{Readiness, format_duration, readiness};

/// What is thought of an object: its state, or why nobody knows.
pub(super) type Verdict = Result<Readiness, String>;

/// Judges an object as it was read; there may be none.
pub(super) type Judge<'a> = dyn Fn(Option<&Value>) -> Verdict + Send + Sync + 'a;

/// How the objects of a group or of one of its kinds are judged.
struct Rule {
    group: String,
    kind: Option<String>,
    /// In the order in which they are asked.
    states: Vec<(Readiness, Expression)>,
}

/// Expressions that judge custom resources.
#[derive(Default)]
pub(super) struct Rules(Vec<Rule>);

impl Rules {
    /// Reads the expressions; the error says which is wrong.
    pub(super) fn new(checks: Option<&[CustomHealthCheck]>) -> Result<Self, String> {
        let mut rules = Vec::<Rule>::new();
        for (place, check) in checks.unwrap_or_default().iter().enumerate() {
            let group = check.api_version.split_once('/').map_or("", |(group, _)| group).to_owned();
            let kind = check.kind.clone().filter(|kind| !kind.is_empty());
            if rules.iter().any(|rule| rule.group == group && rule.kind == kind) {
                let shown = match kind {
                    Some(kind) if group.is_empty() => kind,
                    Some(kind) => format!("{kind}.{group}"),
                    None => format!(".{group}"),
                };
                return Err(format!(
                    "duplicate custom health check for GroupKind {shown} at healthchecks[{place}]"
                ));
            }
            let states = states(check).map_err(|reason| {
                format!("failed to create custom status evaluator for healthchecks[{place}]: {reason}")
            })?;
            rules.push(Rule { group, kind, states });
        }
        Ok(Self(rules))
    }

    /// Judges an object by the rule for its kind, else for its group, else as kstatus does.
    pub(super) fn judge(&self, object: Option<&Value>) -> Verdict {
        let Some((found, fields)) = object.and_then(|found| Some((found, found.as_object()?))) else {
            return Ok(readiness(object));
        };
        let text = |field: &str| found[field].as_str().unwrap_or_default();
        let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
        let of = |kind: Option<&str>| {
            self.0.iter().find(|rule| rule.group == group && rule.kind.as_deref() == kind)
        };
        let Some(rule) = of(Some(text("kind"))).or_else(|| of(None)) else { return Ok(readiness(object)) };
        let number = |pointer| found.pointer(pointer).and_then(Value::as_i64);
        if let (Some(observed), Some(generation)) =
            (number("/status/observedGeneration"), number("/metadata/generation"))
            && observed != generation
        {
            return Ok(Readiness::InProgress);
        }
        for (state, expression) in &rule.states {
            if expression.holds(fields)? {
                return Ok(*state);
            }
        }
        Ok(Readiness::InProgress)
    }
}

fn states(check: &CustomHealthCheck) -> Result<Vec<(Readiness, Expression)>, String> {
    if check.current.is_empty() {
        return Err("expression Current not specified".to_owned());
    }
    let read = |name: &str, text: &str| {
        Expression::parse(text).map_err(|reason| format!("failed to parse the expression {name}: {reason}"))
    };
    let current = (Readiness::Current, read("Current", &check.current)?);
    let mut states = Vec::new();
    for (state, name, text) in [
        (Readiness::Failed, "Failed", &check.failed),
        (Readiness::InProgress, "InProgress", &check.in_progress),
    ] {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            states.insert(0, (state, read(name, text)?));
        }
    }
    states.push(current);
    Ok(states)
}

/// Looks at objects at every `interval` until all are current, one has failed, or the time is over. The error names
/// those that are not current.
pub(super) async fn wait(
    cluster: &Cluster,
    objects: &[Identity],
    timeout: Duration,
    pace: (&Clock, Duration),
    rules: &Rules,
) -> Result<(), String> {
    wait_as(cluster, objects, timeout, pace, (&|object| rules.judge(object), true)).await
}

/// As [`wait`], with another judge, and without giving up at the first failure where one may still be put right.
pub(super) async fn wait_as(
    cluster: &Cluster,
    objects: &[Identity],
    timeout: Duration,
    (clock, interval): (&Clock, Duration),
    (judge, fails_fast): (&Judge<'_>, bool),
) -> Result<(), String> {
    let deadline = tokio::time::Instant::now() + clock.patience(timeout);
    loop {
        let mut late = Vec::new();
        for identity in objects {
            let verdict = judge(cluster.read(identity).await.as_ref());
            if verdict != Ok(Readiness::Current) {
                late.push((identity, verdict));
            }
        }
        if late.is_empty() {
            return Ok(());
        }
        let list = || {
            let shown = late.iter().map(|(identity, verdict)| match verdict {
                Ok(state) => format!("{identity} status: '{}'", state.name()),
                Err(reason) => format!("{identity} status: 'Unknown': {reason}"),
            });
            shown.collect::<Vec<_>>().join(", ")
        };
        if fails_fast && late.iter().any(|(_, verdict)| *verdict == Ok(Readiness::Failed)) {
            return Err(format!("failed early due to stalled resources: [{}]", list()));
        }
        let next = tokio::time::Instant::now() + clock.shorten(interval);
        if next >= deadline {
            tokio::time::sleep_until(deadline).await;
            return Err(format!("timeout waiting for: [{}]", list()));
        }
        tokio::time::sleep_until(next).await;
    }
}

/// How long something took, as messages say it.
pub(super) fn took(start: std::time::Instant) -> String {
    format_duration(start.elapsed())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: Option<&str>, current: &str) -> CustomHealthCheck {
        CustomHealthCheck {
            api_version: "example.com/v1".to_owned(),
            kind: kind.map(str::to_owned),
            current: current.to_owned(),
            ..CustomHealthCheck::default()
        }
    }

    #[test]
    fn progress_is_asked_before_failure_and_failure_before_success() {
        let mut widget = check(Some("Widget"), "status.phase in ['Up', 'Odd']");
        widget.failed = Some("status.phase in ['Down', 'Odd']".to_owned());
        widget.in_progress = Some("status.phase in ['Starting', 'Down?']".to_owned());
        let rules = Rules::new(Some(&[widget, check(None, "has(status.done)")])).unwrap();
        let object = |kind: &str, generation: i64, status: Value| {
            json!({ "apiVersion": "example.com/v2", "kind": kind, "metadata": { "generation": generation },
                "status": status })
        };
        for (object, expected) in [
            (object("Widget", 1, json!({ "phase": "Up" })), Ok(Readiness::Current)),
            (object("Widget", 1, json!({ "phase": "Odd" })), Ok(Readiness::Failed)),
            (object("Widget", 1, json!({ "phase": "Starting" })), Ok(Readiness::InProgress)),
            (object("Widget", 1, json!({ "phase": "What" })), Ok(Readiness::InProgress)),
            (object("Widget", 2, json!({ "phase": "Up", "observedGeneration": 1 })), Ok(Readiness::InProgress)),
            (
                object("Widget", 1, json!({})),
                Err("failed to evaluate the CEL expression 'status.phase in ['Starting', 'Down?']': no such key: phase"
                    .to_owned()),
            ),
            (object("Other", 1, json!({ "done": 1 })), Ok(Readiness::Current)),
            (object("Other", 1, json!({})), Ok(Readiness::InProgress)),
            (json!({ "apiVersion": "v1", "kind": "ConfigMap" }), Ok(Readiness::Current)),
        ] {
            assert_eq!(rules.judge(Some(&object)), expected, "{object}");
        }
        assert_eq!(rules.judge(None), Ok(Readiness::NotFound));
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_told_with_its_place() {
        let told = |checks: &[CustomHealthCheck]| Rules::new(Some(checks)).err().unwrap();
        assert_eq!(
            told(&[check(Some("A"), "true"), check(Some("A"), "true")]),
            "duplicate custom health check for GroupKind A.example.com at healthchecks[1]"
        );
        assert_eq!(
            told(&[check(Some("A"), "")]),
            "failed to create custom status evaluator for healthchecks[0]: expression Current not specified"
        );
        assert!(told(&[check(None, "a b")]).starts_with(
            "failed to create custom status evaluator for healthchecks[0]: failed to parse the expression Current: \
             failed to parse the CEL expression 'a b': ERROR: <input>:1:"
        ));
    }
}
