//! The program `k3d`, the only child process of this platform's set-up.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::{Error, Site};
use crate::platform;
use crate::process::{self, Command, Output};

/// The oldest k3d that reads our configuration (`k3d.io/v1alpha5`).
pub(super) const OLDEST: &str = "5.6.0";
/// How long one call may take; it is told in the error.
const LIMIT: Duration = Duration::from_secs(300);

impl Site {
    /// A call of k3d on the lab's engine, whose kubeconfig is in the lab.
    fn k3d(&self, cluster: &str, arguments: &[&str]) -> Command {
        let command = Command::new(&self.settings.k3d).args(arguments.iter().copied()).limit(LIMIT);
        let command = command
            .env("DOCKER_HOST", self.engine.address())
            .env("KUBECONFIG", self.folder.cluster(cluster, "k3d-kubeconfig").display().to_string())
            .env("LOG_COLORS", "false");
        // It writes its configuration there for itself, and when it is killed it leaves that behind.
        let scratch = self.folder.scratch();
        let command =
            if scratch.is_dir() { command.env("TMPDIR", scratch.display().to_string()) } else { command };
        match &self.settings.k3d_tools {
            Some(image) => command.env("K3D_IMAGE_TOOLS", self.settings.local(image)),
            None => command,
        }
    }

    /// Calls k3d for a cluster, to the end. A call of the same task that outlived an earlier `atelier` is ended first.
    pub(super) async fn call_k3d(
        &self,
        cluster: &str,
        task: &str,
        arguments: &[&str],
    ) -> Result<Output, process::Error> {
        let pid = self.folder.cluster(cluster, &format!("{task}.pid"));
        end_earlier(&pid).await;
        let result = self.k3d(cluster, arguments).pid_file(&pid).run().await;
        let _ = std::fs::remove_file(&pid);
        result
    }

    /// Calls k3d only to be told something.
    pub(super) async fn ask_k3d(&self, cluster: &str, arguments: &[&str]) -> Result<Output, process::Error> {
        self.k3d(cluster, arguments).run().await
    }

    /// Ends the calls of k3d for a cluster (all without one) that outlived an earlier `atelier`, which was killed.
    pub(super) async fn end_earlier_calls(&self, cluster: Option<&str>) {
        let begins = cluster.map(|cluster| format!("{cluster}.")).unwrap_or_default();
        let entries = std::fs::read_dir(self.folder.join("clusters")).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with(&begins) && path.extension().is_some_and(|extension| extension == "pid") {
                end_earlier(&path).await;
            }
        }
    }
}

/// What `k3d` calls itself. Old ones know no JSON and say `k3d version v4.4.8`.
pub(super) async fn version(program: &Path) -> Result<String, platform::Error> {
    let output =
        Command::new(program).args(["version", "-o", "json"]).limit(Duration::from_secs(20)).run().await?;
    let value: Value = serde_json::from_str(output.stdout.trim()).unwrap_or_default();
    let line = output.stdout.lines().next().unwrap_or_default();
    let last = || line.split_whitespace().next_back().unwrap_or("of no version");
    Ok(value["k3d"].as_str().filter(|text| !text.is_empty()).unwrap_or_else(last).to_owned())
}

/// Refuses a version that is too old. One that does not say enough (a development build) is taken; `false` says so.
pub(super) fn recent_enough(version: &str) -> Result<bool, Error> {
    let numbers = |text: &str| {
        let plain = text.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
        plain.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>().ok()
    };
    let oldest = numbers(OLDEST).expect("a version of ours has numbers");
    match numbers(version) {
        Some(found) if oldest.starts_with(&found) && found != oldest => Ok(false),
        Some(found) if found < oldest => {
            Err(Error::TooOld { program: "k3d".to_owned(), found: version.to_owned(), needed: OLDEST })
        }
        found => Ok(found.is_some()),
    }
}

/// Ends the process group whose leader's id is in the file, if the leader is a k3d.
async fn end_earlier(pid: &Path) {
    let Ok(text) = std::fs::read_to_string(pid) else { return };
    let id = text.trim().parse().ok().filter(|&id: &i32| id > 1);
    if let Some(process) = id.and_then(rustix::process::Pid::from_raw) {
        // The number may belong to another program by now.
        let shown = Command::new("ps").args(["-o", "command=", "-p", text.trim()]).output().await;
        if shown.is_ok_and(|shown| shown.stdout.contains("k3d")) {
            let _ = rustix::process::kill_process_group(process, rustix::process::Signal::KILL);
        }
    }
    let _ = std::fs::remove_file(pid);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_refused_and_development_builds_taken() {
        for good in ["v5.8.3", "5.6.0", "v5.7", "v6.0.0-rc.1", "v5.8.3-dirty", "v5.10.0+build.7", "v6"] {
            assert!(recent_enough(good).unwrap(), "{good}");
        }
        for unusual in ["v5-dev", "v5.6", "main", "latest-8f3c2d1", "of no version"] {
            assert!(!recent_enough(unusual).unwrap(), "{unusual}");
        }
        for old in ["v5.4.9", "v5.5", "v4", "4.4.8", "v5.4.0-dev"] {
            let error = recent_enough(old).unwrap_err().to_string();
            assert_eq!(error, format!("`k3d` is version {old}; at least 5.6.0 is needed"));
        }
    }
}
