//! What happens to a run, and what is to be done about it.

use serde::{Deserialize, Serialize};

use crate::{
    BlockError, BlockRunKey, BlockUuid, CallbackOn, Fence, Items, Map, Product, TestResult,
    Timestamp, Usage,
};

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ran through and its products are stored, ready to be committed.
    Completed {
        /// What it produced.
        products: Vec<Product>,
        /// Its items, if the block is dynamic.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<Items>,
    },
    /// It did not.
    Failed {
        /// Why.
        error: BlockError,
        /// What it had stored before (outputs of a block whose test failed).
        products: Vec<Product>,
    },
    /// It was stopped on request.
    Cancelled,
    /// A condition attached to the block said no, so the block's own code did not run.
    ConditionFailed {
        /// Which condition, for people.
        reason: String,
    },
}

/// Something that happened to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEvent {
    /// The run may begin.
    Started,
    /// A process took the run over after the one that drove it died: attempts under way are lost and
    /// start again, without counting as retries.
    Resumed,
    /// An attempt that was started found that other runs hold all places of the server for block processes.
    AttemptWaits {
        /// Which block run.
        key: BlockRunKey,
        /// The fence it was started with.
        fence: Fence,
    },
    /// An attempt that waited has its place: only now is it at work.
    AttemptPlaced {
        /// Which block run.
        key: BlockRunKey,
        /// The fence it was started with.
        fence: Fence,
    },
    /// An attempt ended.
    AttemptEnded {
        /// Which block run.
        key: BlockRunKey,
        /// The fence it was started with.
        fence: Fence,
        /// How.
        outcome: Outcome,
        /// What it used, as far as it was measured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
        /// What the tests of the block have said.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tests: Vec<TestResult>,
    },
    /// A dynamic block that still runs has yielded items. Their products are stored.
    ItemsYielded {
        /// Which block run.
        key: BlockRunKey,
        /// The fence that its attempt was started with.
        fence: Fence,
        /// The number of the first of them, from 0.
        first: u32,
        /// The items, one product each.
        products: Vec<Product>,
    },
    /// The callbacks of a block run have ended.
    CallbacksEnded {
        /// Which block run.
        key: BlockRunKey,
        /// The fence they were started with.
        fence: Fence,
        /// What went wrong in them.
        error: Option<BlockError>,
    },
    /// A block set variables of the pipeline; null removes one. Blocks that start later see it.
    VariablesSet {
        /// The variables.
        variables: Map,
    },
    /// The moment of a [`Command::WakeAt`] came.
    Woken,
    /// Somebody wants it to stop.
    CancelRequested {
        /// Who or what, for people.
        reason: String,
    },
    /// Somebody wants blocks of it once more: those of a block and of everything below it, or, without one, all that
    /// have not completed. Also of a run that has ended.
    Retried {
        /// The block to begin with, or the name of one of its child runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<BlockUuid>,
    },
    /// It is not to start: it ends as cancelled and runs nothing, not even callbacks.
    Refused {
        /// Why, for people.
        reason: String,
    },
}

/// Something to be done for a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Start an attempt.
    StartAttempt {
        /// Which block run.
        key: BlockRunKey,
        /// Its number, from 1.
        attempt: u32,
        /// What its result must carry.
        fence: Fence,
    },
    /// Stop an attempt and everything it started. It answers with [`RunEvent::AttemptEnded`] or not at all.
    StopAttempt {
        /// Which block run.
        key: BlockRunKey,
        /// The attempt's fence.
        fence: Fence,
    },
    /// Run the callbacks of a block run that has ended. They answer with [`RunEvent::CallbacksEnded`].
    RunCallbacks {
        /// Which block run.
        key: BlockRunKey,
        /// What they are told.
        on: CallbackOn,
        /// What their result must carry.
        fence: Fence,
    },
    /// Send [`RunEvent::Woken`] at this moment.
    WakeAt(Timestamp),
    /// The run has reached its final status: make its products durable, release what it held.
    Finish,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TestStatus;

    /// Databases hold events that were written before newer fields existed.
    #[test]
    fn older_events_are_read() {
        for (text, expected) in [
            (r#""resumed""#, RunEvent::Resumed),
            (
                r#"{"attempt_ended": {"key": {"block": "a"}, "fence": 3, "outcome": "cancelled"}}"#,
                RunEvent::AttemptEnded {
                    key: BlockRunKey::declared("a".into()),
                    fence: Fence(3),
                    outcome: Outcome::Cancelled,
                    usage: None,
                    tests: Vec::new(),
                },
            ),
            (r#"{"retried": {}}"#, RunEvent::Retried { from: None }),
        ] {
            let found: RunEvent = serde_json::from_str(text).unwrap();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn events_are_read_back() {
        for event in [
            RunEvent::AttemptEnded {
                key: BlockRunKey::child("a".into(), 2),
                fence: Fence(3),
                outcome: Outcome::Cancelled,
                usage: Some(Usage {
                    rows: Some(5),
                    cpu_seconds: Some(0.25),
                    ..Usage::default()
                }),
                tests: vec![TestResult {
                    name: "is_new".to_owned(),
                    status: TestStatus::Failed,
                    message: Some("it is old".to_owned()),
                    line: Some(9),
                }],
            },
            RunEvent::Retried {
                from: Some("a".into()),
            },
            RunEvent::Refused {
                reason: "a run is open".to_owned(),
            },
        ] {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<RunEvent>(&text).unwrap(), event);
        }
    }
}
