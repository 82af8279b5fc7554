//! Source texts as they were planned, each stored once.

use baton_model::CodeHash;

use crate::sql::values;
use crate::{Store, StoreError};

impl Store {
    /// The source text that was planned under `hash`.
    pub async fn code(&self, hash: &CodeHash) -> Result<Option<String>, StoreError> {
        let sql = "select body from code where hash = $1";
        let found = self
            .database
            .fetch_first(sql, values![hash.as_str()])
            .await?;
        found.map(|row| row.text("body")).transpose()
    }
}
