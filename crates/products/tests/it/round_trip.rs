//! Every kind of column goes into a product and comes back as it was, and can be written in every format.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Date64Array,
    Decimal128Array, Decimal256Array, DictionaryArray, DurationMicrosecondArray,
    FixedSizeBinaryArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array, Int32Array,
    Int64Array, LargeBinaryArray, LargeListArray, LargeStringArray, ListArray, MapBuilder,
    NullArray, RecordBatch, StringArray, StringBuilder, StringViewArray, StructArray,
    Time32SecondArray, Time64NanosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt64Array, new_empty_array, new_null_array,
};
use arrow::compute;
use arrow::datatypes::{DataType, Field, Int8Type, Int32Type, Schema, i256};
use arrow::ipc::CompressionType;
use arrow::ipc::reader::FileReader;
use baton_products::{Export, Format};

use crate::fixture::{Fixture, batch, ipc, ipc_with};

/// A column of each type, with nulls and extremes where there are some.
fn columns() -> Vec<(&'static str, ArrayRef)> {
    let nested = vec![
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(4)]),
    ];
    let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for (key, valid) in [("a", true), ("b", true), ("c", false), ("d", true)] {
        map.keys().append_value(key);
        map.values().append_option(valid.then_some("x"));
        map.append(valid).unwrap();
    }
    let structs = StructArray::from(vec![(
        Arc::new(Field::new("x", DataType::Int32, true)),
        Arc::new(Int32Array::from(vec![Some(1), None, Some(3), Some(4)])) as ArrayRef,
    )]);
    let long = "a text that does not fit into its view";
    let category = DictionaryArray::<Int8Type>::from_iter([Some("x"), None, Some("y"), Some("x")]);
    vec![
        (
            "bool",
            Arc::new(BooleanArray::from(vec![
                Some(true),
                None,
                Some(false),
                Some(true),
            ])),
        ),
        (
            "int8",
            Arc::new(Int8Array::from(vec![i8::MIN, i8::MAX, 0, 1])),
        ),
        (
            "int64",
            Arc::new(Int64Array::from(vec![
                Some(i64::MIN),
                Some(i64::MAX),
                None,
                Some(0),
            ])),
        ),
        (
            "uint64",
            Arc::new(UInt64Array::from(vec![u64::MAX, 0, 1, 2])),
        ),
        (
            "float32",
            Arc::new(Float32Array::from(vec![
                Some(0.1),
                None,
                Some(f32::MAX),
                Some(-0.0),
            ])),
        ),
        (
            "float64",
            Arc::new(Float64Array::from(vec![
                f64::MIN,
                f64::INFINITY,
                1e-300,
                0.1,
            ])),
        ),
        (
            "text",
            Arc::new(StringArray::from(vec![
                Some("ä"),
                None,
                Some(""),
                Some(long),
            ])),
        ),
        (
            "large text",
            Arc::new(LargeStringArray::from(vec![
                Some("ä"),
                None,
                Some(""),
                Some(long),
            ])),
        ),
        (
            "text view",
            Arc::new(StringViewArray::from(vec![
                Some("ä"),
                None,
                Some(""),
                Some(long),
            ])),
        ),
        (
            "binary",
            Arc::new(BinaryArray::from_opt_vec(vec![
                Some(b"\0\xff"),
                None,
                Some(b""),
                Some(b"x"),
            ])),
        ),
        (
            "large binary",
            Arc::new(LargeBinaryArray::from_opt_vec(vec![
                Some(b"\0"),
                None,
                Some(b""),
                None,
            ])),
        ),
        (
            "binary view",
            Arc::new(BinaryViewArray::from(vec![
                Some(&b"\0"[..]),
                None,
                Some(long.as_bytes()),
                None,
            ])),
        ),
        (
            "fixed binary",
            Arc::new(
                FixedSizeBinaryArray::try_from_sparse_iter_with_size(
                    [Some([1, 2]), None, Some([3, 4]), None].into_iter(),
                    2,
                )
                .unwrap(),
            ),
        ),
        (
            "date",
            Arc::new(Date32Array::from(vec![
                Some(-800_000),
                None,
                Some(0),
                Some(20_000),
            ])),
        ),
        (
            "date64",
            Arc::new(Date64Array::from(vec![
                Some(0),
                None,
                Some(86_400_000),
                None,
            ])),
        ),
        (
            "time",
            Arc::new(Time32SecondArray::from(vec![
                Some(0),
                None,
                Some(86_399),
                None,
            ])),
        ),
        (
            "time nanos",
            Arc::new(Time64NanosecondArray::from(vec![1, 2, 3, 4])),
        ),
        (
            "naive seconds",
            Arc::new(TimestampSecondArray::from(vec![
                Some(0),
                None,
                Some(1),
                None,
            ])),
        ),
        (
            "naive nanos",
            Arc::new(TimestampNanosecondArray::from(vec![
                Some(i64::MIN + 1),
                None,
                Some(i64::MAX),
                Some(0),
            ])),
        ),
        (
            "utc",
            Arc::new(
                TimestampMicrosecondArray::from(vec![0, 1, 2, 1_700_000_000_000_000])
                    .with_timezone("UTC"),
            ),
        ),
        (
            "zone",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(0), None, Some(1), None])
                    .with_timezone("America/New_York"),
            ),
        ),
        (
            "duration",
            Arc::new(DurationMicrosecondArray::from(vec![
                Some(-1),
                None,
                Some(90_000_000),
                None,
            ])),
        ),
        (
            "decimal",
            Arc::new(
                Decimal128Array::from(vec![Some(i128::MAX / 2), None, Some(-5), Some(0)])
                    .with_precision_and_scale(38, 9)
                    .unwrap(),
            ),
        ),
        (
            "decimal256",
            Arc::new(
                Decimal256Array::from(vec![Some(i256::from(-5)), None, Some(i256::MAX), None])
                    .with_precision_and_scale(76, 3)
                    .unwrap(),
            ),
        ),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
                nested.clone(),
            )),
        ),
        (
            "large list",
            Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(
                nested,
            )),
        ),
        (
            "fixed list",
            Arc::new(FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
                vec![
                    Some(vec![Some(1), None]),
                    None,
                    Some(vec![Some(5), Some(6)]),
                    None,
                ],
                2,
            )),
        ),
        ("struct", Arc::new(structs)),
        ("map", Arc::new(map.finish())),
        ("category", Arc::new(category)),
        ("all null", Arc::new(NullArray::new(4))),
        ("null ints", new_null_array(&DataType::Int64, 4)),
    ]
}

