//! What a running block may ask of its host, and who answers. Block code has no other way to what the host keeps.
//!
//! Knows the questions, not the answers: those come from whoever made the runner, since they need the project and the
//! database.

use std::future::Future;
use std::pin::Pin;

use baton_model::{BlockRunKey, BlockUuid, Map, PipelineUuid, RunId, RunStatus, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who a secret is for, in the words of the function that people call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Scope {
    /// `global`, `project` or `pipeline`; nothing means `global`.
    #[serde(default)]
    pub entity: Option<String>,
    /// The pipeline of a secret of one pipeline.
    #[serde(default)]
    pub pipeline_uuid: Option<PipelineUuid>,
}

/// Which stored outputs are meant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Stored {
    /// The pipeline.
    pub pipeline: PipelineUuid,
    /// The block; a dynamic child is `block:0`.
    pub block: BlockUuid,
    /// The execution partition of a run, as its blocks see it.
    #[serde(default)]
    pub partition: Option<String>,
    /// The number of a run. Without partition and number: the newest output of a run that a person started.
    #[serde(default)]
    pub run: Option<RunId>,
}

/// Which runs are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Wanted {
    /// Only those of this pipeline.
    #[serde(default)]
    pub pipeline: Option<PipelineUuid>,
    /// With a logical date from here on.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// With a logical date up to here.
    #[serde(default)]
    pub to: Option<Timestamp>,
    /// With one of these statuses; empty for all.
    #[serde(default)]
    pub status: Vec<RunStatus>,
    /// So many at most.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A question of a running block.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(tag = "question", content = "args", rename_all = "snake_case")]
pub enum Question {
    /// The value of a secret, or null.
    Secret {
        /// Its name.
        name: String,
        /// Who it is for.
        #[serde(flatten)]
        scope: Scope,
    },
    /// Store a new secret.
    SecretCreate {
        /// Its name, free in its scope.
        name: String,
        /// Its value.
        value: String,
        /// Who it is for.
        #[serde(flatten)]
        scope: Scope,
    },
    /// Remove a secret; whether there was one.
    SecretDelete {
        /// Its name.
        name: String,
        /// Who it is for.
        #[serde(flatten)]
        scope: Scope,
    },
    /// The global variables of a pipeline, as its metadata has them now.
    Variables {
        /// The pipeline.
        pipeline: PipelineUuid,
    },
    /// Set a global variable in the pipeline's metadata.
    VariableSet {
        /// The pipeline.
        pipeline: PipelineUuid,
        /// Name of the variable.
        key: String,
        /// Its value.
        value: Value,
    },
    /// Remove a global variable from the pipeline's metadata.
    VariableDelete {
        /// The pipeline.
        pipeline: PipelineUuid,
        /// Name of the variable.
        key: String,
    },
    /// One output of a block, described as an input of a job is; null when there is none.
    Product {
        /// Which block of which run.
        #[serde(flatten)]
        stored: Stored,
        /// `output_0`, `output_1`, ...
        output: String,
    },
    /// All outputs of a block, likewise.
    Outputs {
        /// Which block of which run.
        #[serde(flatten)]
        stored: Stored,
    },
    /// A pipeline as its files declare it.
    Pipeline {
        /// Its name.
        uuid: PipelineUuid,
    },
    /// The names of all pipelines.
    Pipelines {},
    /// The triggers that a pipeline's files declare.
    Triggers {
        /// The pipeline.
        pipeline: PipelineUuid,
    },
    /// Runs, the newest logical date first.
    Runs {
        /// Which ones.
        #[serde(flatten)]
        wanted: Wanted,
    },
    /// Start a run of a pipeline as code does it; the run as it begins.
    Trigger {
        /// The pipeline.
        pipeline: PipelineUuid,
        /// What the run is given.
        #[serde(default)]
        variables: Map,
        /// Name of the trigger that its blocks see.
        #[serde(default)]
        schedule_name: Option<String>,
        /// Outputs that its blocks get as `remote_blocks`.
        #[serde(default)]
        remote_blocks: Vec<Value>,
    },
    /// See to a fresh run of a global data product: whether there is one, or one has been started, or somebody else
    /// is making one.
    ProductRenew {
        /// What the block says about the product: its name, and settings that replace the declared ones.
        settings: Map,
        /// What a new run is given.
        #[serde(default)]
        variables: Map,
        /// Outputs that the blocks of a new run get as `remote_blocks`.
        #[serde(default)]
        remote_blocks: Vec<Value>,
    },
    /// The outputs of a global data product's newest runs, block by block.
    ProductOutputs {
        /// As for renewing it.
        settings: Map,
    },
    /// One run; null when there is none of this number.
    Run {
        /// Its number.
        id: RunId,
    },
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The run of the block that asks.
    pub run: RunId,
    /// Its pipeline.
    pub pipeline: String,
    /// The block run.
    pub block: BlockRunKey,
}

