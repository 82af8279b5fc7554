//! What a project is made of, through the API: a project in a temporary folder, no socket, no Python.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod blocks;
mod charts;
#[path = "../described/mod.rs"]
mod described;
mod files;
mod pipelines;
mod rest;
mod scene;
mod transfer;
mod triggers;
mod unknown;
mod versions;
