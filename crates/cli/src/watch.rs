//! Showing a run as it goes: live lines on a terminal, plain lines elsewhere, JSON events for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use baton_base::now;
use baton_model::{BlockRun, BlockRunKey, BlockStatus, Plan, Run, RunStatus, Timestamp};
use baton_scheduler::Notice;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::terminal::{self, Paint, say, tell};

/// How a run is shown.
pub(crate) enum Watcher {
    /// One line a block, spinners for those that run.
    Live(Live),
    /// Lines, for a file or a pipe.
    Plain(Plain),
    /// JSON events.
    Json,
}

/// What the user asked to see.
pub(crate) struct Shown {
    /// The project as the user named it.
    pub(crate) project: String,
    /// JSON events instead of lines.
    pub(crate) json: bool,
    /// Nothing of what blocks print.
    pub(crate) quiet: bool,
}

/// The lines of a terminal.
pub(crate) struct Live {
    lines: Lines,
    bars: MultiProgress,
    running: BTreeMap<BlockRunKey, ProgressBar>,
}

/// Plain lines.
pub(crate) struct Plain {
    lines: Lines,
}

/// What both kinds of lines need.
struct Lines {
    paint: Paint,
    width: usize,
    quiet: bool,
    /// The project as the user named it.
    project: String,
}

impl Watcher {
    /// A watcher for `plan`.
    pub(crate) fn new(plan: &Plan, shown: Shown, is_terminal: bool) -> Self {
        let Shown {
            project,
            json,
            quiet,
        } = shown;
        if json {
            return Self::Json;
        }
        let width = plan
            .blocks
            .iter()
            .map(|block| block.uuid.as_str().chars().count())
            .max();
        let lines = Lines {
            paint: Paint::stdout(),
            width: width.unwrap_or(0).min(40),
            quiet,
            project,
        };
        if is_terminal {
            let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
            Self::Live(Live {
                lines,
                bars,
                running: BTreeMap::new(),
            })
        } else {
            Self::Plain(Plain { lines })
        }
    }

    /// The run begins, or goes on.
    pub(crate) fn begin(&mut self, run: &Run, resumed: bool) {
        match self {
            Self::Json => event(
                "run_started",
                json!({"run_id": run.id, "pipeline": run.plan.pipeline, "env": run.plan.env, "resumed": resumed}),
            ),
            Self::Live(Live { lines, .. }) | Self::Plain(Plain { lines }) => {
                let verb = if resumed { "Resuming run" } else { "Run" };
                let count = run.plan.blocks.len();
                let blocks = if count == 1 { "block" } else { "blocks" };
                let head = format!("{verb} {} of {}", run.id, run.plan.pipeline);
                say(&format!(
                    "{} {}",
                    lines.paint.bold(&head),
                    lines
                        .paint
                        .dim(&format!("({count} {blocks}, {})", run.plan.env))
                ));
            }
        }
    }

    /// Shows one piece of news.
    pub(crate) fn show(&mut self, notice: &Notice) {
        match self {
            Self::Json => show_json(notice),
            Self::Plain(plain) => {
                if let Some(line) = plain.lines.of(notice) {
                    say(&line);
                }
            }
            Self::Live(live) => live.show(notice),
        }
    }

    /// The run has ended.
    pub(crate) fn end(&mut self, run: &Run) {
        match self {
            Self::Json => say(&summary(run).to_string()),
            Self::Live(Live { lines, bars, .. }) => {
                // What is drawn below the lines goes away before the summary.
                drop(bars.clear());
                lines.finish(run);
            }
            Self::Plain(Plain { lines }) => lines.finish(run),
        }
    }
}

