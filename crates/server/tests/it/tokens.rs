//! The tokens of triggers.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::served::Served;

/// Calls a trigger as somebody without a session, with its token in the address and as bearer; gives both statuses.
async fn call(served: &Served, id: &Value, token: &str) -> [u16; 2] {
    let in_address = format!("/api/pipeline_schedules/{id}/pipeline_runs/{token}");
    let as_bearer = format!("/api/pipeline_schedules/{id}/api_trigger");
    let request = |path: String| {
        Request::post(path)
            .header(header::HOST, "localhost:6789")
            .header(header::CONTENT_TYPE, "application/json")
    };
    let bearer = request(as_bearer).header(header::AUTHORIZATION, format!("bearer {token}"));
    let mut statuses = [0; 2];
    for (place, request) in [request(in_address), bearer].into_iter().enumerate() {
        let (status, _) = served.send(request.body(Body::from("{}")).unwrap()).await;
        statuses[place] = status.as_u16();
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_makes_the_old_one_worthless() {
    let served = Served::idle().await;
    let body =
        json!({"pipeline_schedule": {"name": "api", "schedule_type": "api", "status": "active"}});
    let made = served
        .ok("POST", "/api/pipelines/note/pipeline_schedules", &body)
        .await;
    let (id, old) = (
        &made["pipeline_schedule"]["id"],
        &made["pipeline_schedule"]["token"],
    );
    let old = old.as_str().unwrap();
    assert_eq!(call(&served, id, old).await, [200, 200]);
    let path = format!("/api/pipeline_schedules/{id}");
    let change = json!({"pipeline_schedule": {"rotate_token": true}});
    let changed = served.ok("PUT", &path, &change).await["pipeline_schedule"].clone();
    let new = changed["token"].as_str().unwrap();
    assert_ne!(new, old);
    assert_eq!(changed["name"], "api");
    assert_eq!(call(&served, id, old).await, [403, 403]);
    assert_eq!(call(&served, id, new).await, [200, 200]);
    assert_eq!(
        served.get("/api/pipeline_runs").await["metadata"]["count"],
        4
    );
    // A change that does not ask for it leaves it.
    let change = json!({"pipeline_schedule": {"rotate_token": false, "description": "mine"}});
    served.ok("PUT", &path, &change).await;
    assert_eq!(served.get(&path).await["pipeline_schedule"]["token"], new);
}
