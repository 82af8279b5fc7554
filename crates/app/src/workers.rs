//! What runs the blocks of a project: the interpreter and the limits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use baton_model::{Machine, parse_cpu, parse_size};
use baton_project::Project;
use baton_runner::environment::{self, Environment, Request};
use baton_runner::{Library, RunnerOptions, Shield, Strategy, machine_memory};

use crate::failure::Failure;
use crate::request::WorkerOptions;
use crate::settings;

/// Text and JSON up to this many bytes lives in the database instead of in a file of its own.
const INLINE_BYTES: usize = 16 * 1024;

/// Bytes of log that are kept of one attempt.
const LOG_LIMIT: usize = 10 * 1024 * 1024;

/// Makes what a project's blocks need before they can run.
pub struct Workers<'a> {
    /// Where all of Baton's state lives.
    pub baton_home: &'a Path,
    /// The project.
    pub project: &'a Project,
    /// How blocks are run on this machine.
    pub options: &'a WorkerOptions,
}

impl Workers<'_> {
    /// The options of a runner. Makes the environment when `runs_code`, telling `progress` of it line by line: without
    /// any block to execute no Python is needed at all. `env` is what blocks see as `$ENV` where this process has none.
    pub fn prepare(
        &self,
        env: Option<&str>,
        runs_code: bool,
        progress: &mut dyn FnMut(&str),
    ) -> Result<RunnerOptions, Failure> {
        let memory_limit = match &self.options.memory {
            None => machine_memory().map(|bytes| bytes / 10 * 9),
            Some(text) => Some(size(text, "--memory 2GB")?),
        };
        let (python, library) = if runs_code {
            let library = Library::unpack(self.baton_home)?;
            (self.interpreter(progress)?, library.path().to_owned())
        } else {
            (PathBuf::new(), PathBuf::new())
        };
        let root = self.project.root();
        let mut environ = BTreeMap::from([
            (
                "MAGE_REPO_PATH".to_owned(),
                self.project.base().to_string_lossy().into_owned(),
            ),
            (
                "MAGE_RUNTIME__REPO_PATH".to_owned(),
                root.to_string_lossy().into_owned(),
            ),
        ]);
        // What the process has stays: in a triggered run of Mage too, `kwargs['env']` and `$ENV` can differ.
        if let Some(env) = env.filter(|_| settings::variable("ENV").is_none()) {
            environ.insert("ENV".to_owned(), env.to_owned());
        }
        let folder = match &self.options.folder {
            Some(folder) => folder.clone(),
            None => std::env::current_dir().unwrap_or_else(|_| root.to_owned()),
        };
        become_subreaper();
        Ok(RunnerOptions {
            python,
            library,
            project: root.to_owned(),
            folder,
            strategy: self.options.launch.unwrap_or_else(Strategy::of_platform),
            memory_limit,
            inline_bytes: INLINE_BYTES,
            log_limit: LOG_LIMIT,
            environ,
            shield: Some(Shield {
                state: self.baton_home.to_owned(),
                isolation: self.options.isolation,
            }),
        })
    }

    /// The interpreter to run blocks with: the one asked for, else that of the project's environment.
    pub fn interpreter(&self, progress: &mut dyn FnMut(&str)) -> Result<PathBuf, Failure> {
        match self.options.python.as_deref() {
            Some("active") => {
                let folder = settings::variable("VIRTUAL_ENV").ok_or_else(|| {
                    Failure::usage(
                        "no virtual environment is active",
                        "activate one, or name an interpreter with --python PATH",
                    )
                })?;
                return Ok(PathBuf::from(folder).join("bin").join("python"));
            }
            Some(path) => return Ok(PathBuf::from(path)),
            None => {}
        }
        let request = Request {
            home: self.baton_home.to_owned(),
            project: self.project.requirements_folder().to_owned(),
            imports: self.project.all_imports(),
            python: None,
        };
        let Environment { python, notes } =
            environment::ensure(&request, &settings::variable, &mut *progress)?;
        for note in notes {
            progress(&note);
        }
        Ok(python)
    }
}

fn size(text: &str, example: &str) -> Result<u64, Failure> {
    parse_size(text).ok_or_else(|| {
        Failure::usage(
            format!("`{text}` is not a size of memory"),
            format!("write for instance {example}"),
        )
    })
}

/// What this machine has for runs to reserve: what was said, else all of it.
pub fn machine(options: &WorkerOptions) -> Result<Machine, Failure> {
    let cpu = match &options.cpus {
        None => Some(u64::from(processors()) * 1000),
        Some(text) => Some(parse_cpu(text).ok_or_else(|| {
            Failure::usage(
                format!("`{text}` is not a number of processors"),
                "write for instance --cpus 3.5",
            )
        })?),
    };
    let memory = match &options.total_memory {
        None => machine_memory(),
        Some(text) => Some(size(text, "--total-memory 12GB")?),
    };
    Ok(Machine { cpu, memory })
}

/// How many blocks run at a time unless somebody says otherwise.
pub fn processors() -> u32 {
    available_parallelism().map_or(2, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}

/// Makes orphans of our descendants our children, so that none gets away.
fn become_subreaper() {
    #[cfg(target_os = "linux")]
    {
        // Where the system does not offer it, orphans are still found below their zygote.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
}
