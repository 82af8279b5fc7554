//! What is planned, and which pipelines cannot be.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_base::Diagnose;
use baton_engine::{PlanError, Selection, plan};
use baton_model::{
    Block, BlockKind, BlockUuid, Language, Machine, Map, OlderOutput, Pipeline, PipelineKind, Plan,
    RunId, Timestamp,
};
use serde_json::json;

use crate::simulate::{block, declared, input, source};

fn sources(pipeline: &Pipeline) -> BTreeMap<BlockUuid, baton_engine::Source> {
    let uuids = pipeline.blocks.iter().map(|block| block.uuid.clone());
    uuids.map(|uuid| (uuid, source(None))).collect()
}

fn plan_of(pipeline: &Pipeline, selection: Selection, inputs: &[&str]) -> Result<Plan, PlanError> {
    let sources = sources(pipeline);
    let inputs = inputs
        .iter()
        .map(|one| ((*one).into(), OlderOutput::single(RunId(7))))
        .collect();
    let mut input = input(pipeline, &sources);
    input.selection = selection;
    input.inputs = &inputs;
    plan(&input)
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.blocks
        .iter()
        .map(|block| block.uuid.as_str())
        .collect()
}

fn kind(name: &str, kind: BlockKind, upstream: &[&str]) -> Block {
    Block {
        kind,
        ..block(name, upstream)
    }
}

/// `load -> clean -> join -> save`, `other -> join`, and things that do not run.
fn example() -> Pipeline {
    declared(
        vec![
            block("save", &["join"]),
            block("load", &[]),
            block("clean", &["load", "gone"]),
            block("other", &[]),
            block("join", &["other", "clean"]),
            kind("notes", BlockKind::Markdown, &["load"]),
            kind("play", BlockKind::Scratchpad, &[]),
        ],
        Some(0),
    )
}

#[test]
fn a_plan_keeps_the_order_of_the_file_and_the_arguments() {
    let plan = plan_of(&example(), Selection::All, &[]).unwrap();
    assert_eq!(names(&plan), ["save", "load", "clean", "other", "join"]);
    let upstream = |name: &str| plan.block(&name.into()).unwrap().upstream.clone();
    assert_eq!(upstream("join"), ["other".into(), "clean".into()]);
    assert_eq!(
        upstream("clean"),
        ["load".into()],
        "an unknown name is dropped"
    );
    assert_eq!(plan.block_run_limit, None, "a limit of 0 is none");
    assert!(plan.inputs.is_empty());
}

fn check_selection(block: &str, upstream: bool, downstream: bool, inputs: &[&str], expected: &str) {
    let selection = Selection::Blocks {
        uuids: block.split_whitespace().map(BlockUuid::from).collect(),
        upstream,
        downstream,
    };
    let found = match plan_of(&example(), selection, inputs) {
        Ok(plan) => {
            let inputs: Vec<&str> = plan.inputs.keys().map(BlockUuid::as_str).collect();
            format!("{} / {}", names(&plan).join(" "), inputs.join(" "))
        }
        Err(error) => {
            let hint = error.hint().unwrap_or_default();
            format!("{error}; {hint}")
        }
    };
    assert_eq!(found, expected);
}

#[test]
fn a_selection_takes_what_is_outside_from_older_runs() {
    let all = ["save", "load", "clean", "other", "join"];
    check_selection("load", false, false, &[], "load / ");
    check_selection("join", false, false, &all, "join / clean other");
    check_selection("join", true, false, &[], "load clean other join / ");
    check_selection("other load", false, false, &[], "load other / ");
    check_selection("clean other", true, false, &[], "load clean other / ");
    check_selection(
        "clean other",
        false,
        true,
        &["load"],
        "save clean other join / load",
    );
    check_selection(
        "load",
        false,
        true,
        &["other"],
        "save load clean join / other",
    );
    check_selection(
        "clean",
        true,
        true,
        &["other"],
        "save load clean join / other",
    );
    check_selection(
        "join",
        false,
        false,
        &["other"],
        "plan block `join`: there is no data of its upstream block `clean`; \
         run with --upstream, or run `clean` first",
    );
    check_selection(
        "jion",
        false,
        false,
        &[],
        "plan pipeline `demo`: it has no block `jion`; did you mean `join`?",
    );
    check_selection(
        "something_else",
        false,
        false,
        &[],
        "plan pipeline `demo`: it has no block `something_else`; ",
    );
    check_selection(
        "notes",
        false,
        false,
        &[],
        "plan block `notes`: blocks of type `markdown` do not run on their own; ",
    );
}

