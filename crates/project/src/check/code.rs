//! What the Python files of a pipeline's blocks say: syntax, decorated functions, inputs, profiles, data files.

use baton_model::{Block, BlockKind, Language, Pipeline, PipelineKind};

use super::{Context, Findings, graph};
use crate::imports::Source;
use crate::pipeline::PipelineFile;
use crate::problem::{Problem, Rule};
use crate::source::{DecoratedFunction, SourceFacts};

pub(super) fn check(context: &Context<'_>, file: &PipelineFile, findings: &mut Findings) {
    let pipeline = &file.pipeline;
    for (block, _) in file.entries() {
        let is_run = block.kind.runs()
            || matches!(
                block.kind,
                BlockKind::Callback | BlockKind::Conditional | BlockKind::Extension
            );
        if block.language != Language::Python || !is_run {
            continue;
        }
        let Some(found) = context
            .project
            .block_file(pipeline, block)
            .filter(|found| found.exists)
        else {
            continue;
        };
        let report = |rule: Rule, file: &str, message: String| {
            Problem::new(rule, file, message)
                .pipeline(&pipeline.uuid)
                .block(&block.uuid)
        };
        let source = context.sources.source(&found.path);
        let facts = match &*source {
            Source::Facts(facts) => facts,
            Source::Unreadable => {
                findings.problems.push(
                    report(
                        Rule::UnreadableFile,
                        &found.path,
                        "the file cannot be read as UTF-8 text".to_owned(),
                    )
                    .hint("save the file as UTF-8, and check its permissions"),
                );
                continue;
            }
            Source::Missing => continue,
        };
        for path in
            std::iter::once(found.path.clone()).chain(context.sources.closure(&found.path).files)
        {
            let source = context.sources.source(&path);
            let Source::Facts(facts) = &*source else {
                continue;
            };
            findings.mentions.extend(facts.mentions.iter().cloned());
            if let Some(error) = &facts.syntax_error {
                let mut problem =
                    report(Rule::PythonSyntax, &path, error.message.clone()).at(error.mark);
                if path != found.path {
                    problem = problem.hint(format!("`{}` imports this file", found.path));
                }
                findings.problems.push(problem);
            }
        }
        if !facts.is_unknown && facts.syntax_error.is_none() {
            function(pipeline, block, &found.path, facts, findings, report);
        }
        if !facts.profiles.is_empty() {
            providers(facts, findings);
        }
        for used in &facts.profiles {
            let Some(profile) = &used.profile else {
                findings.uses_any_profile = true;
                continue;
            };
            findings.used_profiles.insert(profile.clone());
            if let Some((message, hint)) = graph::unknown_profile(context, profile) {
                let problem = report(Rule::UnknownProfile, &found.path, message);
                findings.problems.push(problem.at(used.mark).hint(hint));
            }
        }
        for used in &facts.files_read {
            findings.reads.push((
                found.path.clone(),
                used.clone(),
                pipeline.uuid.clone(),
                block.uuid.clone(),
            ));
        }
    }
}

/// The clients of `mage_ai.io` that a file with a profile imports. One that imports none reads the keys itself.
fn providers(facts: &SourceFacts, findings: &mut Findings) {
    let modules = facts
        .imports
        .iter()
        .filter_map(|module| module.strip_prefix("mage_ai.io."));
    let clients: Vec<String> = modules
        .filter(|module| *module != "config")
        .map(str::to_owned)
        .collect();
    findings.uses_any_provider |= clients.is_empty();
    findings.used_providers.extend(clients);
}

/// The decorators that make a function the block's; none for kinds whose files are not looked at.
fn collectors(kind: &BlockKind) -> &'static [&'static str] {
    match kind {
        BlockKind::Callback => &["callback", "on_success", "on_failure"],
        BlockKind::Conditional => &["condition"],
        BlockKind::Custom => &["custom"],
        BlockKind::DataExporter => &["data_exporter"],
        BlockKind::DataLoader => &["data_loader"],
        BlockKind::Extension => &["extension"],
        BlockKind::Sensor => &["sensor"],
        BlockKind::Transformer => &["transformer"],
        _ => &[],
    }
}

