//! What a message says: the facts of a run, and the texts that are made of them.

use baton_base::iso;
use baton_engine::why::span;
use baton_model::{BlockError, BlockStatus, Map, Run, Timestamp, Trigger};
use baton_project::{Alert, MessageTemplate};
use serde_json::{Value, json};

/// Lines of a stack trace that a message holds.
const TRACE_LINES: usize = 50;

/// Characters of an error that the default texts hold.
const LONGEST_ERROR: usize = 1000;

/// The texts of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) title: String,
    /// What short channels show.
    pub(crate) summary: String,
    /// What Slack, e-mail and Opsgenie show.
    pub(crate) details: String,
}

/// What is known of a run, in the words of the placeholders and some more. `sentence` is what happened.
pub(crate) fn facts_of(
    run: &Run,
    trigger: Option<&Trigger>,
    url: Option<&str>,
    sentence: &str,
) -> Map {
    let mut failed: Vec<_> = run
        .blocks
        .iter()
        .filter(|block| block.status == BlockStatus::Failed)
        .collect();
    failed.sort_by_key(|block| block.ended_at);
    let first = failed.first();
    let error = first
        .and_then(|block| Some(said(&block.name, block.error.as_ref()?)))
        .or_else(|| run.reason.clone());
    let trace = first.and_then(|block| block.error.as_ref()).map(trace);
    let text = |text: Option<&str>| Value::from(text.unwrap_or_default());
    let facts = json!({
        "pipeline_uuid": run.plan.pipeline,
        "pipeline_schedule_id": run.plan.occasion.trigger,
        "pipeline_schedule_name": text(run.plan.trigger.as_deref()),
        "pipeline_schedule_description": text(trigger.and_then(|trigger| trigger.description.as_deref())),
        "pipeline_run_id": run.id,
        "pipeline_run_url": url,
        "execution_time": iso(run.plan.execution_date.0),
        "status": run.status.name(),
        "error": text(error.as_deref()),
        "stacktrace": text(trace.as_deref()),
        "sentence": sentence,
    });
    match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

/// The same of a date of a schedule that could not become a run.
pub(crate) fn facts_of_date(trigger: &Trigger, date: Timestamp, reason: &str) -> Map {
    let name = &trigger.name;
    let at = iso(date.0);
    let facts = json!({
        "pipeline_uuid": trigger.pipeline,
        "pipeline_schedule_id": trigger.id,
        "pipeline_schedule_name": name,
        "pipeline_schedule_description": trigger.description.as_deref().unwrap_or_default(),
        "pipeline_run_id": null,
        "pipeline_run_url": null,
        "execution_time": at,
        "status": "",
        "error": reason,
        "stacktrace": "",
        "sentence": format!("the run of trigger `{name}` for {at} could not be made"),
    });
    match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

/// What happened when a run ended, in a sentence without a full stop.
pub(crate) fn of_end(run: &Run) -> String {
    let took = run.started_at.zip(run.ended_at);
    let took = took.map(|(from, to)| span(to.since(from)));
    let trigger = run.plan.trigger.as_deref();
    let trigger = trigger.map_or_else(String::new, |name| format!(" of trigger `{name}`"));
    let took = took.map_or_else(String::new, |took| format!(" after {took}"));
    format!(
        "run {}{trigger} for {} {}{took}",
        run.id,
        iso(run.plan.execution_date.0),
        run.status.name(),
    )
}

/// An error with its block and its exception, in a line.
fn said(block: &str, error: &BlockError) -> String {
    match &error.exception {
        Some(exception) => format!("block `{block}`: {exception}: {}", error.message),
        None => format!("block `{block}`: {}", error.message),
    }
}

/// The user's frames as Python shows them, with the error below; the last lines of it.
fn trace(error: &BlockError) -> String {
    let mut lines = Vec::new();
    for frame in &error.frames {
        let (file, line, function) = (&frame.file, frame.line, &frame.function);
        lines.push(format!("  File \"{file}\", line {line}, in {function}"));
        lines.extend(frame.code.as_ref().map(|code| format!("    {code}")));
    }
    let message = error.message.lines();
    match &error.exception {
        Some(exception) => lines.push(format!("{exception}: {}", error.message)),
        None => lines.extend(message.map(str::to_owned)),
    }
    let lines: Vec<&str> = lines.iter().flat_map(|line| line.lines()).collect();
    let skipped = lines.len().saturating_sub(TRACE_LINES);
    lines.get(skipped..).unwrap_or_default().join("\n")
}

/// The message about an alert.
pub(crate) fn compose(alert: Alert, facts: &Map, template: &MessageTemplate) -> Message {
    let pipeline = text(facts, "pipeline_uuid");
    let title = match alert {
        Alert::Failure => format!("Pipeline `{pipeline}` failed"),
        Alert::Success => format!("Pipeline `{pipeline}` completed"),
        Alert::PassedSla => format!("Pipeline `{pipeline}` is late"),
    };
    let mut summary = format!("Pipeline `{pipeline}`: {}.", text(facts, "sentence"));
    let error = text(facts, "error");
    if alert == Alert::Failure && !error.is_empty() {
        summary.push('\n');
        summary.push_str(&shortened(&error, LONGEST_ERROR));
    }
    let filled = |template: &Option<String>, default: String| match template {
        Some(template) => fill(template, facts),
        None => default,
    };
    let title = filled(&template.title, title);
    let summary = filled(&template.summary, summary);
    let url = text(facts, "pipeline_run_url");
    let details = if url.is_empty() {
        summary.clone()
    } else {
        format!("{summary}\nMore about the run: {url}")
    };
    Message {
        details: filled(&template.details, details),
        title,
        summary,
    }
}

fn text(facts: &Map, name: &str) -> String {
    match facts.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Puts facts in the place of `{name}`. What is no fact stays as it is.
fn fill(template: &str, facts: &Map) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let name = from
            .get(1..)
            .and_then(|inner| inner.split_once('}'))
            .map(|(name, _)| name)
            .filter(|name| facts.contains_key(*name));
        let (piece, length) = match name {
            Some(name) => (text(facts, name), name.len() + 2),
            None => ("{".to_owned(), 1),
        };
        filled.push_str(&piece);
        rest = from.get(length..).unwrap_or_default();
    }
    filled + rest
}

/// The text, cut to so many characters.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.char_indices().nth(most).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Map {
        let facts = json!({
            "pipeline_uuid": "sales", "pipeline_schedule_id": 7, "pipeline_schedule_name": "daily",
            "pipeline_run_url": "http://h/pipelines/sales/runs/3", "error": "block `a`: ValueError: x",
            "sentence": "run 3 failed",
        });
        facts.as_object().cloned().unwrap()
    }

    #[test]
    fn default_texts_say_what_happened_and_where_to_look() {
        let plain = MessageTemplate::default();
        let message = compose(Alert::Failure, &facts(), &plain);
        assert_eq!(message.title, "Pipeline `sales` failed");
        assert_eq!(
            message.summary,
            "Pipeline `sales`: run 3 failed.\nblock `a`: ValueError: x"
        );
        assert_eq!(
            message.details,
            format!(
                "{}\nMore about the run: http://h/pipelines/sales/runs/3",
                message.summary
            )
        );
        let mut nowhere = facts();
        nowhere.remove("pipeline_run_url");
        let message = compose(Alert::Success, &nowhere, &plain);
        assert_eq!(message.details, message.summary);
        assert!(!message.summary.contains("ValueError"), "{message:?}");
    }

    #[test]
    fn texts_of_ones_own_take_the_facts() {
        let template = MessageTemplate {
            title: Some("{pipeline_uuid} {moon} {".to_owned()),
            summary: Some("#{pipeline_schedule_id}{{error}}".to_owned()),
            details: None,
        };
        let message = compose(Alert::Failure, &facts(), &template);
        assert_eq!(message.title, "sales {moon} {");
        assert_eq!(message.summary, "#7{block `a`: ValueError: x}");
        assert!(message.details.starts_with("#7{"), "{message:?}");
    }

    #[test]
    fn long_errors_are_cut_between_characters() {
        assert_eq!(shortened("größe", 5), "größe");
        assert_eq!(shortened("größer", 5), "größ…");
    }
}
