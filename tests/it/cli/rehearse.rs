//! `atelier rehearse`: the material does what it says, with git alone.

use rustix::process::Signal;

use crate::support::source::package;
use crate::support::{World, needs};

/// The steps that the events of `--json` say are complete, in order.
fn completed(stdout: &str) -> Vec<String> {
    let events =
        serde_json::Deserializer::from_str(stdout).into_iter::<serde_json::Value>().map(Result::unwrap);
    let finished = events.filter(|event| event["event"] == "step_finished");
    finished.map(|event| event["step"].as_str().unwrap().to_owned()).collect()
}

/// Every step of the workshop `one`, track by track.
const ALL: [&str; 37] = [
    "dev1.build",
    "dev1.chart",
    "dev1.publish",
    "dev1.release",
    "dev1.test",
    "dev1.upgrade",
    "dev1.values",
    "dev1.broken_upgrade",
    "dev1.policy_violation",
    "dev1.depends",
    "dev1.promote",
    "dev2.clone",
    "dev2.build",
    "dev2.deploy",
    "dev2.change",
    "dev2.bad_image",
    "dev2.rollback",
    "dev2.scale",
    "dev2.self_heal",
    "dev2.stay_in_lane",
    "dev2.overlay",
    "ops.why",
    "ops.bootstrap",
    "ops.look_around",
    "ops.infrastructure",
    "ops.tenants",
    "ops.onboard_dev1",
    "ops.onboard_dev2",
    "ops.wrong_path",
    "ops.segregate",
    "ops.policy",
    "ops.quota",
    "ops.audit",
    "ops.promote",
    "ops.patch",
    "ops.incident",
    "ops.disaster",
];

#[test]
fn all_tracks_are_played_and_leave_nothing() {
    if !(needs("git") && needs("kubectl")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let ran = world.atelier(&["rehearse", "--all", "--cleanup", "--speed", "5", "--json"]).ok();
    let steps = completed(ran.stdout());
    // Steps of different tracks may take turns; those of one track may not.
    for track in ["dev1.", "dev2.", "ops."] {
        let own = |steps: &[String]| {
            steps.iter().filter(|step| step.starts_with(track)).cloned().collect::<Vec<_>>()
        };
        assert_eq!(own(&steps), own(&ALL.map(str::to_owned)));
    }
}

#[test]
fn first_steps_begin_without_the_operator_and_leave_it_behind() {
    if !(needs("git") && needs("kubectl")) {
        return;
    }
    let world = World::new();
    world.atelier(&["--workshop", "first_steps", "up"]).ok();
    let none = world.shell("you", "kubectl get namespace flux-system 2>&1 || true").ok();
    assert!(none.stdout().contains("not found"), "{none}");
    let words = ["--workshop", "first_steps", "rehearse", "--all", "--twice", "--speed", "20", "--json"];
    let ran = world.atelier(&words).ok();
    let steps = ["install", "key", "source", "add_podinfo", "watch", "comes_back", "four"];
    assert_eq!(completed(ran.stdout()), steps.map(|step| format!("steps.{step}")));
    let key =
        world.shell("robot", "git ls-remote http://forge.atelier.internal:3000/you/garden.git main").ok();
    assert!(key.stdout().ends_with("refs/heads/main\n"), "{key}");
}

/// Settings that would keep git from its work, were they heeded.
const HOSTILE: &str = r#"
[commit]
	gpgsign = true
[gpg]
	program = /nowhere
[url "http://192.0.2.1:1/"]
	insteadOf = http://127.0.0.1
	insteadOf = http://forge.atelier.internal
[http]
	proxy = http://192.0.2.1:3128
[init]
	templateDir = /nowhere
	defaultBranch = trunk
[core]
	autocrlf = true
	hooksPath = /nowhere
"#;

#[test]
fn settings_of_a_persons_own_do_not_matter() {
    if !needs("git") {
        return;
    }
    let world = World::new();
    std::fs::write(world.home().join(".gitconfig"), HOSTILE).unwrap();
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        world.set(name, "http://192.0.2.1:3128");
    }
    world.atelier(&["up"]).ok();
    world.atelier(&["rehearse", "dev2", "--speed", "20"]).ok();
    let by_hand = "cd \"$ATELIER_WORK/postcard\"\ngit pull -q\necho more >> README.md\ngit commit -qam more\n\
        git push -q 2>/dev/null\ngit log -1 --format='%an: %s'";
    assert_eq!(world.shell("dev2", by_hand).ok().stdout(), "Dana Dev: more\n");
}

