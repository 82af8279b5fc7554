//! `baton new`: what it makes is checked, and nothing else of the project changes.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;

use baton_base::Diagnose;
use baton_model::{BlockKind, Language};
use baton_project::{
    BlockRequest, Lookup, NewError, NewPipeline, Project, Severity, block_templates, check,
    custom_block_templates, init, new_block, new_pipeline,
};

const NOW: i64 = 1_772_000_000_123_456;

struct Shop {
    _folder: tempfile::TempDir,
    project: Project,
}

fn shop() -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop");
    init(&path, NOW).unwrap();
    let project = Project::open_with(&path, Lookup::new(|_| None)).unwrap();
    Shop {
        _folder: folder,
        project,
    }
}

impl Shop {
    fn read(&self, file: &str) -> String {
        String::from_utf8(self.project.read(file).unwrap()).unwrap()
    }

    fn pipeline(&self, name: &str) {
        let new = NewPipeline {
            name: name.to_owned(),
            kind: "python".to_owned(),
            ..NewPipeline::default()
        };
        new_pipeline(&self.project, &new, NOW).unwrap();
    }

    fn block(&self, request: &BlockRequest) -> Result<baton_project::BlockReport, NewError> {
        new_block(&self.project, &"example_pipeline".into(), request)
    }
}

fn request(name: &str, kind: &str) -> BlockRequest {
    BlockRequest {
        name: name.to_owned(),
        kind: Some(BlockKind::parse(kind)),
        ..BlockRequest::default()
    }
}

#[test]
fn a_pipeline_reads_as_it_was_asked_for() {
    let shop = shop();
    let new = NewPipeline {
        name: "Daily: \"Sales\" #1".to_owned(),
        kind: "streaming".to_owned(),
        description: Some("- all\n- shops".to_owned()),
        tags: vec!["a: b".to_owned(), "true".to_owned()],
    };
    let uuid = new_pipeline(&shop.project, &new, NOW).unwrap();
    assert_eq!(uuid.as_str(), "daily__sales__1");
    let pipeline = shop.project.pipeline(&uuid).unwrap();
    assert_eq!(pipeline.name, new.name);
    assert_eq!(pipeline.description, new.description);
    assert_eq!(pipeline.tags, new.tags);
    assert_eq!(pipeline.kind.name(), "streaming");
    let again = new_pipeline(&shop.project, &new, NOW).unwrap_err();
    assert!(matches!(again, NewError::PipelineExists { .. }));
}

#[test]
fn a_block_is_wired_and_only_its_lines_are_new() {
    let shop = shop();
    let before = shop.read("pipelines/example_pipeline/metadata.yaml");
    let report = shop
        .block(&BlockRequest {
            upstream: vec!["load_orders".into()],
            downstream: vec!["export_revenue".into()],
            template: Some("sort_rows".to_owned()),
            ..request("Sort It", "transformer")
        })
        .unwrap();
    assert_eq!(report.file.as_deref(), Some("transformers/sort_it.py"));
    let after = shop.read("pipelines/example_pipeline/metadata.yaml");
    for line in before.lines().filter(|line| !line.contains("_blocks: []")) {
        assert!(after.lines().any(|other| other == line), "{line} is gone");
    }
    let pipeline = shop.project.pipeline(&"example_pipeline".into()).unwrap();
    let block = pipeline.block(&"sort_it".into()).unwrap();
    assert_eq!(block.name, "Sort It");
    assert_eq!(block.upstream, ["load_orders".into()]);
    assert_eq!(block.downstream, ["export_revenue".into()]);
    let below = pipeline.block(&"export_revenue".into()).unwrap();
    assert_eq!(below.upstream, ["daily_revenue".into(), "sort_it".into()]);
    let above = pipeline.block(&"load_orders".into()).unwrap();
    assert!(above.downstream.contains(&"sort_it".into()));
}

#[test]
fn every_kind_goes_where_it_belongs() {
    let shop = shop();
    for (kind, file) in [
        ("sensor", "sensors/x.py"),
        ("conditional", "conditionals/x.py"),
        ("callback", "callbacks/x.py"),
        ("custom", "custom/x.py"),
        ("markdown", "markdowns/x.md"),
        ("scratchpad", "scratchpads/x.py"),
    ] {
        let name = format!("p {kind}");
        shop.pipeline(&name);
        let uuid = baton_project::clean_name(&name, false);
        let made = new_block(&shop.project, &uuid.as_str().into(), &request("x", kind)).unwrap();
        assert_eq!(made.file.as_deref(), Some(file));
        let pipeline = shop.project.pipeline(&uuid.as_str().into()).unwrap();
        let list = match kind {
            "conditional" => &pipeline.conditionals,
            "callback" => &pipeline.callbacks,
            _ => &pipeline.blocks,
        };
        assert_eq!(list.len(), 1, "{kind}");
    }
    let sql = shop
        .block(&BlockRequest {
            language: Some(Language::Sql),
            ..request("sales/eu/Query", "data_loader")
        })
        .unwrap();
    assert_eq!(sql.file.as_deref(), Some("data_loaders/sales/eu/query.sql"));
    assert!(
        shop.read("data_loaders/sales/eu/query.sql")
            .contains("{{ region }}")
    );
}

