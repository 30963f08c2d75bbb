//! What a program needs in an image with nothing else in it: the loader that its header names (ELF, `PT_INTERP`) and
//! the libraries that this loader finds for it (`--list`, which glibc's and musl's know). A program that is linked
//! statically needs nothing.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::process::Command;

/// The type of the program header that names the loader.
const INTERPRETER: u32 = 3;
/// No header and no path is longer.
const LIMIT: usize = 4096;

/// The files that must be beside `program`, each at its own path; the loader first.
///
/// # Errors
/// `InvalidData` when it is no program for Linux; the loader's words when it does not find a library.
pub async fn files(program: &Path) -> io::Result<Vec<PathBuf>> {
    let Some(loader) = loader(program)? else { return Ok(Vec::new()) };
    let listed = Command::new(&loader).arg("--list").arg(program).run().await.map_err(io::Error::other)?;
    let mut files = vec![loader];
    files.extend(paths(&listed.stdout));
    files.sort();
    files.dedup();
    Ok(files)
}

/// The paths in what a loader lists, `libc.so.6 => /lib/libc.so.6 (0x7f…)` or `/lib/ld.so (0x7f…)`.
fn paths(listed: &str) -> impl Iterator<Item = PathBuf> + '_ {
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    listed.lines().filter_map(path)
}

/// The loader that a program's header names.
fn loader(program: &Path) -> io::Result<Option<PathBuf>> {
    let mut file = File::open(program)?;
    let header = read(&mut file, 0, 64)?;
    // Both processors that images are made for have 64 bits and the least significant byte first.
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Err(wrong("it is no program for Linux with 64 bits"));
    }
    let (table, size, count) = (word(&header[32..40]), word(&header[54..56]), word(&header[56..58]));
    if size < 56 {
        return Err(wrong("its table of program headers is damaged"));
    }
    for index in 0..count {
        let entry = read(&mut file, table.saturating_add(index * size), 56)?;
        if word(&entry[..4]) == u64::from(INTERPRETER) {
            let (at, length) = (word(&entry[8..16]), word(&entry[32..40]));
            let length = usize::try_from(length).ok().filter(|&length| length <= LIMIT);
            let path = read(&mut file, at, length.ok_or_else(|| wrong("its loader's path is too long"))?)?;
            let path = String::from_utf8(path).map_err(|_| wrong("its loader's path is no text"))?;
            return Ok(Some(path.trim_end_matches('\0').into()));
        }
    }
    Ok(None)
}

fn read(file: &mut File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => wrong("it is no program for Linux with 64 bits, or is cut off"),
        _ => error,
    })?;
    Ok(bytes)
}

/// A number of up to eight bytes, the least significant first.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn wrong(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with one program header, which names `loader`.
    fn program(kind: u8, loader: &str) -> tempfile::NamedTempFile {
        let mut bytes = vec![0; 120];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (bytes[32], bytes[54], bytes[56]) = (64, 56, 1);
        (bytes[64], bytes[72]) = (kind, 120);
        bytes[96] = u8::try_from(loader.len() + 1).unwrap();
        bytes.extend_from_slice(loader.as_bytes());
        bytes.push(0);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn a_program_names_its_loader() {
        let file = program(3, "/lib64/ld-linux-x86-64.so.2");
        assert_eq!(loader(file.path()).unwrap(), Some("/lib64/ld-linux-x86-64.so.2".into()));
        assert_eq!(loader(program(1, "/lib/ld").path()).unwrap(), None);
    }

    #[test]
    fn what_is_no_program_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [b'#'; 64]).unwrap();
        let error = loader(file.path()).unwrap_err();
        assert_eq!(error.to_string(), "it is no program for Linux with 64 bits");
    }

    #[test]
    fn a_loader_s_list_has_paths() {
        let listed = "\tlinux-vdso.so.1 (0x7ffd)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x7f)\n\
                      \t/lib64/ld-linux-x86-64.so.2 (0x7f)\n";
        let wanted = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"];
        assert_eq!(paths(listed).collect::<Vec<_>>(), wanted.map(PathBuf::from));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn this_very_program_has_what_it_needs() {
        let found = files(&std::env::current_exe().unwrap()).await.unwrap();
        assert!(found.iter().all(|path| path.exists()), "{found:?}");
    }
}
