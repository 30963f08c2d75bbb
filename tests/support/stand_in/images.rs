//! The images of the stand-ins: this very program with the libraries that it is linked to, made on the spot, labelled,
//! and removed when the tests that asked for them are no more.

use std::collections::HashMap;
use std::path::Path;

use atelier::platform::k3d::{Engine, Search, linked_files};
use atelier::process::Command;
use bollard::Docker;
use bollard::query_parameters::{
    BuildImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::{Error, said};

/// The catalogue of the nodes, in every image.
pub(crate) const CATALOGUE: &str = "/etc/stand-in/catalogue.json";
/// The label, whose value tells which run of the tests an image is of.
const LABEL: &str = "atelier.stand-in";
/// Where the program is in an image.
const PROGRAM: &str = "usr/bin/stand-in";
/// What it is called there.
const NAMES: [&str; 3] = ["bin/k3s", "bin/ctr", "usr/local/bin/gitea"];
/// Who there is: Gitea's commands run as Gitea's own user.
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\ngit:x:1000:1000:git:/data/git:/bin/sh\n";

pub(crate) async fn run(words: &[&str]) -> Result<(), Error> {
    match words {
        // What k3d's container of tools does, which is to be there.
        ["noop"] => {
            signal(SignalKind::terminate())?.recv().await;
            Ok(())
        }
        ["images", folder] => keep(Path::new(folder)).await,
        _ => Err(format!("the stand-in does not know `{}`", words.join(" ")).into()),
    }
}

/// Makes the images, says so in one line of JSON, and removes them as soon as nobody holds the lock in `folder`; that
/// ends with the process of the tests, however that ends.
async fn keep(folder: &Path) -> Result<(), Error> {
    let search = Search { host: std::env::var("DOCKER_HOST").ok(), ..Search::default() };
    let engine = match Engine::connect(&search).await {
        Ok(engine) => engine.address().to_owned(),
        Err(error) => {
            said::to_stdout(&json!({"skipped": error.to_string()}).to_string());
            std::fs::remove_dir_all(folder)?;
            return Ok(());
        }
    };
    let docker = Docker::connect_with_host(&engine)?.negotiate_version().await?;
    let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let made = make(&docker, folder, &id).await;
    match &made {
        Ok(()) => said::to_stdout(&json!({"engine": engine}).to_string()),
        Err(error) => said::to_stdout(&json!({"failed": error.to_string()}).to_string()),
    }
    let lock = std::fs::File::open(folder.join("lock"))?;
    tokio::task::spawn_blocking(move || lock.lock_shared()).await??;
    remove(&docker, &id).await?;
    std::fs::remove_dir_all(folder)?;
    made
}

/// The name of an image of the run `id`.
fn name(image: &str, id: &str) -> String {
    format!("atelier-stand-in/{image}:{id}")
}

async fn make(docker: &Docker, folder: &Path, id: &str) -> Result<(), Error> {
    let root = root(folder).await?;
    let base = name("base", id);
    let dockerfile = format!(
        "FROM scratch\nLABEL {LABEL}={id}\nCOPY root /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n\
         ENTRYPOINT [\"/{PROGRAM}\"]\n"
    );
    build(docker, &base, &dockerfile, Some(root)).await?;
    let k3s = format!("FROM {base}\nENTRYPOINT [\"/{}\"]\n", NAMES[0]);
    build(docker, &name("k3s", id), &k3s, None).await?;
    let gitea = format!("FROM {base}\nEXPOSE 3000\nVOLUME /data\nENTRYPOINT [\"/{}\"]\n", NAMES[2]);
    build(docker, &name("gitea", id), &gitea, None).await?;
    // Pods are simulated: what their images hold is of no account.
    let catalogue: Value = serde_json::from_slice(&std::fs::read(folder.join("catalogue.json"))?)?;
    let idle = catalogue.as_array().into_iter().flatten().filter_map(|image| image["reference"].as_str());
    for reference in idle.filter(|reference| reference.starts_with("atelier-stand-in/")) {
        let options = TagImageOptionsBuilder::default().repo(reference).tag(id).build();
        docker.tag_image(&base, Some(options)).await?;
    }
    Ok(())
}

/// The file system of the images, below `root`.
async fn root(folder: &Path) -> Result<tar::Builder<Vec<u8>>, Error> {
    let program = std::env::current_exe()?;
    let mut archive = tar::Builder::new(Vec::new());
    // The engine does not read the format for files with holes.
    archive.sparse(false);
    let mut libraries = linked_files(&program).await?;
    // Set-up asks a node by a line of shell whether it takes images.
    let shell = Path::new("/bin/sh");
    libraries.extend(linked_files(shell).await?);
    libraries.push(shell.to_owned());
    libraries.sort();
    libraries.dedup();
    for library in libraries {
        // What the path leads to in the end is what counts.
        let file = library.canonicalize()?;
        archive.append_path_with_name(file, Path::new("root").join(library.strip_prefix("/")?))?;
    }
    // A smaller image is there sooner; where there is no `strip`, the whole one will do.
    let stripped = folder.join("program");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(&program).run().await;
    let program = if strip.is_ok() { stripped } else { program };
    archive.append_path_with_name(program, format!("root/{PROGRAM}"))?;
    for link in NAMES {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, format!("root/{link}"), format!("/{PROGRAM}"))?;
    }
    let catalogue = std::fs::read(folder.join("catalogue.json"))?;
    let files = [("etc/passwd", PASSWD.as_bytes()), (CATALOGUE.trim_start_matches('/'), &catalogue)];
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("root/{path}"), bytes)?;
    }
    let mut header = tar::Header::new_gnu();
    for (path, mode) in [("tmp/", 0o1777), ("run/", 0o755), ("data/", 0o755)] {
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        header.set_mode(mode);
        archive.append_data(&mut header, format!("root/{path}"), std::io::empty())?;
    }
    Ok(archive)
}

async fn build(
    docker: &Docker,
    name: &str,
    dockerfile: &str,
    archive: Option<tar::Builder<Vec<u8>>>,
) -> Result<(), Error> {
    let mut archive = archive.unwrap_or_else(|| tar::Builder::new(Vec::new()));
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "Dockerfile", dockerfile.as_bytes())?;
    let body = bollard::body_full(archive.into_inner()?.into());
    let options = BuildImageOptionsBuilder::default().dockerfile("Dockerfile").t(name).rm(true).forcerm(true);
    let mut stream = Box::pin(docker.build_image(options.build(), None, Some(body)));
    while let Some(line) = stream.next().await {
        if let Some(reason) = line?.error_detail.and_then(|detail| detail.message) {
            return Err(format!("image {name}: {reason}").into());
        }
    }
    Ok(())
}

/// Removes what carries the label of this run.
async fn remove(docker: &Docker, id: &str) -> Result<(), Error> {
    let filters = HashMap::from([("label".to_owned(), vec![format!("{LABEL}={id}")])]);
    let options = ListImagesOptionsBuilder::default().all(false).filters(&filters).build();
    let images = docker.list_images(Some(options)).await?;
    for name in images.into_iter().flat_map(|image| image.repo_tags) {
        let options = RemoveImageOptionsBuilder::default().force(true).build();
        // What another name has taken along is gone.
        let _ = docker.remove_image(&name, Some(options), None).await;
    }
    Ok(())
}
