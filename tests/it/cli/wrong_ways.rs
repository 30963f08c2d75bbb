//! Wrong ways through whole tracks: for every step what people do instead, and what `atelier learn` says to it. The cases
//! are in `tests/fixtures/wrong_ways`, a file for each track. What a case leaves behind is there for the next one; then
//! the tool does the step, whatever state that is.

use std::fs::File;

use serde::Deserialize;

use crate::support::source::package;
use crate::support::{Screen, World, needs};

/// How much faster the lab's clock goes: nobody here waits for a person.
const SPEED: u32 = 20;

/// The wrong ways of a step.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(rename = "step")]
    id: String,
    /// Which key opens a gate: `p` plays the others, `o` goes on without them.
    #[serde(default)]
    gate: Option<String>,
    ways: Vec<Way>,
    /// Whether the last way is a right one after all, and the step complete with it.
    #[serde(default)]
    righted: bool,
    /// False where the tool does not do the step.
    #[serde(default = "yes")]
    solve: bool,
}

/// One of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    /// Lines of shell, in the clone where there is one.
    #[serde(default)]
    does: String,
    /// What these lines print.
    #[serde(default)]
    prints: Option<String>,
    /// An answer to the step's question.
    #[serde(default)]
    answer: Option<String>,
    /// A key to press afterwards.
    #[serde(default)]
    key: Option<String>,
    /// What the screen shows then.
    #[serde(default)]
    says: Option<String>,
}

fn yes() -> bool {
    true
}

/// A track, its actor, and the clone that he works in.
struct Track {
    workshop: &'static str,
    name: &'static str,
    actor: &'static str,
    clone: &'static str,
}

fn go(track: &Track) {
    if !["git", "kubectl", "bash", "tmux"].into_iter().all(needs) {
        return;
    }
    let path = package().join("tests/fixtures/wrong_ways").join(format!("{}.yaml", track.name));
    let steps: Vec<Step> = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let world = World::new();
    world.set("ATELIER_WORKSHOP", track.workshop);
    world.atelier(&["up"]).ok();
    let _fast = hurry(&world, track);
    let screen = Screen::open(&world, 100);
    screen.line(&format!("'{}' learn {}", World::PROGRAM, track.name));
    for step in &steps {
        let name = format!("{}.{}", track.name, step.id);
        if let Some(key) = &step.gate {
            screen.until(&format!("{name} waits for"));
            screen.until("Press p");
            screen.key(key);
        }
        screen.until(&format!("{name} ·"));
        screen.until("…]");
        assert!(step.ways.len() >= 3, "{name}: {} wrong ways", step.ways.len());
        for way in &step.ways {
            way.go(&world, &screen, track);
        }
        if step.solve {
            if !step.righted {
                screen.key("s");
            }
            screen.until(&format!("✓ {name} complete"));
        }
    }
    if steps.iter().all(|step| step.solve) {
        screen.until("That was the whole track");
        return;
    }
    screen.key("q");
    screen.until_words("goes on from here");
}

impl Way {
    fn go(&self, world: &World, screen: &Screen<'_>, track: &Track) {
        let Track { workshop, name, actor, clone } = track;
        let files = package().join("scenarios").join(workshop).join("files").join(if *workshop == "one" {
            name
        } else {
            ""
        });
        let script = format!(
            "FILES='{}' ATELIER='{}'\n\
             push() {{ git add -A; git commit -qm wrong; git push -q origin HEAD:main; }}\n\
             set_to() {{ sed -i.bak \"s|$2:.*|$2: $3|\" \"$1\"; rm \"$1.bak\"; }}\n\
             cd \"$ATELIER_WORK\"; test ! -d {clone} || cd {clone}\n{}",
            files.display(),
            World::PROGRAM,
            self.does
        );
        if !self.does.is_empty() {
            let ran = world.shell(actor, &script).ok();
            let printed = ran.raw().split_whitespace().collect::<Vec<_>>().join(" ");
            if let Some(prints) = &self.prints {
                assert!(printed.contains(prints.as_str()), "no `{prints}` in\n{ran}");
            }
        }
        if let Some(answer) = &self.answer {
            screen.key("a");
            screen.until("your answer, then Enter:");
            screen.line(answer);
        }
        if let Some(key) = &self.key {
            screen.key(key);
        }
        if let Some(says) = &self.says {
            screen.until_words(says);
        }
    }
}

/// Lets the lab's clock go faster, as a rehearsal does, as long as the file lives.
fn hurry(world: &World, track: &Track) -> File {
    let path = world.state().join("labs").join(track.workshop).join("platform/clock.lock");
    let held = File::options().create(true).truncate(false).write(true).open(path).unwrap();
    held.lock_shared().unwrap();
    let clock = format!(
        "kubectl create namespace atelier-system >/dev/null 2>&1 || true\n\
         kubectl -n atelier-system create configmap clock --from-literal=speed={SPEED}"
    );
    world.shell(if track.workshop == "one" { "ops" } else { track.actor }, &clock).ok();
    held
}

#[test]
fn of_dev2() {
    go(&Track { workshop: "one", name: "dev2", actor: "dev2", clone: "postcard" });
}

#[test]
fn of_ops() {
    go(&Track { workshop: "one", name: "ops", actor: "ops", clone: "fleet" });
}

#[test]
fn of_first_steps() {
    go(&Track { workshop: "first_steps", name: "steps", actor: "you", clone: "garden" });
}
