//! Traces and logs in the form of OTLP over HTTP, as JSON: one trace for a run, one span for it and one for each attempt
//! of a block, and log records that name their span.

use baton_model::{BlockRun, BlockStatus, RunId, RunStatus, Timestamp};
use baton_runner::{Level, LogRecord};
use serde_json::{Value, json};

use super::config::Otlp;

/// What tells the runs of this project from all others.
#[derive(Clone, Debug)]
pub(super) struct Names {
    seed: String,
}

impl Names {
    pub(super) fn new(project: &std::path::Path) -> Self {
        Self {
            seed: project.display().to_string(),
        }
    }

    /// What tells a run from all others, also from one of its number before the state was deleted.
    pub(super) fn seed(&self, run: RunId, created_at: Timestamp) -> String {
        format!("{}\0{run}\0{}", self.seed, created_at.0)
    }

    fn hex(&self, run: &Traced, what: &str, digits: usize) -> String {
        let text = format!("{}\0{what}", self.seed(run.id, run.created_at));
        let hex = blake3::hash(text.as_bytes()).to_hex();
        hex.get(..digits).unwrap_or_default().to_owned()
    }

    /// The trace of a run.
    pub(super) fn trace(&self, run: &Traced) -> String {
        self.hex(run, "trace", 32)
    }

    /// The span of the run itself.
    pub(super) fn span(&self, run: &Traced) -> String {
        self.hex(run, "run", 16)
    }

    /// The span of an attempt.
    pub(super) fn attempt(&self, run: &Traced, block: &str, attempt: u32) -> String {
        self.hex(run, &format!("attempt {attempt} of {block}"), 16)
    }
}

/// What spans and records say of a run.
#[derive(Clone, Debug)]
pub(super) struct Traced {
    pub(super) id: RunId,
    pub(super) pipeline: String,
    pub(super) trigger: Option<String>,
    pub(super) cause: &'static str,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
}

/// An attempt that has ended.
#[derive(Clone, Debug)]
pub(super) struct Attempt<'a> {
    pub(super) block: &'a BlockRun,
    pub(super) number: u32,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

fn attribute(key: &str, value: impl Into<Value>) -> Value {
    let value = match value.into() {
        Value::String(text) => json!({"stringValue": text}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        // Whole numbers of 64 bits are text in this JSON.
        Value::Number(number) if !number.is_f64() => json!({"intValue": number.to_string()}),
        Value::Number(number) => json!({"doubleValue": number}),
        other => json!({"stringValue": other.to_string()}),
    };
    json!({"key": key, "value": value})
}

fn nanos(at: Timestamp) -> String {
    (i128::from(at.0) * 1000).to_string()
}

fn of_run(run: &Traced) -> Vec<Value> {
    let mut attributes = vec![
        attribute("baton.run.id", run.id.0),
        attribute("baton.pipeline", run.pipeline.as_str()),
        attribute("baton.cause", run.cause),
    ];
    attributes.extend(
        run.trigger
            .as_deref()
            .map(|name| attribute("baton.trigger", name)),
    );
    attributes
}

/// The span of a run that has ended.
pub(super) fn run_span(
    names: &Names,
    run: &Traced,
    status: RunStatus,
    reason: Option<&str>,
) -> Value {
    let from = run.started_at.unwrap_or(run.created_at);
    let to = run.ended_at.unwrap_or(from);
    let mut attributes = of_run(run);
    attributes.push(attribute("baton.status", status.name()));
    let status = match status {
        RunStatus::Completed => json!({"code": 1}),
        RunStatus::Failed => json!({"code": 2, "message": reason.unwrap_or_default()}),
        _ => json!({}),
    };
    json!({
        "traceId": names.trace(run),
        "spanId": names.span(run),
        "name": run.pipeline,
        "kind": 1,
        "startTimeUnixNano": nanos(from),
        "endTimeUnixNano": nanos(to),
        "attributes": attributes,
        "status": status,
    })
}

/// The span of an attempt of a block.
pub(super) fn attempt_span(names: &Names, run: &Traced, attempt: &Attempt<'_>) -> Value {
    let block = attempt.block;
    let mut attributes = of_run(run);
    attributes.push(attribute("baton.block", block.name.as_str()));
    attributes.push(attribute("baton.attempt", attempt.number));
    attributes.push(attribute("baton.status", block.status.name()));
    let mut status = json!({});
    let mut events = Vec::new();
    match &block.error {
        // The next attempt has begun already, and what is known is about that.
        _ if attempt.number != block.attempt => {
            status = json!({"code": 2, "message": "it failed, and was tried again"});
        }
        Some(error) => {
            status = json!({"code": 2, "message": error.message});
            let mut told = vec![attribute("exception.message", error.message.as_str())];
            let exception = error.exception.as_deref();
            told.extend(exception.map(|name| attribute("exception.type", name)));
            events.push(
                json!({"name": "exception", "timeUnixNano": nanos(attempt.to), "attributes": told}),
            );
        }
        None if block.status == BlockStatus::Completed => status = json!({"code": 1}),
        None => {}
    }
    json!({
        "traceId": names.trace(run),
        "spanId": names.attempt(run, &block.name, attempt.number),
        "parentSpanId": names.span(run),
        "name": block.name,
        "kind": 1,
        "startTimeUnixNano": nanos(attempt.from),
        "endTimeUnixNano": nanos(attempt.to),
        "attributes": attributes,
        "events": events,
        "status": status,
    })
}

/// A log record, with the span that it belongs to.
pub(super) fn record(names: &Names, run: &Traced, record: &LogRecord) -> Value {
    let mut attributes = of_run(run);
    let span = match (&record.block, record.attempt) {
        (Some(block), Some(attempt)) => {
            attributes.push(attribute("baton.block", block.as_str()));
            attributes.push(attribute("baton.attempt", attempt));
            names.attempt(run, block, attempt)
        }
        _ => names.span(run),
    };
    for (key, value) in &record.tags {
        attributes.push(attribute(key, value.clone()));
    }
    let severity = match record.level {
        Level::Debug => 5,
        Level::Info => 9,
        Level::Warning => 13,
        Level::Error | Level::Exception => 17,
        Level::Critical => 21,
    };
    json!({
        "timeUnixNano": nanos(record.at),
        "observedTimeUnixNano": nanos(record.at),
        "severityNumber": severity,
        "severityText": record.level.name(),
        "body": {"stringValue": record.message},
        "attributes": attributes,
        "traceId": names.trace(run),
        "spanId": span,
    })
}

fn resource(config: &Otlp) -> Value {
    let attributes: Vec<Value> = config
        .resource
        .iter()
        .map(|(key, value)| attribute(key, value.as_str()))
        .collect();
    json!({ "attributes": attributes })
}

fn scope() -> Value {
    json!({"name": "baton", "version": env!("CARGO_PKG_VERSION")})
}

/// The body of a request with spans.
pub(super) fn traces(config: &Otlp, spans: &[Value]) -> Value {
    json!({"resourceSpans": [{
        "resource": resource(config),
        "scopeSpans": [{"scope": scope(), "spans": spans}],
    }]})
}

/// The body of a request with log records.
pub(super) fn logs(config: &Otlp, records: &[Value]) -> Value {
    json!({"resourceLogs": [{
        "resource": resource(config),
        "scopeLogs": [{"scope": scope(), "logRecords": records}],
    }]})
}
