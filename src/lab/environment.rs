//! What an actor's shell needs: kubeconfig, git configuration and credentials, and the homes and caches of the
//! tools, all in the actor's folder of the lab. Secrets are in files of mode 0600, never in variables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::folder::{create_private, write_private};
use super::{Error, LabFolder};
use crate::events::Outcome;
use crate::platform::{Actor, FORGE_HOST};

/// Hosts that must not be reached through a proxy.
const DIRECT: &str = "127.0.0.1,localhost,forge.atelier.internal";

/// The environment variables of an actor's shell.
pub type Environment = BTreeMap<String, String>;

/// The files of one actor in a lab.
#[derive(Clone, Debug)]
pub struct ActorFolder {
    lab: String,
    home: PathBuf,
    path: PathBuf,
    actor: Actor,
}

impl ActorFolder {
    /// The actor's folder, which need not exist.
    pub fn new(lab: &LabFolder, actor: &Actor) -> Self {
        let home = lab.path().parent().and_then(|labs| labs.parent()).map(PathBuf::from).unwrap_or_default();
        Self { lab: lab.name().to_owned(), home, path: lab.actor(&actor.name), actor: actor.clone() }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same actor for who is in a container on the lab's network, where addresses are others.
    #[must_use]
    pub fn inside(&self) -> Self {
        Self { path: self.path.join("container"), ..self.clone() }
    }

    /// Where the actor's clones are; the working folder of all commands.
    pub fn work(&self) -> PathBuf {
        self.path.join("work")
    }

    /// A home for programs that the tool itself runs as the actor.
    pub fn tool_home(&self) -> PathBuf {
        self.path.join("home")
    }

    /// Images that were built and not yet pushed.
    pub fn images(&self) -> PathBuf {
        self.path.join("images")
    }

    /// The kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path.join("kubeconfig")
    }

    fn credentials(&self) -> PathBuf {
        self.path.join("git-credentials")
    }

