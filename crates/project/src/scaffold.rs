//! `baton init`: a new project, laid out as Mage users know it (spec 1.1), with an example that runs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use baton_base::files::{self, FileError};
use baton_base::{Class, Diagnose};

/// Making a project failed.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is a project already.
    #[error("make a project in `{}`: there is one already", path.display())]
    AlreadyAProject {
        /// The path that was given.
        path: PathBuf,
    },
    /// The path is a file.
    #[error("make a project in `{}`: it is a file", path.display())]
    NotAFolder {
        /// The path that was given.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("make a project")]
    File(#[from] FileError),
}

impl Diagnose for InitError {
    fn class(&self) -> Class {
        match self {
            Self::AlreadyAProject { .. } => Class::Conflict,
            Self::NotAFolder { .. } => Class::User,
            Self::File(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::AlreadyAProject { path } => Some(format!(
                "choose another folder, or look at this one with `baton check {}`",
                path.display()
            )),
            Self::NotAFolder { .. } => Some("choose another path".to_owned()),
            Self::File(error) => error.hint(),
        }
    }
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitReport {
    /// The project's folder.
    pub root: PathBuf,
    /// Files that were written, relative to the project, in the order of writing.
    pub written: Vec<String>,
    /// Files that were there before and were left as they are.
    pub kept: Vec<String>,
    /// The pipeline to try.
    pub pipeline: &'static str,
    /// The block of it whose product is worth a look.
    pub block: &'static str,
}

/// Folders of a project that are Python packages. The example's files go into some of them.
const PACKAGES: [&str; 14] = [
    "",
    "callbacks/",
    "charts/",
    "conditionals/",
    "custom/",
    "data_exporters/",
    "data_loaders/",
    "extensions/",
    "interactions/",
    "pipelines/",
    "scratchpads/",
    "sensors/",
    "transformers/",
    "utils/",
];

macro_rules! templates {
    ($($path:literal from $source:literal,)*) => {
        &[$(($path, include_str!(concat!("../templates/", $source))),)*]
    };
}

/// Files with content. `metadata.yaml` comes last: until it is there, the folder is no project.
const FILES: &[(&str, &str)] = templates! {
    ".gitignore" from "gitignore",
    "requirements.txt" from "requirements.txt",
    "io_config.yaml" from "io_config.yaml",
    "dbt/profiles.yml" from "dbt/profiles.yml",
    "data/orders.csv" from "data/orders.csv",
    "data_loaders/load_orders.py" from "data_loaders/load_orders.py",
    "transformers/daily_revenue.py" from "transformers/daily_revenue.py",
    "data_exporters/export_revenue.py" from "data_exporters/export_revenue.py",
    "pipelines/example_pipeline/metadata.yaml" from "pipelines/example_pipeline/metadata.yaml",
    "metadata.yaml" from "metadata.yaml",
};

/// The example pipeline, and the block in it that computes something.
const PIPELINE: &str = "example_pipeline";
const BLOCK: &str = "daily_revenue";

/// Makes a project in the folder at `path`, which is made too if it does not exist. `now` is the time that goes
/// into the files, in microseconds since 1970 (UTC). Files that are already there are kept.
pub fn init(path: &Path, now: i64) -> Result<InitReport, InitError> {
    if path.join("metadata.yaml").exists() {
        return Err(InitError::AlreadyAProject {
            path: path.to_owned(),
        });
    }
    if path.exists() && !path.is_dir() {
        return Err(InitError::NotAFolder {
            path: path.to_owned(),
        });
    }
    files::create_folder(path)?;
    let root = path
        .canonicalize()
        .map_err(|source| FileError::new("find", path, source))?;
    let mut report = InitReport {
        root,
        written: Vec::new(),
        kept: Vec::new(),
        pipeline: PIPELINE,
        block: BLOCK,
    };
    let packages = PACKAGES
        .iter()
        .copied()
        .chain(["pipelines/example_pipeline/"])
        .map(|folder| (format!("{folder}__init__.py"), String::new()));
    let files = FILES.iter().map(|(file, text)| {
        let text = text
            .replace("PROJECT_UUID", &new_uuid(now))
            .replace("CREATED_AT", &created_at(now));
        ((*file).to_owned(), text)
    });
    for (file, text) in packages.chain(files) {
        if write_new(&report.root.join(&file), &text)? {
            report.written.push(file);
        } else {
            report.kept.push(file);
        }
    }
    Ok(report)
}

/// Writes a file unless there is one. Says whether it did.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<bool, FileError> {
    if let Some(folder) = path.parent() {
        files::create_folder(folder)?;
    }
    let file = fs::File::options().write(true).create_new(true).open(path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(FileError::new("write", path, error)),
    }
}

/// 32 hex digits that no other project has.
fn new_uuid(now: i64) -> String {
    use std::hash::{BuildHasher, RandomState};
    // The keys of every `RandomState` come from the operating system's random numbers.
    let half = |salt: u8| RandomState::new().hash_one((now, salt, std::process::id()));
    format!("{:016x}{:016x}", half(0), half(1))
}

/// As Mage writes moments: `2026-11-21 13:39:20.123456+00:00`.
pub(crate) fn created_at(now: i64) -> String {
    chrono::DateTime::from_timestamp_micros(now)
        .unwrap_or_default()
        .format("%Y-%m-%d %H:%M:%S%.6f+00:00")
        .to_string()
}
