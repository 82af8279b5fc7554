//! What happens in runs, told to systems that watch: traces and logs by OpenTelemetry, lineage by OpenLineage. Both are off
//! unless the environment names an address.
//!
//! It is told while it happens, by the process that drives the run, and nothing waits for it: what a collector that is away
//! does not take in some tries is dropped and counted.

mod config;
mod lineage;
mod otlp;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use baton_model::{BlockRun, BlockStatus, RunId, RunStatus, Timestamp};
use baton_project::keys_of;
use baton_scheduler::{News, Notice};
use reqwest::header::{AUTHORIZATION, HeaderName};
use serde_json::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use self::config::{Lineage, Otlp};
use self::lineage::Subject;
use self::otlp::{Attempt, Names, Traced};
use super::Host;
use crate::notices::Outgoing;
use crate::settings;

/// How long spans and records are gathered.
const GATHER: Duration = Duration::from_secs(1);

/// How many of them make a request at once.
const TOGETHER: usize = 512;

/// Requests that wait; more are dropped.
const WAITING: usize = 64;

/// How often a request is tried, and the first pause between two tries.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// A request on its way.
struct Parcel {
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A run that is followed.
struct Followed {
    run: Traced,
    /// When the newest attempt of each block run began.
    attempts: HashMap<String, (u32, Timestamp)>,
}

/// Tells of everything that happens, until the service is gone.
struct Teller {
    host: Weak<Host>,
    names: Names,
    otlp: Option<Otlp>,
    lineage: Option<Lineage>,
    runs: HashMap<RunId, Followed>,
    spans: Vec<Value>,
    records: Vec<Value>,
    parcels: mpsc::Sender<Parcel>,
    dropped: u64,
}

/// Begins to tell, if anybody is to be told.
pub(super) fn start(host: &Arc<Host>) {
    // What cannot be read says nothing.
    let file = std::fs::read_to_string(host.root().join("openlineage.yml")).unwrap_or_default();
    let file = keys_of(&file).unwrap_or_default();
    let (otlp, lineage) = (
        Otlp::read(&settings::variable),
        Lineage::read(&settings::variable, &file),
    );
    if otlp.is_none() && lineage.is_none() {
        return;
    }
    let outgoing = match Outgoing::new() {
        Ok(outgoing) => outgoing,
        Err(trouble) => {
            let reason = trouble.message;
            tracing::error!(reason, "nothing can be told to collectors");
            return;
        }
    };
    let (parcels, waiting) = mpsc::channel(WAITING);
    tokio::spawn(send(outgoing, waiting));
    let teller = Teller {
        host: Arc::downgrade(host),
        names: Names::new(host.root()),
        otlp,
        lineage,
        runs: HashMap::new(),
        spans: Vec::new(),
        records: Vec::new(),
        parcels,
        dropped: 0,
    };
    tokio::spawn(teller.follow(host.service().news()));
}

/// Sends what comes, one after the other.
async fn send(outgoing: Outgoing, mut waiting: mpsc::Receiver<Parcel>) {
    while let Some(parcel) = waiting.recv().await {
        let headers: Vec<(HeaderName, &str)> = parcel
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.parse().ok()?, value.as_str())))
            .collect();
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            let sent = outgoing.post(&parcel.url, &headers, parcel.body.clone());
            let Err(trouble) = sent.await else { break };
            if !trouble.is_passing || attempt == TRIES {
                let reason = trouble.message;
                tracing::warn!(reason, "a collector did not take what it was told");
                break;
            }
            sleep(pause.max(trouble.wait.unwrap_or_default().min(pause * 4))).await;
            pause *= 2;
        }
    }
}

