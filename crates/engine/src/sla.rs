//! Promises about time (spec 7.8): a run that has not ended when it should have, and one that has not even started.

use std::time::Duration;

use baton_model::{Cause, Timestamp};

/// What is known of a run, or of a date that has no run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlaFacts {
    /// Its logical date.
    pub date: Timestamp,
    /// When its run was created; none where there is no run.
    pub created_at: Option<Timestamp>,
    /// When its first block started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it exists.
    pub cause: Cause,
    /// Seconds within which it should have ended.
    pub sla: Option<u32>,
    /// Seconds within which it should have started.
    pub start_within: Option<u32>,
}

/// A promise that was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It has not started.
    NotStarted {
        /// When it should have.
        by: Timestamp,
    },
    /// It has not ended.
    NotEnded {
        /// When it should have.
        by: Timestamp,
    },
}

impl Broken {
    /// What people are told of a run, or of a date, that is called `what`.
    pub fn sentence(self, what: &str, now: Timestamp) -> String {
        let (verb, by) = match self {
            Self::NotStarted { by } => ("started", by),
            Self::NotEnded { by } => ("ended", by),
        };
        let late = crate::why::span(now.since(by));
        format!("{what} should have {verb} {late} ago")
    }
}

/// From when on time counts. Runs of schedules are late from their date on, also when a limit or a server that was
/// down kept them from being made; those of a backfill, or a repeated one, stand for dates long ago.
fn counts_from(facts: &SlaFacts) -> Timestamp {
    match (facts.cause, facts.created_at) {
        (Cause::Schedule, _) | (_, None) => facts.date,
        (_, Some(created)) => created,
    }
}

/// The promises about a run that are broken: what should have happened has not, or happened too late. Who is told
/// remembers that.
pub fn broken(facts: &SlaFacts, now: Timestamp) -> Vec<Broken> {
    let from = counts_from(facts);
    let by = |seconds: Option<u32>| {
        let seconds = seconds.filter(|seconds| *seconds > 0)?;
        Some(from.after(Duration::from_secs(seconds.into())))
    };
    // At the moment itself the promise is still kept.
    let is_late = |by: &Timestamp, done: Option<Timestamp>| *by < done.unwrap_or(now);
    let start =
        by(facts.start_within).filter(|by| is_late(by, facts.started_at.or(facts.ended_at)));
    let end = by(facts.sla).filter(|by| is_late(by, facts.ended_at));
    let start = start.map(|by| Broken::NotStarted { by });
    start
        .into_iter()
        .chain(end.map(|by| Broken::NotEnded { by }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    fn facts() -> SlaFacts {
        SlaFacts {
            date: at(1000),
            created_at: Some(at(1005)),
            started_at: None,
            ended_at: None,
            cause: Cause::Schedule,
            sla: Some(600),
            start_within: Some(60),
        }
    }

    #[test]
    fn a_run_that_does_not_start_is_late_before_one_that_does_not_end() {
        assert_eq!(broken(&facts(), at(1060)), []);
        let start = Broken::NotStarted { by: at(1060) };
        assert_eq!(broken(&facts(), at(1061)), [start]);
        let both = [
            Broken::NotStarted { by: at(1060) },
            Broken::NotEnded { by: at(1600) },
        ];
        assert_eq!(broken(&facts(), at(1700)), both);
        let started = SlaFacts {
            started_at: Some(at(1050)),
            ..facts()
        };
        assert_eq!(broken(&started, at(1700)), both[1..]);
        assert_eq!(
            both[1].sentence("run 7", at(1720)),
            "run 7 should have ended 2 min ago"
        );
    }

    #[test]
    fn a_date_without_a_run_is_late_too() {
        let none = SlaFacts {
            created_at: None,
            ..facts()
        };
        assert_eq!(
            broken(&none, at(1061)),
            [Broken::NotStarted { by: at(1060) }]
        );
    }

    #[test]
    fn dates_long_ago_are_not_late() {
        for cause in [Cause::Backfill, Cause::Again, Cause::Call, Cause::Hand] {
            let old = SlaFacts {
                date: at(0),
                cause,
                ..facts()
            };
            assert_eq!(broken(&old, at(1060)), []);
        }
    }

    #[test]
    fn what_has_ended_is_late_if_it_ended_late() {
        let ended = |started_at: Option<i64>, ended_at: i64| {
            let facts = SlaFacts {
                started_at: started_at.map(at),
                ended_at: Some(at(ended_at)),
                ..facts()
            };
            broken(&facts, at(9000))
        };
        assert_eq!(ended(Some(1060), 1600), []);
        let start = Broken::NotStarted { by: at(1060) };
        let end = Broken::NotEnded { by: at(1600) };
        assert_eq!(ended(Some(1061), 1600), [start]);
        assert_eq!(ended(Some(1060), 1601), [end]);
        // It was cancelled, or skipped, before it could begin.
        assert_eq!(ended(None, 1030), []);
        assert_eq!(ended(None, 1600), [start]);
    }

    #[test]
    fn what_promises_nothing_is_never_late() {
        let none = SlaFacts {
            sla: None,
            start_within: Some(0),
            ..facts()
        };
        assert_eq!(broken(&none, at(9000)), []);
    }
}
