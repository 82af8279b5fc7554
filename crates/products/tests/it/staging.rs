//! What a worker may stage, and what is refused.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use baton_model::{Content, ProductKind};
use baton_products::{CommitError, DigestError, StagedContent};

use crate::fixture::{Fixture, batch, chunks, ipc, output};

fn numbers(values: Vec<i64>) -> Vec<u8> {
    ipc(&[batch(vec![(
        "n",
        Arc::new(Int64Array::from(values)) as ArrayRef,
    )])])
}

#[test]
fn names_lead_nowhere_else() {
    let fixture = Fixture::new();
    let staging = fixture.products.staging("1-1").unwrap();
    let secret = fixture.folder.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    symlink(&secret, staging.path().join("link")).unwrap();
    fs::hard_link(&secret, staging.path().join("hard link")).unwrap();
    fs::create_dir(staging.path().join("folder")).unwrap();
    fs::write(staging.path().join("folder/file"), "x").unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        staging.path().join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let absolute = secret.to_string_lossy().into_owned();
    for name in [
        "",
        ".",
        "..",
        "../../secret",
        "folder/file",
        "./link",
        "link",
        "hard link",
        "folder",
        "pipe",
        "a\0b",
        &absolute,
    ] {
        for frame in [false, true] {
            let error = staging.digest(name, frame).unwrap_err();
            assert!(
                matches!(error, DigestError::Refused { .. }),
                "`{name}`: {error}"
            );
        }
    }
    let error = staging.digest("missing", false).unwrap_err();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::NotFound));
    for name in ["", "..", "a/b"] {
        assert!(fixture.products.staging(name).is_err(), "{name}");
        assert!(fixture.products.remove_staging(name).is_err(), "{name}");
    }
}

#[test]
fn what_is_no_arrow_file_is_said() {
    let fixture = Fixture::new();
    let staging = fixture.products.staging("1-1").unwrap();
    for content in [
        &b""[..],
        b"a,b\n1,2\n",
        &[0; 4096],
        b"ARROW1\0\0ARROW1\0\0ARROW1",
    ] {
        fs::write(staging.path().join("file"), content).unwrap();
        let error = staging.digest("file", true).unwrap_err();
        assert!(matches!(error, DigestError::Arrow { .. }), "{error}");
        assert!(
            baton_base::chain(&error).contains("`file` as Arrow"),
            "{error}"
        );
        staging.digest("file", false).unwrap();
    }
}

#[test]
fn files_become_objects_once() {
    let fixture = Fixture::new();
    let files = [numbers(vec![1, 2]), numbers(vec![3]), numbers(vec![1, 2])];
    let product = fixture.commit(&files).unwrap();
    assert_eq!(product.rows, Some(5));
    assert_eq!(
        product.bytes,
        files.iter().map(|file| file.len() as u64).sum::<u64>()
    );
    assert_eq!(fixture.objects(), 2);
    let chunks = chunks(&product);
    assert_eq!(chunks[0].object, chunks[2].object);
    assert_eq!(
        chunks[1].object.as_str(),
        blake3::hash(&files[1]).to_hex().as_str()
    );
    assert_eq!(product.statistics[0].max.as_deref(), Some("3"));
    let path = fixture.products.object_path(&chunks[0].object);
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o222, 0);
    // The same output again: nothing new is stored and nothing is left behind.
    assert_eq!(fixture.commit(&files).unwrap(), product);
    assert_eq!(fixture.objects(), 2);
    let staging = fixture.folder.path().join("staging/1-1");
    assert_eq!(fs::read_dir(staging).unwrap().count(), 0);
}

