//! `POST /{owner}/{repo}/git-receive-pack`: push. A pack is indexed in a quarantine folder as it arrives, and moved
//! to the repository's objects only when its references may change: whatever ends this early leaves no trace.

use std::io::{self, Read, Write as _};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use git2::{Indexer, Oid};

use super::super::access::Writer;
use super::super::pulls::Head;
use super::super::push::{self, Refusal, Update};
use super::super::repository::{QUARANTINE, Repository};
use super::super::server::Shared;
use super::body;
use super::packet::{self, Packet};
use super::report::Report;
use super::service::{Failure, GitCaller, Service, find, headers, require_content_type};

/// A longer request, pack included, is refused.
const PACK_LIMIT: u64 = 1 << 30;
/// More references in one push are refused.
const UPDATES: usize = 10_000;

pub(crate) async fn receive_pack(
    State(shared): State<Arc<Shared>>,
    Path((owner, name)): Path<(String, String)>,
    GitCaller(caller): GitCaller,
    request_headers: HeaderMap,
    request_body: Body,
) -> Result<(HeaderMap, Vec<u8>), Failure> {
    require_content_type(&request_headers, Service::ReceivePack)?;
    let (repository, writer) = find(&shared, &caller, &owner, &name, Service::ReceivePack)?;
    let base = shared.base(&request_headers);
    let input = body::reader(&request_headers, request_body, PACK_LIMIT);
    let work = move || {
        let mut input = input();
        let commands = Commands::read(&mut input)?;
        if commands.updates.is_empty() {
            return Ok(Vec::new());
        }
        let report = receive(&shared, &repository, &writer, &base, &commands, &mut input);
        // A client that is still sending would miss the answer.
        io::copy(&mut input, &mut io::sink())?;
        Ok(report.write(&commands.updates, commands.report_status, commands.side_band))
    };
    let answer = tokio::task::spawn_blocking(work).await.map_err(|_| Failure::Internal)?;
    let answer = answer.map_err(|error: io::Error| Failure::Request { reason: error.to_string() })?;
    Ok((headers(Service::ReceivePack, "result"), answer))
}

#[derive(Debug, Default)]
struct Commands {
    updates: Vec<Update>,
    report_status: bool,
    side_band: bool,
    atomic: bool,
}

impl Commands {
    fn read(input: &mut impl Read) -> io::Result<Self> {
        let mut commands = Self::default();
        while let Some(Packet::Data(line)) = packet::read(input)? {
            let line = String::from_utf8(line).map_err(|_| bad("bytes that are not UTF-8"))?;
            if line.starts_with("shallow ") {
                continue;
            }
            let (command, capabilities) = line.split_once('\0').unwrap_or((&line, ""));
            for capability in capabilities.split_whitespace() {
                match capability {
                    "report-status" => commands.report_status = true,
                    "side-band-64k" => commands.side_band = true,
                    "atomic" => commands.atomic = true,
                    _ => {}
                }
            }
            commands.updates.push(update(command.trim_end_matches('\n'))?);
            if commands.updates.len() > UPDATES {
                return Err(bad("too many references"));
            }
        }
        Ok(commands)
    }

    fn has_pack(&self) -> bool {
        self.updates.iter().any(|update| !update.new.is_zero())
    }
}

fn update(line: &str) -> io::Result<Update> {
    let mut words = line.splitn(3, ' ');
    let mut id = || words.next().filter(|word| word.len() == 40).and_then(|word| Oid::from_str(word).ok());
    let (old, new) = (id(), id());
    match (old, new, words.next()) {
        (Some(old), Some(new), Some(name)) => Ok(Update { name: name.to_owned(), old, new }),
        _ => Err(bad(line)),
    }
}

fn bad(line: &str) -> io::Error {
    let shown: String = line.chars().take(80).collect();
    io::Error::new(io::ErrorKind::InvalidData, format!("git receive-pack: unexpected `{shown}`"))
}

fn receive(
    shared: &Shared,
    repository: &Repository,
    writer: &Writer,
    base: &str,
    commands: &Commands,
    input: &mut impl Read,
) -> Report {
    let refuse = |reason: String| Report {
        unpack: Err(reason),
        verdicts: vec![Err(Refusal::Unpacker); commands.updates.len()],
        lines: Vec::new(),
    };
    let quarantine = match commands.has_pack().then(|| ingest(repository, writer, input)).transpose() {
        Ok(quarantine) => quarantine.flatten(),
        Err(error) => return refuse(one_line(&error.to_string())),
    };
    match settle(shared, repository, writer, base, commands, quarantine.as_ref()) {
        Ok(report) => report,
        Err(error) => refuse(one_line(&error.to_string())),
    }
}

