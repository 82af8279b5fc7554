//! The command line under the name `mage`: commands and options as Mage's users type them (spec 12.1).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "mage",
    version,
    about = "The commands of Mage, done by Baton. `baton --help` shows what else there is.",
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct MageCli {
    #[command(subcommand)]
    pub(crate) command: MageCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MageCommand {
    /// Make a project
    Init(MageInitArgs),
    /// Run a pipeline, all its blocks in one process
    Run(Box<MageRunArgs>),
    /// Delete old runs and what they produced
    CleanCachedVariables(MageCleanArgs),
    /// Delete the logs of old runs
    CleanOldLogs(MageCleanArgs),
    /// Start the server (not in this version)
    #[command(disable_help_flag = true)]
    Start(IgnoredArgs),
    /// Make a Spark cluster (not offered)
    #[command(disable_help_flag = true)]
    CreateSparkCluster(IgnoredArgs),
}

#[derive(Debug, Args)]
pub(crate) struct MageInitArgs {
    /// Folder to make the project in
    pub(crate) path: PathBuf,
    /// Type of the project: standalone, main or sub
    #[arg(long, value_parser = ["standalone", "main", "sub"])]
    pub(crate) project_type: Option<String>,
    /// Back end of the workspace manager; has no meaning here
    #[arg(long)]
    pub(crate) cluster_type: Option<String>,
    /// Id of the project
    #[arg(long)]
    pub(crate) project_uuid: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MageRunArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// The pipeline
    pub(crate) pipeline: String,
    /// Also run the blocks' @test functions
    #[arg(long)]
    pub(crate) test: bool,
    /// Run only this block
    #[arg(long)]
    pub(crate) block_uuid: Option<String>,
    /// Has no meaning here: every run has its own products
    #[arg(long)]
    pub(crate) execution_partition: Option<String>,
    /// Has no meaning here: blocks run on this machine
    #[arg(long)]
    pub(crate) executor_type: Option<String>,
    /// Has no meaning here: the exit code says how the run ended
    #[arg(long)]
    pub(crate) callback_url: Option<String>,
    /// Has no meaning here
    #[arg(long)]
    pub(crate) block_run_id: Option<i64>,
    /// Has no meaning here
    #[arg(long)]
    pub(crate) pipeline_run_id: Option<i64>,
    /// Variables, as a JSON object or as NAME=VALUE
    #[arg(long, value_name = "JSON")]
    pub(crate) runtime_vars: Vec<String>,
    /// Treat sensors as done
    #[arg(long)]
    pub(crate) skip_sensors: bool,
    /// Has no meaning here
    #[arg(long)]
    pub(crate) template_runtime_configuration: Option<String>,
    /// Baton's own: use this interpreter instead of the project's environment
    #[arg(
        long,
        value_name = "PATH|active",
        env = "BATON_PYTHON",
        hide_env_values = true
    )]
    pub(crate) python: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MageCleanArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// Only runs of this pipeline
    #[arg(long)]
    pub(crate) pipeline_uuid: Option<String>,
}

/// Whatever follows a command that is not offered.
#[derive(Debug, Args)]
pub(crate) struct IgnoredArgs {
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        hide = true,
        value_name = "…"
    )]
    pub(crate) _rest: Vec<String>,
}
