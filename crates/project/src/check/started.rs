//! What starts runs: triggers, hooks and forms. What they name must be there, and they must not start each other forever.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use baton_base::Diagnose;
use baton_model::{Map, PipelineUuid, PoolUse};
use serde_json::Value;

use super::{Context, Findings};
use crate::hooks;
use crate::interactions;
use crate::pipeline::PipelineFile;
use crate::problem::{Problem, Rule};
use crate::yaml::Mark;

/// A trigger that is on and waits for a pipeline.
pub(super) struct Wait {
    /// The pipeline it waits for.
    upstream: PipelineUuid,
    /// The pipeline it starts.
    pipeline: PipelineUuid,
    trigger: String,
    file: String,
    mark: Mark,
}

impl Context<'_> {
    /// The problem that a file names a pipeline that the project does not have.
    fn unknown_pipeline(
        &self,
        file: &str,
        mark: Mark,
        uuid: &PipelineUuid,
        message: String,
    ) -> Option<Problem> {
        match self.project.pipeline_file(uuid) {
            Ok(_) => None,
            Err(error) => {
                let mut problem = Problem::new(Rule::UnknownPipeline, file, message).at(mark);
                problem.hint = error.hint();
                Some(problem)
            }
        }
    }
}

/// The triggers of a pipeline, and that the pipelines they wait for exist.
pub(super) fn triggers(context: &Context<'_>, uuid: &PipelineUuid, findings: &mut Findings) {
    let read = context.project.triggers(uuid);
    findings.problems.extend(read.problems);
    let file = context.project.triggers_path(uuid);
    let declared = context.project.settings().raw.get("pools");
    let declared = declared.and_then(Value::as_object).cloned();
    let declared = declared.unwrap_or_default();
    for trigger in &read.triggers {
        for (used, mark) in trigger.rules.pools.iter().zip(&trigger.places.pools) {
            let problem = pool(&declared, &trigger.name, used);
            let problem = problem.map(|(message, hint)| {
                let problem = Problem::new(Rule::UnknownPool, &file, message);
                problem.at(*mark).pipeline(uuid).hint(hint)
            });
            findings.problems.extend(problem);
        }
        for (after, mark) in trigger.rules.after.iter().zip(&trigger.places.after) {
            let message = format!(
                "the trigger `{}` waits for the pipeline `{}`, which does not exist",
                trigger.name, after.pipeline
            );
            let problem = context.unknown_pipeline(&file, *mark, &after.pipeline, message);
            if let Some(problem) = problem {
                findings.problems.push(problem.pipeline(uuid));
            } else if trigger.is_active {
                findings.waits.push(Wait {
                    upstream: after.pipeline.clone(),
                    pipeline: uuid.clone(),
                    trigger: trigger.name.clone(),
                    file: file.clone(),
                    mark: *mark,
                });
            }
        }
    }
}

/// What is wrong with the places that a trigger takes in a pool, and what can be done.
fn pool(declared: &Map, trigger: &str, used: &PoolUse) -> Option<(String, &'static str)> {
    let pool = &used.pool;
    let Some(places) = declared.get(pool) else {
        let message = format!(
            "the trigger `{trigger}` takes places of the pool `{pool}`, which the project does not declare: it has one"
        );
        return Some((
            message,
            "declare it in `pools` of the project's `metadata.yaml`",
        ));
    };
    let places = places.as_u64()?;
    (u64::from(used.slots) > places).then(|| {
        let slots = used.slots;
        let message = format!(
            "the trigger `{trigger}` takes {slots} places of the pool `{pool}`, which has {places}: its runs never start"
        );
        (message, "take fewer places, or give the pool more")
    })
}

/// Pipelines whose triggers wait for each other start each other forever.
pub(super) fn circles(waits: &[Wait]) -> Vec<Problem> {
    let waits = circling(waits);
    let mut told: BTreeSet<Vec<&PipelineUuid>> = BTreeSet::new();
    let mut problems = Vec::new();
    for wait in &waits {
        let Some(mut circle) = way(&waits, &wait.pipeline, &wait.upstream) else {
            continue;
        };
        let mut members = circle.clone();
        members.sort();
        if !told.insert(members) {
            continue;
        }
        circle.push(&wait.pipeline);
        let names: Vec<&str> = circle.iter().map(|uuid| uuid.as_str()).collect();
        let message = format!(
            "the trigger `{}` makes pipelines start each other without end: {}",
            wait.trigger,
            names.join(" → ")
        );
        let problem = Problem::new(Rule::TriggerCycle, &wait.file, message).at(wait.mark);
        let problem = problem.pipeline(&wait.pipeline);
        problems.push(problem.hint("take one of these pipelines out of `settings.after`"));
    }
    problems
}