/// An answer to a question.
#[derive(Clone, Default)]
pub struct Answer {
    /// What is handed to the block.
    pub value: Value,
    /// Texts that must not appear in what the run logs from now on.
    pub conceal: Vec<String>,
}

impl Answer {
    /// An answer that holds no secret.
    pub fn open(value: Value) -> Self {
        Self {
            value,
            conceal: Vec::new(),
        }
    }
}

/// Why a question is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// What was asked for does not exist.
    NotFound,
    /// The block may not ask this.
    Denied,
    /// The question makes no sense.
    Invalid,
    /// Answering failed.
    Failed,
}

/// A question that is not answered.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The class.
    pub kind: RefusalKind,
    /// A sentence in lower case, for the exception that the block gets.
    pub message: String,
}

impl Refusal {
    /// A refusal that says why.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// An answer that is being made.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, Refusal>> + Send + 'a>>;

/// Answers the questions of running blocks. Several may be open at once, also of one block; an answer nobody waits
/// for any more is dropped where it stands.
pub trait Answers: Send + Sync {
    /// Answers one question.
    fn answer<'a>(&'a self, asker: &'a Asker, question: Question) -> Answering<'a>;
}

/// Answers nothing.
pub(crate) struct Silence;

impl Answers for Silence {
    fn answer<'a>(&'a self, _asker: &'a Asker, _question: Question) -> Answering<'a> {
        Box::pin(std::future::ready(Err(Refusal::new(
            RefusalKind::Denied,
            "this run answers no questions of its blocks",
        ))))
    }
}

/// Reads a question. One that is not known is refused, and the block goes on.
pub(crate) fn question(name: &str, args: &Map) -> Result<Question, Refusal> {
    let text = format!("the question `{name}` cannot be read");
    let whole = serde_json::json!({"question": name, "args": args});
    serde_json::from_value(whole).map_err(|error| {
        // What serde says may quote a value, which may be a secret: only the kind of mistake is told.
        let kind = if error.to_string().contains("unknown variant") {
            "this host does not know it"
        } else {
            "its arguments do not fit"
        };
        Refusal::new(RefusalKind::Invalid, format!("{text}: {kind}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(name: &str, args: Value) -> Result<Question, Refusal> {
        let Value::Object(args) = args else {
            panic!("arguments are a map")
        };
        question(name, &args)
    }

    #[test]
    fn questions_are_read_and_nonsense_is_refused_without_its_values() {
        let secret = read(
            "secret",
            json!({"name": "x", "entity": "pipeline", "pipeline_uuid": "p"}),
        );
        let scope = Scope {
            entity: Some("pipeline".to_owned()),
            pipeline_uuid: Some("p".into()),
        };
        assert!(
            secret.unwrap()
                == Question::Secret {
                    name: "x".to_owned(),
                    scope
                }
        );
        assert!(read("pipelines", json!({})).unwrap() == Question::Pipelines {});
        let runs = read(
            "runs",
            json!({"pipeline": "p", "status": ["failed"], "from": 7}),
        )
        .unwrap();
        let wanted = Wanted {
            pipeline: Some("p".into()),
            from: Some(Timestamp(7)),
            status: vec![RunStatus::Failed],
            ..Wanted::default()
        };
        assert!(runs == Question::Runs { wanted });
        for (name, args, part) in [
            ("read_the_database", json!({}), "does not know it"),
            ("secret", json!({}), "do not fit"),
            ("run", json!({"id": "hunter2"}), "do not fit"),
        ] {
            let Err(refusal) = read(name, args) else {
                panic!("{name} was read")
            };
            assert_eq!(refusal.kind, RefusalKind::Invalid);
            assert!(refusal.message.contains(part), "{}", refusal.message);
            assert!(!refusal.message.contains("hunter2"), "{}", refusal.message);
        }
    }
}
