//! What every crate stands on: error classes and hints, the wall clock, files with paths in their errors,
//! where Baton keeps its state.

mod clock;
mod diagnose;
mod failpoint;
pub mod files;
mod home;

pub use clock::{iso, now};
pub use diagnose::{Class, Diagnose, chain};
pub use failpoint::failpoint;
pub use home::{Home, HomeError, ProjectHome};
