//! Use cases around what runs print and log.

use std::collections::VecDeque;
use std::path::Path;

use baton_model::{Run, RunId, Timestamp};
use baton_runner::{Level, LogRecord};
use baton_scheduler::read_log_from;
use tokio::task::spawn_blocking;

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// Most records of one answer.
pub const MOST_RECORDS: usize = 10_000;

/// Which records of a run's log are wanted; every condition that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// Of one of these block runs, or of child runs of theirs; of all and of the run itself when empty.
    pub blocks: Vec<String>,
    /// With one of these levels; with any when empty.
    pub levels: Vec<Level>,
    /// At least so serious.
    pub least: Option<Level>,
    /// With this text in the message, in whatever case.
    pub text: Option<String>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Up to this moment.
    pub to: Option<Timestamp>,
    /// Behind this place of the log, as an earlier page gave it.
    pub after: u64,
    /// Only the last ones, so many.
    pub tail: Option<usize>,
    /// So many at most; never more than [`MOST_RECORDS`].
    pub limit: Option<usize>,
}

/// A part of a run's log.
#[derive(Clone, Debug, Default)]
pub struct LogPage {
    /// The records, oldest first, each with the place behind it.
    pub records: Vec<(u64, LogRecord)>,
    /// Where to go on reading.
    pub next: u64,
    /// Whether there are more of them behind.
    pub has_more: bool,
}

impl LogQuery {
    /// Whether a record is wanted.
    pub fn wants(&self, record: &LogRecord) -> bool {
        let is_of = |name: &str, block: &String| {
            let rest = name.strip_prefix(block.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        let named = record.block.as_deref();
        (self.blocks.is_empty()
            || named.is_some_and(|name| self.blocks.iter().any(|block| is_of(name, block))))
            && (self.levels.is_empty() || self.levels.contains(&record.level))
            && self.least.is_none_or(|least| record.level >= least)
            && self.from.is_none_or(|from| record.at >= from)
            && self.to.is_none_or(|to| record.at <= to)
            && self.text.as_ref().is_none_or(|text| {
                let text = text.to_lowercase();
                record.message.to_lowercase().contains(&text)
            })
    }
}

impl Host {
    /// A part of the log of a run. One that never wrote any, as a run that could not begin, says why.
    pub async fn log(
        &self,
        actor: &Actor,
        id: RunId,
        query: &LogQuery,
    ) -> Result<LogPage, Failure> {
        actor.may(Right::Read)?;
        let run = self.run(actor, id).await?;
        let mut path = self.state().home.log(id.0);
        let fetched = if path.exists() {
            None
        } else {
            self.fetched_log(&run).await?
        };
        if let Some(fetched) = &fetched {
            fetched.path().clone_into(&mut path);
        }
        let query = query.clone();
        let read = spawn_blocking(move || read(&path, &run, &query)).await;
        read.unwrap_or_else(|error| Err(Failure::bug(format!("the log was not read: {error}"))))
    }
}

fn read(path: &Path, run: &Run, query: &LogQuery) -> Result<LogPage, Failure> {
    let most = query.limit.unwrap_or(MOST_RECORDS).min(MOST_RECORDS);
    let tail = query.tail.map(|tail| tail.min(most));
    let mut found = VecDeque::new();
    let mut page = LogPage {
        next: query.after,
        ..LogPage::default()
    };
    let mut is_empty = true;
    read_log_from(path, query.after, |end, record| {
        is_empty = false;
        if query.wants(&record) {
            if let Some(tail) = tail {
                if tail == 0 {
                    return true;
                }
                if found.len() == tail {
                    found.pop_front();
                }
            } else if found.len() == most {
                page.has_more = true;
                return false;
            }
            found.push_back((end, record));
        }
        page.next = end;
        true
    })?;
    page.records = found.into();
    if is_empty && query.after == 0 {
        page.records.extend(
            evidence(run)
                .into_iter()
                .filter(|record| query.wants(record))
                .map(|record| (0, record)),
        );
    }
    Ok(page)
}

/// What is known of a run that has ended and left no log.
fn evidence(run: &Run) -> Vec<LogRecord> {
    let Some(at) = run.ended_at else {
        return Vec::new();
    };
    let say = |block: Option<&str>, at, level, message: &str| LogRecord {
        at,
        level,
        block: block.map(str::to_owned),
        attempt: None,
        message: message.to_owned(),
        tags: baton_model::Map::new(),
    };
    let errors = run.blocks.iter().filter_map(|block| {
        let error = block.error.as_ref()?;
        let at = block.ended_at.unwrap_or(at);
        Some(say(Some(&block.name), at, Level::Error, &error.message))
    });
    let reason = run.reason.as_deref();
    let reason = reason.map(|reason| say(None, at, Level::Error, reason));
    errors.chain(reason).collect()
}
