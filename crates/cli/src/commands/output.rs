//! `baton output`: shows or exports what a block produced.

use std::io::{self, BufWriter, IsTerminal};
use std::process::ExitCode;

use baton_app::open_project;
use baton_model::{BlockRunKey, BlockUuid, PipelineUuid, Product, RunId};
use baton_products::{Export, Format, Products};
use baton_project::Project;

use super::state::State;
use crate::args::{FormatChoice, OutputArgs};
use crate::failure::{FAILED, Failure};
use crate::terminal::{self, Paint, tell};

/// Rows of a table when no limit is given.
const TABLE_ROWS: u64 = 20;

/// So many blocks are named to somebody who has named none of them.
const MOST_NAMES: usize = 20;

/// Writes the product to standard output.
pub(crate) fn run(args: &OutputArgs) -> Result<ExitCode, Failure> {
    let project = open_project(&args.project, Some(&args.pipeline))?;
    let state = State::of(project.root())?;
    let (run, found) = state.block_on(find(&state, &project, args))?;
    let product = choose(args, run, found)?;
    let products = Products::open(&state.home.products())?;
    let stdout = io::stdout();
    let is_terminal = stdout.is_terminal();
    let export = Export {
        format: match args.format {
            FormatChoice::Table => Format::Table,
            FormatChoice::Json => Format::Json,
            FormatChoice::Csv => Format::Csv,
            FormatChoice::Parquet => Format::Parquet,
            FormatChoice::Arrow => Format::Arrow,
            FormatChoice::Raw => Format::Raw,
        },
        offset: args.offset,
        limit: args
            .limit
            .or((args.format == FormatChoice::Table).then_some(TABLE_ROWS)),
        width: is_terminal.then(terminal::width),
        color: is_terminal && Paint::stdout().is_on(),
    };
    let mut out = BufWriter::with_capacity(1 << 16, stdout);
    match products.write(&product, &export, &mut out) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // The reader has seen enough, as `head` does.
        Err(error) if error.io_kind() == Some(io::ErrorKind::BrokenPipe) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error.into()),
    }
}

/// The products of the block in the run asked for, else in the newest run in which it completed.
async fn find(
    state: &State,
    project: &Project,
    args: &OutputArgs,
) -> Result<(RunId, Vec<Product>), Failure> {
    let pipeline = PipelineUuid::from(args.pipeline.as_str());
    let block = &args.block;
    let (run, key) = match args.run {
        Some(id) => {
            let run = state.run(RunId(id)).await?;
            if run.plan.pipeline != pipeline {
                return Err(Failure::usage(
                    format!(
                        "run {id} is a run of `{}`, not of `{pipeline}`",
                        run.plan.pipeline
                    ),
                    format!("`baton runs PROJECT --pipeline {pipeline}` lists its runs"),
                ));
            }
            let mut blocks = run.blocks.iter();
            let named = blocks.find(|one| one.name == *block);
            let key = match named {
                Some(one) => one.key.clone(),
                None if run.plan.blocks.iter().any(|one| one.uuid.as_str() == block) => {
                    BlockRunKey::declared(BlockUuid::from(block.as_str()))
                }
                None => {
                    let known = run.plan.blocks.iter().map(|one| &one.uuid);
                    return Err(no_block(&format!("run {id}"), block, known));
                }
            };
            (run.id, key)
        }
        None => match state.store.newest_output(&pipeline, block, None).await? {
            Some(found) => found,
            None => return Err(never_completed(project, &pipeline, args)?),
        },
    };
    let products = state.store.products(run, &key).await?;
    if products.is_empty()
        && key.child.is_none()
        && let Some(count) = state.store.older_output(run, &key.block).await?.children
    {
        return Err(Failure::usage(
            format!("block `{block}` ran {count} times in run {run}, once for each item"),
            format!("name one of its runs, for instance `{block}:0`"),
        ));
    }
    Ok((run, products))
}

/// Why no run has an output of a block.
fn never_completed(
    project: &Project,
    pipeline: &PipelineUuid,
    args: &OutputArgs,
) -> Result<Failure, Failure> {
    let block = args.block.as_str();
    let file = project.pipeline_file(pipeline)?;
    let declared = block
        .rsplit_once(':')
        .map_or(block, |(declared, _)| declared);
    let blocks = file.pipeline.blocks.iter().map(|one| &one.uuid);
    let is_known = |uuid: &BlockUuid| [block, declared].contains(&uuid.as_str());
    if !file.is_broken() && !blocks.clone().any(is_known) {
        return Ok(no_block(&format!("pipeline `{pipeline}`"), block, blocks));
    }
    Ok(Failure::usage(
        format!("block `{block}` of pipeline `{pipeline}` has not completed in any run"),
        format!("run it: `baton run {} {pipeline}`", args.project.display()),
    ))
}

/// That a pipeline or a run has other blocks.
fn no_block<'b>(place: &str, block: &str, known: impl Iterator<Item = &'b BlockUuid>) -> Failure {
    let known: Vec<String> = known.map(|uuid| format!("`{uuid}`")).collect();
    let shown = known.get(..MOST_NAMES).unwrap_or(&known).join(", ");
    let hint = match known.len() {
        0 => "it has none".to_owned(),
        count if count > MOST_NAMES => format!("it has {count}, such as {shown}"),
        _ => format!("it has {shown}"),
    };
    Failure::usage(format!("{place} has no block `{block}`"), hint)
}

/// The one output that is meant.
fn choose(args: &OutputArgs, run: RunId, found: Vec<Product>) -> Result<Product, Failure> {
    let names: Vec<String> = found.iter().map(|product| product.name.clone()).collect();
    let mut found = found.into_iter();
    if let Some(name) = &args.name {
        return found.find(|product| product.name == *name).ok_or_else(|| {
            let hint = match names.as_slice() {
                [] => "it produced nothing".to_owned(),
                names => format!("it has {}", names.join(", ")),
            };
            Failure::usage(
                format!("block `{}` has no output `{name}` in run {run}", args.block),
                hint,
            )
        });
    }
    let first = found.next().ok_or_else(|| {
        Failure::usage(
            format!("block `{}` produced nothing in run {run}", args.block),
            "a block that returns None has no output",
        )
        .with_exit(FAILED)
    })?;
    if let [_, rest @ ..] = names.as_slice()
        && !rest.is_empty()
    {
        let note = format!(
            "{} of {}; --name shows {}",
            first.name,
            names.len(),
            rest.join(", ")
        );
        tell(&Paint::stderr().dim(&note));
    }
    Ok(first)
}
