//! The stand-in for k3d against recordings of the real one, in `tests/fixtures/k3d`: what it prints, where, and its
//! exit code. Skipped, with the reason, where no Docker engine answers.

use std::net::TcpListener;
use std::path::PathBuf;

use regex::Regex;

use crate::support::ground::Ground;
use crate::support::source::package;

/// What a recording holds: standard output, standard error, exit code.
type Recorded = (String, String, i32);

fn recorded(name: &str) -> Recorded {
    let path = package().join(format!("tests/fixtures/k3d/{name}.txt"));
    let text = std::fs::read_to_string(path).unwrap();
    let (_, text) = text.split_once("# stdout:\n").unwrap();
    let (stdout, text) = text.split_once("# stderr:\n").unwrap();
    let (stderr, code) = text.rsplit_once("# exit: ").unwrap();
    (stdout.to_owned(), stderr.to_owned(), code.trim().parse().unwrap())
}

/// Without what differs from machine to machine: times, names, addresses, secrets, and what the engine itself says.
fn plain(text: &str, cluster: &str) -> String {
    let text = text.replace(cluster, "<cluster>");
    let patterns = [
        (r"\[\d{4}\]", "[<seconds>]"),
        (r"\([0-9a-f]{64}\)", "(<id>)"),
        (r"gateway [0-9.]+ ", "gateway <address> "),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
        (r"-data: \S+", "-data: <base64>"),
        (r"config file \S+", "config file <file>"),
        (r"Error response from daemon:.*", "<reason>"),
        (r"(?m) +$", ""),
    ];
    patterns.iter().fold(text, |text, (pattern, word)| {
        Regex::new(pattern).unwrap().replace_all(&text, *word).into_owned()
    })
}

#[track_caller]
fn answers_as(ground: &Ground, name: &str, words: &[&str]) {
    let (stdout, stderr, code) = recorded(name);
    let ran = ground.k3d(words);
    assert_eq!(plain(ran.stdout(), &ground.cluster()), plain(&stdout, "atelier-demo"), "{name}: {ran}");
    // What the real one says of a kubeconfig that it does not find is not played.
    if name != "delete" {
        assert_eq!(plain(ran.stderr(), &ground.cluster()), plain(&stderr, "atelier-demo"), "{name}: {ran}");
    }
    assert_eq!(ran.code(), code, "{name}: {ran}");
}

#[test]
fn the_stand_in_for_k3d_answers_as_the_real_one() {
    let Some(ground) = Ground::stand_ins() else { return };
    answers_as(&ground, "list-one-missing", &["cluster", "list", "nope"]);
    answers_as(&ground, "kubeconfig-missing", &["kubeconfig", "get", "nope"]);
    answers_as(&ground, "image-import-no-cluster", &["image", "import", "any:1", "-c", "nope"]);
    ground.up();
    let name = ground.cluster();
    let clusters = ground.world().state().join("labs").join(ground.lab()).join("platform/clusters");
    let config = std::fs::read_to_string(clusters.join("main.yaml")).unwrap();
    let write = |file: &str, text: &str| -> PathBuf { ground.world().write(file, text) };
    write("config.yaml", &config);
    write("bad.yaml", &config.replace(&name, "Bad_Name"));
    write("bad2.yaml", &format!("servres: 1\n{config}"));
    answers_as(&ground, "create-again", &["cluster", "create", "--config", "config.yaml"]);
    answers_as(&ground, "create-bad-name", &["cluster", "create", "--config", "bad.yaml"]);
    answers_as(&ground, "create-bad-field", &["cluster", "create", "--config", "bad2.yaml"]);
    answers_as(&ground, "kubeconfig-get", &["kubeconfig", "get", "NAME"]);
    answers_as(&ground, "image-import-missing", &["image", "import", "nope:1", "-c", "NAME"]);
    answers_as(&ground, "stop", &["cluster", "stop", "NAME"]);
    answers_as(&ground, "start", &["cluster", "start", "NAME"]);
    answers_as(&ground, "delete", &["cluster", "delete", "NAME"]);
    answers_as(&ground, "delete-again", &["cluster", "delete", "NAME"]);
    answers_as(&ground, "create", &["cluster", "create", "--config", "config.yaml"]);
    ground.k3d(&["cluster", "delete", "NAME"]).ok();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let busy = Regex::new("hostPort: .*").unwrap().replace(&config, format!("hostPort: \"{port}\""));
    write("k3d.yaml", &busy);
    answers_as(&ground, "create-port-busy", &["cluster", "create", "--config", "k3d.yaml"]);
    // The cluster was taken from under the lab, which goes all the same.
    ground.atelier(&["down"]).ok();
    assert_eq!(ground.held(), "");
}
