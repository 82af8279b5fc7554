//! What people and other programs get.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    Float64Array, Int64Array, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    UnionArray,
};
use arrow::compute;
use arrow::datatypes::{DataType, Field, Int8Type, Int32Type, Schema};
use arrow::ipc::reader::FileReader;
use baton_base::{Class, Diagnose};
use baton_model::{Product, ProductKind};
use baton_products::{Export, ExportError, Format};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::fixture::{Fixture, batch, ipc, mark_as_text};

fn text(fixture: &Fixture, product: &Product, export: &Export) -> String {
    let mut out = Vec::new();
    fixture.products.write(product, export, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn mixed() -> RecordBatch {
    batch(vec![
        (
            "id",
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(3)])),
        ),
        (
            "price",
            Arc::new(
                Decimal128Array::from(vec![Some(1050), Some(-1), None])
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
        ),
        (
            "name",
            Arc::new(StringArray::from(vec![
                Some("Zoë, \"Z\""),
                Some("two\nlines"),
                None,
            ])),
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![Some(0), None, Some(20_000)])),
        ),
        (
            "at",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(0), None, Some(1_500_000)])
                    .with_timezone("Europe/Paris"),
            ),
        ),
        (
            "ratio",
            Arc::new(Float64Array::from(vec![Some(0.5), Some(f64::NAN), None])),
        ),
        (
            "tags",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
                Some(vec![Some(1), None]),
                None,
                Some(vec![]),
            ])),
        ),
        (
            "raw",
            Arc::new(BinaryArray::from_opt_vec(vec![
                Some(b"\x01\xff"),
                None,
                Some(b""),
            ])),
        ),
        (
            "ok",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
    ])
}

#[test]
fn csv() {
    let fixture = Fixture::new();
    let product = fixture.frame(&[mixed()]);
    assert_eq!(
        text(&fixture, &product, &Export::new(Format::Csv)),
        "id,price,name,day,at,ratio,tags,raw,ok\n\
         9223372036854775807,10.50,\"Zoë, \"\"Z\"\"\",1970-01-01,1970-01-01T01:00:00+01:00,0.5,\"[1,null]\",01ff,true\n\
         ,-0.01,\"two\nlines\",,,NaN,,,\n\
         3,,,2024-10-04,1970-01-01T01:00:01.500+01:00,,[],,false\n"
    );
}

#[test]
fn json() {
    let fixture = Fixture::new();
    let product = fixture.frame(&[mixed().slice(0, 2), mixed().slice(2, 1)]);
    let json = text(&fixture, &product, &Export::new(Format::Json));
    assert_eq!(
        json,
        "[{\"id\":9223372036854775807,\"price\":10.50,\"name\":\"Zoë, \\\"Z\\\"\",\"day\":\"1970-01-01\",\
         \"at\":\"1970-01-01T01:00:00+01:00\",\"ratio\":0.5,\"tags\":[1,null],\"raw\":\"01ff\",\"ok\":true},\n \
         {\"id\":null,\"price\":-0.01,\"name\":\"two\\nlines\",\"day\":null,\"at\":null,\"ratio\":null,\"tags\":null,\"raw\":null,\"ok\":null},\n \
         {\"id\":3,\"price\":null,\"name\":null,\"day\":\"2024-10-04\",\"at\":\"1970-01-01T01:00:01.500+01:00\",\"ratio\":null,\"tags\":[],\"raw\":\"\",\"ok\":false}]\n"
    );
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
}

#[test]
fn table() {
    let fixture = Fixture::new();
    let product = fixture.frame(&[mixed()]);
    let mut export = Export::new(Format::Table);
    export.limit = Some(2);
    export.width = Some(60);
    assert_eq!(
        text(&fixture, &product, &export),
        concat!(
            "                 id          price  name        day\n",
            "              int64  decimal(10,2)  text        date\n",
            "───────────────────  ─────────────  ──────────  ──────────\n",
            "9223372036854775807          10.50  Zoë, \"Z\"    1970-01-01\n",
            "               null          -0.01  two\\nlines  null\n",
            "… 1 more row, 3 in all\n",
            "… 5 more columns: at, ratio, tags, raw, ok\n",
        )
    );
    export.color = true;
    export.offset = 2;
    export.width = Some(10);
    assert_eq!(
        text(&fixture, &product, &export),
        "   \x1b[1mid\x1b[0m\n\x1b[2mint64\x1b[0m\n\x1b[2m─────\x1b[0m\n    3\n\
         \x1b[2m… 8 more …\x1b[0m\n"
    );
    export = Export::new(Format::Table);
    export.limit = Some(0);
    assert!(text(&fixture, &product, &export).ends_with("… 3 more rows, 3 in all\n"));
}

