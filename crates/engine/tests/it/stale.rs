//! Which results are stale, and why.

use std::collections::BTreeMap;

use baton_engine::stale::{Known, Stale, stale};
use baton_engine::{Selection, plan};
use baton_model::{BlockUuid, OlderOutput, Pipeline, Plan, RunId};
use serde_json::json;

use crate::simulate::{block, declared, input, source};

/// `load -> clean -> save`, and `other`.
fn example() -> Pipeline {
    let mut pipeline = declared(
        vec![
            block("load", &[]),
            block("clean", &["load"]),
            block("save", &["clean"]),
            block("other", &[]),
        ],
        None,
    );
    pipeline.variables.insert("late".to_owned(), json!(15));
    pipeline
}

fn planned(pipeline: &Pipeline, only: Option<(&str, i64)>) -> Plan {
    let uuids = pipeline.blocks.iter().map(|block| block.uuid.clone());
    let sources = uuids.map(|uuid| (uuid, source(None))).collect();
    let mut wanted = input(pipeline, &sources);
    let mut older = BTreeMap::new();
    if let Some((block, run)) = only {
        wanted.selection = Selection::Blocks {
            uuids: vec![block.into()],
            upstream: false,
            downstream: false,
        };
        for one in &pipeline.blocks {
            older.insert(one.uuid.clone(), OlderOutput::single(RunId(run)));
        }
    }
    wanted.inputs = &older;
    wanted.variables.clone_from(&pipeline.variables);
    let mut plan = plan(&wanted).unwrap();
    plan.variables.clone_from(&pipeline.variables);
    plan
}

type Facts<'a> = BTreeMap<BlockUuid, Known<'a>>;

/// Every block completed in run 1, with the code it has now.
fn all_in<'a>(pipeline: &Pipeline, plan: &'a Plan) -> Facts<'a> {
    let known = Known {
        code: Some("c0de".into()),
        text: "kwargs['late']",
        completed: Some((RunId(1), plan)),
        failed: None,
    };
    let uuids = pipeline.blocks.iter().map(|block| block.uuid.clone());
    uuids.map(|uuid| (uuid, known.clone())).collect()
}

fn of<'f, 'a>(facts: &'f mut Facts<'a>, block: &str) -> &'f mut Known<'a> {
    facts.get_mut(&BlockUuid::from(block)).unwrap()
}

fn check(pipeline: &Pipeline, facts: &Facts<'_>, expected: &[(&str, Stale)]) {
    let expected: BTreeMap<BlockUuid, Vec<Stale>> = expected
        .iter()
        .map(|(block, reason)| ((*block).into(), vec![reason.clone()]))
        .collect();
    assert_eq!(stale(pipeline, facts), expected);
}

fn upstream_stale(block: &str) -> Stale {
    Stale::UpstreamStale {
        block: block.into(),
    }
}

#[test]
fn nothing_is_stale_after_a_run() {
    let pipeline = example();
    let plan = planned(&pipeline, None);
    check(&pipeline, &all_in(&pipeline, &plan), &[]);
    check(&pipeline, &BTreeMap::new(), &[]);
}

#[test]
fn changed_code_makes_everything_below_stale() {
    let pipeline = example();
    let plan = planned(&pipeline, None);
    let mut facts = all_in(&pipeline, &plan);
    of(&mut facts, "load").code = Some("0ther".into());
    let expected = [
        ("load", Stale::Code),
        ("clean", upstream_stale("load")),
        ("save", upstream_stale("clean")),
    ];
    check(&pipeline, &facts, &expected);
}

#[test]
fn a_block_that_ran_again_makes_its_readers_stale() {
    let pipeline = example();
    let (whole, alone) = (
        planned(&pipeline, None),
        planned(&pipeline, Some(("load", 1))),
    );
    let mut facts = all_in(&pipeline, &whole);
    of(&mut facts, "load").completed = Some((RunId(2), &alone));
    let again = Stale::Upstream {
        block: "load".into(),
    };
    let expected = [("clean", again), ("save", upstream_stale("clean"))];
    check(&pipeline, &facts, &expected);
    // The reader ran again too, with what the other one gave.
    let reader = planned(&pipeline, Some(("clean", 2)));
    of(&mut facts, "clean").completed = Some((RunId(3), &reader));
    let again = Stale::Upstream {
        block: "clean".into(),
    };
    check(&pipeline, &facts, &[("save", again)]);
}

#[test]
fn a_failed_block_makes_its_readers_stale() {
    let pipeline = example();
    let plan = planned(&pipeline, None);
    let mut facts = all_in(&pipeline, &plan);
    of(&mut facts, "clean").failed = Some(RunId(2));
    let failed = Stale::UpstreamFailed {
        block: "clean".into(),
    };
    check(&pipeline, &facts, &[("save", failed)]);
}

#[test]
fn a_changed_variable_counts_where_it_is_named() {
    let mut pipeline = example();
    let plan = planned(&pipeline, None);
    let mut facts = all_in(&pipeline, &plan);
    for block in ["load", "clean", "save"] {
        of(&mut facts, block).text = "nothing of it";
    }
    pipeline.variables.insert("late".to_owned(), json!(30));
    pipeline.variables.insert("new".to_owned(), json!(1));
    let late = Stale::Variable {
        name: "late".to_owned(),
    };
    check(&pipeline, &facts, &[("other", late.clone())]);
    pipeline.variables.remove("late");
    check(&pipeline, &facts, &[("other", late)]);
}

#[test]
fn other_inputs_and_settings_count() {
    let mut pipeline = example();
    let plan = planned(&pipeline, None);
    let facts = all_in(&pipeline, &plan);
    pipeline.blocks[2].upstream = vec!["load".into()];
    pipeline.blocks[3]
        .configuration
        .insert("a".to_owned(), json!(1));
    let expected = [("save", Stale::Inputs), ("other", Stale::Settings)];
    check(&pipeline, &facts, &expected);
}
