//! Promises about time (spec 7.8): a run that has not ended when it should have, one that has not even started, and
//! when to look again.

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
    /// Whether it has ended.
    pub is_final: bool,
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

/// Which promises are broken, and when the next one may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlaState {
    /// Promises that are broken now.
    pub broken: Vec<Broken>,
    /// When to look again; none when nothing can be broken any more.
    pub next: Option<Timestamp>,
}

/// From when on time counts. Runs of schedules are late from their date on, also when a limit or a server that was
/// down kept them from being made; those of a backfill, or a repeated one, stand for dates long ago.
fn counts_from(facts: &SlaFacts) -> Timestamp {
    match (facts.cause, facts.created_at) {
        (Cause::Schedule, _) | (_, None) => facts.date,
        (_, Some(created)) => created,
    }
}

/// Looks after the promises about a run. A promise that was broken once stays broken until the run has ended; who is
/// told remembers that.
pub fn passed_sla(facts: &SlaFacts, now: Timestamp) -> SlaState {
    if facts.is_final {
        return SlaState::default();
    }
    let from = counts_from(facts);
    let due = |seconds: Option<u32>| {
        let seconds = seconds.filter(|seconds| *seconds > 0)?;
        Some(from.after(Duration::from_secs(seconds.into())))
    };
    let start = due(facts.start_within).filter(|_| facts.started_at.is_none());
    let end = due(facts.sla);
    let mut state = SlaState::default();
    let mut look = |by: Option<Timestamp>, broken: fn(Timestamp) -> Broken| {
        let Some(by) = by else { return };
        if by < now {
            state.broken.push(broken(by));
        } else {
            // At the moment itself the promise is still kept.
            let after = Timestamp(by.0.saturating_add(1));
            state.next = Some(state.next.map_or(after, |next| next.min(after)));
        }
    };
    look(start, |by| Broken::NotStarted { by });
    look(end, |by| Broken::NotEnded { by });
    state
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
            is_final: false,
            cause: Cause::Schedule,
            sla: Some(600),
            start_within: Some(60),
        }
    }

    #[test]
    fn a_run_that_does_not_start_is_late_before_one_that_does_not_end() {
        let state = passed_sla(&facts(), at(1060));
        assert_eq!(state.broken, []);
        assert_eq!(state.next, Some(Timestamp(at(1060).0 + 1)));
        let state = passed_sla(&facts(), at(1061));
        assert_eq!(state.broken, [Broken::NotStarted { by: at(1060) }]);
        assert_eq!(state.next, Some(Timestamp(at(1600).0 + 1)));
        let state = passed_sla(&facts(), at(1700));
        let both = [
            Broken::NotStarted { by: at(1060) },
            Broken::NotEnded { by: at(1600) },
        ];
        assert_eq!((state.broken, state.next), (both.to_vec(), None));
        let started = SlaFacts {
            started_at: Some(at(1050)),
            ..facts()
        };
        let state = passed_sla(&started, at(1700));
        assert_eq!(state.broken, both[1..]);
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
        let state = passed_sla(&none, at(1061));
        assert_eq!(state.broken, [Broken::NotStarted { by: at(1060) }]);
    }

    #[test]
    fn dates_long_ago_are_not_late() {
        for cause in [Cause::Backfill, Cause::Again, Cause::Call, Cause::Hand] {
            let old = SlaFacts {
                date: at(0),
                cause,
                ..facts()
            };
            let state = passed_sla(&old, at(1060));
            assert_eq!((state.broken, state.next.is_some()), (Vec::new(), true));
        }
    }

    #[test]
    fn what_has_ended_or_promises_nothing_is_never_late() {
        let ended = SlaFacts {
            is_final: true,
            ..facts()
        };
        assert_eq!(passed_sla(&ended, at(9000)), SlaState::default());
        let none = SlaFacts {
            sla: None,
            start_within: Some(0),
            ..facts()
        };
        assert_eq!(passed_sla(&none, at(9000)), SlaState::default());
    }
}
