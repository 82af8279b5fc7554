//! Who is to be told of what: ends of runs that nobody has looked at yet, and messages on their way.

use baton_model::{Cause, Map, PipelineUuid, RunId, RunStatus, Timestamp};
use serde::Serialize;

use crate::rows;
use crate::sql::{Changing, Row, values};
use crate::{Store, StoreError};

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The run.
    pub run: RunId,
    /// Its version then: a run that goes on and ends again has another one.
    pub version: u64,
    /// Its pipeline.
    pub pipeline: PipelineUuid,
    /// How it ended.
    pub status: RunStatus,
    /// Why it existed.
    pub cause: Cause,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeStatus {
    /// It is still to be delivered.
    Due,
    /// It was delivered.
    Sent,
    /// It was given up.
    Failed,
}

impl NoticeStatus {
    const KNOWN: [Self; 3] = [Self::Due, Self::Sent, Self::Failed];

    /// The word used in output and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    fn named(word: &str) -> Self {
        let mut known = Self::KNOWN.into_iter();
        known
            .find(|status| status.name() == word)
            .unwrap_or(Self::Due)
    }
}

/// A message that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewNotice {
    /// What happened. The same subject is told once to a channel, however often it is wanted.
    pub subject: String,
    /// The run that it is about.
    pub run: Option<RunId>,
    /// The pipeline that it is about.
    pub pipeline: PipelineUuid,
    /// What kind of message it is, in the word of `alert_on`.
    pub alert: String,
    /// Where it goes: the channel's name, never its address.
    pub channel: String,
    /// What it is made of.
    pub facts: Map,
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its number.
    pub id: i64,
    /// What was wanted.
    pub wanted: NewNotice,
    /// Where it stands.
    pub status: NoticeStatus,
    /// How often its delivery was begun.
    pub tries: u32,
    /// When it is tried next, as long as it is due.
    pub next_at: Timestamp,
    /// Why the newest try failed.
    pub error: Option<String>,
    /// When it was wanted.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub ended_at: Option<Timestamp>,
}

/// A row of `notice` that is to be made.
#[derive(Serialize)]
struct NoticeRow<'a> {
    subject: &'a str,
    run: Option<i64>,
    pipeline: &'a str,
    alert: &'a str,
    channel: &'a str,
    facts: String,
}

impl Store {
    /// Ends of runs that nobody has looked at, the oldest run first.
    pub async fn untold_ends(&self, limit: u32) -> Result<Vec<End>, StoreError> {
        let sql = "select id, version, pipeline, status, cause from run
             where told = 0 and ended_at is not null order by id limit $1";
        let found = self.database.fetch(sql, values![limit]).await?;
        let end = |row: &Row| {
            Ok(End {
                run: row.run("id")?,
                version: row.integer("version")? as u64,
                pipeline: PipelineUuid::new(row.text("pipeline")?),
                status: row.word("the status of a run", "status")?,
                cause: row.word("the cause of a run", "cause")?,
            })
        };
        found.iter().map(end).collect()
    }

