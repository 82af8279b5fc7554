//! The repository as the commands see it: its text files and what Cargo says about its packages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, bail};
use serde::Deserialize;

/// Folders that hold nothing anybody wrote.
const SKIPPED: &[&str] = &[
    ".git",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
    "dist",
    "generated",
    "node_modules",
    "output",
    "proptest-regressions",
    "results",
    "target",
];

/// The repository.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// Every text file by its path from the root, with `/` between the parts.
    pub(crate) files: BTreeMap<String, String>,
}

/// A package of Cargo's dependency graph.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// Where it comes from; none for a crate of ours.
    pub(crate) source: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as a package declares it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

impl Workspace {
    /// Opens the workspace that this program was built in.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let manifest = env::var("CARGO_MANIFEST_DIR").context("run this through `cargo xtask`")?;
        let root = Path::new(&manifest)
            .ancestors()
            .nth(2)
            .context("find the root of the workspace")?
            .to_owned();
        let mut files = BTreeMap::new();
        read_folder(&root, "", &mut files)?;
        Ok(Self { root, files })
    }

    /// A workspace that exists in memory only.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self {
            root: PathBuf::new(),
            files: files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                .collect(),
        }
    }

    /// The crates of the workspace.
    pub(crate) fn members(&self) -> anyhow::Result<Vec<Package>> {
        self.metadata(&["--no-deps"])
    }

    /// Every package that is compiled for this platform. Packages for other platforms are not on the disk,
    /// so their licences cannot be read without network.
    pub(crate) fn packages(&self) -> anyhow::Result<Vec<Package>> {
        self.metadata(&["--filter-platform", &host()?])
    }

    /// Whether a file or folder with this path exists.
    pub(crate) fn exists(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.keys().any(|file| file.starts_with(&folder))
            || (!self.root.as_os_str().is_empty() && self.root.join(path).exists())
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> anyhow::Result<&str> {
        let text = self.files.get(path);
        text.map(String::as_str)
            .with_context(|| format!("read `{path}`"))
    }

    /// Files whose names end with `extension`, which includes the dot.
    pub(crate) fn with_extension(
        &self,
        extension: &'static str,
    ) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.ends_with(extension))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    fn metadata(&self, options: &[&str]) -> anyhow::Result<Vec<Package>> {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let output = Command::new(cargo)
            .args(["metadata", "--offline", "--locked", "--format-version", "1"])
            .args(options)
            .current_dir(&self.root)
            .output()
            .context("start `cargo metadata`")?;
        if !output.status.success() {
            bail!(
                "`cargo metadata` failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).context("read what `cargo metadata` says")?;
        Ok(metadata.packages)
    }
}

/// The platform that the compiler works for.
fn host() -> anyhow::Result<String> {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .context("start `rustc -vV`")?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .context("find the platform in what `rustc -vV` says")
}

fn read_folder(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("list `{}`", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                read_folder(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if kind.is_file()
            // A file that is not text, or went away meanwhile, is nobody's style problem.
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            files.insert(path, text);
        }
    }
    Ok(())
}
