//! Charts of frames, whatever the layout of the files.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int8Type;
use baton_products::{
    Aggregation, Chart, ChartError, ChartKind, Comparison, Condition, Drawn, Interval, Metric,
    View, page_as_json,
};
use serde_json::{Value, json};

use crate::fixture::{Fixture, batch};

/// Noon of a day in UTC, and an hour before its midnight.
const NOON: i64 = 1_709_208_000_000_000;
const LATE: i64 = 1_709_247_600_000_000;

fn rows() -> Vec<RecordBatch> {
    let part = |city: Vec<Option<&str>>, n: Vec<Option<i64>>, x: Vec<Option<f64>>, at: Vec<i64>| {
        let days = at.iter().map(|at| (at / 86_400_000_000) as i32);
        let days: Vec<i32> = days.collect();
        let text: Vec<String> = at.iter().map(|at| format!("day {at}")).collect();
        let keys: DictionaryArray<Int8Type> = city.clone().into_iter().collect();
        let at = TimestampMicrosecondArray::from(at).with_timezone("Europe/Berlin");
        batch(vec![
            ("city", Arc::new(StringArray::from(city)) as ArrayRef),
            ("kind", Arc::new(keys) as ArrayRef),
            ("n", Arc::new(Int64Array::from(n)) as ArrayRef),
            ("x", Arc::new(Float64Array::from(x)) as ArrayRef),
            ("at", Arc::new(at) as ArrayRef),
            ("day", Arc::new(Date32Array::from(days)) as ArrayRef),
            ("text", Arc::new(StringArray::from(text)) as ArrayRef),
        ])
    };
    vec![
        part(
            vec![Some("Rome"), Some("Bern"), Some("Rome")],
            vec![Some(1), Some(2), Some(3)],
            vec![Some(0.5), Some(f64::NAN), Some(1.5)],
            vec![NOON, NOON, LATE],
        ),
        part(
            vec![None, Some("Rome"), Some("Oslo")],
            vec![Some(9), None, Some(2)],
            vec![Some(1.0), Some(4.5), None],
            vec![LATE, LATE, NOON],
        ),
    ]
}

fn draw(chart: &Chart) -> Result<Drawn, ChartError> {
    let fixture = Fixture::new();
    let product = fixture.frame(&rows());
    let frame = fixture.products.open_frame(&product).unwrap();
    frame.chart(chart, &View::default())
}

/// The marks as lists.
fn marks(chart: &Chart) -> Value {
    values(&draw(chart).unwrap())
}