    /// The actor's token for the forge, when set-up has come that far.
    pub fn token(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.credentials()).ok()?;
        let (_, rest) = text.trim().split_once("://")?;
        let (login, _) = rest.rsplit_once('@')?;
        login.split_once(':').map(|(_, token)| token.to_owned())
    }

    /// Writes kubeconfig, git configuration and credentials, where they differ from what is there.
    pub fn write(&self, kubeconfig: &str, forge: &str, token: &str) -> Result<Outcome, Error> {
        let existed = self.kubeconfig().exists();
        create_private(&self.work())?;
        create_private(&self.tool_home())?;
        let address = forge.replacen("://", &format!("://{}:{token}@", self.actor.name), 1);
        let mut changed = write_private(&self.credentials(), format!("{address}\n").as_bytes())?;
        changed |= write_private(&self.path.join("gitconfig"), self.git_config(forge).as_bytes())?;
        changed |= write_private(&self.kubeconfig(), kubeconfig.as_bytes())?;
        for file in
            ["docker/config.json", "helm/config/registry/config.json"].map(|file| self.path.join(file))
        {
            let logins = logins(&file, forge, &self.actor.name, token);
            changed |= write_private(&file, logins.as_bytes())?;
        }
        Ok(match (existed, changed) {
            (_, false) => Outcome::Unchanged,
            (true, true) => Outcome::Updated,
            (false, true) => Outcome::Created,
        })
    }

    fn git_config(&self, forge: &str) -> String {
        let Actor { full_name, email, .. } = &self.actor;
        let helper = format!("store --file {}", shell_quote(&self.credentials().display().to_string()));
        let lines = [
            "[user]".to_owned(),
            format!("\tname = {}", value(full_name)),
            format!("\temail = {}", value(email)),
            format!("[url {}]", value(&format!("{forge}/"))),
            format!("\tinsteadOf = {}", value(&format!("http://{FORGE_HOST}/"))),
            "[credential]".to_owned(),
            format!("\thelper = {}", value(&helper)),
            "[init]\n\tdefaultBranch = main".to_owned(),
            "[push]\n\tautoSetupRemote = true".to_owned(),
            "[pull]\n\trebase = true".to_owned(),
            "[advice]\n\tdetachedHead = false".to_owned(),
        ];
        lines.join("\n") + "\n"
    }

    /// The variables. `proxies` is what the caller's environment has in `NO_PROXY`, which is kept.
    pub fn environment(&self, forge: &str, proxies: Option<&str>) -> Environment {
        let path = |part: &str| self.path.join(part).display().to_string();
        let direct = match proxies {
            Some(others) if !others.is_empty() => format!("{others},{DIRECT}"),
            _ => DIRECT.to_owned(),
        };
        let variables = [
            ("ATELIER_HOME", self.home.display().to_string()),
            ("ATELIER_LAB", self.lab.clone()),
            ("ATELIER_ACTOR", self.actor.name.clone()),
            ("ATELIER_FORGE", forge.to_owned()),
            ("ATELIER_WORK", path("work")),
            ("KUBECONFIG", path("kubeconfig")),
            ("KUBECACHEDIR", path("cache/kube")),
            ("GIT_CONFIG_GLOBAL", path("gitconfig")),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("HELM_CACHE_HOME", path("cache/helm")),
            ("HELM_CONFIG_HOME", path("helm/config")),
            ("HELM_DATA_HOME", path("helm/data")),
            ("DOCKER_CONFIG", path("docker")),
            ("REGISTRY_AUTH_FILE", path("docker/config.json")),
            ("NO_PROXY", direct.clone()),
            ("no_proxy", direct),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What clients of registries sign in with, as Docker keeps it and others read it; what they wrote themselves stays.
/// <https://docs.docker.com/reference/cli/docker/login/>
fn logins(file: &std::path::Path, forge: &str, user: &str, token: &str) -> String {
    let before = std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let mut logins = before.filter(Value::is_object).unwrap_or_else(|| json!({}));
    if !logins["auths"].is_object() {
        logins["auths"] = json!({});
    }
    let registry = forge.split_once("://").map_or(forge, |(_, host)| host);
    logins["auths"][registry] = json!({"auth": STANDARD.encode(format!("{user}:{token}"))});
    logins.to_string()
}

/// A value of git's configuration file, quoted. <https://git-scm.com/docs/git-config#_syntax>
fn value(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n"))
}

/// git runs a helper's line through a shell.
fn shell_quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Home;

    fn folder(root: &std::path::Path) -> ActorFolder {
        let actor = Actor {
            name: "dev2".to_owned(),
            full_name: "Dev \"Two\"".to_owned(),
            email: "dev2@atelier.internal".to_owned(),
            namespace: "dev2".to_owned(),
            administrator: false,
        };
        ActorFolder::new(&Home::new(root).lab("one").unwrap(), &actor)
    }

    #[test]
    fn token_is_read_back_and_is_in_no_variable() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path());
        assert_eq!(folder.token(), None);
        assert_eq!(folder.write("k", "http://127.0.0.1:4", "secret").unwrap(), Outcome::Created);
        assert_eq!(folder.write("k", "http://127.0.0.1:4", "secret").unwrap(), Outcome::Unchanged);
        assert_eq!(folder.write("j", "http://127.0.0.1:4", "secret").unwrap(), Outcome::Updated);
        assert_eq!(folder.token().as_deref(), Some("secret"));
        let logins =
            std::fs::read_to_string(root.path().join("labs/one/actors/dev2/docker/config.json")).unwrap();
        assert_eq!(logins, r#"{"auths":{"127.0.0.1:4":{"auth":"ZGV2MjpzZWNyZXQ="}}}"#);
        let environment = folder.environment("http://127.0.0.1:4", Some("example.org"));
        assert!(environment.values().all(|value| !value.contains("secret")));
        assert_eq!(environment["NO_PROXY"], "example.org,127.0.0.1,localhost,forge.atelier.internal");
    }

    #[test]
    fn every_folder_of_a_tool_is_in_the_lab() {
        let root = tempfile::tempdir().unwrap();
        let environment = folder(root.path()).environment("http://127.0.0.1:4", None);
        let outside = |name: &&String| {
            let value = &environment[*name];
            value.starts_with('/') && !value.starts_with(root.path().to_str().unwrap())
        };
        assert_eq!(environment.keys().find(outside), None);
    }
}
