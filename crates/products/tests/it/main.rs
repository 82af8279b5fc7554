//! Data products from the outside: what a worker would stage, and what a reader gets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::from_iter_instead_of_collect,
    reason = "a test that cannot go on fails, a measurement is printed, an array names its type first"
)]

mod chart;
mod fixture;
mod formats;
mod integrity;
mod paging;
mod round_trip;
mod speed;
mod staging;
mod view;