#[test]
fn files_that_exist_are_kept_or_refused() {
    let shop = shop();
    let text = shop.read("transformers/daily_revenue.py");
    shop.pipeline("other");
    let report = new_block(
        &shop.project,
        &"other".into(),
        &request("daily_revenue", "transformer"),
    )
    .unwrap();
    assert!(report.kept);
    assert_eq!(shop.read("transformers/daily_revenue.py"), text);
    let pipeline = shop.read("pipelines/example_pipeline/metadata.yaml");
    let refused = [
        BlockRequest {
            template: Some("sort_rows".to_owned()),
            ..request("daily revenue", "transformer")
        },
        request("load_orders", "data_loader"),
        BlockRequest {
            upstream: vec!["nobody".into()],
            ..request("fresh", "transformer")
        },
        BlockRequest {
            downstream: vec!["nobody".into()],
            ..request("fresh", "transformer")
        },
        BlockRequest {
            template: Some("sort_row".to_owned()),
            ..request("fresh", "transformer")
        },
        BlockRequest {
            replicate: Some("nobody".into()),
            ..request("fresh", "transformer")
        },
        request("fresh", "extension"),
        request("//", "transformer"),
    ];
    for request in refused {
        let error = shop.block(&request).unwrap_err();
        assert!(!error.to_string().is_empty() && error.hint().is_none_or(|hint| !hint.is_empty()));
        let now = shop.read("pipelines/example_pipeline/metadata.yaml");
        assert_eq!(now, pipeline, "{request:?}");
        assert!(shop.project.read("transformers/fresh.py").is_err());
    }
}

#[test]
fn replicas_and_dynamic_blocks_are_marked() {
    let shop = shop();
    let report = shop
        .block(&BlockRequest {
            name: "copy".to_owned(),
            replicate: Some("daily_revenue".into()),
            upstream: vec!["load_orders".into()],
            reduce: true,
            ..BlockRequest::default()
        })
        .unwrap();
    assert_eq!(report.file, None);
    shop.block(&BlockRequest {
        dynamic: true,
        ..request("items", "custom")
    })
    .unwrap();
    let pipeline = shop.project.pipeline(&"example_pipeline".into()).unwrap();
    let copy = pipeline.block(&"copy".into()).unwrap();
    assert_eq!(copy.replicated, Some("daily_revenue".into()));
    assert_eq!(copy.kind, BlockKind::Transformer);
    assert_eq!(copy.configuration["reduce_output"], true);
    let items = pipeline.block(&"items".into()).unwrap();
    assert_eq!(items.configuration["dynamic"], true);
    let errors = check(&shop.project)
        .into_iter()
        .filter(|problem| problem.severity == Severity::Error);
    assert_eq!(errors.collect::<Vec<_>>(), []);
}

#[test]
fn templates_of_the_project_are_offered() {
    let shop = shop();
    let folder = shop
        .project
        .root()
        .join("custom_templates/blocks/team/clean");
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("metadata.yaml"),
        "block_type: custom\ncolor: teal\nconfiguration: {limit: 7}\nlanguage: python\nname: Clean it\n",
    )
    .unwrap();
    fs::write(
        folder.join("clean.py"),
        "# {{ block_name }}{{ unknown }}\n@custom\ndef x(): ...\n",
    )
    .unwrap();
    let broken = shop.project.root().join("custom_templates/blocks/broken");
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("metadata.yaml"), "a: [").unwrap();

    let (templates, problems) = custom_block_templates(&shop.project);
    let ids: Vec<_> = templates
        .iter()
        .map(|template| template.id.as_str())
        .collect();
    assert_eq!(ids, ["team/clean"]);
    assert_eq!(problems.len(), 1);
    shop.block(&BlockRequest {
        name: "my step".to_owned(),
        template: Some("team/clean".to_owned()),
        ..BlockRequest::default()
    })
    .unwrap();
    assert!(
        shop.read("custom/my_step.py")
            .starts_with("# my step\n@custom")
    );
    let pipeline = shop.project.pipeline(&"example_pipeline".into()).unwrap();
    let block = pipeline.block(&"my_step".into()).unwrap();
    assert_eq!(block.configuration["limit"], 7);
    assert_eq!(block.color.as_deref(), Some("teal"));
}

#[test]
fn ids_of_templates_are_unique() {
    let mut seen = std::collections::BTreeSet::new();
    for template in block_templates() {
        let key = (
            template.kind.name().to_owned(),
            template.language.name().to_owned(),
            template.id,
        );
        assert!(seen.insert(key.clone()), "{key:?}");
    }
}
