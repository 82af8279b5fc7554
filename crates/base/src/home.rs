//! Where Baton keeps its state: one folder per project, never inside the project.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::files::{self, FileError};
use crate::{Class, Diagnose};

/// Finding the state folder failed.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The platform names no data folder.
    #[error("find the folder for Baton's state")]
    NoDataFolder,
    /// A folder cannot be made or read.
    #[error("prepare the folder for Baton's state")]
    Folder(#[from] FileError),
}

impl Diagnose for HomeError {
    fn class(&self) -> Class {
        Class::External
    }

    fn hint(&self) -> Option<String> {
        Some("set BATON_HOME to a folder that you may write to".to_owned())
    }
}

/// The folder that holds everything Baton keeps: `$BATON_HOME`, else `baton/` in the platform's data folder.
#[derive(Clone, Debug)]
pub struct Home(PathBuf);

impl Home {
    /// Takes `explicit` (the value of `BATON_HOME`), else the platform's data folder.
    pub fn find(explicit: Option<PathBuf>) -> Result<Self, HomeError> {
        match explicit {
            Some(path) => {
                let path = std::path::absolute(&path)
                    .map_err(|source| FileError::new("find", &path, source))?;
                Ok(Self(path))
            }
            None => etcetera::choose_base_strategy()
                .map(|base| Self(base.data_dir().join("baton")))
                .map_err(|_| HomeError::NoDataFolder),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The state of the project at `project`, an existing folder. The folder's name and a hash of its
    /// full path tell projects apart: two clones never share state.
    pub fn project(&self, project: &Path) -> Result<ProjectHome, HomeError> {
        let path = self.path_of(project)?;
        files::create_private_folder(&path)?;
        Ok(ProjectHome(path))
    }

    /// The state of the project at `project` beside a database that is kept elsewhere, on a server: runs have the numbers
    /// that it gives out, so that nothing of another database's runs may lie there.
    pub fn project_on(&self, project: &Path, database: &str) -> Result<ProjectHome, HomeError> {
        let mut path = self.path_of(project)?.into_os_string();
        path.push(format!("@{:016x}", fnv1a(database.as_bytes())));
        let path = PathBuf::from(path);
        files::create_private_folder(&path)?;
        Ok(ProjectHome(path))
    }

    /// The state of the project at `project`, if there is a database; nothing is made.
    pub fn existing_project(&self, project: &Path) -> Option<ProjectHome> {
        let home = ProjectHome(self.path_of(project).ok()?);
        home.database().is_file().then_some(home)
    }

    fn path_of(&self, project: &Path) -> Result<PathBuf, FileError> {
        let full = project
            .canonicalize()
            .map_err(|source| FileError::new("find", project, source))?;
        let name = full
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let hash = fnv1a(full.as_os_str().as_encoded_bytes());
        Ok(self.0.join("projects").join(format!("{name}-{hash:016x}")))
    }
}

/// The folder that holds the state of one project.
#[derive(Clone, Debug)]
pub struct ProjectHome(PathBuf);

impl ProjectHome {
    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The metadata database.
    pub fn database(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// Says which database on a server holds the runs, where one does.
    pub fn elsewhere(&self) -> PathBuf {
        self.0.join("database")
    }

    /// The key that the project's secrets are encrypted with.
    pub fn secrets_key(&self) -> PathBuf {
        self.0.join("secrets.key")
    }

    /// The data products.
    pub fn products(&self) -> PathBuf {
        self.0.join("products")
    }

    /// The log of a run: one JSON record per line.
    pub fn log(&self, run: i64) -> PathBuf {
        self.0.join("logs").join(format!("{run}.jsonl"))
    }

    /// The lock that the process driving a run holds.
    pub fn run_lock(&self, run: i64) -> PathBuf {
        self.0.join("locks").join(format!("run-{run}"))
    }
}

/// FNV-1a, 64 bits: stable across versions, which the standard library's hasher is not.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn clones_never_share_state() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path().join("home"))).unwrap();
        for clone in ["a/demo", "b/demo"] {
            std::fs::create_dir_all(folder.path().join(clone)).unwrap();
        }
        let one = home.project(&folder.path().join("a/demo")).unwrap();
        let same = home.project(&folder.path().join("a/../a/demo")).unwrap();
        let other = home.project(&folder.path().join("b/demo")).unwrap();
        let served = home.project_on(&folder.path().join("a/demo"), "postgresql://x/y");
        assert_ne!(one.path(), served.unwrap().path());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(one.path()), 0o700, "tokens and data lie there");
        // One of an older version is closed to strangers; a group that somebody let in stays.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(one.path(), open).unwrap();
        home.project(&folder.path().join("a/demo")).unwrap();
        assert_eq!(mode(one.path()), 0o750);
        assert_eq!(one.path(), same.path());
        assert_ne!(one.path(), other.path());
        assert!(
            one.path()
                .file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("demo-")
        );
    }
}
