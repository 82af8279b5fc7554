//! Measurements for people, with no assertion about time:
//! `cargo test --release -p baton-products --test it -- --ignored --nocapture speed`.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use baton_model::{Product, ProductKind};
use baton_products::{Export, Format, StagedContent};

use crate::fixture::{Fixture, batch, chunks, ipc, mark_as_text, output};

/// Rows of a chunk as the worker writes it.
const ROWS: i64 = 1_000_000;

/// Eight mixed columns.
fn mixed(first: i64, rows: i64) -> RecordBatch {
    let spread = |n: i64| n.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(17);
    let numbers = first..first + rows;
    let names = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Leslie"];
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "id",
            Arc::new(Int64Array::from_iter_values(numbers.clone())),
        ),
        (
            "key",
            Arc::new(Int32Array::from_iter_values(
                numbers.clone().map(|n| spread(n) as i32),
            )),
        ),
        (
            "x",
            Arc::new(Float64Array::from_iter_values(
                numbers.clone().map(|n| spread(n) as f64 / 1e9),
            )),
        ),
        (
            "y",
            Arc::new(Float64Array::from_iter(
                numbers.clone().map(|n| (n % 10 > 0).then_some(n as f64)),
            )),
        ),
        (
            "at",
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(numbers.clone()).with_timezone("UTC"),
            ),
        ),
        (
            "ok",
            Arc::new(BooleanArray::from_iter(
                numbers.clone().map(|n| Some(n % 3 == 0)),
            )),
        ),
        (
            "name",
            Arc::new(DictionaryArray::<Int32Type>::from_iter(
                numbers
                    .clone()
                    .map(|n| names[spread(n) as usize % names.len()]),
            )),
        ),
        (
            "code",
            Arc::new(StringArray::from_iter_values(
                numbers.map(|n| format!("code-{:08x}", spread(n) as u32)),
            )),
        ),
    ];
    mark_as_text(&batch(columns))
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{what:<62} {:>9.2} ms", start.elapsed().as_secs_f64() * 1e3);
    result
}

#[test]
#[ignore = "a measurement, meant for a release build"]
fn digest() {
    let fixture = Fixture::new();
    let whole = mixed(0, ROWS);
    let parts: Vec<_> = (0..16)
        .map(|part| whole.slice(part * 62_500, 62_500))
        .collect();
    for (layout, content) in [("1 batch", ipc(&[whole])), ("16 batches", ipc(&parts))] {
        let staging = fixture.products.staging("1-1").unwrap();
        fs::write(staging.path().join("file"), &content).unwrap();
        println!(
            "one chunk, 1,000,000 rows x 8 columns, {layout}, {} bytes",
            content.len()
        );
        for _ in 0..3 {
            timed("  read and blake3 only", || {
                blake3::hash(&fs::read(staging.path().join("file")).unwrap())
            });
            timed("  digest without statistics", || {
                staging.digest("file", false).unwrap()
            });
            timed("  digest of a frame", || {
                staging.digest("file", true).unwrap()
            });
        }
        let digest = staging.digest("file", true).unwrap();
        let files = StagedContent::Files(vec!["file".to_owned()]);
        timed("  commit", || {
            staging
                .commit(output(ProductKind::Frame, files), vec![digest])
                .unwrap()
        });
    }
}

#[test]
#[ignore = "a measurement, meant for a release build"]
fn paging() {
    let fixture = Fixture::new();
    let whole = mixed(0, 10 * ROWS);
    let product = fixture
        .commit(&[ipc(std::slice::from_ref(&whole))])
        .unwrap();
    pages(&fixture, "10,000,000 rows, 1 file, 1 batch", &product);
    let parts: Vec<_> = (0..10)
        .map(|part| whole.slice(part * ROWS as usize, ROWS as usize))
        .collect();
    drop(whole);
    let product = fixture.frame(&parts);
    pages(
        &fixture,
        "10,000,000 rows, 10 files, 1 batch each",
        &product,
    );
    let files: Vec<_> = parts
        .iter()
        .map(|part| {
            ipc(&(0..16)
                .map(|at| part.slice(at * 62_500, 62_500))
                .collect::<Vec<_>>())
        })
        .collect();
    drop(parts);
    let product = fixture.commit(&files).unwrap();
    pages(
        &fixture,
        "10,000,000 rows, 10 files, 16 batches each",
        &product,
    );
    timed("  verify all", || {
        fixture.products.verify(&product).unwrap();
    });
    timed("  verify sizes", || {
        fixture.products.verify_sizes(&product).unwrap();
    });
    timed("  sync", || {
        fixture
            .products
            .sync(chunks(&product).iter().map(|chunk| &chunk.object))
            .unwrap();
    });
    for format in [Format::Json, Format::Csv, Format::Parquet, Format::Arrow] {
        let mut export = Export::new(format);
        export.limit = Some(ROWS as u64);
        let mut out = Vec::new();
        timed(&format!("  1,000,000 rows as {}", format.name()), || {
            fixture.products.write(&product, &export, &mut out).unwrap();
        });
    }
}

fn pages(fixture: &Fixture, what: &str, product: &Product) {
    println!("{what}");
    for offset in [0, 5_123_456, 9_999_900] {
        let (rows, read) = timed(&format!("  open and show 100 rows from {offset}"), || {
            let frame = fixture.products.open_frame(product).unwrap();
            let page = frame.page(offset, 100).unwrap();
            (page.num_rows(), frame.bytes_read())
        });
        println!("    {rows} rows, {read} bytes read");
    }
}

#[test]
#[ignore = "a measurement, meant for a release build"]
fn many_small_products() {
    let fixture = Fixture::new();
    let frames: Vec<_> = (0..100).map(|n| mixed(n * 10, 10)).collect();
    let products = timed("stage, digest and commit 100 frames of 10 rows", || {
        frames
            .iter()
            .map(|frame| fixture.frame(std::slice::from_ref(frame)))
            .collect::<Vec<_>>()
    });
    timed("  sync them", || {
        let objects = products.iter().flat_map(chunks).map(|chunk| &chunk.object);
        fixture.products.sync(objects).unwrap();
    });
}
