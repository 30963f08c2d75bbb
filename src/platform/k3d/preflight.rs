//! `preflight`: what the machine has and lacks, before anything is made. Each finding says what to do.

use std::path::Path;

use serde::Serialize;

use super::error::innermost;
use super::machine::free;
use super::settings::split;
use super::{Engine, Facts, Machine, Settings, tool};

/// A lab needs this much memory of the engine's; one node took 980 MB and the forge 130 MB.
const MEMORY_NEEDED: u64 = 2 << 30;
/// Comfortable with applications.
const MEMORY_WANTED: u64 = 4 << 30;
/// Free space that images and volumes need.
const DISK_NEEDED: u64 = 3 << 30;
/// Comfortable.
const DISK_WANTED: u64 = 8 << 30;
/// The oldest of the engine's API versions that this was tried with.
const API_TRIED: u32 = 41;

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

/// Looks at the machine and its engine, for a lab with these settings.
pub async fn examine(settings: &Settings, machine: &Machine) -> Vec<Finding> {
    let mut findings = vec![k3d(&settings.k3d).await];
    match Engine::connect(&settings.search).await {
        Ok(engine) => match engine.facts().await {
            Ok(facts) => {
                findings.extend(judge(&facts, free(Path::new(&facts.root))));
                findings.push(pulls(&engine, settings).await);
            }
            Err(error) => {
                let text = format!("{error}: {}", innermost(&error));
                findings.push(Finding::problem("engine", text, "restart Docker"));
            }
        },
        Err(error @ super::Error::NoContext { .. }) => findings.push(Finding::problem(
            "engine",
            error.to_string(),
            "choose another one with `docker context use NAME`, or with DOCKER_CONTEXT",
        )),
        Err(error) => findings.push(Finding::problem(
            "engine",
            error.to_string(),
            "start Docker (or Podman's socket), or name it with DOCKER_HOST; \
             on Linux your user must be allowed to use the socket (group `docker`)",
        )),
    }
    findings.extend(machine.findings());
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

/// What is to be said of an engine. `free` is the space in bytes where it keeps its data; nothing where that is not on
/// this machine: Docker Desktop has it in a machine of its own.
fn judge(facts: &Facts, free: Option<u64>) -> Vec<Finding> {
    let mut findings = vec![engine_itself(facts)];
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
    if facts.proxy {
        findings.push(Finding::good("pulls", "images come through a proxy that the engine has configured"));
    }
    if let Some(free) = free.filter(|_| !facts.root.is_empty()) {
        let text = format!("{:.1} GB free below {}", gigabytes(free), facts.root);
        let advice =
            "remove what is not needed: `docker system df` shows it, `docker system prune` removes it";
        findings.push(match free {
            0..DISK_NEEDED => Finding::problem("disk", text, advice),
            DISK_NEEDED..DISK_WANTED => Finding::warning("disk", text, advice),
            _ => Finding::good("disk", text),
        });
    }
    findings
}

fn engine_itself(facts: &Facts) -> Finding {
    let rootless = if facts.rootless { ", rootless" } else { "" };
    let name = format!(
        "{} {} at {} (API {}, {}, {}{rootless})",
        facts.product, facts.version, facts.address, facts.api, facts.architecture, facts.system
    );
    let minor = facts.api.strip_prefix("1.").and_then(|minor| minor.parse::<u32>().ok());
    if elsewhere(&facts.address) {
        let advice = "the lab's ports would be that machine's: use an engine on this one";
        Finding::problem("engine", name, advice)
    } else if facts.product == "Podman" {
        Finding::warning("engine", name, "k3d's support for Podman is experimental; Docker is the tried way")
    } else if minor.is_some_and(|minor| minor < API_TRIED) {
        let advice = format!("API 1.{API_TRIED} (Docker 20.10) is the oldest that was tried: update Docker");
        Finding::warning("engine", name, advice)
    } else {
        Finding::good("engine", name)
    }
}

/// Whether an engine's address is another machine's.
fn elsewhere(address: &str) -> bool {
    let Some(host) = address.strip_prefix("tcp://").or_else(|| address.strip_prefix("http://")) else {
        return false;
    };
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    host != "localhost" && !host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
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
    if settings.offline {
        let advice = "load a bundle: `atelier bundle load FILE`, or `atelier up --bundle FILE`";
        return Finding::problem(
            "images",
            text.replace("to be pulled", "missing, and nothing is pulled"),
            advice,
        );
    }
    if settings.pull == super::Pull::Never {
        return Finding::problem("images", text, "load them, or set `images.pull` to `missing`");
    }
    let advice = "Docker Hub allows 100 pulls in 6 hours to everybody behind one address; in a room, log in with \
                  `docker login` or set `images.mirrors`";
    if counted > 0 { Finding::warning("images", text, advice) } else { Finding::good("images", text) }
}

#[expect(clippy::cast_precision_loss, reason = "one decimal place is shown")]
fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

/// Findings as lines, for tests.
#[cfg(test)]
pub(super) fn shown(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let advice = finding.advice.as_ref().map(|advice| format!(" -> {advice}")).unwrap_or_default();
        format!("{:?} {}: {}{advice}\n", finding.level, finding.what, finding.found)
    };
    findings.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing to complain about.
    fn good() -> Facts {
        let text = str::to_owned;
        Facts {
            address: text("unix:///var/run/docker.sock"),
            product: text("Docker"),
            version: text("27.3.1"),
            api: text("1.47"),
            system: text("Debian"),
            architecture: text("amd64"),
            memory: 8_000_000_000,
            cgroup: text("2"),
            root: text("/data"),
            ..Facts::default()
        }
    }

    #[test]
    fn engines_are_judged_by_what_they_tell() {
        let text = str::to_owned;
        let rootless = Facts { rootless: true, address: text("unix:///run/user/1000/docker.sock"), ..good() };
        let podman = Facts { product: text("Podman"), version: text("5.2.0"), ..good() };
        let cases = [
            ("good", good(), Some(20_000_000_000)),
            ("its disk is elsewhere", Facts { system: text("Docker Desktop"), ..good() }, None),
            ("little of everything", Facts { memory: 1 << 30, ..good() }, Some(1_000_000_000)),
            ("enough and no more", Facts { memory: 3_000_000_000, ..good() }, Some(4_000_000_000)),
            ("rootless", rootless.clone(), None),
            ("rootless on cgroup 1", Facts { cgroup: text("1"), ..rootless }, None),
            ("old", Facts { cgroup: text("1"), api: text("1.40"), version: text("19.03"), ..good() }, None),
            ("Podman", podman, None),
            ("another machine's", Facts { address: text("tcp://10.0.0.5:2375"), ..good() }, None),
            ("this machine's, by TCP", Facts { address: text("tcp://[::1]:2375"), ..good() }, None),
            ("an unusual processor", Facts { architecture: text("riscv64"), ..good() }, None),
            ("behind a proxy", Facts { proxy: true, ..good() }, None),
        ];
        let told = cases.map(|(name, facts, free)| format!("# {name}\n{}", shown(&judge(&facts, free))));
        insta::assert_snapshot!(told.concat(), @"
        # good
        Good engine: Docker 27.3.1 at unix:///var/run/docker.sock (API 1.47, amd64, Debian)
        Good memory: 8.0 GB
        Good cgroup: version 2
        Good disk: 20.0 GB free below /data
        # its disk is elsewhere
        Good engine: Docker 27.3.1 at unix:///var/run/docker.sock (API 1.47, amd64, Docker Desktop)
        Good memory: 8.0 GB
        Good cgroup: version 2
        # little of everything
        Good engine: Docker 27.3.1 at unix:///var/run/docker.sock (API 1.47, amd64, Debian)
        Problem memory: 1.1 GB -> give the engine more memory (Docker Desktop: Settings, Resources), at least 4 GB
        Good cgroup: version 2
        Problem disk: 1.0 GB free below /data -> remove what is not needed: `docker system df` shows it, `docker system prune` removes it
        # enough and no more
        Good engine: Docker 27.3.1 at unix:///var/run/docker.sock (API 1.47, amd64, Debian)
        Warning memory: 3.0 GB -> give the engine more memory (Docker Desktop: Settings, Resources), at least 4 GB
        Good cgroup: version 2
        Warning disk: 4.0 GB free below /data -> remove what is not needed: `docker system df` shows it, `docker system prune` removes it
        # rootless
        Good engine: Docker 27.3.1 at unix:///run/user/1000/docker.sock (API 1.47, amd64, Debian, rootless)
        Good memory: 8.0 GB
        Good cgroup: version 2
        # rootless on cgroup 1
        Good engine: Docker 27.3.1 at unix:///run/user/1000/docker.sock (API 1.47, amd64, Debian, rootless)
        Good memory: 8.0 GB
        Problem cgroup: version 1 -> a rootless engine needs cgroup version 2
        # old
        Warning engine: Docker 19.03 at unix:///var/run/docker.sock (API 1.40, amd64, Debian) -> API 1.41 (Docker 20.10) is the oldest that was tried: update Docker
        Good memory: 8.0 GB
        Warning cgroup: version 1 -> Kubernetes 1.35 and newer need version 2; keep the default k3s image
        # Podman
        Warning engine: Podman 5.2.0 at unix:///var/run/docker.sock (API 1.47, amd64, Debian) -> k3d's support for Podman is experimental; Docker is the tried way
        Good memory: 8.0 GB
        Good cgroup: version 2
        # another machine's
        Problem engine: Docker 27.3.1 at tcp://10.0.0.5:2375 (API 1.47, amd64, Debian) -> the lab's ports would be that machine's: use an engine on this one
        Good memory: 8.0 GB
        Good cgroup: version 2
        # this machine's, by TCP
        Good engine: Docker 27.3.1 at tcp://[::1]:2375 (API 1.47, amd64, Debian)
        Good memory: 8.0 GB
        Good cgroup: version 2
        # an unusual processor
        Good engine: Docker 27.3.1 at unix:///var/run/docker.sock (API 1.47, riscv64, Debian)
        Good memory: 8.0 GB
        Good cgroup: version 2
        Warning architecture: riscv64 -> set the images to ones for this architecture
        # behind a proxy
        Good engine: Docker 27.3.1 at unix:///var/run/docker.sock (API 1.47, amd64, Debian)
        Good memory: 8.0 GB
        Good cgroup: version 2
        Good pulls: images come through a proxy that the engine has configured
        ");
    }
}
