//! Source texts as they were planned, each stored once.

use std::collections::{HashMap, VecDeque};

use baton_model::CodeHash;

use crate::sql::values;
use crate::{Store, StoreError};

/// Most bytes of texts that are kept at hand.
const AT_HAND: usize = 8 << 20;

/// What a text costs beside its bytes, about.
const OVERHEAD: usize = 128;

/// Texts that were stored or read last. A text never changes, since its hash names it; and each attempt needs one.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    by_hash: HashMap<CodeHash, String>,
    /// The oldest first.
    order: VecDeque<CodeHash>,
    bytes: usize,
}

fn size(hash: &CodeHash, text: &str) -> usize {
    2 * hash.as_str().len() + text.len() + OVERHEAD
}

impl Texts {
    fn keep(&mut self, hash: CodeHash, text: String) {
        let size_of_new = size(&hash, &text);
        if size_of_new > AT_HAND || self.by_hash.contains_key(&hash) {
            return;
        }
        self.bytes += size_of_new;
        self.order.push_back(hash.clone());
        self.by_hash.insert(hash, text);
        while self.bytes > AT_HAND
            && let Some(oldest) = self.order.pop_front()
            && let Some(text) = self.by_hash.remove(&oldest)
        {
            self.bytes -= size(&oldest, &text);
        }
    }
}

impl Store {
    /// The source text that was planned under `hash`.
    pub async fn code(&self, hash: &CodeHash) -> Result<Option<String>, StoreError> {
        if let Some(text) = self.lock_texts().by_hash.get(hash) {
            return Ok(Some(text.clone()));
        }
        let sql = "select body from code where hash = $1";
        let found = self
            .database
            .fetch_first(sql, values![hash.as_str()])
            .await?;
        let text = found.map(|row| row.text("body")).transpose()?;
        if let Some(text) = &text {
            self.lock_texts().keep(hash.clone(), text.clone());
        }
        Ok(text)
    }

    /// Keeps texts that are stored at hand.
    pub(crate) fn keep_texts(&self, texts: impl Iterator<Item = (CodeHash, String)>) {
        let mut kept = self.lock_texts();
        for (hash, text) in texts {
            kept.keep(hash, text);
        }
    }

    fn lock_texts(&self) -> std::sync::MutexGuard<'_, Texts> {
        // A text is whole or not there.
        self.texts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_texts_go_when_there_are_too_many() {
        let mut texts = Texts::default();
        let hash = |number: usize| CodeHash::new(format!("{number:04}"));
        let text = "x".repeat(1 << 20);
        for number in 0..20 {
            texts.keep(hash(number), text.clone());
            texts.keep(hash(number), text.clone());
        }
        assert!(texts.bytes <= AT_HAND);
        assert_eq!(texts.by_hash.len(), 7);
        assert_eq!(texts.order.len(), 7);
        assert!(texts.by_hash.contains_key(&hash(19)) && !texts.by_hash.contains_key(&hash(12)));
        // One that has no room does not drive the others out.
        texts.keep(hash(30), "x".repeat(AT_HAND));
        assert_eq!(texts.by_hash.len(), 7);
    }
}
