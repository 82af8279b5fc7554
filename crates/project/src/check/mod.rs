//! The check of a whole project: everything that can be known without running anything.
//!
//! An error would make a run fail, a warning might. What only running can tell is left alone: a false error is worse
//! than a missing one. `docs/reference/checks.md` lists the rules.

mod code;
mod graph;
mod started;
mod text;

pub use text::check_text;

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::{Component, Path};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use baton_model::{BlockUuid, PipelineUuid};

use crate::imports::Sources;
use crate::problem::{self, Problem, Rule};
use crate::profiles::{self, Profiles, Used};
use crate::project::{Project, unset_hint};
use crate::source::FileUse;

/// Threads that check pipelines. More than this gain nothing: reading files is most of the work.
const MAX_THREADS: usize = 8;

/// Their stack: enough to parse all but the longest files without growing it.
const STACK: usize = 32 << 20;

/// Checks the whole project. The problems are sorted by file and line.
pub fn check(project: &Project) -> Vec<Problem> {
    let context = Context {
        project,
        sources: project.sources(),
        profiles: project.profiles(),
    };
    let mut problems = project.problems().to_vec();
    problems.extend(context.profiles.problems.iter().cloned());
    problems.extend(project.requirements_file().1);
    problems.extend(global_data_products(project));
    problems.extend(started::global_hooks(&context));
    for name in project.interaction_names() {
        let form = project.interaction(&name);
        problems.extend(form.map(|form| form.problems).unwrap_or_default());
    }

    let findings = check_pipelines(&context);
    problems.extend(unset_variables(&context.profiles, &findings));
    problems.extend(missing_data_files(project, &findings));
    problems.extend(started::circles(&findings.waits));
    problems.extend(findings.problems);
    problem::arrange(&mut problems);
    problems
}

/// What every part of the check looks at.
struct Context<'a> {
    project: &'a Project,
    sources: Sources,
    profiles: Profiles,
}

/// What the pipelines gave: problems, and what only makes sense over all of them.
#[derive(Default)]
struct Findings {
    problems: Vec<Problem>,
    /// Profiles that some block uses.
    used_profiles: BTreeSet<String>,
    /// Whether some block uses a profile that only running it can tell.
    uses_any_profile: bool,
    /// Providers that some block connects to: names of `data_provider` and of modules in `mage_ai.io`.
    used_providers: BTreeSet<String>,
    /// Whether some block reads keys of a profile itself.
    uses_any_provider: bool,
    /// Data files that blocks read: the source file, the use, and who uses it.
    reads: Vec<(String, FileUse, PipelineUuid, BlockUuid)>,
    /// Triggers that are on and wait for a pipeline.
    waits: Vec<started::Wait>,
    /// Names of files that the code mentions elsewhere, as when it writes them.
    mentions: BTreeSet<String>,
}

impl Findings {
    fn add(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.used_profiles.extend(other.used_profiles);
        self.uses_any_profile |= other.uses_any_profile;
        self.used_providers.extend(other.used_providers);
        self.uses_any_provider |= other.uses_any_provider;
        self.reads.extend(other.reads);
        self.waits.extend(other.waits);
        self.mentions.extend(other.mentions);
    }
}

fn check_pipelines(context: &Context<'_>) -> Findings {
    let uuids = context.project.pipeline_uuids();
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Findings::default());
    let work = || {
        let mut findings = Findings::default();
        while let Some(uuid) = uuids.get(next.fetch_add(1, Ordering::Relaxed)) {
            check_pipeline(context, uuid, &mut findings);
        }
        all.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(findings);
    };
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MAX_THREADS);
    thread::scope(|scope| {
        for _ in 1..threads.min(uuids.len()) {
            // A thread that cannot start leaves its work to the others.
            let thread = thread::Builder::new().stack_size(STACK);
            drop(thread.spawn_scoped(scope, work));
        }
        work();
    });
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn check_pipeline(context: &Context<'_>, uuid: &PipelineUuid, findings: &mut Findings) {
    // A pipeline that vanishes meanwhile is nobody's problem.
    let Ok(mut file) = context.project.pipeline_file(uuid) else {
        return;
    };
    findings.problems.append(&mut file.problems);
    started::triggers(context, uuid, findings);
    started::forms(context, &file, findings);
    graph::check(context, &file, findings);
    code::check(context, &file, findings);
}

/// `global_data_products.yaml` must be readable, and its products name pipelines that exist.
fn global_data_products(project: &Project) -> Vec<Problem> {
    let read = project.global_data_products();
    let mut problems = read.problems;
    for product in read.products {
        if project.pipeline_file(&product.pipeline).is_err() {
            let message = format!(
                "the global data product `{}` is made by the pipeline `{}`, which does not exist",
                product.uuid, product.pipeline
            );
            problems.push(Problem::new(
                Rule::UnknownProduct,
                "global_data_products.yaml",
                message,
            ));
        }
    }
    problems
}

