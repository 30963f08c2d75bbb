//! Where the engine may be: what the user says (`DOCKER_HOST`, a context), else the sockets where engines are found.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::platform::k3d::Error;

/// A description or configuration larger than this is nobody's.
const FILE_LIMIT: u64 = 1 << 20;

/// What is known about the user's engine before asking anybody. Filled in by the command line.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// `DOCKER_HOST`, or the configured address.
    pub host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub context: Option<String>,
    /// Docker's own folder for configuration: `DOCKER_CONFIG`, or `.docker` in the home folder.
    pub config: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, where rootless engines have their sockets.
    pub runtime: Option<PathBuf>,
}

impl Search {
    /// The addresses to try, the best first. What the user has chosen is the only one.
    pub(super) fn addresses(&self) -> Result<Vec<String>, Error> {
        if let Some(host) = self.host.as_ref().filter(|host| !host.is_empty()) {
            return Ok(vec![host.clone()]);
        }
        if let Some(host) = self.context_host()? {
            return Ok(vec![host]);
        }
        let sockets = self.sockets();
        let there = sockets.iter().filter(|path| path.exists());
        let there = there.map(|path| format!("unix://{}", path.display())).collect::<Vec<_>>();
        // Naming the usual place makes a better message than naming none.
        Ok(if there.is_empty() { vec!["unix:///var/run/docker.sock".to_owned()] } else { there })
    }

    fn sockets(&self) -> Vec<PathBuf> {
        let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
        let below = |folder: &Option<PathBuf>, names: &[&str]| {
            let folder = folder.clone();
            names.iter().filter_map(|name| Some(folder.as_ref()?.join(name))).collect::<Vec<_>>()
        };
        sockets.extend(below(&self.runtime, &["docker.sock"]));
        let desktops = [
            ".docker/run/docker.sock",
            ".docker/desktop/docker.sock",
            ".orbstack/run/docker.sock",
            ".colima/default/docker.sock",
            ".rd/docker.sock",
        ];
        sockets.extend(below(&self.home, &desktops));
        sockets.extend(below(&self.runtime, &["podman/podman.sock"]));
        sockets.push(PathBuf::from("/run/podman/podman.sock"));
        sockets
    }

    /// The address of the chosen context. A context is a file in a folder named by the SHA-256 of its name.
    fn context_host(&self) -> Result<Option<String>, Error> {
        let Some(config) = &self.config else { return Ok(None) };
        let current = || read(&config.join("config.json"))?["currentContext"].as_str().map(str::to_owned);
        let name = self.context.clone().filter(|name| !name.is_empty()).or_else(current);
        let Some(name) = name.filter(|name| !name.is_empty() && name != "default") else { return Ok(None) };
        let folder = Sha256::digest(name.as_bytes())
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let meta = read(&config.join("contexts/meta").join(folder).join("meta.json"));
        let host = meta.as_ref().and_then(|meta| meta.pointer("/Endpoints/docker/Host")?.as_str());
        match host {
            Some(host) => Ok(Some(host.to_owned())),
            // Another engine than the chosen one would be a surprise, and Docker itself refuses too.
            None => Err(Error::NoContext { name, config: config.clone() }),
        }
    }
}

fn read(path: &Path) -> Option<Value> {
    if std::fs::metadata(path).ok()?.len() > FILE_LIMIT {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_goes_before_what_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = folder.path().join("run");
        std::fs::create_dir_all(runtime.join("podman")).unwrap();
        std::fs::write(runtime.join("podman/podman.sock"), "").unwrap();
        let mut search = Search { runtime: Some(runtime.clone()), ..Search::default() };
        assert_eq!(
            search.addresses().unwrap().last(),
            Some(&format!("unix://{}/podman/podman.sock", runtime.display()))
        );

        // printf desk | sha256sum
        let meta = "49be417ad74080a0031b636b44cfc26fdd0065492d6cd3b033960c4414955cf7";
        let config = folder.path().join("docker");
        std::fs::create_dir_all(config.join("contexts/meta").join(meta)).unwrap();
        std::fs::write(config.join("config.json"), r#"{"currentContext": "desk"}"#).unwrap();
        let endpoint = r#"{"Endpoints": {"docker": {"Host": "unix:///desk.sock"}}}"#;
        std::fs::write(config.join("contexts/meta").join(meta).join("meta.json"), endpoint).unwrap();
        search.config = Some(config);
        assert_eq!(search.addresses().unwrap(), ["unix:///desk.sock"]);
        search.host = Some("tcp://10.0.0.1:2375".to_owned());
        assert_eq!(search.addresses().unwrap(), ["tcp://10.0.0.1:2375"]);
        search.host = None;
        search.context = Some("laptop".to_owned());
        let config = folder.path().join("docker");
        let text = format!("there is no Docker context `laptop` in `{}`", config.display());
        assert_eq!(search.addresses().unwrap_err().to_string(), text);
        search.context = Some("default".to_owned());
        assert_ne!(search.addresses().unwrap(), ["unix:///desk.sock"]);
    }
}
