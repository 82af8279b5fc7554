//! Runs as lists show them: a page of those that are wanted, and how many there are.

use baton_model::{
    BackfillId, Cause, PipelineUuid, PoolUse, Reserved, RunId, RunStatus, Timestamp, TriggerId,
    Usage,
};
use sqlx::AssertSqlSafe;

use crate::rows;
use crate::sql::{Row, Value, values};
use crate::{Store, StoreError};

/// A run in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Number inside the project.
    pub id: RunId,
    /// The pipeline.
    pub pipeline: PipelineUuid,
    /// Where it stands.
    pub status: RunStatus,
    /// The stored trigger that it belongs to, while that exists.
    pub trigger_id: Option<TriggerId>,
    /// Name of its trigger.
    pub trigger_name: Option<String>,
    /// Why it exists.
    pub cause: Cause,
    /// Its logical date.
    pub execution_date: Timestamp,
    /// The backfill that it belongs to.
    pub backfill_id: Option<BackfillId>,
    /// The run whose block started it.
    pub parent_id: Option<RunId>,
    /// The run that it repeats.
    pub repeats: Option<RunId>,
    /// Why it waits, or was skipped.
    pub note: Option<String>,
    /// Whether it took longer than its trigger allows, and somebody was told.
    pub passed_sla: bool,
    /// The process that drives it, as it calls itself.
    pub owner: Option<String>,
    /// Higher starts first.
    pub priority: i64,
    /// Whether it may start, where several processes share the database.
    pub is_admitted: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its first block started.
    pub started_at: Option<Timestamp>,
    /// When it reached its final status.
    pub ended_at: Option<Timestamp>,
    /// How many block runs it has.
    pub blocks: u32,
    /// How many of them completed.
    pub completed: u32,
    /// How many of them failed, themselves.
    pub failed: u32,
    /// What its blocks used together, once it has ended.
    pub usage: Option<Usage>,
}

/// What a run takes as long as it is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Places in pools.
    pub pools: Vec<PoolUse>,
    /// Processors and memory.
    pub reserved: Reserved,
}

/// Order of a list of runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunOrder {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The latest logical date first, of runs of one date the newest.
    ByDate,
    /// The earliest logical date first, of runs of one date the oldest.
    ByDateUp,
}

/// Which runs are wanted; every condition that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct RunPage {
    /// Of one of these pipelines; empty for all.
    pub pipelines: Vec<PipelineUuid>,
    /// Of one of these triggers; empty for all.
    pub triggers: Vec<TriggerId>,
    /// Of this backfill.
    pub backfill: Option<BackfillId>,
    /// With one of these statuses; empty for all.
    pub statuses: Vec<RunStatus>,
    /// With one of these causes; empty for all.
    pub causes: Vec<Cause>,
    /// With a logical date from this one on.
    pub from: Option<Timestamp>,
    /// With a logical date up to this one.
    pub to: Option<Timestamp>,
    /// With this text in the name of the pipeline or of the trigger, or in the note. It may be the run's number, too.
    pub text: Option<String>,
    /// In which order.
    pub order: RunOrder,
    /// Those that come after this run in the order.
    pub after: Option<RunId>,
    /// So many are left out first.
    pub offset: u32,
    /// So many at most.
    pub limit: u32,
}

/// A page of runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunRows {
    /// The page.
    pub rows: Vec<RunRow>,
    /// How many runs meet the conditions, on all pages.
    pub total: u64,
}

const COLUMNS: &str = "id, pipeline, status, trigger_id, trigger_name, cause, execution_date, backfill_id, parent_id, \
     repeats, note, passed_sla, owner, priority, admitted, created_at, started_at, ended_at, blocks, completed, failed, usage";

/// Conditions on runs with their values.
#[derive(Default)]
struct Conditions {
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds a value and gives its placeholder.
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn one_of<T: Into<Value>>(&mut self, column: &str, wanted: impl IntoIterator<Item = T>) {
        let places: Vec<String> = wanted.into_iter().map(|one| self.bind(one)).collect();
        // One value is compared, so that an index gives the order of the page, too.
        match places.as_slice() {
            [] => {}
            [place] => self.parts.push(format!("{column} = {place}")),
            places => {
                let places = places.join(", ");
                self.parts.push(format!("{column} in ({places})"));
            }
        }
    }

