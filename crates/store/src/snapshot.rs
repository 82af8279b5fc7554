//! A copy of the database as it is at one moment, while others go on writing.

use std::path::Path;

use crate::sql::Connections;
use crate::{Store, StoreError};

impl Store {
    /// Writes the database, as it is at this moment, into the new file `to`. Nobody waits for it. Of a server's database no
    /// copy is made: it has tools for that.
    pub async fn snapshot(&self, to: &Path) -> Result<(), StoreError> {
        let Connections::Sqlite { readers, .. } = &self.database.connections else {
            return Err(StoreError::Remote {
                path: self.path().to_owned(),
            });
        };
        // One read transaction: what is committed meanwhile is not in it.
        sqlx::query("vacuum into $1")
            .bind(to.to_string_lossy().into_owned())
            .execute(readers)
            .await
            .map_err(self.database.sort())?;
        Ok(())
    }
}
