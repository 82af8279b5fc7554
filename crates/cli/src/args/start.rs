//! The options of `baton start`.

use std::path::PathBuf;

use baton_app::DATABASE_URL;
use clap::{Args, ValueEnum};

use super::WorkerArgs;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton start my_project\n  \
    baton start my_project --port 7000\n  \
    BATON_DATABASE_URL=postgresql://baton@db/shop baton start my_project --role worker\n\n\
    The server listens on this machine only. Its address, with the token that opens it, is printed when it is ready;\n\
    programs find both in $BATON_HOME, in the folder of the project, in server.json.")]
pub(crate) struct StartArgs {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) project: PathBuf,
    /// Address to listen on; of this machine only
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Port to listen on; when it is taken, the next free one of a hundred. A scheduler and a worker listen on none
    #[arg(long, default_value_t = 6789)]
    pub(crate) port: u16,
    /// Most runs at a time; the others wait
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) open_runs: u32,
    /// Keep runs in this database instead of a file, `postgresql://USER:PASSWORD@HOST/DATABASE`; other processes of the
    /// project may use it, too
    #[arg(
        long,
        value_name = "URL",
        env = DATABASE_URL,
        hide_env_values = true
    )]
    pub(crate) database_url: Option<String>,
    /// What this process does, where several share a database
    #[arg(
        long,
        value_enum,
        env = "BATON_ROLE",
        hide_env_values = true,
        default_value = "all"
    )]
    pub(crate) role: RoleChoice,
    /// Seconds after which a process that is not heard of is taken for dead, where several share a database
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) lease: u64,
    /// No shell of the project in the pages
    #[arg(long)]
    pub(crate) no_terminal: bool,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
}

/// What a process of several does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleChoice {
    All,
    Scheduler,
    Worker,
    Web,
}
