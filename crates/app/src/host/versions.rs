//! What Git knows of the project's files, where it keeps them: read only, by the `git` of the machine. Nothing that the
//! repository's settings name is run, and nothing is fetched.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use baton_base::Class;
use baton_model::PipelineUuid;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::Host;
use super::project_files::visible;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// Most commits of one answer.
pub const MOST_COMMITS: usize = 500;

/// The most that is read of one answer of Git.
const MOST_BYTES: u64 = 16 << 20;

/// How long Git may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Settings of a repository that would have Git run something, and what they are here.
const SETTINGS: [&str; 12] = [
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "log.showSignature=false",
    "-c",
    "protocol.allow=never",
    "-c",
    "core.quotePath=false",
    "-c",
    "color.ui=false",
];

/// Between commits, and between the facts of one; `-z` ends paths with a null.
const COMMIT: char = '\u{1e}';
const FACT: char = '\u{1f}';

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub hash: String,
    /// Who wrote it.
    pub author: String,
    /// When, as ISO text with its offset.
    pub at: String,
    /// The first line of its message.
    pub subject: String,
    /// Files of the project that it changed, among those that were asked for, by the names they had then.
    pub paths: Vec<String>,
}

/// Commits, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Commits {
    /// Whether the project lies in a repository at all.
    pub is_repository: bool,
    /// The commits.
    pub commits: Vec<Commit>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// Which page of commits is wanted.
#[derive(Clone, Copy, Debug)]
pub struct CommitPage {
    /// So many are left out first.
    pub offset: usize,
    /// So many at most.
    pub limit: usize,
}

/// What Git said.
struct Said {
    bytes: Vec<u8>,
    is_cut: bool,
    error: Option<String>,
}

impl Host {
    /// The commits that changed a file, also under names that it had before.
    pub async fn commits_of_file(
        &self,
        actor: &Actor,
        path: String,
        page: CommitPage,
    ) -> Result<Commits, Failure> {
        actor.may(Right::Read)?;
        let path = self.reading(move |project| Ok(visible(project, &path)?.as_str().to_owned()));
        let path = path.await?;
        log(self.root(), &["--follow"], &[path], page).await
    }

    /// The commits that changed a pipeline: files of its folder, or those of its blocks.
    pub async fn commits_of_pipeline(
        &self,
        actor: &Actor,
        uuid: &PipelineUuid,
        page: CommitPage,
    ) -> Result<Commits, Failure> {
        let (facts, _) = self.pipeline(actor, uuid).await?;
        let uuid = uuid.clone();
        let paths = self.reading(move |project| {
            let own = project.pipeline_path(&uuid);
            let folder = own
                .rsplit_once('/')
                .map_or(own.as_str(), |(folder, _)| folder);
            let mut paths = vec![visible(project, folder)?.as_str().to_owned()];
            for block in facts.all_blocks() {
                let file = project.block_file(&facts.pipeline, block);
                let file = file.and_then(|file| visible(project, &file.path).ok());
                paths.extend(file.map(|file| file.as_str().to_owned()));
            }
            Ok(paths)
        });
        let paths = paths.await?;
        log(self.root(), &[], &paths, page).await
    }

    /// What a file held in a commit.
    pub async fn file_at(
        &self,
        actor: &Actor,
        path: String,
        commit: &str,
    ) -> Result<Vec<u8>, Failure> {
        actor.may(Right::Read)?;
        let commit = hash(commit)?;
        let path = self.reading(move |project| Ok(visible(project, &path)?.as_str().to_owned()));
        let path = path.await?;
        let object = format!("{commit}:./{path}");
        let said = git(self.root(), &["cat-file", "blob", &object]).await?;
        match said.error {
            Some(_) => Err(Failure::missing(format!(
                "commit `{commit}` has no file `{path}`"
            ))),
            None if said.is_cut => Err(too_much("the file")),
            None => Ok(said.bytes),
        }
    }

    /// What has changed in a file between two commits; without the second, until now.
    pub async fn file_difference(
        &self,
        actor: &Actor,
        path: String,
        from: &str,
        to: Option<&str>,
    ) -> Result<String, Failure> {
        actor.may(Right::Read)?;
        let from = hash(from)?;
        let to = to.map(hash).transpose()?;
        let path = self.reading(move |project| Ok(visible(project, &path)?.as_str().to_owned()));
        let path = path.await?;
        let mut arguments = vec!["diff", "--no-ext-diff", "--no-textconv", "--relative", from];
        arguments.extend(to);
        arguments.extend(["--", &path]);
        let said = git(self.root(), &arguments).await?;
        if let Some(error) = said.error {
            return Err(Failure::missing(format!(
                "there is no such commit: {error}"
            )));
        }
        if said.is_cut {
            return Err(too_much("the difference"));
        }
        Ok(String::from_utf8_lossy(&said.bytes).into_owned())
    }
}