fn check_error(pipeline: &Pipeline, expected: &str) {
    let error = plan_of(pipeline, Selection::All, &[]).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert!(error.hint().is_some());
}

#[test]
fn pipelines_that_cannot_be_planned() {
    check_error(
        &declared(
            vec![block("a", &["c"]), block("b", &["a"]), block("c", &["b"])],
            None,
        ),
        "plan pipeline `demo`: its blocks form a cycle: a -> b -> c -> a",
    );
    check_error(
        &declared(vec![block("a", &["a"])], None),
        "plan pipeline `demo`: its blocks form a cycle: a -> a",
    );
    let mut twice = declared(vec![block("a", &[])], None);
    twice.widgets.push(kind("a", BlockKind::Chart, &[]));
    check_error(&twice, "plan pipeline `demo`: two blocks are called `a`");
    check_error(
        &declared(
            vec![
                kind("notes", BlockKind::Markdown, &[]),
                block("a", &["notes"]),
            ],
            None,
        ),
        "plan block `a`: its upstream block `notes` is of type `markdown` and never runs, \
         so `a` could never start",
    );
    for (kind, name) in [
        (PipelineKind::Integration, "integration"),
        (PipelineKind::Streaming, "streaming"),
        (PipelineKind::Other("pyspark".to_owned()), "pyspark"),
    ] {
        let mut pipeline = declared(Vec::new(), None);
        pipeline.kind = kind;
        check_error(
            &pipeline,
            &format!("plan pipeline `demo`: pipelines of type `{name}` are not supported yet"),
        );
    }
}

#[test]
fn what_cannot_run_yet_is_refused_or_planned_with_its_problem() {
    let mut sql = block("sql", &["a"]);
    sql.language = Language::Sql;
    let mut models = kind("models", BlockKind::Dbt, &[]);
    models.upstream = vec!["a".into()];
    let mut new = kind("new", BlockKind::Other("brand_new".to_owned()), &[]);
    new.upstream = vec!["a".into()];
    let blocks = vec![
        block("a", &[]),
        sql,
        models,
        new,
        block("no_source", &["a"]),
        kind("product", BlockKind::GlobalDataProduct, &["a"]),
    ];
    let pipeline = declared(blocks, None);
    let mut sources = sources(&pipeline);
    sources.remove("no_source");
    sources.remove("product");
    // The whole pipeline cannot come to its end, so it does not begin.
    let refused = plan(&input(&pipeline, &sources)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "run pipeline `demo`: it has blocks that Baton does not run yet: sql (sql), models (dbt), new (brand_new)"
    );
    assert_eq!(
        refused.hint().unwrap(),
        "run the others alone: --block a --block no_source --block product"
    );
    // Who selects blocks gets what there is of them.
    let mut some = input(&pipeline, &sources);
    some.selection = Selection::Blocks {
        uuids: vec!["a".into()],
        upstream: false,
        downstream: true,
    };
    let plan = plan(&some).unwrap();
    let problems: Vec<Option<&str>> = plan
        .blocks
        .iter()
        .map(|block| block.problem.as_ref().map(|error| error.message.as_str()))
        .collect();
    assert_eq!(
        problems,
        [
            None,
            Some("blocks in `sql` are not supported yet"),
            Some("blocks of type `dbt` are not supported yet"),
            Some("blocks of type `brand_new` are not supported yet"),
            Some("block `no_source` has no file"),
            None,
        ]
    );
}