/// The block must have a function, and the function must take the block's inputs.
fn function(
    pipeline: &Pipeline,
    block: &Block,
    path: &str,
    facts: &SourceFacts,
    findings: &mut Findings,
    report: impl Fn(Rule, &str, String) -> Problem,
) {
    let collectors = collectors(&block.kind);
    if collectors.is_empty() {
        return;
    }
    let collects = |name: &String| collectors.contains(&name.as_str());
    if !facts.decorators.iter().any(collects) {
        // Sources and destinations of streaming and integration pipelines have decorators of their own.
        let is_other_kind_of_source = pipeline.kind != PipelineKind::Python
            && facts
                .decorators
                .iter()
                .any(|name| name.starts_with("streaming_") || name.starts_with("data_integration"));
        let is_integration = facts
            .decorators
            .iter()
            .any(|name| name.starts_with("data_integration"));
        if is_other_kind_of_source || is_integration {
            return;
        }
        let wanted = collectors[0];
        let other = facts
            .decorators
            .iter()
            .find(|name| BlockKind::KNOWN.iter().any(|(_, known, _)| known == name));
        let hint = match other {
            Some(other) => format!(
                "the file has `@{other}`, and the block's type is `{}`: change one of the two",
                block.kind.name()
            ),
            None => format!("put `@{wanted}` above the function that is the block"),
        };
        let message = format!("no function is decorated with `@{wanted}`");
        findings
            .problems
            .push(report(Rule::NoBlockFunction, path, message).hint(hint));
        return;
    }
    let has_inputs_of_its_own = matches!(
        block.kind,
        BlockKind::Callback | BlockKind::Conditional | BlockKind::Extension | BlockKind::Sensor
    );
    if has_inputs_of_its_own
        || matches!(
            pipeline.kind,
            PipelineKind::Streaming | PipelineKind::Integration
        )
    {
        return;
    }
    let Some(function) = block_function(facts, collectors) else {
        return;
    };
    let is_certain = block
        .upstream
        .iter()
        .filter_map(|uuid| pipeline.block(uuid))
        .all(|above| above.kind.runs() && above.language != Language::Yaml);
    let inputs = block.upstream.len();
    let too_few = function.required > inputs;
    let too_many = function.positional < inputs && !function.has_var_args;
    if !is_certain || !(too_few || too_many) {
        return;
    }
    let message = format!(
        "the function `{}` takes {}, and the block has {}",
        function.name,
        if too_few && function.positional > function.required {
            format!("at least {}", inputs_text(function.required))
        } else {
            inputs_text(if too_few {
                function.required
            } else {
                function.positional
            })
        },
        match inputs {
            0 => "no upstream block".to_owned(),
            1 => "1 upstream block".to_owned(),
            more => format!("{more} upstream blocks"),
        },
    );
    let hint = if too_few {
        "connect the missing upstream blocks, or remove the parameters"
    } else {
        "add a parameter for every upstream block, or `*args`"
    };
    findings.problems.push(
        report(Rule::WrongInputs, path, message)
            .at(function.mark)
            .hint(hint),
    );
}

fn inputs_text(count: usize) -> String {
    match count {
        0 => "no input".to_owned(),
        1 => "1 input".to_owned(),
        more => format!("{more} inputs"),
    }
}

/// The function that is the block, if that is certain and its parameters are the ones that are called.
fn block_function<'a>(
    facts: &'a SourceFacts,
    collectors: &[&str],
) -> Option<&'a DecoratedFunction> {
    let is_collector = |name: &String| collectors.contains(&name.as_str());
    let mut functions = facts
        .functions
        .iter()
        .filter(|function| function.decorators.iter().any(is_collector));
    let first = functions.next()?;
    // Under a condition, or beside one that is, nobody knows which function comes first.
    let is_certain = first.is_top_level && functions.all(|function| function.is_top_level);
    // A decorator below the collector wraps the function, and may take other arguments.
    let is_bare = first.decorators.last().is_some_and(is_collector);
    (is_certain && is_bare).then_some(first)
}