#[test]
fn tables_have_a_limit() {
    let fixture = Fixture::new();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1500));
    let product = fixture.frame(&[batch(vec![("n", numbers)])]);
    let table = text(&fixture, &product, &Export::new(Format::Table));
    assert_eq!(table.lines().count(), 3 + 1000 + 1);
    assert!(table.ends_with("… 500 more rows, 1,500 in all\n"));
}

#[test]
fn dictionaries() {
    let fixture = Fixture::new();
    let column = |texts: [&'static str; 2]| -> ArrayRef {
        Arc::new(DictionaryArray::<Int8Type>::from_iter(texts))
    };
    // Two files with different dictionaries.
    let parts = [["x", "y"], ["z", "x"]].map(|texts| batch(vec![("c", column(texts))]));
    let categories = fixture.frame(&parts);
    let texts = fixture.frame(&parts.clone().map(|part| mark_as_text(&part)));
    assert_eq!(categories.columns[0].data_type, "Dictionary(Int8, Utf8)");
    assert_eq!(texts.columns[0].data_type, "Utf8");
    for product in [&categories, &texts] {
        assert_eq!(
            text(&fixture, product, &Export::new(Format::Csv)),
            "c\nx\ny\nz\nx\n"
        );
        assert_eq!(product.statistics[0].max.as_deref(), Some("z"));
        let mut out = Vec::new();
        fixture
            .products
            .write(product, &Export::new(Format::Arrow), &mut out)
            .unwrap();
        let reader = FileReader::try_new(io::Cursor::new(out), None).unwrap();
        assert_eq!(reader.schema().field(0).data_type(), &DataType::Utf8);
        let batches: Vec<_> = reader.map(Result::unwrap).collect();
        let back = compute::concat_batches(&batches[0].schema(), &batches).unwrap();
        assert_eq!(
            back.column(0).as_ref(),
            &StringArray::from(vec!["x", "y", "z", "x"])
        );
    }
    let table = text(&fixture, &categories, &Export::new(Format::Table));
    assert!(table.starts_with("c\ncategory\n────────\nx\n"), "{table}");
    // The same categories in all files stay categories.
    let shared = fixture.frame(&[parts[0].clone(), parts[0].slice(0, 1)]);
    let mut out = Vec::new();
    fixture
        .products
        .write(&shared, &Export::new(Format::Arrow), &mut out)
        .unwrap();
    let reader = FileReader::try_new(io::Cursor::new(out), None).unwrap();
    assert!(matches!(
        reader.schema().field(0).data_type(),
        DataType::Dictionary(_, _)
    ));
    assert_eq!(
        reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(),
        3
    );
}

#[test]
fn parquet_keeps_types_and_pandas_index() {
    let fixture = Fixture::new();
    let pandas = r#"{"index_columns":["__index_level_0__"],"columns":[]}"#;
    let plain = batch(vec![
        ("v", Arc::new(Int64Array::from(vec![5, 6]))),
        (
            "__index_level_0__",
            Arc::new(StringArray::from(vec!["a", "b"])),
        ),
    ]);
    let metadata = HashMap::from([("pandas".to_owned(), pandas.to_owned())]);
    let schema = Schema::new_with_metadata(plain.schema().fields().clone(), metadata);
    let frame = RecordBatch::try_new(Arc::new(schema), plain.columns().to_vec()).unwrap();
    let product = fixture.frame(std::slice::from_ref(&frame));
    assert_eq!(product.columns[1].name, "index");
    assert_eq!(
        text(&fixture, &product, &Export::new(Format::Csv)),
        "v,index\n5,a\n6,b\n"
    );
    let mut out = Vec::new();
    fixture
        .products
        .write(&product, &Export::new(Format::Parquet), &mut out)
        .unwrap();
    let path = fixture.folder.path().join("out.parquet");
    std::fs::write(&path, out).unwrap();
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.schema().metadata()["pandas"], pandas);
    let mut reader = reader.build().unwrap();
    assert_eq!(reader.next().unwrap().unwrap().columns(), frame.columns());
}

