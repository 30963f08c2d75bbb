//! `atelier up`: sets up a lab, or brings it back to what it should be.

use std::time::Instant;

use clap::Args;
use serde_json::json;

use super::global::Global;
use super::{bundle, material, status};
use crate::artifacts::bundle::{Bundle, Error as BundleError};
use crate::error::{Failure, Kind};
use crate::lab::{Error, Lock, Plan, Spec};
use crate::platform;
use crate::process::processor_time;
use crate::ui::{Mode, duration, table};

/// Set up a lab, or bring it back to what it should be
#[derive(Debug, Default, Args)]
pub(super) struct UpArgs {
    /// Where the lab runs
    #[arg(long, env = "ATELIER_PLATFORM", value_name = "PLATFORM", value_parser = ["embedded", "k3d"])]
    platform: Option<String>,
    /// Take the images from a bundle and pull nothing: a file, or the address that `bundle serve` prints
    #[arg(long, value_name = "FILE|ADDRESS")]
    bundle: Option<String>,
    /// Pull and download nothing, now and later; what is missing is named before anything starts
    #[arg(long)]
    offline: bool,
}

pub(super) async fn run(global: &Global, args: UpArgs) -> Result<u8, Failure> {
    let begin = Instant::now();
    let folder = global.lab()?;
    let known = match folder.spec() {
        Ok(spec) => Some(spec),
        Err(Error::Missing { .. } | Error::HalfMade { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let workshop = global.workshop(known.as_ref());
    if let Some(spec) = known.as_ref().filter(|spec| spec.workshop != workshop) {
        let (lab, found) = (folder.name().to_owned(), spec.workshop.clone());
        return Err(Error::Differs { lab, what: "workshop", found, wanted: workshop }.into());
    }
    let configured = global.configuration(Some(&folder))?.platform;
    let bundle = match &args.bundle {
        Some(place) => Some(bundle::open(place).await?),
        None => None,
    };
    let (platform, why) = choose(args.platform, known.as_ref(), bundle.is_some(), configured)?;
    if let Some(spec) = known.as_ref().filter(|spec| spec.platform != platform) {
        let (lab, found) = (folder.name().to_owned(), spec.platform.name().to_owned());
        return Err(
            Error::Differs { lab, what: "platform", found, wanted: platform.name().to_owned() }.into()
        );
    }
    let mut material = material::load(global, folder.name(), platform, &workshop, known.as_ref())?;
    if args.offline || bundle.is_some() {
        let mut configuration = global.configuration(Some(&folder))?;
        configuration.go_offline();
        if let Some(bundle) = &bundle {
            must_suit(bundle, platform, &workshop)?;
            configuration.add(&bundle.index().settings);
        }
        material.settings = configuration.settings()?;
        material.bundle = bundle;
    }
    folder.create()?;
    let _lock = Lock::take(&folder, "up")?;
    if global.ui.mode() == Mode::Human {
        global.ui.talk(&format!(
            "lab {}, workshop {workshop}, platform {} ({why}; {})",
            folder.name(),
            platform.name(),
            about(platform)
        ));
    }
    let plan = Plan::of(&material.spec);
    let context = global.context(folder, material)?;
    let stages = tokio::select! {
        stages = plan.up(&context) => stages?,
        _ = tokio::signal::ctrl_c() => {
            return Err(Failure::new(Kind::Interrupted, "interrupted").hint(
                "what stands is kept: `atelier up` goes on from here, `atelier down` removes it",
            ));
        }
    };
    let summary = status::summary(&context.folder, &context.material.spec);
    if global.ui.mode() == Mode::Human && platform == platform::Kind::K3d {
        let rows = stages.iter().map(|(stage, _, took)| vec![(*stage).to_owned(), duration(*took)]);
        global.ui.talk(table(&rows.collect::<Vec<_>>()).trim_end());
    }
    if global.ui.mode() == Mode::Json {
        let stages = stages.iter().map(|(stage, outcome, took)| {
            json!({"stage": stage, "outcome": outcome, "seconds": took.as_secs_f64()})
        });
        global.ui.document(
            &json!({"lab": summary.lab, "platform": summary.platform, "endpoints": summary.endpoints,
            "stages": stages.collect::<Vec<_>>(), "seconds": begin.elapsed().as_secs_f64(),
            "processor_seconds": processor_time().as_secs_f64()}),
        );
        return Ok(0);
    }
    let own = match platform {
        // There, all the work is our own, and most of it another process'.
        platform::Kind::Embedded => String::new(),
        platform::Kind::K3d => format!(", with {} of work of atelier's own", duration(processor_time())),
    };
    global.ui.talk(&format!("ready after {}{own}", duration(begin.elapsed())));
    global.ui.data(&summary.endpoints_text());
    let workshop = global.library(Some(&context.material.spec))?.workshop(&context.material.spec.workshop)?;
    let actor_of = |track: &String| workshop.actor_of(track).map(|actor| (track.clone(), actor.clone()));
    let tracks: Vec<_> = workshop.tracks.keys().filter_map(actor_of).collect();
    let first = tracks.iter().find(|(_, actor)| !actor.administrator).or(tracks.first());
    if let Some((track, actor)) = first {
        let actor = &actor.name;
        global.ui.talk(&format!(
            "\nnext: `atelier learn {track}` here, and in a second terminal: eval \"$(atelier env {actor})\""
        ));
    }
    Ok(0)
}

/// Refuses a bundle for something else than the lab.
fn must_suit(bundle: &Bundle, platform: platform::Kind, workshop: &str) -> Result<(), Failure> {
    let index = bundle.index();
    let differs = |what, found: &str, wanted: &str| {
        let (found, wanted) = (found.to_owned(), wanted.to_owned());
        Err(BundleError::Differs { from: bundle.from(), what, found, wanted }.into())
    };
    if index.platform != platform.name() {
        return differs("platform", &index.platform, platform.name());
    }
    if index.workshop != workshop {
        return differs("workshop", &index.workshop, workshop);
    }
    Ok(())
}

/// The platform and why it is that one: as asked, else the lab's, else the bundle's, else the configured, else the
/// default.
fn choose(
    asked: Option<String>,
    known: Option<&Spec>,
    bundle: bool,
    configured: Option<String>,
) -> Result<(platform::Kind, &'static str), Failure> {
    let named = |word: &str| {
        platform::Kind::named(word).ok_or_else(|| {
            Failure::new(
                Kind::Arguments,
                format!("there is no platform `{word}`; there are `embedded` and `k3d`"),
            )
        })
    };
    match (asked, known, configured) {
        (Some(word), ..) => Ok((named(&word)?, "as asked")),
        (None, Some(spec), _) => Ok((spec.platform, "as before")),
        (None, None, _) if bundle => Ok((platform::Kind::K3d, "as the bundle needs")),
        (None, None, Some(word)) => Ok((named(&word)?, "as configured")),
        (None, None, None) => Ok((platform::Kind::Embedded, "the default")),
    }
}

fn about(platform: platform::Kind) -> &'static str {
    match platform {
        platform::Kind::Embedded => "no containers run there; real ones with `--platform k3d`",
        platform::Kind::K3d => "a real cluster in Docker; without Docker with `--platform embedded`",
    }
}
