//! Tests of the engine as its users see it: plans, transcripts of runs, properties, the reference page.

mod planning;
mod properties;
mod simulate;
mod states;
mod transcripts;
