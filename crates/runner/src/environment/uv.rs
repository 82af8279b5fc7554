//! The installer `uv`: finding it, fetching it once, and asking it to make, resolve and fill environments.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{io, thread};

use baton_base::files::{self, FileError};
use baton_base::{Class, Diagnose};

use super::requirements::Requirements;

/// Settings of pip that mean the same to uv, so that a machine set up for one works with the other.
const CARRIED_OVER: [(&str, &str); 4] = [
    ("PIP_CERT", "SSL_CERT_FILE"),
    ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
    ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
    ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
];

/// `uv` is missing or failed.
#[derive(Debug, thiserror::Error)]
pub enum UvError {
    /// It is not installed, and fetching it failed.
    #[error("fetch `uv`, which makes Python environments: {detail}")]
    Missing {
        /// What the attempt to fetch it said.
        detail: String,
    },
    /// It could not be started.
    #[error("start `{}`", program.display())]
    Start {
        /// Its path.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A package or an index could not be reached.
    #[error("reach the package index: {detail}")]
    Offline {
        /// The last lines it printed.
        detail: String,
    },
    /// It failed in another way.
    #[error("{step}: {detail}")]
    Failed {
        /// What it was asked to do.
        step: &'static str,
        /// The last lines it printed.
        detail: String,
    },
}

impl Diagnose for UvError {
    fn class(&self) -> Class {
        match self {
            Self::Offline { .. } => Class::Transient,
            _ => Class::External,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some(
                "install it with `pip install uv` (on Debian first `apt install python3-pip`), \
                 or set BATON_UV to its path"
                    .to_owned(),
            ),
            Self::Offline { .. } => Some(
                "connect once so that the environment can be made, or use an interpreter that has \
                 everything with `--python PATH`"
                    .to_owned(),
            ),
            Self::Start { .. } | Self::Failed { .. } => None,
        }
    }
}

/// Resolving failed.
pub(super) enum CompileError {
    Uv(UvError),
    File(FileError),
    /// The requirements contradict each other; with the resolver's explanation.
    Unresolvable(String),
    /// A package has no wheel for this Python and could not be built from source either.
    NotBuilt(String),
}

/// How lines begin that tell how installing goes on.
const NEWS: [&str; 8] = [
    "Resolved",
    "Prepared",
    "Installed",
    "Uninstalled",
    "Building",
    "Built",
    "Downloading",
    "+ ",
];

/// How uv says that a package could not be built from source.
const NOT_BUILT: &str = "Failed to build";

/// A usable `uv`.
pub(super) struct Uv {
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Uv {
    /// Finds `uv`: `BATON_UV`, the search path, the copy fetched before; else fetches it with pip.
    pub(super) fn find(
        home: &Path,
        python: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Self, UvError> {
        let own = home.join("tools").join("uv");
        let on_path = variable("PATH").and_then(|path| {
            std::env::split_paths(&path)
                .map(|folder| folder.join("uv"))
                .find(|uv| uv.is_file())
        });
        let fetched = own.join("bin").join("uv");
        let program = match variable("BATON_UV").map(PathBuf::from).or(on_path) {
            Some(program) => program,
            None if fetched.is_file() => fetched,
            None => {
                progress("fetching uv, which makes Python environments (once)");
                fetch(python, &own)?;
                fetched
            }
        };
        let environment = CARRIED_OVER
            .iter()
            .filter(|(_, ours)| variable(ours).is_none())
            .filter_map(|(pip, ours)| Some((*ours, carried_over(pip, variable(pip)?)?)))
            .collect();
        Ok(Self {
            program,
            environment,
        })
    }

    /// Makes an empty environment at `folder`.
    pub(super) fn venv(
        &self,
        python: &Path,
        folder: &Path,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), UvError> {
        let mut command = self.command();
        command
            .args(["venv", "--quiet", "--python"])
            .arg(python)
            .arg(folder);
        run(command, progress).map_err(|failure| failure.into_error("make an environment"))
    }

    /// Resolves everything together and writes the lock to `folder/baton-lock.txt`.
    pub(super) fn compile(
        &self,
        folder: &Path,
        project: &Path,
        packages: &[String],
        requirements: &Requirements,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), CompileError> {
        let wanted = folder.join("baton-requirements.txt");
        let text = format!("{}\n{}", packages.join("\n"), requirements.text);
        files::write_atomic(&wanted, text.as_bytes()).map_err(CompileError::File)?;
        let mut command = self.command();
        command
            .args([
                "pip",
                "compile",
                "--quiet",
                "--no-header",
                "--no-annotate",
                "--python",
            ])
            .arg(folder.join("bin").join("python"))
            .arg("--output-file")
            .arg(folder.join("baton-lock.txt"))
            .arg(&wanted)
            .current_dir(project);
        progress("resolving packages");
        run(command, &mut |_| {}).map_err(|failure| match failure {
            Failure::Ended(detail) if !is_network(&detail) => CompileError::Unresolvable(detail),
            other => CompileError::Uv(other.into_error("resolve packages")),
        })
    }

    /// Installs what the lock names.
    pub(super) fn sync(
        &self,
        folder: &Path,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), CompileError> {
        let mut command = self.command();
        command
            .args(["pip", "sync", "--python"])
            .arg(folder.join("bin").join("python"))
            .arg(folder.join("baton-lock.txt"));
        // A build from source prints everything a compiler says; that is for the error, if there is one.
        let mut news = |line: &str| {
            if NEWS.iter().any(|start| line.starts_with(start)) {
                progress(line);
            }
        };
        run(command, &mut news).map_err(|failure| match failure {
            Failure::Ended(detail) if !is_network(&detail) && detail.contains(NOT_BUILT) => {
                CompileError::NotBuilt(detail)
            }
            other => CompileError::Uv(other.into_error("install packages")),
        })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.envs(
            self.environment
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        // Interpreters come from the machine; downloading one unasked would surprise.
        command
            .env("UV_PYTHON_DOWNLOADS", "never")
            .env("NO_COLOR", "1");
        // An active environment of the caller's must not be taken for the target.
        command.env_remove("VIRTUAL_ENV").env_remove("CONDA_PREFIX");
        command
    }
}

/// What a setting of pip is for uv. A folder of packages that does not exist is nothing to pip and an error to uv.
fn carried_over(pip: &str, value: String) -> Option<String> {
    if pip != "PIP_FIND_LINKS" {
        return Some(value);
    }
    let places: Vec<&str> = value
        .split_whitespace()
        .filter(|place| place.contains("://") || Path::new(place).exists())
        .collect();
    (!places.is_empty()).then(|| places.join(","))
}

/// Fetches `uv` into `folder` with the interpreter's pip.
fn fetch(python: &Path, folder: &Path) -> Result<(), UvError> {
    let mut command = Command::new(python);
    command
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg("--root-user-action=ignore")
        .arg("--target")
        .arg(folder)
        .arg("uv");
    run(command, &mut |_| {}).map_err(|failure| match failure {
        Failure::Start(program, source) => UvError::Start { program, source },
        Failure::Ended(detail) => UvError::Missing { detail },
    })
}

enum Failure {
    Start(PathBuf, io::Error),
    Ended(String),
}

impl Failure {
    fn into_error(self, step: &'static str) -> UvError {
        match self {
            Self::Start(program, source) => UvError::Start { program, source },
            Self::Ended(detail) if is_network(&detail) => UvError::Offline { detail },
            Self::Ended(detail) => UvError::Failed { step, detail },
        }
    }
}

/// Whether a message speaks of the network and not of the requirements.
fn is_network(message: &str) -> bool {
    [
        "Failed to fetch",
        "error sending request",
        "dns error",
        "Connection refused",
        "timed out",
        "network",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

/// The Python that a resolver's message asks for, as it says it (`>=3.12`).
pub(super) fn python_that_fits(message: &str) -> Option<String> {
    let rest = message
        .split_once("Python>")
        .map(|(_, rest)| format!(">{rest}"))
        .or_else(|| {
            message
                .split_once("Python<")
                .map(|(_, rest)| format!("<{rest}"))
        })?;
    let end = rest
        .find(|c: char| !"<>=,.0123456789".contains(c))
        .unwrap_or(rest.len());
    let version = rest.get(..end)?.trim_end_matches([',', '.']);
    Some(format!("Python {version}"))
}

/// Runs a command to its end and passes on what it reports on the way; on failure gives its last lines.
fn run(mut command: Command, progress: &mut dyn FnMut(&str)) -> Result<(), Failure> {
    let program = PathBuf::from(command.get_program());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| Failure::Start(program, source))?;
    let stdout = child.stdout.take();
    let ignored = thread::spawn(move || {
        let mut text = String::new();
        if let Some(mut stdout) = stdout {
            // What it prints there is not needed; it must only not block.
            drop(stdout.read_to_string(&mut text));
        }
        text
    });
    let mut said: Vec<String> = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // Which interpreter it works on is our business, not news.
            if !line.starts_with("Using Python") {
                progress(line.trim());
            }
            said.push(line);
        }
    }
    let printed = ignored.join().unwrap_or_default();
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        _ => {
            if said.iter().all(|line| line.trim().is_empty()) {
                said = printed.lines().map(str::to_owned).collect();
            }
            // What failed stands where uv begins to report it, before the words of compilers.
            let report = said.iter().position(|line| line.contains(NOT_BUILT));
            let start = report.unwrap_or(said.len().saturating_sub(20));
            let mut words = said.split_off(start);
            words.truncate(20);
            Err(Failure::Ended(words.join("\n")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_packages_that_are_not_there_are_left_out() {
        let here = tempfile::tempdir().unwrap();
        let here = here.path().to_string_lossy();
        let places = format!("/nowhere/wheels {here}  https://example.org/wheels");
        for (pip, value, expected) in [
            ("PIP_FIND_LINKS", "/nowhere/wheels", None),
            (
                "PIP_FIND_LINKS",
                places.as_str(),
                Some(format!("{here},https://example.org/wheels")),
            ),
            (
                "PIP_CERT",
                "/nowhere/ca.pem",
                Some("/nowhere/ca.pem".to_owned()),
            ),
        ] {
            assert_eq!(carried_over(pip, value.to_owned()), expected, "{value}");
        }
    }

    #[test]
    fn a_python_that_fits_is_read_from_the_explanation() {
        let message =
            "Because the current Python version (3.11.7) does not satisfy Python>=3.12 and";
        assert_eq!(python_that_fits(message).as_deref(), Some("Python >=3.12"));
        assert_eq!(python_that_fits("no solution found"), None);
    }
}
