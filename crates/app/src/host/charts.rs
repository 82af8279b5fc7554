//! Use cases around charts: what a chart block says, and what comes of it.

use baton_model::{Block, BlockUuid, Map, PipelineUuid, Product, ProductKind, RunId};
use baton_products::{Aggregation, Chart, ChartKind, Drawn, Interval, Metric, View};
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::Host;
use super::code_charts::{Picture, draws_itself};
use crate::actor::{Actor, Right};
use crate::failure::Failure;

/// The kinds of chart that are computed here, by the names that projects give them.
const KINDS: [(&str, ChartKind); 7] = [
    ("bar chart", ChartKind::Bar),
    ("histogram", ChartKind::Histogram),
    ("line chart", ChartKind::Line),
    ("pie chart", ChartKind::Pie),
    ("table", ChartKind::Table),
    ("time series bar chart", ChartKind::TimeSeries),
    ("time series line chart", ChartKind::TimeSeries),
];

/// A chart as a request or the configuration of a block words it.
#[derive(Clone, Debug, Default)]
pub struct ChartWish {
    /// Such as `bar chart`.
    pub chart_type: String,
    /// Columns whose values make the groups.
    pub group_by: Vec<String>,
    /// Aggregations, each with its column.
    pub metrics: Vec<(String, Option<String>)>,
    /// Such as `month`.
    pub time_interval: Option<String>,
    /// Parts of a histogram.
    pub buckets: Option<u64>,
    /// Columns and metrics to sort by, and whether downwards.
    pub order: Vec<(String, bool)>,
    /// Most marks.
    pub limit: Option<u64>,
}

impl ChartWish {
    /// What the configuration of a chart block says. One that is drawn by its own code is refused.
    fn of_block(block: &Block) -> Result<Self, Failure> {
        let configuration = &block.configuration;
        let text = |key: &str| configuration.get(key).and_then(Value::as_str);
        let metrics = configuration.get("metrics").and_then(Value::as_array);
        let metrics = metrics.into_iter().flatten().filter_map(|metric| {
            let part = |key: &str| Some(metric.get(key)?.as_str()?.to_owned());
            Some((part("aggregation")?, part("column")))
        });
        let mut wish = Self {
            chart_type: text("chart_type").unwrap_or_default().to_owned(),
            group_by: texts(configuration, "group_by"),
            metrics: metrics.collect(),
            time_interval: text("time_interval").map(str::to_owned),
            buckets: number(configuration, "buckets"),
            order: Vec::new(),
            limit: number(configuration, "limit"),
        };
        let needs_groups = wish.kind()? != ChartKind::Table;
        if wish.group_by.is_empty() && wish.metrics.is_empty() && needs_groups {
            return Err(Failure::usage(
                format!("chart `{}` names no columns in `group_by`", block.uuid),
                "set `group_by`, and `metrics` where something else than rows is counted; or name in `x` and `y` the \
                 variables that the code of the chart assigns",
            ));
        }
        let order = texts(configuration, "order_by").into_iter();
        wish.order = order.map(direction).collect();
        let metric = wish.metrics.first();
        let size = metric.map_or_else(|| Metric::rows().name(), named);
        match text("y_sort_order") {
            Some("ascending") => wish.order.push((size, false)),
            Some("descending") => wish.order.push((size, true)),
            _ => {}
        }
        Ok(wish)
    }

    fn kind(&self) -> Result<ChartKind, Failure> {
        let found = KINDS.iter().find(|(name, _)| *name == self.chart_type);
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            Failure::usage(
                format!("a chart of type `{}` is not computed", self.chart_type),
                format!("`chart_type` is one of {}", names.join(", ")),
            )
        })
    }

    fn chart(self) -> Result<Chart, Failure> {
        let kind = self.kind()?;
        let metrics = self.metrics.into_iter().map(|(name, column)| {
            let aggregation = Aggregation::parse(&name).ok_or_else(|| {
                Failure::usage(
                    format!("there is no aggregation `{name}`"),
                    "choose one of average, count, count_distinct, max, median, min, mode, sum",
                )
            })?;
            Ok(Metric {
                aggregation,
                column,
            })
        });
        let interval = self.time_interval.map(|name| {
            Interval::parse(&name).ok_or_else(|| {
                Failure::usage(
                    format!("there is no time interval `{name}`"),
                    "choose one of original, second, minute, hour, day, week, month, year",
                )
            })
        });
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Chart {
            kind,
            group_by: self.group_by,
            metrics: metrics.collect::<Result<_, Failure>>()?,
            interval: interval.transpose()?,
            buckets: self.buckets.map(size),
            order: self.order,
            limit: self.limit.map(size),
        })
    }
}

