//! Waiting for what may have changed the answer of a check.

use std::task::Poll;

use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use tokio::time::Instant;

/// An item for each change that a check may have to look at.
pub(super) type Wakes = BoxStream<'static, ()>;

/// The next change, with all that have come at once taken as one; never without a stream.
pub(super) async fn next_of(stream: &mut Option<Wakes>) -> Option<()> {
    let Some(stream) = stream else { return std::future::pending().await };
    let first = stream.next().await;
    while let Some(Some(())) = stream.next().now_or_never() {}
    first
}

/// The first of these streams that has a change, and whether it has ended; never without any.
pub(super) async fn any_of(streams: &mut [Option<Wakes>]) -> (usize, bool) {
    std::future::poll_fn(|task| {
        for (index, stream) in streams.iter_mut().enumerate() {
            if let Some(stream) = stream
                && let Poll::Ready(change) = stream.poll_next_unpin(task)
            {
                return Poll::Ready((index, change.is_none()));
            }
        }
        Poll::Pending
    })
    .await
}

pub(super) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
