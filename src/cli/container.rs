//! A shell in the work environment: a container with an actor's files, on the lab's network, and this terminal at it.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use bollard::container::LogOutput;
use console::Term;
use futures::StreamExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::global::Global;
use super::startup;
use super::terminal::Terminal;
use crate::error::{Failure, Kind};
use crate::lab::{ActorFolder, Environment, LabFolder, Spec, write_private};
use crate::platform;
use crate::platform::k3d::{self, Attached, Site, Workspace, forge_inside};

/// How much is read from the terminal at once.
const CHUNK: usize = 8 << 10;
/// Bytes that wait for the container.
const WAITING: usize = 64;
/// What is of this machine and not of the container.
const OUTSIDE: [&str; 2] = ["ATELIER_HOME", "ATELIER_LAB"];

/// Runs a command, or the image's shell, as an actor; its exit code.
pub(super) async fn run(
    global: &Global,
    (folder, spec): (&LabFolder, &Spec),
    (actor, mut environment): (&str, Environment),
    command: Vec<String>,
) -> Result<u8, Failure> {
    let settings = global.configuration(Some(folder))?.settings()?;
    let place = k3d::Folder::new(folder.platform());
    let site = Site::open(place, folder.name(), global.home.path(), &settings).await?;
    let own = ActorFolder::new(folder, spec.actor(actor)?);
    let mut files = own.clone();
    if spec.platform == platform::Kind::K3d {
        // From the lab's own network cluster and forge have other addresses.
        files = own.inside();
        let unreadable =
            |error| Failure::new(Kind::Machine, format!("`{}`: {error}", own.kubeconfig().display()));
        let kubeconfig = std::fs::read_to_string(own.kubeconfig()).map_err(unreadable)?;
        let kubeconfig = site.kubeconfig_inside(&kubeconfig).map_err(platform::Error::from)?;
        files.write(&kubeconfig, &forge_inside(), &own.token().unwrap_or_default())?;
        environment = files.environment(&forge_inside(), None);
        environment.insert("ATELIER_WORK".to_owned(), own.work().display().to_string());
    }
    for name in OUTSIDE {
        environment.remove(name);
    }
    let prompt = format!("{actor}@{}", folder.name());
    let startup = startup::bash_of_its_own(&prompt, &environment);
    write_private(&files.tool_home().join(".bashrc"), startup.as_bytes())?;
    environment.insert("HOME".to_owned(), files.tool_home().display().to_string());
    // For a shell that reads no file of bash's.
    environment.insert("PS1".to_owned(), format!("{prompt} $ "));
    let terminal = global.ui.is_interactive();
    if let (true, Ok(kind)) = (terminal, std::env::var("TERM")) {
        environment.insert("TERM".to_owned(), kind);
    }
    let workspace = Workspace {
        actor: actor.to_owned(),
        command,
        environment,
        folders: vec![own.path().to_owned()],
        work: own.work(),
        owner: owner(own.path())?,
        terminal,
    };
    let tell = |text: String| global.ui.talk(&text);
    let attached = site.open_workspace(spec.platform, workspace, &tell).await.map_err(|error| {
        Failure::from(error)
            .hint("`make workspace` builds the work environment; `images.workspace` names another image")
    })?;
    let code = converse(attached, terminal).await?;
    Ok(u8::try_from(code).unwrap_or(1))
}

fn owner(path: &Path) -> Result<(u32, u32), Failure> {
    let failed = |error| Failure::new(Kind::Machine, format!("`{}`: {error}", path.display()));
    std::fs::metadata(path).map(|metadata| (metadata.uid(), metadata.gid())).map_err(failed)
}

/// Carries what is typed there and what is printed here, until the container ends.
async fn converse(mut attached: Attached, terminal: bool) -> Result<i64, Failure> {
    let failed = |error: std::io::Error| Failure::new(Kind::Machine, error);
    let _mode = terminal.then(Terminal::raw);
    let mut resized = signal(SignalKind::window_change()).map_err(failed)?;
    let mut typed = typed();
    let (mut output, mut errors) = (tokio::io::stdout(), tokio::io::stderr());
    let size = |attached: &Attached| {
        let (rows, columns) = Term::stdout().size();
        (terminal && rows > 0).then(|| attached.resize(rows, columns))
    };
    let mut sizing = size(&attached);
    let mut open = true;
    loop {
        if let Some(sizing) = sizing.take() {
            // A container that has ended meanwhile has no size.
            let _ = sizing.await;
        }
        tokio::select! {
            part = attached.output.next() => match part {
                Some(Ok(LogOutput::StdErr { message })) => {
                    errors.write_all(&message).await.map_err(failed)?;
                    errors.flush().await.map_err(failed)?;
                }
                Some(Ok(part)) => {
                    output.write_all(&part.into_bytes()).await.map_err(failed)?;
                    output.flush().await.map_err(failed)?;
                }
                Some(Err(error)) => return Err(platform::Error::from(error).into()),
                None => break,
            },
            bytes = typed.recv(), if open => {
                open = hand_on(&mut attached, bytes).await;
            }
            _ = resized.recv() => sizing = size(&attached),
        }
    }
    Ok(attached.ended.await.map_err(platform::Error::from)?)
}

/// Writes what was typed; closes the container's input at its end. Whether more can come.
async fn hand_on(attached: &mut Attached, typed: Option<Vec<u8>>) -> bool {
    let Some(bytes) = typed else {
        // A container that has ended meanwhile reads nothing.
        let _ = attached.input.shutdown().await;
        return false;
    };
    attached.input.write_all(&bytes).await.is_ok() && attached.input.flush().await.is_ok()
}

/// What comes from standard input. The thread that reads it ends with this process: nothing can wake it.
fn typed() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut buffer = [0; CHUNK];
        while let Ok(count @ 1..) = input.read(&mut buffer) {
            if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}
