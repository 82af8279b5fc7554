//! The service as a whole, without Python: a stub runs attempts, and the database is in memory.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that is surprised fails"
)]

mod simulation;
mod storm;
mod stub;
mod world;
