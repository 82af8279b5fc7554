//! Whole projects from `tests/fixtures`: one that is valid and odd in every way seen in public projects, and one
//! that breaks every rule.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use baton_base::Diagnose;
use baton_model::{BlockKind, Language};
use baton_project::{
    Lookup, OpenError, Origin, PipelineError, Problem, Project, Rule, Severity, check,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn lookup() -> Lookup {
    Lookup::new(|name| match name {
        "SHOP_HOST" => Some("db".to_owned()),
        "SHOP_PORT" => Some("5433".to_owned()),
        _ => None,
    })
}

fn open(name: &str) -> Project {
    Project::open_with(&fixture(name), lookup()).unwrap()
}

fn lines(problems: &[Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|problem| format!("{} {}", problem.code, problem.place()))
        .collect()
}

#[test]
fn an_odd_but_valid_project_has_no_errors() {
    let problems = check(&open("shop"));
    assert_eq!(
        lines(&problems),
        ["unknown-block-type pipelines/modern/metadata.yaml:47:23"],
        "{problems:#?}"
    );
}

#[test]
fn the_settings_are_read() {
    let project = open("shop");
    assert_eq!(project.name(), "shop");
    let settings = project.settings();
    assert_eq!(
        settings.project_uuid.as_deref(),
        Some("5f0c8a52b1de4f27a1c3c9a17f10d2aa")
    );
    assert_eq!(settings.remote_variables_dir, None);
    assert_eq!(settings.retry.retries, Some(1));
    assert!(settings.has_feature("command_center") && !settings.has_feature("polars"));
    assert_eq!(
        settings.notifications["slack_config"]["webhook_url"],
        "none"
    );
    assert_eq!(settings.raw["something_new"]["of_a_later_version"][1], 2);
}

#[test]
fn pipelines_and_their_files_are_found() {
    let project = open("shop");
    let uuids: Vec<_> = project
        .pipeline_uuids()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(uuids, ["modern", "oldest"]);
    let pipeline = project.pipeline(&"modern".into()).unwrap();
    assert_eq!(
        (pipeline.uuid.as_str(), pipeline.name.as_str()),
        ("modern", "Modern pipeline")
    );
    assert_eq!(
        pipeline.variables["since"],
        serde_json::json!({"$date": "2024-01-01"})
    );
    assert_eq!(pipeline.variables["active"], true);
    let files: BTreeMap<&str, _> = pipeline
        .blocks
        .iter()
        .map(|block| (block.uuid.as_str(), project.block_file(&pipeline, block)))
        .collect();
    for (block, path, exists, origin) in [
        (
            "load_orders",
            "data_loaders/load_orders.py",
            true,
            Origin::Default,
        ),
        (
            "sales/eu/load",
            "data_loaders/sales/eu/load.py",
            true,
            Origin::Default,
        ),
        ("join", "transformers/join.py", true, Origin::Default),
        ("join_again", "transformers/join.py", true, Origin::Default),
        ("step", "custom/shared/step.py", true, Origin::FilePath),
        ("moved_away", "custom/moved.py", true, Origin::FileSource),
        ("think", "ais/think.yaml", false, Origin::Default),
    ] {
        let file = files[block].as_ref().unwrap();
        assert_eq!(
            (file.path.as_str(), file.exists, file.origin),
            (path, exists, origin),
            "{block}"
        );
    }
    assert_eq!(files["product"], None);
    assert_eq!(pipeline.blocks[11].kind, BlockKind::Other("ai".to_owned()));
    assert_eq!(pipeline.callbacks[0].upstream, ["join".into()]);

    let oldest = project.pipeline(&"oldest".into()).unwrap();
    assert_eq!(oldest.blocks[0].language, Language::Python);
}

#[test]
fn profiles_triggers_and_requirements_are_read() {
    let project = open("shop");
    let profiles = project.profiles();
    let default = profiles.get("default").unwrap();
    assert_eq!(default.values["POSTGRES_HOST"], "db");
    assert_eq!(default.values["POSTGRES_PORT"], 5433);
    assert_eq!(default.values["GOOGLE_SERVICE_ACC_KEY"]["project_id"], "p");
    assert!(profiles.get("legacy").unwrap().is_verbose);
    let triggers = project.triggers(&"modern".into()).triggers;
    assert_eq!(triggers[0].interval.as_deref(), Some("5/5 * * * *"));
    let rules = &triggers[1].rules;
    assert_eq!(rules.timezone.as_deref(), Some("America/New_York"));
    assert_eq!(rules.after.len(), 2);
    assert_eq!(triggers[1].settings["timezone"], "America/New_York");
    assert!(project.triggers(&"oldest".into()).triggers.is_empty());
    assert_eq!(project.global_hooks().hooks.len(), 1);
    assert_eq!(project.interaction_names(), ["region.yaml"]);
    let form = project.interaction("region.yaml").unwrap();
    assert_eq!(form.variables[0].uuid, "region");
    let forms = project.pipeline_interactions(&"modern".into());
    assert_eq!(forms.blocks[0].uuid, "region.yaml");
    let packages: Vec<_> = project
        .requirements()
        .into_iter()
        .filter_map(|line| line.package)
        .collect();
    assert_eq!(packages, ["requests", "scikit-learn", "mage-ai"]);
}

#[test]
fn names_lead_to_no_other_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    fs::create_dir_all(root.join("pipelines")).unwrap();
    fs::write(root.join("metadata.yaml"), "").unwrap();
    let outside = "triggers: [{name: x}]\nblocks: {a: [{uuid: x}]}\n";
    for file in ["metadata.yaml", "triggers.yaml", "interactions.yaml"] {
        fs::write(folder.path().join(file), outside).unwrap();
    }
    let project = Project::open_with(&root, lookup()).unwrap();
    for uuid in ["../..", "..", "", "a/../../..", "..\\.."] {
        assert!(project.triggers(&uuid.into()).triggers.is_empty(), "{uuid}");
        let forms = project.pipeline_interactions(&uuid.into());
        assert!(forms.blocks.is_empty(), "{uuid}");
        assert!(project.pipeline(&uuid.into()).is_err(), "{uuid}");
    }
    for name in ["../../metadata.yaml", "", "./x", "/etc/passwd"] {
        assert!(project.interaction(name).is_none(), "{name}");
    }
}