#[test]
fn values_that_are_no_frame() {
    let fixture = Fixture::new();
    let check = |kind, content: &[u8], format, expected: &str| {
        let product = fixture.value(kind, content);
        assert_eq!(text(&fixture, &product, &Export::new(format)), expected);
    };
    check(
        ProductKind::Json,
        br#"{"b":1e400,"a":[]}"#,
        Format::Json,
        "{\n  \"b\": 1e400,\n  \"a\": []\n}\n",
    );
    check(ProductKind::Json, b"[1]", Format::Table, "[\n  1\n]\n");
    check(ProductKind::Json, b"[1]", Format::Raw, "[1]");
    check(
        ProductKind::Text,
        "a\x1b[2J\n\tä".as_bytes(),
        Format::Table,
        "a\\u{1b}[2J\n\tä\n",
    );
    check(
        ProductKind::Text,
        b"say \"hi\"\n",
        Format::Json,
        "\"say \\\"hi\\\"\\n\"\n",
    );
    check(
        ProductKind::Opaque,
        &[7; 1234],
        Format::Table,
        "opaque value, codec `arrow`, 1,234 bytes: only a block can open it\n",
    );
    check(
        ProductKind::Image,
        b"PNG",
        Format::Table,
        "image, codec `arrow`, 3 bytes\n",
    );
    check(ProductKind::Image, b"PNG", Format::Raw, "PNG");

    let product = fixture.value(ProductKind::Text, b"1\n2\n3\n4");
    let mut export = Export::new(Format::Table);
    (export.offset, export.limit) = (1, Some(2));
    assert_eq!(text(&fixture, &product, &export), "2\n3\n… 1 more line\n");
}

#[test]
fn forms_that_do_not_exist() {
    let fixture = Fixture::new();
    let frame = fixture.frame(&[mixed()]);
    let value = |kind| fixture.value(kind, b"1");
    for (product, format) in [
        (frame, Format::Raw),
        (value(ProductKind::Json), Format::Csv),
        (value(ProductKind::Text), Format::Parquet),
        (value(ProductKind::Image), Format::Json),
        (value(ProductKind::Opaque), Format::Arrow),
    ] {
        let error = fixture
            .products
            .write(&product, &Export::new(format), &mut Vec::new())
            .unwrap_err();
        assert!(matches!(error, ExportError::NoSuchForm { .. }), "{error}");
        assert_eq!(error.class(), Class::User);
        assert!(
            error.hint().is_some() && error.to_string().contains(format.name()),
            "{error}"
        );
    }
    for format in Format::ALL {
        assert_eq!(Format::parse(format.name()), Some(format));
    }
    assert_eq!(Format::parse("xlsx"), None);
}

#[test]
fn values_of_several_types_have_no_common_form() {
    let fixture = Fixture::new();
    let fields = [
        (0, Field::new("0", DataType::Int64, true)),
        (1, Field::new("1", DataType::Utf8, true)),
    ];
    let union = UnionArray::try_new(
        fields
            .map(|(id, field)| (id, Arc::new(field)))
            .into_iter()
            .collect(),
        vec![0_i8, 1].into(),
        None,
        vec![
            Arc::new(Int64Array::from(vec![1, 2])),
            Arc::new(StringArray::from(vec!["a", "b"])),
        ],
    )
    .unwrap();
    let product = fixture.frame(&[batch(vec![("u", Arc::new(union))])]);
    for format in [Format::Json, Format::Csv, Format::Parquet] {
        let error = fixture
            .products
            .write(&product, &Export::new(format), &mut Vec::new())
            .unwrap_err();
        assert!(matches!(error, ExportError::Encode { .. }), "{error}");
        assert_eq!(error.class(), Class::User);
    }
    for format in [Format::Table, Format::Arrow] {
        fixture
            .products
            .write(&product, &Export::new(format), &mut Vec::new())
            .unwrap();
    }
}

/// An output that is full after some bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.0.min(bytes.len());
        if room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= room;
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn errors_of_the_output_keep_their_kind() {
    let fixture = Fixture::new();
    let product = fixture.commit(&[ipc(&[mixed(), mixed()])]).unwrap();
    for format in [
        Format::Table,
        Format::Json,
        Format::Csv,
        Format::Parquet,
        Format::Arrow,
    ] {
        for room in [0, 100] {
            let error = fixture
                .products
                .write(&product, &Export::new(format), &mut Full(room))
                .unwrap_err();
            assert_eq!(
                error.io_kind(),
                Some(io::ErrorKind::StorageFull),
                "{}: {error}",
                format.name()
            );
        }
    }
}
