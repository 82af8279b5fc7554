//! `files`, `file_contents`, `folders`.

use std::fs;
use std::os::unix::fs::symlink;

use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::scene::Scene;

#[tokio::test]
async fn files_are_listed_without_what_is_no_part_of_the_project() {
    let scene = Scene::new().await;
    let tree = scene.get("/api/files").await;
    let text = tree.to_string();
    assert!(text.contains("data_loaders/load.py"), "{text}");
    assert!(!text.contains(".git"), "{text}");
    let flat = scene.get("/api/browser_items?directory=data_loaders").await;
    assert_eq!(
        flat["browser_items"][0]["path"],
        json!("data_loaders/load.py")
    );
    let folder = scene.get("/api/folders/data_loaders").await;
    let file = &folder["folder"]["children"][0];
    assert_eq!(
        (&file["size"], &file["pipeline_count"]),
        (&json!(6), &json!(1))
    );
    let copy = json!({"pipeline": {"name": "copy", "clone_pipeline_uuid": "etl"}});
    scene.ok("POST", "/api/pipelines", copy).await;
    let tree = scene.get("/api/files").await;
    let within = |node: &Value, name: &str| {
        let mut nodes = node["children"].as_array().unwrap().iter();
        nodes.find(|node| node["name"] == name).cloned().unwrap()
    };
    let root = &tree["files"][0];
    let file = within(&within(root, "data_loaders"), "load.py");
    assert_eq!(file["pipeline_count"], json!(2));
    assert_eq!(within(root, "metadata.yaml").get("pipeline_count"), None);
    scene
        .refused("GET", "/api/folders/nothing", Value::Null, 404)
        .await;
}

#[tokio::test]
async fn no_path_leads_out_of_the_project() {
    let scene = Scene::new().await;
    fs::write(scene.folder.path().join("secret.txt"), "secret").unwrap();
    symlink(scene.folder.path(), scene.path("out")).unwrap();
    symlink(scene.path(".git"), scene.path("history")).unwrap();
    for path in [
        "..",
        "%2e%2e",
        "%2e%2e%2fsecret.txt",
        "..%2Fsecret.txt",
        "data_loaders%2F..%2F..%2Fsecret.txt",
        "%252e%252e%252fsecret.txt",
        "%2Fetc%2Fpasswd",
        "c%3A%5Csecret.txt",
        "..%5Csecret.txt",
        "out%2Fsecret.txt",
        ".git%2Fconfig",
        ".GIT%2Fconfig",
        "history%2Fconfig",
        "a%00b",
    ] {
        for resource in ["files", "file_contents", "folders"] {
            let address = format!("/api/{resource}/{path}");
            for method in ["GET", "PUT", "DELETE"] {
                let body = match (method, resource) {
                    ("PUT", "files") => json!({"file": {"name": "x"}}),
                    ("PUT", "folders") => json!({"folder": {"name": "x"}}),
                    ("PUT", _) => json!({"file_content": {"content": "x"}}),
                    _ => Value::Null,
                };
                let (status, answer) = scene.call(method, &address, body).await;
                assert!(
                    matches!(status, 400 | 403 | 404 | 405),
                    "{method} {address}: {status} {answer}"
                );
            }
        }
        // Bodies are not decoded, so what is left of a double code after one decoding is what arrives.
        let given = if path.contains("%25") {
            path.replace("%25", "%")
        } else {
            let decoded = path.replace("%2F", "/").replace("%2e", ".");
            decoded.replace("%2f", "/")
        };
        let create = json!({"file": {"name": given, "content": "x", "overwrite": true}});
        let (status, answer) = scene.call("POST", "/api/files", create).await;
        assert!(
            matches!(status, 400 | 403 | 404),
            "{given}: {status} {answer}"
        );
        let rename = json!({"file": {"name": given, "dir_path": ""}});
        let (status, answer) = scene
            .call("PUT", "/api/files/data_loaders%2Fload.py", rename)
            .await;
        assert!(
            matches!(status, 400 | 403 | 404) || given == ".." && status == 409,
            "{given}: {status} {answer}"
        );
    }
    let secret = fs::read_to_string(scene.folder.path().join("secret.txt")).unwrap();
    assert_eq!(secret, "secret");
    assert_eq!(scene.text(".git/config"), "[core]\n");
    assert_eq!(scene.text("data_loaders/load.py"), "x = 1\n");
}

#[tokio::test]
async fn files_are_written_when_the_change_is_for_what_there_is() {
    let scene = Scene::new().await;
    let path = "/api/file_contents/data_loaders%2Fload.py";
    let read = scene.get(path).await;
    assert_eq!(read["file_content"]["content"], json!("x = 1\n"));
    let revision = read["file_content"]["revision"].clone();
    let write = json!({"file_content": {"content": "x = 2\n", "revision": revision}});
    let written = scene.ok("PUT", path, write.clone()).await;
    assert_eq!(scene.text("data_loaders/load.py"), "x = 2\n");
    let (status, answer) = scene.call("PUT", path, write).await;
    assert_eq!(status, 409);
    assert_eq!(answer["error"]["errors"]["revision"]["given"], revision);
    assert_eq!(
        answer["error"]["errors"]["revision"]["current"],
        written["file_content"]["revision"]
    );
    for (key, body) in [
        ("`content`", json!({"file_content": {"content": 1}})),
        ("`content`", json!({"file_content": {}})),
        (
            "`revision`",
            json!({"file_content": {"content": "", "revision": 1}}),
        ),
        ("`file_content`", json!({})),
    ] {
        let message = scene.refused("PUT", path, body, 400).await;
        assert!(message.contains(key), "{message}");
    }
    let missing = json!({"file_content": {"content": ""}});
    scene
        .refused("PUT", "/api/file_contents/new.py", missing.clone(), 404)
        .await;
    scene
        .ok("PUT", "/api/file_contents/new.py?create=1", missing)
        .await;
    scene
        .refused("GET", "/api/file_contents/data_loaders", Value::Null, 400)
        .await;
}

