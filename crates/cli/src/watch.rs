//! Showing a run as it goes: live lines on a terminal, plain lines elsewhere, JSON events for programs.

mod children;
mod events;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use baton_base::now;
use baton_model::{
    BlockError, BlockRun, BlockRunKey, BlockStatus, BlockUuid, Plan, Run, RunStatus, Timestamp,
};
use baton_runner::LogRecord;
use baton_scheduler::{FAILURE_TAG, Notice};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use self::children::{Children, Room, Tally, stands_for_children};
use self::events::elapsed;
use crate::terminal::{self, Paint, clip, log_lines, printable, say, tell};

/// Longest headline of an error or a reason in the line of a block; the whole error follows at the end.
const LONGEST_DETAIL: usize = 160;
/// Most errors of one block's child runs that are shown in full at the end.
const MOST_EXPLAINED: usize = 3;
/// Most blocks that the way to go on names.
const MOST_NAMED: usize = 5;

/// How a run is shown.
pub(crate) enum Watcher {
    /// One line a block, spinners for those that run.
    Live(Live),
    /// Lines, for a file or a pipe.
    Plain(Lines),
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
    /// By block; the child runs of a block share one.
    running: BTreeMap<BlockRunKey, ProgressBar>,
}

/// The lines of a run.
pub(crate) struct Lines {
    paint: Paint,
    width: usize,
    quiet: bool,
    /// The project as the user named it.
    project: String,
    children: Children,
    /// Number of the run, once it is known.
    run: String,
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
            children: Children::default(),
            run: String::new(),
        };
        if is_terminal {
            let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
            Self::Live(Live {
                lines,
                bars,
                running: BTreeMap::new(),
            })
        } else {
            Self::Plain(lines)
        }
    }

    /// The run begins, or goes on.
    pub(crate) fn begin(&mut self, run: &Run, resumed: bool) {
        match self {
            Self::Json => events::event(
                "run_started",
                json!({"run_id": run.id, "pipeline": run.plan.pipeline, "env": run.plan.env, "resumed": resumed}),
            ),
            Self::Live(Live { lines, .. }) | Self::Plain(lines) => {
                lines.children = Children::of(run);
                lines.run = run.id.to_string();
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
            Self::Json => events::show(notice),
            Self::Plain(lines) => {
                for line in lines.of(notice) {
                    say(&line);
                }
            }
            Self::Live(live) => live.show(notice),
        }
    }

    /// The run has ended.
    pub(crate) fn end(&mut self, run: &Run) {
        match self {
            Self::Json => say(&events::summary(run).to_string()),
            Self::Live(Live { lines, bars, .. }) => {
                // What is drawn below the lines goes away before the summary.
                drop(bars.clear());
                lines.finish(run);
            }
            Self::Plain(lines) => lines.finish(run),
        }
    }
}

impl Live {
    fn show(&mut self, notice: &Notice) {
        let lines = self.lines.of(notice);
        if let Notice::Block(block) = notice {
            self.spin(block);
        }
        for line in lines {
            drop(self.bars.println(line));
        }
    }