impl Live {
    fn show(&mut self, notice: &Notice) {
        if let Notice::Block(block) = notice {
            match block.status {
                BlockStatus::Running => {
                    let bar = self.bars.add(ProgressBar::new_spinner());
                    let template = "  {spinner:.cyan} {msg} {elapsed}";
                    if let Ok(style) = ProgressStyle::with_template(template) {
                        bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
                    }
                    bar.set_message(format!("{:width$}", block.name, width = self.lines.width));
                    bar.enable_steady_tick(Duration::from_millis(100));
                    self.running.insert(block.key.clone(), bar);
                }
                _ => {
                    if let Some(bar) = self.running.remove(&block.key) {
                        bar.finish_and_clear();
                        self.bars.remove(&bar);
                    }
                }
            }
        }
        if let Some(line) = self.lines.of(notice) {
            drop(self.bars.println(line));
        }
    }
}

impl Lines {
    /// The line for a piece of news; most news has none.
    fn of(&self, notice: &Notice) -> Option<String> {
        match notice {
            Notice::Block(block) if block.callbacks.as_ref().is_some_and(|one| one.done) => {
                self.called_back(block)
            }
            Notice::Block(block) if block.status.is_final() => Some(self.ended(block)),
            Notice::Block(block) if block.retry_at.is_some() => Some(self.retrying(block)),
            // A test's result is in the worker's own log record too.
            Notice::Block(_) | Notice::Tests { .. } => None,
            Notice::Log(_) if self.quiet => None,
            Notice::Log(record) => {
                let block = record.block.as_deref().unwrap_or("");
                let bar = self.paint.dim(&format!("{block} │"));
                let level = match record.level {
                    baton_runner::Level::Info => String::new(),
                    level => format!("{} ", self.paint.yellow(level.name())),
                };
                Some(format!("    {bar} {level}{}", printable(&record.message)))
            }
        }
    }

    fn ended(&self, block: &BlockRun) -> String {
        let name = format!("{:width$}", block.name, width = self.width);
        let time = match (block.started_at, block.ended_at) {
            (Some(start), Some(end)) => terminal::seconds(end.since(start)),
            _ => String::new(),
        };
        let state = format!("{:15}", block.status.name());
        let state = match block.status {
            BlockStatus::Completed => self.paint.green(&state),
            BlockStatus::Failed => self.paint.red(&state),
            _ => self.paint.dim(&state),
        };
        let sign = terminal::sign(block.status, self.paint);
        let detail = self.paint.dim(&printable(&terminal::block_detail(block)));
        format!("  {sign} {name}  {state} {time:>9}  {detail}")
            .trim_end()
            .to_owned()
    }

    /// Callbacks change nothing about the run, so only what went wrong in them is worth a line.
    fn called_back(&self, block: &BlockRun) -> Option<String> {
        let error = block.callbacks.as_ref()?.error.as_ref()?;
        let text = format!("a callback failed: {}", terminal::headline(error));
        let sign = self.paint.yellow("!");
        let name = format!("{:width$}", block.name, width = self.width);
        Some(format!("  {sign} {name}  {}", printable(&text)))
    }

    fn retrying(&self, block: &BlockRun) -> String {
        let wait = block
            .retry_at
            .map(|at| at.since(Timestamp(now())))
            .unwrap_or_default();
        let cause = block
            .error
            .as_ref()
            .map(terminal::headline)
            .unwrap_or_default();
        let text = format!(
            "attempt {} failed, next in {}: {cause}",
            block.attempt,
            terminal::seconds(wait)
        );
        let sign = self.paint.yellow("↻");
        format!(
            "  {sign} {:width$}  {}",
            block.name,
            printable(&text),
            width = self.width
        )
    }

