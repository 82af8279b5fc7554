//! The schema and its history. Migrations go forward only; all that are missing run in one transaction.

use sqlx::{Connection, Row, SqliteConnection};

use crate::StoreError;
use crate::place::Place;

/// Every migration, numbered from 1 in this order. A released one is never edited.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_runs.sql"),
    include_str!("../migrations/0002_secrets.sql"),
    include_str!("../migrations/0003_dynamic.sql"),
    include_str!("../migrations/0004_service.sql"),
    include_str!("../migrations/0005_leases.sql"),
    include_str!("../migrations/0006_notices.sql"),
    include_str!("../migrations/0007_usage.sql"),
    include_str!("../migrations/0008_shared.sql"),
    include_str!("../migrations/0009_attempts.sql"),
    include_str!("../migrations/0010_catalogue.sql"),
    include_str!("../migrations/0011_commands.sql"),
];

/// Runs what is missing. Two processes that open a new database together agree through its lock.
pub(crate) async fn migrate(
    connection: &mut SqliteConnection,
    place: &Place,
    migrations: &'static [&'static str],
) -> Result<(), StoreError> {
    let sort = |source| StoreError::sort(place, source);
    let known = migrations.len() as i64;
    let found = version(connection).await.map_err(sort)?;
    if found == known {
        return Ok(());
    }
    if found > known {
        return Err(StoreError::Newer {
            path: place.path.clone(),
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
        let place = Place {
            path: path.clone(),
            is_server: false,
        };
        let options = SqliteConnectOptions::new().filename(&path);
        let mut connection = options.create_if_missing(true).connect().await.unwrap();
        migrate(&mut connection, &place, FIRST).await.unwrap();
        assert_eq!(version(&mut connection).await.unwrap(), 1);

        let failed = migrate(&mut connection, &place, BROKEN).await;
        assert!(failed.is_err());
        assert_eq!(version(&mut connection).await.unwrap(), 1);
        assert_eq!(tables(&mut connection).await, "a,meta");

        for _ in 0..2 {
            migrate(&mut connection, &place, SECOND).await.unwrap();
            assert_eq!(version(&mut connection).await.unwrap(), 2);
            assert_eq!(tables(&mut connection).await, "a,b,meta");
        }
        let rows = sqlx::query("select * from a")
            .fetch_all(&mut connection)
            .await;
        assert_eq!(rows.unwrap().len(), 1, "each migration ran once");

        let refused = migrate(&mut connection, &place, FIRST).await.unwrap_err();
        assert!(matches!(
            refused,
            StoreError::Newer {
                found: 2,
                known: 1,
                ..
            }
        ));
    }

    #[tokio::test]
    async fn older_runs_get_what_their_plans_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let place = Place {
            path: path.clone(),
            is_server: false,
        };
        let options = SqliteConnectOptions::new().filename(&path);
        let mut connection = options.create_if_missing(true).connect().await.unwrap();
        let (before, _) = MIGRATIONS.split_at(3);
        migrate(&mut connection, &place, before).await.unwrap();
        let plans = [
            r#"{"execution_date": 5, "triggered": false, "trigger": null}"#,
            r#"{"execution_date": 6, "triggered": true, "trigger": "daily", "occasion": {"cause": "again",
                "trigger": 7, "backfill": 8, "parent": 1, "repeats": 2}}"#,
        ];
        for (id, plan) in (1..).zip(plans) {
            sqlx::query(
                "insert into run (id, pipeline, status, version, cancel_requested, last_fence, created_at)
                 values (?1, 'demo', 'failed', 3, 0, 0, 0)",
            )
            .bind(id)
            .execute(&mut connection)
            .await
            .unwrap();
            sqlx::query("insert into plan values (?1, ?2)")
                .bind(id)
                .bind(plan)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        sqlx::raw_sql(
            "insert into block_run (run, block, child, position, status, attempt, fence) values
                 (2, 'a', -1, 0, 'completed', 1, 1), (2, 'b', -1, 1, 'failed', 1, 1),
                 (2, 'c', -1, 2, 'upstream_failed', 0, 0)",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        migrate(&mut connection, &place, MIGRATIONS).await.unwrap();
        let rows = sqlx::query(
            "select json_array(trigger_id, trigger_name, triggered, cause, execution_date, backfill_id, parent_id,
                 repeats, blocks, completed, failed, note, passed_sla, owner, priority)
             from run order by id",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let found: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        let expected = [
            r#"[null,null,0,"hand",5,null,null,null,0,0,0,null,0,null,0]"#,
            r#"[7,"daily",1,"again",6,8,1,2,3,1,1,null,0,null,0]"#,
        ];
        assert_eq!(found, expected);
    }
}
