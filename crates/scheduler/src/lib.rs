//! The loops that load state, ask `engine`, commit, and carry commands out.
//!
//! Holds no rules: what follows from an event is decided by `engine`, how a block runs is known to `runner`.

mod drive;
mod journal;
mod kwargs;
mod lease;
mod service;
mod supply;

pub use drive::{Cancel, DriveError, Notice, Session, drive};
pub use journal::{Journal, JournalError, read_log, read_log_from};
pub use kwargs::partition;
pub use lease::{Lease, LeaseError};
pub use service::{Clock, Complaint, Desk, Drawn, News, Service, ServiceOptions, Soon, Wanted};
