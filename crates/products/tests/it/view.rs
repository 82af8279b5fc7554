//! Looking at frames: conditions, orders, pages, statistics, whatever the layout of the files.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    DurationMicrosecondArray, DurationMillisecondArray, DurationNanosecondArray,
    DurationSecondArray, FixedSizeBinaryArray, Float64Array, Int64Array, LargeBinaryArray,
    ListArray, RecordBatch, StringArray, StructArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type};
use baton_products::{Comparison, Condition, Frame, View, ViewError, page_as_json};
use serde_json::{Value, json};

use crate::fixture::{Fixture, batch};

fn rows() -> Vec<RecordBatch> {
    let part = |numbers: Vec<Option<i64>>, names: Vec<Option<&str>>| {
        batch(vec![
            ("n", Arc::new(Int64Array::from(numbers)) as ArrayRef),
            ("name", Arc::new(StringArray::from(names)) as ArrayRef),
        ])
    };
    vec![
        part(
            vec![Some(3), None, Some(1)],
            vec![Some("Cleo"), Some("nil"), Some("anna")],
        ),
        part(vec![Some(2), Some(10)], vec![Some("BOB"), None]),
    ]
}

fn view() -> View {
    View {
        limit: 10,
        ..View::default()
    }
}

fn is(column: &str, comparison: Comparison, value: &str) -> Condition {
    Condition {
        column: column.to_owned(),
        comparison,
        value: value.to_owned(),
    }
}

fn numbers(frame: &Frame, view: &View) -> (u64, Value) {
    let page = frame.view(view).unwrap();
    let rows = page_as_json(&page.rows).unwrap();
    let found = rows.into_iter().map(|row| row["n"].clone()).collect();
    (page.total, found)
}

#[test]
fn rows_are_sorted_filtered_and_searched() {
    let fixture = Fixture::new();
    let product = fixture.frame(&rows());
    let frame = fixture.products.open_frame(&product).unwrap();
    assert_eq!(numbers(&frame, &view()), (5, json!([3, null, 1, 2, 10])));
    let sorted = |name: &str, down| View {
        order: vec![(name.to_owned(), down)],
        ..view()
    };
    assert_eq!(
        numbers(&frame, &sorted("n", false)).1,
        json!([1, 2, 3, 10, null])
    );
    assert_eq!(
        numbers(&frame, &sorted("n", true)).1,
        json!([10, 3, 2, 1, null])
    );
    let mut middle = sorted("n", false);
    (middle.offset, middle.limit) = (1, 2);
    assert_eq!(numbers(&frame, &middle), (5, json!([2, 3])));
    for (condition, expected) in [
        (is("n", Comparison::AtLeast, "3"), json!([3, 10])),
        (is("n", Comparison::NotEqual, "3"), json!([1, 2, 10])),
        (is("n", Comparison::Null, ""), json!([null])),
        (is("name", Comparison::Equal, "BOB"), json!([2])),
        (is("name", Comparison::Contains, "bo"), json!([2])),
        (is("name", Comparison::NotNull, ""), json!([3, null, 1, 2])),
    ] {
        let wanted = View {
            conditions: vec![condition.clone()],
            ..view()
        };
        assert_eq!(numbers(&frame, &wanted).1, expected, "{condition:?}");
    }
    let wanted = View {
        search: Some("AN".to_owned()),
        columns: vec!["n".to_owned()],
        ..view()
    };
    assert_eq!(numbers(&frame, &wanted), (1, json!([1])));
}

#[test]
fn statistics_are_those_of_the_rows_that_are_wanted() {
    let fixture = Fixture::new();
    let product = fixture.frame(&rows());
    let frame = fixture.products.open_frame(&product).unwrap();
    let wanted = View {
        conditions: vec![is("n", Comparison::Less, "10")],
        ..view()
    };
    let (rows, columns) = frame.view_statistics(&wanted).unwrap();
    assert_eq!(rows, 3);
    assert_eq!(columns[0].max.as_deref(), Some("3"));
    assert_eq!(columns[0].mean, Some(2.0));
    assert_eq!((columns[1].nulls, columns[1].distinct), (0, Some(3)));
    let bars = columns[1].histogram.as_ref().unwrap();
    assert_eq!(bars.counts.iter().sum::<u64>(), 3);
}

#[test]
fn what_cannot_be_looked_at_is_refused() {
    let fixture = Fixture::new();
    let product = fixture.frame(&rows());
    let frame = fixture.products.open_frame(&product).unwrap();
    let of = |wanted: View| frame.view(&wanted).unwrap_err();
    let gone = View {
        columns: vec!["gone".to_owned()],
        ..view()
    };
    assert!(matches!(of(gone), ViewError::NoColumn { .. }));
    let text = View {
        conditions: vec![is("n", Comparison::Equal, "many")],
        ..view()
    };
    assert!(matches!(of(text), ViewError::NoValue { .. }));
    let far = View {
        order: vec![("n".to_owned(), false)],
        offset: u64::MAX,
        ..view()
    };
    assert!(matches!(of(far), ViewError::TooFar));
}

