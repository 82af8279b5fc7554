//! Pages are right for any layout of the files, and cost what they show.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, FixedSizeListArray, Int64Array,
    ListArray, RecordBatch, StringArray, StringViewArray, StructArray, UInt64Array,
};
use arrow::compute;
use arrow::datatypes::{DataType, Field, Int16Type, Int32Type};
use arrow::ipc::CompressionType;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::fixture::{Fixture, batch, chunks, ipc, ipc_with, mark_as_text};

/// Columns made of one list of optional numbers.
fn column(kind: u8, numbers: &[Option<i64>]) -> ArrayRef {
    let text = |number: &Option<i64>| {
        number.map(|number| format!("{}{number}", "ä".repeat((number % 20) as usize)))
    };
    let texts: Vec<Option<String>> = numbers.iter().map(text).collect();
    let list = |number: &Option<i64>| {
        number.map(|number| {
            (0..number % 5)
                .map(|item| Some(item as i32))
                .collect::<Vec<_>>()
        })
    };
    match kind {
        0 => Arc::new(Int64Array::from(numbers.to_vec())),
        1 => Arc::new(BooleanArray::from_iter(
            numbers.iter().map(|n| n.map(|n| n % 2 == 0)),
        )),
        2 => Arc::new(StringArray::from_iter(texts)),
        3 => Arc::new(StringViewArray::from_iter(texts)),
        4 => Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
            numbers.iter().map(list),
        )),
        5 => Arc::new(DictionaryArray::<Int16Type>::from_iter(
            texts.iter().map(Option::as_deref),
        )),
        6 => Arc::new(
            Decimal128Array::from_iter(numbers.iter().map(|n| n.map(i128::from)))
                .with_precision_and_scale(38, 0)
                .unwrap(),
        ),
        7 => Arc::new(FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
            numbers
                .iter()
                .map(|n| n.map(|n| vec![Some(n as i32), None, Some(7)])),
            3,
        )),
        _ => Arc::new(StructArray::from(vec![
            (
                Arc::new(Field::new("n", DataType::Int64, true)),
                Arc::new(Int64Array::from(numbers.to_vec())) as ArrayRef,
            ),
            (
                Arc::new(Field::new("t", DataType::Utf8, true)),
                Arc::new(StringArray::from_iter(texts)) as ArrayRef,
            ),
        ])),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_page_of_any_layout(
        numbers in prop::collection::vec(prop::option::weighted(0.8, 0_i64..500), 1..300),
        cuts in prop::collection::vec(any::<Index>(), 0..6),
        files in 1_usize..4,
        compressed: bool,
        as_text: bool,
        pages in prop::collection::vec((0_u64..320, 0_usize..320), 1..12),
    ) {
        let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8"];
        let columns = (0..9).zip(names).map(|(kind, name)| (name, column(kind, &numbers))).collect();
        let mut whole = batch(columns);
        if as_text {
            whole = mark_as_text(&whole);
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(numbers.len() + 1)).collect();
        cuts.extend([0, numbers.len()]);
        cuts.sort_unstable();
        let parts: Vec<RecordBatch> = cuts.windows(2).map(|cut| whole.slice(cut[0], cut[1] - cut[0])).collect();
        let compression = compressed.then_some(CompressionType::LZ4_FRAME);
        let files: Vec<Vec<u8>> = parts
            .chunks(parts.len().div_ceil(files))
            .map(|parts| ipc_with(&whole.schema(), parts, compression))
            .collect();
        let fixture = Fixture::new();
        let product = fixture.commit(&files).unwrap();
        let frame = fixture.products.open_frame(&product).unwrap();
        let mut expected = whole.columns().to_vec();
        if as_text {
            expected[5] = compute::cast(&expected[5], &DataType::Utf8).unwrap();
            prop_assert_eq!(&product.columns[5].data_type, "Utf8");
        }
        for (offset, limit) in pages {
            let page = frame.page(offset, limit).unwrap();
            let start = (offset as usize).min(numbers.len());
            let rows = limit.min(numbers.len() - start);
            prop_assert_eq!(page.num_rows(), rows);
            for (index, column) in expected.iter().enumerate() {
                prop_assert_eq!(page.column(index), &column.slice(start, rows), "column {}", index);
            }
        }
        let nulls = numbers.iter().filter(|number| number.is_none()).count() as u64;
        let min = numbers.iter().flatten().min().map(i64::to_string);
        prop_assert_eq!(product.statistics[0].nulls, nulls);
        prop_assert_eq!(&product.statistics[0].min, &min);
        prop_assert_eq!(&product.statistics[6].min, &min);
    }
}

