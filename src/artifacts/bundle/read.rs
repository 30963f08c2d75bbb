//! Reading a bundle: its index first, then any blob by itself, each checked against its digest.

use std::io::{BufReader, Read, Write};

use sha2::{Digest as _, Sha256};

use super::{Blob, Error, Index, Source};

/// The largest index that is read, in bytes.
const INDEX_LIMIT: u64 = 16 << 20;
/// The largest document that is read into memory.
const DOCUMENT_LIMIT: u64 = 16 << 20;

/// A bundle that was opened.
#[derive(Clone, Debug)]
pub struct Bundle {
    source: Source,
    index: Index,
    digest: String,
    /// Where the frame of the index ends.
    base: u64,
}

impl Bundle {
    /// Opens a bundle: its index is read, and its length compared. A thread that may wait is needed.
    pub fn open(source: Source) -> Result<Self, Error> {
        let (from, length) = (source.shown(), source.length()?);
        let no_bundle = |reason: &str| Error::NoBundle { from: from.clone(), reason: reason.to_owned() };
        let bytes = BufReader::new(Counted { inner: source.bytes(0, length)?, count: 0 });
        let mut decoder =
            zstd::Decoder::with_buffer(bytes).map_err(|error| source.broken(error))?.single_frame();
        let mut first = Vec::new();
        let read = (&mut decoder).take(INDEX_LIMIT).read_to_end(&mut first);
        read.map_err(|error| match source.broken(error) {
            Error::Altered { reason, .. } => no_bundle(&format!("its beginning is not zstd's: {reason}")),
            error => error,
        })?;
        let bytes = decoder.finish();
        let base = bytes.get_ref().count - bytes.buffer().len() as u64;
        let document = first_file(&first).ok_or_else(|| no_bundle("it does not begin with `bundle.json`"))?;
        let index = Index::read(&from, &document)?;
        let expected = base.saturating_add(index.length);
        if length != expected {
            return Err(Error::Length { from, found: length, expected });
        }
        let digest = format!("sha256:{:x}", Sha256::digest(&document));
        Ok(Self { source, index, digest, base })
    }

    /// What it holds.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The digest of its index, which names all that is in it: two bundles with the same one are the same.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The length of the file in bytes.
    pub fn length(&self) -> u64 {
        self.base + self.index.length
    }

    /// A path, or an address without its token.
    pub fn from(&self) -> String {
        self.source.shown()
    }

    /// Reads all of it, as any `tar` would, and compares every blob with its digest; `tell` is given each one's size.
    pub fn verify(&self, tell: impl Fn(u64)) -> Result<(), Error> {
        let bytes = self.source.bytes(0, self.length())?;
        let decoder = zstd::Decoder::new(bytes).map_err(|error| self.source.broken(error))?;
        let mut archive = tar::Archive::new(decoder);
        let mut blobs = self.index.blobs.iter();
        for entry in archive.entries().map_err(|error| self.source.broken(error))? {
            let mut entry = entry.map_err(|error| self.source.broken(error))?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let Some(hex) = path.strip_prefix("blobs/sha256/") else { continue };
            let blob = blobs.next().filter(|blob| blob.digest.ends_with(hex));
            let blob = blob.ok_or_else(|| self.altered(&path, "it is not in the index"))?;
            self.copy(&mut entry, blob, &mut std::io::sink())?;
            tell(blob.size);
        }
        match blobs.next() {
            Some(blob) => Err(self.altered(&blob.digest, "it is not in the file")),
            None => Ok(()),
        }
    }

    /// Writes a blob's bytes to `to`, and compares them with the digest. Whether `to` took them all.
    pub(super) fn blob(&self, digest: &str, to: &mut impl Write) -> Result<bool, Error> {
        let blob = self.index.blob(digest);
        let begin = self.base + blob.offset;
        let bytes = self.source.bytes(begin, begin + blob.packed)?;
        let mut decoder =
            zstd::Decoder::new(bytes).map_err(|error| self.source.broken(error))?.single_frame();
        self.copy(&mut decoder, blob, to)
    }

    /// A blob that is a document.
    pub fn document(&self, digest: &str) -> Result<Vec<u8>, Error> {
        if self.index.blob(digest).size > DOCUMENT_LIMIT {
            return Err(self.altered(digest, "it is too large for a document"));
        }
        let mut bytes = Vec::new();
        self.blob(digest, &mut bytes)?;
        Ok(bytes)
    }

    fn copy(&self, from: &mut impl Read, blob: &Blob, to: &mut impl Write) -> Result<bool, Error> {
        let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
        let mut taken = true;
        loop {
            let count = from.read(&mut buffer).map_err(|error| match self.source.broken(error) {
                Error::Altered { reason, .. } => self.altered(&blob.digest, &reason),
                error => error,
            })?;
            size += count as u64;
            if count == 0 || size > blob.size {
                break;
            }
            hash.update(&buffer[..count]);
            taken = taken && to.write_all(&buffer[..count]).is_ok();
            if !taken {
                return Ok(false);
            }
        }
        let found = format!("sha256:{:x}", hash.finalize());
        if size != blob.size || found != blob.digest {
            return Err(self.altered(&blob.digest, &format!("its bytes have the digest {found}")));
        }
        Ok(taken)
    }

    fn altered(&self, what: &str, reason: &str) -> Error {
        Error::Altered { from: self.from(), what: what.to_owned(), reason: reason.to_owned() }
    }
}

/// The content of the tar's first file, when that is the index.
fn first_file(tar: &[u8]) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(tar);
    let mut entry = archive.entries().ok()?.next()?.ok()?;
    if *entry.path_bytes() != *b"bundle.json" {
        return None;
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}
