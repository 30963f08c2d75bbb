//! A forge on a port of its own with a few users, and git with a home of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use atelier::accounts::{NewUser, Users};
use atelier::forge::{Config, Forge};
use atelier::process::{Command, Output};
use reqwest::Method;
use serde_json::Value;

pub(super) const PASSWORD: &str = "correct-horse";

pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) forge: Forge,
    pub(super) users: Arc<Users>,
    /// Without user and without a slash at the end.
    pub(super) url: String,
    http: reqwest::Client,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

impl World {
    /// The administrator `atelier`, and the users `dev1` and `dev2`.
    pub(super) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = Arc::new(Users::open(&folder.path().join("users.json")).unwrap());
        let user = |login: &str, email: &str, is_admin| NewUser {
            login: login.to_owned(),
            email: email.to_owned(),
            password: Some(PASSWORD.to_owned()),
            is_admin,
            full_name: String::new(),
        };
        users.create(user("atelier", "a@example.com", true)).unwrap();
        Self::serve(folder, users).await
    }

    pub(super) async fn with_people() -> Self {
        let world = Self::open().await;
        for login in ["dev1", "dev2"] {
            let email = format!("{login}@example.com");
            let user = NewUser {
                login: login.to_owned(),
                email,
                password: Some(PASSWORD.to_owned()),
                ..NewUser::default()
            };
            world.users.create(user).unwrap();
        }
        world
    }

    async fn serve(folder: tempfile::TempDir, users: Arc<Users>) -> Self {
        let data = folder.path().join("data");
        let name = "forge.atelier.internal:3000".to_owned();
        let forge = Forge::open(Config { data, users: users.clone(), name }).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = forge.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        std::fs::create_dir_all(folder.path().join("home")).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { folder, forge, users, url, http }
    }

    /// The same folder, opened by a new forge, as after a restart.
    pub(super) async fn reopen(self) -> Self {
        let Self { folder, .. } = self;
        let users = Arc::new(Users::open(&folder.path().join("users.json")).unwrap());
        Self::serve(folder, users).await
    }

    /// Makes a public repository of `dev1`.
    pub(super) async fn repository(&self, name: &str) {
        let body = serde_json::json!({"name": name, "default_branch": "main"});
        let answer = self.call("dev1", Method::POST, "/user/repos", Some(body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }

    /// A request to the REST API; nobody's when the user is empty.
    pub(super) async fn call(&self, user: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.request(user, method, &format!("/api/v1{path}"), body).await
    }

    pub(super) async fn request(
        &self,
        user: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !user.is_empty() {
            request = request.basic_auth(user, Some(PASSWORD));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Self::answer(request).await
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(super) async fn answer(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    /// The address of a repository for a user; nobody's when the user is empty.
    pub(super) fn remote(&self, user: &str, path: &str) -> String {
        let credentials = if user.is_empty() { String::new() } else { format!("{user}:{PASSWORD}@") };
        format!("{}/{path}", self.url.replacen("://", &format!("://{credentials}"), 1))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Git in a folder below the world's, whatever it answers.
    pub(super) async fn try_git(&self, folder: &str, arguments: &[&str]) -> Output {
        let path = self.path(folder);
        std::fs::create_dir_all(&path).unwrap();
        let command = Command::new("git").args(arguments).folder(path);
        self.environment(command).output().await.unwrap()
    }

    fn environment(&self, command: Command) -> Command {
        command
            .env("HOME", self.path("home").to_str().unwrap())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", "Dev One")
            .env("GIT_AUTHOR_EMAIL", "dev1@example.com")
            .env("GIT_COMMITTER_NAME", "Dev One")
            .env("GIT_COMMITTER_EMAIL", "dev1@example.com")
            .env("no_proxy", "127.0.0.1")
            .env("LC_ALL", "C")
    }

    /// Git that must do it. Returns what it printed.
    pub(super) async fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let output = self.try_git(folder, arguments).await;
        assert_eq!(output.code, 0, "git {arguments:?}: {}{}", output.stdout, output.stderr);
        output.stdout.trim().to_owned()
    }

    /// Writes files and commits them.
    pub(super) async fn commit(&self, folder: &str, files: &[(&str, &str)], message: &str) {
        for (path, content) in files {
            let path = self.path(folder).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self.git(folder, &["add", "-A"]).await;
        self.git(folder, &["commit", "-q", "--allow-empty", "-m", message]).await;
    }

    /// A clone of a new repository of `dev1` with one commit on `main`, pushed.
    pub(super) async fn seeded(&self, name: &str) -> String {
        self.repository(name).await;
        let folder = format!("{name}-work");
        let remote = self.remote("dev1", &format!("dev1/{name}.git"));
        self.git(".", &["clone", "-q", &remote, &folder]).await;
        self.git(&folder, &["checkout", "-q", "-B", "main"]).await;
        self.commit(
            &folder,
            &[("README.md", "# hello\n"), ("apps/a/kustomization.yaml", "resources: []\n")],
            "one",
        )
        .await;
        self.git(&folder, &["push", "-q", "-u", "origin", "main"]).await;
        folder
    }

    /// Where the forge keeps a repository of `dev1`.
    pub(super) fn stored(&self, name: &str) -> PathBuf {
        self.path("data/repositories/dev1").join(format!("{name}.git"))
    }

    /// Every stored repository and the given clones are whole.
    pub(super) async fn fsck(&self, clones: &[&str]) {
        let stored = std::fs::read_dir(self.path("data/repositories/dev1")).unwrap();
        let stored = stored.map(|entry| entry.unwrap().path());
        for path in stored.chain(clones.iter().map(|clone| self.path(clone))) {
            assert_whole(
                self.environment(Command::new("git").args(["fsck", "--full", "--strict"]).folder(&path)),
            )
            .await;
            assert!(!leftovers(&path), "quarantine left in {}", path.display());
        }
    }
}

async fn assert_whole(command: Command) {
    let output = command.output().await.unwrap();
    let bad = |line: &&str| !line.starts_with("dangling ") && !line.starts_with("notice: ");
    let problems: Vec<&str> = output.stdout.lines().filter(bad).collect();
    assert_eq!((output.code, problems), (0, Vec::new()), "{}", output.stderr);
}

/// Whether a push left something in quarantine.
pub(super) fn leftovers(repository: &Path) -> bool {
    std::fs::read_dir(repository.join("quarantine")).is_ok_and(|mut entries| entries.next().is_some())
}
