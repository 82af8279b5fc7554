//! The loops that load state, ask `engine`, commit, and carry commands out.
//!
//! Holds no rules: what follows from an event is decided by `engine`, how a block runs is known to `runner`.

mod clock;
mod drive;
mod hands;
mod journal;
mod kwargs;
mod lease;
mod places;
mod service;
mod session;
mod supply;

pub use clock::{Clock, wall_clock};
pub use drive::drive;
pub use hands::Hands;
pub use journal::{FAILURE_TAG, Journal, JournalError, read_log, read_log_from};
pub use kwargs::partition;
pub use lease::{Lease, LeaseError};
pub use service::{
    Complaint, Desk, Drawn, End, News, Planted, Role, Service, ServiceOptions, Sharing, Soon,
    Wanted, is_scheduled,
};
pub use session::{Audience, Away, Cancel, DriveError, Notice, Session};
