//! `atelier completions`, `atelier man` and `atelier --version`: what an installation has beside the program.

use crate::support::{World, needs};

#[test]
fn a_shell_reads_its_completions() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let text = world.atelier(&["completions", shell]).ok();
        assert!(text.stdout().contains("rehearse"), "{shell}");
        let path = world.write(&format!("completions.{shell}"), text.stdout()).display().to_string();
        if needs(shell) {
            world.run(shell, &["-n", &path]).ok();
        }
    }
    assert_eq!(world.atelier(&["completions", "cobol"]).code(), 2);
}

#[test]
fn every_command_has_a_page() {
    let world = World::new();
    world.atelier(&["man", "pages"]).ok();
    let page = |name: &str| std::fs::read_to_string(world.work().join("pages").join(name)).unwrap();
    assert!(page("atelier.1").contains("A GitOps workshop in a box"));
    assert!(page("atelier-image-build.1").contains("platform"));
    assert!(!world.work().join("pages/atelier-serve.1").exists(), "what nobody types has no page");
    let again = World::new();
    again.atelier(&["man", "pages"]).ok();
    let other = std::fs::read_to_string(again.work().join("pages/atelier-up.1")).unwrap();
    assert_eq!(other, page("atelier-up.1"), "the same program writes the same pages");
}

#[test]
fn the_version_tells_what_it_was_built_of() {
    let world = World::new();
    let lines = world.atelier(&["--version"]).ok().stdout().lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines[0], concat!("atelier ", env!("CARGO_PKG_VERSION")));
    assert!(lines[1].starts_with("commit ") && lines[2].starts_with("build "), "{lines:?}");
    assert_eq!(world.atelier(&["-V"]).ok().stdout().lines().count(), 1);
}
