//! The clock that runs are driven by: that of the machine, or in tests one that stands still.

use std::sync::Arc;

use baton_base::now;
use baton_model::Timestamp;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of this machine.
pub fn wall_clock() -> Clock {
    Arc::new(|| Timestamp(now()))
}
