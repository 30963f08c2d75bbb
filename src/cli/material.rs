//! What set-up needs, gathered: the workshop, the first trees of its repositories, the operator's manifest.

use super::global::Global;
use super::session;
use crate::controllers;
use crate::error::Failure;
use crate::lab::{Material, Spec};
use crate::platform::Kind;

/// Loads the workshop and all that comes with it.
pub(super) fn load(
    global: &Global,
    lab: &str,
    platform: Kind,
    workshop: &str,
    known: Option<&Spec>,
) -> Result<Material, Failure> {
    let settings = global.configuration(Some(&global.home.lab(lab)?))?.settings()?;
    let library = global.library(known)?;
    let workshop = library.workshop(workshop)?;
    let mut spec = Spec::new(lab, platform, &workshop.id);
    spec.scenarios = global.scenarios(known);
    spec.actors.clone_from(&workshop.actors);
    spec.images.clone_from(&workshop.images);
    spec.operator = workshop.operator;
    spec.lesson_installs = workshop.installs_operator();
    let repositories = workshop.seeds(&session::values(None))?;
    Ok(Material { spec, repositories, operator: controllers::operator::manifest(), settings, bundle: None })
}

/// The images that the operator's Deployments name.
pub(super) fn operator_images() -> Vec<String> {
    let manifest = controllers::operator::manifest();
    let deployments = manifest.iter().filter(|object| object["kind"] == "Deployment");
    let containers =
        deployments.filter_map(|object| object.pointer("/spec/template/spec/containers")?.as_array());
    containers
        .flatten()
        .filter_map(|container| container["image"].as_str().map(str::to_owned))
        .collect::<Vec<_>>()
}