/// `-name` is downwards.
fn direction(name: String) -> (String, bool) {
    match name.strip_prefix('-') {
        Some(name) => (name.to_owned(), true),
        None => (name, false),
    }
}

fn named((aggregation, column): &(String, Option<String>)) -> String {
    match column {
        Some(column) => format!("{aggregation}({column})"),
        None => aggregation.clone(),
    }
}

/// A number; editors of older projects wrote them as texts.
fn number(map: &Map, key: &str) -> Option<u64> {
    let value = map.get(key)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A text or a list of them.
fn texts(map: &Map, key: &str) -> Vec<String> {
    match map.get(key) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => {
            let texts = items.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// What the chart of a block was computed from, and what came of it.
#[derive(Clone, Debug)]
pub struct BlockChart {
    /// The run whose output it shows.
    pub run: RunId,
    /// The block that produced it.
    pub block: BlockUuid,
    /// Such as `bar chart`.
    pub chart_type: String,
    /// What it shows.
    pub shown: Shown,
}

/// What a chart shows.
#[derive(Clone, Debug)]
pub enum Shown {
    /// Marks that were computed.
    Marks(Drawn),
    /// What its code has rendered.
    Picture(Picture),
}

/// The kind of a chart that is drawn from a frame.
pub(super) fn kind_of(widget: &Block) -> Result<ChartKind, Failure> {
    let chart_type = widget.configuration.get("chart_type");
    let wish = ChartWish {
        chart_type: chart_type
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        ..ChartWish::default()
    };
    wish.kind()
}

/// How many parts a histogram has, and how many marks are shown, where the chart says so.
pub(super) fn limits_of(widget: &Block) -> (Option<usize>, Option<usize>) {
    let size = |key: &str| number(&widget.configuration, key).and_then(|size| size.try_into().ok());
    (size("buckets"), size("limit"))
}

impl Host {
    /// The chart block of this name.
    pub async fn widget(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        uuid: &BlockUuid,
    ) -> Result<Block, Failure> {
        let (facts, _) = self.pipeline(actor, pipeline).await?;
        let mut widgets = facts.pipeline.widgets.iter();
        let found = widgets.find(|block| &block.uuid == uuid);
        found
            .cloned()
            .ok_or_else(|| Failure::missing(format!("pipeline `{pipeline}` has no chart `{uuid}`")))
    }

    /// Computes a chart of a frame, over the rows that meet the conditions of a view.
    pub async fn chart(
        &self,
        actor: &Actor,
        product: &Product,
        wish: ChartWish,
        view: View,
    ) -> Result<Drawn, Failure> {
        actor.may(Right::Read)?;
        let chart = wish.chart()?;
        let (products, product) = (self.products().clone(), product.clone());
        let work = move || Ok(products.open_frame(&product)?.chart(&chart, &view)?);
        let done = spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(Failure::bug(format!("the chart was not drawn: {error}"))))
    }

    /// Computes the chart that a block describes: of the first frame of the first block above it, as a run made it or as
    /// it was made last. One that is drawn by its code gets all of that; conditions of a view are not for it.
    pub async fn chart_of_widget(
        &self,
        actor: &Actor,
        pipeline: &PipelineUuid,
        uuid: &BlockUuid,
        run: Option<RunId>,
        view: View,
    ) -> Result<BlockChart, Failure> {
        let widget = self.widget(actor, pipeline, uuid).await?;
        let by_code = draws_itself(&widget);
        let wish = if by_code {
            ChartWish::default()
        } else {
            ChartWish::of_block(&widget)?
        };
        let Some(block) = widget.upstream.first() else {
            return Err(Failure::usage(
                format!("chart `{uuid}` has no block above it"),
                "set `upstream_blocks` to the block whose output it shows",
            ));
        };
        let found = self.outputs_of_block(actor, pipeline, block.as_str(), run);
        let missing = || {
            Failure::missing(format!("block `{block}` has produced no frame"))
                .or_hint(format!("run `{block}` first"))
        };
        let found = found.await?.ok_or_else(missing)?;
        if by_code {
            let chart_type = widget.configuration.get("chart_type");
            return Ok(BlockChart {
                run: found.run,
                block: block.clone(),
                chart_type: chart_type
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                shown: self
                    .draw_by_code(actor, pipeline, &widget, found.run)
                    .await?,
            });
        }
        let mut products = found.products.into_iter();
        let frame = products.find(|product| product.kind == ProductKind::Frame);
        let frame = frame.ok_or_else(missing)?;
        let chart_type = wish.chart_type.clone();
        Ok(BlockChart {
            run: found.run,
            block: block.clone(),
            chart_type,
            shown: Shown::Marks(self.chart(actor, &frame, wish, view).await?),
        })
    }
}
