//! Plans and runs to store. Nothing here decides anything: the tests change runs by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_model::{
    Attached, AttemptRun, BlockError, BlockKind, BlockRun, BlockRunKey, BlockStatus, Caret, Chunk,
    Column, ColumnStatistics, Content, FailureKind, Fence, Frame, Language, Map, Occasion,
    OlderOutput, OnFailure, PipelineKind, Plan, PlannedBlock, Product, ProductKind, Reserved,
    ResourceSettings, RetryPolicy, Run, RunId, RunStatus, RunTimeout, TestResult, TestStatus,
    Timestamp,
};
use serde_json::json;

pub(crate) fn plan(pipeline: &str, blocks: &[&str]) -> Arc<Plan> {
    let variables: Map = serde_json::from_value(json!({"z": 0.1, "a": [1, null, "ü"]})).unwrap();
    let planned = |uuid: &&str| PlannedBlock {
        uuid: (*uuid).into(),
        kind: BlockKind::Transformer,
        language: Language::Python,
        upstream: Vec::new(),
        file: format!("transformers/{uuid}.py"),
        code: Some("c0de".into()),
        configuration: Map::new(),
        retry: RetryPolicy {
            retries: 1,
            delay: Duration::from_millis(1500),
            max_delay: Duration::from_secs(60),
            total_delay: Some(Duration::from_secs(60)),
            exponential_backoff: true,
        },
        timeout: Some(Duration::from_secs(9)),
        replicated: None,
        priority: -3,
        dynamic: true,
        reduce_output: false,
        conditions: vec![Attached {
            uuid: "is_monday".into(),
            file: "conditionals/is_monday.py".to_owned(),
            code: Some("c0de".into()),
            configuration: Map::new(),
            extension: None,
        }],
        callbacks: Vec::new(),
        extensions: Vec::new(),
        needs_frames: true,
        slow_imports: Vec::new(),
        resources: ResourceSettings {
            cpu_limit: Some(1500),
            ..ResourceSettings::default()
        },
        problem: None,
    };
    Arc::new(Plan {
        pipeline: pipeline.into(),
        kind: PipelineKind::Python,
        blocks: blocks.iter().map(planned).collect(),
        inputs: BTreeMap::from([("elsewhere".into(), OlderOutput::single(RunId(3)))]),
        given: variables.clone(),
        variables,
        env: "dev".to_owned(),
        triggered: true,
        trigger: Some("nightly".to_owned()),
        occasion: Occasion::default(),
        one_process: true,
        cache_in_memory: false,
        timeout: Some(RunTimeout {
            after: Duration::from_secs(60),
            status: RunStatus::Cancelled,
        }),
        execution_date: Timestamp(-5),
        on_failure: OnFailure::Stop,
        block_run_limit: Some(4),
        workers: 2,
        reserved: Reserved {
            cpu: 500,
            memory: 1 << 30,
        },
    })
}

pub(crate) fn run(id: RunId, plan: &Arc<Plan>) -> Run {
    let block = |block: &PlannedBlock| BlockRun {
        key: BlockRunKey::declared(block.uuid.clone()),
        name: block.uuid.to_string(),
        status: BlockStatus::Initial,
        attempt: 0,
        earlier: 0,
        fence: Fence(0),
        started_at: None,
        ended_at: None,
        retry_at: None,
        error: None,
        reason: None,
        products: Vec::new(),
        items: None,
        usage: None,
        attempts: vec![AttemptRun {
            number: 1,
            status: BlockStatus::Failed,
            started_at: Timestamp(5),
            lost_since: Some(Timestamp(4)),
            waits: true,
            ended_at: Some(Timestamp(6)),
            error: Some("it's \"broken\"\0\n".to_owned()),
            usage: None,
            tests: vec![TestResult {
                name: "is_new".to_owned(),
                status: TestStatus::NotRun,
                message: None,
                line: Some(7),
            }],
        }],
        callbacks: None,
    };
    Run {
        id,
        plan: Arc::clone(plan),
        status: RunStatus::Initial,
        version: 0,
        blocks: plan.blocks.iter().map(block).collect(),
        variables: Map::new(),
        ending: None,
        cancel_requested: false,
        last_fence: Fence(0),
        reason: None,
        created_at: Timestamp(100),
        started_at: None,
        ended_at: None,
    }
}

pub(crate) fn key(name: &str) -> BlockRunKey {
    BlockRunKey::declared(name.into())
}

/// A product whose rows are in the objects that are named.
pub(crate) fn frame(name: &str, objects: &[&str]) -> Product {
    let chunk = |object: &&str| Chunk {
        object: (*object).into(),
        bytes: 1 << 40,
        rows: Some(3),
    };
    Product {
        name: name.to_owned(),
        kind: ProductKind::Frame,
        codec: "pandas".to_owned(),
        meta: json!({"index": ["i"]}),
        rows: Some(3),
        bytes: 1 << 40,
        content: Content::Chunks(objects.iter().map(chunk).collect()),
        columns: vec![Column {
            name: "ä\"\\".to_owned(),
            data_type: "Utf8".to_owned(),
            nullable: true,
        }],
        statistics: vec![ColumnStatistics {
            nulls: 1,
            min: Some(String::new()),
            max: None,
        }],
    }
}

pub(crate) fn text(name: &str, text: &str) -> Product {
    Product {
        kind: ProductKind::Text,
        codec: "text".to_owned(),
        content: Content::Inline(text.to_owned()),
        ..frame(name, &[])
    }
}

pub(crate) fn error() -> BlockError {
    BlockError {
        exception: Some("ValueError".to_owned()),
        frames: vec![Frame {
            file: "transformers/a.py".to_owned(),
            line: 3,
            function: "run".to_owned(),
            code: None,
            caret: Some(Caret { from: 4, to: 5 }),
        }],
        ..BlockError::new(FailureKind::TestFailed, "it's \"broken\"\0\n").with_hint("mend it")
    }
}
