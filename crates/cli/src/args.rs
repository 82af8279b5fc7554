//! The command line as people type it. What the words mean is decided in `commands`.

mod backup;
mod mage;
mod new;
mod start;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use backup::{BackupArgs, RestoreArgs};
pub(crate) use mage::{MageCleanArgs, MageCli, MageCommand, MageInitArgs, MageRunArgs};
pub(crate) use new::{
    CleanArgs, KindChoice, LanguageChoice, NewArgs, NewBlockArgs, NewCommand, NewPipelineArgs,
    PipelineChoice, TemplatesArgs,
};
pub(crate) use start::{RoleChoice, StartArgs};

/// Run data pipelines from a project folder.
#[derive(Debug, Parser)]
#[command(
    name = "baton",
    version,
    about = "Runs data pipelines of Python blocks: opens a Mage project folder and runs it unmodified.",
    after_help = "Start here:\n  baton init my_project\n  baton run my_project example_pipeline\n\n\
        State (runs, logs, data products, environments) lives in $BATON_HOME, never in the project.",
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a project with a small pipeline that runs
    Init(InitArgs),
    /// Make a pipeline, or a block from a template
    New(NewArgs),
    /// Run a pipeline, or some of its blocks
    Run(Box<RunArgs>),
    /// Serve a project: its triggers, its runs, its API
    Start(StartArgs),
    /// List the runs of a project
    Runs(RunsArgs),
    /// Show what a run's blocks printed and logged
    Logs(LogsArgs),
    /// Say why a run is as it is, or why a trigger makes none
    Why(WhyArgs),
    /// Show or export what a block produced
    Output(OutputArgs),
    /// Set, list and remove the secrets that blocks may read
    Secret(SecretArgs),
    /// Check a whole project without running anything
    Check(CheckArgs),
    /// Delete old runs, with their logs and products
    Clean(CleanArgs),
    /// Back up what is kept of a project into one file
    Backup(BackupArgs),
    /// Restore what `baton backup` has kept
    Restore(RestoreArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Keep a shell of `baton start`
    #[command(hide = true)]
    KeepTerminal(KeepTerminalArgs),
}

#[derive(Debug, Args)]
pub(crate) struct KeepTerminalArgs {
    /// Become the shell
    #[arg(long)]
    pub(crate) enter: bool,
    pub(crate) shell: OsString,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder to make the project in
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton run my_project daily\n  \
    baton run my_project daily --var region=eu --var limit=100\n  \
    baton run my_project daily --block clean --downstream   from `clean` on, with the newest inputs\n  \
    baton run my_project daily --block clean --block join   these two\n  \
    baton run my_project --resume 12                        go on with run 12\n\n\
    Exit codes: 0 completed, 1 failed, 2 wrong use, 3 not allowed, 4 conflict, 5 may pass,\n\
    6 needs a person, 70 a bug, 130 cancelled.")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct RunArgs {
    /// The project's folder
    #[arg(
        required_unless_present = "resume",
        default_value_if("resume", clap::builder::ArgPredicate::IsPresent, ".")
    )]
    pub(crate) project: Option<PathBuf>,
    /// The pipeline's name
    #[arg(required_unless_present = "resume")]
    pub(crate) pipeline: Option<String>,
    /// Environment that blocks see; `prod` gives them the arguments of a triggered run
    #[arg(long, env = "ENV", default_value = "dev", hide_env_values = true)]
    pub(crate) env: String,
    /// Set a variable; the value is read as JSON where it is JSON, else as text
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Set variables from a JSON object
    #[arg(long = "vars", value_name = "JSON", alias = "runtime-vars")]
    pub(crate) variables_json: Option<String>,
    /// Run only this block, or these where it is repeated; inputs come from the newest completed run
    #[arg(long = "block", value_name = "UUID")]
    pub(crate) blocks: Vec<String>,
    /// With --block: also every block above
    #[arg(long, requires = "blocks", conflicts_with = "downstream")]
    pub(crate) upstream: bool,
    /// With --block: also every block below
    #[arg(long, requires = "blocks")]
    pub(crate) downstream: bool,
    /// With --block: take the inputs from this run
    #[arg(long, value_name = "RUN", requires = "blocks")]
    pub(crate) from_run: Option<i64>,
    /// Go on with a run that was interrupted, failed or cancelled, without repeating what is done
    #[arg(long, value_name = "RUN", conflicts_with_all = ["blocks", "variables", "variables_json"])]
    pub(crate) resume: Option<i64>,
    /// Run as if this trigger of the pipeline had started it: with its variables and settings
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    pub(crate) trigger: Option<String>,
    /// Logical date of the run, such as 2024-05-01 or 2024-05-01T06:00:00; UTC unless it says otherwise [default: now,
    /// or the newest date of the trigger's schedule]
    #[arg(long, value_name = "ISO", conflicts_with = "resume")]
    pub(crate) execution_date: Option<String>,
    /// What the event that starts the run says: a JSON object, which blocks get as `kwargs['event']`
    #[arg(long, value_name = "JSON", conflicts_with = "resume")]
    pub(crate) event: Option<String>,
    /// A block of another run starts this one: what it is to do stands on standard input
    #[arg(long, hide = true, conflicts_with_all = ["resume", "trigger", "blocks", "event"])]
    pub(crate) started_by_run: bool,
    /// Do not run the blocks' @test functions
    #[arg(long)]
    pub(crate) no_tests: bool,
    /// Take sensors for satisfied
    #[arg(long)]
    pub(crate) skip_sensors: bool,
    /// Run all blocks in one process, one after the other; they share `kwargs['context']`
    #[arg(long, conflicts_with = "resume")]
    pub(crate) one_process: bool,
    /// Behave as `mage run`: no trigger, no conditionals, no callbacks, stop at the first failure
    #[arg(skip)]
    pub(crate) as_mage: bool,
    /// Print one JSON event per line; the last line is the summary
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not show what blocks print
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
}