    /// Stores the messages that follow from these ends and notes that they were looked at, in one transaction.
    pub async fn tell_of_ends(
        &self,
        ends: &[End],
        notices: &[NewNotice],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let numbers: Vec<(i64, u64)> = ends.iter().map(|end| (end.run.0, end.version)).collect();
        let numbers = rows::to_rows(&self.database.place, "ends of runs", &numbers)?;
        let mut transaction = self.database.begin().await?;
        self.insert_notices(&mut transaction, notices, at).await?;
        // One that has gone on meanwhile is looked at when it ends again.
        let sql = "update run set told = 1 where (id, version) in (
                 select cast(value ->> 0 as bigint), cast(value ->> 1 as bigint) from json_each($1))";
        transaction.change(sql, values![numbers]).await?;
        transaction.commit().await
    }

    /// Marks a run that has broken a promise about time, and stores who is to be told, in one transaction.
    pub async fn tell_of_delay(
        &self,
        run: RunId,
        notices: &[NewNotice],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        self.insert_notices(&mut transaction, notices, at).await?;
        let sql = "update run set passed_sla = 1 where id = $1";
        transaction.change(sql, values![run]).await?;
        transaction.commit().await
    }

    /// Stores messages. One whose subject was told to its channel already changes nothing.
    pub async fn put_notices(
        &self,
        notices: &[NewNotice],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.database.begin().await?;
        self.insert_notices(&mut transaction, notices, at).await?;
        transaction.commit().await
    }

    async fn insert_notices(
        &self,
        transaction: &mut Changing,
        notices: &[NewNotice],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if notices.is_empty() {
            return Ok(());
        }
        let place = &self.database.place;
        let mut made = Vec::with_capacity(notices.len());
        for notice in notices {
            made.push(NoticeRow {
                subject: &notice.subject,
                run: notice.run.map(|run| run.0),
                pipeline: notice.pipeline.as_str(),
                alert: &notice.alert,
                channel: &notice.channel,
                facts: rows::to_json(place, "facts of a message", &notice.facts)?,
            });
        }
        let made = rows::to_rows(place, "messages", &made)?;
        // The run may have been deleted meanwhile, by hand: then nobody is told of it.
        let sql = "insert into notice (subject, run, pipeline, alert, channel, facts, status, next_at, created_at)
             select value ->> 'subject', cast(value ->> 'run' as bigint), value ->> 'pipeline', value ->> 'alert',
                 value ->> 'channel', value ->> 'facts', 'due', $2, $2
             from json_each($1)
             where value ->> 'run' is null
                 or exists (select 1 from run where run.id = cast(value ->> 'run' as bigint))
             on conflict (subject, alert, channel) do nothing";
        transaction.change(sql, values![made, at]).await?;
        Ok(())
    }

    /// Takes messages that are due, the oldest first. Until `until` nobody else gets them: by then, whoever took them
    /// has said what came of it, or is dead.
    pub async fn take_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        let mut transaction = self.database.begin().await?;
        let sql = "update notice set next_at = $2, tries = tries + 1
             where status = 'due' and next_at <= $1 and id in (
                 select id from notice where status = 'due' and next_at <= $1 order by next_at, id limit $3)
             returning *";
        let found = transaction.fetch(sql, values![now, until, limit]).await?;
        let mut taken: Vec<Notice> = found.iter().map(notice).collect::<Result<_, _>>()?;
        transaction.commit().await?;
        taken.sort_by_key(|notice| notice.id);
        Ok(taken)
    }

    /// Notes that a message was delivered.
    pub async fn notice_sent(&self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        let sql = "update notice set status = 'sent', error = null, ended_at = $2 where id = $1";
        self.database.change(sql, values![id, at]).await.map(drop)
    }

    /// Notes why a message could not be delivered, and when it is tried again; without a moment it is given up.
    pub async fn notice_failed(
        &self,
        id: i64,
        error: &str,
        again: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "update notice set error = $2, next_at = coalesce($3, next_at),
                 status = case when $3 is null then 'failed' else 'due' end,
                 ended_at = case when $3 is null then $4 end
             where id = $1 and status = 'due'";
        let values = values![id, error, again, at];
        self.database.change(sql, values).await.map(drop)
    }

    /// When the next message is due.
    pub async fn next_notice(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "select min(next_at) as next_at from notice where status = 'due'";
        let found = self.database.fetch_first(sql, values![]).await?;
        match found {
            Some(row) => row.some_moment("next_at"),
            None => Ok(None),
        }
    }

    /// The messages about a run, in the order in which they were wanted; without a run those of the project, the newest
    /// first.
    pub async fn notices(&self, run: Option<RunId>, limit: u32) -> Result<Vec<Notice>, StoreError> {
        let found = if let Some(run) = run {
            let sql = "select * from notice where run = $1 order by id limit $2";
            self.database.fetch(sql, values![run, limit]).await?
        } else {
            let sql = "select * from notice order by id desc limit $1";
            self.database.fetch(sql, values![limit]).await?
        };
        found.iter().map(notice).collect()
    }

    /// How many messages stand where.
    pub async fn notice_counts(&self) -> Result<Vec<(NoticeStatus, u64)>, StoreError> {
        let sql = "select status, count(*) as count from notice group by status";
        let found = self.database.fetch(sql, values![]).await?;
        let mut counts = NoticeStatus::KNOWN.map(|status| (status, 0));
        for row in &found {
            let status = NoticeStatus::named(&row.text("status")?);
            for (known, count) in &mut counts {
                if *known == status {
                    *count = row.integer("count")? as u64;
                }
            }
        }
        Ok(counts.to_vec())
    }
}

fn notice(row: &Row) -> Result<Notice, StoreError> {
    Ok(Notice {
        id: row.integer("id")?,
        wanted: NewNotice {
            subject: row.text("subject")?,
            run: row.some_integer("run")?.map(RunId),
            pipeline: PipelineUuid::new(row.text("pipeline")?),
            alert: row.text("alert")?,
            channel: row.text("channel")?,
            facts: row.json("facts of a message", "facts")?,
        },
        status: NoticeStatus::named(&row.text("status")?),
        tries: row.count("tries")?,
        next_at: row.moment("next_at")?,
        error: row.some_text("error")?,
        created_at: row.moment("created_at")?,
        ended_at: row.some_moment("ended_at")?,
    })
}
