//! Charts of a frame of any size: its rows are put into groups, and measures are taken of each, batch by batch. What is
//! kept is the groups; what is given is a table of at most so many marks.

mod column;
mod error;
mod grouping;
mod measure;
mod spread;
mod times;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{self, SortColumn, SortOptions};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;

use crate::frame::Frame;
use crate::schema;
use crate::view::{View, ViewError};
use crate::wanted::Wanted;
use grouping::Groups;
use measure::Measure;

pub use error::ChartError;
pub use measure::{Aggregation, MOST_VALUES, Metric};
pub use times::Interval;

/// Most groups that are told apart.
pub const MOST_GROUPS: usize = 200_000;

/// Most marks of a chart.
pub const MOST_MARKS: usize = 5_000;

/// Most bars of a histogram.
pub const MOST_BUCKETS: usize = 500;

/// Parts of a histogram when no number is asked for, as in Mage.
const BUCKETS: usize = 40;

/// What a chart looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// A bar for each group.
    Bar,
    /// How the values of a column are spread.
    Histogram,
    /// A point for each value of a column, in their order.
    Line,
    /// The share of each group.
    Pie,
    /// Rows, or groups of them.
    Table,
    /// A point for each part of a time.
    TimeSeries,
}

/// A chart that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// What it looks like.
    pub kind: ChartKind,
    /// Columns whose values make the groups.
    pub group_by: Vec<String>,
    /// What is measured of each group; how many rows it has, when nothing is named.
    pub metrics: Vec<Metric>,
    /// Parts of a time; when none is given, the finest that fit.
    pub interval: Option<Interval>,
    /// Parts of a histogram.
    pub buckets: Option<usize>,
    /// Columns and metrics to sort by, and whether downwards.
    pub order: Vec<(String, bool)>,
    /// Most marks.
    pub limit: Option<usize>,
}

impl Chart {
    /// A chart of this kind, with everything else as it usually is.
    pub fn new(kind: ChartKind) -> Self {
        Self {
            kind,
            group_by: Vec::new(),
            metrics: Vec::new(),
            interval: None,
            buckets: None,
            order: Vec::new(),
            limit: None,
        }
    }

    fn limit(&self) -> usize {
        let usual = match self.kind {
            ChartKind::Bar => 100,
            ChartKind::Histogram => BUCKETS,
            ChartKind::Line => 1_000,
            ChartKind::Pie => 12,
            ChartKind::Table => 10,
            ChartKind::TimeSeries => 2_000,
        };
        self.limit.unwrap_or(usual).clamp(1, MOST_MARKS)
    }

    fn metrics(&self) -> Vec<Metric> {
        match self.metrics.as_slice() {
            [] => vec![Metric::rows()],
            metrics => metrics.to_vec(),
        }
    }
}

/// A chart, computed.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// A row for each mark: first the columns that say where it is, then the measures.
    pub marks: RecordBatch,
    /// How many of the columns say where a mark is.
    pub places: usize,
    /// How many rows meet the conditions.
    pub rows: u64,
    /// How many of them are not in the chart, since a value is missing.
    pub left_out: u64,
    /// How many marks there would be without the limit.
    pub groups: u64,
    /// What each measure is of the groups that are not shown; known of counts and sums.
    pub rest: Vec<Option<f64>>,
    /// The parts of the time that were taken.
    pub interval: Option<Interval>,
    /// The time zone of these parts, where the column has one.
    pub time_zone: Option<String>,
    /// How wide a part is, where values of numbers or times were put together; of times in seconds.
    pub width: Option<f64>,
}

impl Drawn {
    /// The names of the columns of the marks, as [`crate::page_as_json`] writes them.
    pub fn names(&self) -> Vec<String> {
        schema::unique_names(schema::shown_names(self.marks.schema_ref()))
    }
}

impl Frame {
    /// Computes a chart of the rows that meet the conditions of a view.
    pub fn chart(&self, chart: &Chart, view: &View) -> Result<Drawn, ChartError> {
        let rows = Rows {
            frame: self,
            wanted: Wanted::new(self.schema(), view)?,
        };
        match chart.kind {
            ChartKind::Histogram => spread::histogram(&rows, chart),
            ChartKind::Table if chart.group_by.is_empty() && chart.metrics.is_empty() => {
                self.table(chart, view)
            }
            ChartKind::Bar | ChartKind::Pie if chart.group_by.is_empty() => {
                Err(ChartError::Incomplete {
                    what: "`group_by` names no column",
                })
            }
            ChartKind::Table | ChartKind::Bar | ChartKind::Pie => grouped(&rows, chart),
            ChartKind::Line => spread::line(&rows, chart),
            ChartKind::TimeSeries => time_series(&rows, chart),
        }
    }

