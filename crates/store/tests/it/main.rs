//! Tests of the metadata database: one suite for every back end, and what is special about SQLite.

mod conformance;
mod crash;
mod facts;
mod speed;
mod sqlite;
