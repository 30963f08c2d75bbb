//! What this machine tells about itself, apart from the engine: looked at once, and judged without looking, so that
//! any machine can be judged in a test.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use super::Finding;

/// Kubernetes' programs watch many files; the kernel's default of 128 is known to be too few.
const INOTIFY_WANTED: u64 = 256;
/// What a lab's folder needs besides the clones that people make.
const STATE_NEEDED: u64 = 100 << 20;

/// What is known of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The proxy variables that are set, by name.
    pub proxies: Vec<String>,
    /// The state folder.
    pub home: PathBuf,
    /// The free space there in bytes, where it can be told.
    pub free: Option<u64>,
    /// `fs.inotify.max_user_instances`; nothing where the engine runs in a machine of its own.
    pub inotify: Option<u64>,
    /// The line in which the kernel names itself; empty where it has none.
    pub kernel: String,
    /// Why no port of 127.0.0.1 can be had.
    pub port: Option<String>,
}

impl Machine {
    /// This machine, for labs in the state folder `home`; which proxy variables are set, the caller knows.
    pub fn look(home: &Path, proxies: Vec<String>) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Self {
            proxies,
            home: home.to_owned(),
            // The folder is made at the first set-up; until then one above it tells.
            free: home.ancestors().find_map(free),
            inotify: read("/proc/sys/fs/inotify/max_user_instances").trim().parse().ok(),
            kernel: read("/proc/version").trim().to_owned(),
            port: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).err().map(|error| error.to_string()),
        }
    }

    /// What is to be said of it.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.push(match &self.port {
            None => Finding::good("ports", "free ones of 127.0.0.1 can be had; a lab keeps those it gets"),
            Some(reason) => {
                let text = format!("no port of 127.0.0.1 can be had: {reason}");
                Finding::problem("ports", text, "end programs that hold many ports, or restart the machine")
            }
        });
        if let Some(bytes) = self.free {
            let text = format!("{} MB free for {}", bytes / 1_000_000, self.home.display());
            let advice = "free some space, or set ATELIER_HOME to a folder on another disk";
            findings.push(match bytes {
                0..STATE_NEEDED => Finding::problem("state", text, advice),
                _ => Finding::good("state", text),
            });
        }
        if let Some(instances) = self.inotify {
            let text = format!("{instances} instances per user");
            let advice = "for several clusters: `sudo sysctl fs.inotify.max_user_instances=512`";
            findings.push(match instances {
                0..INOTIFY_WANTED => Finding::warning("inotify", text, advice),
                _ => Finding::good("inotify", text),
            });
        }
        if self.kernel.to_ascii_lowercase().contains("microsoft") {
            let text = "this is the Windows Subsystem for Linux";
            findings.push(if self.home.starts_with("/mnt") {
                let text = format!("{text}, and {} is in Windows' file system", self.home.display());
                let advice = "set ATELIER_HOME to a folder of Linux' own, such as ~/.local/state/atelier: files \
                              of Windows cannot be kept from others, and are slow";
                Finding::problem("WSL", text, advice)
            } else {
                let advice = "let Docker Desktop integrate with this distribution (Settings, Resources, WSL)";
                Finding::warning("WSL", text, advice)
            });
        }
        if !self.proxies.is_empty() {
            findings.push(Finding::warning(
                "proxy",
                format!("{} set", self.proxies.join(", ")),
                "the lab's own traffic goes around it; the engine needs it in its own configuration to pull images",
            ));
        }
        findings
    }
}

/// The space in bytes that a person may still use where `path` is.
pub(super) fn free(path: &Path) -> Option<u64> {
    let status = rustix::fs::statvfs(path).ok()?;
    Some(status.f_bavail.saturating_mul(status.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::super::preflight::shown;
    use super::*;

    /// Nothing to complain about.
    fn good() -> Machine {
        let kernel = "Linux version 6.1.0-40-amd64".to_owned();
        let home = PathBuf::from("/state");
        Machine { home, free: Some(5 << 30), inotify: Some(512), kernel, ..Machine::default() }
    }

    #[test]
    fn machines_are_judged_by_what_they_tell() {
        let wsl = || "Linux version 5.15.167.4-microsoft-standard-WSL2".to_owned();
        let cases = [
            ("good", good()),
            ("no Linux", Machine { inotify: None, kernel: String::new(), free: None, ..good() }),
            ("little of everything", Machine { inotify: Some(128), free: Some(1 << 20), ..good() }),
            ("no ports", Machine { port: Some("address in use".to_owned()), ..good() }),
            ("WSL", Machine { kernel: wsl(), ..good() }),
            ("WSL in Windows", Machine { kernel: wsl(), home: "/mnt/c/state".into(), ..good() }),
            (
                "proxies",
                Machine { proxies: vec!["HTTPS_PROXY".to_owned(), "all_proxy".to_owned()], ..good() },
            ),
        ];
        let told = cases.map(|(name, machine)| format!("# {name}\n{}", shown(&machine.findings())));
        insta::assert_snapshot!(told.concat(), @"
        # good
        Good ports: free ones of 127.0.0.1 can be had; a lab keeps those it gets
        Good state: 5368 MB free for /state
        Good inotify: 512 instances per user
        # no Linux
        Good ports: free ones of 127.0.0.1 can be had; a lab keeps those it gets
        # little of everything
        Good ports: free ones of 127.0.0.1 can be had; a lab keeps those it gets
        Problem state: 1 MB free for /state -> free some space, or set ATELIER_HOME to a folder on another disk
        Warning inotify: 128 instances per user -> for several clusters: `sudo sysctl fs.inotify.max_user_instances=512`
        # no ports
        Problem ports: no port of 127.0.0.1 can be had: address in use -> end programs that hold many ports, or restart the machine
        Good state: 5368 MB free for /state
        Good inotify: 512 instances per user
        # WSL
        Good ports: free ones of 127.0.0.1 can be had; a lab keeps those it gets
        Good state: 5368 MB free for /state
        Good inotify: 512 instances per user
        Warning WSL: this is the Windows Subsystem for Linux -> let Docker Desktop integrate with this distribution (Settings, Resources, WSL)
        # WSL in Windows
        Good ports: free ones of 127.0.0.1 can be had; a lab keeps those it gets
        Good state: 5368 MB free for /mnt/c/state
        Good inotify: 512 instances per user
        Problem WSL: this is the Windows Subsystem for Linux, and /mnt/c/state is in Windows' file system -> set ATELIER_HOME to a folder of Linux' own, such as ~/.local/state/atelier: files of Windows cannot be kept from others, and are slow
        # proxies
        Good ports: free ones of 127.0.0.1 can be had; a lab keeps those it gets
        Good state: 5368 MB free for /state
        Good inotify: 512 instances per user
        Warning proxy: HTTPS_PROXY, all_proxy set -> the lab's own traffic goes around it; the engine needs it in its own configuration to pull images
        ");
    }
}
