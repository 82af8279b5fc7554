//! The Python environment of a project: the base set, what its imports need, and its requirements,
//! resolved together by `uv`, locked, and reused until one of them changes.

mod requirements;
mod uv;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use baton_base::files::{self, FileError};
use baton_base::{Class, Diagnose};

use self::requirements::Requirements;
pub use self::uv::UvError;
use crate::library;

/// What the environment is for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Folder of Baton's state; environments live in `environments/` below it.
    pub home: PathBuf,
    /// The project's folder.
    pub project: PathBuf,
    /// Top-level modules that the project's code imports.
    pub imports: BTreeSet<String>,
    /// The interpreter to build on; `python3` of the search path when not given.
    pub python: Option<PathBuf>,
}

/// An environment that is ready.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its interpreter.
    pub python: PathBuf,
    /// What a person should know: lines of `requirements.txt` that were left out.
    pub notes: Vec<String>,
}

/// Making an environment failed.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// There is no Python to build on.
    #[error("find Python: {0}")]
    NoPython(String),
    /// `uv` is missing and could not be fetched, or failed.
    #[error("make the Python environment")]
    Uv(#[from] UvError),
    /// The requirements contradict each other or what exists.
    #[error("resolve the project's requirements{}:\n{detail}", place(lines))]
    Unresolvable {
        /// `file:line` of the requirements concerned.
        lines: Vec<String>,
        /// The resolver's explanation.
        detail: String,
    },
    /// A package has no wheel for the Python in use and cannot be built from source.
    #[error(
        "build the project's requirements from source{}:\n{detail}",
        place(lines)
    )]
    NotBuilt {
        /// `file:line` of the requirements concerned.
        lines: Vec<String>,
        /// What the installer said.
        detail: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

fn place(lines: &[String]) -> String {
    if lines.is_empty() {
        String::new()
    } else {
        format!(" ({})", lines.join(", "))
    }
}

impl Diagnose for EnvironmentError {
    fn class(&self) -> Class {
        match self {
            Self::NoPython(_) => Class::External,
            Self::Uv(error) => error.class(),
            Self::Unresolvable { .. } | Self::NotBuilt { .. } => Class::User,
            Self::File(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoPython(_) => {
                Some("install Python 3.9 or newer, or name one with `--python PATH`".to_owned())
            }
            Self::Uv(error) => error.hint(),
            Self::Unresolvable { detail, .. } => Some(match uv::python_that_fits(detail) {
                Some(version) => format!(
                    "use a Python that fits ({version}) with `--python PATH`, or change the requirement"
                ),
                None => "change the requirement, or remove its version".to_owned(),
            }),
            Self::NotBuilt { .. } => Some(
                "the package has no wheel for this Python: use an older Python with `--python PATH`, \
                 or a newer version of the package"
                    .to_owned(),
            ),
            Self::File(error) => error.hint(),
        }
    }
}

/// Gives the environment for `request`, making it first when it does not exist. `progress` hears a line
/// for every step that takes time. `variable` looks up the process's environment variables.
pub fn ensure(
    request: &Request,
    variable: &dyn Fn(&str) -> Option<String>,
    progress: &mut dyn FnMut(&str),
) -> Result<Environment, EnvironmentError> {
    let requirements = Requirements::read(&request.project.join("requirements.txt"))?;
    let base_python = match &request.python {
        Some(python) => python.clone(),
        None => find_python(variable)?,
    };
    let packages = base_packages(&request.imports, &requirements, true);
    let key = key(&base_python, &packages, &requirements);
    let folder = request.home.join("environments").join(&key[..16]);
    let python = folder.join("bin").join("python");
    let environment = Environment {
        python: python.clone(),
        notes: requirements.notes.clone(),
    };
    if is_ready(&folder, &python) {
        return Ok(environment);
    }
    files::create_folder(&request.home.join("environments"))?;
    let lock_path = request
        .home
        .join("environments")
        .join(format!(".{}.lock", &key[..16]));
    let lock =
        File::create(&lock_path).map_err(|source| FileError::new("create", &lock_path, source))?;
    if lock.try_lock().is_err() {
        progress("waiting for another process that makes the same environment");
        lock.lock()
            .map_err(|source| FileError::new("lock", &lock_path, source))?;
    }
    if is_ready(&folder, &python) {
        return Ok(environment);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|source| FileError::new("remove", &folder, source))?;
    }
    let uv = uv::Uv::find(&request.home, &base_python, variable, progress)?;
    progress("making the project's Python environment");
    uv.venv(&base_python, &folder, progress)?;
    let relaxed = base_packages(&request.imports, &requirements, false);
    let locked = match uv.compile(
        &folder,
        &request.project,
        &packages,
        &requirements,
        progress,
    ) {
        // The project's pins win: the base set gives up its own bounds before a pin is refused.
        Err(uv::CompileError::Unresolvable(_)) if relaxed != packages => {
            uv.compile(&folder, &request.project, &relaxed, &requirements, progress)
        }
        other => other,
    };
    locked
        .and_then(|()| uv.sync(&folder, progress))
        .map_err(|failure| explain(failure, &requirements))?;
    files::write_atomic(&folder.join("baton-ready"), key.as_bytes())?;
    Ok(environment)
}

/// The failure with the lines of `requirements.txt` that it speaks of.
fn explain(failure: uv::CompileError, requirements: &Requirements) -> EnvironmentError {
    match failure {
        uv::CompileError::Uv(error) => error.into(),
        uv::CompileError::File(error) => error.into(),
        uv::CompileError::Unresolvable(detail) => EnvironmentError::Unresolvable {
            lines: requirements.lines_named_in(&detail),
            detail,
        },
        uv::CompileError::NotBuilt(detail) => EnvironmentError::NotBuilt {
            lines: requirements.lines_named_in(detail.lines().next().unwrap_or_default()),
            detail: detail.lines().take(3).collect::<Vec<_>>().join("\n"),
        },
    }
}

/// Whether the environment was made to the end and its interpreter still exists.
fn is_ready(folder: &Path, python: &Path) -> bool {
    folder.join("baton-ready").is_file() && python.exists()
}

/// The requirement lines of the base set and of the packages that imports ask for, without those that
/// the project names itself.
fn base_packages(
    imports: &BTreeSet<String>,
    requirements: &Requirements,
    bounded: bool,
) -> Vec<String> {
    let always = lines(library::text("base-set.txt"));
    let asked = lines(library::text("optional-set.txt"))
        .filter_map(|line| line.split_once('='))
        .filter(|(module, _)| imports.contains(module.trim()))
        .map(|(_, requirement)| requirement.trim());
    let chosen: BTreeSet<&str> = always.chain(asked).collect();
    chosen
        .into_iter()
        .filter(|line| !requirements.names(requirements::name_of(line)))
        .map(|line| {
            if bounded {
                line.to_owned()
            } else {
                requirements::name_of(line).to_owned()
            }
        })
        .collect()
}

/// Lines that say something: no comments, no blanks.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .map(|line| line.split(" #").next().unwrap_or("").trim())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn key(python: &Path, packages: &[String], requirements: &Requirements) -> String {
    let mut hasher = blake3::Hasher::new();
    // The first line is the version of this scheme: change it when environments are made differently.
    hasher.update(b"environment 1\n");
    hasher.update(python.as_os_str().as_encoded_bytes());
    for package in packages {
        hasher.update(b"\n");
        hasher.update(package.as_bytes());
    }
    hasher.update(b"\n--\n");
    hasher.update(requirements.text.as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// The first `python3` of the search path.
fn find_python(variable: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf, EnvironmentError> {
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| [folder.join("python3"), folder.join("python")])
        .find(|python| python.is_file())
        .ok_or_else(|| EnvironmentError::NoPython("no `python3` on the search path".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirements(text: &str) -> Requirements {
        Requirements::parse(Path::new("requirements.txt"), text)
    }

    #[test]
    fn the_projects_pins_replace_those_of_the_base_set() {
        let imports = BTreeSet::from(["polars".to_owned()]);
        let packages = base_packages(&imports, &requirements("Pandas==2.2.1\n"), true);
        assert!(
            packages
                .iter()
                .all(|line| requirements::name_of(line) != "pandas"),
            "{packages:?}"
        );
        assert!(
            packages
                .iter()
                .any(|line| requirements::name_of(line) == "polars"),
            "{packages:?}"
        );
        assert!(
            packages
                .iter()
                .any(|line| requirements::name_of(line) == "pyarrow"),
            "{packages:?}"
        );
        let without = base_packages(&BTreeSet::new(), &requirements(""), true);
        assert!(
            without
                .iter()
                .all(|line| requirements::name_of(line) != "polars"),
            "{without:?}"
        );
    }

    #[test]
    fn the_key_follows_everything_that_matters() {
        let one = key(
            Path::new("/usr/bin/python3"),
            &["pandas".into()],
            &requirements("a==1\n"),
        );
        assert_eq!(
            one,
            key(
                Path::new("/usr/bin/python3"),
                &["pandas".into()],
                &requirements("a==1\n")
            )
        );
        for other in [
            key(
                Path::new("/usr/bin/python3.12"),
                &["pandas".into()],
                &requirements("a==1\n"),
            ),
            key(
                Path::new("/usr/bin/python3"),
                &["numpy".into()],
                &requirements("a==1\n"),
            ),
            key(
                Path::new("/usr/bin/python3"),
                &["pandas".into()],
                &requirements("a==2\n"),
            ),
        ] {
            assert_ne!(one, other);
        }
    }
}
