//! Charts that are drawn by their own code: it runs in a worker, on all that the blocks above it have made, and gives a
//! frame whose marks are shown, or a picture.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use baton_base::now;
use baton_model::{
    Block, BlockError, BlockKind, BlockRunKey, FailureKind, Fence, Outcome, PipelineUuid,
    PlannedBlock, Product, ProductKind, RetryPolicy, RunId,
};
use baton_products::{Chart, ChartKind, MOST_MARKS, View};
use baton_runner::{Attempt, Input, InputProduct, Stop, Work};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::Host;
use super::charts::{Shown, kind_of, limits_of};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// How long the code of a chart may take.
const CHART_TIME: Duration = Duration::from_secs(60);

/// Tells the folders of charts apart.
static CHARTS: AtomicU64 = AtomicU64::new(0);

/// What a chart shows that draws itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Picture {
    /// Such as `html`, `svg` or `png`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Text, or of a picture its bytes in base64.
    pub data: String,
    /// The name under which [`Host::chart_page`] finds it, if it is a page.
    #[serde(skip)]
    pub page: Option<String>,
}

/// Whether a chart is drawn by its code, and not from what its configuration says.
pub(super) fn draws_itself(widget: &Block) -> bool {
    let configuration = &widget.configuration;
    let text = |key: &str| configuration.get(key).and_then(Value::as_str);
    if text("chart_type") == Some("custom") {
        return true;
    }
    let is_set = |key: &str| match configuration.get(key) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    let names_parts = ["x", "y", "index"].iter().any(|key| is_set(key));
    !is_set("group_by") && !is_set("metrics") && names_parts
}

impl Host {
    /// Runs the code of a chart on what the blocks above it have made.
    pub(super) async fn draw_by_code(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        widget: &Block,
        run: RunId,
    ) -> Result<Shown, Failure> {
        actor.may(Right::Run)?;
        let attempt = self.chart_attempt(actor, pipeline, widget, run).await?;
        let (runner, place) = self.desk.lend().await?;
        // It comes to its end, and its process too, also when nobody waits any more.
        let drawing = tokio::spawn(async move {
            let (log, mut lines) = mpsc::channel(64);
            let (items, _none) = mpsc::unbounded_channel();
            let (_stop, stopped) = watch::channel(Stop::No);
            let reading = tokio::spawn(async move { while lines.recv().await.is_some() {} });
            let report = runner.run(&attempt, &log, &items, stopped).await;
            drop((log, place));
            tokio::spawn(async move {
                runner.shut_down().await;
                reading.await
            });
            report.outcome
        });
        let outcome = drawing.await;
        let outcome =
            outcome.map_err(|error| Failure::bug(format!("the chart was not drawn: {error}")))?;
        match outcome {
            Outcome::Completed { products, .. } => {
                let product = products.into_iter().next();
                let product = product.ok_or_else(|| Failure::bug("the chart gave nothing"))?;
                let mut shown = self.shown(widget, product).await?;
                if let Shown::Picture(picture) = &mut shown {
                    picture.page = self.keep_chart_page(picture);
                }
                Ok(shown)
            }
            Outcome::Failed { error, .. } => Err(failed(widget, &error)),
            Outcome::Cancelled | Outcome::ConditionFailed { .. } => {
                Err(Failure::bug("the chart was stopped"))
            }
        }
    }

    /// What a worker is to do for a chart.
    async fn chart_attempt(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        widget: &Block,
        run: RunId,
    ) -> Result<Attempt, Failure> {
        let texts = self
            .block_texts(actor, pipeline, Some(&widget.uuid))
            .await?;
        let file = texts.get(&widget.uuid);
        let Some((path, code)) = file.and_then(|file| Some((&file.path, file.text.as_ref()?)))
        else {
            return Err(Failure::missing(format!(
                "the file of chart `{}` is missing",
                widget.uuid
            )));
        };
        let mut inputs = Vec::new();
        for above in &widget.upstream {
            let of_run = self.outputs_of_block(actor, pipeline, above.as_str(), Some(run));
            let mut found = of_run.await?.filter(|found| !found.products.is_empty());
            // Not every run has all blocks; what the block made last is then what it stands for.
            if found.is_none() {
                let newest = self.outputs_of_block(actor, pipeline, above.as_str(), None);
                found = newest.await?;
            }
            let products = found.map(|found| found.products).unwrap_or_default();
            let stored = products.iter();
            let stored = stored.map(|product| InputProduct::stored(self.products(), product));
            inputs.push(Input {
                block: above.to_string(),
                products: stored.collect::<Result<_, _>>()?,
                item: None,
                children: None,
                yielded: false,
            });
        }
        let (facts, _) = self.pipeline(actor, pipeline).await?;
        let mut kwargs = facts.pipeline.variables.clone();
        for (name, value) in [
            ("env", json!("dev")),
            ("pipeline_uuid", json!(pipeline)),
            ("block_uuid", json!(widget.uuid)),
        ] {
            kwargs.insert(name.to_owned(), value);
        }
        let number = CHARTS.fetch_add(1, Ordering::Relaxed);
        Ok(Attempt {
            run,
            pipeline: pipeline.to_string(),
            block: planned(widget, path),
            key: BlockRunKey::declared(widget.uuid.clone()),
            name: widget.uuid.to_string(),
            number: 1,
            fence: Fence(0),
            code: code.clone(),
            work: Work::Block,
            inputs,
            conditions: Vec::new(),
            callbacks: Vec::new(),
            extensions: Vec::new(),
            one_process: false,
            cache: false,
            kwargs,
            triggered: false,
            staging: format!("chart-{}-{}-{number}", std::process::id(), now()),
            run_tests: false,
            strict: false,
        })
    }

