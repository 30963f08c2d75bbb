//! `preflight`: what the machine has and lacks, before anything is made. Each finding says what to do.

use std::path::Path;

use serde::Serialize;

use super::settings::split;
use super::{Engine, Facts, Settings, tool};

/// A lab needs this much memory of the engine's; one node took 980 MB and the forge 130 MB.
const MEMORY_NEEDED: u64 = 2 << 30;
/// Comfortable with applications.
const MEMORY_WANTED: u64 = 4 << 30;
/// Free space that images and volumes need.
const DISK_NEEDED: u64 = 3 << 30;
/// Comfortable.
const DISK_WANTED: u64 = 8 << 30;
/// Kubernetes' programs watch many files; the kernel's default of 128 is known to be too few.
const INOTIFY_WANTED: u64 = 256;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Good,
    /// It may do harm.
    Warning,
    /// Set-up cannot work.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word or two.
    pub what: String,
    /// How grave.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    /// Something that is as it should be.
    pub fn good(what: &str, found: impl Into<String>) -> Self {
        Self { what: what.to_owned(), level: Level::Good, found: found.into(), advice: None }
    }

    /// Something that may do harm.
    pub fn warning(what: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Warning, advice: Some(advice.into()), ..Self::good(what, found) }
    }

    /// Something that set-up cannot work with.
    pub fn problem(what: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { level: Level::Problem, advice: Some(advice.into()), ..Self::good(what, found) }
    }
}

/// Looks at the machine for a lab with these settings. `proxies` are the proxy variables that are set, by name.
pub async fn examine(settings: &Settings, proxies: &[String]) -> Vec<Finding> {
    let mut findings = vec![k3d(&settings.k3d).await];
    match Engine::connect(&settings.search).await {
        Ok(engine) => match engine.facts().await {
            Ok(facts) => {
                findings.extend(engine_findings(&facts));
                findings.extend(disk(&facts));
                findings.push(pulls(&engine, settings).await);
            }
            Err(error) => findings.push(Finding::problem("engine", chain(&error), "restart Docker")),
        },
        Err(error) => findings.push(Finding::problem(
            "engine",
            error.to_string(),
            "start Docker (or Podman's socket), or name it with DOCKER_HOST; \
             on Linux your user must be allowed to use the socket (group `docker`)",
        )),
    }
    findings.extend(machine());
    if !proxies.is_empty() {
        findings.push(Finding::warning(
            "proxy",
            format!("{} set", proxies.join(", ")),
            "the lab's own traffic goes around it; the engine needs it in its own configuration to pull images",
        ));
    }
    findings
}

async fn k3d(program: &Path) -> Finding {
    let advice = format!("install k3d {} or newer from https://k3d.io, or set `tools.k3d`", tool::OLDEST);
    match tool::version(program).await {
        Ok(version) => match tool::recent_enough(&version) {
            Ok(true) => Finding::good("k3d", version),
            Ok(false) => {
                let advice = format!("it is taken for at least {}", tool::OLDEST);
                Finding::warning("k3d", format!("{version}, a development build"), advice)
            }
            Err(error) => Finding::problem("k3d", error.to_string(), advice),
        },
        Err(error) => Finding::problem("k3d", error.to_string(), advice),
    }
}

fn engine_findings(facts: &Facts) -> Vec<Finding> {
    let rootless = if facts.rootless { ", rootless" } else { "" };
    let name = format!(
        "{} {} at {} (API {}, {}, {}{rootless})",
        facts.product, facts.version, facts.address, facts.api, facts.architecture, facts.system
    );
    let mut findings = vec![if facts.product == "Podman" {
        Finding::warning("engine", name, "k3d's support for Podman is experimental; Docker is the tried way")
    } else {
        Finding::good("engine", name)
    }];
    let memory = format!("{:.1} GB", gigabytes(facts.memory));
    let give = "give the engine more memory (Docker Desktop: Settings, Resources), at least 4 GB";
    findings.push(match facts.memory {
        0..MEMORY_NEEDED => Finding::problem("memory", memory, give),
        MEMORY_NEEDED..MEMORY_WANTED => Finding::warning("memory", memory, give),
        _ => Finding::good("memory", memory),
    });
    let cgroup = format!("version {}", facts.cgroup);
    findings.push(if facts.cgroup == "2" {
        Finding::good("cgroup", cgroup)
    } else if facts.rootless {
        Finding::problem("cgroup", cgroup, "a rootless engine needs cgroup version 2")
    } else {
        Finding::warning(
            "cgroup",
            cgroup,
            "Kubernetes 1.35 and newer need version 2; keep the default k3s image",
        )
    });
    if !matches!(facts.architecture.as_str(), "amd64" | "arm64") {
        let advice = "set the images to ones for this architecture";
        findings.push(Finding::warning("architecture", facts.architecture.clone(), advice));
    }
    findings
}