#[tokio::test]
async fn bytes_go_in_and_out_as_they_are() {
    let scene = Scene::new().await;
    let path = "/api/file_contents/data%2Fimage.png";
    let bytes = vec![0_u8, 255, 1, 254];
    let upload = |header: Option<(header::HeaderName, &str)>| {
        let mut request =
            Scene::request("PUT", path).header(header::CONTENT_TYPE, "application/octet-stream");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        request.body(Body::from(bytes.clone())).unwrap()
    };
    assert_eq!(scene.send(upload(None)).await.0, StatusCode::OK);
    assert_eq!(fs::read(scene.path("data/image.png")).unwrap(), bytes);
    let again = upload(Some((header::IF_NONE_MATCH, "*")));
    assert_eq!(scene.send(again).await.0, StatusCode::CONFLICT);
    let shown = scene.get(path).await;
    assert_eq!(shown["file_content"]["is_text"], json!(false));
    assert_eq!(shown["file_content"]["content"], Value::Null);
    let raw = Scene::request("GET", path)
        .header(header::ACCEPT, "application/octet-stream")
        .body(Body::empty())
        .unwrap();
    assert_eq!(scene.send(raw).await, (StatusCode::OK, bytes.clone()));
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let scene = Scene::new().await;
    let large = "x".repeat((8 << 20) + 1);
    let body = json!({"file_content": {"content": large}});
    scene
        .refused("PUT", "/api/file_contents/metadata.yaml", body, 413)
        .await;
    for path in ["/api/pipelines", "/api/secrets", "/api/checks"] {
        let body = json!({"pipeline": {"name": large}});
        scene.refused("POST", path, body, 413).await;
    }
    // Bytes as they are may be more, and no more than a file may have.
    let raw = async |method: &str, path: &str, kind: &str, size: usize| {
        let request = Scene::request(method, path)
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(vec![b'x'; size]))
            .unwrap();
        scene.send(request).await.0
    };
    let (path, bytes) = ("/api/file_contents/data.bin", "application/octet-stream");
    let too_much = (64 << 20) + 1;
    let refused = raw("PUT", path, bytes, too_much).await;
    assert_eq!(refused, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(!scene.path("data.bin").exists());
    let refused = raw("POST", "/api/pipeline_imports", "application/zip", too_much).await;
    assert_eq!(refused, StatusCode::PAYLOAD_TOO_LARGE);
    let broken = Scene::request("POST", "/api/pipelines")
        .body(Body::from("{"))
        .unwrap();
    assert_eq!(scene.send(broken).await.0, StatusCode::BAD_REQUEST);
    let list = Scene::request("POST", "/api/pipelines")
        .body(Body::from("[]"))
        .unwrap();
    assert_eq!(scene.send(list).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn files_and_folders_are_made_moved_and_deleted() {
    let scene = Scene::new().await;
    let file = json!({"file": {"name": "a.py", "dir_path": "utils", "content": "a = 1\n"}});
    scene.ok("POST", "/api/files", file.clone()).await;
    scene.refused("POST", "/api/files", file, 409).await;
    let moved = json!({"file": {"name": "b.py", "dir_path": "utils/deep"}});
    let answer = scene.ok("PUT", "/api/files/utils%2Fa.py", moved).await;
    assert_eq!(answer["file"]["path"], json!("utils/deep/b.py"));
    assert_eq!(scene.text("utils/deep/b.py"), "a = 1\n");
    let onto = json!({"file": {"name": "load.py", "dir_path": "data_loaders"}});
    scene
        .refused("PUT", "/api/files/utils%2Fdeep%2Fb.py", onto, 409)
        .await;
    scene
        .refused(
            "PUT",
            "/api/files/nothing",
            json!({"file": {"name": "x"}}),
            404,
        )
        .await;
    let folder = json!({"folder": {"name": "new", "path": "utils"}});
    scene.ok("POST", "/api/folders", folder.clone()).await;
    scene.refused("POST", "/api/folders", folder, 409).await;
    let renamed = json!({"folder": {"name": "old"}});
    scene.ok("PUT", "/api/folders/utils%2Fnew", renamed).await;
    scene
        .ok("DELETE", "/api/folders/utils%2Fold", Value::Null)
        .await;
    scene
        .refused("DELETE", "/api/folders/utils", Value::Null, 409)
        .await;
    scene
        .ok("DELETE", "/api/folders/utils?force=1", Value::Null)
        .await;
    assert!(!scene.path("utils").exists());
    scene
        .ok("DELETE", "/api/files/data_loaders%2Fload.py", Value::Null)
        .await;
    scene
        .refused(
            "DELETE",
            "/api/files/data_loaders%2Fload.py",
            Value::Null,
            404,
        )
        .await;
    scene
        .refused("DELETE", "/api/files/metadata.yaml", Value::Null, 409)
        .await;
    scene
        .refused("DELETE", "/api/folders/pipelines?force=1", Value::Null, 409)
        .await;
    for action in [
        "file.write",
        "file.move",
        "file.delete",
        "folder.create",
        "folder.delete",
    ] {
        assert!(scene.audit().contains(action), "{action} is not noted");
    }
}
