//! Logs of runs in a bucket (`logging_config` of type `s3` or `gcs`). Each machine writes its logs into local files
//! and keeps copies of them there, one object for each run and machine: nobody writes over what another has written.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use baton_base::files::{self, FileError};
use baton_base::iso;
use baton_model::{PipelineUuid, Run, RunId, Timestamp};
use baton_project::{LogBucket, LogDestination, Project};
use baton_scheduler::read_log;
use baton_store::RunRow;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::{BufReader, BufWriter};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Key;
use object_store::{ClientOptions, Error, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, copy, copy_buf};

use crate::failure::Failure;
use crate::secrets::{Known, lookup};
use crate::state::ProjectState;

/// Most bytes of one request. S3 takes parts of at least 5 MiB.
const PART: usize = 8 << 20;

/// For so long one request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// For so long, and so often, one request is tried again. What fails longer is tried with the next change of the log.
const AGAIN: Duration = Duration::from_secs(10);
const TRIES: usize = 3;

/// The run that a log is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOf {
    /// Its number.
    pub run: RunId,
    /// Its pipeline.
    pub pipeline: PipelineUuid,
    /// When it was created.
    pub created_at: Timestamp,
}

impl From<&Run> for LogOf {
    fn from(run: &Run) -> Self {
        Self {
            run: run.id,
            pipeline: run.plan.pipeline.clone(),
            created_at: run.created_at,
        }
    }
}

impl From<&RunRow> for LogOf {
    fn from(row: &RunRow) -> Self {
        Self {
            run: row.id,
            pipeline: row.pipeline.clone(),
            created_at: row.created_at,
        }
    }
}

/// The bucket of a project's logs.
#[derive(Debug)]
pub struct RemoteLogs {
    store: Arc<dyn ObjectStore>,
    /// What people call it: `s3://bucket`.
    name: String,
    /// What all keys begin with.
    root: Key,
    /// What this machine's objects are called.
    writer: String,
}

impl ProjectState {
    /// The bucket of the project's logs, if it has one.
    pub fn remote_logs(&self, project: &Project) -> Result<Option<RemoteLogs>, Failure> {
        let Some(destination) = &project.settings().log_destination else {
            return Ok(None);
        };
        let writer = self.log_writer()?;
        RemoteLogs::open(destination, project, writer).map(Some)
    }

    /// The log of a run that this machine has no file of, if the project at `root` has a bucket with it.
    pub async fn fetched_log(
        &self,
        root: &Path,
        run: &Run,
    ) -> Result<Option<NamedTempFile>, Failure> {
        let known = Known::load(&self.secrets()).await;
        let project = Project::open_with(root, lookup(&known))?;
        match self.remote_logs(&project)? {
            Some(bucket) => bucket.fetch(&LogOf::from(run)).await,
            None => Ok(None),
        }
    }

    /// What tells this state folder from those of other machines.
    fn log_writer(&self) -> Result<String, Failure> {
        let path = self.home.path().join("log_writer");
        if let Ok(known) = files::read_text(&path)
            && !known.trim().is_empty()
        {
            return Ok(known.trim().to_owned());
        }
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes)
            .map_err(|_| Failure::bug("this machine gives no random numbers"))?;
        let writer = format!("{:016x}", u64::from_be_bytes(bytes));
        files::write_atomic(&path, writer.as_bytes())?;
        Ok(writer)
    }
}