#[test]
fn without_git_nothing_is_begun() {
    if !needs("git") {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let path = std::env::var("PATH").unwrap();
    world.set("PATH", "/nowhere");
    for command in ["rehearse dev2", "learn dev2", "env dev2", "shell dev2"] {
        let words = command.split(' ').collect::<Vec<_>>();
        let expected = format!(
            "$ atelier {command}\n--- stderr\nerror: `git` was not found on PATH\n\
             hint: install `git`, or add its folder to PATH\n--- exit code 4"
        );
        assert_eq!(world.atelier(&words).to_string(), expected);
    }
    world.set("PATH", &path);
    assert!(!world.state().join("labs/one/journal").exists(), "no step is written down");
}

#[test]
fn ctrl_c_is_told_and_the_same_command_goes_on() {
    if !needs("git") {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let ended = world.signalled(&["rehearse", "dev2", "--speed", "20"], 25, Signal::INT);
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    let ran = world.atelier(&["rehearse", "dev2", "--speed", "20", "--json"]).ok();
    let report = ran.json()["report"].clone();
    let resumed = report["steps"].as_array().unwrap().iter().filter(|step| step["resumed"] == true).count();
    assert!(resumed > 0, "what was complete is not done again: {report}");
}

#[test]
fn mistakes_in_a_workshop_are_told_with_their_place_before_anything_is_done() {
    let world = World::new();
    let home = |name: &str| world.home().with_file_name(name).display().to_string();
    let scenarios = home("scenarios");
    for folder in ["scenarios", "templates"] {
        world.run("cp", &["-R", &package().join(folder).display().to_string(), &home(folder)]).ok();
    }
    let path = world.home().with_file_name("scenarios/one/dev2.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text.lines().position(|line| line.contains("- run:")).unwrap() + 1;
    std::fs::write(&path, text.replacen("- run:", "- rnu:", 1)).unwrap();
    let shown = "<world>/scenarios";
    let said = format!(
        "error: the workshop `one` has mistakes\n\
         {shown}/one/dev2.yaml:{line}:5: error W003: unknown word `rnu`\n\
         \x20 help: did you mean `run`? there is: `run`, `commit`, `reconcile`, `apply`, `delete`, `scale`, `wait`, `pause`, `pull_request`, `image`, `chart`, `install`, …\n\
         hint: `atelier lint` shows each mistake with its place\n--- exit code 3"
    );
    let up = world.atelier(&["up", "--scenarios", &scenarios]).to_string();
    assert_eq!(up, format!("$ atelier up --scenarios {shown}\n--- stderr\n{said}"));
    assert!(!world.state().exists(), "nothing is made on the way");
    world.atelier(&["up"]).ok();
    let rehearse = world.atelier(&["rehearse", "dev2", "--scenarios", &scenarios]).to_string();
    assert_eq!(rehearse, format!("$ atelier rehearse dev2 --scenarios {shown}\n--- stderr\n{said}"));
    std::fs::write(&path, text.replacen("steps:", "steps: [", 1)).unwrap();
    let broken = world.atelier(&["up", "--scenarios", &scenarios]);
    assert_eq!(broken.code(), 3, "{broken}");
    assert!(broken.to_string().contains(&format!("{shown}/one/dev2.yaml:")), "{broken}");
}

#[test]
fn a_driver_that_is_killed_in_a_step_is_followed_by_one_that_goes_on_and_all_is_reported() {
    if !needs("git") {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let words = "rehearse dev2 --kill-at dev2.deploy --speed 20 --junit report.xml --transcript steps"
        .split(' ')
        .collect::<Vec<_>>();
    let ran = world.atelier(&words);
    assert_eq!(ran.code(), 0, "{ran}");
    assert!(ran.raw().contains("the driver was killed in dev2.deploy; another one goes on"), "{ran}");
    assert!(ran.raw().contains("dev2.clone was complete before"), "{ran}");
    let report = std::fs::read_to_string(world.work().join("report.xml")).unwrap();
    assert!(report.contains("<testsuite name=\"one\" tests=\"23\" failures=\"0\" skipped=\"0\""), "{report}");
    assert!(
        report.contains("classname=\"one.dev2\" name=\"scale\" file=\"scenarios/one/dev2.yaml\" line=\""),
        "{report}"
    );
    let cast = std::fs::read_to_string(world.work().join("steps/dev2.scale.cast")).unwrap();
    assert!(
        cast.starts_with("{\"version\":2,\"width\":100,\"height\":30,\"title\":\"dev2.scale\"}\n[0.0"),
        "{cast}"
    );
    let nobody = world.atelier(&["rehearse", "dev2", "--kill-at", "dev2.nothing"]);
    assert_eq!(nobody.code(), 1, "{nobody}");
}

#[test]
fn a_failure_is_marked_where_the_step_is_written() {
    let world = World::new();
    world.write("w/workshop.yaml", "apiVersion: atelier/v1\nkind: Workshop\nid: w\ntitle: W\nactors: { dev: {} }\ntracks: { dev: { title: Dev } }\noperator: false\n");
    world.write("w/dev.yaml", "apiVersion: atelier/v1\nkind: Scenario\nid: dev\ntitle: Dev\nsteps:\n- id: no\n  title: No\n  explain: No.\n  verify:\n  - run: { cmd: 'echo <no>; exit 3', within: 100ms, every: 50ms }\n");
    world.atelier(&["--scenarios", "w", "--workshop", "w", "up"]).ok();
    let asked = world.atelier(&["--workshop", "w", "rehearse", "--all"]);
    assert_eq!(asked.code(), 8, "{asked}");
    assert!(asked.to_string().contains("/w` is not trusted"), "{asked}");
    let words = ["--workshop", "w", "rehearse", "--all", "--trust", "--annotations", "--junit", "report.xml"];
    let ran = world.atelier(&words);
    assert_eq!(ran.code(), 1, "{ran}");
    let marked = ran.stdout().lines().find(|line| line.starts_with("::error")).unwrap().to_owned();
    assert!(marked.contains("dev.yaml,line=6,title=dev.no::`dev.no` is not done after "), "{marked}");
    let report = std::fs::read_to_string(world.work().join("report.xml")).unwrap();
    assert!(report.contains("failures=\"1\"") && report.contains("&lt;no&gt;"), "{report}");
}

#[test]
fn the_labs_clock_goes_faster_when_asked_and_as_usual_afterwards() {
    if !needs("git") {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    for speed in ["0", "1001", "fast"] {
        let refused = world.atelier(&["rehearse", "dev2", "--speed", speed]);
        assert_eq!(refused.code(), 2, "{refused}");
    }
    let ran = world.atelier(&["rehearse", "ops", "--speed", "20"]).ok();
    assert!(ran.stderr().starts_with("the lab's clock goes 20 times as fast"), "{ran}");
    world.atelier(&["rehearse", "dev2"]).ok();
    let log = world.atelier(&["logs", "--tail", "100000"]).ok();
    let speeds = log.raw();
    let speeds: Vec<_> =
        speeds.lines().filter_map(|line| line.split_once("the lab's clock speed=")).collect();
    let speeds: Vec<_> = speeds.into_iter().map(|(_, speed)| speed).collect();
    // The disaster takes the clock along, and brings it back.
    assert_eq!(speeds, ["20", "20", "1"], "{log}");
}

#[test]
fn a_page_that_nobody_serves_is_told_with_the_clusters_own_words() {
    let world = World::new();
    world.write("w/workshop.yaml", "apiVersion: atelier/v1\nkind: Workshop\nid: w\ntitle: W\nactors: { dev: { administrator: true } }\ntracks: { dev: { title: Dev } }\noperator: false\n");
    world.write("w/dev.yaml", "apiVersion: atelier/v1\nkind: Scenario\nid: dev\ntitle: Dev\nsteps:\n- id: page\n  title: Page\n  explain: A page.\n  do:\n  - apply: { content: '{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"web\", \"namespace\": \"default\"}, \"spec\": {\"selector\": {\"app\": \"web\"}, \"ports\": [{\"port\": 80}]}}' }\n  verify:\n  - http: { service: 'default/web:80', within: 100ms }\n");
    world.atelier(&["--scenarios", "w", "--workshop", "w", "up"]).ok();
    let ran = world.atelier(&["--workshop", "w", "rehearse", "--all"]);
    assert_eq!(ran.code(), 1, "{ran}");
    let words = "now: the answer is 503: no endpoints available for service \"web:80\"";
    assert!(ran.raw().contains(words), "{ran}");
}