/// The waits without those that lead into no circle or come out of none, in an order of their own.
fn circling(waits: &[Wait]) -> Vec<&Wait> {
    let mut rest: Vec<&Wait> = waits.iter().collect();
    rest.sort_by_key(|wait| (&wait.pipeline, wait.mark));
    loop {
        let upstream: BTreeSet<_> = rest.iter().map(|wait| &wait.upstream).collect();
        let started: BTreeSet<_> = rest.iter().map(|wait| &wait.pipeline).collect();
        let before = rest.len();
        rest.retain(|wait| started.contains(&wait.upstream) && upstream.contains(&wait.pipeline));
        if rest.len() == before {
            return rest;
        }
    }
}

/// The shortest way from one pipeline down to another.
fn way<'w>(
    waits: &[&'w Wait],
    from: &'w PipelineUuid,
    to: &PipelineUuid,
) -> Option<Vec<&'w PipelineUuid>> {
    let mut above: BTreeMap<&PipelineUuid, Option<&PipelineUuid>> = BTreeMap::from([(from, None)]);
    let mut next = VecDeque::from([from]);
    while let Some(pipeline) = next.pop_front() {
        if pipeline == to {
            let mut way = vec![pipeline];
            while let Some(Some(parent)) = way.last().and_then(|last| above.get(last)) {
                way.push(*parent);
            }
            way.reverse();
            return Some(way);
        }
        for wait in waits.iter().filter(|wait| wait.upstream == *pipeline) {
            if !above.contains_key(&wait.pipeline) {
                above.insert(&wait.pipeline, Some(pipeline));
                next.push_back(&wait.pipeline);
            }
        }
    }
    None
}

/// The forms of a pipeline, and that its blocks and the forms exist.
pub(super) fn forms(context: &Context<'_>, file: &PipelineFile, findings: &mut Findings) {
    let pipeline = &file.pipeline;
    let read = context.project.pipeline_interactions(&pipeline.uuid);
    findings.problems.extend(read.problems);
    for form in &read.blocks {
        let message = if !file.entries().any(|(block, _)| block.uuid == form.block) {
            format!("the pipeline has no block `{}`", form.block)
        } else if context.project.interaction(&form.uuid).is_none() {
            format!("there is no file `interactions/{}`", form.uuid)
        } else {
            continue;
        };
        let path = interactions::path_of(&pipeline.uuid);
        let problem = Problem::new(Rule::BadSetting, &path, message).at(form.mark);
        findings.problems.push(problem.pipeline(&pipeline.uuid));
    }
}

/// `global_hooks.yaml` must be readable, and its hooks start pipelines that exist.
pub(super) fn global_hooks(context: &Context<'_>) -> Vec<Problem> {
    let read = context.project.global_hooks();
    let mut problems = read.problems;
    for hook in &read.hooks {
        if let Some(obstacle) = hook.obstacle() {
            let message = format!("the hook `{}` can never run: {obstacle}", hook.uuid);
            let problem = Problem::new(Rule::UnsupportedHook, hooks::FILE, message);
            problems.push(problem.at(hook.mark));
        }
        let Some(pipeline) = &hook.pipeline else {
            continue;
        };
        let message = format!(
            "the hook `{}` starts the pipeline `{pipeline}`, which does not exist",
            hook.uuid
        );
        problems.extend(context.unknown_pipeline(hooks::FILE, hook.mark, pipeline, message));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_told_once() {
        let check = |edges: &[(&str, &str)], expected: &[&str]| {
            let waits: Vec<Wait> = edges
                .iter()
                .map(|(upstream, pipeline)| Wait {
                    upstream: (*upstream).into(),
                    pipeline: (*pipeline).into(),
                    trigger: "t".to_owned(),
                    file: "f".to_owned(),
                    mark: Mark { line: 1, column: 1 },
                })
                .collect();
            let found = circles(&waits);
            let ways: Vec<&str> = found
                .iter()
                .filter_map(|problem| Some(problem.message.split_once(": ")?.1))
                .collect();
            assert_eq!(ways, expected, "{edges:?}");
        };
        check(&[], &[]);
        check(&[("a", "b"), ("b", "c"), ("a", "c")], &[]);
        check(&[("a", "a")], &["a → a"]);
        check(&[("a", "b"), ("b", "a")], &["a → b → a"]);
        check(
            &[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "d")],
            &["a → b → c → a", "d → d"],
        );
    }
}
