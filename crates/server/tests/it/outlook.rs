//! What is to come, and what callers asked of a trigger.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::served::Served;

fn schedule(name: &str, interval: &str) -> Value {
    json!({"pipeline_schedule": {
        "name": name, "schedule_type": "time", "schedule_interval": interval, "status": "active",
    }})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_of_the_next_day_are_foreseen() {
    let served = Served::idle().await;
    let path = "/api/pipelines/note/pipeline_schedules";
    let made = served
        .ok("POST", path, &schedule("hourly", "@hourly"))
        .await;
    let id = made["pipeline_schedule"]["id"].clone();
    let once = schedule("once", "@once");
    served.ok("POST", path, &once).await;

    let day = served.get("/api/forecast").await;
    let runs = day["forecast"]["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 24, "{day}");
    assert!(runs.iter().all(|run| run["pipeline_schedule_id"] == id));
    let starts: Vec<&str> = runs
        .iter()
        .map(|run| run["starts_at"].as_str().unwrap())
        .collect();
    assert!(starts.is_sorted());
    assert_eq!(day["forecast"]["collisions"], json!([]));
    let short = served.get("/api/forecast?hours=3").await;
    assert_eq!(short["forecast"]["runs"].as_array().unwrap().len(), 3);
    // However much is asked for, there is an end.
    let long = served.get("/api/forecast?hours=4000000").await;
    let long = long["forecast"]["runs"].as_array().unwrap().len();
    assert_eq!(long, 31 * 24);

    let off = json!({"pipeline_schedule": {"status": "inactive"}});
    let path = format!("/api/pipeline_schedules/{id}");
    served.ok("PUT", &path, &off).await;
    let none = served.get("/api/forecast").await;
    assert_eq!(none["forecast"]["runs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pool_is_told_though_nothing_collides() {
    let served = Served::idle_with("pools: {idle: 2, db: 4}\n", None).await;
    let mut wanted = schedule("hourly", "@hourly");
    wanted["pipeline_schedule"]["settings"] = json!({"pools": {"db": 3}});
    let path = "/api/pipelines/note/pipeline_schedules";
    served.ok("POST", path, &wanted).await;
    let found = served.get("/api/forecast?hours=3").await;
    assert_eq!(found["forecast"]["collisions"], json!([]), "{found}");
    // Nobody knows yet how long its runs take: each is taken to hold its places for a minute.
    let pools = &found["forecast"]["pools"];
    let idle = json!({"pool": "idle", "slots": 2, "load": []});
    assert_eq!(pools[1], idle, "{found}");
    let load = pools[0]["load"].as_array().unwrap();
    let wanted: Vec<&Value> = load.iter().map(|step| &step["wanted"]).collect();
    assert_eq!(wanted, [3, 0, 3, 0, 3, 0], "{found}");
    let minute = |at: &Value| at.as_str().unwrap()[14..].to_owned();
    assert_eq!(minute(&load[0]["from"]), "00:00");
    assert_eq!(minute(&load[1]["from"]), "01:00");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_counted_per_day_of_a_zone() {
    let served = Served::new().await;
    for pipeline in ["note", "broken", "broken"] {
        let run = json!({"run": {"pipeline_uuid": pipeline}});
        served.ok("POST", "/api/runs", &run).await;
    }
    let found = served.get("/api/pipeline_runs/days").await;
    let days = found["days"].as_array().unwrap();
    assert_eq!(days.len(), 30);
    // A midnight may have passed meanwhile.
    let last_two = |status: &str| -> u64 {
        let counts = days.iter().rev().take(2);
        counts
            .filter_map(|day| day["counts"][status].as_u64())
            .sum()
    };
    assert_eq!(
        (last_two("completed"), last_two("failed")),
        (1, 2),
        "{found}"
    );
    let most: Vec<&Value> = days.iter().map(|day| &day["most_failed"]).collect();
    let broken = |most: &&&Value| most["pipeline_uuid"] == "broken";
    assert!(most.iter().any(|most| broken(&most)), "{found}");
    assert_eq!(most[0], &Value::Null);

    let path = "/api/pipeline_runs/days?days=2&zone=Asia/Kolkata";
    let two = served.get(path).await;
    let days = two["days"].as_array().unwrap();
    assert_eq!(days.len(), 2);
    for day in days {
        let date = day["date"].as_str().unwrap();
        assert_eq!(date.len(), "2026-11-22".len());
        // Midnight in India.
        assert!(
            day["from"].as_str().unwrap().ends_with(" 18:30:00"),
            "{day}"
        );
    }
    assert_eq!(days[0]["to"], days[1]["from"]);
    let many = served.get("/api/pipeline_runs/days?days=100000").await;
    assert_eq!(many["days"].as_array().unwrap().len(), 366);
    let path = "/api/pipeline_runs/days?zone=Europe/Berlni";
    let (status, answer) = served.call("GET", path, &Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("no time zone"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dates_of_a_schedule_are_told_before_it_is_stored() {
    let served = Served::idle().await;
    let path = "/api/pipelines/note/pipeline_schedules/preview";
    let mut wanted = schedule("new", "30 6 * * *");
    wanted["pipeline_schedule"]["settings"] = json!({"timezone": "Asia/Kolkata"});
    let found = served.ok("POST", path, &wanted).await;
    let dates = found["preview"]["dates"].as_array().unwrap();
    assert_eq!(dates.len(), 5);
    for date in dates {
        // Half past six in India is one o'clock in UTC.
        assert!(date.as_str().unwrap().ends_with("01:00:00"), "{date}");
    }
    let two = served.ok("POST", &format!("{path}?count=2"), &wanted).await;
    assert_eq!(two["preview"]["dates"].as_array().unwrap().len(), 2);
    let stored = served.get("/api/pipeline_schedules").await;
    assert_eq!(stored["metadata"]["count"], 0);

    for (interval, zone, part) in [
        ("61 * * * *", "UTC", "cannot be followed"),
        ("@daily", "Europe/Berlni", "no time zone"),
    ] {
        let mut wrong = schedule("new", interval);
        wrong["pipeline_schedule"]["settings"] = json!({"timezone": zone});
        let (status, answer) = served.call("POST", path, &wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_a_trigger_are_listed_also_those_that_were_refused() {
    // Nothing starts, so the first run waits, and there is no room for another one.
    let served = Served::idle().await;
    let wanted = json!({"pipeline_schedule": {
        "name": "api", "schedule_type": "api", "status": "active", "settings": {"queue_limit": 1},
    }});
    let path = "/api/pipelines/note/pipeline_schedules";
    let made = served.ok("POST", path, &wanted).await;
    let id = made["pipeline_schedule"]["id"].clone();
    let path = format!("/api/pipeline_schedules/{id}");
    let call = format!("{path}/pipeline_runs");
    let run = served.ok("POST", &call, &json!({})).await;
    let (status, refused) = served.call("POST", &call, &json!({})).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);

    let listed = served.get(&format!("{path}/calls")).await;
    let calls = listed["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2, "{listed}");
    assert_eq!(
        (&calls[0]["status"], &calls[0]["pipeline_run_id"]),
        (&json!("full"), &Value::Null)
    );
    assert_eq!(calls[0]["reason"], refused["error"]["message"]);
    assert_eq!(calls[1]["status"], "started");
    assert_eq!(calls[1]["pipeline_run_id"], run["pipeline_run"]["id"]);
    assert_eq!(calls[1]["pipeline_schedule_id"], id);
    let newest = served.get(&format!("{path}/calls?_limit=1")).await;
    assert_eq!(newest["calls"].as_array().unwrap().len(), 1);
}