fn too_much(what: &str) -> Failure {
    Failure::usage(
        format!("{what} is larger than {} MB", MOST_BYTES >> 20),
        "look at it with `git`",
    )
}

/// A hash of a commit, or the beginning of one: nothing else names one here.
fn hash(given: &str) -> Result<&str, Failure> {
    let is_hash =
        (4..=64).contains(&given.len()) && given.chars().all(|one| one.is_ascii_hexdigit());
    if is_hash {
        return Ok(given);
    }
    Err(Failure::usage(
        format!("`{}` is no commit", given.escape_debug()),
        "give the hash of a commit",
    ))
}

/// The commits that changed any of these paths.
async fn log(
    root: &Path,
    options: &[&str],
    paths: &[String],
    page: CommitPage,
) -> Result<Commits, Failure> {
    let inside = git(root, &["rev-parse", "--is-inside-work-tree"]).await?;
    match &inside.error {
        Some(error) if error.contains("not a git repository") => return Ok(Commits::default()),
        Some(error) => return Err(failed(error)),
        None => {}
    }
    let limit = page.limit.min(MOST_COMMITS);
    let format = format!("--format={COMMIT}%H{FACT}%an{FACT}%aI{FACT}%s");
    let count = format!("--max-count={}", limit + 1);
    let skip = format!("--skip={}", page.offset);
    let mut arguments = vec!["log", &format, &count, &skip];
    arguments.extend([
        "--name-only",
        "--relative",
        "-z",
        "--no-ext-diff",
        "--no-textconv",
    ]);
    arguments.extend(options);
    arguments.push("--");
    arguments.extend(paths.iter().map(String::as_str));
    let said = git(root, &arguments).await?;
    if let Some(error) = said.error {
        // A new repository has no commit yet.
        if error.contains("does not have any commits yet") {
            return Ok(Commits {
                is_repository: true,
                ..Commits::default()
            });
        }
        return Err(failed(&error));
    }
    let text = String::from_utf8_lossy(&said.bytes);
    let mut commits: Vec<Commit> = text.split(COMMIT).filter_map(commit).collect();
    let has_more = commits.len() > limit || said.is_cut;
    commits.truncate(limit);
    Ok(Commits {
        is_repository: true,
        commits,
        has_more,
    })
}

fn commit(text: &str) -> Option<Commit> {
    let mut parts = text.splitn(4, FACT);
    let (hash, author, at) = (parts.next()?, parts.next()?, parts.next()?);
    let mut rest = parts.next()?.split('\0');
    let subject = rest.next()?;
    let paths = rest.map(|path| path.trim_start_matches('\n'));
    Some(Commit {
        hash: hash.to_owned(),
        author: author.to_owned(),
        at: at.to_owned(),
        subject: subject.trim_end().to_owned(),
        paths: paths
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}

fn failed(error: &str) -> Failure {
    Failure {
        class: Class::External,
        exit: Class::External.exit_code(),
        ..Failure::usage(
            format!("Git could not read the history: {error}"),
            "try it with `git log`",
        )
    }
}

/// Asks Git. What it says is cut at a limit; then it is stopped.
async fn git(root: &Path, arguments: &[&str]) -> Result<Said, Failure> {
    let mut command = Command::new("git");
    command
        .arg("--no-pager")
        .args(SETTINGS)
        .args(arguments)
        .current_dir(root)
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_EXTERNAL_DIFF")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::usage(
            "there is no `git` on this machine",
            "install Git to see the history of files",
        ),
        _ => failed(&error.to_string()),
    })?;
    let (Some(out), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Failure::bug("Git has no output"));
    };
    let done = timeout(PATIENCE, async {
        let (mut bytes, mut error) = (Vec::new(), Vec::new());
        let mut out = out.take(MOST_BYTES + 1);
        let mut errors = errors.take(64 << 10);
        let (read, heard) =
            tokio::join!(out.read_to_end(&mut bytes), errors.read_to_end(&mut error));
        read.and(heard)
            .map_err(|error| failed(&error.to_string()))?;
        let is_cut = bytes.len() as u64 > MOST_BYTES;
        if is_cut {
            return Ok(Said {
                bytes,
                is_cut,
                error: None,
            });
        }
        let status = child.wait().await;
        let status = status.map_err(|error| failed(&error.to_string()))?;
        let error = String::from_utf8_lossy(&error);
        let error = error.lines().next().unwrap_or("it ended with an error");
        Ok(Said {
            bytes,
            is_cut,
            error: (!status.success()).then(|| error.trim_start_matches("fatal: ").to_owned()),
        })
    });
    done.await
        .unwrap_or_else(|_| Err(failed("it took too long")))
}
