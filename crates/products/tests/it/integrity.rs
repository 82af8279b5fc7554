//! What happens to products whose objects were damaged, and which objects may be deleted.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow::array::{ArrayRef, Int64Array, ListArray, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::Int32Type;
use arrow::ipc::CompressionType;
use baton_model::{Product, ProductKind};
use baton_products::{IntegrityError, ReadError};

use crate::fixture::{Fixture, batch, chunks, ipc, ipc_with};

fn small() -> RecordBatch {
    let lists = (0..20).map(|n| Some((0..n % 3).map(Some).collect::<Vec<_>>()));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..20).map(|n| format!("text {n}")),
    ));
    let views: ArrayRef = Arc::new(StringViewArray::from_iter_values(
        (0..20).map(|n| format!("a long text {n}")),
    ));
    batch(vec![
        (
            "n",
            Arc::new(Int64Array::from_iter(
                (0..20).map(|n| (n % 3 > 0).then_some(n)),
            )),
        ),
        ("t", texts),
        ("v", views),
        (
            "l",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists)),
        ),
    ])
}

/// Replaces the content of a product's object.
fn overwrite(fixture: &Fixture, product: &Product, chunk: usize, content: &[u8]) {
    let path = fixture.products.object_path(&chunks(product)[chunk].object);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    rewrite(&path, content);
}

/// Writes a file in place: emptying it first makes some file systems wait for the disk.
fn rewrite(path: &Path, content: &[u8]) {
    let options = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let mut file = options.unwrap();
    file.write_all(content).unwrap();
    file.set_len(content.len() as u64).unwrap();
}

#[test]
fn damage_is_found_and_named() {
    let fixture = Fixture::new();
    let product = fixture.frame(&[small(), small().slice(0, 7)]);
    let broken = chunks(&product)[1].object.clone();
    let path = fixture.products.object_path(&broken);
    let sound = fs::read(&path).unwrap();
    fixture.products.verify(&product).unwrap();

    let mut flipped = sound.clone();
    flipped[sound.len() / 2] ^= 1;
    overwrite(&fixture, &product, 1, &flipped);
    fixture.products.verify_sizes(&product).unwrap();
    let error = fixture.products.verify(&product).unwrap_err();
    assert!(
        matches!(&error, IntegrityError::Content { object } if *object == broken),
        "{error}"
    );

    overwrite(&fixture, &product, 1, &sound[..sound.len() - 1]);
    for error in [
        fixture.products.verify(&product).unwrap_err(),
        fixture.products.verify_sizes(&product).unwrap_err(),
    ] {
        assert!(
            matches!(&error, IntegrityError::Size { object, .. } if *object == broken),
            "{error}"
        );
    }
    // The first file is sound, so its rows still are.
    let frame = fixture.products.open_frame(&product).unwrap();
    assert_eq!(frame.page(0, 20).unwrap(), small());
    let error = frame.page(15, 10).unwrap_err();
    assert!(matches!(error, ReadError::Integrity { .. }), "{error}");

    fs::remove_file(&path).unwrap();
    let error = fixture.products.verify(&product).unwrap_err();
    assert!(
        matches!(&error, IntegrityError::Missing { object } if *object == broken),
        "{error}"
    );
}

/// A bit of every byte of an Arrow file is turned over, one at a time: reading gives rows or an error and never a
/// panic that gets out.
#[test]
fn no_damage_takes_the_reader_down() {
    let fixture = Fixture::new();
    let rows = small().slice(0, 9);
    for compression in [None, Some(CompressionType::LZ4_FRAME)] {
        let sound = ipc_with(&rows.schema(), std::slice::from_ref(&rows), compression);
        let product = fixture.commit(std::slice::from_ref(&sound)).unwrap();
        let staging = fixture.products.staging("damage").unwrap();
        let mut failed = 0;
        for position in 0..sound.len() {
            let mut content = sound.clone();
            content[position] ^= 1 << (position % 8);
            overwrite(&fixture, &product, 0, &content);
            let frame = fixture.products.open_frame(&product);
            let pages = frame.and_then(|frame| Ok((frame.page(3, 5)?, frame.page(0, 9)?)));
            failed += usize::from(pages.is_err());
            rewrite(&staging.path().join("file"), &content);
            drop(staging.digest("file", true));
        }
        assert!(failed > 100, "{failed}");
        overwrite(&fixture, &product, 0, &sound);
        fixture.products.verify(&product).unwrap();
    }
}

#[test]
fn cut_files_are_errors() {
    let fixture = Fixture::new();
    let sound = ipc(&[small()]);
    for length in 0..sound.len() {
        let staging = fixture.products.staging("cut").unwrap();
        fs::write(staging.path().join("file"), &sound[..length]).unwrap();
        assert!(staging.digest("file", true).is_err(), "{length}");
    }
}

#[test]
fn only_what_nobody_names_is_collected() {
    let fixture = Fixture::new();
    let kept = fixture.frame(&[small()]);
    let dropped = fixture.value(ProductKind::Opaque, b"not needed");
    let live: HashSet<_> = chunks(&kept)
        .iter()
        .map(|chunk| chunk.object.clone())
        .collect();
    let hour = Duration::from_secs(3600);

    // Both are young: one may belong to an attempt whose manifest is not stored yet.
    let collected = fixture.products.collect(&live, hour).unwrap();
    assert_eq!((collected.objects, collected.kept), (0, 2));

    for product in [&kept, &dropped] {
        age(&fixture, product, hour * 2);
    }
    let collected = fixture.products.collect(&live, hour).unwrap();
    assert_eq!(
        (collected.objects, collected.bytes, collected.kept),
        (1, 10, 1)
    );
    fixture.products.verify(&kept).unwrap();
    assert!(fixture.products.verify(&dropped).is_err());
}

#[test]
fn committing_known_content_makes_it_young_again() {
    let fixture = Fixture::new();
    let hour = Duration::from_secs(3600);
    let first = fixture.value(ProductKind::Opaque, b"again");
    age(&fixture, &first, hour * 2);
    let second = fixture.value(ProductKind::Opaque, b"again");
    assert_eq!(first.content, second.content);
    let collected = fixture.products.collect(&HashSet::new(), hour).unwrap();
    assert_eq!(collected.objects, 0);
    fixture.products.verify(&second).unwrap();
}

/// Makes the objects of a product older.
fn age(fixture: &Fixture, product: &Product, by: Duration) {
    for chunk in chunks(product) {
        let path = fixture.products.object_path(&chunk.object);
        let file = fs::File::open(path).unwrap();
        file.set_modified(SystemTime::now() - by).unwrap();
    }
}

#[test]
fn damaged_objects_heal_when_their_content_is_made_again() {
    let fixture = Fixture::new();
    let product = fixture.value(ProductKind::Opaque, b"content");
    for damage in [&b"changed"[..], b"cut"] {
        overwrite(&fixture, &product, 0, damage);
        assert!(fixture.products.verify(&product).is_err());
        fixture.value(ProductKind::Opaque, b"content");
        fixture.products.verify(&product).unwrap();
    }
}

#[test]
fn sync_names_a_missing_object() {
    let fixture = Fixture::new();
    let product = fixture.frame(&[small()]);
    let object = &chunks(&product)[0].object;
    fixture.products.sync([object, object]).unwrap();
    fixture.products.sync([]).unwrap();
    fs::remove_file(fixture.products.object_path(object)).unwrap();
    let error = fixture.products.sync([object]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