    fn finish(&self, run: &Run) {
        for block in &run.blocks {
            if block.status == BlockStatus::Failed {
                say("");
                say(&terminal::explain(&block.name, block, self.paint));
            }
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for block in &run.blocks {
            *counts.entry(block.status.name()).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("{count} {}", name.replace('_', " ")))
            .collect();
        say("");
        let head = format!("Run {} of {}", run.id, run.plan.pipeline);
        let counts = if counts.is_empty() {
            String::from("no blocks")
        } else {
            counts.join(", ")
        };
        say(&format!(
            "{} {} in {}: {counts}",
            self.paint.bold(&head),
            terminal::run_status(run.status, self.paint),
            terminal::seconds(elapsed(run)),
        ));
        if matches!(run.status, RunStatus::Failed | RunStatus::Cancelled) {
            let command = format!("baton run {} --resume {}", self.project, run.id);
            tell(
                &self
                    .paint
                    .dim(&format!("to go on where it stopped: {command}")),
            );
        }
    }
}

/// Text without control characters, which could rewrite the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

fn elapsed(run: &Run) -> Duration {
    match (run.started_at, run.ended_at) {
        (Some(start), Some(end)) => end.since(start),
        _ => Duration::ZERO,
    }
}

fn event(name: &str, fields: Value) {
    let mut line = json!({"event": name, "at": baton_base::iso(now())});
    if let (Some(line), Value::Object(fields)) = (line.as_object_mut(), fields) {
        line.extend(fields);
    }
    say(&line.to_string());
}

fn show_json(notice: &Notice) {
    match notice {
        Notice::Block(block) if block.callbacks.as_ref().is_some_and(|one| one.done) => {
            let callbacks = block.callbacks.as_ref();
            event(
                "callbacks",
                json!({
                    "uuid": block.name,
                    "on": callbacks.map(|one| one.on.name()),
                    "error": callbacks.and_then(|one| one.error.as_ref()),
                }),
            );
        }
        Notice::Block(block) => {
            let mut fields = json!({
                "uuid": block.name, "status": block.status, "attempt": block.attempt,
            });
            if block.status.is_final() {
                fields = block_summary(block);
            } else if let (Some(retry_at), Some(map)) = (block.retry_at, fields.as_object_mut()) {
                map.insert("retry_at".to_owned(), json!(baton_base::iso(retry_at.0)));
                map.insert("error".to_owned(), json!(block.error));
            }
            event("block", fields);
        }
        Notice::Tests {
            block,
            passed,
            total,
        } => {
            event(
                "tests",
                json!({"uuid": block, "passed": passed, "total": total}),
            );
        }
        Notice::Log(record) => event(
            "log",
            json!({
                "uuid": record.block, "attempt": record.attempt, "level": record.level,
                "message": record.message, "tags": record.tags, "at": baton_base::iso(record.at.0),
            }),
        ),
    }
}

/// The last line of `--json`.
pub(crate) fn summary(run: &Run) -> Value {
    json!({
        "run_id": run.id,
        "pipeline": run.plan.pipeline,
        "status": run.status,
        "seconds": elapsed(run).as_secs_f64(),
        "blocks": run.blocks.iter().map(block_summary).collect::<Vec<_>>(),
    })
}

fn block_summary(block: &BlockRun) -> Value {
    let seconds = match (block.started_at, block.ended_at) {
        (Some(start), Some(end)) => end.since(start).as_secs_f64(),
        _ => 0.0,
    };
    let products: Vec<Value> = block
        .products
        .iter()
        .map(|product| {
            json!({"name": product.name, "kind": product.kind, "rows": product.rows, "bytes": product.bytes})
        })
        .collect();
    let mut summary = json!({
        "uuid": block.name,
        "status": block.status,
        "attempts": block.attempt,
        "seconds": seconds,
        "products": products,
    });
    if let Some(map) = summary.as_object_mut() {
        if let Some(error) = &block.error
            && block.status == BlockStatus::Failed
        {
            map.insert("error".to_owned(), json!(error));
        }
        if let Some(error) = block.callbacks.as_ref().and_then(|one| one.error.as_ref()) {
            map.insert("callback_error".to_owned(), json!(error));
        }
        if let Some(reason) = &block.reason {
            map.insert("reason".to_owned(), json!(reason));
        }
    }
    summary
}
