//! Who changed what: a line for each change, in the log of the server and in a file beside the database. Never the
//! values of secrets.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use baton_base::now;
use baton_model::Timestamp;
use chrono::DateTime;
use serde_json::{Value, json};

use super::Host;
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// A file of this size is put aside, and the one put aside before is deleted.
const LARGEST: u64 = 16 << 20;

impl Host {
    /// Notes a change. That it could not be noted does not undo it.
    pub async fn audit(&self, actor: &Actor, action: &'static str, object: &str, details: Value) {
        let who = match actor {
            Actor::Owner => "owner",
            Actor::Nobody => "token",
        };
        tracing::info!(target: "audit", who, action, object, "changed");
        let at = Timestamp(now());
        let moment = DateTime::from_timestamp_micros(at.0).unwrap_or_default();
        let moment = moment.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let line = json!({"at": moment, "who": who, "action": action, "object": object, "details": details});
        let path = self.audit_path();
        let wrote = tokio::task::spawn_blocking(move || append(&path, &line.to_string())).await;
        if let Ok(Err(error)) = wrote {
            tracing::error!(%error, action, object, "a change could not be noted");
        }
    }

    /// The newest changes, the last one first.
    pub async fn audited(&self, actor: &Actor, limit: usize) -> Result<Vec<Value>, Failure> {
        actor.may(Right::Read)?;
        let path = self.audit_path();
        let text = tokio::fs::read_to_string(path).await.unwrap_or_default();
        let lines = text.lines().rev().take(limit);
        Ok(lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }

    fn audit_path(&self) -> PathBuf {
        self.state().home.path().join("audit.jsonl")
    }
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > LARGEST) {
        fs::rename(path, path.with_extension("old.jsonl"))?;
    }
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    // One write, so that lines of several writers do not mix.
    file.write_all(format!("{line}\n").as_bytes())
}