fn values(drawn: &Drawn) -> Value {
    let rows = page_as_json(&drawn.marks).unwrap().into_iter();
    let rows = rows.map(|row| row.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
    rows.collect::<Vec<_>>().into()
}

fn by(kind: ChartKind, columns: &[&str], metrics: &[(Aggregation, &str)]) -> Chart {
    let metrics = metrics.iter().map(|(aggregation, column)| Metric {
        aggregation: *aggregation,
        column: Some((*column).to_owned()),
    });
    Chart {
        group_by: columns.iter().map(|name| (*name).to_owned()).collect(),
        metrics: metrics.collect(),
        ..Chart::new(kind)
    }
}

#[test]
fn groups_are_measured() {
    use Aggregation as A;
    let counted = draw(&by(ChartKind::Bar, &["city"], &[])).unwrap();
    assert_eq!(
        values(&counted),
        json!([["Bern", 1], ["Oslo", 1], ["Rome", 3]])
    );
    assert_eq!((counted.rows, counted.left_out, counted.groups), (6, 1, 3));
    for (aggregation, column, bern, rome) in [
        (A::Count, "n", json!(1), json!(2)),
        (A::Sum, "n", json!(2), json!(4)),
        (A::Average, "n", json!(2.0), json!(2.0)),
        (A::Min, "n", json!(2), json!(1)),
        (A::Max, "x", json!(null), json!(4.5)),
        (A::Median, "x", json!(null), json!(1.5)),
        (A::Mode, "n", json!(2), json!(1)),
        (A::Mode, "kind", json!("Bern"), json!("Rome")),
        (A::CountDistinct, "x", json!(0), json!(3)),
        (A::CountDistinct, "city", json!(1), json!(1)),
        (
            A::Max,
            "day",
            json!("2024-02-29T00:00:00"),
            json!("2024-02-29T00:00:00"),
        ),
    ] {
        let found = marks(&by(ChartKind::Bar, &["kind"], &[(aggregation, column)]));
        assert_eq!(found[0], json!(["Bern", bern]), "{aggregation:?}({column})");
        assert_eq!(found[2], json!(["Rome", rome]), "{aggregation:?}({column})");
    }
    let whole = by(ChartKind::Table, &[], &[(A::Sum, "n"), (A::Count, "x")]);
    assert_eq!(marks(&whole), json!([[17, 4]]));
    let two = marks(&by(ChartKind::Bar, &["city", "day"], &[]));
    assert_eq!(two[2], json!(["Rome", "2024-02-29", 3]));
}

#[test]
fn what_is_cut_is_told() {
    let mut chart = by(ChartKind::Bar, &["city"], &[(Aggregation::Count, "city")]);
    chart.limit = Some(2);
    // The largest are chosen, and stand in the order of their names.
    let drawn = draw(&chart).unwrap();
    assert_eq!(values(&drawn), json!([["Bern", 1], ["Rome", 3]]));
    assert_eq!(
        (drawn.groups, drawn.rest.as_slice()),
        (3, [Some(1.0)].as_slice())
    );
    chart.kind = ChartKind::Pie;
    assert_eq!(marks(&chart), json!([["Rome", 3], ["Bern", 1]]));
    chart.order = vec![("count(city)".to_owned(), false), ("city".to_owned(), true)];
    assert_eq!(marks(&chart), json!([["Oslo", 1], ["Bern", 1]]));
    let table = Chart {
        order: vec![("n".to_owned(), true)],
        limit: Some(2),
        ..Chart::new(ChartKind::Table)
    };
    let fixture = Fixture::new();
    let product = fixture.frame(&rows());
    let frame = fixture.products.open_frame(&product).unwrap();
    let view = View {
        columns: vec!["n".to_owned()],
        conditions: vec![Condition {
            column: "n".to_owned(),
            comparison: Comparison::Less,
            value: "9".to_owned(),
        }],
        ..View::default()
    };
    let drawn = frame.chart(&table, &view).unwrap();
    assert_eq!((values(&drawn), drawn.groups), (json!([[3], [2]]), 4));
    let drawn = frame
        .chart(&by(ChartKind::Bar, &["city"], &[]), &view)
        .unwrap();
    assert_eq!((drawn.rows, drawn.groups), (4, 3));
}

#[test]
fn histograms_have_equal_parts() {
    let mut chart = by(ChartKind::Histogram, &["x"], &[]);
    chart.buckets = Some(2);
    let drawn = draw(&chart).unwrap();
    assert_eq!(values(&drawn), json!([[0.5, 2.5, 3], [2.5, 4.5, 1]]));
    assert_eq!((drawn.left_out, drawn.width), (2, Some(2.0)));
    // Whole numbers are not cut between two of them.
    let whole = marks(&by(ChartKind::Histogram, &["n"], &[]));
    assert_eq!(whole[0], json!([1.0, 2.0, 1]));
    assert_eq!(whole[8], json!([9.0, 10.0, 1]));
    assert_eq!(whole.as_array().unwrap().len(), 9);
    let same = marks(&by(ChartKind::Histogram, &["day"], &[]));
    let day = "2024-02-29T00:00:00";
    assert_eq!(same, json!([[day, day, 6]]));
    let mut times = by(ChartKind::Histogram, &["at"], &[]);
    times.buckets = Some(2);
    let drawn = draw(&times).unwrap();
    assert_eq!(
        values(&drawn)[0],
        json!(["2024-02-29T13:00:00+01:00", "2024-02-29T18:30:00+01:00", 3])
    );
    assert_eq!(drawn.width, Some(5.5 * 3600.0));
}

#[test]
fn lines_follow_an_axis() {
    let mut chart = by(ChartKind::Line, &["n"], &[(Aggregation::Max, "x")]);
    assert_eq!(
        marks(&chart),
        json!([[1, 0.5], [2, null], [3, 1.5], [9, 1.0]])
    );
    // Too many points are put together, in equal parts of the range.
    chart.limit = Some(3);
    let drawn = draw(&chart).unwrap();
    assert_eq!(values(&drawn), json!([[1.0, 1.5], [7.0, 1.0]]));
    assert_eq!(drawn.width, Some(3.0));
    let texts = marks(&by(ChartKind::Line, &["city"], &[]));
    assert_eq!(texts, json!([["Bern", 1], ["Oslo", 1], ["Rome", 3]]));
}

#[test]
fn time_is_cut_by_the_clocks_of_its_zone() {
    let mut chart = by(ChartKind::TimeSeries, &["at"], &[(Aggregation::Sum, "n")]);
    chart.interval = Some(Interval::Day);
    let drawn = draw(&chart).unwrap();
    // 23:00 in UTC is the next day in Berlin.
    assert_eq!(
        values(&drawn),
        json!([["2024-02-29T00:00:00", 5], ["2024-03-01T00:00:00", 12]])
    );
    assert_eq!(drawn.time_zone.as_deref(), Some("Europe/Berlin"));
    chart.interval = None;
    chart.limit = Some(1);
    // The finest parts that fit.
    let drawn = draw(&chart).unwrap();
    assert_eq!(values(&drawn), json!([["2024-02-26T00:00:00", 17]]));
    assert_eq!(drawn.interval, Some(Interval::Week));
    let drawn = draw(&by(ChartKind::TimeSeries, &["text"], &[])).unwrap();
    assert_eq!((drawn.left_out, drawn.groups), (6, 0));
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    use ChartKind::{Bar, Histogram, Line, Pie, Table, TimeSeries};
    let long = |kind| Chart {
        order: vec![("gone".to_owned(), false)],
        ..by(kind, &["city"], &[])
    };
    for (chart, expected) in [
        (by(Bar, &["gone"], &[]), "there is no column `gone`"),
        (
            by(Bar, &["city"], &[(Aggregation::Sum, "gone")]),
            "no column `gone`",
        ),
        (by(Pie, &[], &[]), "`group_by` names no column"),
        (
            by(Line, &["n", "x"], &[]),
            "`group_by` must name one column",
        ),
        (
            by(Histogram, &["city"], &[]),
            "column `city` is Utf8, and a histogram needs",
        ),
        (
            by(TimeSeries, &["n"], &[]),
            "column `n` is Int64, and a time series needs",
        ),
        (
            by(Bar, &["n"], &[(Aggregation::Average, "city")]),
            "`city` is Utf8, and an average",
        ),
        (
            by(Bar, &["n"], &[(Aggregation::Min, "city")]),
            "`city` is Utf8, and a smallest",
        ),
        (long(Bar), "no column and no metric `gone`"),
        (
            Chart {
                order: vec![("gone".into(), false)],
                ..Chart::new(Table)
            },
            "no column `gone`",
        ),
    ] {
        let error = draw(&chart).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let fixture = Fixture::new();
    let many = batch(vec![(
        "n",
        Arc::new(Int64Array::from_iter_values(0..200_001)) as ArrayRef,
    )]);
    let product = fixture.frame(&[many]);
    let frame = fixture.products.open_frame(&product).unwrap();
    let error = frame.chart(&by(Bar, &["n"], &[]), &View::default());
    assert!(matches!(error, Err(ChartError::TooManyGroups { .. })));
    let line = frame
        .chart(&by(Line, &["n"], &[]), &View::default())
        .unwrap();
    assert!(line.marks.num_rows() <= 1_000);
}
