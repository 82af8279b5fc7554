//! What there is of data products: every back end must know it, as in `conformance`.

use baton_model::{BlockRunKey, PipelineUuid, RunEvent, Timestamp};
use baton_store::MadeProducts;

use crate::conformance::{Database, at, commit, create};
use crate::facts::{frame, text};

/// The pipeline, block, name, run, parts and versions of each.
fn told(found: &MadeProducts) -> Vec<(&str, &str, &str, i64, u32, u32)> {
    found
        .rows
        .iter()
        .map(|made| {
            (
                made.pipeline.as_str(),
                made.made_by.key.block.as_str(),
                made.product.name.as_str(),
                made.made_by.run.0,
                made.parts,
                made.versions,
            )
        })
        .collect()
}

pub(crate) async fn products_are_listed_with_their_versions(database: &impl Database) {
    let store = database.open().await;
    let mut first = create(&store, "demo", &["a", "b", "c"]).await;
    at(&mut first, "a").products = vec![frame("output_0", &["01"]), text("output_1", "x")];
    at(&mut first, "b").products = vec![text("output_0", "old")];
    for index in [0, 1] {
        let mut child = first.blocks[2].clone();
        child.key = BlockRunKey::child("c".into(), index);
        child.name = format!("c:{index}");
        child.products = vec![text("output_0", &child.name)];
        first.blocks.push(child);
    }
    first.version += 1;
    let keys: Vec<BlockRunKey> = first.blocks.iter().map(|block| block.key.clone()).collect();
    let done = store.commit(&first, &keys, &RunEvent::Woken, Timestamp(1));
    done.await.unwrap();
    let mut other = create(&store, "other", &["z"]).await;
    at(&mut other, "z").products = vec![text("output_0", "z")];
    commit(&store, &mut other, &["z"]).await;
    // The newer run has not come to `b` and `c`, and its `a` has one output less.
    let mut second = create(&store, "demo", &["a", "b", "c"]).await;
    at(&mut second, "a").products = vec![frame("output_0", &["02"])];
    commit(&store, &mut second, &["a"]).await;

    let (one, two, three) = (first.id.0, other.id.0, second.id.0);
    let all = store.newest_products(None, 0, 100).await.unwrap();
    let expected = [
        ("demo", "a", "output_0", three, 1, 2),
        ("other", "z", "output_0", two, 1, 1),
        ("demo", "a", "output_1", one, 1, 1),
        ("demo", "b", "output_0", one, 1, 1),
        ("demo", "c", "output_0", one, 2, 1),
    ];
    assert_eq!(told(&all), expected);
    assert_eq!(all.total, 5);
    assert_eq!(all.rows[0].product, frame("output_0", &["02"]));
    // The number of the child run leads back to it.
    let part = &all.rows[4].made_by;
    let named = store.block_run(part.id).await.unwrap();
    assert_eq!(named.map(|row| row.key), Some(part.key.clone()));

    let demo = PipelineUuid::new("demo");
    let page = store.newest_products(Some(&demo), 1, 2).await.unwrap();
    assert_eq!(told(&page), expected[2..4]);
    assert_eq!(page.total, 4);

    let versions = async |block: &str, limit| {
        let block = block.into();
        let found = store.versions_of_products(&demo, &block, 0, limit).await;
        found.unwrap()
    };
    let all = versions("a", 100).await;
    let expected = [
        ("demo", "a", "output_0", three, 1, 1),
        ("demo", "a", "output_0", one, 1, 1),
        ("demo", "a", "output_1", one, 1, 1),
    ];
    assert_eq!(told(&all), expected);
    assert_eq!(told(&versions("a", 1).await), expected[..1]);
    assert_eq!((all.total, versions("a", 1).await.total), (3, 3));
    assert_eq!(versions("nobody", 100).await, MadeProducts::default());
}
