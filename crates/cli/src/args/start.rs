//! The options of `baton start`.

use std::path::PathBuf;

use clap::Args;

use super::WorkerArgs;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton start my_project\n  \
    baton start my_project --port 7000\n\n\
    The server listens on this machine only. Its address, with the token that opens it, is printed when it is ready;\n\
    programs find both in $BATON_HOME, in the folder of the project, in server.json.")]
pub(crate) struct StartArgs {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) project: PathBuf,
    /// Address to listen on; of this machine only
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Port to listen on; when it is taken, the next free one of a hundred
    #[arg(long, default_value_t = 6789)]
    pub(crate) port: u16,
    /// Most runs at a time; the others wait
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) open_runs: u32,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
}
