//! What collectors of traces, logs and lineage are told about a run. The collector is a real one, on this machine.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::notices::{Request, Web};
use crate::project::TestProject;
use crate::service::Server;

/// Everything of one kind that a collector was told, as its requests come in.
#[derive(Default)]
struct Told {
    spans: Vec<Value>,
    records: Vec<Value>,
    events: Vec<Value>,
}

impl Told {
    fn take(&mut self, request: &Request) {
        let body = request.json();
        let all = |path: &str| body.pointer(path).and_then(Value::as_array).cloned();
        match request.path.as_str() {
            "/v1/traces" => {
                assert_eq!(
                    attributes(&body["resourceSpans"][0]["resource"])["service.name"],
                    "flows"
                );
                self.spans
                    .extend(all("/resourceSpans/0/scopeSpans/0/spans").unwrap());
            }
            "/v1/logs" => {
                self.records
                    .extend(all("/resourceLogs/0/scopeLogs/0/logRecords").unwrap());
            }
            "/api/v1/lineage" => self.events.push(body),
            other => panic!("{other}"),
        }
    }

    fn is_whole(&self) -> bool {
        let job = |event: &Value| event["job"]["name"] == "p" && event["eventType"] != "START";
        self.spans
            .iter()
            .any(|span| span.get("parentSpanId").is_none())
            && self.records.iter().any(|record| said(record) == "below")
            && self.events.iter().any(job)
    }
}

fn attributes(of: &Value) -> BTreeMap<String, String> {
    let pairs = of["attributes"].as_array().unwrap().iter();
    pairs
        .map(|pair| {
            let value = pair["value"].as_object().unwrap().values().next().unwrap();
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (pair["key"].as_str().unwrap().to_owned(), text)
        })
        .collect()
}

fn said(record: &Value) -> &str {
    record["body"]["stringValue"].as_str().unwrap_or_default()
}

