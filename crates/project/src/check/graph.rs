//! What a pipeline's file says about its blocks: types, connections, files, profiles.

use std::collections::HashSet;

use baton_model::{Block, BlockKind, BlockUuid, Language, Pipeline, PipelineKind};
use serde_json::Value;

use super::{Context, Findings};
use crate::blockfile;
use crate::pipeline::{PipelineFile, Places};
use crate::problem::{Problem, Rule};
use crate::yaml::Mark;

/// Profiles that a hint names.
const MAX_NAMES: usize = 8;

pub(super) fn check(context: &Context<'_>, file: &PipelineFile, findings: &mut Findings) {
    let pipeline = &file.pipeline;
    let path = context.project.pipeline_path(&pipeline.uuid);
    let known: HashSet<&str> = pipeline
        .blocks
        .iter()
        .map(|block| block.uuid.as_str())
        .collect();
    for (block, places) in file.entries() {
        let report = |rule: Rule, mark: Mark, message: String| {
            Problem::new(rule, &path, message)
                .at(mark)
                .pipeline(&pipeline.uuid)
                .block(&block.uuid)
        };
        if let BlockKind::Other(name) = &block.kind
            && !name.is_empty()
        {
            findings.problems.push(
                report(
                    Rule::UnknownBlockType,
                    places.kind,
                    format!("the block type `{name}` is not known"),
                )
                .hint("the block is kept, and cannot run"),
            );
        }
        if let Language::Other(name) = &block.language {
            findings.problems.push(
                report(
                    Rule::UnknownLanguage,
                    places.language,
                    format!("the language `{name}` is not known"),
                )
                .hint("use python, sql, r, yaml or markdown"),
            );
        }
        for (name, mark) in &places.upstream {
            if !known.contains(name.as_str()) {
                findings.problems.push(
                    report(
                        Rule::UnknownUpstream,
                        *mark,
                        format!("the pipeline has no block `{name}`; the connection is ignored"),
                    )
                    .hint("remove the name from `upstream_blocks`, or add the block"),
                );
            }
        }
        if let Some(above) = idle_upstream(pipeline, block) {
            let mark = place_of(places, &above.uuid);
            findings.problems.push(
                report(
                    Rule::IdleUpstream,
                    mark,
                    format!(
                        "the block waits for `{}`, and a {} block never runs",
                        above.uuid,
                        above.kind.name().replace('_', " ")
                    ),
                )
                .hint("remove it from `upstream_blocks`"),
            );
        }
        if let Some(original) = &block.replicated
            && blockfile::original(pipeline, block).is_none()
        {
            findings.problems.push(
                report(
                    Rule::UnknownOriginal,
                    places.original,
                    format!("the pipeline has no block `{original}` to replicate"),
                )
                .hint("correct `replicated_block`"),
            );
        } else if needs_file(pipeline, block)
            && let Some(found) = context.project.block_file(pipeline, block)
            && !found.exists
        {
            findings.problems.push(
                report(
                    Rule::MissingFile,
                    places.entry,
                    format!("the block's file `{}` is missing", found.path),
                )
                .hint("restore the file, or remove the block from the pipeline"),
            );
        }
        if block.kind == BlockKind::GlobalDataProduct
            && let Some(message) = unknown_product(context, block)
        {
            findings.problems.push(
                report(Rule::UnknownProduct, places.entry, message).hint(
                    "correct `configuration.global_data_product.uuid`, or declare the product",
                ),
            );
        }
        profile(context, block, places, findings, report);
    }
}

/// Why a block has no global data product to hand out.
fn unknown_product(context: &Context<'_>, block: &Block) -> Option<String> {
    let uuid = block.configuration.get("global_data_product");
    let uuid = uuid.and_then(|settings| settings.get("uuid")?.as_str());
    let Some(uuid) = uuid else {
        return Some("the block names no global data product".to_owned());
    };
    let products = context.project.global_data_products();
    products
        .get(uuid)
        .is_none()
        .then(|| format!("`global_data_products.yaml` has no product `{uuid}`"))
}

/// The first upstream block that never runs, of a block that does.
fn idle_upstream<'a>(pipeline: &'a Pipeline, block: &Block) -> Option<&'a Block> {
    if !block.kind.runs() || pipeline.kind == PipelineKind::Streaming {
        return None;
    }
    block
        .upstream
        .iter()
        .filter_map(|uuid| pipeline.block(uuid))
        .find(|above| !above.kind.runs())
}

fn place_of(places: &Places, uuid: &BlockUuid) -> Mark {
    places
        .upstream
        .iter()
        .find(|(name, _)| name == uuid.as_str())
        .map_or(places.entry, |(_, mark)| *mark)
}

/// Whether a run needs the block's file. Prose, scratch code and charts are not run; a dbt command may stand in
/// the block's configuration; nobody knows what an unknown kind of block needs.
fn needs_file(pipeline: &Pipeline, block: &Block) -> bool {
    let original = blockfile::original(pipeline, block).unwrap_or(block);
    !matches!(
        (&original.kind, &original.language),
        (_, Language::Other(_))
            | (BlockKind::Dbt, Language::Yaml)
            | (
                BlockKind::Chart
                    | BlockKind::GlobalDataProduct
                    | BlockKind::Hook
                    | BlockKind::Markdown
                    | BlockKind::Other(_)
                    | BlockKind::Scratchpad,
                _
            )
    )
}

/// The profile of a SQL block.
fn profile(
    context: &Context<'_>,
    block: &Block,
    places: &Places,
    findings: &mut Findings,
    report: impl Fn(Rule, Mark, String) -> Problem,
) {
    if block.language != Language::Sql || block.kind == BlockKind::Dbt || !block.kind.runs() {
        return;
    }
    let name = block
        .configuration
        .get("data_provider_profile")
        .and_then(Value::as_str);
    // A template in it is rendered by the worker.
    let Some(name) = name.filter(|name| !name.is_empty() && !name.contains("{{")) else {
        findings.uses_any_profile |= name.is_some();
        return;
    };
    findings.used_profiles.insert(name.to_owned());
    let provider = block
        .configuration
        .get("data_provider")
        .and_then(Value::as_str);
    findings.used_providers.extend(provider.map(str::to_owned));
    if let Some((message, hint)) = unknown_profile(context, name) {
        findings
            .problems
            .push(report(Rule::UnknownProfile, places.profile, message).hint(hint));
    }
}

/// Message and hint, if there is no profile `name`.
pub(super) fn unknown_profile(context: &Context<'_>, name: &str) -> Option<(String, String)> {
    let profiles = &context.profiles;
    // Nothing can be said of a file that cannot be read.
    if profiles.is_broken() || profiles.get(name).is_some() {
        return None;
    }
    if !profiles.exists {
        let message =
            format!("the profile `{name}` is asked for, and the project has no io_config.yaml");
        return Some((message, "add the file".to_owned()));
    }
    let names: Vec<&str> = profiles
        .profiles
        .iter()
        .take(MAX_NAMES)
        .map(|profile| profile.name.as_str())
        .collect();
    let hint = match names.as_slice() {
        [] => "add the profile to io_config.yaml".to_owned(),
        names => format!("add it, or use one of: {}", names.join(", ")),
    };
    Some((format!("io_config.yaml has no profile `{name}`"), hint))
}
