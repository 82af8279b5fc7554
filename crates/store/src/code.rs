//! Source texts as they were planned, each stored once.

use baton_model::CodeHash;
use sqlx::Row;

use crate::{Store, StoreError};

impl Store {
    /// The source text that was planned under `hash`.
    pub async fn code(&self, hash: &CodeHash) -> Result<Option<String>, StoreError> {
        sqlx::query("select body from code where hash = ?1")
            .bind(hash.as_str())
            .fetch_optional(&self.readers)
            .await
            .and_then(|row| row.map(|row| row.try_get(0)).transpose())
            .map_err(self.sort())
    }
}
