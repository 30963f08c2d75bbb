//! The whole way from a chart and a user's values to manifests, hooks, notes and definitions.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::capabilities::Capabilities;
use super::chart::{Chart, File};
use super::coalesce::coalesce;
use super::dependencies::{is_compatible, process};
use super::engine;
use super::error::Error;
use super::manifest::{Hook, Manifest, sort};
use super::release::Release;
use super::schema;
use super::template::{Host, Limits};

/// Answers `lookup` by apiVersion, kind, namespace and name: an object, a list where the name is empty, or null. An
/// error stops the rendering.
pub type Lookup<'a> = dyn Fn(&str, &str, &str, &str) -> Result<Json, String> + Sync + 'a;

/// How a chart is rendered.
pub struct Options<'a> {
    /// Where templates look objects up.
    pub lookup: &'a Lookup<'a>,
    /// What templates take for the time.
    pub now: jiff::Timestamp,
    /// Whether `required` and `fail` stop nothing.
    pub lint: bool,
    /// Whether `values.schema.json` is left alone.
    pub skip_schema: bool,
}

impl Default for Options<'_> {
    /// Nothing can be looked up, and the time is now.
    fn default() -> Self {
        Self {
            lookup: &|_, _, _, _| Ok(Json::Null),
            now: jiff::Timestamp::now(),
            lint: false,
            skip_schema: false,
        }
    }
}

/// What a chart comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// In the order of installation.
    pub manifests: Vec<Manifest>,
    /// By weight and name.
    pub hooks: Vec<Hook>,
    /// Of the chart itself; empty where it has none.
    pub notes: String,
    /// The files of `crds/`.
    pub crds: Vec<File>,
    /// All values that templates were given.
    pub values: Map<String, Json>,
}

const LIMITS: Limits = Limits { output: 64 << 20, steps: 20_000_000, stack: 448 << 20 };

/// Renders a chart into what it installs.
pub fn render(
    chart: &Chart,
    values: &Map<String, Json>,
    release: &Release,
    capabilities: &Capabilities,
    options: &Options,
) -> Result<Rendered, Error> {
    if chart.metadata.is_library() {
        return Err(Error::Library);
    }
    let wanted = &chart.metadata.kube_version;
    let version = capabilities.kube().normalized;
    if !wanted.is_empty() && !is_compatible(wanted, &version) {
        return Err(Error::KubeVersion { wanted: wanted.clone(), version });
    }
    let (files, values, crds) = prepare(chart, values, release, capabilities, options)?;
    let notes = files.get(&format!("{}/templates/NOTES.txt", chart.name())).cloned().unwrap_or_default();
    let manifests = files.into_iter().filter(|(path, _)| !path.ends_with("NOTES.txt")).collect();
    let (hooks, manifests) = sort(&manifests)?;
    Ok(Rendered { manifests, hooks, notes, crds, values })
}

/// Renders a chart into texts, by the paths of its templates.
pub fn render_files(
    chart: &Chart,
    values: &Map<String, Json>,
    release: &Release,
    capabilities: &Capabilities,
    options: &Options,
) -> Result<BTreeMap<String, String>, Error> {
    prepare(chart, values, release, capabilities, options).map(|(files, ..)| files)
}

type Prepared = (BTreeMap<String, String>, Map<String, Json>, Vec<File>);

fn prepare(
    chart: &Chart,
    values: &Map<String, Json>,
    release: &Release,
    capabilities: &Capabilities,
    options: &Options,
) -> Result<Prepared, Error> {
    let mut chart = chart.clone();
    process(&mut chart, values)?;
    let values = coalesce(&chart, values, false)?;
    if !options.skip_schema {
        schema::check(&chart, &values)?;
    }
    let host = Host { lookup: options.lookup, now: options.now, lint: options.lint };
    let files = on_large_stack(|| engine::render(&chart, &values, release, capabilities, host, LIMITS))?;
    let crds = chart.crds().into_iter().cloned().collect();
    Ok((files, values, crds))
}

/// Templates may include each other a thousand times deep, for which a thread's usual stack is too small.
fn on_large_stack<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let failed = |message: String| Error::Failed { message };
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().name("charts".to_owned()).stack_size(LIMITS.stack + (64 << 20));
        let running = thread.spawn_scoped(scope, work).map_err(|error| failed(error.to_string()))?;
        running.join().unwrap_or_else(|_| Err(failed("the engine panicked".to_owned())))
    })
}
