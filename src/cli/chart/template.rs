//! `atelier chart template`: what a chart comes to, as `helm template` prints it.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::values::{ValuesArgs, load};
use crate::cli::global::Global;
use crate::error::{Failure, Kind};
use crate::manifests::charts::{Capabilities, HookEvent, Options, Release, render};
use crate::ui::Mode;

/// Print what a chart comes to, as `helm template` does
#[derive(Debug, Args)]
pub(super) struct TemplateArgs {
    /// The release's name, and the chart's folder or archive; a chart alone is `release-name`
    #[arg(required = true, num_args = 1..=2, value_names = ["NAME", "CHART"])]
    words: Vec<String>,
    #[command(flatten)]
    values: ValuesArgs,
    /// The namespace that templates are told
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// The version of Kubernetes that templates are told
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// A kind that the cluster has beside those of Kubernetes, such as `monitoring.coreos.com/v1`
    #[arg(long, short, value_name = "VERSIONS", value_delimiter = ',')]
    api_versions: Vec<String>,
    /// Print definitions of kinds, too
    #[arg(long)]
    include_crds: bool,
    /// Leave tests out
    #[arg(long)]
    skip_tests: bool,
    /// Print only these templates
    #[arg(long, short, value_name = "TEMPLATE")]
    show_only: Vec<String>,
}

pub(super) fn run(global: &Global, args: TemplateArgs) -> Result<u8, Failure> {
    let (name, path) = match args.words.as_slice() {
        [name, path] => (name.as_str(), path),
        [path] => ("release-name", path),
        _ => return Err(Failure::new(Kind::Arguments, "name a release and a chart")),
    };
    let chart = load(&PathBuf::from(path))?;
    let release =
        Release { name: name.to_owned(), namespace: args.namespace.clone(), revision: 1, is_upgrade: false };
    let mut capabilities = Capabilities::default();
    if let Some(version) = &args.kube_version {
        capabilities.kube_version = format!("v{}", version.trim_start_matches('v'));
    }
    capabilities.api_versions.extend(args.api_versions.iter().cloned());
    let rendered = render(&chart, &args.values.read()?, &release, &capabilities, &Options::default());
    let rendered = rendered.map_err(|error| Failure::new(Kind::Scenario, error))?;
    let mut parts = Vec::new();
    if args.include_crds {
        let text = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
        parts.extend(
            rendered.crds.iter().map(|file| (format!("{}/{}", chart.name(), file.name), text(&file.data))),
        );
    }
    parts.extend(rendered.manifests.into_iter().map(|manifest| (manifest.path, manifest.content)));
    // Helm prints no empty lines after the last of them.
    if let Some((_, content)) = parts.last_mut() {
        content.truncate(content.trim_end().len());
    }
    let hooks =
        rendered.hooks.into_iter().filter(|hook| !args.skip_tests || !hook.events.contains(&HookEvent::Test));
    parts.extend(hooks.map(|hook| (hook.manifest.path, hook.manifest.content)));
    let parts = chosen(parts, &args.show_only)?;
    if global.ui.mode() == Mode::Json {
        let objects = parts.iter().map(|(path, content)| {
            let object = crate::manifests::yaml::read_legacy(content).unwrap_or_default();
            json!({"source": path, "object": object})
        });
        global.ui.document(&objects.collect::<Vec<_>>());
        return Ok(0);
    }
    let text = parts.iter().map(|(path, content)| format!("---\n# Source: {path}\n{content}\n"));
    global.ui.data(&text.collect::<String>());
    Ok(0)
}

/// All of them, or those of the templates that are named, in that order.
fn chosen(parts: Vec<(String, String)>, wanted: &[String]) -> Result<Vec<(String, String)>, Failure> {
    if wanted.is_empty() {
        return Ok(parts);
    }
    let mut chosen = Vec::new();
    for name in wanted {
        let found =
            parts.iter().filter(|(path, _)| path.split_once('/').is_some_and(|(_, path)| path == name));
        let before = chosen.len();
        chosen.extend(found.map(|(path, content)| (path.clone(), content.trim_end().to_owned())));
        if chosen.len() == before {
            let text = format!("could not find template {name} in chart");
            return Err(Failure::new(Kind::Arguments, text));
        }
    }
    Ok(chosen)
}
