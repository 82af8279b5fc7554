//! What every crate stands on: error classes and hints, the wall clock, files with paths in their errors,
//! where Baton keeps its state.

mod clock;
mod diagnose;
pub mod files;
mod home;

pub use clock::{iso, now};
pub use diagnose::{Class, Diagnose, chain};
pub use home::{Home, HomeError, ProjectHome};
