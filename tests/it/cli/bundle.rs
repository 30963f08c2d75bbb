//! `atelier bundle`: what is printed. What it does is in `artifacts` and `platform`.

use std::io::{BufRead as _, BufReader};

use atelier::process::Command;

use crate::artifacts::archives::small;
use crate::support::{Ran, World};

/// Sizes are the compression's.
fn plain(ran: &Ran) -> String {
    regex::Regex::new(r"\d+ kB").unwrap().replace_all(&ran.to_string(), "<size>").into_owned()
}

#[test]
fn what_a_bundle_holds_is_listed_and_verified() {
    let world = World::new();
    small(&world.work());
    let shown = [&["bundle", "list", "small.bundle"][..], &["bundle", "verify", "small.bundle"]];
    let shown = shown.map(|words| plain(&world.atelier(words).ok())).join("\n");
    insta::assert_snapshot!(shown, @"
    $ atelier bundle list small.bundle
    workshop        one
    platform        k3d
    architectures   amd64
    digest          sha256:<sha256>
    operator        Flux v2.9.0

    part   image               for     unpacked
    node   a.example/node:1    amd64   <size>
    node   a.example/forge:2   amd64   <size>

    manifest   the operator's manifest   <size>
    node       2 images                  <size>
    all        2 images                  <size>
    --- exit code 0
    $ atelier bundle verify small.bundle
    sha256:<sha256>
    --- stderr
    8 blobs, <size>: all as they should be
    --- exit code 0
    ");
    let list = world.atelier(&["bundle", "list", "small.bundle", "--json"]).ok().json();
    let verified = world.atelier(&["bundle", "verify", "small.bundle", "--json"]).ok().json();
    assert_eq!([&list["digest"], &list["bytes"]], [&verified["digest"], &verified["bytes"]]);
    assert_eq!((&list["index"]["format"], verified["blobs"].as_u64()), (&serde_json::json!(1), Some(8)));
}

#[test]
fn a_card_has_the_two_commands() {
    let world = World::new();
    small(&world.work());
    let text = plain(&world.atelier(&["bundle", "card", "small.bundle"]).ok());
    let html = plain(&world.atelier(&["bundle", "card", "small.bundle", "--html"]).ok());
    insta::assert_snapshot!(format!("{text}\n{html}"), @r#"
    $ atelier bundle card small.bundle
    Workshop one, without the Internet

    You need atelier, Docker, k3d, git and kubectl: `atelier doctor --platform k3d` tells.

    1. Set up your lab:

           atelier --workshop one up --bundle small.bundle

    2. Take part:

           atelier --workshop one learn

    2 images, <size>, for amd64; bundle sha256:<sha256>
    --- exit code 0
    $ atelier bundle card small.bundle --html
    <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Workshop one, without the Internet</title><style>body{font:14pt sans-serif;max-width:34em;margin:3em auto}pre{font:13pt monospace;border:1px solid;padding:.6em;white-space:pre-wrap;overflow-wrap:anywhere}footer{font-size:9pt;margin-top:2em}</style></head><body><h1>Workshop one, without the Internet</h1><p>You need atelier, Docker, k3d, git and kubectl: `atelier doctor --platform k3d` tells.</p><ol><li>Set up your lab:<pre>atelier --workshop one up --bundle small.bundle</pre></li><li>Take part:<pre>atelier --workshop one learn</pre></li></ol><footer>2 images, <size>, for amd64; bundle sha256:<sha256></footer></body></html>
    --- exit code 0
    "#);
}

#[test]
fn a_room_reads_a_bundle_by_the_printed_address() {
    let world = World::new();
    small(&world.work());
    let log = std::fs::File::create(world.work().join("serve.log")).unwrap();
    let words = ["bundle", "serve", "small.bundle", "--address", "127.0.0.1:0"];
    let command = Command::new(World::PROGRAM).args(words).folder(world.work());
    let (process, stdout) = command.detach(&log).unwrap();
    let mut address = String::new();
    BufReader::new(stdout).read_line(&mut address).unwrap();
    let address = address.trim();
    let there = world.atelier(&["bundle", "verify", address]).ok();
    let here = world.atelier(&["bundle", "verify", "small.bundle"]).ok();
    let card = world.atelier(&["bundle", "card", address]).ok();
    let process = rustix::process::Pid::from_raw(process.cast_signed()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    assert_eq!(there.stdout(), here.stdout());
    assert!(card.stdout().contains(&format!("atelier --workshop one up --bundle {address}\n")), "{card}");
    let token = address.rsplit('/').next().unwrap();
    assert_eq!(token.len(), 32);
    let log = std::fs::read_to_string(world.work().join("serve.log")).unwrap();
    assert!(log.contains("127.0.0.1 reads ") && !log.contains(token), "{log}");
}

#[test]
fn what_cannot_be_served_or_saved_is_named() {
    let world = World::new();
    small(&world.work());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let mut text = String::new();
    for words in [
        &["bundle", "serve", "small.bundle"][..],
        &["bundle", "serve", "small.bundle", "--address", "0.0.0.0:0"],
        &["bundle", "serve", "small.bundle", "--address", &taken],
        &["bundle", "serve", "missing.bundle", "--address", "127.0.0.1:0"],
        &["bundle", "save", "."],
    ] {
        text = format!("{text}{}\n", world.atelier(words));
    }
    insta::assert_snapshot!(text, @"
    $ atelier bundle serve small.bundle
    --- stderr
    error: the following required arguments were not provided:
      --address <IP:PORT>

    Usage: atelier bundle serve --address <IP:PORT> --home <DIR> <FILE>

    For more information, try '--help'.
    --- exit code 2
    $ atelier bundle serve small.bundle --address 0.0.0.0:0
    --- stderr
    error: `0.0.0.0` is every network of this machine
    hint: name the address that the room's network knows this machine by
    --- exit code 2
    $ atelier bundle serve small.bundle --address 127.0.0.1:<port>
    --- stderr
    error: nothing can be served at `127.0.0.1:<port>`: Address already in use (os error 98)
    hint: name an address of this machine's own and a port that no other program has
    --- exit code 4
    $ atelier bundle serve missing.bundle --address 127.0.0.1:0
    --- stderr
    error: cannot read `missing.bundle`
      caused by: No such file or directory (os error 2)
    hint: name the file of a bundle, or the address of one
    --- exit code 4
    $ atelier bundle save .
    --- stderr
    error: `<world>/work` is a folder
    hint: name a file: `atelier bundle save one.bundle`
    --- exit code 2
    ");
}
