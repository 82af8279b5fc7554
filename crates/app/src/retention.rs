//! How long runs, their products and their logs are kept, and deleting what is older. The newest successful products of
//! every block stay, whatever their age.

use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

use baton_base::files::FileError;
use baton_model::{PipelineUuid, RunId, Timestamp};
use baton_products::{Collected, Products};
use baton_project::Project;
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::failure::Failure;
use crate::state::ProjectState;

/// How long is kept what nobody says anything about.
pub const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Objects that are younger may belong to an attempt whose products are being committed.
const GRACE: Duration = Duration::from_secs(3600);

/// Runs that are deleted in one transaction.
const TOGETHER: usize = 100;

/// How long others may use the database between two transactions.
const REST: Duration = Duration::from_millis(50);

/// How long things are kept; none for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Runs with their products.
    pub runs: Option<Duration>,
    /// Logs.
    pub logs: Option<Duration>,
}

impl Keeping {
    /// What a project says: `variables_retention_period` and `logging_config.retention_period`.
    pub fn of(project: &Project) -> Result<Self, Failure> {
        let settings = project.settings();
        Ok(Self {
            runs: period(
                settings.raw.get("variables_retention_period"),
                "variables_retention_period",
            )?,
            logs: period(
                settings.logging.get("retention_period"),
                "logging_config.retention_period",
            )?,
        })
    }
}

/// How long what the setting `key` is about is kept, by its value.
pub(crate) fn period(value: Option<&Value>, key: &str) -> Result<Option<Duration>, Failure> {
    let text = match value {
        None | Some(Value::Null) => return Ok(Some(KEPT)),
        Some(Value::String(text)) if text.trim() == "forever" => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let age = parse_age(&text).filter(|age| !age.is_zero());
    age.map(Some).ok_or_else(|| {
        Failure::usage(
            format!("`{key}: {text}` in metadata.yaml is not an age"),
            "write for instance 90d, or forever",
        )
    })
}

/// `12h`, `90d`, `4w`; a number alone counts days.
pub fn parse_age(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds: u64 = match text.get(digits.len()..)? {
        "h" => 3600,
        "d" | "" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    let number: u64 = digits.parse().ok()?;
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Runs.
    pub runs: u64,
    /// Logs of runs that stay.
    pub logs: u64,
    /// Objects of products.
    pub objects: u64,
    /// Bytes of these objects.
    pub bytes: u64,
}

impl ProjectState {
    /// Runs that ended longer ago than `age` and may go, the oldest first.
    pub async fn old_runs(
        &self,
        age: Duration,
        pipeline: Option<&PipelineUuid>,
    ) -> Result<Vec<RunId>, Failure> {
        let mut old = self.store.old_runs(before(age), pipeline).await?;
        // Somebody may be resuming one of them right now.
        let drivers = self.drivers().await?;
        old.retain(|run| !drivers.has(*run));
        Ok(old)
    }

    /// Deletes such runs, a few at a time, with their logs; then objects of products that nobody names any more.
    pub async fn delete_old_runs(&self, old: &[RunId], age: Duration) -> Result<Cleaned, Failure> {
        let mut cleaned = Cleaned::default();
        for runs in old.chunks(TOGETHER) {
            cleaned.runs += self.store.delete_runs(runs, before(age)).await?;
            for run in runs {
                remove(&self.home.log(run.0))?;
                remove(&self.home.run_lock(run.0))?;
            }
            tokio::time::sleep(REST).await;
        }
        let live = self.store.live_objects().await?;
        let folder = self.home.products();
        let collected = spawn_blocking(move || -> Result<Collected, FileError> {
            Products::open(&folder)?.collect(&live, GRACE)
        });
        let collected = collected
            .await
            .map_err(|error| Failure::bug(format!("the objects were not looked at: {error}")))??;
        (cleaned.objects, cleaned.bytes) = (collected.objects, collected.bytes);
        Ok(cleaned)
    }

    /// Runs whose logs were last written longer ago than `age`: of one pipeline, or of all.
    pub async fn old_logs(
        &self,
        age: Duration,
        pipeline: Option<&PipelineUuid>,
    ) -> Result<Vec<RunId>, Failure> {
        let now = SystemTime::now();
        let oldest = now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        let folder = self.home.log(0);
        let folder = folder.parent().unwrap_or(Path::new("")).to_owned();
        let mut old = Vec::new();
        let drivers = self.drivers().await?;
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(old),
            Err(error) => return Err(FileError::new("look into", &folder, error).into()),
        };
        for entry in entries.flatten() {
            let Some(run) = run_of(&entry) else {
                continue;
            };
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let is_old = modified.is_ok_and(|modified| modified < oldest);
            if !is_old || drivers.has(run) {
                continue;
            }
            if let Some(pipeline) = pipeline {
                let row = self.store.run_row(run).await?;
                if row.is_none_or(|row| &row.pipeline != pipeline) {
                    continue;
                }
            }
            old.push(run);
        }
        old.sort_unstable();
        Ok(old)
    }

    /// Runs whose logs were written from `moment` on.
    pub(crate) fn logs_since(&self, moment: SystemTime) -> Vec<RunId> {
        let folder = self.home.log(0);
        let entries = folder.parent().and_then(|folder| fs::read_dir(folder).ok());
        let entries = entries.into_iter().flatten().flatten();
        let written = entries.filter(|entry| {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|modified| modified >= moment)
        });
        written.filter_map(|entry| run_of(&entry)).collect()
    }

    /// Deletes these logs.
    pub fn delete_logs(&self, runs: &[RunId]) -> Result<(), Failure> {
        runs.iter()
            .try_for_each(|run| remove(&self.home.log(run.0)))
    }
}

/// The run whose log a file is.
fn run_of(entry: &DirEntry) -> Option<RunId> {
    let name = entry.file_name();
    let number = name.to_str()?.strip_suffix(".jsonl")?;
    number.parse().ok().map(RunId)
}

/// The moment that is `age` ago.
fn before(age: Duration) -> Timestamp {
    let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
    Timestamp(baton_base::now().saturating_sub(age))
}

fn remove(file: &Path) -> Result<(), Failure> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(FileError::new("delete", file, error).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ages_have_a_number_and_a_unit() {
        for (text, hours) in [
            ("12h", Some(12)),
            ("90d", Some(2160)),
            (" 2w ", Some(336)),
            ("1", Some(24)),
            ("d", None),
            ("9y", None),
            ("-1d", None),
            ("99999999999999999999d", None),
            ("9999999999999999w", None),
        ] {
            let expected = hours.map(|hours| Duration::from_secs(hours * 3600));
            assert_eq!(parse_age(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_said_is_ninety_days_and_nonsense_deletes_nothing() {
        let of = |value: Value| period(Some(&value), "k").ok();
        assert_eq!(period(None, "k").unwrap(), Some(KEPT));
        assert_eq!(of(Value::Null), Some(Some(KEPT)));
        assert_eq!(of(json!("forever")), Some(None));
        assert_eq!(of(json!("2d")), Some(Some(Duration::from_secs(172_800))));
        assert_eq!(of(json!(2)), Some(Some(Duration::from_secs(172_800))));
        for nonsense in [
            json!("0d"),
            json!(0),
            json!("soon"),
            json!([1]),
            json!(true),
        ] {
            assert_eq!(of(nonsense.clone()), None, "{nonsense}");
        }
    }
}
