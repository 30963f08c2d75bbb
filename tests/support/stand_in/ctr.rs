//! `ctr` in a stand-in's node: the names of the images that were brought in, and nothing of what is in them, since
//! Pods are simulated there. `images add` is the stand-in k3d's own way in.

use std::collections::BTreeSet;
use std::io::Read as _;

use super::{Error, said};

/// The names, one a line.
const IMAGES: &str = "/var/lib/rancher/k3s/agent/images.txt";

pub(crate) fn run(words: &[&str]) -> Result<(), Error> {
    match words {
        ["version"] => {
            said::to_stdout("Client:\n  Version:  stand-in\n\nServer:\n  Version:  stand-in");
            Ok(())
        }
        ["-n", "k8s.io", "images", "ls", "-q"] => {
            for name in names() {
                said::to_stdout(&name);
            }
            Ok(())
        }
        ["-n", "k8s.io", "images", "add", added @ ..] => add(added.iter().map(|&name| name.to_owned())),
        ["-n", "k8s.io", "images", "import", flags @ .., "-"]
            if flags.iter().all(|flag| flag.starts_with('-')) =>
        {
            let added = in_archive(std::io::stdin().lock())?;
            for name in &added {
                said::to_stdout(&format!("{name} saved"));
            }
            add(added)
        }
        _ => Err(format!("the stand-in does not know `{}`", words.join(" ")).into()),
    }
}

fn names() -> BTreeSet<String> {
    std::fs::read_to_string(IMAGES).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn add(added: impl IntoIterator<Item = String>) -> Result<(), Error> {
    let mut known = names();
    known.extend(added.into_iter().map(|name| full(&name)));
    std::fs::create_dir_all("/var/lib/rancher/k3s/agent")?;
    let text = known.into_iter().fold(String::new(), |text, name| text + &name + "\n");
    Ok(std::fs::write(IMAGES, text)?)
}

/// With registry and tag, as containerd names images.
fn full(name: &str) -> String {
    let named = match name.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    };
    let tagged = named.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    if tagged { named } else { named + ":latest" }
}

/// The names in an archive that `docker save` writes.
fn in_archive(stream: impl std::io::Read) -> Result<Vec<String>, Error> {
    for entry in tar::Archive::new(stream).entries()? {
        let mut entry = entry?;
        if entry.path()?.as_os_str() == "manifest.json" {
            let mut text = String::new();
            entry.read_to_string(&mut text)?;
            let images: Vec<serde_json::Value> = serde_json::from_str(&text)?;
            let names = images.iter().filter_map(|image| image["RepoTags"].as_array()).flatten();
            return Ok(names.filter_map(|name| name.as_str().map(str::to_owned)).collect());
        }
    }
    Err("the archive holds no `manifest.json`".into())
}
