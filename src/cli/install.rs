//! The line that installs a program on this system: by the package manager that is here, or, for what most of them do
//! not have or have too old, from where its project publishes it.

use rustix::process::geteuid;

/// The versions that are downloaded: those that the lessons were tried with.
const KUBECTL: &str = "v1.34.1";
const K3D: &str = "v5.8.3";

/// A package manager: its program, how it installs, and what it calls Docker's engine.
struct Manager {
    program: &'static str,
    install: &'static str,
    engine: &'static str,
    /// Programs besides git that it has in a version that will do.
    has: &'static [&'static str],
}

/// In the order in which they are looked for.
const MANAGERS: [Manager; 6] = [
    Manager {
        program: "brew",
        install: "brew install",
        engine: "--cask docker-desktop",
        has: &["kubectl", "k3d"],
    },
    Manager { program: "apt-get", install: "apt-get install -y", engine: "docker.io", has: &[] },
    Manager { program: "dnf", install: "dnf install -y", engine: "moby-engine", has: &[] },
    Manager { program: "pacman", install: "pacman -S --noconfirm", engine: "docker", has: &["kubectl"] },
    Manager { program: "zypper", install: "zypper install -y", engine: "docker", has: &[] },
    Manager { program: "apk", install: "apk add", engine: "docker", has: &["kubectl"] },
];

/// A system, as far as it matters here.
struct System<'a> {
    /// As Linux's releases are named: `amd64`, `arm64`; nothing on another system.
    architecture: Option<&'a str>,
    manager: Option<&'a Manager>,
    root: bool,
    curl: bool,
}

/// How to install `git`, `kubectl`, `k3d` or `docker` here: a command in backticks, or where to read how.
pub(super) fn advice(program: &str) -> String {
    let has = |program: &str| which::which(program).is_ok();
    let system = System {
        architecture: match std::env::consts::ARCH {
            _ if !cfg!(target_os = "linux") => None,
            "x86_64" => Some("amd64"),
            "aarch64" => Some("arm64"),
            _ => None,
        },
        manager: MANAGERS.iter().find(|manager| has(manager.program)),
        root: geteuid().is_root(),
        curl: has("curl"),
    };
    match line(program, &system) {
        Some(line) => format!("`{line}`"),
        None => format!("see {}", page(program)),
    }
}

fn line(program: &str, system: &System<'_>) -> Option<String> {
    let with = |name: &str| {
        let manager = system.manager?;
        // Homebrew refuses to be root.
        let sudo = if system.root || manager.program == "brew" { "" } else { "sudo " };
        Some(format!("{sudo}{} {name}", manager.install))
    };
    match program {
        "git" => with("git"),
        "docker" => with(system.manager?.engine),
        _ if system.manager.is_some_and(|manager| manager.has.contains(&program)) => with(program),
        _ => {
            let url = published(program, system.architecture?)?;
            let first =
                if system.curl { String::new() } else { format!("{} && ", with("curl ca-certificates")?) };
            let sudo = if system.root { "" } else { "sudo " };
            Some(format!(
                "{first}curl -fLo {program} {url} && {sudo}install {program} /usr/local/bin/{program}"
            ))
        }
    }
}

/// Where a project publishes its program for Linux.
/// <https://kubernetes.io/docs/tasks/tools/install-kubectl-linux/>, <https://k3d.io/stable/#releases>
fn published(program: &str, architecture: &str) -> Option<String> {
    match program {
        "kubectl" => Some(format!("https://dl.k8s.io/release/{KUBECTL}/bin/linux/{architecture}/kubectl")),
        "k3d" => {
            Some(format!("https://github.com/k3d-io/k3d/releases/download/{K3D}/k3d-linux-{architecture}"))
        }
        _ => None,
    }
}

fn page(program: &str) -> &'static str {
    match program {
        "git" => "https://git-scm.com/downloads",
        "kubectl" => "https://kubernetes.io/docs/tasks/tools/",
        "k3d" => "https://k3d.io",
        _ => "https://docs.docker.com/engine/install/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_its_line() {
        let mut text = String::new();
        let mut add = |name: &str, system: &System<'_>| {
            for program in ["git", "kubectl", "k3d", "docker"] {
                let line = line(program, system).unwrap_or_else(|| format!("see {}", page(program)));
                text.extend([name, ": ", &line, "\n"]);
            }
        };
        let system = |program: &str| System {
            architecture: Some("amd64"),
            manager: MANAGERS.iter().find(|manager| manager.program == program),
            root: false,
            curl: true,
        };
        add("Homebrew", &System { architecture: None, ..system("brew") });
        add("Debian, as root, bare", &System { root: true, curl: false, ..system("apt-get") });
        add("Fedora", &System { architecture: Some("arm64"), ..system("dnf") });
        add("Arch", &system("pacman"));
        add("nothing known", &System { curl: false, ..system("") });
        insta::assert_snapshot!(text, @"
        Homebrew: brew install git
        Homebrew: brew install kubectl
        Homebrew: brew install k3d
        Homebrew: brew install --cask docker-desktop
        Debian, as root, bare: apt-get install -y git
        Debian, as root, bare: apt-get install -y curl ca-certificates && curl -fLo kubectl https://dl.k8s.io/release/v1.34.1/bin/linux/amd64/kubectl && install kubectl /usr/local/bin/kubectl
        Debian, as root, bare: apt-get install -y curl ca-certificates && curl -fLo k3d https://github.com/k3d-io/k3d/releases/download/v5.8.3/k3d-linux-amd64 && install k3d /usr/local/bin/k3d
        Debian, as root, bare: apt-get install -y docker.io
        Fedora: sudo dnf install -y git
        Fedora: curl -fLo kubectl https://dl.k8s.io/release/v1.34.1/bin/linux/arm64/kubectl && sudo install kubectl /usr/local/bin/kubectl
        Fedora: curl -fLo k3d https://github.com/k3d-io/k3d/releases/download/v5.8.3/k3d-linux-arm64 && sudo install k3d /usr/local/bin/k3d
        Fedora: sudo dnf install -y moby-engine
        Arch: sudo pacman -S --noconfirm git
        Arch: sudo pacman -S --noconfirm kubectl
        Arch: curl -fLo k3d https://github.com/k3d-io/k3d/releases/download/v5.8.3/k3d-linux-amd64 && sudo install k3d /usr/local/bin/k3d
        Arch: sudo pacman -S --noconfirm docker
        nothing known: see https://git-scm.com/downloads
        nothing known: see https://kubernetes.io/docs/tasks/tools/
        nothing known: see https://k3d.io
        nothing known: see https://docs.docker.com/engine/install/
        ");
    }
}
