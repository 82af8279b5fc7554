//! What callers asked of triggers, and why triggers started nothing. Both lists are bounded.

use baton_model::{RunId, Timestamp, TriggerId};

use crate::rows;
use crate::sql::{Changing, values};
use crate::{Store, StoreError};

/// Calls that are kept of a trigger.
pub const KEPT_CALLS: u32 = 1000;

/// Reasons that are kept of a trigger.
pub const KEPT_NON_EVENTS: u32 = 50;

/// A call of a trigger from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerCall {
    /// The trigger.
    pub trigger: TriggerId,
    /// When it came.
    pub at: Timestamp,
    /// What makes it the same call as another one.
    pub key: Option<String>,
    /// How it was answered, in a word.
    pub status: String,
    /// The run that it started, or that an earlier call of its key had started.
    pub run: Option<RunId>,
    /// Why, for people.
    pub note: Option<String>,
}

/// A moment at which a trigger could have started a run and did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonEvent {
    /// The trigger.
    pub trigger: TriggerId,
    /// When it was looked at.
    pub at: Timestamp,
    /// The logical date of the run that was not made.
    pub date: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

impl Store {
    /// Records a call of a trigger. Of each trigger the newest [`KEPT_CALLS`] are kept.
    pub async fn record_call(&self, call: &TriggerCall) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        // Nothing is recorded of a trigger that has been deleted meanwhile.
        let sql = "insert into trigger_call (trigger_id, at, key, status, run, note)
             select id, $2, $3, $4, $5, $6 from trigger where id = $1";
        let values = values![
            call.trigger,
            call.at,
            call.key.as_deref(),
            call.status.as_str(),
            call.run,
            call.note.as_deref(),
        ];
        transaction.change(sql, values).await?;
        let sql = "delete from trigger_call where trigger_id = $1 and id <= (
                 select id from trigger_call where trigger_id = $1 order by id desc limit 1 offset $2)";
        let values = values![call.trigger, KEPT_CALLS];
        transaction.change(sql, values).await?;
        transaction.commit().await
    }

    /// Calls of a trigger, the newest first.
    pub async fn calls(
        &self,
        trigger: TriggerId,
        limit: u32,
    ) -> Result<Vec<TriggerCall>, StoreError> {
        let sql = "select at, key, status, run, note from trigger_call
             where trigger_id = $1 order by id desc limit $2";
        let found = self.database.fetch(sql, values![trigger, limit]).await?;
        let call = |row: &crate::sql::Row| {
            Ok(TriggerCall {
                trigger,
                at: row.moment("at")?,
                key: row.some_text("key")?,
                status: row.text("status")?,
                run: row.some_integer("run")?.map(RunId),
                note: row.some_text("note")?,
            })
        };
        found.iter().map(call).collect()
    }

    /// The run that a call with this key since then has made; see [`crate::CallKey`].
    pub async fn call_with_key(
        &self,
        trigger: TriggerId,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<RunId>, StoreError> {
        let sql = "select run from call_key where trigger_id = $1 and key = $2 and at >= $3";
        let found = self
            .database
            .fetch_first(sql, values![trigger, key, since])
            .await?;
        found.map(|row| row.run("run")).transpose()
    }

    /// Records why a trigger started nothing; see [`Store::note_non_events`].
    pub async fn note_non_event(&self, event: &NonEvent) -> Result<(), StoreError> {
        self.note_non_events(std::slice::from_ref(event)).await
    }

    /// Records why triggers started nothing, in one transaction. Of each trigger the newest [`KEPT_NON_EVENTS`] are
    /// kept; a reason that is already the newest of its trigger, for the same date, only gets a newer moment.
    pub async fn note_non_events(&self, events: &[NonEvent]) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        for event in events {
            self.note_on(&mut transaction, event).await?;
        }
        let triggers: Vec<[i64; 1]> = events.iter().map(|event| [event.trigger.0]).collect();
        let triggers = rows::to_rows(&self.database.place, "numbers of triggers", &triggers)?;
        let sql = "delete from non_event where id in (
                 select id from (
                     select id, row_number() over (partition by trigger_id order by id desc) as place
                     from non_event where trigger_id in (select cast(value ->> 0 as bigint) from json_each($1))
                 ) as placed where place > $2)";
        let values = values![triggers, KEPT_NON_EVENTS];
        transaction.change(sql, values).await?;
        transaction.commit().await
    }

    async fn note_on(
        &self,
        transaction: &mut Changing,
        event: &NonEvent,
    ) -> Result<(), StoreError> {
        let values = || values![event.trigger, event.at, event.date, event.reason.as_str()];
        let sql = "update non_event set at = $2
             where id = (select max(id) from non_event where trigger_id = $1)
                 and date is not distinct from $3 and reason = $4";
        if transaction.change(sql, values()).await? == 0 {
            let sql = "insert into non_event (trigger_id, at, date, reason)
                 select id, $2, $3, $4 from trigger where id = $1";
            transaction.change(sql, values()).await?;
        }
        Ok(())
    }

    /// Why a trigger started nothing, the newest first.
    pub async fn non_events(
        &self,
        trigger: TriggerId,
        limit: u32,
    ) -> Result<Vec<NonEvent>, StoreError> {
        let sql = "select at, date, reason from non_event
             where trigger_id = $1 order by id desc limit $2";
        let found = self.database.fetch(sql, values![trigger, limit]).await?;
        let event = |row: &crate::sql::Row| {
            Ok(NonEvent {
                trigger,
                at: row.moment("at")?,
                date: row.some_moment("date")?,
                reason: row.text("reason")?,
            })
        };
        found.iter().map(event).collect()
    }
}