    /// What the product of a chart's code shows.
    async fn shown(&self, widget: &Block, product: Product) -> Result<Shown, Failure> {
        let chart = (product.kind == ProductKind::Frame)
            .then(|| chart_of(widget, &product))
            .transpose()?;
        let products = self.products().clone();
        let work = move || {
            let Some((chart, places)) = chart else {
                let bytes = products.read_bytes(&product)?;
                let picture = serde_json::from_slice(&bytes).map_err(|error| {
                    Failure::bug(format!(
                        "the picture of the chart could not be read: {error}"
                    ))
                })?;
                return Ok(Shown::Picture(picture));
            };
            let mut drawn = products
                .open_frame(&product)?
                .chart(&chart, &View::default())?;
            drawn.places = places.unwrap_or(drawn.places);
            Ok(Shown::Marks(drawn))
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(Failure::bug(format!("the chart was not drawn: {error}"))))
    }
}

/// How the frame of a chart's code is drawn: a histogram and a pie count it, the others show its rows as they are, with
/// the places in the first column.
fn chart_of(widget: &Block, product: &Product) -> Result<(Chart, Option<usize>), Failure> {
    let (kind, (buckets, limit)) = (kind_of(widget)?, limits_of(widget));
    let first = product.columns.first().map(|column| column.name.clone());
    let counts = matches!(kind, ChartKind::Histogram | ChartKind::Pie);
    let chart = Chart {
        kind: if counts { kind } else { ChartKind::Table },
        group_by: first.into_iter().filter(|_| counts).collect(),
        metrics: Vec::new(),
        interval: None,
        buckets,
        order: Vec::new(),
        limit: match kind {
            ChartKind::Table | ChartKind::Pie => limit,
            _ => Some(limit.unwrap_or(MOST_MARKS)),
        },
    };
    let places = (!counts && kind != ChartKind::Table).then_some(1);
    Ok((chart, places))
}

fn failed(widget: &Block, error: &BlockError) -> Failure {
    let hint = match error.kind {
        FailureKind::Timeout => Some("draw from fewer rows, or prepare them in a block".to_owned()),
        _ => error.hint.clone(),
    };
    let message = format!("chart `{}` was not drawn: {}", widget.uuid, error.message);
    Failure {
        hint,
        details: serde_json::to_value(error).ok().map(Box::new),
        ..Failure::usage(message, "")
    }
}

/// How long the code may take: the `timeout` of its entry, if that is less than what all may.
fn time_of(widget: &Block) -> Duration {
    let own = widget.timeout.filter(|seconds| *seconds > 0.0);
    let own = own.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    own.map_or(CHART_TIME, |own| own.min(CHART_TIME))
}

fn planned(widget: &Block, path: &str) -> PlannedBlock {
    PlannedBlock {
        uuid: widget.uuid.clone(),
        kind: BlockKind::Chart,
        language: widget.language.clone(),
        upstream: widget.upstream.clone(),
        file: path.to_owned(),
        code: None,
        configuration: widget.configuration.clone(),
        retry: RetryPolicy {
            retries: 0,
            delay: Duration::ZERO,
            max_delay: Duration::ZERO,
            total_delay: None,
            exponential_backoff: false,
        },
        timeout: Some(time_of(widget)),
        replicated: None,
        priority: 0,
        dynamic: false,
        reduce_output: false,
        conditions: Vec::new(),
        callbacks: Vec::new(),
        extensions: Vec::new(),
        needs_frames: true,
        slow_imports: Vec::new(),
        resources: widget.resources,
        problem: None,
    }
}
