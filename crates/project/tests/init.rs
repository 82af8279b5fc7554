//! `baton init`: what it makes is a project without problems, and nothing of the user's is overwritten.

use std::fs;

use baton_base::Diagnose;
use baton_project::{InitError, Lookup, Project, check, init};

const NOW: i64 = 1_772_000_000_123_456;

#[test]
fn a_new_project_is_complete_and_clean() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/shop");
    let report = init(&path, NOW).unwrap();
    assert_eq!(report.kept, Vec::<String>::new());
    assert_eq!(report.root, path.canonicalize().unwrap());
    for file in [
        ".gitignore",
        "__init__.py",
        "charts/__init__.py",
        "custom/__init__.py",
        "data_exporters/export_revenue.py",
        "data_loaders/load_orders.py",
        "dbt/profiles.yml",
        "extensions/__init__.py",
        "interactions/__init__.py",
        "io_config.yaml",
        "metadata.yaml",
        "pipelines/example_pipeline/__init__.py",
        "pipelines/example_pipeline/metadata.yaml",
        "requirements.txt",
        "scratchpads/__init__.py",
        "transformers/daily_revenue.py",
        "utils/__init__.py",
    ] {
        assert!(path.join(file).is_file(), "{file}");
        assert!(
            report.written.iter().any(|written| written == file),
            "{file}"
        );
    }
    let project = Project::open_with(&path, Lookup::new(|_| None)).unwrap();
    assert_eq!(check(&project), []);
    assert!(project.requirements().is_empty());
    let uuid = project.settings().project_uuid.clone().unwrap();
    assert!(
        uuid.len() == 32 && uuid.chars().all(|c| c.is_ascii_hexdigit()),
        "{uuid}"
    );
    let pipeline = project.pipeline(&report.pipeline.into()).unwrap();
    let chain: Vec<_> = pipeline
        .blocks
        .iter()
        .map(|block| (block.uuid.as_str(), block.upstream.len()))
        .collect();
    assert_eq!(
        chain,
        [
            ("load_orders", 0),
            ("daily_revenue", 1),
            ("export_revenue", 1)
        ]
    );
    assert!(pipeline.block(&report.block.into()).is_some());
    for block in &pipeline.blocks {
        let file = project.block_file(&pipeline, block).unwrap().path;
        let facts = project.sources().facts(&file).unwrap();
        assert!(facts.decorators.iter().any(|name| name == "test"), "{file}");
    }
    let text = fs::read_to_string(path.join("pipelines/example_pipeline/metadata.yaml")).unwrap();
    assert!(
        text.contains("created_at: '2026-02-25 06:13:20.123456+00:00'"),
        "{text}"
    );
}

#[test]
fn projects_have_ids_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<_> = ["a", "b"]
        .into_iter()
        .map(|name| {
            init(&folder.path().join(name), NOW).unwrap();
            let project = Project::open(&folder.path().join(name)).unwrap();
            project.settings().project_uuid.clone().unwrap()
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_project_is_refused_and_other_files_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("requirements.txt"), "mine\n").unwrap();
    fs::write(folder.path().join("README.md"), "mine\n").unwrap();
    let report = init(folder.path(), NOW).unwrap();
    assert_eq!(report.kept, ["requirements.txt"]);
    assert_eq!(
        fs::read_to_string(folder.path().join("requirements.txt")).unwrap(),
        "mine\n"
    );

    fs::write(folder.path().join("io_config.yaml"), "changed: {}\n").unwrap();
    let error = init(folder.path(), NOW).unwrap_err();
    assert!(matches!(error, InitError::AlreadyAProject { .. }));
    assert!(error.hint().unwrap().contains("another folder"));
    assert_eq!(
        fs::read_to_string(folder.path().join("io_config.yaml")).unwrap(),
        "changed: {}\n"
    );

    let file = folder.path().join("README.md");
    assert!(matches!(
        init(&file, NOW),
        Err(InitError::NotAFolder { .. })
    ));
    assert_eq!(fs::read_to_string(file).unwrap(), "mine\n");
}