    /// Starts, moves on or ends the spinner of a block.
    fn spin(&mut self, block: &BlockRun) {
        let key = BlockRunKey::declared(block.key.block.clone());
        let width = self.lines.width;
        let (is_running, message) = if block.key.child.is_some() {
            let tally = self.lines.children.note(block);
            let message = format!("{:width$}  {}", key.block, tally.progress());
            (!tally.has_ended(), message)
        } else {
            let is_running = block.status == BlockStatus::Running;
            (is_running, format!("{:width$}", block.name))
        };
        if !is_running {
            if let Some(bar) = self.running.remove(&key) {
                bar.finish_and_clear();
                self.bars.remove(&bar);
            }
            return;
        }
        let bar = self.running.entry(key).or_insert_with(|| {
            let bar = self.bars.add(ProgressBar::new_spinner());
            let template = "  {spinner:.cyan} {msg} {elapsed}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_message(message);
    }
}

impl Lines {
    /// The lines for a piece of news; most news has none.
    fn of(&mut self, notice: &Notice) -> Vec<String> {
        match notice {
            Notice::Block(block) if block.key.child.is_some() => self.child(block),
            Notice::Block(block) => {
                let mut lines = self.due();
                if !stands_for_children(block) {
                    lines.extend(self.declared(block));
                }
                if block.status.is_final() {
                    self.children.close(block);
                    lines.extend(self.due());
                }
                lines
            }
            // A test's result is in the worker's own log record too.
            Notice::Tests { .. } => Vec::new(),
            Notice::Log(_) if self.quiet => Vec::new(),
            Notice::Log(record) => self.logged(record),
        }
    }

    fn declared(&self, block: &BlockRun) -> Option<String> {
        if block.callbacks.as_ref().is_some_and(|one| one.done) {
            self.called_back(block)
        } else if block.status.is_final() {
            Some(self.ended(block))
        } else if block.retry_at.is_some() {
            Some(self.retrying(block))
        } else {
            None
        }
    }

    /// One of many: a line when something went wrong, and one for all of them when the last has ended.
    fn child(&mut self, block: &BlockRun) -> Vec<String> {
        let is_trouble = match block.status {
            _ if block.callbacks.as_ref().is_some_and(|one| one.done) => true,
            BlockStatus::Failed => true,
            _ => block.retry_at.is_some(),
        };
        let trouble = if is_trouble {
            self.declared(block)
        } else {
            None
        };
        let tally = self.children.note(block);
        let mut lines = Vec::new();
        if let Some(line) = trouble {
            match tally.room_for_trouble() {
                Room::Yes => lines.push(line),
                Room::Ended => lines.push(format!(
                    "  {} {}  further troubles of its child runs are only counted",
                    self.paint.dim("…"),
                    block.key.block
                )),
                Room::No => {}
            }
        }
        // Runs that end without having started come up together: the line waits for the last of them.
        if tally.has_ended() && block.attempt > 0 {
            lines.extend(self.due());
        }
        lines
    }

    /// One line for all child runs of each block whose last one has ended.
    fn due(&mut self) -> Vec<String> {
        let (paint, width) = (self.paint, self.width);
        let line = |(block, tally): (&BlockUuid, &mut Tally)| {
            tally.say();
            let time = tally.span().map(|(start, end)| end.since(start));
            let status = tally.status();
            line(paint, width, block.as_str(), status, time, &tally.words())
        };
        self.children.due().map(line).collect()
    }

    fn logged(&mut self, record: &LogRecord) -> Vec<String> {
        // What failed is shown with the block.
        if record.tags.contains_key(FAILURE_TAG) {
            return Vec::new();
        }
        let writer = record.block.as_deref().unwrap_or("");
        if let Some((block, tally)) = self.children.of_writer(writer) {
            match tally.room_for_line() {
                Room::Yes => {}
                Room::Ended => {
                    let command = format!("baton logs {} {} {block}", self.project, self.run);
                    let text = format!("further lines of its child runs: {command}");
                    return vec![format!(
                        "    {}",
                        self.paint.dim(&format!("{block} │ {text}"))
                    )];
                }
                Room::No => return Vec::new(),
            }
        }
        let bar = self.paint.dim(&format!("{writer} │"));
        let level = match record.level {
            baton_runner::Level::Info => String::new(),
            level => format!("{} ", self.paint.yellow(level.name())),
        };
        let text = |(number, line): (usize, String)| {
            let level = if number == 0 { level.as_str() } else { "" };
            format!("    {bar} {level}{line}").trim_end().to_owned()
        };
        let lines = log_lines(&record.message);
        lines.into_iter().enumerate().map(text).collect()
    }

    fn ended(&self, block: &BlockRun) -> String {
        let time = match (block.started_at, block.ended_at) {
            (Some(start), Some(end)) => Some(end.since(start)),
            _ => None,
        };
        let detail = terminal::block_detail(block);
        let name = &block.name;
        line(self.paint, self.width, name, block.status, time, &detail)
    }

    /// Callbacks change nothing about the run, so only what went wrong in them is worth a line.
    fn called_back(&self, block: &BlockRun) -> Option<String> {
        let error = block.callbacks.as_ref()?.error.as_ref()?;
        let text = format!("a callback failed: {}", terminal::headline(error));
        let sign = self.paint.yellow("!");
        let name = format!("{:width$}", block.name, width = self.width);
        let text = clip(&printable(&text), LONGEST_DETAIL);
        Some(format!("  {sign} {name}  {text}"))
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
            clip(&printable(&text), LONGEST_DETAIL),
            width = self.width
        )
    }

    /// Everything about what failed; of many child runs of one block a few stand for all, each with another error.
    fn explain(&self, run: &Run) {
        let mut seen: BTreeMap<&BlockUuid, Vec<&BlockError>> = BTreeMap::new();
        let mut left_out: BTreeMap<&BlockUuid, u64> = BTreeMap::new();
        for block in &run.blocks {
            let of_callbacks = block.callbacks.as_ref().and_then(|one| one.error.as_ref());
            let own = block.error.as_ref();
            let own = own.filter(|_| block.status == BlockStatus::Failed);
            let seen = seen.entry(&block.key.block).or_default();
            if let Some(error) = own.or(of_callbacks) {
                if seen.contains(&error) || seen.len() >= MOST_EXPLAINED {
                    *left_out.entry(&block.key.block).or_default() += 1;
                    continue;
                }
                seen.push(error);
            }
            if own.is_some() {
                say("");
                say(&terminal::explain(&block.name, block, self.paint));
            }
            if let Some(error) = of_callbacks {
                say("");
                say(&terminal::explain_callback(&block.name, error, self.paint));
            }
        }
        for (block, count) in left_out {
            let runs = if count == 1 { "run" } else { "runs" };
            let text = format!(
                "… and {} more {runs} of {block}",
                terminal::thousands(count)
            );
            say("");
            say(&self.paint.dim(&text));
        }
    }

    fn finish(&mut self, run: &Run) {
        for line in self.due() {
            say(&line);
        }
        for block in self.children.empty() {
            let text = "there were no items, so it did not run";
            let line = line(
                self.paint,
                self.width,
                block.as_str(),
                BlockStatus::Completed,
                None,
                text,
            );
            say(&line);
        }
        self.explain(run);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for block in &run.blocks {
            *counts.entry(block.status.name()).or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(name, count)| {
                format!(
                    "{} {}",
                    terminal::thousands(*count as u64),
                    name.replace('_', " ")
                )
            })
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
            self.say_how_to_go_on(run);
        }
    }

