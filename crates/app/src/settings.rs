//! What the process's environment says. Every variable that Baton reads is named here, in `host::telemetry::config`, in clap's
//! definitions (`ENV`, `BATON_PYTHON`, `BATON_BLOCK_MEMORY`, `BATON_ISOLATION`, `BATON_LAUNCH`, `BATON_ROLE`), in `terminal` (`NO_COLOR`, `TERM`), in `host::terminals` (`SHELL`, `PATH`), or in the command
//! `start` (`BATON_LOG`, `BATON_LOG_FORMAT`).

use std::env;
use std::path::PathBuf;

use baton_base::{Home, HomeError};

/// The folder of Baton's state: `BATON_HOME`, else the platform's data folder.
pub fn home() -> Result<Home, HomeError> {
    Home::find(
        env::var_os("BATON_HOME")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from),
    )
}

/// Where the runs of projects are, when they are not in Baton's own folder: `BATON_DATABASE_URL`. Blocks do not get it.
pub fn database_url() -> Option<String> {
    variable(DATABASE_URL).filter(|url| !url.is_empty())
}

/// The variable of [`database_url`].
pub const DATABASE_URL: &str = "BATON_DATABASE_URL";

/// A variable of the process's environment, for those who read what the user's project or tools name.
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
