//! `/metrics`, in the text format of Prometheus.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use baton_app::{BOUNDS, Measures};

use super::By;
use crate::Shared;
use crate::contract::{Operation, Output};
use crate::error::ApiError;

const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Numbers in the text format of Prometheus.
pub(crate) struct Exposition(String);

impl IntoResponse for Exposition {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, KIND)], self.0).into_response()
    }
}

impl Output for Exposition {
    fn describe(operation: &mut Operation<'_>) {
        operation.gives_bytes(KIND);
    }
}

/// The service in numbers.
pub(crate) async fn show(
    State(shared): State<Shared>,
    By(actor): By,
) -> Result<Exposition, ApiError> {
    let found = shared.host.measures(&actor).await?;
    Ok(Exposition(text(&found)))
}

fn text(found: &Measures) -> String {
    let mut text = String::new();
    let mut say = |name: &str, kind: &str, help: &str, lines: &[(String, String)]| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in lines {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let runs = found.runs.iter();
    let runs = runs.map(|(status, count)| {
        (
            format!("{{status=\"{}\"}}", status.name()),
            count.to_string(),
        )
    });
    let plain = |value: String| vec![(String::new(), value)];
    say(
        "baton_runs",
        "gauge",
        "Stored runs by where they stand; `initial` ones wait.",
        &runs.collect::<Vec<_>>(),
    );
    say(
        "baton_driven_runs",
        "gauge",
        "Runs that this process drives.",
        &plain(found.driven.to_string()),
    );
    let notices = found.notices.iter();
    let notices = notices.map(|(status, count)| {
        (
            format!("{{status=\"{}\"}}", status.name()),
            count.to_string(),
        )
    });
    say(
        "baton_notices",
        "gauge",
        "Stored messages to people by where they stand; `failed` ones were given up.",
        &notices.collect::<Vec<_>>(),
    );
    say(
        "baton_scheduler_lag_seconds",
        "gauge",
        "How long the oldest date that is due has not been looked at.",
        &plain(found.lag.as_secs_f64().to_string()),
    );
    if let Some(turned) = found.turned {
        say(
            "baton_scheduler_turned_seconds",
            "gauge",
            "How long ago the scheduler last turned.",
            &plain(turned.as_secs_f64().to_string()),
        );
    }
    for (name, help, value) in [
        (
            "process_resident_memory_bytes",
            "Memory of this process.",
            found.memory,
        ),
        ("process_open_fds", "Open files and sockets.", found.handles),
    ] {
        if let Some(value) = value {
            say(name, "gauge", help, &plain(value.to_string()));
        }
    }
    let name = "baton_block_duration_seconds";
    let _ = writeln!(
        text,
        "# HELP {name} How long blocks took, with their retries, since the server started.\n# TYPE {name} histogram"
    );
    let bounds = BOUNDS.iter().map(f64::to_string);
    let bounds = bounds.chain(["+Inf".to_owned()]);
    for (bound, count) in bounds.zip(&found.durations) {
        let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}");
    }
    let count = found.durations.last().copied().unwrap_or_default();
    let _ = writeln!(text, "{name}_sum {}\n{name}_count {count}", found.seconds);
    text
}