    /// The first rows in an order.
    fn table(&self, chart: &Chart, view: &View) -> Result<Drawn, ChartError> {
        let view = View {
            order: chart.order.clone(),
            offset: 0,
            limit: chart.limit(),
            ..view.clone()
        };
        let page = self.view(&view)?;
        Ok(Drawn {
            places: page.rows.num_columns(),
            marks: page.rows,
            rows: page.total,
            left_out: 0,
            groups: page.total,
            rest: Vec::new(),
            interval: None,
            time_zone: None,
            width: None,
        })
    }
}

/// The rows that a chart is of.
struct Rows<'a> {
    frame: &'a Frame,
    wanted: Wanted<'a>,
}

impl Rows<'_> {
    fn batches(&self) -> impl Iterator<Item = Result<RecordBatch, ChartError>> {
        self.frame
            .scan(0, None)
            .map(|batch| Ok(self.wanted.filter(&batch?)?))
    }

    fn place(&self, column: &str) -> Result<usize, ViewError> {
        self.wanted.place(column)
    }

    fn field(&self, place: usize) -> &Field {
        self.frame.schema().field(place)
    }

    /// The only column that a chart groups by.
    fn only(&self, chart: &Chart) -> Result<usize, ChartError> {
        match chart.group_by.as_slice() {
            [column] => Ok(self.place(column)?),
            _ => Err(ChartError::Incomplete {
                what: "`group_by` must name one column",
            }),
        }
    }

    /// The smallest and the largest number of a column that are finite; none when it has none.
    fn range(&self, place: usize) -> Result<Option<(f64, f64)>, ChartError> {
        let mut range: Option<(f64, f64)> = None;
        for batch in self.batches() {
            let Some(numbers) = column::numbers(batch?.column(place))? else {
                return Ok(None);
            };
            for number in numbers.iter().flatten().filter(|one| one.is_finite()) {
                range = Some(match range {
                    None => (number, number),
                    Some((least, most)) => (least.min(number), most.max(number)),
                });
            }
        }
        Ok(range)
    }

    fn not_numbers(&self, place: usize, needs: &'static str) -> ChartError {
        let field = self.field(place);
        ChartError::Type {
            column: field.name().clone(),
            data_type: field.data_type().to_string(),
            needs,
        }
    }
}

/// Groups, and what was measured of them.
struct Gathered {
    groups: Groups,
    measures: Vec<Measure>,
    rows: u64,
    left_out: u64,
}

impl Gathered {
    /// Goes over all rows; `keys` makes of a batch the columns whose values are the groups. Nothing is given where there
    /// are more than `most`.
    fn of(
        rows: &Rows<'_>,
        chart: &Chart,
        most: usize,
        keys: impl Fn(&RecordBatch) -> Result<Vec<ArrayRef>, ChartError>,
    ) -> Result<Option<Self>, ChartError> {
        let empty = RecordBatch::new_empty(Arc::clone(rows.frame.schema()));
        let types = keys(&empty)?;
        let types = types.iter().map(|key| key.data_type().clone());
        let mut groups = Groups::new(types.collect(), most)?;
        let measures = chart.metrics().into_iter().map(|metric| {
            let place = metric.column.as_deref().map(|name| rows.place(name));
            let place = place.transpose()?;
            let field = place.map(|place| rows.field(place));
            Measure::new(metric, place, field.map(Field::data_type))
        });
        let mut measures = measures.collect::<Result<Vec<_>, ChartError>>()?;
        let (mut total, mut left_out) = (0, 0);
        for batch in rows.batches() {
            let batch = batch?;
            total += batch.num_rows() as u64;
            let Some(ids) = groups.add(&keys(&batch)?, batch.num_rows())? else {
                return Ok(None);
            };
            left_out += ids.iter().filter(|id| id.is_none()).count() as u64;
            for measure in &mut measures {
                measure.add(&batch, &ids, groups.len())?;
            }
        }
        for measure in &mut measures {
            measure.grow(groups.len());
        }
        Ok(Some(Self {
            groups,
            measures,
            rows: total,
            left_out,
        }))
    }

    /// The groups in an order, and no more than a chart has place for. `names` are the columns of the groups.
    fn drawn(self, chart: &Chart, names: &[&str]) -> Result<Drawn, ChartError> {
        let places = names.len();
        let mut columns = self.groups.columns()?;
        let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        for measure in &self.measures {
            columns.push(measure.values()?);
            names.push(measure.metric.name());
        }
        let order = order(chart, &names, places, self.groups.len())?;
        let groups = self.groups.len();
        let fields = names.iter().zip(&columns);
        let fields: Vec<Field> = fields
            .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
            .collect();
        let all = schema::with_rows(&Arc::new(Schema::new(fields)), columns, groups)?;
        let limit = chart.limit();
        let mut marks = first(&all, &order.chosen, limit)?;
        let rest = self.measures.iter().enumerate().map(|(at, measure)| {
            let shown = marks.column(places + at);
            measure.rest(all.column(places + at), shown)
        });
        let rest = rest.collect();
        if let Some(shown) = &order.shown {
            marks = first(&marks, shown, limit)?;
        }
        Ok(Drawn {
            marks,
            places,
            rows: self.rows,
            left_out: self.left_out,
            groups: groups as u64,
            rest,
            interval: None,
            time_zone: None,
            width: None,
        })
    }
}

