//! What data there is.

use baton_model::{
    Chunk, Column, ColumnStatistics, Content, Product, ProductKind, RunEvent, RunId, Timestamp,
};
use serde_json::{Value, json};

use crate::served::Served;

fn frame(rows: u64) -> Product {
    let chunk = Chunk {
        object: "01".into(),
        bytes: 40,
        rows: Some(rows),
    };
    Product {
        name: "output_0".to_owned(),
        kind: ProductKind::Frame,
        codec: "pandas".to_owned(),
        meta: Value::Null,
        rows: Some(rows),
        bytes: 40,
        content: Content::Chunks(vec![chunk]),
        columns: vec![Column {
            name: "delay".to_owned(),
            data_type: "Int64".to_owned(),
            nullable: true,
        }],
        statistics: vec![ColumnStatistics {
            nulls: 1,
            min: Some("-3".to_owned()),
            max: None,
        }],
    }
}

/// A run of `broken` whose block has produced this nevertheless.
async fn made(served: &Served, product: Product) -> RunId {
    let (id, _) = served.ended_run("broken").await;
    let store = served.host.store();
    let mut run = store.load_run(id).await.unwrap().unwrap();
    run.version += 1;
    run.blocks[0].products = vec![product];
    let keys = [run.blocks[0].key.clone()];
    let done = store.commit(&run, &keys, &RunEvent::Woken, Timestamp(1));
    done.await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn products_and_their_versions_are_listed() {
    let served = Served::new().await;
    let none = served.get("/api/products").await;
    assert_eq!(none["products"], json!([]));
    assert_eq!(none["metadata"], json!({"count": 0, "next": false}));

    let old = made(&served, frame(7)).await;
    let new = made(&served, frame(8)).await;
    let all = served.get("/api/products").await;
    assert_eq!(all["metadata"]["count"], 1, "{all}");
    let product = &all["products"][0];
    let told = [
        "pipeline_uuid",
        "block_uuid",
        "name",
        "kind",
        "rows",
        "columns",
        "versions",
        "parts",
    ];
    let told: Vec<&Value> = told.iter().map(|key| &product[*key]).collect();
    assert_eq!(
        json!(told),
        json!(["broken", "gone", "output_0", "frame", 8, 1, 2, 1])
    );
    assert_eq!(product["pipeline_run_id"], new.0);
    let block = served
        .get(&format!("/api/pipeline_runs/{new}/block_runs"))
        .await;
    assert_eq!(product["block_run_id"], block["block_runs"][0]["id"]);
    assert_eq!(
        product["completed_at"],
        block["block_runs"][0]["completed_at"]
    );
    let other = served.get("/api/products?pipeline_uuid=note").await;
    assert_eq!(other["products"], json!([]));

    let path = "/api/pipelines/broken/blocks/gone/products";
    let versions = served.get(path).await;
    let rows = versions["versions"].as_array().unwrap();
    let runs: Vec<&Value> = rows.iter().map(|row| &row["pipeline_run_id"]).collect();
    assert_eq!(json!(runs), json!([new.0, old.0]));
    assert_eq!(rows[1]["rows"], 7);
    assert_eq!(rows[1]["columns"][0]["type"], "Int64");
    assert_eq!(rows[1]["statistics"][0]["nulls"], 1);
    let page = served.get(&format!("{path}?_limit=1")).await;
    assert_eq!(page["versions"].as_array().unwrap().len(), 1);
    assert_eq!(page["metadata"], json!({"count": 2, "next": true}));
}
