//! Plans and graphs: what is known is rendered, what is not says after which step it will be.

use std::path::Path;

use atelier::scenario::{Library, mermaid};

use super::world::World;

const BOSS: &str = r#"steps:
- id: open
  title: Open the door
  explain: Open it.
  do:
  - run: touch door
  verify:
  - run: { id: door, cmd: "cat door", save: { wood: stdout } }
"#;

const DEV: &str = r#"steps:
- id: enter
  title: Enter
  needs: [boss.open]
  explain: Go in.
  do:
  - run: { cmd: "echo token-of-dev {{ facts.boss.open.door.wood }}", once: true }
  - commit: { repo: site, message: In, files: [ { path: in.txt, content: "{{ vars.shared }}" } ] }
  - pull_request: { repo: site, head: next, title: Next }
  - image: { name: dev/site, tag: "1.0", folder: site }
  - chart: { to: dev/charts, folder: chart, version: 0.1.0 }
  - reconcile: { helm_release: dev/site }
  verify:
  - registry: { id: image, name: dev/site, tag: "1.0" }
  - pull_request: { repo: site, head: next, state: open }
- id: sit
  title: Sit
  requires: { platforms: [k3d] }
  explain: Sit.
  do:
  - install: operator
  - cluster: recreate
  verify:
  - any:
      of:
      - run: { cmd: "false" }
      - not: { of: { run: { cmd: "test -e {{ vars.shared }}/chair" } } }
"#;

#[tokio::test]
async fn what_is_known_is_rendered_and_the_rest_says_after_what() {
    let world = World::new(BOSS, DEV);
    let steps = world.session().plan("dev").await.unwrap();
    let text = serde_json::to_string_pretty(&steps)
        .unwrap()
        .replace(&world.folder.path().display().to_string(), "<world>");
    insta::assert_snapshot!(text, @r##"
    [
      {
        "step": "dev.enter",
        "title": "Enter",
        "needs": [
          "boss.open"
        ],
        "behind": false,
        "lack": null,
        "actions": [
          {
            "actor": "dev",
            "shown": "echo *** (known after boss.open)",
            "once": true,
            "lack": null
          },
          {
            "actor": "dev",
            "shown": "# write `in.txt`:\n  <world>/shared\ncd \"$ATELIER_WORK\"/site\ngit add in.txt\ngit commit -m In\ngit push origin main",
            "once": false,
            "lack": null
          },
          {
            "actor": "dev",
            "shown": "# open a pull request \"Next\": file://<world>/forge/dev/site/compare/main...next",
            "once": false,
            "lack": null
          },
          {
            "actor": "dev",
            "shown": "atelier image build site --tag dev/site:1.0\natelier image push dev/site:1.0",
            "once": false,
            "lack": null
          },
          {
            "actor": "dev",
            "shown": "atelier chart push chart dev/charts --version 0.1.0",
            "once": false,
            "lack": null
          },
          {
            "actor": "dev",
            "shown": "# ask Flux to look now, or wait for its interval\nkubectl annotate --overwrite helmrelease/site reconcile.fluxcd.io/requestedAt=\"$(date +%s)\"",
            "once": false,
            "lack": null
          }
        ],
        "checks": [
          "the registry has `dev/site:1.0`",
          "a pull request from `next` into `main` of `dev/site` is open"
        ]
      },
      {
        "step": "dev.sit",
        "title": "Sit",
        "needs": [],
        "behind": false,
        "lack": "it needs the platform `k3d`, and this lab is on `embedded`",
        "actions": [
          {
            "actor": "dev",
            "shown": "atelier manifest operator | kubectl apply --server-side -f -",
            "once": false,
            "lack": "`install: operator` is not possible on the platform `embedded` yet"
          },
          {
            "actor": "dev",
            "shown": "atelier recreate cluster",
            "once": true,
            "lack": null
          }
        ],
        "checks": [
          "`false` ends with exit code 0, or it is not so that `test -e <world>/shared/chair` ends with exit code 0"
        ]
      }
    ]
    "##);
    assert_eq!(world.story(), "", "nothing happens");
    assert!(!world.path("journal").exists(), "and nothing is written down");
}

#[test]
fn a_workshop_is_drawn() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/scenario/library");
    let workshop = Library::directory(&fixtures).workshop("two").unwrap();
    let deeds = workshop.graph(&["dev".to_owned()]);
    insta::assert_snapshot!(mermaid(&deeds), @r"
    sequenceDiagram
        actor boss
        actor dev
        participant Forge
        participant Flux
        participant Cluster
        Note over boss: boss.open: Open the door
        Note over dev: dev.push: Push (after boss.open)
        dev->>Forge: commit to dev/site: site: first
        dev->>Flux: asks to look at dev/site
        Flux-->>Cluster: applies dev/site
        Note over dev: dev.heal: Heal
        dev->>Cluster: deletes Deployment site
    ");
}