/// How blocks are run on this machine.
#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// Use this interpreter, or `active` for the active virtual environment, instead of the project's own
    #[arg(
        long,
        value_name = "PATH|active",
        env = "BATON_PYTHON",
        hide_env_values = true
    )]
    pub(crate) python: Option<String>,
    /// Most blocks at a time [default: number of processors]
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<u32>,
    /// Private memory a block may use, such as 2GB [default: 90 % of the machine's]
    #[arg(
        long,
        value_name = "SIZE",
        env = "BATON_BLOCK_MEMORY",
        hide_env_values = true
    )]
    pub(crate) memory: Option<String>,
    /// Processors that runs may reserve with `resource_requests` [default: those of the machine]
    #[arg(long, value_name = "N")]
    pub(crate) cpus: Option<String>,
    /// Memory that runs may reserve with `resource_requests`, such as 12GB [default: that of the machine]
    #[arg(long, value_name = "SIZE")]
    pub(crate) total_memory: Option<String>,
    /// Keep block code away from Baton's state: where that costs nothing, always, or never
    #[arg(
        long,
        value_enum,
        default_value_t = IsolationChoice::Auto,
        env = "BATON_ISOLATION",
        hide_env_values = true
    )]
    pub(crate) isolation: IsolationChoice,
    /// How block processes are started
    #[arg(long, value_enum, env = "BATON_LAUNCH", hide = true)]
    pub(crate) launch: Option<LaunchChoice>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LaunchChoice {
    Fork,
    Spawn,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum IsolationChoice {
    Auto,
    On,
    Off,
}

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// Only runs of this pipeline
    #[arg(long)]
    pub(crate) pipeline: Option<String>,
    /// Most runs to list, newest first
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: u32,
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// Number of the run
    pub(crate) run: i64,
    /// Only this block
    pub(crate) block: Option<String>,
    /// Print the records as JSON, one per line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton why my_project 12\n  \
    baton why my_project --trigger nightly")]
pub(crate) struct WhyArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// Number of the run
    #[arg(required_unless_present = "trigger", conflicts_with = "trigger")]
    pub(crate) run: Option<i64>,
    /// Name of a trigger that makes no run
    #[arg(long, value_name = "NAME")]
    pub(crate) trigger: Option<String>,
    /// With --trigger: of this pipeline, where several have a trigger of that name
    #[arg(long, value_name = "UUID", requires = "trigger")]
    pub(crate) pipeline: Option<String>,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton output my_project daily clean\n  \
    baton output my_project daily clean --format parquet > clean.parquet\n  \
    baton output my_project daily clean --run 12 --offset 1000 --limit 20")]
pub(crate) struct OutputArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// The pipeline's name
    pub(crate) pipeline: String,
    /// The block
    pub(crate) block: String,
    /// Number of the run [default: the newest in which the block completed]
    #[arg(long)]
    pub(crate) run: Option<i64>,
    /// Which of several outputs, such as output_1
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = FormatChoice::Table)]
    pub(crate) format: FormatChoice,
    /// First row, counted from 0
    #[arg(long, default_value_t = 0)]
    pub(crate) offset: u64,
    /// Most rows [default: 20 as table, else all]
    #[arg(long)]
    pub(crate) limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatChoice {
    Table,
    Json,
    Csv,
    Parquet,
    Arrow,
    /// The bytes of an image, a text or an opaque object as they are
    Raw,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton secret my_project set api_token                    asks for the value\n  \
    printf %s \"$TOKEN\" | baton secret my_project set api_token --value-from-stdin\n  \
    baton secret my_project list\n\n\
    In a block: get_secret_value('api_token'). In io_config.yaml: \"{{ mage_secret_var('api_token') }}\".")]
pub(crate) struct SecretArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    #[command(subcommand)]
    pub(crate) command: SecretCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Store a secret, or replace its value
    Set {
        /// Its name
        name: String,
        /// Read the value from standard input, also from a terminal, until its end
        #[arg(long)]
        value_from_stdin: bool,
        /// Only for this pipeline: code asks for it with entity='pipeline'
        #[arg(long, value_name = "UUID")]
        pipeline: Option<String>,
    },
    /// Show the names; values are never shown
    List {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Remove a secret
    Remove {
        /// Its name
        name: String,
        /// The one of this pipeline
        #[arg(long, value_name = "UUID")]
        pipeline: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// Warnings count as errors
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print one JSON object per problem; the last line is the summary
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}
