//! The schema and its history. Migrations go forward only; all that are missing run in one transaction.

use std::path::Path;

use sqlx::{Connection, Row, SqliteConnection};

use crate::StoreError;

/// Every migration, numbered from 1 in this order. A released one is never edited.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_runs.sql"),
    include_str!("../migrations/0002_secrets.sql"),
    include_str!("../migrations/0003_dynamic.sql"),
];

/// Runs what is missing. Two processes that open a new database together agree through its lock.
pub(crate) async fn migrate(
    connection: &mut SqliteConnection,
    path: &Path,
    migrations: &'static [&'static str],
) -> Result<(), StoreError> {
    let sort = |source| StoreError::sort(path, source);
    let known = migrations.len() as i64;
    let found = version(connection).await.map_err(sort)?;
    if found == known {
        return Ok(());
    }
    if found > known {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    let mut transaction = connection
        .begin_with("begin immediate")
        .await
        .map_err(sort)?;
    // Another process may have been faster.
    let found = version(&mut transaction).await.map_err(sort)?;
    if found == 0 {
        sqlx::raw_sql(
            "create table meta (key text primary key, value any not null) strict, without rowid",
        )
        .execute(&mut *transaction)
        .await
        .map_err(sort)?;
    }
    for migration in migrations.iter().skip(usize::try_from(found).unwrap_or(0)) {
        sqlx::raw_sql(*migration)
            .execute(&mut *transaction)
            .await
            .map_err(sort)?;
    }
    sqlx::query("insert or replace into meta (key, value) values ('schema_version', ?1)")
        .bind(known.max(found))
        .execute(&mut *transaction)
        .await
        .map_err(sort)?;
    transaction.commit().await.map_err(sort)
}

/// Version of the schema; 0 for an empty database.
pub(crate) async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let made = sqlx::query("select 1 from sqlite_schema where name = 'meta'")
        .fetch_optional(&mut *connection)
        .await?;
    if made.is_none() {
        return Ok(0);
    }
    sqlx::query("select value from meta where key = 'schema_version'")
        .fetch_one(connection)
        .await?
        .try_get(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::ConnectOptions;
    use sqlx::sqlite::SqliteConnectOptions;

    const FIRST: &[&str] = &["create table a (x integer)"];
    const SECOND: &[&str] = &[FIRST[0], "insert into a values (1); create table b (y)"];
    const BROKEN: &[&str] = &[
        FIRST[0],
        SECOND[1],
        "create table c (z); create table a (x)",
    ];

    async fn tables(connection: &mut SqliteConnection) -> String {
        sqlx::query(
            "select group_concat(name order by name) from sqlite_schema where type = 'table'",
        )
        .fetch_one(connection)
        .await
        .unwrap()
        .get(0)
    }

    #[tokio::test]
    async fn goes_forward_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let options = SqliteConnectOptions::new().filename(&path);
        let mut connection = options.create_if_missing(true).connect().await.unwrap();
        migrate(&mut connection, &path, FIRST).await.unwrap();
        assert_eq!(version(&mut connection).await.unwrap(), 1);

        let failed = migrate(&mut connection, &path, BROKEN).await;
        assert!(failed.is_err());
        assert_eq!(version(&mut connection).await.unwrap(), 1);
        assert_eq!(tables(&mut connection).await, "a,meta");

        for _ in 0..2 {
            migrate(&mut connection, &path, SECOND).await.unwrap();
            assert_eq!(version(&mut connection).await.unwrap(), 2);
            assert_eq!(tables(&mut connection).await, "a,b,meta");
        }
        let rows = sqlx::query("select * from a")
            .fetch_all(&mut connection)
            .await;
        assert_eq!(rows.unwrap().len(), 1, "each migration ran once");

        let refused = migrate(&mut connection, &path, FIRST).await.unwrap_err();
        assert!(matches!(
            refused,
            StoreError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ));
    }
}