/// Columns of two different values of each type, and a null.
fn of_all_types() -> Vec<(&'static str, ArrayRef)> {
    let bytes: Vec<Option<&[u8]>> = vec![Some(b"\x00\xff"), Some(b"ab"), None];
    let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes.iter().copied(), 2);
    let lists = [
        Some(vec![Some(1), None]),
        Some(vec![Some(1), Some(2)]),
        None,
    ];
    let inner: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, None]));
    let part = Arc::new(Field::new("a", DataType::Int64, true));
    let valid = vec![true, true, false].into();
    let names: DictionaryArray<Int32Type> =
        vec![Some("x"), Some("y:z"), None].into_iter().collect();
    let numbers = || vec![Some(0), Some(-90_500_000_000), None];
    vec![
        ("binary", Arc::new(BinaryArray::from(bytes.clone()))),
        ("large", Arc::new(LargeBinaryArray::from(bytes))),
        ("fixed", Arc::new(fixed.unwrap())),
        (
            "seconds",
            Arc::new(DurationSecondArray::from(vec![Some(61), Some(-5), None])),
        ),
        (
            "milli",
            Arc::new(DurationMillisecondArray::from(vec![
                Some(1),
                Some(90_500),
                None,
            ])),
        ),
        (
            "micro",
            Arc::new(DurationMicrosecondArray::from(vec![
                Some(1),
                Some(90_500),
                None,
            ])),
        ),
        ("nano", Arc::new(DurationNanosecondArray::from(numbers()))),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)),
        ),
        (
            "struct",
            Arc::new(StructArray::new(
                vec![part].into(),
                vec![inner],
                Some(valid),
            )),
        ),
        ("dictionary", Arc::new(names)),
        (
            "flag",
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        ),
        (
            "float",
            Arc::new(Float64Array::from(vec![Some(0.1), Some(1e300), None])),
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![Some(0), Some(19_000), None])),
        ),
        (
            "time",
            Arc::new(Time64MicrosecondArray::from(vec![
                Some(1),
                Some(3_600_000_000),
                None,
            ])),
        ),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(numbers()).with_timezone("+02:00")),
        ),
        (
            "decimal",
            Arc::new(
                Decimal128Array::from(vec![Some(150), Some(-1), None])
                    .with_precision_and_scale(9, 2)
                    .unwrap(),
            ),
        ),
    ]
}

#[test]
fn every_value_is_found_as_it_is_shown() {
    let fixture = Fixture::new();
    let columns = of_all_types();
    let product = fixture.frame(&[batch(columns.clone())]);
    let frame = fixture.products.open_frame(&product).unwrap();
    let shown = page_as_json(&frame.view(&view()).unwrap().rows).unwrap();
    let found = |name: &str, comparison, value: &str| {
        let wanted = View {
            conditions: vec![is(name, comparison, value)],
            ..view()
        };
        let page = frame.view(&wanted).unwrap();
        page_as_json(&page.rows).unwrap()
    };
    for (name, _) in columns {
        for row in 0..2 {
            let value = match &shown[row][name] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let same = found(name, Comparison::Equal, &value);
            assert_eq!(same, [shown[row].clone()], "{name} = {value}");
            let other = found(name, Comparison::NotEqual, &value);
            assert_eq!(other, [shown[1 - row].clone()], "{name} != {value}");
        }
    }
    let longer = found("micro", Comparison::Greater, "PT0.01S");
    assert_eq!(longer, [shown[1].clone()]);
    let before = found("binary", Comparison::Less, "61");
    assert_eq!(before, [shown[0].clone()]);
    for (name, value) in [
        ("binary", "zz"),
        ("binary", "abc"),
        ("fixed", "ab"),
        ("seconds", "90"),
        ("seconds", "PT0.5S"),
        ("seconds", "PT99999999999999999999S"),
        ("list", "[1"),
    ] {
        let wanted = View {
            conditions: vec![is(name, Comparison::Equal, value)],
            ..view()
        };
        let refused = frame.view(&wanted).unwrap_err();
        assert!(
            matches!(refused, ViewError::NoValue { .. }),
            "{name}: {refused}"
        );
    }
    let wanted = View {
        conditions: vec![is("list", Comparison::Less, "[1]")],
        ..view()
    };
    let refused = frame.view(&wanted).unwrap_err();
    assert!(matches!(refused, ViewError::NoOrder { .. }), "{refused}");
}