    /// A resumed run has the code that was planned, which does not help whoever has to change it.
    fn say_how_to_go_on(&self, run: &Run) {
        let project = &self.project;
        let resume = format!(
            "to go on where it stopped: baton run {project} --resume {}",
            run.id
        );
        tell(&self.paint.dim(&resume));
        let failed: BTreeSet<&BlockUuid> = (run.blocks.iter())
            .filter(|block| block.status == BlockStatus::Failed)
            .map(|block| &block.key.block)
            .collect();
        let mut again = format!("baton run {project} {}", run.plan.pipeline);
        if failed.is_empty() {
            return;
        }
        if failed.len() <= MOST_NAMED {
            for block in failed {
                again += " --block ";
                again += block.as_str();
            }
            again += " --downstream --from-run ";
            again += &run.id.to_string();
        }
        if run.plan.triggered {
            again += " --env ";
            again += &run.plan.env;
        }
        let variables = if run.plan.given.is_empty() {
            ""
        } else {
            ", with its --var"
        };
        let again = format!("after a change of the code{variables}: {again}");
        tell(&self.paint.dim(&again));
    }
}

/// The line of what has ended: sign, name, status, time, and what it gave or why it did not.
fn line(
    paint: Paint,
    width: usize,
    name: &str,
    status: BlockStatus,
    time: Option<Duration>,
    detail: &str,
) -> String {
    let time = time.map(terminal::seconds).unwrap_or_default();
    let state = format!("{:15}", status.name());
    let state = match status {
        BlockStatus::Completed => paint.green(&state),
        BlockStatus::Failed => paint.red(&state),
        _ => paint.dim(&state),
    };
    let sign = terminal::sign(status, paint);
    let detail = paint.dim(&clip(&printable(detail), LONGEST_DETAIL));
    format!("  {sign} {name:width$}  {state} {time:>9}  {detail}")
        .trim_end()
        .to_owned()
}
