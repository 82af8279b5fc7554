//! Messages to people about runs (spec 7.9): what they say, and how each channel wants them. When somebody is told is
//! decided in `host::notices`.

mod channel;
mod message;
mod sending;

pub(crate) use channel::{channels, delivery};
pub(crate) use message::{facts_of, facts_of_date, of_end};
pub(crate) use sending::{Outgoing, Trouble, next_try};
