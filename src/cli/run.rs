//! One command line from its words to its exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use super::arguments::{Arguments, Command};
use super::global::Global;
use super::{
    artifact, audit, bench, bundle, chart, check, completions, config, credentials, doctor, down, env,
    explain, export, glossary, graph, handout, hint, image, learn, lint, list, logs, man, manifest, new,
    next, open, plan, present, recreate, rehearse, reset, sample, schema, serve, shell, skip, solve, start,
    status, stop, team, tracks, up, why,
};
use crate::error::{Failure, Kind};
use crate::ui::{Mode, Ui};

/// Runs one command line and returns its documented exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; a reader that went away is nobody's failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Kind::Arguments.exit_code()));
        }
    };
    let ui = Ui::new(if arguments.global.json { Mode::Json } else { Mode::Human }, arguments.global.plain);
    if !matches!(arguments.command, Some(Command::Shell(_))) {
        // What the program and its children write is their owner's alone. A person's shell keeps the person's habit.
        rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    }
    // The tree has one provider of cryptography; naming it here keeps libraries from guessing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&ui, &Failure::new(Kind::Machine, error)),
    };
    let result = runtime.block_on(execute(arguments, ui.clone()));
    // Blocking work that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    if let Some(error) = ui.lost() {
        return fail(
            &ui,
            &Failure::new(Kind::Machine, format!("standard output cannot be written: {error}")),
        );
    }
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => fail(&ui, &failure),
    }
}

fn fail(ui: &Ui, failure: &Failure) -> ExitCode {
    ui.failure(failure);
    ExitCode::from(failure.kind.exit_code())
}

/// Without a command: who has a lab is offered its tracks, anybody else is told what there is.
async fn alone(global: &Global) -> Result<u8, Failure> {
    if global.ui.is_interactive() && global.existing_lab().is_ok() {
        return learn::run(global, learn::LearnArgs::default()).await;
    }
    let help = Arguments::command().render_help();
    global.ui.talk(&help.to_string());
    Ok(Kind::Arguments.exit_code())
}

async fn execute(arguments: Arguments, ui: Ui) -> Result<u8, Failure> {
    let global = Global::new(arguments.global, ui)?;
    let Some(command) = arguments.command else {
        return alone(&global).await;
    };
    match command {
        Command::Up(args) => up::run(&global, args).await,
        Command::Status(args) => status::run(&global, args).await,
        Command::Learn(args) => learn::run(&global, args).await,
        Command::Next(args) => next::run(&global, args).await,
        Command::Check(args) => check::run(&global, args).await,
        Command::Hint(args) => hint::run(&global, args).await,
        Command::Why(args) => why::run(&global, args).await,
        Command::Solve(args) => solve::run(&global, args).await,
        Command::Skip(args) => skip::run(&global, args).await,
        Command::Reset(args) => reset::run(&global, args).await,
        Command::List(args) => list::run(&global, args),
        Command::Recreate(args) => recreate::run(&global, args).await,
        Command::Manifest(args) => manifest::run(&global, args),
        Command::Env(args) => env::run(&global, args),
        Command::Shell(args) => shell::run(&global, args).await,
        Command::Open(args) => open::run(&global, args).await,
        Command::Rehearse(args) => rehearse::run(&global, args).await,
        Command::Plan(args) => plan::run(&global, args).await,
        Command::Present(args) => present::run(&global, args).await,
        Command::Team(args) => team::run(&global, args).await,
        Command::Tracks(args) => tracks::run(&global, &args),
        Command::Graph(args) => graph::run(&global, args),
        Command::Glossary(args) => glossary::run(&global, &args),
        Command::Handout(args) => handout::run(&global, args).await,
        Command::Explain(args) => explain::run(&global, args),
        Command::New(args) => new::run(&global, args),
        Command::Schema(args) => Ok(schema::run(&global, &args)),
        Command::Lint(args) => lint::run(&global, args),
        Command::Credentials(args) => credentials::run(&global, args).await,
        Command::Image(args) => image::run(&global, args).await,
        Command::Chart(args) => chart::run(&global, args).await,
        Command::Artifact(args) => artifact::run(&global, args).await,
        Command::Bundle(args) => bundle::run(&global, args).await,
        Command::Completions(args) => Ok(completions::run(&global, &args)),
        Command::Man(args) => man::run(&global, &args),
        Command::Doctor(args) => doctor::run(&global, args).await,
        Command::Config(args) => config::run(&global, args),
        Command::Sample(args) => sample::run(&global, args).await,
        Command::Audit(args) => audit::run(&global, args).await,
        Command::Logs(args) => logs::run(&global, args).await,
        Command::Stop(args) => stop::run(&global, args).await,
        Command::Start(args) => start::run(&global, args).await,
        Command::Export(args) => export::run(&global, args).await,
        Command::Down(args) => down::run(&global, args).await,
        Command::Bench(args) => bench::run(&global, args).await,
        Command::Serve(args) => serve::run(&global, args).await,
    }
}