#[test]
fn imports_reach_through_the_project() {
    let project = open("shop");
    let imports = project.imports_closure("transformers/join.py");
    assert!(imports.has_package("dateutil") && imports.has_package("polars"));
    assert!(!imports.has_package("pandas"));
    let files: BTreeSet<&str> = imports.files.iter().map(String::as_str).collect();
    assert_eq!(
        files,
        BTreeSet::from(["utils/__init__.py", "utils/dates.py", "utils/words.py"])
    );
    let all = project.all_imports();
    for module in ["pandas", "requests", "polars", "mage_ai.io.file"] {
        assert!(all.contains(module), "{module}");
    }
}

#[test]
fn every_rule_is_met_with_its_place() {
    let problems = check(&open("broken"));
    let expected = [
        "python-syntax data_loaders/syntax.py:2:11",
        "missing-data-file data_loaders/good.py:3:17",
        "bad-setting pipelines/blocks/triggers.yaml:10:15",
        "unknown-pipeline pipelines/blocks/triggers.yaml:11:19",
        "unknown-pipeline pipelines/blocks/triggers.yaml:11:36",
    ];
    let found = lines(&problems);
    for line in expected {
        assert!(
            found.iter().any(|other| other == line),
            "{line} is not in {found:#?}"
        );
    }
    let codes: BTreeSet<&str> = problems.iter().map(|problem| problem.code).collect();
    // These concern folders around a project, or the lack of a file that this project has.
    let elsewhere = [Rule::MissingProject, Rule::MissingMetadata];
    let all: BTreeSet<&str> = Rule::ALL
        .iter()
        .filter(|rule| !elsewhere.contains(rule))
        .map(|rule| rule.code())
        .collect();
    assert_eq!(codes, all);
    assert!(problems.is_sorted_by_key(|problem| (problem.file.clone(), problem.line)));
}

#[test]
fn the_broken_project_reads_as_a_list() {
    let mut list = Vec::new();
    for problem in check(&open("broken")) {
        let severity = if problem.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        let block = problem.block.as_ref().map_or("-", |block| block.as_str());
        let (code, place) = (problem.code, problem.place());
        list.push(format!("{severity} {code} {place} [{block}]"));
        list.push(format!("  {}", problem.message));
        list.push(format!(
            "  hint: {}",
            problem.hint.as_deref().unwrap_or("-")
        ));
    }
    insta::assert_snapshot!(list.join("\n"));
}

