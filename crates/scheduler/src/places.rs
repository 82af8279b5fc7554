//! Places among the block processes of all runs of a server.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use baton_model::{BlockRunKey, Fence, RunEvent};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

/// An attempt that waits for a place is said to do so after this time: before it, nobody would notice, and each such
/// moment is a commit.
const NOTICEABLE: Duration = Duration::from_millis(250);

/// Waits for a place among the block processes of all runs, and says so when that takes its time.
pub(crate) async fn place(
    places: Option<Arc<Semaphore>>,
    waits: &mpsc::UnboundedSender<RunEvent>,
    key: &BlockRunKey,
    fence: Fence,
) -> Option<OwnedSemaphorePermit> {
    let mut place = pin!(places?.acquire_owned());
    // Nobody closes the places, and the driver hears what it is told as long as it waits for the attempt.
    if let Ok(place) = timeout(NOTICEABLE, &mut place).await {
        return place.ok();
    }
    let key = key.clone();
    drop(waits.send(RunEvent::AttemptWaits {
        key: key.clone(),
        fence,
    }));
    let place = place.await.ok();
    drop(waits.send(RunEvent::AttemptPlaced { key, fence }));
    place
}