fn map(value: serde_json::Value) -> Map {
    serde_json::from_value(value).unwrap()
}

#[test]
fn settings_come_from_the_right_place() {
    let mut first = block("a", &[]);
    first.timeout = Some(1.5);
    first.retry.retries = Some(4);
    first.priority = 3;
    let mut second = block("b", &[]);
    second.timeout = Some(0.0);
    let mut third = block("c", &[]);
    third.timeout = Some(f64::INFINITY);
    let mut pipeline = declared(vec![first, second, third], Some(2));
    pipeline.variables = map(json!({"region": "eu", "limit": 3}));
    pipeline.retry.retries = Some(1);
    let sources = sources(&pipeline);
    let mut input = input(&pipeline, &sources);
    input.variables = map(json!({"limit": 5, "more": true}));
    input.execution_date = Timestamp(9);
    input.workers = 0;
    let plan = plan(&input).unwrap();
    assert_eq!(
        (plan.variables, plan.given),
        (
            map(json!({"region": "eu", "limit": 3})),
            map(json!({"limit": 5, "more": true}))
        )
    );
    assert_eq!((plan.workers, plan.block_run_limit), (1, Some(2)));
    assert_eq!(plan.execution_date, Timestamp(9));
    let [a, b, c] = plan.blocks.as_slice() else {
        panic!("three blocks")
    };
    assert_eq!((a.retry.retries, b.retry.retries), (4, 0));
    assert_eq!(a.timeout, Some(Duration::from_millis(1500)));
    assert_eq!((b.timeout, c.timeout), (None, None));
    assert_eq!((a.priority, a.file.as_str()), (3, "transformers/it.py"));
}

fn wanting(name: &str, upstream: &[&str], cpu: u64) -> Block {
    let mut block = block(name, upstream);
    block.resources.cpu_request = Some(cpu);
    block
}

#[test]
fn a_run_reserves_what_its_blocks_need_at_a_time() {
    let machine = Machine {
        cpu: Some(4000),
        memory: None,
    };
    let mut mapped = vec![block("items", &[]), wanting("each", &["items"], 500)];
    mapped[0].configuration = map(json!({"dynamic": true}));
    let cases = [
        (vec![block("a", &[])], 8, 0),
        // One after the other.
        (
            vec![wanting("a", &[], 1000), wanting("b", &["a"], 2000)],
            8,
            2000,
        ),
        // Side by side, as far as there are workers.
        (
            vec![wanting("a", &[], 1000), wanting("b", &[], 2000)],
            8,
            3000,
        ),
        (
            vec![wanting("a", &[], 1000), wanting("b", &[], 2000)],
            1,
            2000,
        ),
        // Never more than there is.
        (
            vec![wanting("a", &[], 3000), wanting("b", &[], 3000)],
            8,
            4000,
        ),
        // As many child runs as may run at a time.
        (mapped, 3, 1500),
    ];
    for (blocks, workers, expected) in cases {
        let pipeline = declared(blocks, None);
        let sources = sources(&pipeline);
        let mut input = input(&pipeline, &sources);
        (input.machine, input.workers) = (machine, workers);
        assert_eq!(plan(&input).unwrap().reserved.cpu, expected);
    }
}

#[test]
fn what_can_never_fit_is_refused() {
    let mut large = block("large", &[]);
    large.executor = "k8s".to_owned();
    let pipeline = declared(vec![block("a", &[]), large], None);
    let sources = sources(&pipeline);
    let mut input = input(&pipeline, &sources);
    input.machine.memory = Some(1 << 30);
    input.k8s_resources.memory_request = Some(3 << 30);
    let refused = plan(&input).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "plan block `large`: it reserves 3072 MiB of memory; this machine has 1024 MiB"
    );
    assert!(refused.hint().unwrap().contains("resource_requests"));
    input.machine.memory = Some(4 << 30);
    assert_eq!(plan(&input).unwrap().reserved.memory, 3 << 30);
}
