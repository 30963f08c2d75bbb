//! The stand-ins for k3d, its nodes and Gitea, ready for a world: the program is built, its images are in the engine,
//! and whoever runs in the world finds them by the settings that everybody has. They go with this process.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use atelier::process::Command;
use serde_json::{Value, json};

use super::source::package;
use super::{World, skipped};

/// A build of the program from nothing takes minutes.
const LIMIT: Duration = Duration::from_secs(900);
/// The stand-in for an image of others that the workshop needs in the nodes.
const REDIS: &str = "atelier-stand-in/redis";

/// The stand-ins of this process.
pub(crate) struct StandIns {
    folder: PathBuf,
    id: String,
    /// The address of the engine that has the images.
    engine: String,
    /// As long as it is locked, the images stay.
    _lock: File,
}

/// The stand-ins, made at the first call; nothing, and a line that says why, where no engine answers.
pub(crate) fn stand_ins() -> Option<&'static StandIns> {
    static MADE: OnceLock<Result<StandIns, String>> = OnceLock::new();
    match MADE.get_or_init(StandIns::make) {
        Ok(made) => Some(made),
        Err(reason) => {
            skipped(reason);
            None
        }
    }
}

impl StandIns {
    fn make() -> Result<Self, String> {
        if which::which("docker").is_err() {
            return Err("`docker` is not on PATH".to_owned());
        }
        let id = std::process::id().to_string();
        let folder = std::env::temp_dir().join("atelier-stand-ins").join(&id);
        std::fs::create_dir_all(&folder).unwrap();
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let program = program();
        std::os::unix::fs::symlink(&program, folder.join("k3d")).unwrap();
        let (manifest, catalogue) = (operator(&id), catalogue(&id));
        std::fs::write(folder.join("flux.yaml"), manifest).unwrap();
        std::fs::write(folder.join("catalogue.json"), catalogue.to_string()).unwrap();
        let log = File::create(folder.join("log")).unwrap();
        let command = Command::new(&program).arg("images").arg(&folder);
        let (_, stdout) = command.detach(&log).unwrap();
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        match (said["engine"].as_str(), said["skipped"].as_str()) {
            (Some(engine), _) => Ok(Self { folder, id, engine: engine.to_owned(), _lock: lock }),
            (None, Some(reason)) => Err(reason.to_owned()),
            (None, None) => panic!("the images of the stand-ins cannot be made: {line}"),
        }
    }

    /// The stand-in for k3d.
    pub(crate) fn k3d(&self) -> String {
        self.folder.join("k3d").display().to_string()
    }

    /// Lets what runs in the world use the stand-ins. The workshop is the program's own, with an image of the sample
    /// that is called by the lab's name: two labs of one engine must not take it from each other.
    pub(crate) fn furnish(&self, world: &World, lab: &str) {
        let image = |name: &str| format!("atelier-stand-in/{name}:{}", self.id);
        world.set("DOCKER_HOST", &self.engine);
        world.set("ATELIER_TOOLS_K3D", &self.k3d());
        world.set("ATELIER_IMAGES_PULL", "never");
        for (variable, name) in [("K3S", "k3s"), ("GITEA", "gitea"), ("K3D_TOOLS", "base")] {
            world.set(&format!("ATELIER_IMAGES_{variable}"), &image(name));
        }
        // For who calls the stand-in for k3d by hand.
        world.set("K3D_IMAGE_TOOLS", &image("base"));
        world.set("ATELIER_FLUX_MANIFEST", &self.folder.join("flux.yaml").display().to_string());
        let copy = |name: &str| {
            let (from, to) = (package().join(name), world.work().join(name));
            world.run("cp", &["-r", &from.display().to_string(), &to.display().to_string()]).ok();
            to
        };
        copy("templates");
        let to = copy("scenarios");
        let path = to.join("one/workshop.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        let own = "- reference: forge.atelier.internal:3000/";
        let named = |line: &str| {
            if line.starts_with(own) { format!("{line}-{lab}\n") } else { format!("{line}\n") }
        };
        let text = text.lines().map(named).collect::<String>();
        // Nothing is pulled: the image of others has a stand-in of ours, by another name.
        let others = ["docker.io/library/redis", "tags: [\"7\"]"];
        assert!(others.iter().all(|others| text.contains(others)), "{text}");
        let text = text.replace(others[0], REDIS).replace(others[1], &format!("tags: [\"{}\"]", self.id));
        std::fs::write(&path, text).unwrap();
        let base = format!("s,^FROM {}\\(.*\\):,FROM {}\\1-{lab}:,", &own[13..], &own[13..]);
        world.run("find", &["scenarios", "-name", "Dockerfile", "-exec", "sed", "-i", &base, "{}", "+"]).ok();
        world.set("ATELIER_SCENARIOS", &to.display().to_string());
    }
}

/// Builds the program, unless it is there and new: a filter of tests does not make cargo build it.
fn program() -> PathBuf {
    let folder = Path::new(World::PROGRAM).parent().unwrap();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| env!("CARGO").to_owned());
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let words = ["build", "--locked", "--quiet", "--example", "stand-in", "--profile", profile];
    // What cargo has told this process of its package would make it build libraries anew that look at it.
    let told =
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_", "LD_LIBRARY_PATH"];
    let own = std::env::vars().filter(|(name, _)| !told.iter().any(|told| name.starts_with(told)));
    let command = Command::new(cargo).args(words).folder(package()).limit(LIMIT).clean_environment();
    let command = own.fold(command, |command, (name, value)| command.env(name, value));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(command.run())).join().unwrap()).unwrap();
    folder.join("examples/stand-in")
}

/// The operator's manifest with images of ours: others' are not touched, not even by name.
fn operator(id: &str) -> String {
    let mut objects = atelier::controllers::operator::manifest();
    for object in &mut objects {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let containers = object.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            container["image"] = json!(format!("atelier-stand-in/{name}:{id}"));
        }
    }
    objects.iter().fold(String::new(), |text, object| format!("{text}---\n{object}\n"))
}

/// What the nodes know: the workshop's images, and those of the manifest.
fn catalogue(id: &str) -> Value {
    let text = std::fs::read_to_string(package().join("scenarios/one/workshop.yaml")).unwrap();
    let workshop: Value = serde_saphyr::from_str(&text).unwrap();
    let objects = atelier::controllers::operator::manifest();
    let names = objects.iter().filter(|object| object["kind"] == "Deployment");
    let names = names.map(|object| object["metadata"]["name"].as_str().unwrap());
    let idle = names.map(
        |name| json!({"reference": format!("atelier-stand-in/{name}"), "tags": [id], "behaviour": "idle"}),
    );
    let redis = json!({"reference": REDIS, "tags": [id], "behaviour": "redis"});
    Value::Array(workshop["images"].as_array().unwrap().iter().cloned().chain(idle).chain([redis]).collect())
}
