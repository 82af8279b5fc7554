//! The metadata database of a project: runs, block runs, products, events, pending commands, planned code,
//! secrets.
//!
//! SQLite for one machine. It stores what was decided and decides nothing. A process that dies loses no
//! commit; a power cut may lose the newest ones, but never that a run has ended.

mod code;
mod error;
mod find;
mod history;
mod migrate;
mod open;
mod products;
mod retention;
mod rows;
mod runs;
mod secrets;

pub use error::StoreError;
pub use find::RunQuery;
pub use history::{CommandId, EventRecord, PendingCommand};
pub use open::Store;
pub use runs::{RunFilter, RunSummary};
pub use secrets::{SecretError, SecretName, SecretScope, Secrets};
