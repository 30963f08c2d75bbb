//! Bundles as files: what is in them, that others can read them, and what is told of those that are not whole.

use std::io::Read as _;
use std::path::Path;

use atelier::artifacts::bundle::{Bundle, Parts, write};
use atelier::error::Failure;
use serde_json::Value;

use super::archives::{Archive, Form, IMAGES, bundle, draft, small, with_index};
use crate::support::Redaction;

/// A failure as a person is told of it.
pub(super) fn told(error: impl Into<Failure>) -> String {
    let failure = error.into();
    let cause = failure.source.source().map(|cause| format!("  caused by: {cause}\n")).unwrap_or_default();
    let hints = failure.hints.iter().fold(String::new(), |text, hint| format!("{text}hint: {hint}\n"));
    format!("error: {}\n{cause}{hints}exit code {}\n", failure.source, failure.kind.exit_code())
}

fn open(file: &Path) -> Result<Bundle, atelier::artifacts::bundle::Error> {
    Bundle::open(file.display().to_string().parse()?)
}

/// The names in a tar, each with its size.
fn names(tar: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(tar);
    let name = |entry: std::io::Result<tar::Entry<&[u8]>>| {
        let entry = entry.unwrap();
        format!("{} {}", entry.path().unwrap().display(), entry.size())
    };
    archive.entries().unwrap().map(name).collect()
}

#[test]
fn any_zstd_and_any_tar_read_it_and_each_blob_is_in_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let (file, bundle) = small(folder.path());
    let whole = zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap();
    let listed = Redaction::new(Vec::new()).apply(&names(&whole).join("\n"));
    insta::assert_snapshot!(listed, @"
    bundle.json 2748
    oci-layout 30
    index.json 634
    manifest.json 670
    blobs/sha256/<sha256> 17
    blobs/sha256/<sha256> 551
    blobs/sha256/<sha256> 263
    blobs/sha256/<sha256> 129536
    blobs/sha256/<sha256> 129536
    blobs/sha256/<sha256> 703
    blobs/sha256/<sha256> 338
    blobs/sha256/<sha256> 129536
    ");
    assert_eq!(bundle.index().blobs.len(), 8);
    bundle.verify(|_| ()).unwrap();
    // The layout's own list leads to every image.
    let mut archive = tar::Archive::new(whole.as_slice());
    let index = archive
        .entries()
        .unwrap()
        .map(Result::unwrap)
        .find(|entry| entry.path().unwrap() == Path::new("index.json"));
    let index: Value = serde_json::from_reader(index.unwrap()).unwrap();
    let digests = index["manifests"].as_array().unwrap().iter().map(|one| one["digest"].as_str().unwrap());
    let known = bundle.index().images.iter().map(|image| image.manifest.as_str());
    assert_eq!(digests.collect::<Vec<_>>(), known.collect::<Vec<_>>());
}

#[test]
fn engines_of_both_sorts_give_the_same_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let digests = [Form::Folders, Form::Layout].map(|form| {
        let file = folder.path().join(format!("{form:?}.bundle"));
        bundle(&file, &IMAGES, form);
        std::fs::read(&file).unwrap()
    });
    assert!(digests[0] == digests[1]);
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.count(), 2, "nothing is left beside the bundles");
}

