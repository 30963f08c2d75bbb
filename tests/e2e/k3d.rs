//! The platform cases on the real k3d, and what only the real one can show: containers that run an image, and an engine
//! of one's own that labs can be lost in.

use std::io::Write as _;

use crate::support::World;
use crate::support::ground::Ground;
use crate::support::platform_cases::platform_cases;

/// A ground that is configured as the caller's.
fn ground() -> Ground {
    let world = World::new();
    for name in ["ATELIER_CONFIG", "DOCKER_HOST"] {
        if let Ok(value) = std::env::var(name) {
            world.set(name, &value);
        }
    }
    Ground::new("k3d", world, "k3d".to_owned())
}

platform_cases!(Some(ground()), #[ignore = "needs Docker, k3d and images: `make e2e`"]);

#[test]
#[ignore = "needs Docker, k3d and images: `make e2e`"]
fn labs_without_their_state_folder_are_found_and_removed() {
    let ground = ground();
    ground.up();
    std::fs::remove_dir_all(ground.world().state()).unwrap();
    assert_ne!(ground.held(), "");
    let down = ground.world().atelier(&["down", "--all"]);
    assert_eq!(down.code(), 0, "{down}");
    assert_eq!(ground.held(), "");
}

/// A whole workshop: every action twice, everybody in turn, nothing left.
fn is_rehearsed(workshop: &str) {
    let ground = ground();
    ground.atelier(&["--workshop", workshop, "up", "--platform", "k3d"]).ok();
    let rehearsal = ground.atelier(&["rehearse", "--all", "--twice", "--cleanup"]).ok();
    // The figures are for the reader.
    let mut reader = std::io::stderr();
    writeln!(reader, "{}", rehearsal.raw()).unwrap();
    ground.atelier(&["down", "--force"]).ok();
    assert_eq!(ground.held(), "");
}

#[test]
#[ignore = "needs Docker, k3d and images: `make e2e`"]
fn the_workshop_one_is_rehearsed() {
    is_rehearsed("one");
}

#[test]
#[ignore = "needs Docker, k3d and images: `make e2e`"]
fn the_workshop_first_steps_is_rehearsed() {
    is_rehearsed("first_steps");
}

#[test]
#[ignore = "needs Docker, k3d and images: `make e2e`"]
fn an_image_that_was_pushed_runs_in_a_pod() {
    let ground = ground();
    let summary = ground.up();
    let registry = summary["endpoints"]["registry"].as_str().unwrap();
    let image =
        std::env::var("ATELIER_E2E_IMAGE").unwrap_or_else(|_| "rancher/mirrored-pause:3.6".to_owned());
    let lines = format!(
        "export DOCKER_CONFIG=$PWD/docker\n\
         token=$(printf 'protocol=http\\nhost={registry}\\n\\n' | git credential fill | sed -n 's/^password=//p')\n\
         printf %s \"$token\" | docker login -u ops --password-stdin {registry}\n\
         docker tag {image} {registry}/fleet/e2e:1 && docker push -q {registry}/fleet/e2e:1\n\
         docker rmi -f {registry}/fleet/e2e:1\n\
         kubectl run e2e -n default --image=forge.atelier.internal:3000/fleet/e2e:1\n\
         kubectl wait -n default pod/e2e --for=condition=Ready --timeout=60s"
    );
    ground.world().shell("ops", &lines).ok();
    ground.atelier(&["down", "--force"]).ok();
    assert_eq!(ground.held(), "");
}
