//! Gitea: our embedded forge and registry by the official image's contract: variables `GITEA__section__KEY`, port
//! 3000, `/api/healthz`, data below `/data`, and `gitea admin user …` inside the container, as Gitea's own user. What
//! it does not do: SSH, and the many settings that a lab does not set.
//! <https://docs.gitea.com/administration/config-cheat-sheet>, <https://docs.gitea.com/administration/command-line>

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use atelier::accounts::{NewUser, Users};
use atelier::forge::{self, Forge};
use atelier::registry::{self, Registry};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};

use super::{Error, said};

/// Where the commands inside the container reach the process that serves.
const SOCKET: &str = "/run/gitea.sock";
/// The id of Gitea's own user in the official image.
const GIT: u32 = 1000;

pub(crate) async fn run(words: &[&str]) -> Result<(), Error> {
    match words {
        [] | ["web"] => serve().await,
        ["admin", "user", "create", flags @ ..] => ask("create", flags).await,
        ["admin", "user", "change-password", flags @ ..] => ask("change-password", flags).await,
        _ => Err(format!("the stand-in does not know `{}`", words.join(" ")).into()),
    }
}

fn setting(section: &str, key: &str) -> Option<String> {
    std::env::var(format!("GITEA__{section}__{key}")).ok()
}

async fn serve() -> Result<(), Error> {
    if setting("security", "INSTALL_LOCK").as_deref() != Some("true") {
        return Err(
            "without `GITEA__security__INSTALL_LOCK=true` Gitea waits for somebody to install it".into()
        );
    }
    let port = setting("server", "HTTP_PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    let root = setting("server", "ROOT_URL").unwrap_or_else(|| "http://localhost:3000/".to_owned());
    let name = root.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let data = Path::new("/data/gitea");
    std::fs::create_dir_all(data)?;
    let users = Arc::new(Users::open(&data.join("users.json"))?);
    let config =
        registry::Config { data: data.join("packages"), users: Arc::clone(&users), name: name.clone() };
    let registry = Registry::open(config).await?;
    let forge = forge::Config { data: data.join("git"), users: Arc::clone(&users), name };
    let forge = Forge::open(forge).await?;
    forge.show_packages(Arc::new(registry.clone()));
    let health = json!({"status": "pass", "description": "Gitea: Git with a cup of tea", "checks": {}});
    let router = Router::new().route("/api/healthz", get(async || Json(health)));
    let router = router.merge(forge.router()).merge(registry.router());

    let _ = std::fs::remove_file(SOCKET);
    let commands = UnixListener::bind(SOCKET)?;
    std::os::unix::fs::chown(SOCKET, Some(GIT), Some(GIT))?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?;
    said::to_stdout(&format!("Listen: http://0.0.0.0:{port}"));
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = axum::serve(listener, router) => ended?,
        () = answer(commands, &users) => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Does what commands inside the container ask for: one line in, one line out.
async fn answer(commands: UnixListener, users: &Users) {
    while let Ok((mut stream, _)) = commands.accept().await {
        let (read, mut write) = stream.split();
        let mut line = String::new();
        if BufReader::new(read).read_line(&mut line).await.is_ok() {
            let answer = obey(users, &serde_json::from_str(&line).unwrap_or_default());
            let _ = write.write_all(answer.to_string().as_bytes()).await;
        }
    }
}

fn obey(users: &Users, asked: &Value) -> Value {
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let login = text("--username");
    let done = if let Some("create") = asked["command"].as_str() {
        let user = NewUser {
            login: login.clone(),
            full_name: String::new(),
            email: text("--email"),
            password: Some(text("--password")),
            is_admin: asked.get("--admin").is_some(),
        };
        let made = users.create(user).map(|_| format!("New user '{login}' has been successfully created!"));
        made.map_err(|error| format!("Command error: CreateUser: {error}"))
    } else {
        let set = users.set_password(&login, &text("--password"));
        let set = set.map(|()| format!("{login}'s password has been successfully updated!"));
        set.map_err(|error| format!("Command error: {error}"))
    };
    match done {
        Ok(said) => json!({"said": said}),
        Err(error) => json!({"error": error}),
    }
}

async fn ask(command: &str, flags: &[&str]) -> Result<(), Error> {
    if rustix::process::getuid().is_root() {
        return Err("Gitea is not supposed to be run as root. Sorry.".into());
    }
    let mut asked = json!({"command": command});
    let mut flags = flags.iter();
    while let Some(&flag) = flags.next() {
        match flag {
            "--admin" | "--must-change-password=false" => asked[flag] = true.into(),
            "--email" | "--username" | "--password" => asked[flag] = flags.next().copied().into(),
            _ => return Err(format!("flag provided but not defined: {flag}").into()),
        }
    }
    let mut stream = UnixStream::connect(SOCKET).await?;
    stream.write_all(format!("{asked}\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let answer: Value = serde_json::from_str(&answer)?;
    match (answer["said"].as_str(), answer["error"].as_str()) {
        (Some(said), _) => said::to_stdout(said),
        (None, error) => return Err(error.unwrap_or("no answer").into()),
    }
    Ok(())
}