#[test]
fn a_run_is_a_trace_with_its_logs_and_its_lineage() {
    let web = Web::start();
    let mut project = TestProject::new();
    let scratch = project.scratch().display().to_string();
    let flaky = format!(
        "import os\nimport pandas as pd\n\n@custom\ndef up(*args, **kwargs):\n    print('at work')\n    \
         if not os.path.exists('{scratch}/once'):\n        open('{scratch}/once', 'w')\n        raise ValueError('no luck')\n    \
         return pd.DataFrame({{'n': [1, 2], 'name': ['a', 'b']}})\n"
    );
    let retry = "retry_config: {retries: 1, delay: 0}";
    project.block("p", "up", "custom", &[], retry, &flaky);
    let code = "@custom\ndef down(frame, *args):\n    print('below')\n    return len(frame)\n";
    project.block("p", "down", "custom", &["up"], "", code);
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", web.url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=s3cret"),
        ("OTEL_SERVICE_NAME", "flows"),
        ("OPENLINEAGE_URL", web.url.as_str()),
        ("OPENLINEAGE_API_KEY", "k3y"),
        ("OPENLINEAGE_NAMESPACE", "shop"),
    ];
    let server = Server::start_in(&project, &[], &variables);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    assert_eq!(server.ended(run)["status"], "completed");
    let mut told = Told::default();
    while !told.is_whole() {
        let request = web.next();
        let head = request.head.to_lowercase();
        let key = if request.path.starts_with("/v1/") {
            "x-key: s3cret"
        } else {
            "authorization: bearer k3y"
        };
        assert!(head.contains(key), "{head}");
        told.take(&request);
    }

    let root = told
        .spans
        .iter()
        .find(|span| span.get("parentSpanId").is_none())
        .unwrap();
    assert_eq!(
        (&root["name"], &root["status"]["code"]),
        (&json!("p"), &json!(1))
    );
    let facts = attributes(root);
    assert_eq!(facts["baton.run.id"], run.to_string());
    assert_eq!(facts["baton.trigger"], "hook");
    let mut attempts: Vec<(String, String, i64)> = Vec::new();
    for span in &told.spans {
        assert_eq!(span["traceId"], root["traceId"]);
        let time = |key: &str| span[key].as_str().unwrap().parse::<u64>().unwrap();
        assert!(
            time("startTimeUnixNano") <= time("endTimeUnixNano"),
            "{span}"
        );
        if span.get("parentSpanId").is_some() {
            assert_eq!(span["parentSpanId"], root["spanId"]);
            let facts = attributes(span);
            attempts.push((
                facts["baton.block"].clone(),
                facts["baton.attempt"].clone(),
                span["status"]["code"].as_i64().unwrap(),
            ));
        }
    }
    attempts.sort();
    let attempt = |block: &str, number: &str, code| (block.to_owned(), number.to_owned(), code);
    assert_eq!(
        attempts,
        [
            attempt("down", "1", 1),
            attempt("up", "1", 2),
            attempt("up", "2", 1)
        ]
    );
    // Log records name the attempt that wrote them.
    let mut linked: Vec<(String, String)> = Vec::new();
    for record in told
        .records
        .iter()
        .filter(|one| ["at work", "below"].contains(&said(one)))
    {
        assert_eq!(record["traceId"], root["traceId"]);
        let mut spans = told.spans.iter();
        let span = spans
            .find(|span| span["spanId"] == record["spanId"])
            .unwrap();
        let facts = attributes(span);
        linked.push((
            said(record).to_owned(),
            format!("{} {}", facts["baton.block"], facts["baton.attempt"]),
        ));
    }
    linked.sort();
    let link = |said: &str, attempt: &str| (said.to_owned(), attempt.to_owned());
    assert_eq!(
        linked,
        [
            link("at work", "up 1"),
            link("at work", "up 2"),
            link("below", "down 1")
        ]
    );

    let kinds: Vec<(&str, &str)> = told
        .events
        .iter()
        .map(|event| {
            (
                event["job"]["name"].as_str().unwrap(),
                event["eventType"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("p", "START"),
            ("p.up", "START"),
            ("p.up", "COMPLETE"),
            ("p.down", "START"),
            ("p.down", "COMPLETE"),
            ("p", "COMPLETE"),
        ]
    );
    let down = &told.events[4];
    let parent = &down["run"]["facets"]["parent"]["run"]["runId"];
    assert_eq!(*parent, told.events[0]["run"]["runId"]);
    assert_eq!(*parent, told.events[5]["run"]["runId"]);
    let input = &down["inputs"][0];
    assert_eq!(
        (&input["namespace"], &input["name"]),
        (&json!("shop"), &json!("p/up/output_0"))
    );
    let fields = input["facets"]["schema"]["fields"].as_array().unwrap();
    let names: Vec<&str> = fields
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["n", "name"]);
    let statistics = &told.events[2]["outputs"][0]["outputFacets"]["outputStatistics"];
    assert_eq!(statistics["rowCount"], 2);
    if let Some(path) = std::env::var_os("BATON_KEEP_LINEAGE") {
        std::fs::write(path, Value::from(told.events).to_string()).unwrap();
    }
}

#[test]
fn a_collector_that_is_away_disturbs_nothing() {
    let mut project = TestProject::new();
    project.block(
        "p",
        "up",
        "custom",
        &[],
        "",
        "@custom\ndef up(*args):\n    return 1\n",
    );
    project.file(
        "pipelines/p/triggers.yaml",
        "triggers:\n- {name: hook, schedule_type: api, schedule_interval: null, start_time: null, status: active}\n",
    );
    let away = "http://127.0.0.1:9/hidden";
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", away),
        ("OPENLINEAGE_URL", away),
    ];
    let mut server = Server::start_in(&project, &[], &variables);
    let run = server.call(&server.trigger("p", "hook"), &json!({}));
    assert_eq!(server.ended(run)["status"], "completed");
    let log = crate::service::until("the complaint", || {
        let log = std::fs::read_to_string(project.scratch().join("server.log")).unwrap();
        log.contains("a collector did not take").then_some(log)
    });
    assert!(!log.contains("127.0.0.1:9"), "{log}");
    assert_eq!(server.stop(), Some(0));
}
