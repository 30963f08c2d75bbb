//! What the commands about bundles share: opening one, and its sizes in words.

use std::sync::Arc;

use crate::artifacts::bundle::{Bundle, Index, Source};
use crate::error::{Failure, Kind};
use crate::ui::table;

/// Opens the bundle in a file, or at the address that `bundle serve` prints.
pub(in crate::cli) async fn open(place: &str) -> Result<Arc<Bundle>, Failure> {
    let source: Source = place.parse()?;
    Ok(Arc::new(waiting(move || Bundle::open(source)).await??))
}

/// Lets a thread wait for what takes long.
pub(super) async fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::new(Kind::Bug, error))
}

/// Bytes as people say them.
pub(super) fn megabytes(bytes: u64) -> String {
    match bytes {
        0..100_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// The parts with their sizes in the file, and the whole.
pub(super) fn sizes(index: &Index, length: u64) -> String {
    let row = |name: &str, count: usize, bytes: u64| {
        let what = if name == "manifest" { "the operator's manifest".to_owned() } else { images(count) };
        vec![name.to_owned(), what, megabytes(bytes)]
    };
    let mut rows =
        index.parts().iter().map(|(name, count, bytes)| row(name, *count, *bytes)).collect::<Vec<_>>();
    rows.push(vec!["all".to_owned(), images(index.images.len()), megabytes(length)]);
    table(&rows)
}

pub(super) fn images(count: usize) -> String {
    if count == 1 { "1 image".to_owned() } else { format!("{count} images") }
}