impl Teller {
    async fn follow(mut self, mut news: Receiver<News>) {
        let mut due: Option<Instant> = None;
        loop {
            let told = tokio::select! {
                told = news.recv() => told,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.flush();
                    due = None;
                    continue;
                }
            };
            match told {
                Ok(told) => self.take(told).await,
                Err(RecvError::Lagged(count)) => {
                    tracing::warn!(count, "collectors miss some of what happened");
                }
                Err(RecvError::Closed) => {
                    self.flush();
                    return;
                }
            }
            let count = self.spans.len() + self.records.len();
            if count >= TOGETHER {
                self.flush();
                due = None;
            } else if count > 0 && due.is_none() {
                due = Some(Instant::now() + GATHER);
            }
        }
    }

    async fn take(&mut self, news: News) {
        match news {
            News::Opened(id) => {
                self.see(id).await;
                self.tell_lineage(id).await;
            }
            News::Inside(id, notice) => {
                self.see(id).await;
                match notice.as_ref() {
                    Notice::Block(block) => self.block(id, block),
                    Notice::Log(record) => {
                        if let (Some(otlp), Some(followed)) = (&self.otlp, self.runs.get(&id))
                            && otlp.logs.is_some()
                        {
                            let record = otlp::record(&self.names, &followed.run, record);
                            self.records.push(record);
                        }
                    }
                    Notice::Tests { .. } => {}
                }
            }
            News::Ended(id, status) => {
                self.ended(id, status).await;
                self.tell_lineage(id).await;
                self.runs.remove(&id);
            }
            News::Created(_) | News::Trigger(_) | News::NotMade(..) => {}
        }
    }

    /// Learns what is said of a run, once.
    async fn see(&mut self, id: RunId) {
        if self.runs.contains_key(&id) {
            return;
        }
        let Some(host) = self.host.upgrade() else {
            return;
        };
        let Ok(Some(row)) = host.store().run_row(id).await else {
            return;
        };
        let run = Traced {
            id,
            pipeline: row.pipeline.as_str().to_owned(),
            trigger: row.trigger_name,
            cause: row.cause.name(),
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
        };
        let attempts = HashMap::new();
        self.runs.insert(id, Followed { run, attempts });
    }

    /// Notes that an attempt has begun, or tells of one that has ended.
    fn block(&mut self, id: RunId, block: &BlockRun) {
        let Some(host) = self.host.upgrade() else {
            return;
        };
        let now = host.service().now();
        let Some(followed) = self.runs.get_mut(&id) else {
            return;
        };
        if block.waits_for_place() {
            // Its time begins when it has one.
            followed.attempts.remove(&block.name);
            return;
        }
        let known = followed.attempts.get(&block.name).copied();
        let runs = block.status == BlockStatus::Running;
        if let Some((number, from)) = known
            && (!runs || number != block.attempt)
        {
            followed.attempts.remove(&block.name);
            if self.otlp.as_ref().is_some_and(|otlp| otlp.traces.is_some()) {
                let attempt = Attempt {
                    block,
                    number,
                    from,
                    to: now,
                };
                let span = otlp::attempt_span(&self.names, &followed.run, &attempt);
                self.spans.push(span);
            }
        }
        if runs {
            let begun = followed.attempts.entry(block.name.clone());
            begun.or_insert((block.attempt, now));
        }
    }

    async fn ended(&mut self, id: RunId, status: RunStatus) {
        if self.otlp.as_ref().is_none_or(|otlp| otlp.traces.is_none()) {
            return;
        }
        let Some(host) = self.host.upgrade() else {
            return;
        };
        // The times of its end are in the database by now.
        self.runs.remove(&id);
        self.see(id).await;
        let run = host.store().load_run(id).await.ok().flatten();
        let reason = run.and_then(|run| run.reason);
        if let Some(followed) = self.runs.get(&id) {
            let span = otlp::run_span(&self.names, &followed.run, status, reason.as_deref());
            self.spans.push(span);
        }
    }

    /// Tells of a run that was let in, or has ended.
    async fn tell_lineage(&mut self, id: RunId) {
        let Some(config) = self.lineage.clone() else {
            return;
        };
        let Some(host) = self.host.upgrade() else {
            return;
        };
        let Ok(Some(run)) = host.store().load_run(id).await else {
            return;
        };
        let subject = Subject {
            namespace: &config.namespace,
            seed: self.names.seed(id, run.created_at),
        };
        let now = host.service().now();
        let events = if run.status.is_final() {
            subject.ended(&run, now)
        } else {
            subject.begins(&run, now)
        };
        for event in events {
            let bearer = config.key.iter();
            let headers = bearer
                .map(|key| (AUTHORIZATION.to_string(), format!("Bearer {key}")))
                .collect();
            self.put(config.url.clone(), headers, &event);
        }
    }

    /// Sends what was gathered.
    fn flush(&mut self) {
        let Some(otlp) = self.otlp.clone() else {
            return;
        };
        let spans = std::mem::take(&mut self.spans);
        if let Some(url) = otlp.traces.clone().filter(|_| !spans.is_empty()) {
            self.put(url, otlp.headers.clone(), &otlp::traces(&otlp, &spans));
        }
        let records = std::mem::take(&mut self.records);
        if let Some(url) = otlp.logs.clone().filter(|_| !records.is_empty()) {
            self.put(url, otlp.headers.clone(), &otlp::logs(&otlp, &records));
        }
    }

    fn put(&mut self, url: String, headers: Vec<(String, String)>, body: &Value) {
        let parcel = Parcel {
            url,
            headers,
            body: body.to_string().into_bytes(),
        };
        if self.parcels.try_send(parcel).is_err() {
            self.dropped += 1;
            let dropped = self.dropped;
            tracing::warn!(dropped, "a collector is too slow: something was not told");
        }
    }
}
