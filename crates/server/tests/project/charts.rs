//! Charts of a pipeline: entries of `widgets`, and files in `charts/`.

use std::fs;
use std::str;

use axum::body::{Body, to_bytes};
use serde_json::{Value, json};

use crate::scene::Scene;

const LIST: &str = "/api/pipelines/etl/widgets";

#[tokio::test]
async fn charts_are_kept_where_mage_keeps_them() {
    let scene = Scene::new().await;
    assert_eq!(scene.get(LIST).await["widgets"], json!([]));
    let configuration = json!({
        "chart_type": "bar chart", "group_by": ["city"], "metrics": [{"aggregation": "sum", "column": "n"}],
    });
    let wanted = json!({"widget": {
        "name": "By city", "language": "python", "upstream_blocks": ["clean"], "configuration": configuration,
    }});
    let made = scene.ok("POST", LIST, wanted).await;
    assert_eq!(made["widget"]["uuid"], "by_city");
    assert_eq!(made["widget"]["type"], "chart");
    assert_eq!(made["widget"]["configuration"], configuration);
    let text = scene.text("pipelines/etl/metadata.yaml");
    assert!(text.contains("widgets:\n- "), "{text}");
    assert!(text.starts_with("# kept\n"), "{text}");
    assert!(scene.path("charts/by_city.py").exists());
    // It is no block that runs, and the block above knows nothing of it.
    let pipeline = scene.get("/api/pipelines/etl").await;
    let blocks = pipeline["pipeline"]["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[1]["downstream_blocks"], json!([]));

    let one = format!("{LIST}/by_city");
    let change =
        json!({"widget": {"configuration": {"chart_type": "pie chart", "group_by": "city"}}});
    let changed = scene.ok("PUT", &one, change.clone()).await;
    assert_eq!(changed["widget"]["configuration"]["group_by"], "city");
    let mut old = change;
    old["widget"]["pipeline_revision"] = made["widget"]["pipeline_revision"].clone();
    scene.refused("PUT", &one, old, 409).await;
    let listed = scene.get(LIST).await;
    assert_eq!(listed["widgets"][0]["upstream_blocks"], json!(["clean"]));

    // There is nothing to show yet.
    let told = scene
        .refused("GET", &format!("{one}/chart"), Value::Null, 404)
        .await;
    assert!(
        told.contains("block `clean` has produced no frame"),
        "{told}"
    );
    scene.ok("DELETE", &one, Value::Null).await;
    assert_eq!(scene.get(LIST).await["widgets"], json!([]));
    scene.refused("GET", &one, Value::Null, 404).await;
}

#[tokio::test]
async fn charts_that_cannot_be_drawn_say_why() {
    let scene = Scene::new().await;
    for (name, configuration, above, expected) in [
        (
            "empty",
            json!({"chart_type": "bar chart"}),
            json!(["clean"]),
            "names no columns",
        ),
        (
            "odd",
            json!({"chart_type": "radar"}),
            json!(["clean"]),
            "type `radar` is not computed",
        ),
        (
            "alone",
            json!({"chart_type": "table"}),
            json!([]),
            "has no block above it",
        ),
    ] {
        let wanted = json!({"widget": {"name": name, "configuration": configuration, "upstream_blocks": above}});
        scene.ok("POST", LIST, wanted).await;
        let path = format!("{LIST}/{name}/chart");
        let told = scene.refused("GET", &path, Value::Null, 400).await;
        assert!(told.contains(expected), "{told}");
    }
    // A block of another kind is no chart.
    for method in ["GET", "DELETE"] {
        scene
            .refused(method, &format!("{LIST}/clean"), Value::Null, 404)
            .await;
    }
    let change = json!({"widget": {"color": "teal"}});
    scene
        .refused("PUT", &format!("{LIST}/clean"), change, 404)
        .await;
    let path = "/api/block_runs/7/outputs/output_0/chart?chart_type=table";
    scene.refused("GET", path, Value::Null, 404).await;
    let path = "/api/block_runs/7/outputs/output_0/chart";
    let told = scene.refused("GET", path, Value::Null, 400).await;
    assert!(told.contains("chart_type"), "{told}");
}

/// What the block above the charts gives.
const CITIES: &str = "import pandas as pd\n\n\n@data_loader\ndef load(*args, **kwargs):\n    \
                      return pd.DataFrame({'city': ['Rom', 'Bern', 'Rom'], 'price': [3, 4, 5]})\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_chart_draws_it() {
    let scene = Scene::at_work().await;
    fs::write(scene.path("data_loaders/load.py"), CITIES).unwrap();
    let run = json!({"run": {"pipeline_uuid": "etl", "block_uuid": "load"}});
    let done = scene.ok("POST", "/api/runs", run).await;
    assert_eq!(done["run"]["block_status"], "completed", "{done}");
    let mut charts = Vec::new();
    for (name, configuration, code) in [
        (
            "bars",
            json!({"chart_type": "bar chart", "x": "cities", "y": "sums", "legend_labels": "all"}),
            "of = df_1.groupby('city').price.sum()\ncities = of.index\nsums = [list(of)]\n",
        ),
        (
            "parts",
            json!({"chart_type": "pie chart", "x": "cities"}),
            "cities = load['city']\n",
        ),
        (
            "page",
            json!({"chart_type": "custom"}),
            "@render(render_type='html')\ndef page(df, **kwargs):\n    return f'<b>{len(df)} {kwargs[\"region\"]}</b>'\n",
        ),
        (
            "wrong",
            json!({"chart_type": "line chart", "x": "x", "y": "y"}),
            "x = [1]\n\ny = [df_1['nothing']]\n",
        ),
    ] {
        let wanted = json!({"widget": {"name": name, "configuration": configuration, "upstream_blocks": ["load"]}});
        scene.ok("POST", LIST, wanted).await;
        fs::write(scene.path(&format!("charts/{name}.py")), code).unwrap();
        charts.push(
            scene
                .call("GET", &format!("{LIST}/{name}/chart"), Value::Null)
                .await,
        );
    }
    let [(_, bars), (_, parts), (_, page), (status, wrong)]: [_; 4] = charts.try_into().unwrap();

    assert_eq!(bars["chart"]["chart_type"], "bar chart", "{bars}");
    assert_eq!(bars["chart"]["places"], json!(["cities"]));
    assert_eq!(bars["chart"]["measures"], json!(["all"]));
    assert_eq!(
        bars["chart"]["rows"],
        json!([{"cities": "Bern", "all": 4}, {"cities": "Rom", "all": 8}])
    );
    let counts = json!([{"cities": "Rom", "count": 2}, {"cities": "Bern", "count": 1}]);
    assert_eq!(parts["chart"]["rows"], counts, "{parts}");
    let picture = &page["chart"]["picture"];
    assert_eq!(picture["type"], "html", "{page}");
    assert_eq!(picture["data"], "<b>3 eu</b>");
    assert_eq!(status, 400, "{wrong}");
    let error = &wrong["error"];
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("chart `wrong` was not drawn: "),
        "{error}"
    );
    assert_eq!(error["errors"]["exception"], "KeyError", "{error}");
    let frames = error["errors"]["frames"].as_array().unwrap();
    assert_eq!(frames.last().unwrap()["file"], "charts/wrong.py");
    assert_eq!(frames.last().unwrap()["line"], 3);
    scene.host.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_chart_has_an_address_for_frames() {
    let scene = Scene::at_work().await;
    fs::write(scene.path("data_loaders/load.py"), CITIES).unwrap();
    let run = json!({"run": {"pipeline_uuid": "etl", "block_uuid": "load"}});
    let done = scene.ok("POST", "/api/runs", run).await;
    assert_eq!(done["run"]["block_status"], "completed", "{done}");
    for (name, kind) in [("page", "html"), ("drawing", "svg")] {
        let wanted = json!({"widget": {
            "name": name, "configuration": {"chart_type": "custom"}, "upstream_blocks": ["load"],
        }});
        scene.ok("POST", LIST, wanted).await;
        // Whoever runs it once more gets another text.
        let code = format!(
            "import time\n\n\n@render(render_type='{kind}')\ndef draw(df, **kwargs):\n    return f'<script>{{time.time_ns()}}</script>'\n"
        );
        fs::write(scene.path(&format!("charts/{name}.py")), code).unwrap();
    }
    let drawn = scene.get(&format!("{LIST}/drawing/chart")).await;
    assert_eq!(drawn["chart"]["picture"]["address"], Value::Null, "{drawn}");

    let shown = scene.get(&format!("{LIST}/page/chart")).await;
    let address = shown["chart"]["picture"]["address"].as_str().unwrap();
    for _ in 0..2 {
        let request = Scene::request("GET", address).body(Body::empty()).unwrap();
        let response = scene.answer(request).await;
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(
            header("content-security-policy"),
            "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src \
             'unsafe-inline'; img-src data: blob:; font-src data:; frame-ancestors 'self'"
        );
        assert_eq!(header("cache-control"), "no-store");
        let page = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(
            shown["chart"]["picture"]["data"],
            *str::from_utf8(&page).unwrap()
        );
    }

    // It is the project's data: nobody sees it without a session, and a name does not make one up.
    let stranger = Scene::stranger("GET", address).body(Body::empty()).unwrap();
    assert_eq!(scene.answer(stranger).await.status(), 401);
    let unknown = Scene::request("GET", "/api/chart_pages/0123").body(Body::empty());
    let gone = scene.answer(unknown.unwrap()).await;
    assert_eq!(gone.status(), 404);
    let rules = gone.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        rules.starts_with("sandbox ") && rules.ends_with("frame-ancestors 'self'"),
        "{rules}"
    );
    let said = to_bytes(gone.into_body(), usize::MAX).await.unwrap();
    assert!(
        str::from_utf8(&said)
            .unwrap()
            .contains("draw the chart again")
    );
    scene.host.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_chart_has_so_much_time() {
    let scene = Scene::at_work().await;
    fs::write(scene.path("data_loaders/load.py"), CITIES).unwrap();
    let run = json!({"run": {"pipeline_uuid": "etl", "block_uuid": "load"}});
    let done = scene.ok("POST", "/api/runs", run).await;
    assert_eq!(done["run"]["block_status"], "completed", "{done}");
    let configuration = json!({"chart_type": "bar chart", "x": "x", "y": "y"});
    let wanted = json!({"widget": {"name": "slow", "configuration": configuration, "upstream_blocks": ["load"]}});
    scene.ok("POST", LIST, wanted).await;
    fs::write(scene.path("charts/slow.py"), "while True:\n    pass\n").unwrap();
    let text = scene.text("pipelines/etl/metadata.yaml");
    let limited = text.replace("  uuid: slow\n", "  uuid: slow\n  timeout: 0.5\n");
    assert_ne!(limited, text);
    fs::write(scene.path("pipelines/etl/metadata.yaml"), limited).unwrap();
    let path = format!("{LIST}/slow/chart");
    let (status, told) = scene.call("GET", &path, Value::Null).await;
    assert_eq!(status, 400, "{told}");
    let error = &told["error"];
    assert_eq!(error["errors"]["kind"], "timeout", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("chart `slow` was not drawn: "),
        "{message}"
    );
    assert!(error.to_string().contains("fewer rows"), "{error}");
    scene.host.shut_down().await;
}
