//! Whose runs a database holds: one project's, and nobody else's.

use crate::sql::values;
use crate::{Store, StoreError};

impl Store {
    /// Takes the database for the project in the folder `path`, which may have a `uuid` of its own. Refused when it is
    /// another one's: a project is known by its uuid, or by its folder.
    pub async fn claim_for_project(
        &self,
        uuid: Option<&str>,
        path: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        let sql = "insert into project (id, uuid, path) values (1, $1, $2) on conflict do nothing";
        transaction.change(sql, values![uuid, path]).await?;
        let sql = "select uuid, path from project where id = 1";
        let found = transaction.fetch(sql, values![]).await?;
        if let Some(row) = found.first() {
            let (stored, folder) = (row.some_text("uuid")?, row.text("path")?);
            let is_same_uuid = uuid.is_some() && stored.as_deref() == uuid;
            if folder != path && !is_same_uuid {
                return Err(StoreError::Foreign {
                    path: self.database.place.path.clone(),
                    project: folder,
                });
            }
            if uuid.is_some() && !is_same_uuid {
                let sql = "update project set uuid = $1 where id = 1";
                transaction.change(sql, values![uuid]).await?;
            }
        }
        transaction.commit().await
    }
}
