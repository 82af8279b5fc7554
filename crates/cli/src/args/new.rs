//! The command line of `baton new` and `baton clean`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton new pipeline my_project \"Daily sales\" --tag finance\n  \
    baton new block my_project daily_sales \"Load orders\" --type data_loader --template file\n  \
    baton new block my_project daily_sales clean --type transformer --upstream load_orders\n  \
    baton new templates my_project\n\n\
    Ids are made of the names as in Mage: \"Load orders\" becomes load_orders. Files that exist are kept.")]
pub(crate) struct NewArgs {
    #[command(subcommand)]
    pub(crate) command: NewCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NewCommand {
    /// Make a pipeline without blocks
    Pipeline(NewPipelineArgs),
    /// Make a block: its file, from a template, and its entry in the pipeline
    Block(Box<NewBlockArgs>),
    /// List the templates of blocks
    #[command(visible_alias = "list-templates")]
    Templates(TemplatesArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NewPipelineArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// Name of the pipeline
    pub(crate) name: String,
    /// How its blocks are driven
    #[arg(long = "type", value_enum, default_value_t = PipelineChoice::Python)]
    pub(crate) kind: PipelineChoice,
    /// What it is for
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// A label; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PipelineChoice {
    Python,
    Integration,
    Streaming,
}

#[derive(Debug, Args)]
pub(crate) struct NewBlockArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// The pipeline that gets the block
    pub(crate) pipeline: String,
    /// Name of the block; with `/` its file lies in folders
    pub(crate) name: String,
    /// What it is for
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub(crate) kind: Option<KindChoice>,
    /// Language of its file [default: python]
    #[arg(long, value_enum)]
    pub(crate) language: Option<LanguageChoice>,
    /// Template of its file; `baton new templates` lists them [default: default]
    #[arg(long, value_name = "ID")]
    pub(crate) template: Option<String>,
    /// Blocks above it, in the order of its arguments; for a callback or a conditional, what it is attached to
    #[arg(long, value_name = "UUID,…", value_delimiter = ',')]
    pub(crate) upstream: Vec<String>,
    /// Blocks that get it as a further block above them
    #[arg(long, value_name = "UUID,…", value_delimiter = ',')]
    pub(crate) downstream: Vec<String>,
    /// Run the file of this block of the pipeline, under another name
    #[arg(long, value_name = "UUID", conflicts_with_all = ["kind", "language", "template"])]
    pub(crate) replicate: Option<String>,
    /// The blocks below run once for each item that it returns
    #[arg(long)]
    pub(crate) dynamic: bool,
    /// What is below gets the results of all its runs as one list
    #[arg(long)]
    pub(crate) reduce: bool,
    /// Colour of a custom block
    #[arg(long, value_parser = ["blue", "grey", "pink", "purple", "teal", "yellow"])]
    pub(crate) color: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum KindChoice {
    DataLoader,
    Transformer,
    DataExporter,
    Custom,
    Sensor,
    Conditional,
    Callback,
    Markdown,
    Scratchpad,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LanguageChoice {
    Python,
    Sql,
    R,
    Yaml,
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct TemplatesArgs {
    /// The project's folder: its own templates are listed too
    pub(crate) project: Option<PathBuf>,
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton clean my_project --older-than 90d --dry-run\n  \
    baton clean my_project --older-than 2w --pipeline daily\n\n\
    Kept in any case: runs that have not ended, the newest successful products of every block, and what a run\n\
    that can be resumed takes as input.")]
pub(crate) struct CleanArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// Age, such as 12h, 90d or 4w [default: what the project says in variables_retention_period, or with --logs in
    /// logging_config.retention_period; else 90d]
    #[arg(long, value_name = "AGE")]
    pub(crate) older_than: Option<String>,
    /// Only runs of this pipeline
    #[arg(long)]
    pub(crate) pipeline: Option<String>,
    /// Only delete logs; runs and products stay
    #[arg(long)]
    pub(crate) logs: bool,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
