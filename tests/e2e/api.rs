//! The API as the UI uses it: blocks run at once, what they print as it comes, and what they produce page by page.

use std::fs;

use serde_json::{Value, json};

use crate::project::TestProject;
use crate::service::Server;
use crate::websocket::{Connection, Message, UPGRADE};

/// A million rows.
const ROWS: &str = "@data_loader
def load(*args, **kwargs):
    import numpy
    import pandas

    number = numpy.arange(1_000_000)
    name = numpy.where(number % 2 == 0, 'even', 'odd')
    return pandas.DataFrame({'id': number, 'half': number / 2, 'name': name})
";

/// Prints, waits for a file, prints again.
const TALKER: &str = "@custom
def talk(*args, **kwargs):
    import os
    import time

    print('the first line', flush=True)
    while not os.path.exists(kwargs['gate']):
        time.sleep(0.01)
    print('the second line', flush=True)
    return kwargs.get('add', 0)
";

fn execute(server: &Server, run: &Value) -> Value {
    let body = json!({"run": run});
    let (status, answer) = server.ask("POST", "/api/runs", Some(&body));
    assert_eq!(status, 200, "{answer}");
    answer["run"].clone()
}

fn until(events: &mut Connection, is_it: impl Fn(&Value) -> bool) -> Value {
    loop {
        let event = events.next_event();
        if is_it(&event) {
            return event;
        }
    }
}

fn is_line(event: &Value, text: &str) -> bool {
    event["type"] == "log" && event["message"].as_str().unwrap().contains(text)
}

#[test]
fn a_million_rows_are_seen_page_by_page() {
    let mut project = TestProject::new();
    project.block("big", "rows", "data_loader", &[], "", ROWS);
    let server = Server::start(&project);
    let run = json!({"pipeline_uuid": "big", "block_uuid": "rows"});
    let done = execute(&server, &run);
    assert_eq!(done["block_status"], "completed", "{done}");
    let output = &done["output"][0];
    assert_eq!(output["shape"], json!([1_000_000, 3]));
    assert_eq!(output["sample_data"]["rows"][1], json!([1, 0.5, "odd"]));
    let path = format!(
        "/api/block_runs/{}/outputs/{}",
        done["block_run_id"],
        output["variable_uuid"].as_str().unwrap()
    );
    let page = |query: &str| server.get(&format!("{path}?{query}"));

    let last = page("_offset=999998");
    assert_eq!(last["page"]["rows"].as_array().unwrap().len(), 2);
    assert_eq!(last["page"]["rows"][1]["id"], 999_999);
    assert_eq!(last["metadata"]["count"], 1_000_000);
    let kinds: Vec<&Value> = last["page"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| &column["type"])
        .collect();
    assert_eq!(kinds[..2], ["Int64", "Float64"]);

    let sorted = page("sort[]=-half&_limit=1&columns[]=half");
    assert_eq!(sorted["page"]["rows"], json!([{"half": 499_999.5}]));
    let filtered = page("filter[]=id:ge:999990&filter[]=name:eq:odd&_limit=2");
    assert_eq!(filtered["metadata"]["count"], 5);
    assert_eq!(filtered["page"]["rows"][0]["id"], 999_991);
    let found = page("search=777777");
    assert_eq!(found["page"]["rows"][0]["id"], 777_777);

    let known = server.get(&format!("{path}/statistics?filter[]=id:lt:10"));
    assert_eq!(known["statistics"]["rows"], 10);
    let columns = known["statistics"]["columns"].as_array().unwrap();
    let name = columns.iter().find(|column| column["name"] == "name");
    assert_eq!(name.unwrap()["distinct"], 2);
    assert_eq!(columns[0]["max"], "9");

    let chart =
        "chart?chart_type=bar%20chart&group_by[]=name&metrics[]=sum:half&metrics[]=average:id";
    let chart = server.get(&format!("{path}/{chart}&filter[]=id:lt:500000"));
    let measures = ["sum(half)", "average(id)"];
    assert_eq!(chart["chart"]["measures"], json!(measures));
    let bars = json!([
        {"name": "even", measures[0]: 31_249_875_000.0, measures[1]: 249_999.0},
        {"name": "odd", measures[0]: 31_250_000_000.0, measures[1]: 250_000.0},
    ]);
    assert_eq!(chart["chart"]["rows"], bars);
    assert_eq!(
        chart["metadata"],
        json!({"count": 500_000, "left_out": 0, "groups": 2})
    );
    let (status, told) = server.ask(
        "GET",
        &format!("{path}/chart?chart_type=histogram&group_by[]=price"),
        None,
    );
    assert_eq!(status, 400, "{told}");
    assert!(
        told.to_string().contains("there is no column `price`"),
        "{told}"
    );
    // A chart of the pipeline shows the newest output.
    let configuration = json!({"chart_type": "histogram", "group_by": ["id"], "buckets": 4});
    let widget = json!({"widget": {
        "name": "spread", "upstream_blocks": ["rows"], "configuration": configuration,
    }});
    let (status, made) = server.ask("POST", "/api/pipelines/big/widgets", Some(&widget));
    assert_eq!(status, 200, "{made}");
    let shown = server.get("/api/pipelines/big/widgets/spread/chart");
    let counts: Vec<&Value> = shown["chart"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["count"])
        .collect();
    assert_eq!(counts, [250_000; 4]);

    for wrong in [
        "sort[]=nothing",
        "filter[]=id",
        "filter[]=id:like:1",
        "_limit=x",
    ] {
        let (status, answer) = server.ask("GET", &format!("{path}?{wrong}"), None);
        assert_eq!(status, 400, "{wrong}: {answer}");
    }
}

