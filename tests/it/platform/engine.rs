//! What this platform asks of a real Docker engine, without a cluster. Skipped, with the reason, where none answers.

use std::io::Write as _;

use atelier::events::Outcome;
use atelier::platform::k3d::{Engine, Folder, Part, Search, Settings, Site, labs};
use bollard::models::{ContainerCreateBody, HostConfig, Ipam, IpamConfig, NetworkCreateRequest};
use bollard::query_parameters::{RemoveImageOptions, RemoveVolumeOptions};
use futures::StreamExt as _;

use super::{settings, site, told};
use crate::support::World;

/// The engine of this machine, or none, with the reason written past the test harness.
pub(super) async fn engine() -> Option<Engine> {
    let search = Search { host: std::env::var("DOCKER_HOST").ok(), ..Search::default() };
    match Engine::connect(&search).await {
        Ok(engine) => Some(engine),
        Err(error) => {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            let mut past_harness = std::io::stderr();
            writeln!(past_harness, "skipped {test}: {error}").unwrap();
            None
        }
    }
}

/// A name that no other run of the tests has.
pub(super) fn lab(test: &str) -> String {
    format!("t{}-{test}", std::process::id())
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_do_not_overlap_and_go_by_label() {
    let Some(engine) = engine().await else { return };
    let home = tempfile::tempdir().unwrap();
    let (one, two) = (lab("net-a"), lab("net-b"));
    let settings = settings(engine.address());
    let (first, second) =
        (site(home.path(), &one, &settings).await, site(home.path(), &two, &settings).await);
    let ((made, subnet), (_, other)) =
        tokio::try_join!(first.ensure_network(), second.ensure_network()).unwrap();
    assert_eq!(made, Outcome::Created);
    assert_ne!(subnet, other);
    assert_eq!(first.ensure_network().await.unwrap(), (Outcome::Unchanged, subnet));
    let held = first.holdings().await.unwrap();
    assert_eq!(
        held.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!("network `atelier-{one}`")]
    );
    let home = home.path().display().to_string();
    assert!(labs(&engine).await.unwrap().contains(&(one, home)));

    assert!(first.remove_part(Part::Network).await.unwrap());
    assert!(!first.remove_part(Part::Network).await.unwrap());
    assert_eq!(first.holdings().await.unwrap(), []);
    assert!(second.probe_network().await.unwrap());
    assert!(second.remove_part(Part::Network).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn labs_of_one_name_and_two_state_folders_keep_apart() {
    let Some(engine) = engine().await else { return };
    let (home, foreign) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let name = lab("twice");
    let settings = settings(engine.address());
    let other = site(foreign.path(), &name, &settings).await;
    other.ensure_network().await.unwrap();
    let ours = site(home.path(), &name, &settings).await;
    let error = ours.ensure_network().await.unwrap_err().to_string();
    let expected = format!(
        "network `atelier-{name}` exists already and is not of this lab: it belongs to lab `{name}` of `{}`",
        foreign.path().display()
    );
    assert_eq!(error, expected);
    assert!(!ours.remove_part(Part::Network).await.unwrap());
    assert!(other.remove_part(Part::Network).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn images_that_must_not_be_pulled_are_named() {
    let Some(engine) = engine().await else { return };
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(engine.address());
    settings.pull = atelier::platform::k3d::Pull::Never;
    settings.gitea = "atelier.invalid/gitea:0".to_owned();
    let site = site(home.path(), &lab("image"), &settings).await;
    let error = site.ensure_forge(&|_| ()).await.unwrap_err().to_string();
    let reason = "it is not in the engine, and `images.pull` is `never`";
    assert_eq!(error, format!("image `atelier.invalid/gitea:0` cannot be had: {reason}"));
    assert_eq!(site.holdings().await.unwrap(), []);
}

/// Docker itself, to make what the program would not make.
pub(super) fn docker(engine: &Engine) -> bollard::Docker {
    bollard::Docker::connect_with_unix(engine.address(), 60, bollard::API_DEFAULT_VERSION).unwrap()
}

/// An image with nothing in it, of a name that no other run of the tests has.
async fn empty_image(docker: &bollard::Docker, lab: &str) -> String {
    let mut archive = tar::Builder::new(Vec::new());
    let text = format!("FROM scratch\nLABEL atelier.test={lab}\n");
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "Dockerfile", text.as_bytes()).unwrap();
    let name = format!("atelier-test/{lab}:1");
    let options = bollard::query_parameters::BuildImageOptionsBuilder::default().t(&name).rm(true).build();
    let body = bollard::body_full(archive.into_inner().unwrap().into());
    let built = docker.build_image(options, None, Some(body)).collect::<Vec<_>>().await;
    assert!(
        built.iter().all(|line| line.as_ref().is_ok_and(|line| line.error_detail.is_none())),
        "{built:?}"
    );
    name
}

async fn container(
    docker: &bollard::Docker,
    name: &str,
    image: &str,
    network: &str,
    labels: &[(&str, &str)],
) -> String {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        cmd: Some(vec!["x".to_owned()]),
        labels: Some(labels.iter().map(pair).collect()),
        host_config: Some(HostConfig { network_mode: Some(network.to_owned()), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let options = bollard::query_parameters::CreateContainerOptionsBuilder::default().name(name).build();
    docker.create_container(Some(options), body).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_and_a_volume_of_others_are_named_and_survive_down() {
    let Some(engine) = engine().await else { return };
    let (docker, home, lab) = (docker(&engine), tempfile::tempdir().unwrap(), lab("foreign"));
    let image = empty_image(&docker, &lab).await;
    let name = format!("atelier-{lab}-forge");
    let id = container(&docker, &name, &image, "none", &[("atelier.test", &lab)]).await;
    let volume = bollard::models::VolumeCreateRequest { name: Some(name.clone()), ..Default::default() };
    docker.create_volume(volume).await.unwrap();
    let settings = Settings { gitea: image.clone(), ..settings(engine.address()) };
    let ours = site(home.path(), &lab, &settings).await;
    ours.ensure_network().await.unwrap();
    let refused = told(ours.ensure_forge(&|_| ()).await.unwrap_err());
    docker.remove_container(&id, None).await.unwrap();
    let also = told(ours.ensure_forge(&|_| ()).await.unwrap_err());
    for part in [Part::Clusters, Part::Forge, Part::Images, Part::Network] {
        ours.remove_part(part).await.unwrap();
    }
    assert_eq!(ours.holdings().await.unwrap(), []);
    assert!(docker.inspect_volume(&name).await.is_ok(), "it is not ours to remove");
    docker.remove_volume(&name, None::<RemoveVolumeOptions>).await.unwrap();
    docker.remove_image(&image, None::<RemoveImageOptions>, None).await.unwrap();
    insta::assert_snapshot!(format!("{refused}{also}").replace(&lab, "<lab>"), @"
    error: container `atelier-<lab>-forge` exists already and is not of this lab: it belongs to somebody else
    hint: choose another name with `--lab NAME`, or remove that one; `atelier down --all` removes what labs left
    exit code 4
    error: volume `atelier-<lab>-forge` exists already and is not of this lab: it belongs to somebody else
    hint: choose another name with `--lab NAME`, or remove that one; `atelier down --all` removes what labs left
    exit code 4
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_was_pruned_comes_back_with_its_addresses_and_containers() {
    let Some(engine) = engine().await else { return };
    let (docker, home, lab) = (docker(&engine), tempfile::tempdir().unwrap(), lab("pruned"));
    let image = empty_image(&docker, &lab).await;
    let ours = site(home.path(), &lab, &settings(engine.address())).await;
    let (_, subnet) = ours.ensure_network().await.unwrap();
    let (network, forge) = (format!("atelier-{lab}"), format!("atelier-{lab}-forge"));
    let folder = home.path().display().to_string();
    let labels = [("atelier.lab", lab.as_str()), ("atelier.home", &folder)];
    let id = container(&docker, &forge, &image, &network, &labels).await;

    // Somebody else takes the addresses: named, and nothing is made elsewhere.
    docker.remove_network(&network).await.unwrap();
    let other = format!("{lab}-other");
    let config = IpamConfig { subnet: Some(subnet.clone()), ..IpamConfig::default() };
    let request = NetworkCreateRequest {
        name: other.clone(),
        ipam: Some(Ipam { config: Some(vec![config]), ..Ipam::default() }),
        labels: Some([("atelier.test".to_owned(), lab.clone())].into()),
        ..NetworkCreateRequest::default()
    };
    docker.create_network(request).await.unwrap();
    let taken = told(ours.ensure_network().await.unwrap_err());
    docker.remove_network(&other).await.unwrap();
    let taken = taken.replace(&subnet, "<subnet>").replace(&lab, "<lab>");

    assert_eq!(ours.ensure_network().await.unwrap(), (Outcome::Created, subnet.clone()));
    let found = docker.inspect_container(&id, None).await.unwrap();
    let endpoint = found.network_settings.unwrap().networks.unwrap().remove(&network).unwrap();
    let address = endpoint.ipam_config.unwrap().ipv4_address.unwrap();
    assert_eq!(address, subnet.replace(".0/24", ".10"));
    assert!(endpoint.aliases.unwrap().contains(&"forge.atelier.internal".to_owned()));
    for part in [Part::Forge, Part::Network] {
        assert!(ours.remove_part(part).await.unwrap());
    }
    docker.remove_image(&image, None::<RemoveImageOptions>, None).await.unwrap();
    insta::assert_snapshot!(taken, @"
    error: the addresses <subnet>, which this lab's containers have, are in use by network `<lab>-other`
    hint: remove that network (or leave that VPN) and try again; `atelier down` and `atelier up` make the lab anew
    exit code 4
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_made_lab_whose_port_another_program_has_goes_without_a_trace() {
    let Some(engine) = engine().await else { return };
    let (world, lab) = (World::new(), lab("half"));
    world.set("DOCKER_HOST", engine.address());
    let folder = world.state().join("labs").join(&lab).join("platform");
    let place =
        Site::open(Folder::new(&folder), &lab, &world.state(), &settings(engine.address())).await.unwrap();
    place.keep_record().unwrap();
    place.ensure_network().await.unwrap();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    std::fs::write(folder.join("forge.json"), format!("{{\"port\": {port}}}")).unwrap();
    let down = world.atelier(&["down", "--lab", &lab, "--json"]).ok().json();
    let removed = down["removed"].as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned());
    let folder = world.state().join("labs").join(&lab);
    let expected = [format!("folder `{}`", folder.display()), format!("network `atelier-{lab}`")];
    assert_eq!(removed.collect::<Vec<_>>(), expected);
    assert_eq!(place.holdings().await.unwrap(), []);
    let again = world.atelier(&["down", "--lab", &lab, "--json"]).ok().json();
    assert_eq!(again["outcome"], "unchanged");
}
