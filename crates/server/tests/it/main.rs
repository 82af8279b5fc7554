//! The server without a socket: a project in a temporary folder, a real database, requests as clients make them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here fails the test"
)]

mod attempts;
mod backfills;
mod catalogue;
#[path = "../described/mod.rs"]
mod described;
mod forms;
mod http2;
mod live;
mod logs;
mod outlook;
mod pages;
mod paging;
mod routes;
mod run_actions;
mod run_views;
mod served;
mod situations;
mod status;
mod tokens;
mod trigger_files;
mod why;