#[test]
fn blocks_are_run_at_once_and_say_what_they_print_as_it_comes() {
    let mut project = TestProject::new();
    project.block("talk", "talker", "custom", &[], "", TALKER);
    let double = "@transformer\ndef double(value, *args, **kwargs):\n    return value * 2\n";
    project.block("talk", "double", "transformer", &["talker"], "", double);
    let gate = project.scratch().join("gate");
    let server = Server::start(&project);
    let mut events = Connection::open(&server, "/api/events", "");

    // It has not ended when the answer comes, and goes on.
    let variables = json!({"gate": gate, "add": 21});
    let run = json!({"pipeline_uuid": "talk", "block_uuid": "talker", "variables": variables, "timeout": 0});
    let begun = execute(&server, &run);
    assert_eq!(begun["status"], "running");
    until(&mut events, |event| is_line(event, "the first line"));
    fs::write(&gate, "").unwrap();
    until(&mut events, |event| is_line(event, "the second line"));
    let end = until(&mut events, |event| {
        event["type"] == "run" && event["status"] != "running"
    });
    assert_eq!(end["pipeline_run_id"], begun["pipeline_run_id"]);
    assert_eq!(end["status"], "completed");

    // A block takes what the block above it last gave, or has that run, too.
    let run = json!({"pipeline_uuid": "talk", "block_uuid": "double"});
    let done = execute(&server, &run);
    assert_eq!(done["output"][0]["text_data"], "42", "{done}");
    let variables = json!({"gate": gate, "add": 4});
    let run = json!({"pipeline_uuid": "talk", "block_uuid": "double", "variables": variables, "run_upstream_blocks": true});
    let done = execute(&server, &run);
    assert_eq!(done["output"][0]["text_data"], "8", "{done}");

    // With the inputs of an older run it gives what it gave then, whatever came since.
    let first = begun["pipeline_run_id"].clone();
    let run =
        json!({"pipeline_uuid": "talk", "block_uuid": "double", "from_pipeline_run_id": first});
    let again = execute(&server, &run);
    assert_eq!(again["output"][0]["text_data"], "42", "{again}");
    let given = server.get(&format!("/api/block_runs/{}/inputs", again["block_run_id"]));
    assert_eq!(given["inputs"][0]["block_uuid"], "talker");
    assert_eq!(given["inputs"][0]["pipeline_run_id"], first);
    assert_eq!(given["inputs"][0]["outputs"][0]["name"], "output_0");
    assert_eq!(given["metadata"]["variables"]["add"], 21);
    let run = json!({"pipeline_uuid": "talk", "from_pipeline_run_id": first});
    let (status, told) = server.ask("POST", "/api/runs", Some(&json!({"run": run})));
    assert_eq!(status, 400, "{told}");

    // One that never ends is stopped.
    let variables = json!({"gate": project.scratch().join("never")});
    let run = json!({"pipeline_uuid": "talk", "block_uuid": "talker", "variables": variables, "timeout": 0});
    let begun = execute(&server, &run);
    until(&mut events, |event| is_line(event, "the first line"));
    let path = format!("/api/pipeline_runs/{}", begun["pipeline_run_id"]);
    let stop = json!({"pipeline_run": {"status": "cancelled"}});
    let (status, _) = server.ask("PUT", &path, Some(&stop));
    assert_eq!(status, 200);
    let run = begun["pipeline_run_id"].as_i64().unwrap();
    assert_eq!(server.ended(run)["status"], "cancelled");
}

/// The next message that is heard over a socket.
fn hear(socket: &mut Connection) -> Value {
    match socket.hear() {
        Message::Text(message) => message,
        Message::Bytes(_) | Message::Closed => panic!("no message"),
    }
}

#[test]
fn a_socket_tells_what_it_is_asked_to() {
    let mut project = TestProject::new();
    let code = "@custom\ndef speak(*args, **kwargs):\n    print('a word')\n    return 1\n";
    project.block("speak", "speaker", "custom", &[], "", code);
    let server = Server::start(&project);
    let mut socket = Connection::open(&server, "/websocket", UPGRADE);
    let unknown = json!({"subscribe": {"pipeline_run_id": 99}});
    socket.say(&unknown);
    assert_eq!(hear(&mut socket)["type"], "error");
    socket.say(&json!({"subscribe": {"text": "word"}}));
    // The answer to what makes no sense says that the subscription before it was read.
    socket.say(&json!({"listen": {}}));
    assert_eq!(hear(&mut socket)["type"], "error");

    let done = execute(
        &server,
        &json!({"pipeline_uuid": "speak", "block_uuid": "speaker"}),
    );
    let run = done["pipeline_run_id"].clone();
    let mut types = Vec::new();
    loop {
        let heard = hear(&mut socket);
        assert_eq!(heard["pipeline_run_id"], run, "{heard}");
        types.push(heard["type"].as_str().unwrap().to_owned());
        if heard["type"] == "run" && heard["status"] == "completed" {
            break;
        }
    }
    for wanted in ["run", "block", "log"] {
        assert!(types.iter().any(|one| one == wanted), "{wanted}: {types:?}");
    }

    // Of one run it tells where that stands.
    socket.say(&json!({"subscribe": {"pipeline_run_id": run}}));
    let block = hear(&mut socket);
    assert_eq!(
        (&block["type"], &block["status"]),
        (&json!("block"), &json!("completed"))
    );
    assert_eq!(hear(&mut socket)["type"], "run");
}