#[test]
fn an_image_comes_out_as_the_archive_that_engines_load() {
    let folder = tempfile::tempdir().unwrap();
    let (_, bundle) = small(folder.path());
    let mut archive = Vec::new();
    assert!(bundle.archive(&bundle.index().images[1], &mut archive).unwrap());
    insta::assert_snapshot!(Redaction::new(Vec::new()).apply(&names(&archive).join("\n")), @"
    <sha256>.tar 338
    <sha256>.tar 129536
    <sha256>.tar 129536
    manifest.json 340
    ");
    // It goes into parts again, and is the same image.
    let again = Parts::open(&folder.path().join("again.bundle")).unwrap();
    let taken = again.take("x", "a.example/forge:2", archive.as_slice()).unwrap();
    assert_eq!(taken.architecture(), "amd64");
    assert_eq!(IMAGES[1].id(), bundle.index().images[1].config);
}

#[test]
fn what_was_taken_is_not_taken_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("killed.bundle");
    let parts = Parts::open(&file).unwrap();
    let first = &IMAGES[0];
    parts.take(&first.id(), first.name, first.bytes(Form::Layout).as_slice()).unwrap();
    // The second is cut short: nothing of it counts.
    let second = IMAGES[1].bytes(Form::Layout);
    parts.take(&IMAGES[1].id(), IMAGES[1].name, &second[..second.len() / 2]).unwrap_err();
    std::fs::write(folder.path().join("killed.bundle.parts/half"), "half").unwrap();
    std::fs::write(folder.path().join("killed.bundle.partial"), "half").unwrap();
    let parts = Parts::open(&file).unwrap();
    assert!(parts.taken(&first.id()).is_some());
    assert!(parts.taken(&IMAGES[1].id()).is_none());
    let draft = draft(&parts, &IMAGES, Form::Layout);
    write(parts, &file, draft, None).unwrap();
    open(&file).unwrap().verify(|_| ()).unwrap();
    let (_, whole) = small(folder.path());
    assert_eq!(open(&file).unwrap().digest(), whole.digest());
}

#[test]
fn archives_that_are_none_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let good = IMAGES[0].bytes(Form::Layout);
    let mut altered = good.clone();
    let middle = good.len() / 3;
    altered[middle] ^= 1;
    let mut told_all = String::new();
    for (number, bytes) in
        [b"no archive".as_slice(), &[], &good[..good.len() / 2], &altered].iter().enumerate()
    {
        let parts = Parts::open(&folder.path().join(number.to_string())).unwrap();
        told_all += &told(parts.take("x", "a.example/node:1", *bytes).unwrap_err());
    }
    let number = regex::Regex::new(r"ends \d+ bytes").unwrap();
    let text = Redaction::new(Vec::new()).apply(&number.replace_all(&told_all, "ends <number> bytes"));
    insta::assert_snapshot!(text, @"
    error: the archive of image `a.example/node:1` cannot be used: failed to read entire block
    hint: another version of Docker may give it out better; tell us of this one
    exit code 5
    error: the archive of image `a.example/node:1` cannot be used: it has no `manifest.json`
    hint: another version of Docker may give it out better; tell us of this one
    exit code 5
    error: the archive of image `a.example/node:1` cannot be used: it ends <number> bytes before the end of a file
    hint: another version of Docker may give it out better; tell us of this one
    exit code 5
    error: the archive of image `a.example/node:1` cannot be used: `blobs/sha256/<sha256>` has the digest sha256:<sha256>
    hint: another version of Docker may give it out better; tell us of this one
    exit code 5
    ");
}

/// What is told of a bundle that was spoilt, opened and verified.
fn spoilt(name: &str, spoil: impl FnOnce(&Path)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = small(folder.path());
    spoil(&file);
    let result = open(&file).and_then(|bundle| bundle.verify(|_| ()));
    let text = format!("# {name}\n{}", told(result.unwrap_err()));
    let bytes = regex::Regex::new(r"\b\d+ bytes, not \d+").unwrap();
    let names = vec![(folder.path().display().to_string(), "<folder>")];
    Redaction::new(names).apply(&bytes.replace_all(&text, "<number> bytes, not <number>"))
}

