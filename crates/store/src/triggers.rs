//! Triggers and backfills, stored whole; their columns are what is searched.

use baton_model::{Backfill, BackfillId, PipelineUuid, Trigger, TriggerId};

use crate::hints::Hint;
use crate::rows;
use crate::sql::{Changing, Row, values};
use crate::{Store, StoreError};

impl Store {
    /// Every trigger, by pipeline and number.
    pub async fn triggers(&self) -> Result<Vec<Trigger>, StoreError> {
        let sql = "select id, body from trigger order by pipeline, id";
        let found = self.database.fetch(sql, values![]).await?;
        found.iter().map(trigger).collect()
    }

    /// The trigger of this number.
    pub async fn trigger(&self, id: TriggerId) -> Result<Option<Trigger>, StoreError> {
        let sql = "select id, body from trigger where id = $1";
        let found = self.database.fetch_first(sql, values![id]).await?;
        found.as_ref().map(trigger).transpose()
    }

    /// The triggers of these numbers; those that are gone are left out.
    pub async fn triggers_of(&self, ids: &[TriggerId]) -> Result<Vec<Trigger>, StoreError> {
        let ids: Vec<[TriggerId; 1]> = ids.iter().map(|id| [*id]).collect();
        let ids = rows::to_rows(&self.database.place, "numbers of triggers", &ids)?;
        let sql = "select id, body from trigger where id in (
                 select cast(value ->> 0 as bigint) from json_each($1)
             ) order by id";
        let found = self.database.fetch(sql, values![ids]).await?;
        found.iter().map(trigger).collect()
    }

    /// The trigger of this name.
    pub async fn trigger_named(
        &self,
        pipeline: &PipelineUuid,
        name: &str,
    ) -> Result<Option<Trigger>, StoreError> {
        let sql = "select id, body from trigger where pipeline = $1 and name = $2";
        let found = self
            .database
            .fetch_first(sql, values![pipeline, name])
            .await?;
        found.as_ref().map(trigger).transpose()
    }

    /// Stores a trigger. Number 0 asks for a new one; another number replaces what is stored under it. Gives the
    /// trigger as it is stored. Refused with [`StoreError::Exists`] when its pipeline has another one of the name.
    pub async fn put_trigger(&self, trigger: Trigger) -> Result<Trigger, StoreError> {
        let mut transaction = self.database.begin().await?;
        let stored = self.put_trigger_on(&mut transaction, trigger).await?;
        transaction.commit().await?;
        Ok(stored)
    }

    /// Stores triggers as [`Store::put_trigger`] does, all of them or none.
    pub async fn put_triggers(&self, triggers: Vec<Trigger>) -> Result<Vec<Trigger>, StoreError> {
        let mut transaction = self.database.begin().await?;
        let mut stored = Vec::with_capacity(triggers.len());
        for trigger in triggers {
            stored.push(self.put_trigger_on(&mut transaction, trigger).await?);
        }
        transaction.commit().await?;
        Ok(stored)
    }

    async fn put_trigger_on(
        &self,
        transaction: &mut Changing,
        mut trigger: Trigger,
    ) -> Result<Trigger, StoreError> {
        let body = rows::to_json(&self.database.place, "a trigger", &trigger)?;
        let mut values = values![&trigger.pipeline, trigger.name.as_str(), body];
        let sql = if trigger.id.0 == 0 {
            "insert into trigger (pipeline, name, body) values ($1, $2, $3) returning id"
        } else {
            values.push(trigger.id.into());
            "insert into trigger (pipeline, name, body, id) values ($1, $2, $3, $4)
             on conflict (id) do update set pipeline = excluded.pipeline, name = excluded.name, body = excluded.body
             returning id"
        };
        let exists = || format!("the trigger `{}` of `{}`", trigger.name, trigger.pipeline);
        let found = transaction.fetch(sql, values).await;
        let found = found.map_err(|error| error.or_exists(exists))?;
        if let Some(row) = found.first() {
            trigger.id = TriggerId(row.integer("id")?);
        }
        transaction.hint(Hint::Trigger(trigger.id)).await?;
        Ok(trigger)
    }

    /// Gives a pipeline another name: its triggers, backfills and runs follow. Plans of runs keep the old one, since they
    /// say what was run.
    pub async fn rename_pipeline(
        &self,
        from: &PipelineUuid,
        to: &PipelineUuid,
    ) -> Result<(), StoreError> {
        let triggers = self.triggers().await?;
        let backfills = self.backfills(Some(from)).await?;
        let mut transaction = self.database.begin().await?;
        for mut trigger in triggers {
            if &trigger.pipeline == from {
                trigger.pipeline = to.clone();
                self.put_trigger_on(&mut transaction, trigger).await?;
            }
        }
        for mut backfill in backfills {
            backfill.pipeline = to.clone();
            let body = rows::to_json(&self.database.place, "a backfill", &backfill)?;
            let sql = "update backfill set pipeline = $2, body = $3 where id = $1";
            let values = values![backfill.id, to, body];
            transaction.change(sql, values).await?;
        }
        let sql = "update run set pipeline = $2 where pipeline = $1";
        transaction.change(sql, values![from, to]).await?;
        transaction.commit().await
    }

    /// Deletes a trigger with its calls. Its runs stay and keep its name. Gives whether there was one.
    pub async fn delete_trigger(&self, id: TriggerId) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin().await?;
        let sql = "update run set trigger_id = null where trigger_id = $1";
        transaction.change(sql, values![id]).await?;
        let sql = "delete from trigger where id = $1";
        let deleted = transaction.change(sql, values![id]).await?;
        transaction.hint(Hint::Trigger(id)).await?;
        transaction.commit().await?;
        Ok(deleted > 0)
    }

    /// Backfills, of one pipeline or of all, the newest first.
    pub async fn backfills(
        &self,
        pipeline: Option<&PipelineUuid>,
    ) -> Result<Vec<Backfill>, StoreError> {
        let sql =
            "select id, body from backfill where $1 is null or pipeline = $1 order by id desc";
        let pipeline = pipeline.map(PipelineUuid::as_str);
        let found = self.database.fetch(sql, values![pipeline]).await?;
        found.iter().map(backfill).collect()
    }

    /// The backfill of this number.
    pub async fn backfill(&self, id: BackfillId) -> Result<Option<Backfill>, StoreError> {
        let sql = "select id, body from backfill where id = $1";
        let found = self.database.fetch_first(sql, values![id]).await?;
        found.as_ref().map(backfill).transpose()
    }

    /// Stores a backfill. Number 0 asks for a new one; another number replaces what is stored under it. Gives the
    /// backfill as it is stored.
    pub async fn put_backfill(&self, mut backfill: Backfill) -> Result<Backfill, StoreError> {
        let body = rows::to_json(&self.database.place, "a backfill", &backfill)?;
        let mut values = values![&backfill.pipeline, body];
        let sql = if backfill.id.0 == 0 {
            "insert into backfill (pipeline, body) values ($1, $2) returning id"
        } else {
            values.push(backfill.id.into());
            "insert into backfill (pipeline, body, id) values ($1, $2, $3)
             on conflict (id) do update set pipeline = excluded.pipeline, body = excluded.body returning id"
        };
        let mut transaction = self.database.begin().await?;
        let found = transaction.fetch(sql, values).await?;
        if let Some(row) = found.first() {
            backfill.id = BackfillId(row.integer("id")?);
        }
        transaction.commit().await?;
        Ok(backfill)
    }

    /// Deletes a backfill. Its runs stay. Gives whether there was one.
    pub async fn delete_backfill(&self, id: BackfillId) -> Result<bool, StoreError> {
        let mut transaction = self.database.begin().await?;
        let sql = "update run set backfill_id = null where backfill_id = $1";
        transaction.change(sql, values![id]).await?;
        let sql = "delete from backfill where id = $1";
        let deleted = transaction.change(sql, values![id]).await?;
        transaction.commit().await?;
        Ok(deleted > 0)
    }
}

fn trigger(row: &Row) -> Result<Trigger, StoreError> {
    let mut trigger: Trigger = row.json("a trigger", "body")?;
    trigger.id = TriggerId(row.integer("id")?);
    Ok(trigger)
}

fn backfill(row: &Row) -> Result<Backfill, StoreError> {
    let mut backfill: Backfill = row.json("a backfill", "body")?;
    backfill.id = BackfillId(row.integer("id")?);
    Ok(backfill)
}
