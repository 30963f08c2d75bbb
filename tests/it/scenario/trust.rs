//! What a workshop would run on this machine, wherever in its files it is written.

use atelier::scenario::Library;

use super::world::World;

const STEPS: &str = r"steps:
- id: all
  title: All
  explain: All.
  do:
  - run: plain
  - run: { cmd: shown, show: hidden, unless: unless }
  - wait: { run: { cmd: waited } }
  - wait: { any: { of: [ { run: { cmd: one } }, { not: { of: { run: { cmd: other } } } } ] } }
  - delete: { apiVersion: v1, kind: ConfigMap, name: no-command }
  undo:
  - run: undone
  verify:
  - all: { of: [ { run: { cmd: checked } } ] }
cleanup:
- run: cleaned
";

#[test]
fn every_command_is_named_before_it_is_trusted() {
    let world = World::new("steps: []\n", STEPS);
    let workshop = Library::directory(&world.path("scenarios")).workshop("small").unwrap();
    let named: Vec<_> =
        workshop.commands().into_iter().map(|(step, command)| format!("{step} {command}")).collect();
    assert_eq!(
        named,
        [
            "dev.all plain",
            "dev.all unless",
            "dev.all shown",
            "dev.all waited",
            "dev.all one",
            "dev.all other",
            "dev.all undone",
            "dev.all checked",
            "dev.cleanup cleaned",
        ]
    );
}