/// Which marks are chosen, and how these are shown where that is another order.
struct Order {
    chosen: Vec<(usize, bool)>,
    shown: Option<Vec<(usize, bool)>>,
}

fn order(
    chart: &Chart,
    names: &[String],
    places: usize,
    groups: usize,
) -> Result<Order, ChartError> {
    let by_place: Vec<(usize, bool)> = (0..places).map(|at| (at, false)).collect();
    let mut by_size = vec![(places, true)];
    by_size.extend(&by_place);
    if !chart.order.is_empty() {
        let wanted = chart.order.iter().map(|(name, down)| {
            let found = names.iter().position(|known| known == name);
            let found = found.map(|at| (at, *down));
            found.ok_or_else(|| ChartError::NoOrder {
                name: name.clone(),
                known: names.to_vec(),
            })
        });
        let mut chosen = wanted.collect::<Result<Vec<_>, _>>()?;
        chosen.extend(&by_place);
        return Ok(Order {
            chosen,
            shown: None,
        });
    }
    let is_cut = groups > chart.limit();
    Ok(match chart.kind {
        ChartKind::Pie => Order {
            chosen: by_size,
            shown: None,
        },
        // The largest are of interest; they still stand where people look for them.
        ChartKind::Bar | ChartKind::Line if is_cut => Order {
            chosen: by_size,
            shown: Some(by_place),
        },
        _ => Order {
            chosen: by_place,
            shown: None,
        },
    })
}

/// The first rows in an order.
fn first(
    batch: &RecordBatch,
    order: &[(usize, bool)],
    limit: usize,
) -> Result<RecordBatch, ChartError> {
    let rows = batch.num_rows().min(limit);
    if order.is_empty() {
        return Ok(batch.slice(0, rows));
    }
    let keys = order.iter().map(|(at, down)| SortColumn {
        values: Arc::clone(batch.column(*at)),
        options: Some(SortOptions {
            descending: *down,
            nulls_first: false,
        }),
    });
    let keys: Vec<SortColumn> = keys.collect();
    let places = compute::lexsort_to_indices(&keys, Some(rows))?;
    let columns = batch.columns().iter();
    let columns = columns.map(|column| compute::take(column, &places, None));
    let columns = columns.collect::<Result<_, _>>()?;
    Ok(schema::with_rows(&batch.schema(), columns, rows)?)
}

/// A mark for each group of equal values.
fn grouped(rows: &Rows<'_>, chart: &Chart) -> Result<Drawn, ChartError> {
    let places = chart.group_by.iter().map(|name| rows.place(name));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    for place in &places {
        if rows.field(*place).data_type().is_nested() {
            return Err(rows.not_numbers(*place, "lists and maps make no groups"));
        }
    }
    let keys = |batch: &RecordBatch| {
        let keys = places
            .iter()
            .map(|place| column::plain(batch.column(*place)));
        Ok(keys.collect::<Result<Vec<_>, ArrowError>>()?)
    };
    let gathered = Gathered::of(rows, chart, MOST_GROUPS, keys)?;
    let too_many = || ChartError::TooManyGroups {
        most: MOST_GROUPS,
        columns: format!("`{}`", chart.group_by.join("`, `")),
    };
    let names: Vec<&str> = chart.group_by.iter().map(String::as_str).collect();
    gathered.ok_or_else(too_many)?.drawn(chart, &names)
}

/// A point for each part of a time.
fn time_series(rows: &Rows<'_>, chart: &Chart) -> Result<Drawn, ChartError> {
    let place = rows.only(chart)?;
    let field = rows.field(place);
    let Some(clock) = times::Clock::of(field.data_type()) else {
        return Err(rows.not_numbers(place, "a time series needs dates or times"));
    };
    let name = field.name().as_str();
    let from = chart.interval.unwrap_or(Interval::Original);
    for interval in Interval::ALL.into_iter().filter(|one| *one >= from) {
        let keys = |batch: &RecordBatch| {
            let parts = clock.parts(batch.column(place), interval)?;
            Ok(vec![Arc::new(parts) as ArrayRef])
        };
        if let Some(gathered) = Gathered::of(rows, chart, chart.limit(), keys)? {
            let mut drawn = gathered.drawn(chart, &[name])?;
            drawn.interval = Some(interval);
            drawn.time_zone = clock.zone().map(str::to_owned);
            return Ok(drawn);
        }
    }
    Err(ChartError::TooManyGroups {
        most: chart.limit(),
        columns: format!("the year of `{name}`"),
    })
}
