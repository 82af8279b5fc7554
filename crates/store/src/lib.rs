//! The metadata database of a project: runs, block runs, products, events, planned code,
//! secrets.
//!
//! SQLite for one machine, PostgreSQL for several processes. It stores what was decided and decides nothing. A process that dies loses no
//! commit; a power cut may lose the newest ones, but never that a run has ended, once its driver was told so.

mod blocks;
mod calls;
mod catalogue;
mod code;
mod creating;
mod error;
mod find;
mod grouped;
mod hints;
mod history;
mod leases;
mod listing;
mod memory;
mod migrate;
mod newest;
mod notices;
mod open;
mod past;
mod place;
mod postgres;
mod products;
mod project;
mod queue;
mod retention;
mod rows;
mod runs;
mod secrets;
mod shared;
mod snapshot;
mod sql;
mod triggers;
mod usual;
mod value;

pub use blocks::BlockRunRow;
pub use calls::{KEPT_CALLS, KEPT_NON_EVENTS, NonEvent, TriggerCall};
pub use catalogue::{MadeProduct, MadeProducts};
pub use creating::{CallKey, NewRun};
pub use error::StoreError;
pub use find::RunQuery;
pub use hints::{Hint, Hints};
pub use history::EventRecord;
pub use leases::{Duty, Process};
pub use listing::{Claims, RunOrder, RunPage, RunRow, RunRows};
pub use memory::Memory;
pub use newest::NewestOfBlock;
pub use notices::{End, NewNotice, Notice, NoticeStatus};
pub use open::Store;
pub use past::{CountedRuns, TriggerFacts};
pub use queue::Rush;
pub use secrets::{SecretError, SecretName, SecretScope, Secrets};
pub use shared::{Claimed, Mark, Settled, Wish};
pub use usual::GoodRun;