    fn compare(&mut self, column: &str, sign: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let place = self.bind(value);
            self.parts.push(format!("{column} {sign} {place}"));
        }
    }

    fn text(&mut self, wanted: &str) {
        let pattern = wanted.to_lowercase();
        let pattern = pattern.replace('\\', "\\\\").replace('%', "\\%");
        let pattern = pattern.replace('_', "\\_");
        let place = self.bind(format!("%{pattern}%"));
        let like = |column: &str| format!("lower({column}) like {place} escape '\\'");
        let mut parts = [
            "pipeline",
            "coalesce(trigger_name, '')",
            "coalesce(note, '')",
        ]
        .map(like)
        .to_vec();
        if let Ok(id) = wanted.trim().parse::<i64>() {
            let place = self.bind(id);
            parts.push(format!("id = {place}"));
        }
        self.parts.push(format!("({})", parts.join(" or ")));
    }

    fn clause(&self) -> String {
        if self.parts.is_empty() {
            return String::new();
        }
        format!("where {}", self.parts.join(" and "))
    }
}

impl RunPage {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        conditions.one_of("pipeline", &self.pipelines);
        conditions.one_of("trigger_id", self.triggers.iter().copied());
        conditions.compare("backfill_id", "=", self.backfill);
        conditions.one_of("status", self.statuses.iter().copied());
        conditions.one_of("cause", self.causes.iter().copied());
        conditions.compare("execution_date", ">=", self.from);
        conditions.compare("execution_date", "<=", self.to);
        if let Some(text) = &self.text {
            conditions.text(text);
        }
        conditions
    }
}