impl RemoteLogs {
    fn open(
        destination: &LogDestination,
        project: &Project,
        writer: String,
    ) -> Result<Self, Failure> {
        // Somebody else may have chosen one already; then theirs is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = ClientOptions::new()
            .with_timeout(PATIENCE)
            .with_connect_timeout(AGAIN)
            .with_user_agent(reqwest::header::HeaderValue::from_static(concat!(
                "baton/",
                env!("CARGO_PKG_VERSION")
            )));
        let retry = RetryConfig {
            max_retries: TRIES,
            retry_timeout: AGAIN,
            ..RetryConfig::default()
        };
        let bucket = &destination.bucket;
        let (scheme, store): (_, Result<Arc<dyn ObjectStore>, Error>) = match &destination.kind {
            LogBucket::S3 {
                keys,
                endpoint,
                region,
            } => {
                let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
                if let Some((id, secret)) = keys {
                    builder = builder
                        .with_access_key_id(id.reveal())
                        .with_secret_access_key(secret.reveal());
                }
                if let Some(endpoint) = endpoint {
                    builder = builder.with_endpoint(endpoint);
                }
                if let Some(region) = region {
                    builder = builder.with_region(region);
                }
                // An address that is written without encryption is meant so.
                let is_plain = endpoint
                    .as_ref()
                    .is_some_and(|one| one.starts_with("http:"));
                let builder = builder.with_client_options(client.with_allow_http(is_plain));
                let built = builder.with_retry(retry).build();
                ("s3", built.map(|store| Arc::new(store) as _))
            }
            LogBucket::Gcs { credentials } => {
                let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket);
                if let Some(credentials) = credentials {
                    let path = project.root().join(credentials);
                    builder = builder.with_service_account_path(path.to_string_lossy());
                }
                // The file of an emulator names an address without encryption.
                let builder = builder.with_client_options(client.with_allow_http(true));
                let built = builder.with_retry(retry).build();
                ("gs", built.map(|store| Arc::new(store) as _))
            }
        };
        let name = format!("{scheme}://{bucket}");
        let root = Key::from(destination.prefix.as_str())
            .join(project.name())
            .join("pipelines");
        match store {
            Ok(store) => Ok(Self {
                store,
                name,
                root,
                writer,
            }),
            Err(error) => Err(trouble(&name, "open the bucket of the logs", &error)),
        }
    }

    /// Where the logs are: the bucket, and what all keys begin with.
    pub fn place(&self) -> String {
        format!("{}/{}", self.name, self.root)
    }

    /// Keeps a copy of what this machine has written of a log.
    pub async fn keep(&self, log: &LogOf, file: &Path) -> Result<(), Failure> {
        let key = self.folder(log).join(format!("{}.jsonl", self.writer));
        let mut local = File::open(file)
            .await
            .map_err(|source| FileError::new("read", file, source))?;
        let mut remote = BufWriter::with_capacity(Arc::clone(&self.store), key, PART);
        let copied = match copy(&mut local, &mut remote).await {
            // Parts that have arrived would be paid for; the end of an upload that fails removes them itself.
            Ok(_) => remote.shutdown().await,
            Err(error) => {
                let _ = remote.abort().await;
                Err(error)
            }
        };
        if let Err(error) = copied {
            let what = format!("keep the log of run {}", log.run);
            return Err(self.not_copied(&what, ("read", file), error));
        }
        Ok(())
    }

    /// What all machines have written of a log, in a file of its own; none when there is nothing.
    pub async fn fetch(&self, log: &LogOf) -> Result<Option<NamedTempFile>, Failure> {
        let what = format!("read the log of run {}", log.run);
        let failed = |error: Error| trouble(&self.name, &what, &error);
        let found = self.list(&self.folder(log)).await.map_err(failed)?;
        let mut parts = Vec::new();
        for object in found.objects {
            let part = temporary()?;
            let opened = part.reopen();
            let written = |source| FileError::new("write", part.path(), source);
            let mut local = File::from_std(opened.map_err(written)?);
            let mut remote = BufReader::with_capacity(Arc::clone(&self.store), &object, PART);
            let copied = copy_buf(&mut remote, &mut local).await;
            copied.map_err(|error| self.not_copied(&what, ("write", part.path()), error))?;
            local.flush().await.map_err(written)?;
            parts.push(part);
        }
        if parts.len() < 2 {
            return Ok(parts.pop());
        }
        // Of several machines, what was written first comes first.
        let mut records = Vec::new();
        for part in &parts {
            read_log(part.path(), |record| records.push(record))?;
        }
        records.sort_by_key(|record| record.at);
        let mut whole = temporary()?;
        for record in &records {
            let line = serde_json::to_string(record).unwrap_or_default();
            let written = writeln!(whole, "{line}");
            written.map_err(|source| FileError::new("write", whole.path(), source))?;
        }
        Ok(Some(whole))
    }

    /// Deletes the log of a run.
    pub async fn forget(&self, log: &LogOf) -> Result<(), Failure> {
        let what = format!("delete the log of run {}", log.run);
        let deleted = self.delete_all(self.folder(log)).await;
        deleted.map_err(|error| trouble(&self.name, &what, &error))
    }

    /// Deletes the logs of runs that were created on days before the one of `moment`.
    pub async fn forget_before(&self, moment: Timestamp) -> Result<(), Failure> {
        let failed = |error: Error| trouble(&self.name, "delete old logs", &error);
        let oldest = day(moment);
        for pipeline in self.list(&self.root).await.map_err(failed)?.common_prefixes {
            for date in self.list(&pipeline).await.map_err(failed)?.common_prefixes {
                if date.filename().is_some_and(|date| date < oldest.as_str()) {
                    self.delete_all(date).await.map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    async fn list(&self, folder: &Key) -> Result<object_store::ListResult, Error> {
        self.store.list_with_delimiter(Some(folder)).await
    }

    async fn delete_all(&self, folder: Key) -> Result<(), Error> {
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            let found = self.list(&folder).await?;
            for ObjectMeta { location, .. } in found.objects {
                self.store.delete(&location).await?;
            }
            folders.extend(found.common_prefixes);
        }
        Ok(())
    }

    /// What went wrong between a file and the bucket: either may be the cause.
    fn not_copied(&self, what: &str, local: (&'static str, &Path), error: io::Error) -> Failure {
        let remote = error.get_ref().and_then(|inner| inner.downcast_ref());
        match remote {
            Some(remote) => trouble(&self.name, what, remote),
            None => FileError::new(local.0, local.1, error).into(),
        }
    }

    /// Where the objects of a log are: by the day, so that the rules of a bucket can tell old ones.
    fn folder(&self, log: &LogOf) -> Key {
        self.root
            .clone()
            .join(log.pipeline.as_str())
            .join(day(log.created_at))
            .join(log.run.to_string())
    }
}

fn day(moment: Timestamp) -> String {
    iso(moment.0).chars().take(10).collect()
}

fn temporary() -> Result<NamedTempFile, Failure> {
    let folder = std::env::temp_dir();
    NamedTempFile::new().map_err(|source| FileError::new("write into", &folder, source).into())
}

fn trouble(name: &str, what: &str, error: &Error) -> Failure {
    let (reason, hint) = match error {
        Error::NotFound { .. } => (
            "there is no such bucket".to_owned(),
            "see `destination_config` of `logging_config` in metadata.yaml",
        ),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => (
            "these credentials may not do that".to_owned(),
            "give credentials that may list, read, write and delete under the prefix",
        ),
        other => (
            first_line(&other.to_string()),
            "see `destination_config` of `logging_config` in metadata.yaml",
        ),
    };
    Failure::external(format!("failed to {what} in {name}: {reason}"), hint)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use baton_runner::{Level, LogRecord};
    use baton_scheduler::Journal;
    use object_store::memory::InMemory;

    use super::*;

    /// Two machines with one bucket.
    fn machines() -> [RemoteLogs; 2] {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        ["one", "two"].map(|writer| RemoteLogs {
            store: Arc::clone(&store),
            name: "memory".to_owned(),
            root: Key::from("logs/shop/pipelines"),
            writer: writer.to_owned(),
        })
    }

    fn log(run: i64, created_at: i64) -> LogOf {
        LogOf {
            run: RunId(run),
            pipeline: PipelineUuid::from("sales"),
            created_at: Timestamp(created_at),
        }
    }

    fn record(at: i64, message: &str) -> LogRecord {
        LogRecord {
            at: Timestamp(at),
            level: Level::Info,
            block: None,
            attempt: None,
            message: message.to_owned(),
            tags: baton_model::Map::new(),
        }
    }

    async fn messages(bucket: &RemoteLogs, log: &LogOf) -> Option<Vec<String>> {
        let file = bucket.fetch(log).await.unwrap()?;
        let mut messages = Vec::new();
        read_log(file.path(), |record| messages.push(record.message)).unwrap();
        Some(messages)
    }

    #[tokio::test]
    async fn what_several_machines_have_written_is_read_in_the_order_of_time() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = machines();
        let log = log(7, 0);
        assert_eq!(messages(&one, &log).await, None);
        for (bucket, records) in [
            (&one, vec![record(1, "first"), record(3, "third")]),
            (&two, vec![record(2, "second")]),
        ] {
            let file = folder.path().join(&bucket.writer);
            Journal::open(&file).unwrap().append(&records);
            bucket.keep(&log, &file).await.unwrap();
        }
        let found = messages(&two, &log).await.unwrap();
        assert_eq!(found, ["first", "second", "third"]);
        one.forget(&log).await.unwrap();
        assert_eq!(messages(&two, &log).await, None);
    }

    #[tokio::test]
    async fn a_large_log_is_kept_and_read_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let [bucket, _] = machines();
        let file = folder.path().join("log");
        let megabyte = "x".repeat(1 << 20);
        let records: Vec<LogRecord> = (0..17).map(|at| record(at, &megabyte)).collect();
        Journal::open(&file).unwrap().append(&records);
        let log = log(1, 0);
        bucket.keep(&log, &file).await.unwrap();
        let kept = bucket.fetch(&log).await.unwrap().unwrap();
        let read = |path: &Path| std::fs::read(path).unwrap();
        assert!(read(kept.path()) == read(&file));
    }

    #[tokio::test]
    async fn only_logs_of_earlier_days_are_too_old() {
        const DAY: i64 = 86_400_000_000;
        let folder = tempfile::tempdir().unwrap();
        let [bucket, _] = machines();
        let file = folder.path().join("log");
        Journal::open(&file).unwrap().append(&[record(1, "a")]);
        let logs = [log(1, 0), log(2, DAY), log(3, 2 * DAY)];
        for log in &logs {
            bucket.keep(log, &file).await.unwrap();
        }
        bucket.forget_before(Timestamp(DAY + 1)).await.unwrap();
        let mut left = Vec::new();
        for log in &logs {
            left.push(messages(&bucket, log).await.is_some());
        }
        assert_eq!(left, [false, true, true]);
    }
}