/// A report's line must stay one.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// Indexes a pack in a folder of its own, which goes away with the returned value. Nothing for an empty pack.
fn ingest(
    repository: &Repository,
    writer: &Writer,
    input: &mut impl Read,
) -> io::Result<Option<tempfile::TempDir>> {
    let mut header = [0; 12];
    input.read_exact(&mut header)?;
    if &header[..4] != b"PACK" {
        return Err(bad("something that is not a pack"));
    }
    // Nobody fills the disk who may not write; the refusal comes when the references are checked.
    if header[8..] == [0; 4] || !writer.may_write {
        io::copy(input, &mut io::sink())?;
        return Ok(None);
    }
    let parent = repository.folder().join(QUARANTINE);
    std::fs::create_dir_all(&parent)?;
    let quarantine = tempfile::TempDir::new_in(&parent)?;
    let folder = quarantine.path().join("pack");
    std::fs::create_dir(&folder)?;
    let git = repository.open().map_err(io::Error::other)?;
    let odb = git.odb().map_err(io::Error::other)?;
    // Verifying means that every object's references are in the pack or known already.
    let mut indexer = Indexer::new(Some(&odb), &folder, 0o444, true).map_err(io::Error::other)?;
    indexer.write_all(&header)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match input.read(&mut buffer)? {
            0 => break,
            count => indexer.write_all(&buffer[..count])?,
        }
    }
    indexer.commit().map_err(io::Error::other)?;
    Ok(Some(quarantine))
}

/// Checks the rules, takes the objects, changes the references.
fn settle(
    shared: &Shared,
    repository: &Repository,
    writer: &Writer,
    base: &str,
    commands: &Commands,
    quarantine: Option<&tempfile::TempDir>,
) -> Result<Report, Box<dyn std::error::Error>> {
    let updates = &commands.updates;
    let writing = repository.lock();
    let mut lines = Vec::new();
    let mut verdicts = {
        let git = repository.open()?;
        if let Some(folder) = quarantine.and_then(|folder| folder.path().to_str()) {
            git.odb()?.add_disk_alternate(folder)?;
        }
        let metadata = repository.metadata();
        let refused = updates.iter().find_map(|update| push::check(&metadata, &git, update, writer).err());
        if let Some(rule) = refused {
            lines.extend(["error:".to_owned(), format!("error: {rule}"), "error:".to_owned()]);
            vec![Err(Refusal::Rule); updates.len()]
        } else {
            updates.iter().map(|update| push::validate(&git, update)).collect::<Vec<_>>()
        }
    };
    let declined = updates.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Err(Refusal::Hook));
    lines.extend(declined.map(|(update, _)| format!("error: hook declined to update {}", update.name)));
    if verdicts.iter().any(Result::is_ok) {
        if let Some(quarantine) = quarantine {
            release(repository, &quarantine.path().join("pack"))?;
        }
        let git = repository.open()?;
        push::apply(&git, updates, &mut verdicts, commands.atomic);
        push::choose_default_branch(repository, &git, updates);
    }
    let taken: Vec<Update> = updates
        .iter()
        .zip(&verdicts)
        .filter(|(_, verdict)| verdict.is_ok())
        .map(|(update, _)| update.clone())
        .collect();
    if !taken.is_empty() {
        shared.pushed(repository, &taken, &writer.login, base);
        lines.extend(taken.iter().flat_map(|update| invitation(shared, repository, update, base)));
        lines.push(format!(". Processing {} references", taken.len()));
        lines.push(format!("Processed {} references in total", taken.len()));
    }
    drop(writing);
    Ok(Report { unpack: Ok(()), verdicts, lines })
}

/// Where a pull request of the pushed branch is, or could be made.
fn invitation(shared: &Shared, repository: &Repository, update: &Update, base: &str) -> Vec<String> {
    let metadata = repository.metadata();
    let branch = update.name.strip_prefix("refs/heads/");
    let Some(branch) = branch.filter(|_| !update.new.is_zero()) else { return Vec::new() };
    let parent = metadata.parent.and_then(|parent| shared.repositories.by_id(parent));
    let target = parent.as_ref().map_or_else(|| metadata.clone(), |parent| parent.metadata());
    if parent.is_none() && branch == target.default_branch {
        return Vec::new();
    }
    let head = Head { repository: metadata.id, branch: branch.to_owned() };
    let of = parent.as_deref().unwrap_or(repository);
    let there =
        of.pulls.look(|pulls| pulls.open_between(&target.default_branch, &head).map(|pull| pull.number));
    let address = format!("{base}/{}/pulls", target.full_name());
    let (text, link) = if let Some(number) = there {
        ("Visit the existing pull request:".to_owned(), format!("{address}/{number}"))
    } else {
        let fork = parent.as_ref().map(|_| format!("{}:", metadata.owner_name)).unwrap_or_default();
        (format!("Create a new pull request for '{fork}{branch}':"), format!("{address}/new/{fork}{branch}"))
    };
    vec![String::new(), text, format!("  {link}"), String::new()]
}

/// Moves packs out of quarantine. Packs are found by their index, so that comes last.
fn release(repository: &Repository, folder: &std::path::Path) -> io::Result<()> {
    let target = repository.folder().join("objects/pack");
    std::fs::create_dir_all(&target)?;
    let mut names: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|e| e.file_name())).collect::<Result<_, _>>()?;
    names.sort_by_key(|name| name.to_string_lossy().ends_with(".idx"));
    names.iter().try_for_each(|name| std::fs::rename(folder.join(name), target.join(name)))
}
