//! Edits of a project's YAML that change only their own lines: comments, order, styles and line endings
//! of everything else stay as they are, byte for byte.
//!
//! An edit is made once, on a tree that remembers where each node stands in the text (`change`); what
//! differs between the tree before and after becomes patches of the text (`patch`, `children`, `place`, `emit`); and
//! the result is read again and compared with the changed tree, so that a mistake here ends as
//! [`EditError::WouldCorrupt`] and never as a broken file. Text in, text out: no files are touched.

mod adopt;
mod change;
mod children;
mod emit;
mod error;
mod keys;
mod operation;
mod patch;
mod place;
mod read;
mod scalar;
mod tree;
mod trigger;

pub use error::EditError;
pub use operation::{BlockList, Edit, NewBlock, apply, write};
