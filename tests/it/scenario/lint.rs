//! Lint, by single mistakes in a workshop that has none: each with its whole message.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use atelier::scenario::{Finding, Library, lint};

pub(super) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/scenario")
}

fn findings(library: &Library) -> String {
    lint(library, None).iter().map(Finding::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn good_material_has_no_finding() {
    assert_eq!(findings(&Library::directory(&fixtures().join("library"))), "");
}

/// One mistake: in `file`, `from` becomes `to`.
pub(super) struct Case {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    pub(super) expected: &'static str,
}

pub(super) const CASES: &[Case] = &[
    Case {
        file: "dev.yaml",
        from: "- reconcile: { kustomization:",
        to: "- reconcile: { kustomisation:",
        expected: "two/dev.yaml:25:18: error W002: unknown field `kustomisation`\n\
            \x20 help: did you mean `kustomization`? this takes: `kustomization`, `helm_release`, `git_repository`, `oci_repository`, `helm_repository`, `helm_chart`, `with_source`",
    },
    Case {
        file: "dev.yaml",
        from: "      within: 90s",
        to: "      withing: 90s",
        expected: "two/dev.yaml:38:7: error W002: unknown field `withing`\n\
            \x20 help: did you mean `within`? this takes: `kustomization`, `helm_release`, `git_repository`, `oci_repository`, `helm_repository`, `helm_chart`, `revision`, `cel`, `id`, `within`, `every`, `stable_for`, …",
    },
    Case {
        file: "dev.yaml",
        from: "- commit:\n      repo: dev",
        to: "- comit:\n      repo: dev",
        expected: "two/dev.yaml:20:5: error W003: unknown word `comit`\n\
            \x20 help: did you mean `commit`? there is: `run`, `commit`, `reconcile`, `apply`, `delete`, `scale`, `wait`, `pause`, `pull_request`, `image`, `chart`, `install`, …",
    },
    Case {
        file: "dev.yaml",
        from: "  - flux:\n",
        to: "  - fluxx:\n",
        expected: "two/dev.yaml:34:5: error W003: unknown word `fluxx`\n\
            \x20 help: did you mean `flux`? there is: `git`, `flux`, `k8s`, `http`, `run`, `answer`, `pull_request`, `registry`, `any`, `all`, `not`",
    },
    Case {
        file: "dev.yaml",
        from: "reconcile: { kustomization: dev/site, with_source: true }",
        to: "scale: { apiVersion: apps/v1, kind: Deployment, name: site, replica: 2 }",
        expected: "two/dev.yaml:25:65: error W002: unknown field `replica`\n\
            \x20 help: did you mean `replicas`? this takes: `apiVersion`, `kind`, `namespace`, `name`, `replicas`, `as`",
    },
    Case {
        file: "dev.yaml",
        from: "delete: { apiVersion: apps/v1, kind: Deployment, name: \"{{ vars.app }}\", once: true }",
        to: "scale: { apiVersion: apps/v1, kind: Deployment, name: \"{{ vars.ap }}\", replicas: 2 }",
        expected: "two/dev.yaml:57:68: error W202: `vars.ap` is not defined\n\
            \x20 help: did you mean `app`? defined here: `app`, `replicas`",
    },
    Case {
        file: "dev.yaml",
        from: "needs: [boss.open]",
        to: "needs: [boss.opened]",
        expected: "two/dev.yaml:12:11: error W103: `needs` names the step `boss.opened`, which does not exist\n\
            \x20 help: did you mean `boss.open`? steps are: `boss.open`, `boss.close`, `dev.heal`\n\
            two/dev.yaml:62:88: error W203: `facts.boss.open.door.name` is not known yet at this point\n\
            \x20 help: add `needs: [boss.open]` to this step",
    },
    Case {
        file: "dev.yaml",
        from: "needs: [boss.open]",
        to: "needs: [dev.heal]",
        expected: "two/dev.yaml:12:11: error W104: `dev.push` and `dev.heal` wait for each other\n\
            \x20 help: a step comes after the one above it and after all that it needs\n\
            two/dev.yaml:62:88: error W203: `facts.boss.open.door.name` is not known yet at this point\n\
            \x20 help: add `needs: [boss.open]` to this step",
    },
    Case {
        file: "dev.yaml",
        from: "needs: [boss.open]",
        to: "needs: [dev.push]",
        expected: "two/dev.yaml:12:11: error W104: `dev.push` waits for itself\n\
            \x20 help: a step comes after the one above it and after all that it needs\n\
            two/dev.yaml:62:88: error W203: `facts.boss.open.door.name` is not known yet at this point\n\
            \x20 help: add `needs: [boss.open]` to this step",
    },
    Case {
        file: "dev.yaml",
        from: "Push **{{ vars.app }}**",
        to: "Push **{{ vars.ap }}**",
        expected: "two/dev.yaml:14:20: error W202: `vars.ap` is not defined\n\
            \x20 help: did you mean `app`? defined here: `app`, `replicas`",
    },
    Case {
        file: "dev.yaml",
        from: "    to {{ git.url }}",
        to: "    to {{ git.address }}",
        expected: "two/dev.yaml:15:15: error W202: `git.address` is not defined\n\
            \x20 help: defined here: `url`",
    },
    Case {
        file: "dev.yaml",
        from: "message: \"{{ vars.app }}: first\"",
        to: "message: \"{{ app }}: first\"",
        expected: "two/dev.yaml:22:20: error W202: `app` is not defined\n\
            \x20 help: defined here: `actor`, `cluster`, `facts`, `forge`, `git`, `registry`, `vars`, `work`",
    },
    Case {
        file: "dev.yaml",
        from: "revision: \"{{ facts.push.pushed.commit }}\"",
        to: "revision: \"{{ facts.push.pushed.comit }}\"",
        expected: "two/dev.yaml:37:39: error W202: `facts.push.pushed.comit` is not defined\n\
            \x20 help: did you mean `commit`? defined here: `commit`",
    },
    Case {
        file: "dev.yaml",
        from: "revision: \"{{ facts.push.pushed.commit }}\"",
        to: "revision: \"{{ facts.heal.pushed.commit }}\"",
        expected: "two/dev.yaml:37:27: error W202: `facts.heal` is not defined\n\
            \x20 help: defined here: `boss`, `push`",
    },
    Case {
        file: "dev.yaml",
        from: "  needs: [boss.open]\n",
        to: "",
        expected: "two/dev.yaml:61:88: error W203: `facts.boss.open.door.name` is not known yet at this point\n\
            \x20 help: add `needs: [boss.open]` to this step",
    },
    Case {
        file: "dev.yaml",
        from: "facts.boss.open.door.name",
        to: "facts.boss.close.gone.name",
        expected: "two/dev.yaml:62:88: error W203: `facts.boss.close.gone.name` is not known yet at this point\n\
            \x20 help: add `needs: [boss.close]` to this step",
    },
    Case {
        file: "dev.yaml",
        from: "facts.push.pushed.commit\"",
        to: "facts.push.pushed.hash\"",
        expected: "two/dev.yaml:62:38: error W202: `facts.push.pushed.hash` is not defined\n\
            \x20 help: defined here: `commit`",
    },
    Case {
        file: "dev.yaml",
        from: "object.status.readyReplicas >= 2",
        to: "object.status.readyReplicas > = 2",
        expected: "two/dev.yaml:46:39: error W204: Syntax error: token recognition error at: '= '\n\
            \x20 help: expressions are CEL, as in Kubernetes",
    },
    Case {
        file: "dev.yaml",
        from: "object.status.readyReplicas >= 2",
        to: "objct.status.readyReplicas >= 2",
        expected: "two/dev.yaml:46:9: error W205: `objct` is not defined in this expression\n\
            \x20 help: did you mean `object`? defined here: `object`, `objects`, `facts`, `vars`, `actor`",
    },
    Case {
        file: "dev.yaml",
        from: "      within: 90s",
        to: "      within: 90",
        expected: "two/dev.yaml:38:15: error W005: `90` is not a length of time; write `90s`, `2m`, `1h30m` or `500ms`, at most a day",
    },
    Case {
        file: "dev.yaml",
        from: "      within: 90s",
        to: "      within: [90s]",
        expected: "two/dev.yaml:38:15: error W005: something else than a text\n\
            \x20 help: write a text here",
    },
    Case {
        file: "dev.yaml",
        from: "  title: Heal\n",
        to: "",
        expected: "two/dev.yaml:52:3: error W004: missing field `title`\n\
            \x20 help: add `title:` to this map",
    },
    Case {
        file: "dev.yaml",
        from: "  style: challenge",
        to: "  style: riddle",
        expected: "two/dev.yaml:54:10: error W003: unknown word `riddle`\n\
            \x20 help: there is: `guided`, `challenge`, `demo`",
    },
    Case {
        file: "dev.yaml",
        from: "- id: heal",
        to: "- id: push",
        expected: "two/dev.yaml:52:7: error W101: the step `push` is there already, in line 9\n\
            \x20 help: give it another id\n\
            two/dev.yaml:62:38: error W203: `facts.push.pushed.commit` is not known yet at this point\n\
            \x20 help: facts are known after the check that saves them has passed\n\
            two/dev.yaml:62:88: error W203: `facts.boss.open.door.name` is not known yet at this point\n\
            \x20 help: add `needs: [boss.open]` to this step",
    },
    Case {
        file: "dev.yaml",
        from: "- id: heal",
        to: "- id: self-heal",
        expected: "two/dev.yaml:52:7: error W102: `self-heal` is not an id\n\
            \x20 help: write small letters, digits and `_`, a letter first: templates read `-` as minus",
    },
    Case {
        file: "dev.yaml",
        from: "- id: heal",
        to: "- id: boss",
        expected: "two/dev.yaml:52:7: error W101: the step `boss` has the name of a track\n\
            \x20 help: give it another id",
    },
    Case {
        file: "dev.yaml",
        from: "      id: applied\n",
        to: "      id: pushed\n",
        expected: "two/dev.yaml:35:11: error W101: this step has the check `pushed` already\n\
            \x20 help: give it another id\n\
            two/dev.yaml:50:11: error W205: `applied` is not defined in this expression\n\
            \x20 help: defined here: `k8s_3`, `pushed`, `facts`, `vars`, `actor`\n\
            two/dev.yaml:51:31: error W202: `applied` is not defined\n\
            \x20 help: defined here: `actor`, `cluster`, `facts`, `forge`, `git`, `registry`, `vars`, `work`, `k8s_3`, `pushed`",
    },
    Case {
        file: "dev.yaml",
        from: "from: files/page.html",
        to: "from: files/pages.html",
        expected: "two/dev.yaml:24:29: error W107: there is no file or folder `files/pages.html` beside the scenario\n\
            \x20 help: did you mean `files/page.html`? files are: `files/page.html`",
    },
    Case {
        file: "dev.yaml",
        from: "from: files/page.html",
        to: "from: ../boss.yaml",
        expected: "two/dev.yaml:24:29: error W107: `../boss.yaml` cannot be used: the path leads out of the workshop's folder\n\
            \x20 help: files are: `files/page.html`",
    },
    Case {
        file: "dev.yaml",
        from: "from: files/page.html }",
        to: "}",
        expected: "two/dev.yaml:20:5: error W010: none of `from`, `content`, `set` is there\n\
            \x20 help: write exactly one of them",
    },
    Case {
        file: "dev.yaml",
        from: "kustomization: dev/site, with",
        to: "kustomization: dev/site, git_repository: dev/site, with",
        expected: "two/dev.yaml:25:5: error W010: more than one of `kustomization`, `helm_release`, `git_repository`, `oci_repository`, `helm_repository`, `helm_chart` is there\n\
            \x20 help: write exactly one of them",
    },
    Case {
        file: "dev.yaml",
        from: "      service: dev/site:80\n",
        to: "",
        expected: "two/dev.yaml:59:5: error W010: none of `service`, `url` is there\n\
            \x20 help: write exactly one of them",
    },
    Case {
        file: "dev.yaml",
        from: "repo: dev/{{ vars.app }}",
        to: "repo: dev/sites",
        expected: "two/dev.yaml:21:13: error W106: there is no repository `dev/sites`\n\
            \x20 help: did you mean `dev/site`? set-up makes: `dev/site`",
    },
    Case {
        file: "dev.yaml",
        from: "      unless: \"false\"",
        to: "      unless: \"false\"\n      as: devv",
        expected: "two/dev.yaml:20:11: error W105: there is no actor `devv`\n\
            \x20 help: did you mean `dev`? actors are: `boss`, `dev`",
    },
    Case {
        file: "dev.yaml",
        from: "apiVersion: atelier/v1",
        to: "apiVersion: atelier/v2",
        expected: "two/dev.yaml:1:13: error W007: `apiVersion` is `atelier/v2`, which is newer than this program\n\
            \x20 help: this program reads `atelier/v1`; get a newer `atelier`",
    },
    Case {
        file: "dev.yaml",
        from: "kind: Scenario",
        to: "kind: Workshop",
        expected: "two/dev.yaml:2:7: error W007: `kind` is `Workshop`, not `Scenario`\n\
            \x20 help: write `kind: Scenario`",
    },
    Case {
        file: "dev.yaml",
        from: "id: dev\n",
        to: "id: developer\n",
        expected: "two/dev.yaml:3:5: error W102: the file is that of the track `dev`, and this says `developer`\n\
            \x20 help: write `dev`",
    },
    Case {
        file: "dev.yaml",
        from: "estimated: 20m",
        to: "estimated: 20m\nestimated: 30m",
        expected: "two/dev.yaml:6:1: error W006: the key `estimated` stands here a second time\n\
            \x20 help: remove one of the two",
    },
    Case {
        file: "dev.yaml",
        from: "vars:\n  replicas: 2",
        to: "vars:\n\treplicas: 2",
        expected: "two/dev.yaml:7:2: error W001: tabs disallowed within this context (block indentation)\n\
            \x20 help: indent with spaces; YAML takes no tabs there",
    },
    Case {
        file: "dev.yaml",
        from: "- Flux is slow.",
        to: "- 'Flux is slow.",
        expected: "two/dev.yaml:65:1: error W001: invalid indentation in multiline quoted scalar\n\
            \x20 help: look at quotes, colons and indentation here and in the lines above",
    },
    Case {
        file: "dev.yaml",
        from: "  - run:\n      cmd: git status",
        to: "  - run:\n    cmd: git status",
        expected: "two/dev.yaml:17:5: error W005: nothing where a command, or a map with `cmd` is expected",
    },
    Case {
        file: "dev.yaml",
        from: "  - run:\n      cmd: git status",
        to: "  - sleep: 5s\n  - run:\n      cmd: git status",
        expected: "two/dev.yaml:17:5: error W003: unknown word `sleep`\n\
            \x20 help: there is: `run`, `commit`, `reconcile`, `apply`, `delete`, `scale`, `wait`, `pause`, `pull_request`, `image`, `chart`, `install`, …",
    },
    Case {
        file: "dev.yaml",
        from: "cmd: git status\n",
        to: "cmd: kubectl get po -o go-template='{{.status}}'\n",
        expected: "two/dev.yaml:18:45: error W201: Found `.` but expected one of: integer, float, string, bool, ident, `-`, `not`, `<`, `{`, `[` or `(`\n\
            \x20 help: text with the braces of another tool goes between `{% raw %}` and `{% endraw %}`",
    },
    Case {
        file: "dev.yaml",
        from: "cmd: git status\n",
        to: "cmd: git status {{ vars.app\n",
        expected: "two/dev.yaml:18:34: error W201: Unexpected end of input\n\
            \x20 help: text with the braces of another tool goes between `{% raw %}` and `{% endraw %}`",
    },
    Case {
        file: "dev.yaml",
        from: "      service: dev/site:80\n",
        to: "      service: dev/site:80\n      body2: {}\n",
        expected: "two/dev.yaml:61:7: error W002: unknown field `body2`\n\
            \x20 help: did you mean `body`? this takes: `service`, `url`, `from`, `path`, `status`, `body`, `cel`, `id`, `within`, `every`, `stable_for`, `hold`, …",
    },
    Case {
        file: "dev.yaml",
        from: "  verify:\n  - http:",
        to: "  checks:\n  - http:",
        expected: "two/dev.yaml:58:3: error W002: unknown field `checks`\n\
            \x20 help: this takes: `id`, `title`, `estimated`, `style`, `requires`, `needs`, `while_waiting`, `explain`, `notes`, `do`, `verify`, `before`, …",
    },
    Case {
        file: "dev.yaml",
        from: "version: 1.0.0 }",
        to: "version: \"{{ vars.version }}\" }",
        expected: "two/dev.yaml:61:21: error W202: `vars.version` is not defined\n\
            \x20 help: defined here: `app`, `replicas`",
    },
    Case {
        file: "dev.yaml",
        from: "  hints:\n  - Flux is slow.\n",
        to: "",
        expected: "two/dev.yaml:52:3: warning W502: the step `heal` has no hint\n\
            \x20 help: name the commonest mistake",
    },
    Case {
        file: "dev.yaml",
        from: "when: applied.ready.reason",
        to: "when: aplied.ready.reason",
        expected: "two/dev.yaml:50:11: error W205: `aplied` is not defined in this expression\n\
            \x20 help: did you mean `applied`? defined here: `applied`, `k8s_3`, `pushed`, `facts`, `vars`, `actor`",
    },
    Case {
        file: "dev.yaml",
        from: "{{ applied.ready.message }}",
        to: "{{ aplied.ready.message }}",
        expected: "two/dev.yaml:51:31: error W202: `aplied` is not defined\n\
            \x20 help: did you mean `applied`? defined here: `actor`, `cluster`, `facts`, `forge`, `git`, `registry`, `vars`, `work`, `applied`, `k8s_3`, `pushed`",
    },
    Case {
        file: "dev.yaml",
        from: "once: true }",
        to: "once: perhaps }",
        expected: "two/dev.yaml:57:84: error W005: this is not a boolean\n\
            \x20 help: write `true` or `false`",
    },
    Case {
        file: "dev.yaml",
        from: "steps:\n- id: push",
        to: "---\nsteps:\n- id: push",
        expected: "two/dev.yaml:1:1: error W004: missing field `steps`\n\
            \x20 help: add `steps:` to this map",
    },
    Case {
        file: "dev.yaml",
        from: "replicas: 2",
        to: "replicas: *two",
        expected: "two/dev.yaml:7:13: error W001: reference to unknown value\n\
            \x20 help: look at quotes, colons and indentation here and in the lines above",
    },
    Case {
        file: "boss.yaml",
        from: "  verify:\n  - run: { id: gone, cmd: \"! test -e door\" }\n",
        to: "",
        expected: "two/boss.yaml:17:3: error W501: the step `close` has no `verify`\n\
            \x20 help: add a check that fails until it is done",
    },
    Case {
        file: "boss.yaml",
        from: "id: gone, cmd",
        to: "id: gone, expect: { stdout: { matches: \"(\" } }, cmd",
        expected: "two/boss.yaml:23:51: error W206: `(` is not a regular expression\n\
            \x20 help: unclosed group",
    },
    Case {
        file: "boss.yaml",
        from: "id: gone, cmd: \"! test -e door\"",
        to: "id: gone",
        expected: "two/boss.yaml:23:12: error W004: missing field `cmd`\n\
            \x20 help: add `cmd:` to this map",
    },
    Case {
        file: "workshop.yaml",
        from: "    actor: dev\n",
        to: "    actor: dave\n",
        expected: "two/workshop.yaml:12:12: error W105: the track `dev` has the actor `dave`, who does not exist\n\
            \x20 help: actors are: `boss`, `dev`",
    },
    Case {
        file: "workshop.yaml",
        from: "from: site",
        to: "from: sites",
        expected: "two/workshop.yaml:14:35: error W107: there is no template `sites`\n\
            \x20 help: looked for a folder of that name in two/templates/, templates/, ../templates/",
    },
    Case {
        file: "workshop.yaml",
        from: "  dev:\n    title",
        to: "  dev2:\n    title",
        expected: "two/dev.yaml:1:1: warning W108: the workshop has no track `dev`\n\
            \x20 help: add `dev` to `tracks` in `workshop.yaml`, and call the file `dev.yaml`\n\
            two/dev2.yaml:1:1: error W008: the file cannot be read: No such file or directory (os error 2)\n\
            \x20 help: every track has a file of its name: write `dev2.yaml`",
    },
    Case {
        file: "workshop.yaml",
        from: "kind: Workshop\n",
        to: "",
        expected: "two/workshop.yaml:1:1: error W004: missing field `kind`\n\
            \x20 help: add `kind:` to this map",
    },
    Case {
        file: "workshop.yaml",
        from: "id: two\n",
        to: "id: three\n",
        expected: "two/workshop.yaml:3:5: error W102: the folder is `two`, and this says `three`\n\
            \x20 help: write `two`",
    },
    Case {
        file: "workshop.yaml",
        from: "administrator: true",
        to: "administrator: yes",
        expected: "two/workshop.yaml:6:26: error W005: this is not a boolean\n\
            \x20 help: write `true` or `false`",
    },
];

/// The fixture's workshop in a folder, with files changed on the way.
pub(super) fn copied(folder: &Path, change: impl Fn(&str, String) -> String) {
    let from = fixtures();
    for path in ["workshop.yaml", "boss.yaml", "dev.yaml", "files/page.html"] {
        let text = std::fs::read_to_string(from.join("library/two").join(path)).unwrap();
        let to = folder.join("library/two").join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, change(path, text)).unwrap();
    }
    std::fs::create_dir_all(folder.join("templates/site")).unwrap();
    std::fs::write(folder.join("templates/site/README.md"), "A site.").unwrap();
}

/// What lint says to the workshop in a folder.
pub(super) fn findings_in(folder: &Path) -> String {
    let library = folder.join("library");
    findings(&Library::directory(&library)).replace(&format!("{}/", library.display()), "")
}

#[test]
fn every_mistake_is_named_with_place_and_remedy() {
    let mut wrong = String::new();
    for case in CASES {
        let folder = tempfile::tempdir().unwrap();
        copied(folder.path(), |file, text| {
            if file != case.file {
                return text;
            }
            assert!(text.contains(case.from), "`{}` is not in the fixture", case.from);
            text.replacen(case.from, case.to, 1)
        });
        let found = findings_in(folder.path());
        if found != case.expected {
            let _ = writeln!(wrong, "=== {:?} -> {:?}\n{found}", case.from, case.to);
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