#[test]
fn one_broken_pipeline_does_not_touch_another() {
    let project = open("broken");
    assert_eq!(project.pipeline(&"fine".into()).unwrap().blocks.len(), 1);
    let error = project.pipeline(&"tabs".into()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("pipelines/tabs/metadata.yaml:3:1"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("spaces"));
    let PipelineError::Broken { problems, .. } = project.pipeline(&"circle".into()).unwrap_err()
    else {
        panic!("the pipeline is broken");
    };
    assert!(
        problems
            .iter()
            .any(|problem| problem.message.contains("a → b → c → a"))
    );
    // What can be read is there all the same.
    assert_eq!(
        project
            .pipeline_file(&"circle".into())
            .unwrap()
            .pipeline
            .blocks
            .len(),
        3
    );
}

#[test]
fn errors_of_opening_say_what_to_do() {
    let hint = |path: &Path| Project::open(path).unwrap_err().hint().unwrap();
    assert!(hint(&fixture("nowhere")).contains("baton init"));
    assert!(hint(&fixture("shop/utils")).contains("shop` instead"));
    assert!(hint(&fixture("")).contains("broken` instead"));
    let folder = tempfile::tempdir().unwrap();
    assert!(hint(folder.path()).contains("baton init"));
    fs::create_dir(folder.path().join("pipelines")).unwrap();
    assert!(hint(folder.path()).contains("metadata.yaml"));
    assert!(matches!(
        Project::open(folder.path()),
        Err(OpenError::NotAProject { .. })
    ));
    let pipeline = folder.path().join("pipelines/p");
    fs::create_dir(&pipeline).unwrap();
    fs::write(pipeline.join("metadata.yaml"), "type: python\nblocks: []\n").unwrap();
    let bare = Project::open(folder.path()).unwrap();
    assert_eq!(
        lines(&check(&bare)),
        ["missing-metadata metadata.yaml"],
        "pipelines make a folder a project"
    );

    let project = open("shop");
    for (name, words) in [
        ("modren", "`modern`"),
        ("../shop", "folder"),
        ("", "folder"),
        ("..", "folder"),
    ] {
        let error = project.pipeline(&name.into()).unwrap_err();
        assert!(
            error.hint().unwrap().contains(words),
            "{name}: {:?}",
            error.hint()
        );
    }
}

#[test]
fn a_broken_metadata_file_is_a_problem_and_no_error() {
    let folder = tempfile::tempdir().unwrap();
    for (text, code) in [
        (&b"a: [1"[..], "yaml-syntax"),
        (b"- 1", "yaml-shape"),
        (b"a: {{ b", "bad-template"),
        (b"a: \xff", "unreadable-file"),
        (b"retry_config: {retries: -1}", "yaml-shape"),
    ] {
        fs::write(folder.path().join("metadata.yaml"), text).unwrap();
        let project = Project::open_with(folder.path(), lookup()).unwrap();
        let codes: Vec<_> = check(&project).iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [code]);
    }
    fs::write(folder.path().join("metadata.yaml"), "").unwrap();
    assert_eq!(
        check(&Project::open_with(folder.path(), lookup()).unwrap()),
        []
    );
}

/// Every file below a folder with its bytes and its time of change.
fn state(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let changed = entry.metadata().unwrap().modified().unwrap();
            if path.is_dir() {
                files.insert(path.clone(), (Vec::new(), changed));
                waiting.push(path);
            } else {
                files.insert(path.clone(), (fs::read(path).unwrap(), changed));
            }
        }
    }
    files
}

#[test]
fn reading_and_checking_change_nothing() {
    for name in ["shop", "broken"] {
        let before = state(&fixture(name));
        let project = open(name);
        check(&project);
        project.all_imports();
        for uuid in project.pipeline_uuids() {
            let file = project.pipeline_path(&uuid);
            assert_eq!(
                project.read(&file).unwrap(),
                before[&fixture(name).join(file)].0
            );
            drop(project.pipeline(&uuid));
        }
        assert_eq!(state(&fixture(name)), before, "{name}");
    }
}
