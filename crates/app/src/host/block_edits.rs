//! What a request wants of a block, as edits of the pipeline's file and as files to write.

use baton_model::{BlockUuid, Map, PipelineUuid};
use baton_project::edit::{self, Edit};
use baton_project::{PipelineDocument, Problem, Project, ProjectPath};
use serde_json::Value;

use super::editing::{
    Shape, expect, of_edit, of_path, of_pipeline, says_nothing, text, texts, value,
};
use crate::failure::Failure;

/// The keys of a block that a request may set.
const KEYS: [(&str, Shape); 9] = [
    ("configuration", Shape::Map),
    ("retry_config", Shape::Map),
    ("executor_type", Shape::Text),
    ("executor_config", Shape::Map),
    ("timeout", Shape::Number),
    ("color", Shape::Text),
    ("groups", Shape::Texts),
    ("has_callback", Shape::Flag),
    ("priority", Shape::Number),
];

/// Edits of a pipeline's file, and files to write with them.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) edits: Vec<Edit>,
    pub(super) files: Vec<(ProjectPath, String)>,
}

impl Change {
    /// Writes everything. All edits are made before anything is written.
    pub(super) fn carry_out(self, project: &Project, uuid: &PipelineUuid) -> Result<(), Failure> {
        let file = ProjectPath::resolve(project.root(), &project.pipeline_path(uuid));
        let file = file.map_err(of_path)?;
        let before = file.read().map_err(of_path)?;
        let before = String::from_utf8(before)
            .map_err(|_| Failure::usage("the pipeline's file is not UTF-8", "save it as UTF-8"))?;
        let mut after = before.clone();
        for edit in &self.edits {
            after = edit::apply(&after, edit).map_err(of_edit)?;
        }
        if after != before {
            refuse_broken(project, uuid, &before, &after)?;
        }
        for (path, content) in &self.files {
            path.write(content.as_bytes()).map_err(of_path)?;
        }
        if after != before {
            file.write(after.as_bytes()).map_err(of_path)?;
        }
        Ok(())
    }
}

/// Refuses what would keep the pipeline from being planned. What was wrong before need not be put right first.
fn refuse_broken(
    project: &Project,
    uuid: &PipelineUuid,
    before: &str,
    after: &str,
) -> Result<(), Failure> {
    let errors = |text| {
        let mut problems = project.pipeline_of(uuid, text).problems;
        problems.retain(Problem::is_error);
        problems
    };
    let mut after = errors(after);
    if after.is_empty() {
        return Ok(());
    }
    let before = errors(before);
    after.retain(|problem| before.iter().all(|old| old.message != problem.message));
    match after.into_iter().next() {
        Some(problem) => Err(Failure::usage(
            format!("the pipeline could not run any more: {}", problem.message),
            problem
                .hint
                .unwrap_or_else(|| "correct the request".to_owned()),
        )),
        None => Ok(()),
    }
}

/// The entry of a block as the file has it.
pub(super) fn entry<'m>(keys: &'m Map, uuid: &BlockUuid) -> Option<&'m Map> {
    edit::BlockList::ALL
        .iter()
        .filter_map(|list| keys.get(list.key()).and_then(Value::as_array))
        .flatten()
        .filter_map(Value::as_object)
        .find(|entry| entry.get("uuid").and_then(Value::as_str) == Some(uuid.as_str()))
}

/// What a request wants of a block besides another name.
pub(super) fn of(
    project: &Project,
    document: &PipelineDocument,
    uuid: &BlockUuid,
    wanted: &Map,
) -> Result<Change, Failure> {
    let pipeline = &document.file.pipeline;
    let missing = || {
        Failure::missing(format!(
            "pipeline `{}` has no block `{uuid}`",
            pipeline.uuid
        ))
    };
    let entry = entry(&document.keys, uuid).ok_or_else(missing)?;
    let lists = [
        &pipeline.blocks,
        &pipeline.callbacks,
        &pipeline.conditionals,
        &pipeline.widgets,
    ];
    let mut blocks = lists.into_iter().flatten();
    let block = blocks
        .find(|block| &block.uuid == uuid)
        .ok_or_else(missing)?;
    let mut change = Change::default();
    for (key, shape) in KEYS {
        let Some(given) = wanted.get(key) else {
            continue;
        };
        let given = value(wanted, key, shape)?.unwrap_or(given);
        if entry.get(key) == Some(given) || !entry.contains_key(key) && says_nothing(key, given) {
            continue;
        }
        change.edits.push(Edit::SetBlockKey {
            uuid: uuid.clone(),
            path: vec![key.to_owned()],
            value: Some(given.clone()),
        });
    }
    if let Some(upstream) = texts(wanted, "upstream_blocks")? {
        let upstream: Vec<BlockUuid> = upstream.into_iter().map(BlockUuid::new).collect();
        if upstream != block.upstream {
            refuse_circle(pipeline, uuid, &upstream)?;
            change.edits.push(Edit::SetUpstream {
                uuid: uuid.clone(),
                upstream,
            });
        }
    }
    if let Some(index) = value(wanted, "position", Shape::Number)?.and_then(Value::as_u64) {
        let last = pipeline.blocks.len().saturating_sub(1);
        change.edits.push(Edit::MoveBlock {
            uuid: uuid.clone(),
            to_index: usize::try_from(index).unwrap_or(last).min(last),
        });
    }
    for (key, attached) in [
        ("callback_blocks", &pipeline.callbacks),
        ("conditional_blocks", &pipeline.conditionals),
    ] {
        let Some(named) = texts(wanted, key)? else {
            continue;
        };
        for other in attached {
            let is_wanted = named.iter().any(|name| name == other.uuid.as_str());
            let mut upstream = other.upstream.clone();
            upstream.retain(|name| name != uuid);
            if is_wanted {
                upstream.push(uuid.clone());
            }
            if is_wanted != other.upstream.contains(uuid) {
                change.edits.push(Edit::SetUpstream {
                    uuid: other.uuid.clone(),
                    upstream,
                });
            }
        }
    }
    if let Some(content) = text(wanted, "content")? {
        let file = project.block_file(pipeline, block).ok_or_else(|| {
            Failure::usage(
                format!("block `{uuid}` has no file, so it has no `content`"),
                "change its configuration",
            )
        })?;
        let path = ProjectPath::resolve(project.root(), &file.path).map_err(of_path)?;
        let now = if path.exists() {
            path.read().map_err(of_path)?
        } else {
            Vec::new()
        };
        expect(text(wanted, "revision")?, &now, "the block's file")?;
        if now != content.as_bytes() {
            change.files.push((path, content.to_owned()));
        }
    }
    Ok(change)
}

/// Refuses blocks above a block that are below it, too.
pub(super) fn refuse_circle(
    pipeline: &baton_model::Pipeline,
    uuid: &BlockUuid,
    upstream: &[BlockUuid],
) -> Result<(), Failure> {
    let mut waiting: Vec<&BlockUuid> = upstream.iter().collect();
    let mut seen = std::collections::HashSet::new();
    while let Some(next) = waiting.pop() {
        if next == uuid {
            return Err(Failure::usage(
                format!("`upstream_blocks` would make a circle through `{uuid}`"),
                "leave out one of the connections",
            ));
        }
        if seen.insert(next)
            && let Some(block) = pipeline.block(next)
        {
            waiting.extend(&block.upstream);
        }
    }
    Ok(())
}

/// The document of a pipeline.
pub(super) fn document(
    project: &Project,
    uuid: &PipelineUuid,
) -> Result<PipelineDocument, Failure> {
    project.pipeline_document(uuid).map_err(of_pipeline)
}