fn long_frame(rows: u64) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..rows));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..rows).map(|n| format!("row {n}")),
    ));
    let views: ArrayRef = Arc::new(StringViewArray::from_iter_values(
        (0..rows).map(|n| format!("a long text {n}")),
    ));
    batch(vec![("n", numbers), ("t", texts), ("v", views)])
}

/// The bytes that a page may cost beside its own rows: footers, messages, offsets.
const OVERHEAD: u64 = 16 * 1024;

#[test]
fn a_page_reads_its_own_rows_only() {
    let fixture = Fixture::new();
    let whole = long_frame(200_000);
    let parts: Vec<RecordBatch> = (0..10)
        .map(|part| whole.slice(part * 20_000, 20_000))
        .collect();
    let layouts: [Vec<Vec<u8>>; 3] = [
        vec![ipc(std::slice::from_ref(&whole))],
        vec![ipc(&parts)],
        parts
            .iter()
            .map(|part| ipc(std::slice::from_ref(part)))
            .collect(),
    ];
    for files in layouts {
        let product = fixture.commit(&files).unwrap();
        for (offset, rows) in [(0, 10), (19_995, 10), (123_456, 10), (199_999, 10)] {
            let frame = fixture.products.open_frame(&product).unwrap();
            let page = frame.page(offset, rows).unwrap();
            let rows = rows.min(200_000 - offset as usize);
            assert_eq!(page, whole.slice(offset as usize, rows));
            let read = frame.bytes_read();
            assert!(
                read > 0 && read < OVERHEAD,
                "{} files: {read} bytes",
                files.len()
            );
        }
    }
}

#[test]
fn what_a_page_does_not_show_is_not_read() {
    let fixture = Fixture::new();
    let whole = long_frame(50_000);
    let product = fixture.frame(std::slice::from_ref(&whole));
    let chunk = &chunks(&product)[0];
    let path = fixture.products.object_path(&chunk.object);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let object = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // The numbers of rows 10,000 to 40,000, as the first column's values follow the message.
    object
        .write_all_at(&vec![0xff; 8 * 30_000], 8 * 12_000)
        .unwrap();
    let frame = fixture.products.open_frame(&product).unwrap();
    assert_eq!(frame.page(0, 100).unwrap(), whole.slice(0, 100));
    assert_ne!(frame.page(20_000, 100).unwrap(), whole.slice(20_000, 100));
    assert!(fixture.products.verify(&product).is_err());
}

#[test]
fn scan_gives_parts() {
    let fixture = Fixture::new();
    let whole = long_frame(200_000);
    let product = fixture.frame(std::slice::from_ref(&whole));
    let frame = fixture.products.open_frame(&product).unwrap();
    let parts: Vec<RecordBatch> = frame.scan(5, None).map(Result::unwrap).collect();
    assert!(parts.len() > 2 && parts.iter().all(|part| part.num_rows() <= 65_536));
    let rows = compute::concat_batches(&whole.schema(), &parts).unwrap();
    assert_eq!(rows, whole.slice(5, 199_995));
    assert_eq!(frame.scan(0, Some(0)).count(), 0);
    assert_eq!(frame.scan(u64::MAX, Some(u64::MAX)).count(), 0);
}

#[test]
fn a_compressed_batch_is_unpacked_once() {
    let fixture = Fixture::new();
    let whole = long_frame(200_000);
    let lz4 = Some(CompressionType::LZ4_FRAME);
    let file = ipc_with(&whole.schema(), std::slice::from_ref(&whole), lz4);
    let size = file.len() as u64;
    let product = fixture.commit(&[file]).unwrap();
    let frame = fixture.products.open_frame(&product).unwrap();
    let parts: Vec<RecordBatch> = frame.scan(0, None).map(Result::unwrap).collect();
    assert!(parts.len() > 2);
    assert_eq!(
        compute::concat_batches(&whole.schema(), &parts).unwrap(),
        whole
    );
    let read = frame.bytes_read();
    assert!(read < size + OVERHEAD, "{read} of {size}");
}

#[test]
fn later_files_may_hold_the_first_nulls() {
    let fixture = Fixture::new();
    let schema = |nullable| {
        Arc::new(arrow::datatypes::Schema::new(vec![Field::new(
            "a",
            DataType::Int64,
            nullable,
        )]))
    };
    let one =
        RecordBatch::try_new(schema(false), vec![Arc::new(Int64Array::from(vec![1]))]).unwrap();
    let two =
        RecordBatch::try_new(schema(true), vec![Arc::new(Int64Array::from(vec![None]))]).unwrap();
    let product = fixture.frame(&[one, two]);
    assert!(product.columns[0].nullable);
    let page = fixture
        .products
        .open_frame(&product)
        .unwrap()
        .page(0, 2)
        .unwrap();
    assert_eq!(page.column(0).null_count(), 1);
}
