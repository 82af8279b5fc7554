//! Looking at frames: conditions, orders, pages, statistics, whatever the layout of the files.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
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