/// Providers that need the keys with a prefix: values of `data_provider` and modules in `mage_ai.io`.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("AIRTABLE_", &["airtable"]),
    ("ALGOLIA_", &["algolia"]),
    ("AWS_", &["s3", "redshift", "athena"]),
    ("AZURE_", &["azure_blob_storage"]),
    ("B2_", &["backblaze"]),
    ("CHROMA_", &["chroma"]),
    ("CLICKHOUSE_", &["clickhouse"]),
    ("DRUID_", &["druid"]),
    ("DUCKDB_", &["duckdb"]),
    (
        "GOOGLE_",
        &["bigquery", "google_cloud_storage", "google_sheets"],
    ),
    ("MONGODB_", &["mongodb"]),
    ("MOTHERDUCK_", &["duckdb"]),
    ("MSSQL_", &["mssql"]),
    ("MYSQL_", &["mysql"]),
    ("ORACLEDB_", &["oracledb"]),
    ("PINOT_", &["pinot"]),
    ("POSTGRES_", &["postgres"]),
    ("QDRANT_", &["qdrant"]),
    ("REDSHIFT_", &["redshift"]),
    ("SNOWFLAKE_", &["snowflake"]),
    ("SPARK_", &["spark"]),
    ("TRINO_", &["trino"]),
    ("WEAVIATE_", &["weaviate"]),
];

/// Variables of `io_config.yaml` that are not set. The file that Mage writes for a new project asks for dozens that
/// nobody needs: those in profiles, or for providers, that no block uses share one warning.
fn unset_variables(profiles: &Profiles, findings: &Findings) -> Vec<Problem> {
    let is_used = |used: &&Used| {
        let profile = match profiles.at(used.line) {
            Some(profile) => {
                findings.uses_any_profile || findings.used_profiles.contains(&profile.name)
            }
            None => true,
        };
        let needs = PROVIDERS
            .iter()
            .find(|(prefix, _)| used.key.starts_with(prefix));
        let provider = needs.is_none_or(|(_, providers)| {
            findings.uses_any_provider
                || providers
                    .iter()
                    .any(|name| findings.used_providers.contains(*name))
        });
        profile && provider
    };
    let problem = |line: Option<u32>, message: String, hint: String| {
        let problem = Problem::new(Rule::UnsetVariable, profiles::FILE, message).hint(hint);
        match line {
            Some(line) => problem.at_line(line),
            None => problem,
        }
    };
    let mut problems = Vec::new();
    let mut unused: Vec<(&str, Option<u32>)> = Vec::new();
    for (name, places) in &profiles.unset {
        if places.iter().any(|used| is_used(&used)) {
            let line = places.iter().find(is_used).map(|used| used.line);
            let message = format!("the environment variable `{name}` is not set");
            problems.push(problem(line, message, unset_hint(name)));
        } else {
            unused.push((name, places.first().map(|used| used.line)));
        }
    }
    match unused.as_slice() {
        [] => {}
        [(name, line)] => {
            let message = format!("the environment variable `{name}` is not set");
            problems.push(problem(*line, message, unset_hint(name)));
        }
        [(_, line), ..] => {
            let names: Vec<String> = unused.iter().map(|(name, _)| format!("`{name}`")).collect();
            problems.push(problem(
                *line,
                format!(
                    "environment variables that no block needs are not set: {}",
                    names.join(", ")
                ),
                "set them, give them defaults, or delete what is not needed".to_owned(),
            ));
        }
    }
    problems
}

fn missing_data_files(project: &Project, findings: &Findings) -> Vec<Problem> {
    let parent = project.root().parent().unwrap_or(project.root());
    let is_missing = |path: &str| {
        looks_like_a_file(path)
            && !findings.mentions.contains(path)
            && !project.root().join(path).exists()
            && !parent.join(path).exists()
    };
    findings
        .reads
        .iter()
        .filter(|(_, used, ..)| is_missing(&used.path))
        .map(|(file, used, pipeline, block)| {
            Problem::new(
                Rule::MissingDataFile,
                file,
                format!(
                    "the file `{}` is neither in the project nor beside it",
                    used.path
                ),
            )
            .at(used.mark)
            .pipeline(pipeline)
            .block(block)
            .hint("put the file there, or correct the path")
        })
        .collect()
}

/// Whether a text is the relative path of one file: no address, no pattern, no template.
fn looks_like_a_file(path: &str) -> bool {
    let plain =
        !path.contains("://") && !path.contains(['*', '?', '[', '{', '~', '$', '%', '\n', ':']);
    let is_relative = Path::new(path)
        .components()
        .all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str());
    plain
        && is_relative
        && extension.is_some_and(|extension| {
            (2..=8).contains(&extension.len())
                && extension.starts_with(|c: char| c.is_ascii_alphabetic())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_are_looked_for() {
        for path in ["a.csv", "data/a.parquet", "./a.json", "a.csv.gz"] {
            assert!(looks_like_a_file(path), "{path}");
        }
        for path in [
            "https://example.org/a.csv",
            "s3://b/a.csv",
            "/data/a.csv",
            "data/*.csv",
            "../a.csv",
            "a",
            "{x}.csv",
            "~/a.csv",
            "c:\\a.csv",
            "v1.2",
            "",
            "a.",
        ] {
            assert!(!looks_like_a_file(path), "{path}");
        }
    }
}
