//! `atelier new`: writes a workshop that works, to begin from.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::global::Global;
use crate::error::{Failure, Kind};
use crate::scenario::schema;

/// Write a workshop that works, to begin from
#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// What is written
    what: What,
    /// The folder, which must not exist; its name is the workshop's id
    folder: PathBuf,
    /// The name of its track
    #[arg(long, default_value = "dev")]
    track: String,
}

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// A workshop with one track
    Scenario,
}

const WORKSHOP: &str = "\
# yaml-language-server: $schema=schema.json
apiVersion: atelier/v1
kind: Workshop
id: ID
title: A workshop of our own

actors:
  TRACK: { full_name: Dana Dev, email: TRACK@example.org }

tracks:
  TRACK: { title: What a developer does }

repositories:
- { owner: TRACK, name: site }

# A lab without Flux is there at once; `true` installs it.
operator: false
";

const TRACK: &str = r#"# yaml-language-server: $schema=schema.json
apiVersion: atelier/v1
kind: Scenario
id: TRACK
title: A first commit
estimated: 5m
vars: { word: hello }

steps:
- id: write
  title: Write it down
  estimated: 5m
  explain: |
    Clone `{{ git.url }}/{{ actor.name }}/site.git` into `$ATELIER_WORK`, write `{{ vars.word }}` into the file `word.txt`,
    commit, and push to `main`. **What is in Git, everybody can see.**
  notes: Show the commit in the forge.
  do:
  - commit:
      repo: site
      message: "site: a word"
      files:
      - { path: word.txt, content: "{{ vars.word }}" }
  verify:
  - git:
      id: pushed
      repo: site
      file: word.txt
      text: { contains: "{{ vars.word }}" }
      save: { commit: commit.sha }
  hints:
  - Only the branch `main` of the forge counts. Did you push?
  solution: Clone, write, `git add`, `git commit`, `git push`.

cleanup:
- commit: { repo: site, message: "site: nothing", remove: [word.txt] }
"#;

pub(super) fn run(global: &Global, args: NewArgs) -> Result<u8, Failure> {
    let What::Scenario = args.what;
    let id = args.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for name in [&id, &args.track] {
        let legal = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if !name.chars().all(legal) || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err(Failure::new(Kind::Arguments, format!("`{name}` is not an id"))
                .hint("write small letters, digits and `_`, a letter first"));
        }
    }
    if args.folder.exists() {
        let text = format!("`{}` is there already", args.folder.display());
        return Err(Failure::new(Kind::Arguments, text).hint("name a folder that does not exist"));
    }
    let failed = |error| Failure::new(Kind::Machine, format!("`{}`: {error}", args.folder.display()));
    std::fs::create_dir_all(&args.folder).map_err(failed)?;
    let fill = |text: &str| text.replace("ID", &id).replace("TRACK", &args.track);
    let schema = serde_json::to_string_pretty(&schema()).unwrap_or_default() + "\n";
    let files = [
        ("workshop.yaml".to_owned(), fill(WORKSHOP)),
        (format!("{}.yaml", args.track), fill(TRACK)),
        ("schema.json".to_owned(), schema),
    ];
    for (name, text) in files {
        std::fs::write(args.folder.join(name), text).map_err(failed)?;
    }
    let folder = args.folder.display();
    global.ui.explain(&format!(
        "`{folder}` is a workshop that works. `atelier lint {folder}` checks it; \
         `atelier --scenarios {folder} --workshop {id} up`, and then `atelier --workshop {id} rehearse --all --trust` tries it."
    ));
    Ok(0)
}