/// Only where the engine's data is on this machine; Docker Desktop has it in a machine of its own.
fn disk(facts: &Facts) -> Option<Finding> {
    let status = rustix::fs::statvfs(facts.root.as_str()).ok().filter(|_| !facts.root.is_empty())?;
    let free = status.f_bavail.saturating_mul(status.f_frsize);
    let text = format!("{:.1} GB free below {}", gigabytes(free), facts.root);
    let advice = "remove what is not needed: `docker system df` shows it, `docker system prune` removes it";
    Some(match free {
        0..DISK_NEEDED => Finding::problem("disk", text, advice),
        DISK_NEEDED..DISK_WANTED => Finding::warning("disk", text, advice),
        _ => Finding::good("disk", text),
    })
}

/// How many images the engine would have to pull, and how many of them Docker Hub would count.
async fn pulls(engine: &Engine, settings: &Settings) -> Finding {
    let tools = settings.k3d_tools.as_ref();
    let wanted = [&settings.k3s, &settings.gitea].into_iter().chain(tools).map(|image| settings.local(image));
    let (mut missing, mut counted) = (Vec::new(), 0);
    for image in wanted {
        if !matches!(engine.image(&image).await, Ok(Some(_))) {
            counted += usize::from(split(&settings.redirected(&image)).0 == "docker.io");
            missing.push(image);
        }
    }
    if missing.is_empty() {
        return Finding::good("images", "the nodes' and the forge's are in the engine");
    }
    let text = format!("to be pulled: {}", missing.join(", "));
    if settings.pull == super::Pull::Never {
        return Finding::problem("images", text, "load them, or set `images.pull` to `missing`");
    }
    let advice = "Docker Hub allows 100 pulls in 6 hours to everybody behind one address; in a room, log in with \
                  `docker login` or set `images.mirrors`";
    if counted > 0 { Finding::warning("images", text, advice) } else { Finding::good("images", text) }
}

/// What Linux tells about itself; elsewhere the engine runs in a machine of its own.
fn machine() -> Vec<Finding> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let mut findings = Vec::new();
    if let Ok(instances) = read("/proc/sys/fs/inotify/max_user_instances").trim().parse::<u64>() {
        let text = format!("{instances} instances per user");
        findings.push(if instances < INOTIFY_WANTED {
            let advice = "for several clusters: `sudo sysctl fs.inotify.max_user_instances=512`";
            Finding::warning("inotify", text, advice)
        } else {
            Finding::good("inotify", text)
        });
    }
    if read("/proc/version").to_ascii_lowercase().contains("microsoft") {
        let advice = "keep ATELIER_HOME in the Linux file system, not below /mnt";
        findings.push(Finding::warning("WSL", "this is the Windows Subsystem for Linux", advice));
    }
    findings
}

#[expect(clippy::cast_precision_loss, reason = "one decimal place is shown")]
fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_memory_is_a_problem_with_advice() {
        let facts = Facts { memory: 1 << 30, cgroup: "1".to_owned(), rootless: true, ..Facts::default() };
        let grave = engine_findings(&Facts { architecture: "amd64".to_owned(), ..facts });
        let grave = grave.into_iter().filter(|finding| finding.level == Level::Problem).collect::<Vec<_>>();
        assert_eq!(
            grave.iter().map(|finding| finding.what.as_str()).collect::<Vec<_>>(),
            ["memory", "cgroup"]
        );
        assert!(grave.iter().all(|finding| finding.advice.is_some()));
    }

    #[tokio::test]
    async fn machine_without_tools_gets_a_list_of_what_to_do() {
        let mut settings = Settings { k3d: "/nowhere/k3d".into(), ..Settings::default() };
        settings.search.host = Some("unix:///nowhere.sock".to_owned());
        let findings = examine(&settings, &["HTTPS_PROXY".to_owned()]).await;
        let problems = findings.iter().filter(|finding| finding.level == Level::Problem).collect::<Vec<_>>();
        assert_eq!(problems[0].found, "`/nowhere/k3d` was not found on PATH");
        assert_eq!(
            problems[1].found,
            "no Docker engine answers; tried unix:///nowhere.sock (Socket not found: /nowhere.sock)"
        );
        assert_eq!(findings.last().unwrap().found, "HTTPS_PROXY set");
    }
}