#[test]
fn the_manifest_is_counted_not_believed() {
    let fixture = Fixture::new();
    let staging = fixture.products.staging("1-1").unwrap();
    fs::write(staging.path().join("a"), numbers(vec![1, 2])).unwrap();
    fs::write(staging.path().join("b"), numbers(vec![3])).unwrap();
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    fs::write(staging.path().join("c"), ipc(&[batch(vec![("n", texts)])])).unwrap();
    let digest = |file: &str| staging.digest(file, true).unwrap();
    let frame = |files: &[&str]| {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        output(ProductKind::Frame, StagedContent::Files(files))
    };

    let error = staging
        .commit(frame(&["a", "b"]), vec![digest("a")])
        .unwrap_err();
    assert!(
        matches!(&error, CommitError::NotDigested { file, .. } if file == "b"),
        "{error}"
    );
    let error = staging
        .commit(frame(&["a", "a"]), vec![digest("a")])
        .unwrap_err();
    assert!(matches!(error, CommitError::NotDigested { .. }), "{error}");
    let error = staging
        .commit(frame(&["a"]), vec![staging.digest("a", false).unwrap()])
        .unwrap_err();
    assert!(matches!(error, CommitError::NotDigested { .. }), "{error}");
    let error = staging
        .commit(frame(&["a", "c"]), vec![digest("a"), digest("c")])
        .unwrap_err();
    assert!(
        matches!(&error, CommitError::Schema { file, .. } if file == "c"),
        "{error}"
    );
    let mut announced = frame(&["a", "b"]);
    announced.rows = Some(4);
    let error = staging
        .commit(announced, vec![digest("a"), digest("b")])
        .unwrap_err();
    assert!(
        matches!(
            error,
            CommitError::Rows {
                announced: 4,
                found: 3,
                ..
            }
        ),
        "{error}"
    );
    let error = staging.commit(frame(&[]), Vec::new()).unwrap_err();
    assert!(matches!(error, CommitError::Content { .. }), "{error}");
    let inline = output(ProductKind::Frame, StagedContent::Text(String::new()));
    let error = staging.commit(inline, Vec::new()).unwrap_err();
    assert!(matches!(error, CommitError::Content { .. }), "{error}");
    assert_eq!(
        fixture.objects(),
        0,
        "nothing of a refused output is stored"
    );

    let mut announced = frame(&["b", "a"]);
    announced.rows = Some(3);
    let product = staging
        .commit(announced, vec![digest("a"), digest("b")])
        .unwrap();
    let rows: Vec<_> = chunks(&product).iter().map(|chunk| chunk.rows).collect();
    assert_eq!(rows, [Some(1), Some(2)]);
}

#[test]
fn a_file_that_changes_after_its_digest_is_refused() {
    let fixture = Fixture::new();
    let staging = fixture.products.staging("1-1").unwrap();
    let path = staging.path().join("file");
    let changes: [&dyn Fn(); 4] = [
        &|| fs::write(&path, "longer content").unwrap(),
        &|| {
            fs::remove_file(&path).unwrap();
            fs::write(staging.path().join("other"), "content").unwrap();
            fs::rename(staging.path().join("other"), &path).unwrap();
        },
        &|| {
            fs::remove_file(&path).unwrap();
            symlink("/etc/passwd", &path).unwrap();
        },
        &|| fs::remove_file(&path).unwrap(),
    ];
    for (index, change) in changes.iter().enumerate() {
        drop(fs::remove_file(&path));
        fs::write(&path, "content").unwrap();
        let digest = staging.digest("file", false).unwrap();
        change();
        let files = StagedContent::Files(vec!["file".to_owned()]);
        let error = staging
            .commit(output(ProductKind::Opaque, files), vec![digest])
            .unwrap_err();
        assert!(
            matches!(error, CommitError::Changed { .. }),
            "{index}: {error}"
        );
        assert_eq!(fixture.objects(), 0);
    }
}

#[test]
fn small_values_stay_in_the_manifest() {
    let fixture = Fixture::new();
    let staging = fixture.products.staging("1-1").unwrap();
    let text = StagedContent::Text("{\"a\": 1}".to_owned());
    let product = staging
        .commit(output(ProductKind::Json, text), Vec::new())
        .unwrap();
    assert_eq!(product.content, Content::Inline("{\"a\": 1}".to_owned()));
    assert_eq!((product.bytes, fixture.objects()), (8, 0));
    assert_eq!(fixture.products.read_text(&product).unwrap(), "{\"a\": 1}");
    fixture.products.verify(&product).unwrap();
}

#[test]
fn staging_folders_are_fresh_and_swept() {
    let fixture = Fixture::new();
    let old = fixture.products.staging("1-1").unwrap();
    fs::create_dir(old.path().join("folder")).unwrap();
    fs::write(old.path().join("folder/left over"), "x").unwrap();
    let new = fixture.products.staging("1-1").unwrap();
    assert_eq!(fs::read_dir(new.path()).unwrap().count(), 0);
    fixture.products.staging("2-1").unwrap();
    fixture.products.staging("2-2").unwrap();
    assert_eq!(
        fixture
            .products
            .sweep_staging(|name| name.starts_with("1-"))
            .unwrap(),
        2
    );
    assert!(new.path().exists());
    new.clone().remove().unwrap();
    new.remove().unwrap();
    fixture.products.remove_staging("1-1").unwrap();
    assert_eq!(fixture.products.sweep_staging(|_| false).unwrap(), 0);
}

#[test]
fn a_folder_replaced_by_a_link_leads_nowhere() {
    let fixture = Fixture::new();
    let staging = fixture.products.staging("1-1").unwrap();
    let elsewhere = fixture.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("file"), "secret").unwrap();
    fs::remove_dir(staging.path()).unwrap();
    symlink(&elsewhere, staging.path()).unwrap();
    assert!(staging.digest("file", false).is_err());
}
