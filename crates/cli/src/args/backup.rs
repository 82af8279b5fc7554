//! Arguments of `baton backup` and `baton restore`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton backup my_project my_project-2026-11-21.tar\n\n\
    A server of the project goes on meanwhile. The file holds runs, data products, logs, triggers, secrets and their key:\n\
    keep it as safe as those. The project's own files are not in it; they belong into Git.")]
pub(crate) struct BackupArgs {
    /// The project's folder
    pub(crate) project: PathBuf,
    /// The file to make
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    baton restore my_project-2026-11-21.tar my_project\n\n\
    Everything is verified before anything is replaced. Runs that were open go on when the project is served again;\n\
    so do its triggers, also if the project that was backed up still runs elsewhere.")]
pub(crate) struct RestoreArgs {
    /// The file that `baton backup` has made
    pub(crate) file: PathBuf,
    /// The project's folder
    pub(crate) project: PathBuf,
    /// Replace the state that the project has
    #[arg(long)]
    pub(crate) force: bool,
}