impl Store {
    /// A page of the runs that are wanted, and how many they are.
    pub async fn page_runs(&self, page: &RunPage) -> Result<RunRows, StoreError> {
        let mut conditions = page.conditions();
        let sql = format!("select count(*) as total from run {}", conditions.clause());
        let total = self
            .database
            .fetch_first(AssertSqlSafe(sql), conditions.values.clone())
            .await?
            .map_or(Ok(0), |row| row.integer("total"))?;

        let order = match page.order {
            RunOrder::Newest => "id desc",
            RunOrder::Oldest => "id",
            RunOrder::ByDate => "execution_date desc, id desc",
            RunOrder::ByDateUp => "execution_date, id",
        };
        match page.order {
            RunOrder::Newest => conditions.compare("id", "<", page.after),
            RunOrder::Oldest => conditions.compare("id", ">", page.after),
            RunOrder::ByDate | RunOrder::ByDateUp => {
                if let Some(after) = page.after {
                    let sign = if page.order == RunOrder::ByDate {
                        '<'
                    } else {
                        '>'
                    };
                    let place = conditions.bind(after);
                    conditions.parts.push(format!(
                        "(execution_date, id) {sign} ((select execution_date from run where id = {place}), {place})"
                    ));
                }
            }
        }
        let clause = conditions.clause();
        let limit = conditions.bind(page.limit);
        let offset = conditions.bind(page.offset);
        // The numbers first: where the order costs sorting, only they are sorted.
        let sql = format!(
            "select {COLUMNS} from run where id in (
                 select id from run {clause} order by {order} limit {limit} offset {offset}
             ) order by {order}"
        );
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), conditions.values)
            .await?;
        Ok(RunRows {
            rows: found.iter().map(run_row).collect::<Result<_, _>>()?,
            total: u64::try_from(total).unwrap_or(0),
        })
    }

    /// A run as lists show it.
    pub async fn run_row(&self, id: RunId) -> Result<Option<RunRow>, StoreError> {
        let sql = format!("select {COLUMNS} from run where id = $1");
        let found = self
            .database
            .fetch_first(AssertSqlSafe(sql), values![id])
            .await?;
        found.as_ref().map(run_row).transpose()
    }

    /// Runs that have not ended, the oldest first.
    pub async fn open_runs(&self) -> Result<Vec<RunRow>, StoreError> {
        let sql =
            format!("select {COLUMNS} from run where status in ('initial', 'running') order by id");
        let found = self.database.fetch(AssertSqlSafe(sql), values![]).await?;
        found.iter().map(run_row).collect()
    }

    /// Runs that have ended and whose consequences have not been drawn, the oldest first, at most so many.
    pub async fn unsettled_runs(&self, limit: u32) -> Result<Vec<RunRow>, StoreError> {
        let sql = format!(
            "select {COLUMNS} from run where settled = 0 and ended_at is not null order by id limit $1"
        );
        let found = self
            .database
            .fetch(AssertSqlSafe(sql), values![limit])
            .await?;
        found.iter().map(run_row).collect()
    }

    /// What open runs take: places in pools, and of the machine. Runs that take nothing are left out.
    pub async fn open_claims(&self) -> Result<Vec<(RunId, Claims)>, StoreError> {
        let sql = "select plan.run, json_extract(plan.body, '$.occasion.pools') as pools,
                 json_extract(plan.body, '$.reserved') as reserved
             from run join plan on plan.run = run.id
             where run.status in ('initial', 'running') and (
                 json_extract(plan.body, '$.occasion.pools') is not null
                 or json_extract(plan.body, '$.reserved') is not null
             ) order by plan.run";
        let found = self.database.fetch(sql, values![]).await?;
        let claims = |row: &Row| {
            let pools: Option<Vec<PoolUse>> = row.some_json("places in pools", "pools")?;
            let reserved: Option<Reserved> = row.some_json("what runs reserve", "reserved")?;
            let claims = Claims {
                pools: pools.unwrap_or_default(),
                reserved: reserved.unwrap_or_default(),
            };
            Ok((row.run("run")?, claims))
        };
        found.iter().map(claims).collect()
    }

    /// Says why a run waits, or was skipped.
    pub async fn set_note(&self, run: RunId, note: Option<&str>) -> Result<(), StoreError> {
        self.set_notes(&[(run, note.map(str::to_owned))]).await
    }

    /// Says of several runs why they wait, in one transaction.
    pub async fn set_notes(&self, notes: &[(RunId, Option<String>)]) -> Result<(), StoreError> {
        let notes = rows::to_rows(&self.database.place, "notes of runs", notes)?;
        let sql = "update run set note = noted.note from (
                 select cast(value ->> 0 as bigint) as run, value ->> 1 as note from json_each($1)
             ) as noted where run.id = noted.run";
        self.database.change(sql, values![notes]).await.map(drop)
    }

    /// Records which process drives a run.
    pub async fn set_owner(&self, run: RunId, owner: Option<&str>) -> Result<(), StoreError> {
        let sql = "update run set owner = $2 where id = $1";
        self.database
            .change(sql, values![run, owner])
            .await
            .map(drop)
    }

    /// Deletes a run that has ended, with its products and events. Gives whether it was there and had ended.
    pub async fn delete_run(&self, run: RunId) -> Result<bool, StoreError> {
        Ok(self.delete_runs(&[run], Timestamp(i64::MAX)).await? > 0)
    }
}

fn run_row(row: &Row) -> Result<RunRow, StoreError> {
    Ok(RunRow {
        id: row.run("id")?,
        pipeline: PipelineUuid::new(row.text("pipeline")?),
        status: row.word("the status of a run", "status")?,
        trigger_id: row.some_integer("trigger_id")?.map(TriggerId),
        trigger_name: row.some_text("trigger_name")?,
        cause: row.word("the cause of a run", "cause")?,
        execution_date: row.moment("execution_date")?,
        backfill_id: row.some_integer("backfill_id")?.map(BackfillId),
        parent_id: row.some_integer("parent_id")?.map(RunId),
        repeats: row.some_integer("repeats")?.map(RunId),
        note: row.some_text("note")?,
        passed_sla: row.integer("passed_sla")? != 0,
        owner: row.some_text("owner")?,
        priority: row.integer("priority")?,
        is_admitted: row.integer("admitted")? != 0,
        created_at: row.moment("created_at")?,
        started_at: row.some_moment("started_at")?,
        ended_at: row.some_moment("ended_at")?,
        blocks: row.count("blocks")?,
        completed: row.count("completed")?,
        failed: row.count("failed")?,
        usage: row.some_json("what a run used", "usage")?,
    })
}
