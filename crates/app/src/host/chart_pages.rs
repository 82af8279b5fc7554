//! Pages that the code of charts has rendered, kept for the frames that show them: a frame loads its page from an address,
//! and the code is not run once more for that. They are in the memory of the process that has drawn them, and nowhere else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::Host;
use super::code_charts::Picture;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// Most pages that are kept, and most bytes of all of them; the oldest go first.
const MOST: usize = 32;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The newest pages, the oldest of them first.
#[derive(Debug, Default)]
pub(super) struct ChartPages(Mutex<VecDeque<(String, Arc<str>)>>);

impl ChartPages {
    /// Keeps a page under the name that its content gives it: what is drawn once more in the same way is the same page.
    fn keep(&self, page: &str, most_bytes: usize) -> String {
        let name = blake3::hash(page.as_bytes()).to_hex().to_string();
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|(kept, _)| *kept != name);
        pages.push_back((name.clone(), page.into()));
        let mut bytes: usize = pages.iter().map(|(_, page)| page.len()).sum();
        while pages.len() > MOST || bytes > most_bytes && pages.len() > 1 {
            bytes -= pages.pop_front().map_or(0, |(_, page)| page.len());
        }
        name
    }

    fn find(&self, name: &str) -> Option<Arc<str>> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = pages.iter().filter(|(kept, _)| kept == name);
        found.next().map(|(_, page)| Arc::clone(page))
    }
}

impl Host {
    /// Keeps what the code of a chart has rendered, if it is a page; gives the name under which it is found.
    pub(super) fn keep_chart_page(&self, picture: &Picture) -> Option<String> {
        let is_page = matches!(picture.kind.as_str(), "html" | "iframe");
        is_page.then(|| self.chart_pages.keep(&picture.data, MOST_BYTES))
    }

    /// A page that the code of a chart has rendered; none when newer ones have taken its place.
    pub fn chart_page(&self, actor: &Actor, name: &str) -> Result<Option<Arc<str>>, Failure> {
        actor.may(Right::Read)?;
        Ok(self.chart_pages.find(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_pages_are_kept() {
        let pages = ChartPages::default();
        let keep = |page: &str| pages.keep(page, 100);
        let first = keep("first");
        assert_eq!(pages.find(&first).as_deref(), Some("first"));
        assert_eq!(pages.find("else"), None);
        // Drawn once more, it is a new one under its old name.
        let second = keep("second");
        assert_eq!(keep("first"), first);
        for number in 0..MOST - 1 {
            keep(&number.to_string());
        }
        assert!(pages.find(&first).is_some());
        assert!(pages.find(&second).is_none());
        // Too many bytes: all others go, and the newest stays however large it is.
        let large = keep(&"x".repeat(200));
        assert!(pages.find(&large).is_some());
        assert!(pages.find(&first).is_none());
        let small = keep("small");
        assert!(pages.find(&large).is_none());
        assert!(pages.find(&small).is_some());
    }
}
