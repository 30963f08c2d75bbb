//! `atelier handout`: a workshop on paper, without a lab.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::json;

use crate::support::World;

const WORKSHOP: &str = r#"apiVersion: atelier/v1
kind: Workshop
id: tiny
title: A tiny workshop
summary: Two people, **one** door.
platforms: [embedded]
actors: { boss: { full_name: Bea Boss }, dev: {} }
tracks: { boss: { title: The boss }, dev: { title: The developer } }
repositories: [ { owner: dev, name: site } ]
env: { tools: { git: ">=2.30" } }
glossary:
  door: What one goes through, see [pull request](#pull-request).
  pull request:
    also: [pull requests]
    text: |
      A change that waits
      at the [door](#door).
"#;

const BOSS: &str = r#"apiVersion: atelier/v1
kind: Scenario
id: boss
title: Open
estimated: 5m
steps:
- id: open
  title: Open the door
  estimated: 5m
  explain: |
    Open the [door](#door), at {{ registry.local }}.
  do: [ { run: touch door } ]
  verify:
  - run: { id: there, title: the door is open, cmd: ls door, save: { name: stdout } }
  - answer: { id: colour, ask: Which colour has it?, accept: [red], given: red }
  hints: [ Push. ]
  solution: "`touch door`"
"#;

const DEV: &str = r#"apiVersion: atelier/v1
kind: Scenario
id: dev
title: Walk
estimated: 10m
steps:
- id: walk
  title: Go through & on
  needs: [boss.open]
  explain: Write a page, and open one of the [pull requests](#pull-request).
  do:
  - commit:
      repo: site
      message: "page: {{ facts.boss.open.there.name }}"
      files: [ { path: page.yaml, content: "a: 1 < 2\nb:\n  c: 3\n" } ]
  - pull_request: { repo: site, head: next }
  verify:
  - git: { id: pushed, repo: site, file: page.yaml, save: { commit: commit.sha } }
  - flux: { kustomization: dev/site, revision: "{{ facts.walk.pushed.commit }}" }
  hints: [ "Is it on `main`?", { when: pushed.commit.sha != '', text: "It is {{ pushed.commit.sha }}." } ]
- id: rest
  title: Rest
  style: challenge
  explain: Rest.
  do: [ { run: sleep 1 } ]
  verify: [ { run: { title: "nobody runs from {{ facts.walk.pushed.commit }}", cmd: "true" } } ]
  hints: [ Sit. ]
  notes: Coffee.
"#;

fn tiny() -> World {
    let world = World::new();
    world.write("library/tiny/workshop.yaml", WORKSHOP);
    world.write("library/tiny/boss.yaml", BOSS);
    world.write("library/tiny/dev.yaml", DEV);
    world.set("ATELIER_SCENARIOS", "library");
    world
}

#[test]
fn a_handout_is_whole_and_tells_what_only_a_lab_knows() {
    let world = tiny();
    insta::assert_snapshot!(world.atelier(&["handout", "tiny", "--format", "markdown"]).ok().stdout(), @r##"
    # A tiny workshop

    Two people, **one** door.

    | track | who | steps | time |
    | --- | --- | --- | --- |
    | The boss (`boss`) | Bea Boss | 1 | 5 min |
    | The developer (`dev`) | dev | 2 | 10 min |

    ## How to begin

    You need `atelier` and `git >=2.30`. In one terminal, set up the lab and follow the track `boss`, or another track:

        atelier --workshop tiny up
        atelier learn boss

    Work in a second terminal. From its first line on you are `boss`, with this person's rights:

        eval "$(atelier env boss)"
        cd "$ATELIER_WORK"

    The first window looks what you do, and goes on when a step is done. There, `h` gives a hint, `w` says what is missing, `?` explains the marked words, `s` does the step for you, `q` leaves; `atelier learn boss` goes on where you were. At the end, `atelier down` removes the lab and everything in it.

    ## Who waits for whom

    | this step | waits for |
    | --- | --- |
    | `dev.walk` | `boss.open` |

    ## The boss

    Open.

    ### 1. Open the door

    `boss.open`, about 5 min

    Open the [door](#door), at (known in the lab).

    ```sh
    touch door
    ```

    Done, when

    - [ ] the door is open

    A question: Which colour has it?

    ### Hints, for who is stuck

    `boss.open`:

    - Push.

    ## The developer

    Walk.

    ### 1. Go through & on

    `dev.walk`, waits for `boss.open`

    Write a page, and open one of the [pull requests](#pull-request).

    Write `page.yaml`:

    ```yaml
    a: 1 < 2
    b:
      c: 3
    ```

    ```sh
    cd "$ATELIER_WORK"/site
    git add page.yaml
    git commit -m 'page: (known in the lab)'
    git push origin main
    ```

    Open a pull request "next": (known in the lab)/dev/site/compare/main...next

    Done, when

    - [ ] branch `main` of `dev/site` has `page.yaml`
    - [ ] Kustomization `dev/site` has applied that commit

    ### 2. Rest

    `dev.rest`

    Rest.

    Done, when

    - [ ] nobody runs from (known in the lab)

    ### Hints, for who is stuck

    `dev.walk`:

    - Is it on `main`?

    `dev.rest`:

    - Sit.

    ## What words mean

    ### door

    What one goes through, see [pull request](#pull-request).

    ### pull request

    A change that waits at the [door](#door).
    "##);
}

#[test]
fn solutions_are_for_trainers() {
    let world = tiny();
    let page = world.atelier(&["handout", "dev", "--solutions"]).ok();
    insta::assert_snapshot!(page.stdout().split_once("</style>\n</head>\n").unwrap().1, @r##"
    <body>
    <h1>A tiny workshop</h1>
    <div class="lead"><p>Two people, <strong>one</strong> door.</p>
    </div>
    <table>
    <tr><th>Track</th><th>Who</th><th>Steps</th><th class="time">Time</th></tr>
    <tr><td><a href="#track-dev">The developer</a><br><span class="small">Walk</span></td><td>dev</td><td>2</td><td class="time">about 10 min</td></tr>
    </table>
    <h2>How to begin</h2>
    <p>You need <code>atelier</code> and <code>git &gt;=2.30</code>. In one terminal, set up the lab and follow the track <code>dev</code>:</p>
    <pre><code>atelier --workshop tiny up
    atelier learn dev</code></pre>
    <p>Work in a second terminal. From its first line on you are <code>dev</code>, with this person's rights:</p>
    <pre><code>eval &quot;$(atelier env dev)&quot;
    cd &quot;$ATELIER_WORK&quot;</code></pre>
    <p>The first window looks what you do, and goes on when a step is done. There, <code>h</code> gives a hint, <code>w</code> says what is missing, <code>?</code> explains the marked words, <code>s</code> does the step for you, <code>q</code> leaves; <code>atelier learn dev</code> goes on where you were. At the end, <code>atelier down</code> removes the lab and everything in it.</p>

    <section>
    <h2>Who waits for whom</h2>
    <table>
    <tr><th>This step</th><th>waits for</th></tr>
    <tr><td><a class="id" href="#step-dev.walk">dev.walk</a></td><td><span class="id">boss.open</span></td></tr>
    </table>
    </section>
    <section class="track">
    <h2 id="track-dev">The developer</h2>
    <p class="lead">Walk</p>
    <p class="place">dev, <code>dev</code> · 2 steps · about 10 min</p>
    <article class="step" id="step-dev.walk">
    <header>
    <h3>1. Go through &amp; on</h3>
    <p class="place"><span class="id">dev.walk</span></p>
    </header>
    <div class="waits"><p>Waits for <span class="id">boss.open</span>.</p></div>
    <p>Write a page, and open one of the <a class="word" href="#word-pull-request">pull requests</a>.</p>
    <h4>Do</h4>
    <p class="tell">Write <code>page.yaml</code>:</p>
    <pre class="file"><code>a: 1 &lt; 2
    b:
      c: 3</code></pre>
    <pre><code>cd &quot;$ATELIER_WORK&quot;/site
    git add page.yaml
    git commit -m 'page: (known in the lab)'
    git push origin main</code></pre>
    <p class="tell">Open a pull request &quot;next&quot;: (known in the lab)/dev/site/compare/main...next</p>
    <h4>Done, when</h4>
    <ul class="done">
    <li>branch <code>main</code> of <code>dev/site</code> has <code>page.yaml</code></li>
    <li>Kustomization <code>dev/site</code> has applied that commit</li>
    </ul>
    <p class="small"><a href="#hints-dev.walk">Hints</a> are at the end of the track.</p>
    </article>
    <article class="step" id="step-dev.rest">
    <header>
    <h3>2. Rest</h3>
    <p class="place"><span class="id">dev.rest</span> · find the way yourself</p>
    </header>
    <p>Rest.</p>
    <h4>Do</h4>
    <pre><code>sleep 1</code></pre>
    <h4>Done, when</h4>
    <ul class="done">
    <li>nobody runs from (known in the lab)</li>
    </ul>
    <p class="small"><a href="#hints-dev.rest">Hints</a> are at the end of the track.</p>
    <div class="trainer"><h4>For the trainer</h4>
    <p>Coffee.</p>
    </div>
    </article>
    <h3 class="step">Hints, for who is stuck</h3>
    <h4 id="hints-dev.walk"><a class="id" href="#step-dev.walk">dev.walk</a></h4>
    <ul>
    <li>Is it on <code>main</code>?</li>
    </ul>
    <h4 id="hints-dev.rest"><a class="id" href="#step-dev.rest">dev.rest</a></h4>
    <ul>
    <li>Sit.</li>
    </ul>
    </section>
    <section class="glossary">
    <h2 id="words">What words mean</h2>
    <dl>
    <dt id="word-pull-request">pull request <span class="small"><a class="id" href="#step-dev.walk">dev.walk</a></span></dt>
    <dd><p>A change that waits at the door.</p>
    </dd>
    </dl>
    </section>
    </body>
    </html>
    "##);
    let plain = world.atelier(&["handout", "dev"]).ok();
    for secret in ["sleep 1", "Coffee", "For the trainer"] {
        assert!(!plain.stdout().contains(secret), "{secret} in {plain}");
    }
}

#[test]
fn the_shipped_workshops_stand_alone_on_paper() {
    let world = World::new();
    let target = Regex::new(r#"href="([^"]*)""#).unwrap();
    let cut = Regex::new(r"\(known i(?:[^n]|n [^t])").unwrap();
    let place = Regex::new(r#" id="([^"]*)""#).unwrap();
    for (name, steps) in [("one", 37), ("first_steps", 7)] {
        let page = world.atelier(&["handout", name, "--solutions"]).ok();
        let html = page.stdout();
        let places: BTreeSet<_> = place.captures_iter(html).map(|found| found[1].to_owned()).collect();
        assert_eq!(places.len(), place.captures_iter(html).count(), "every id is there once");
        let targets: BTreeSet<_> = target.captures_iter(html).map(|found| found[1].to_owned()).collect();
        let nowhere: Vec<_> =
            targets.iter().filter(|target| !places.contains(target.trim_start_matches('#'))).collect();
        assert_eq!(nowhere, Vec::<&String>::new(), "every link leads into the page");
        for outside in ["<script", "<link", "<img", "src=", "@import", "url(http", "{{", "](#"] {
            assert!(!html.contains(outside), "{name}: {outside}");
        }
        assert_eq!(html.matches("<article class=\"step\"").count(), steps, "{name}");
        // A commit's number is told as what is not known, or not at all, and never as a part of those words.
        assert_eq!(cut.find(html).map(|found| found.as_str()), None, "{name}");
    }
    assert!(!world.state().exists(), "nothing is made");
}

#[test]
fn it_is_written_where_and_how_one_wants() {
    let world = World::new();
    insta::assert_snapshot!(world.atelier(&["handout", "steps", "--output", "steps.md"]), @"
    $ atelier handout steps --output steps.md
    --- stderr
    steps.md: 7 steps of steps
    --- exit code 0
    ");
    let text = std::fs::read_to_string(world.work().join("steps.md")).unwrap();
    assert!(text.starts_with("# First steps with an operator\n"), "{text}");
    let told = world.atelier(&["--json", "handout", "one", "ops", "dev2"]).ok().json();
    assert_eq!(told["tracks"][0]["name"], "ops");
    assert_eq!(told["tracks"][1]["steps"].as_array().unwrap().len(), 10);
    assert_eq!(told["gates"][0], json!({"step": "ops.patch", "needs": "dev1.release"}));
    for (names, said) in [
        (
            vec!["ops", "dev9"],
            "error: `dev9` is neither a workshop nor a track of `one`\nhint: workshops are first_steps, one; tracks of `one` are dev1, dev2, ops",
        ),
        (
            vec!["one", "first_steps"],
            "error: a handout is of one workshop, and these are one, first_steps\nhint: write one handout for each",
        ),
        (
            vec!["--output", "no/where.html"],
            "error: `no/where.html` cannot be written: No such file or directory (os error 2)\nhint: name a file in a folder that is there and that you can write to",
        ),
    ] {
        let ran = world.atelier(&[vec!["handout"], names].concat());
        assert_eq!(ran.stderr().trim_end(), said);
        assert_ne!(ran.code(), 0);
    }
}
