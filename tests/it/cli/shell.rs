//! `atelier shell`: whose shell it is stands in its prompt, and a person's own habits come along.

use crate::support::{Screen, World, needs};

#[test]
fn it_is_the_actors_with_completions_and_the_persons_habits() {
    if !(needs("tmux") && needs("git") && needs("bash")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    let habits = "alias hello='echo good morning'\nexport KUBECONFIG=/nowhere\nPS1='mine> '\n";
    std::fs::write(world.home().join(".bashrc"), habits).unwrap();
    let screen = Screen::open(&world, 120);
    screen.line(&format!("SHELL=$(command -v bash) '{}' shell dev2", World::PROGRAM));
    screen.until("you are dev2 in lab one; `exit` leaves this shell");
    screen.until("dev2@one work");
    screen.line("hello; git config user.email; pwd");
    screen.until("good morning");
    screen.until("dev2@");
    screen.line("case $KUBECONFIG in */labs/one/*) echo kubeconfig of the lab;; esac");
    screen.until("kubeconfig of the lab");
    if needs("kubectl") {
        screen.line("complete -p kubectl");
        screen.until("complete -o default");
    }
    screen.line("exit");
    screen.line("echo \"back: $ATELIER_ACTOR.\"");
    screen.until("back: .");
    // A shell of another kind has the prompt at least.
    screen.line(&format!("SHELL=/bin/sh '{}' shell ops", World::PROGRAM));
    screen.until("ops@one");
    screen.line("exit");
}

#[test]
fn shells_of_other_kinds_are_the_actors_too() {
    if !(needs("tmux") && needs("git")) {
        return;
    }
    let world = World::new();
    world.atelier(&["up"]).ok();
    for shell in ["zsh", "fish"].into_iter().filter(|shell| needs(shell)) {
        // Without a file of the person's, zsh asks questions.
        std::fs::write(world.home().join(".zshrc"), "PROMPT='mine> '\n").unwrap();
        let screen = Screen::open(&world, 120);
        screen.line(&format!("SHELL=$(command -v {shell}) '{}' shell dev2", World::PROGRAM));
        screen.until("you are dev2 in lab one; `exit` leaves this shell");
        screen.until("dev2@one ");
        screen.line("git config user.email; printf '%s-%s\\n' \"$ATELIER_ACTOR\" inside");
        screen.until("dev2-inside");
        screen.line("exit");
    }
}