fn replace(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    change(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn bundles_that_are_not_whole_are_named() {
    let nothing = format!("sha256:{}", "0".repeat(64));
    let text = [
        spoilt("truncated", |file| replace(file, |bytes| bytes.truncate(bytes.len() / 2))),
        spoilt("truncated in its first part", |file| replace(file, |bytes| bytes.truncate(100))),
        spoilt("empty", |file| replace(file, Vec::clear)),
        spoilt("longer", |file| replace(file, |bytes| bytes.push(0))),
        spoilt("a blob altered", |file| {
            replace(file, |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            });
        }),
        spoilt("its index altered", |file| replace(file, |bytes| bytes[200] ^= 1)),
        spoilt("a digest altered", |file| {
            with_index(file, |text| {
                let digest = serde_json::from_str::<Value>(&text).unwrap()["images"][0]["layers"][1].clone();
                text.replace(digest.as_str().unwrap(), &nothing)
            });
        }),
    ];
    insta::assert_snapshot!(text.concat(), @"
    # truncated
    error: bundle `<folder>/small.bundle` has <number> bytes, not <number>
    hint: copy it again; `atelier bundle verify FILE` tells whether a copy is whole
    exit code 4
    # truncated in its first part
    error: `<folder>/small.bundle` is no bundle: its beginning is not zstd's: incomplete frame
    hint: `atelier bundle save FILE` writes one
    exit code 2
    # empty
    error: `<folder>/small.bundle` is no bundle: its beginning is not zstd's: incomplete frame
    hint: `atelier bundle save FILE` writes one
    exit code 2
    # longer
    error: bundle `<folder>/small.bundle` has <number> bytes, not <number>
    hint: copy it again; `atelier bundle verify FILE` tells whether a copy is whole
    exit code 4
    # a blob altered
    error: bundle `<folder>/small.bundle` is altered: sha256:<sha256>: Restored data doesn't match checksum
    hint: copy it again; `atelier bundle verify FILE` tells whether a copy is whole
    exit code 4
    # its index altered
    error: `<folder>/small.bundle` is no bundle: its beginning is not zstd's: Restored data doesn't match checksum
    hint: `atelier bundle save FILE` writes one
    exit code 2
    # a digest altered
    error: bundle `<folder>/small.bundle` is altered: blobs/sha256/<sha256>: it is not in the index
    hint: copy it again; `atelier bundle verify FILE` tells whether a copy is whole
    exit code 4
    ");
}

#[test]
fn bundles_that_are_something_else_are_named() {
    let nothing = format!("sha256:{}", "0".repeat(64));
    let other = zstd::encode_all(IMAGES[0].bytes(Form::Layout).as_slice(), 1).unwrap();
    let text = [
        spoilt("an older format", |file| {
            with_index(file, |text| text.replace("\"format\": 1", "\"format\": 0"));
        }),
        spoilt("a newer format", |file| {
            with_index(file, |text| text.replace("\"format\": 1", "\"format\": 2"));
        }),
        spoilt("an unknown field", |file| {
            with_index(file, |text| text.replace("\"workshop\"", "\"workshops\""));
        }),
        spoilt("a version that is a path", |file| {
            with_index(file, |text| text.replace("\"v2.9.0\"", "\"../../v2.9.0\""));
        }),
        spoilt("a blob that is not there", |file| {
            with_index(file, |text| {
                text.replace(&format!("config\": \"{}", IMAGES[0].id()), &format!("config\": \"{nothing}"))
            });
        }),
        spoilt("something else", |file| std::fs::write(file, "hello").unwrap()),
        spoilt("another archive", |file| std::fs::write(file, other).unwrap()),
        spoilt("a folder", |file| {
            std::fs::remove_file(file).unwrap();
            std::fs::create_dir(file).unwrap();
        }),
        spoilt("nothing", |file| std::fs::remove_file(file).unwrap()),
    ];
    insta::assert_snapshot!(text.concat(), @"
    # an older format
    error: bundle `<folder>/small.bundle` has format 0, and this program reads 1
    hint: save it again with this program: `atelier bundle save FILE`
    exit code 2
    # a newer format
    error: bundle `<folder>/small.bundle` has format 2, and this program reads 1
    hint: use the newer program
    exit code 2
    # an unknown field
    error: `<folder>/small.bundle` is no bundle: bundle.json: unknown field `workshops`, expected one of `format`, `program`, `workshop`, `platform`, `architectures`, `settings`, `manifest`, `images`, `blobs`, `length`
    hint: `atelier bundle save FILE` writes one
    exit code 2
    # a version that is a path
    error: `<folder>/small.bundle` is no bundle: bundle.json: `../../v2.9.0` is no version
    hint: `atelier bundle save FILE` writes one
    exit code 2
    # a blob that is not there
    error: `<folder>/small.bundle` is no bundle: bundle.json: no blob is sha256:<sha256>
    hint: `atelier bundle save FILE` writes one
    exit code 2
    # something else
    error: `<folder>/small.bundle` is no bundle: its beginning is not zstd's: Unknown frame descriptor
    hint: `atelier bundle save FILE` writes one
    exit code 2
    # another archive
    error: `<folder>/small.bundle` is no bundle: it does not begin with `bundle.json`
    hint: `atelier bundle save FILE` writes one
    exit code 2
    # a folder
    error: `<folder>/small.bundle` is no bundle: it is a folder
    hint: `atelier bundle save FILE` writes one
    exit code 2
    # nothing
    error: cannot read `<folder>/small.bundle`
      caused by: No such file or directory (os error 2)
    hint: name the file of a bundle, or the address of one
    exit code 4
    ");
}

#[test]
fn a_disk_without_room_and_a_folder_that_takes_nothing_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("full.bundle");
    let parts = || Parts::open(&file).unwrap();
    let of = |parts: &Parts| draft(parts, &IMAGES, Form::Layout);
    let room = write(parts(), &file, of(&parts()), Some(1000)).unwrap_err();
    // Whatever is written to this device meets a full disk.
    std::os::unix::fs::symlink("/dev/full", folder.path().join("full.bundle.partial")).unwrap();
    let full = write(parts(), &file, of(&parts()), None).unwrap_err();
    std::fs::remove_file(folder.path().join("full.bundle.partial")).unwrap();
    assert!(!file.exists());
    std::os::unix::fs::symlink("/dev/full", folder.path().join("full.bundle.parts/half")).unwrap();
    let part = parts();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("full.bundle.parts/half")).unwrap();
    let first = part.take("y", "a.example/node:1", IMAGES[0].bytes(Form::Folders).as_slice()).unwrap_err();
    std::fs::remove_file(folder.path().join("full.bundle.parts/half")).unwrap();
    // What was at hand is still there: with room again, it goes on.
    assert!(parts().taken(&IMAGES[0].id()).is_some());
    write(parts(), &file, of(&parts()), None).unwrap();
    let stick = Parts::open(Path::new("/proc/stick/one.bundle")).unwrap_err();
    let names = vec![(folder.path().display().to_string(), "<folder>")];
    let text = format!("{}{}{}{}", told(room), told(full), told(first), told(stick));
    let text = Redaction::new(names).apply(&text);
    let number = regex::Regex::new(r"needs \d+ MB").unwrap();
    insta::assert_snapshot!(number.replace_all(&text, "needs <number> MB"), @"
    error: `<folder>/full.bundle` needs <number> MB, and 0 MB are free there
    hint: free some space there, or name a file on another disk
    exit code 4
    error: cannot write `<folder>/full.bundle.partial`
      caused by: No space left on device (os error 28)
    hint: free some space, or name a file on another disk; the same command goes on from here
    exit code 4
    error: cannot write `<folder>/full.bundle.parts/half`
      caused by: No space left on device (os error 28)
    hint: free some space, or name a file on another disk; the same command goes on from here
    exit code 4
    error: cannot make `/proc/stick/one.bundle.parts/blobs`
      caused by: No such file or directory (os error 2)
    hint: name a file in a folder that you can write
    exit code 4
    ");
}

#[test]
fn two_architectures_share_a_file_and_no_list_for_docker_load() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("both.bundle");
    let arm = Archive { architecture: "arm64", ..IMAGES[0] };
    let index = bundle(&file, &[Archive { ..IMAGES[0] }, arm], Form::Layout);
    assert_eq!(index.architectures, ["amd64", "arm64"]);
    let mut whole = Vec::new();
    zstd::Decoder::new(std::fs::File::open(&file).unwrap()).unwrap().read_to_end(&mut whole).unwrap();
    assert!(!names(&whole).iter().any(|name| name.starts_with("manifest.json")));
    open(&file).unwrap().verify(|_| ()).unwrap();
}
