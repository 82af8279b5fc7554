//! `baton check`: everything that would fail, with its place, without running anything.

use crate::project::TestProject;

#[test]
fn problems_have_a_file_a_line_and_a_hint() {
    let mut project = TestProject::new();
    project
        .block(
            "ok",
            "fine",
            "custom",
            &[],
            "",
            "@custom\ndef fine(*args, **kwargs):\n    return 1\n",
        )
        .block(
            "syntax",
            "broken",
            "custom",
            &[],
            "",
            "@custom\ndef broken(:\n    return 1\n",
        )
        .block(
            "cycle",
            "a",
            "custom",
            &["b"],
            "",
            "@custom\ndef a(x):\n    return 1\n",
        )
        .block(
            "cycle",
            "b",
            "custom",
            &["a"],
            "",
            "@custom\ndef b(x):\n    return 1\n",
        );
    project.file(
        "pipelines/yaml/metadata.yaml",
        "uuid: yaml\nblocks:\n- uuid: x\n   type: custom\n",
    );
    project.file("pipelines/gone/metadata.yaml", "uuid: gone\nname: gone\ntype: python\nblocks:\n- {uuid: nofile, name: nofile, type: custom, language: python, upstream_blocks: [], downstream_blocks: []}\n");
    project.file("pipelines/ok/triggers.yaml", "triggers:\n- name: t\n  schedule_type: time\n  schedule_interval: '61 * * * *'\n  start_time: 2024-01-01 00:00:00\n");
    let done = project.baton(&["check", "PROJECT", "--json"]);
    assert_eq!(done.code, Some(1), "{}", done.stdout);
    let problems: Vec<serde_json::Value> = done
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (file, line) in [
        ("custom/broken.py", Some(4)),
        ("pipelines/yaml/metadata.yaml", Some(4)),
        ("pipelines/cycle/metadata.yaml", None),
        ("pipelines/gone/metadata.yaml", None),
        ("pipelines/ok/triggers.yaml", Some(4)),
    ] {
        let found = problems.iter().find(|problem| {
            problem["file"]
                .as_str()
                .is_some_and(|name| name.ends_with(file))
                && problem["severity"] == "error"
        });
        let found = found.unwrap_or_else(|| panic!("nothing about {file} in {}", done.stdout));
        if let Some(line) = line {
            assert_eq!(found["line"], line, "{found}");
        }
    }
    assert!(
        !done.stdout.contains("fine.py"),
        "a good block is not mentioned"
    );
}

#[test]
fn warnings_count_only_when_asked() {
    let project = TestProject::new();
    project.file(
        "io_config.yaml",
        "default:\n  POSTGRES_PASSWORD: \"{{ env_var('BATON_TEST_UNSET') }}\"\n",
    );
    assert_eq!(project.baton(&["check", "PROJECT"]).code, Some(0));
    let strict = project.baton(&["check", "PROJECT", "--strict"]);
    assert_eq!(strict.code, Some(1));
    assert!(
        strict.stdout.contains("BATON_TEST_UNSET"),
        "{}",
        strict.stdout
    );
}
