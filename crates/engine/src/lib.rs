//! Decisions about runs: what is planned, what starts next, what follows from a failure.
//!
//! Pure: no I/O, no clock, no async. Time and ids come in as arguments, so "advance 24 h" is a unit test.
//! What was decided is carried out and stored by the crates above.

pub mod admission;
mod advance;
mod again;
mod apply;
pub mod backfills;
mod callbacks;
pub mod days;
pub mod freshness;
mod graph;
mod mapping;
mod plan;
mod refused;
mod reserve;
mod retry;
pub mod schedule;
pub mod sla;
pub mod stale;
mod states;
pub mod triggers;
pub mod usual;
pub mod why;
mod yielding;
mod zones;

pub use apply::{Step, apply, create};
pub use mapping::{Input, Origin, Taken, inputs};
pub use plan::{PlanInput, Selection, Source, plan, reduces};
pub use refused::PlanError;
pub use states::{BLOCK_TRANSITIONS, RUN_TRANSITIONS, Transition, states_page};
pub use zones::{UnknownZone, Zone};
