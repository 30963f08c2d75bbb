//! Who does what to what: actors, forge, registry, operator, cluster; commits, reconciliations, gates. Derived from
//! the steps, so that it is so by construction. <https://mermaid.js.org/syntax/sequenceDiagram.html>

use std::fmt::Write as _;

use serde::Serialize;

use super::actions::{Act, Action};
use super::checks::Check;
use super::model::Text;
use super::render::{Scope, render};
use super::runner::order;
use super::workshop::Workshop;

/// One thing of the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Deed {
    /// A step begins.
    Step {
        /// `<track>.<step>`.
        step: String,
        /// Its title.
        title: String,
        /// Who does it.
        actor: String,
        /// Steps of others that come before.
        needs: Vec<String>,
    },
    /// Somebody does something to something.
    Arrow {
        /// Who.
        from: String,
        /// To what.
        to: String,
        /// What.
        label: String,
        /// True for what follows from a deed, and is not one of a person.
        follows: bool,
    },
}

const FORGE: &str = "Forge";
const REGISTRY: &str = "Registry";
const FLUX: &str = "Flux";
const CLUSTER: &str = "Cluster";

impl Workshop {
    /// The deeds of some tracks and of all that they need, in an order that works.
    pub fn graph(&self, tracks: &[String]) -> Vec<Deed> {
        let mut deeds = Vec::new();
        for (track, index) in order(self, tracks) {
            let step = &self.scenarios[&track].steps[index];
            let actor = self.actor_of(&track).map_or(track.clone(), |actor| actor.name.clone());
            let words = Words { scope: self.graph_scope(&track) };
            deeds.push(Deed::Step {
                step: format!("{track}.{}", step.id.value),
                title: words.text(&step.title),
                actor: actor.clone(),
                needs: step.needs.iter().map(|need| need.value.clone()).collect(),
            });
            for action in &step.actions {
                let from = action.actor().map_or_else(|| actor.clone(), |actor| actor.value.clone());
                deeds.extend(words.action(action).map(|(to, label)| Deed::Arrow {
                    from,
                    to: to.to_owned(),
                    label,
                    follows: false,
                }));
            }
            for check in &step.verify {
                deeds.extend(words.check(check));
            }
        }
        deeds
    }

    fn graph_scope(&self, track: &str) -> Scope {
        let mut scope = Scope::default().with("vars", serde_json::Value::Object(self.vars_of(track)));
        if let Some(actor) = self.actor_of(track) {
            let value = serde_json::json!({"name": actor.name, "full_name": actor.full_name, "email": actor.email,
                "namespace": actor.namespace});
            scope = scope.with("actor", value);
        }
        scope
    }
}

/// Texts of one track.
struct Words {
    scope: Scope,
}

impl Words {
    /// A text as far as it is known; what is known only in a lab stays as it is written.
    fn text(&self, text: &Text) -> String {
        let shown = render(text, &self.scope).unwrap_or_else(|_| text.value.clone());
        shown.lines().next().unwrap_or_default().trim().to_owned()
    }

    fn action(&self, action: &Action) -> Option<(&'static str, String)> {
        Some(match action {
            Action::Commit(body) => {
                (FORGE, format!("commit to {}: {}", self.text(&body.repo), self.text(&body.message)))
            }
            Action::PullRequest(body) => {
                let word = match body.act {
                    Act::Open => "opens",
                    Act::Approve => "approves",
                    Act::Merge => "merges",
                    Act::Close => "closes",
                };
                (FORGE, format!("{word} pull request {} of {}", self.text(&body.head), self.text(&body.repo)))
            }
            Action::Image(body) => {
                (REGISTRY, format!("pushes image {}:{}", self.text(&body.name), self.text(&body.tag)))
            }
            Action::Chart(body) => (REGISTRY, format!("pushes chart to {}", self.text(&body.to))),
            Action::Reconcile(body) => {
                (FLUX, format!("asks to look at {}", body.target().map(|text| self.text(text))?))
            }
            Action::Apply(_) => (CLUSTER, "applies manifests by hand".to_owned()),
            Action::Delete(body) => {
                let name = body.name.as_ref().map(|name| format!(" {}", self.text(name))).unwrap_or_default();
                (CLUSTER, format!("deletes {}{name}", self.text(&body.kind)))
            }
            Action::Scale(body) => {
                (CLUSTER, format!("scales {} to {}", self.text(&body.name), body.replicas))
            }
            Action::Install(_) => (CLUSTER, "installs the operator".to_owned()),
            Action::Cluster(_) => (CLUSTER, "is lost and made anew".to_owned()),
            Action::Run(_) | Action::Wait(_) | Action::Pause(_) => return None,
        })
    }

    /// What a check shows to have happened by itself.
    fn check(&self, check: &Check) -> Vec<Deed> {
        let Check::Flux(body) = check else { return Vec::new() };
        let Some((kind, text)) = body.target_text() else { return Vec::new() };
        let name = self.text(text);
        let arrow = |from: &str, to: &str, label: String| Deed::Arrow {
            from: from.to_owned(),
            to: to.to_owned(),
            label,
            follows: true,
        };
        match kind {
            "GitRepository" => vec![arrow(FLUX, FORGE, format!("fetches for {name}"))],
            "HelmRepository" | "OCIRepository" | "HelmChart" => {
                vec![arrow(FLUX, REGISTRY, format!("fetches for {name}"))]
            }
            _ => vec![arrow(FLUX, CLUSTER, format!("applies {name}"))],
        }
    }
}

/// The graph as a Mermaid sequence diagram.
pub fn mermaid(deeds: &[Deed]) -> String {
    let clean = |text: &str| text.replace([';', '#', '`'], "").replace('"', "'");
    let mut text = "sequenceDiagram\n".to_owned();
    let mut parts: Vec<&str> = Vec::new();
    for deed in deeds {
        let names: &[&String] = match deed {
            Deed::Step { actor, .. } => &[actor],
            Deed::Arrow { from, to, .. } => &[from, to],
        };
        for name in names {
            if !parts.contains(&name.as_str()) {
                parts.push(name);
            }
        }
    }
    let places = [FORGE, REGISTRY, FLUX, CLUSTER];
    for part in parts.iter().filter(|part| !places.contains(part)) {
        let _ = writeln!(text, "    actor {part}");
    }
    for part in places.iter().filter(|place| parts.contains(place)) {
        let _ = writeln!(text, "    participant {part}");
    }
    for deed in deeds {
        let _ = match deed {
            Deed::Step { step, title, actor, needs } => {
                let gate =
                    if needs.is_empty() { String::new() } else { format!(" (after {})", needs.join(", ")) };
                writeln!(text, "    Note over {actor}: {step}: {}{gate}", clean(title))
            }
            Deed::Arrow { from, to, label, follows } => {
                let arrow = if *follows { "-->>" } else { "->>" };
                writeln!(text, "    {from}{arrow}{to}: {}", clean(label))
            }
        };
    }
    text
}
