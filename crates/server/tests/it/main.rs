//! The server without a socket: a project in a temporary folder, a real database, requests as clients make them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails the test"
)]

mod backfills;
mod live;
mod logs;
mod pages;
mod routes;
mod served;
mod why;
