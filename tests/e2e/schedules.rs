//! Runs of triggers that follow a schedule, and what blocks hear of their dates and events.

use serde_json::{Value, json};

use crate::project::TestProject;

const TRIGGERS: &str = "\
triggers:
- {name: api, schedule_type: api, schedule_interval: null, start_time: null}
- {name: nightly, schedule_type: time, schedule_interval: '30 2 * * *', start_time: 2024-01-01 00:00:00, variables: {region: eu}}
- {name: once, schedule_type: time, schedule_interval: '@once', start_time: null}
- {name: broken, schedule_type: time, schedule_interval: every day, start_time: null}
";

fn project() -> TestProject {
    let mut project = TestProject::new();
    project.block(
        "p",
        "seen",
        "custom",
        &[],
        "",
        "@custom\ndef seen(*args, **kwargs):\n    names = [n for n in kwargs if n.startswith(('interval', 'execution', 'ds', 'trigger', 'region', 'event', 'file'))]\n    return {n: f'{type(kwargs[n]).__name__} {kwargs[n]}' if not isinstance(kwargs[n], dict) else kwargs[n] for n in sorted(names)}\n",
    );
    project.file("pipelines/p/triggers.yaml", TRIGGERS);
    project
}

fn seen(project: &TestProject, arguments: &[&str]) -> Value {
    let (code, run) = project.run("p", arguments);
    assert_eq!(code, 0, "{run}");
    project.output("p", "seen", &[])
}

#[test]
fn a_run_of_a_schedule_has_a_date_and_an_interval() {
    let project = project();
    let arguments = [
        "--trigger",
        "nightly",
        "--execution-date",
        "2024-02-28T02:30:00Z",
    ];
    assert_eq!(
        seen(&project, &arguments),
        json!({
            "ds": "str 2024-02-28",
            "event": {},
            "execution_date": "datetime 2024-02-28 02:30:00",
            "execution_partition": "str 2/20240228T023000",
            "interval_end_datetime": "datetime 2024-02-29 02:30:00",
            "interval_seconds": "float 86400.0",
            "interval_start_datetime": "datetime 2024-02-28 02:30:00",
            "interval_start_datetime_previous": "datetime 2024-02-27 02:30:00",
            "region": "str eu",
            "trigger_name": "str nightly",
        })
    );
    // Without a date it is the newest one of the schedule.
    let today = seen(&project, &["--trigger", "nightly"]);
    let date = today["execution_date"].as_str().unwrap();
    assert!(date.ends_with(" 02:30:00"), "{date}");
    // A backfill gives its interval itself.
    let given = seen(
        &project,
        &[
            "--trigger",
            "nightly",
            "--var",
            "interval_start_datetime=2020-01-01",
            "--var",
            "interval_seconds=60",
        ],
    );
    assert_eq!(
        given["interval_start_datetime"],
        "datetime 2020-01-01 00:00:00"
    );
    assert_eq!(given["interval_seconds"], "int 60");
    assert!(given.get("interval_end_datetime").is_none(), "{given}");
    let once = seen(&project, &["--trigger", "once"]);
    assert_eq!(once["interval_end_datetime"], "NoneType None");
    assert!(
        once["execution_partition"]
            .as_str()
            .unwrap()
            .starts_with("str 3/")
    );
}

#[test]
fn a_run_by_hand_can_have_a_date() {
    let project = project();
    let dev = seen(&project, &["--execution-date", "2024-05-01"]);
    assert_eq!(
        dev,
        json!({"execution_date": "datetime 2024-05-01 00:00:00"})
    );
    let prod = seen(
        &project,
        &[
            "--env",
            "prod",
            "--execution-date",
            "2024-05-01T02:00:00+02:00",
        ],
    );
    assert_eq!(prod["execution_date"], "datetime 2024-05-01 00:00:00");
    assert_eq!(prod["execution_partition"], "str 1/20240501T000000_000000");
}

#[test]
fn an_event_reaches_the_blocks() {
    let project = project();
    let event = r#"{"file": "a.csv", "event": {"kind": "new"}, "region": "us"}"#;
    let got = seen(&project, &["--trigger", "nightly", "--event", event]);
    assert_eq!(
        got["event"],
        json!({"file": "a.csv", "kind": "new", "event": {"kind": "new"}, "region": "us"})
    );
    // An event fills what no variable says.
    assert_eq!(
        (&got["file"], &got["region"]),
        (&json!("str a.csv"), &json!("str eu"))
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let project = project();
    for (arguments, code, words) in [
        (
            &["--trigger", "broken"][..],
            1,
            "`every day` cannot be followed",
        ),
        (&["--execution-date", "tomorrow"], 2, "is no date"),
        (&["--event", "{}"], 2, "--event is for runs of a trigger"),
        (&["--env", "prod", "--event", "[1]"], 2, "not a JSON object"),
    ] {
        let mut all = vec!["run", "PROJECT", "p"];
        all.extend(arguments);
        let refused = project.baton(&all);
        assert_eq!(refused.code, Some(code), "{}", refused.stderr);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
}
