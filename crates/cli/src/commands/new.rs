//! `baton new`: pipelines and blocks from templates.

use std::path::Path;
use std::process::ExitCode;

use baton_model::{BlockKind, BlockUuid, Language};
use baton_project::{
    BlockRequest, BlockTemplate, NewPipeline, Project, block_templates, custom_block_templates,
    new_block, new_pipeline,
};
use serde_json::json;

use crate::args::{
    KindChoice, LanguageChoice, NewArgs, NewBlockArgs, NewCommand, NewPipelineArgs, PipelineChoice,
    TemplatesArgs,
};
use crate::failure::Failure;
use crate::terminal::{Paint, say, tell};
use baton_app::open_project;

/// Makes what was asked for.
pub(crate) fn run(args: &NewArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        NewCommand::Pipeline(args) => pipeline(args)?,
        NewCommand::Block(args) => block(args)?,
        NewCommand::Templates(args) => templates(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn pipeline(args: &NewPipelineArgs) -> Result<(), Failure> {
    let project = Project::open(&args.project)?;
    let new = NewPipeline {
        name: args.name.clone(),
        kind: match args.kind {
            PipelineChoice::Python => "python",
            PipelineChoice::Integration => "integration",
            PipelineChoice::Streaming => "streaming",
        }
        .to_owned(),
        description: args.description.clone(),
        tags: args.tags.clone(),
    };
    let uuid = new_pipeline(&project, &new, baton_base::now())?;
    let path = args.project.display();
    say(&format!(
        "Made the pipeline {} ({})",
        Paint::stdout().bold(uuid.as_str()),
        project.pipeline_path(&uuid)
    ));
    say("Give it a block:");
    say(&format!(
        "  baton new block {path} {uuid} NAME --type data_loader"
    ));
    Ok(())
}

fn block(args: &NewBlockArgs) -> Result<(), Failure> {
    let project = open_project(&args.project, Some(&args.pipeline))?;
    let request = BlockRequest {
        name: args.name.clone(),
        kind: args.kind.map(kind),
        language: args.language.map(language),
        template: args.template.clone(),
        upstream: uuids(&args.upstream),
        downstream: uuids(&args.downstream),
        replicate: args.replicate.as_deref().map(BlockUuid::from),
        dynamic: args.dynamic,
        reduce: args.reduce,
        color: args.color.clone(),
    };
    let made = new_block(&project, &args.pipeline.as_str().into(), &request)?;
    let paint = Paint::stdout();
    say(&format!(
        "Made the block {} in {}",
        paint.bold(made.uuid.as_str()),
        made.pipeline_file
    ));
    match &made.file {
        Some(file) if made.kept => tell(&paint_note(&format!(
            "{file} exists and is used as it is; nothing was written into it"
        ))),
        Some(file) => say(&format!("  {file}")),
        None => {}
    }
    Ok(())
}

fn paint_note(text: &str) -> String {
    Paint::stderr().yellow(&format!("note: {text}"))
}

fn uuids(names: &[String]) -> Vec<BlockUuid> {
    names
        .iter()
        .filter(|name| !name.is_empty())
        .map(|name| BlockUuid::from(name.as_str()))
        .collect()
}

fn kind(choice: KindChoice) -> BlockKind {
    match choice {
        KindChoice::DataLoader => BlockKind::DataLoader,
        KindChoice::Transformer => BlockKind::Transformer,
        KindChoice::DataExporter => BlockKind::DataExporter,
        KindChoice::Custom => BlockKind::Custom,
        KindChoice::Sensor => BlockKind::Sensor,
        KindChoice::Conditional => BlockKind::Conditional,
        KindChoice::Callback => BlockKind::Callback,
        KindChoice::Markdown => BlockKind::Markdown,
        KindChoice::Scratchpad => BlockKind::Scratchpad,
    }
}

fn language(choice: LanguageChoice) -> Language {
    match choice {
        LanguageChoice::Python => Language::Python,
        LanguageChoice::Sql => Language::Sql,
        LanguageChoice::R => Language::R,
        LanguageChoice::Yaml => Language::Yaml,
        LanguageChoice::Markdown => Language::Markdown,
    }
}

fn templates(args: &TemplatesArgs) -> Result<(), Failure> {
    let mut all = match &args.project {
        Some(path) => custom(path)?,
        None => Vec::new(),
    };
    all.extend(block_templates());
    if args.json {
        for template in &all {
            let line = json!({
                "id": template.id, "type": template.kind, "language": template.language,
                "title": template.title, "description": template.description, "custom": template.is_custom,
            });
            say(&line.to_string());
        }
        return Ok(());
    }
    let paint = Paint::stdout();
    let width = all.iter().map(|one| one.id.len()).max().unwrap_or(0);
    let mut group = String::new();
    for template in &all {
        let heading = if template.is_custom {
            "the project's own".to_owned()
        } else {
            template.kind.name().to_owned()
        };
        if heading != group {
            say(&paint.bold(&heading));
            group = heading;
        }
        let kind = if template.is_custom {
            format!(", {}", template.kind.name())
        } else {
            String::new()
        };
        say(&format!(
            "  {:width$}  {} {}",
            template.id,
            template.title,
            paint.dim(&format!("({}{kind})", template.language.name()))
        ));
    }
    Ok(())
}

fn custom(path: &Path) -> Result<Vec<BlockTemplate>, Failure> {
    let project = Project::open(path)?;
    let (templates, problems) = custom_block_templates(&project);
    for problem in problems {
        tell(&paint_note(&format!(
            "{}: {}",
            problem.place(),
            problem.message
        )));
    }
    Ok(templates)
}
