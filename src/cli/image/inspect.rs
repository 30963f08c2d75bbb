//! `atelier image inspect`: what an image, or anything else of the registry, is made of.

use clap::Args;
use serde_json::{Value, json};

use crate::artifacts::{Packed, Reference, Remote};
use crate::cli::acting::{Acting, AsArgs};
use crate::cli::global::Global;
use crate::error::Failure;
use crate::ui::{Mode, table};

/// Show what an image is made of, whether it was pushed or not
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// Its name: `OWNER/NAME:TAG` or `OWNER/NAME@DIGEST`
    name: String,
    #[command(flatten)]
    actor: AsArgs,
}

/// One manifest with what its configuration says.
struct Seen {
    digest: String,
    platform: Option<String>,
    manifest: Value,
    config: Value,
}

pub(super) async fn run(global: &Global, args: InspectArgs) -> Result<u8, Failure> {
    let acting = Acting::open(global, args.actor)?;
    let supply = acting.supply();
    let name = supply.reference(&args.name)?;
    let remote = supply.remote(&name.name);
    let built = acting.layout().get(&name.short())?;
    let pushed = remote.tagged(name.wanted()).await?;
    let digest = match (&built, &pushed) {
        (Some(built), _) => built.digest(),
        (None, Some(pushed)) => pushed.clone(),
        (None, None) => return Err(crate::artifacts::Error::Unknown { name: name.short() }.into()),
    };
    let state = match (&built, &pushed) {
        (Some(_), Some(pushed)) if *pushed == digest => "built and pushed".to_owned(),
        (Some(_), Some(pushed)) => format!("built; the registry has another one, {pushed}"),
        (Some(_), None) => "built, not pushed".to_owned(),
        (None, _) => "in the registry".to_owned(),
    };
    let mut all = Vec::new();
    match &built {
        Some(built) => of_built(built, None, &mut all),
        None => of_remote(&remote, &name, &digest, &mut all).await?,
    }
    if global.ui.mode() == Mode::Json {
        let manifests = all.iter().map(|seen| {
            json!({"digest": seen.digest, "platform": seen.platform, "manifest": seen.manifest, "config": seen.config})
        });
        let manifests = manifests.collect::<Vec<_>>();
        global.ui.document(
            &json!({"name": name.short(), "digest": digest, "state": state, "manifests": manifests}),
        );
        return Ok(0);
    }
    let mut rows = vec![row("name", &name.short()), row("digest", &digest), row("state", &state)];
    for seen in &all {
        rows.extend(shown(seen));
    }
    global.ui.data(&table(&rows));
    Ok(0)
}

fn row(label: &str, value: &str) -> Vec<String> {
    vec![label.to_owned(), value.to_owned()]
}

fn of_built(packed: &Packed, platform: Option<&Value>, all: &mut Vec<Seen>) {
    let manifest: Value = serde_json::from_slice(&packed.manifest).unwrap_or_default();
    for (part, described) in packed.parts.iter().zip(manifest["manifests"].as_array().into_iter().flatten()) {
        of_built(part, Some(&described["platform"]), all);
    }
    if packed.parts.is_empty() {
        // The configuration is one of the blobs, the smallest document of all.
        let config = packed.blobs.iter().rev().find_map(|blob| serde_json::from_slice(blob).ok());
        all.push(seen(packed.digest(), platform, manifest, config.unwrap_or_default()));
    }
}

async fn of_remote(
    remote: &Remote,
    name: &Reference,
    digest: &str,
    all: &mut Vec<Seen>,
) -> Result<(), Failure> {
    let unknown = || crate::artifacts::Error::Unknown { name: name.short() };
    let read = async |digest: &str| -> Result<Value, Failure> {
        let bytes = remote.manifest(digest).await?.ok_or_else(unknown)?;
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    };
    let manifest = read(digest).await?;
    let parts = match manifest["manifests"].as_array() {
        Some(list) => list
            .iter()
            .map(|one| (one["digest"].as_str().unwrap_or_default().to_owned(), Some(one["platform"].clone())))
            .collect(),
        None => vec![(digest.to_owned(), None)],
    };
    for (digest, platform) in parts {
        let manifest = read(&digest).await?;
        let config = manifest["config"]["digest"].as_str().unwrap_or_default();
        let config = if config.is_empty() { Vec::new() } else { remote.blob(config).await? };
        let config = serde_json::from_slice(&config).unwrap_or_default();
        all.push(seen(digest, platform.as_ref(), manifest, config));
    }
    Ok(())
}

fn seen(digest: String, platform: Option<&Value>, manifest: Value, config: Value) -> Seen {
    let about = platform.unwrap_or(&config);
    let words = ["os", "architecture", "variant"].into_iter().filter_map(|name| about[name].as_str());
    let platform = words.collect::<Vec<_>>().join("/");
    Seen { digest, platform: Some(platform).filter(|platform| !platform.is_empty()), manifest, config }
}

fn shown(seen: &Seen) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    if let Some(platform) = &seen.platform {
        rows.push(row("platform", platform));
    }
    rows.push(row("manifest", &seen.digest));
    let config = &seen.config["config"];
    let list = |value: &Value| {
        let words = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        words.map(crate::process::quote).collect::<Vec<_>>().join(" ")
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let keys = |value: &Value| {
        value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>().join(" ")
    };
    for (label, value) in [
        ("entrypoint", list(&config["Entrypoint"])),
        ("arguments", list(&config["Cmd"])),
        ("folder", text(&config["WorkingDir"])),
        ("user", text(&config["User"])),
        ("ports", keys(&config["ExposedPorts"])),
    ] {
        if !value.is_empty() {
            rows.push(row(label, &value));
        }
    }
    for variable in config["Env"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        rows.push(row("variable", variable));
    }
    for (label, map) in [("label", &config["Labels"]), ("annotation", &seen.manifest["annotations"])] {
        for (name, value) in map.as_object().into_iter().flatten() {
            rows.push(row(label, &format!("{name}={}", value.as_str().unwrap_or_default())));
        }
    }
    for layer in seen.manifest["layers"].as_array().into_iter().flatten() {
        let size = layer["size"].as_u64().unwrap_or_default();
        rows.push(row("layer", &format!("{} {size} bytes", layer["digest"].as_str().unwrap_or_default())));
    }
    rows
}
