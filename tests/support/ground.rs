//! Where the platform cases run: a world with a lab's name in it, and what the platform holds outside of the world's
//! folders, asked without the program.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::{Ran, World, stand_ins};

/// A world for one lab on one platform.
pub(crate) struct Ground {
    world: World,
    platform: &'static str,
    lab: String,
    /// The command `k3d`, on its platform.
    k3d: String,
}

impl Ground {
    /// The embedded platform, which is everywhere.
    pub(crate) fn embedded() -> Self {
        Self::new("embedded", World::new(), String::new())
    }

    /// The platform k3d on the stand-ins; nothing where no engine answers.
    pub(crate) fn stand_ins() -> Option<Self> {
        let made = stand_ins()?;
        let ground = Self::new("k3d", World::new(), made.k3d());
        made.furnish(&ground.world, &ground.lab);
        Some(ground)
    }

    /// A ground on a platform in a world that can be set up; `k3d` is that command, if the platform needs it.
    pub(crate) fn new(platform: &'static str, world: World, k3d: String) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Several runs of the tests may share one engine, where names of containers are everybody's.
        let lab = format!("c{number}-{}", std::process::id());
        world.set("ATELIER_LAB", &lab);
        Self { world, platform, lab, k3d }
    }

    /// The world.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// The lab's name.
    pub(crate) fn lab(&self) -> &str {
        &self.lab
    }

    /// Whether containers run there.
    pub(crate) fn has_containers(&self) -> bool {
        self.platform == "k3d"
    }

    /// The words of `up`.
    pub(crate) fn up_words(&self) -> [&str; 5] {
        ["up", "--platform", self.platform, "--lab", &self.lab]
    }

    /// Sets the lab up; what `up` comes to.
    #[track_caller]
    pub(crate) fn up(&self) -> Value {
        let words = [&["--json"], self.up_words().as_slice()].concat();
        self.world.atelier(&words).ok().json()
    }

    /// Another command about the lab.
    pub(crate) fn atelier(&self, words: &[&str]) -> Ran {
        self.world.atelier(&[words, &["--lab", &self.lab]].concat())
    }

    /// The last document of a command about the lab.
    #[track_caller]
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        self.atelier(&[&["--json"], words].concat()).ok().json()
    }

    /// A command of k3d's about the lab's cluster, whose name is put where the words say `NAME`.
    pub(crate) fn k3d(&self, words: &[&str]) -> Ran {
        let name = format!("atelier-{}", self.lab);
        let words = words.iter().map(|word| word.replace("NAME", &name)).collect::<Vec<_>>();
        self.world.run(&self.k3d, &words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// k3d's name of the lab's cluster.
    pub(crate) fn cluster(&self) -> String {
        format!("atelier-{}", self.lab)
    }

    /// What the machine holds of the lab: files in the world's folders and, where containers run, what the engine
    /// tells of the lab's state folder and of its cluster, images that were built for it too.
    pub(crate) fn held(&self) -> String {
        let files = "find \"$ATELIER_HOME\" \"$HOME\" \"$TMPDIR\" -mindepth 1 2>/dev/null";
        let mut held = self.world.run("sh", &["-c", files]).stdout().to_owned();
        if self.has_containers() {
            let home = format!("label=atelier.home={}", self.world.state().display());
            let cluster = format!("label=k3d.cluster={}", self.cluster());
            let kinds: [&[&str]; 4] =
                [&["ps", "-aq"], &["volume", "ls", "-q"], &["network", "ls", "-q"], &["images", "-q"]];
            for (words, filter) in kinds.iter().flat_map(|kind| [(kind, &home), (kind, &cluster)]) {
                held += self.world.run("docker", &[*words, &["--filter", filter]].concat()).ok().stdout();
            }
        }
        held
    }
}

/// How each stage ended, by its name.
pub(crate) fn outcomes(up: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let stages = up["stages"].as_array().unwrap().iter();
    stages.map(|stage| (text(&stage["stage"]), text(&stage["outcome"]))).collect()
}