fn check(name: &str, column: &ArrayRef) {
    let fixture = Fixture::new();
    let whole = batch(vec![
        ("before", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        (name, Arc::clone(column)),
    ]);
    let parts = [whole.slice(0, 3), whole.slice(3, 1)];
    let schema = whole.schema();
    let layouts = [
        vec![ipc(std::slice::from_ref(&whole))],
        vec![ipc(&parts)],
        parts
            .iter()
            .map(|part| ipc(std::slice::from_ref(part)))
            .collect(),
        vec![ipc_with(&schema, &parts, Some(CompressionType::LZ4_FRAME))],
    ];
    for (layout, files) in layouts.iter().enumerate() {
        let product = fixture.commit(files).unwrap();
        fixture.products.verify(&product).unwrap();
        assert_eq!(product.rows, Some(4), "{name}, layout {layout}");
        assert_eq!(product.columns[1].data_type, column.data_type().to_string());
        assert_eq!(
            product.statistics[1].nulls,
            column.logical_null_count() as u64,
            "{name}"
        );
        let frame = fixture.products.open_frame(&product).unwrap();
        assert_eq!(
            frame.page(0, 100).unwrap(),
            whole,
            "{name}, layout {layout}"
        );
        assert_eq!(
            frame.page(1, 2).unwrap(),
            whole.slice(1, 2),
            "{name}, layout {layout}"
        );
        assert_eq!(
            frame.page(2, 2).unwrap(),
            whole.slice(2, 2),
            "{name}, layout {layout}"
        );
        for format in [
            Format::Table,
            Format::Json,
            Format::Csv,
            Format::Parquet,
            Format::Arrow,
        ] {
            let mut out = Vec::new();
            fixture
                .products
                .write(&product, &Export::new(format), &mut out)
                .unwrap_or_else(|error| {
                    panic!("{name}, {}: {}", format.name(), baton_base::chain(&error))
                });
            if format == Format::Arrow {
                let reader = FileReader::try_new(std::io::Cursor::new(out), None).unwrap();
                let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
                let back = compute::concat_batches(&batches[0].schema(), &batches).unwrap();
                let values = compute::cast(back.column(1), column.data_type()).unwrap();
                assert_eq!(&values, column, "{name}, layout {layout}");
            }
        }
    }
}

#[test]
fn every_type() {
    for (name, column) in columns() {
        check(name, &column);
    }
}

#[test]
fn no_rows() {
    for (name, column) in columns() {
        let fixture = Fixture::new();
        let empty = batch(vec![(name, new_empty_array(column.data_type()))]);
        // A file with a schema and no batch, and one with a batch of no rows.
        for files in [
            ipc_with(&empty.schema(), &[], None),
            ipc(std::slice::from_ref(&empty)),
        ] {
            let product = fixture.commit(&[files]).unwrap();
            assert_eq!(product.rows, Some(0), "{name}");
            assert_eq!(product.columns.len(), 1);
            assert_eq!(product.statistics[0].min, None);
            let frame = fixture.products.open_frame(&product).unwrap();
            assert_eq!(frame.page(0, 10).unwrap(), empty, "{name}");
            for format in [
                Format::Table,
                Format::Json,
                Format::Csv,
                Format::Parquet,
                Format::Arrow,
            ] {
                let mut out = Vec::new();
                fixture
                    .products
                    .write(&product, &Export::new(format), &mut out)
                    .unwrap();
            }
        }
    }
}

#[test]
fn no_columns() {
    let fixture = Fixture::new();
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(5));
    let schema = Arc::new(Schema::empty());
    let rows = RecordBatch::try_new_with_options(schema, Vec::new(), &options).unwrap();
    let product = fixture.frame(&[rows.clone(), rows]);
    assert_eq!(product.rows, Some(10));
    let frame = fixture.products.open_frame(&product).unwrap();
    assert_eq!(frame.page(2, 6).unwrap().num_rows(), 6);
    for (format, expected) in [
        (Format::Table, "10 rows without columns\n"),
        (Format::Csv, ""),
        (Format::Json, &format!("[{}{{}}]\n", "{},\n ".repeat(9))),
    ] {
        let mut out = Vec::new();
        fixture
            .products
            .write(&product, &Export::new(format), &mut out)
            .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn names_may_repeat() {
    let fixture = Fixture::new();
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let two: ArrayRef = Arc::new(StringArray::from(vec!["b"]));
    let both = batch(vec![("a", one), ("a", two)]);
    let product = fixture.frame(std::slice::from_ref(&both));
    assert_eq!(
        fixture
            .products
            .open_frame(&product)
            .unwrap()
            .page(0, 1)
            .unwrap(),
        both
    );
    for (format, expected) in [
        (Format::Csv, "a,a\n1,b\n"),
        (Format::Json, "[{\"a\":1,\"a.1\":\"b\"}]\n"),
        (
            Format::Table,
            "    a  a\nint64  text\n─────  ────\n    1  b\n",
        ),
    ] {
        let mut out = Vec::new();
        fixture
            .products
            .write(&product, &Export::new(format), &mut out)
            .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
