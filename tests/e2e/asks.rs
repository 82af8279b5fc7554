//! What running blocks ask of Baton: secrets, stored outputs, variables, runs; and the command that sets secrets.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::project::{Finished, TestProject, block, finish};

const TOKEN: &str = "s3cr3t-t0ken 'quoted'";

/// Runs `baton secret` with a value on standard input.
pub(crate) fn secret(project: &TestProject, arguments: &[&str], value: &str) -> Finished {
    let mut all = vec!["secret", "PROJECT"];
    all.extend(arguments);
    let mut command = project.command(&all);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(value.as_bytes())
        .unwrap();
    finish(child.wait_with_output().unwrap())
}

#[test]
fn a_secret_reaches_blocks_and_templates_and_nothing_else() {
    let mut project = TestProject::new();
    project.file(
        "io_config.yaml",
        "default:\n  POSTGRES_PASSWORD: \"{{ mage_secret_var('token') }}\"\n",
    );
    project.block(
        "s",
        "ask",
        "custom",
        &[],
        "",
        "import warnings\nfrom mage_ai.data_preparation.shared.secrets import create_secret, delete_secret, get_secret_value\nfrom mage_ai.io.config import ConfigFileLoader\n\n@custom\ndef ask(*args, **kwargs):\n    value = get_secret_value('token')\n    print('the token is', value, repr(value), [value])\n    assert ConfigFileLoader().get('POSTGRES_PASSWORD') == value\n    assert get_secret_value('nobody', suppress_warning=True) is None\n    assert get_secret_value('token', entity='pipeline', pipeline_uuid='s', suppress_warning=True) is None\n    create_secret('made', 'fresh-value')\n    try:\n        create_secret('made', 'other')\n    except Exception as error:\n        print(error)\n    assert get_secret_value('made') == 'fresh-value'\n    print('made fresh-value')\n    delete_secret('made')\n    assert get_secret_value('made', suppress_warning=True) is None\n    return len(value)\n",
    );
    project.block(
        "s",
        "fail",
        "custom",
        &["ask"],
        "",
        "from baton.secrets import get_secret_value\n\n@custom\ndef fail(*args, **kwargs):\n    raise ValueError('refused: ' + get_secret_value('token'))\n",
    );
    let before = project.baton(&["check", "PROJECT"]);
    assert_eq!(before.code, Some(1));
    assert!(
        before.stdout.contains("unknown-secret"),
        "{}",
        before.stdout
    );

    let set = secret(&project, &["set", "token"], &format!("{TOKEN}\n"));
    assert_eq!(set.code, Some(0), "{}", set.stderr);
    let listed = project.baton(&["secret", "PROJECT", "list", "--json"]);
    assert!(
        listed.stdout.contains("\"token\"") && !listed.stdout.contains("s3cr3t"),
        "{}",
        listed.stdout
    );
    let after = project.baton(&["check", "PROJECT"]);
    assert!(!after.stdout.contains("unknown-secret"), "{}", after.stdout);

    for launch in ["fork", "spawn"] {
        let done = project
            .command(&["run", "PROJECT", "s", "--json"])
            .env("BATON_LAUNCH", launch)
            .output()
            .unwrap();
        let done = finish(done);
        let run = crate::project::summary(&done);
        assert_eq!(block(&run, "ask")["status"], "completed", "{}", done.stdout);
        assert_eq!(block(&run, "fail")["status"], "failed", "{}", done.stdout);
        let all = format!("{}{}", done.stdout, done.stderr);
        assert!(all.contains("the token is ********"), "{all}");
        assert!(all.contains("refused: ********"), "{all}");
        assert!(all.contains("it exists already"), "{all}");
        assert!(
            !all.contains("s3cr3t") && !all.contains("fresh-value"),
            "{all}"
        );
        let logs = project.baton(&["logs", "PROJECT", &run["run_id"].to_string()]);
        assert!(logs.stdout.contains("the token is ********"));
        assert!(!logs.stdout.contains("s3cr3t"), "{}", logs.stdout);
    }

    let removed = project.baton(&["secret", "PROJECT", "remove", "token"]);
    assert_eq!(removed.code, Some(0), "{}", removed.stderr);
    let again = project.baton(&["secret", "PROJECT", "remove", "token"]);
    assert_eq!(again.code, Some(2));
}

#[test]
fn an_empty_secret_is_refused() {
    let project = TestProject::new();
    let refused = secret(&project, &["set", "x"], "\n");
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("empty"), "{}", refused.stderr);
}

#[test]
fn stored_outputs_are_found_as_in_mage() {
    let mut project = TestProject::new();
    project
        .block("g", "frame", "data_loader", &[], "", "import pandas as pd\n\n@data_loader\ndef frame(*args, **kwargs):\n    return pd.DataFrame({'x': [1, 2]})\n")
        .block("g", "many", "data_loader", &[], "", "@data_loader\ndef many(*args, **kwargs):\n    return [1, 'two']\n")
        .block("g", "read", "transformer", &["frame", "many"], "", "from mage_ai.data_preparation.variable_manager import VariableManager, get_variable\n\n@transformer\ndef read(*args, **kwargs):\n    part = kwargs.get('execution_partition')\n    def kind(*names, **options):\n        value = get_variable(*names, **options)\n        return value if isinstance(value, (dict, int, str)) else [type(value).__name__, value['x'].tolist()]\n    return {\n        'part': kind('g', 'frame', 'output_0', partition=part),\n        'plain': kind('g', 'frame', 'output_0'),\n        'many': [kind('g', 'many', f'output_{n}', partition=part) for n in range(3)],\n        'absent': [kind('g', 'zzz', 'output_0'), kind('zzz', 'frame', 'output_0'), kind('g', 'frame', 'output_0', partition='1/20200101T000000')],\n        'names': VariableManager().get_variables_by_block('g', 'many', partition=part),\n    }\n");
    let frame = json!(["DataFrame", [1, 2]]);
    for (env, plain) in [
        ("prod", json!({})),
        ("dev", frame.clone()),
        ("prod", frame.clone()),
    ] {
        let (code, run) = project.run("g", &["--env", env]);
        assert_eq!(code, 0, "{run}");
        let expected = json!({
            "part": frame, "plain": plain, "many": [1, "two", {}], "absent": [{}, {}, {}],
            "names": ["output_0", "output_1"],
        });
        let run = run["run_id"].to_string();
        assert_eq!(
            project.output("g", "read", &["--run", &run]),
            expected,
            "{env}"
        );
    }
}

#[test]
fn a_variable_is_set_in_its_own_line_and_read_back() {
    let mut project = TestProject::new();
    project
        .block("v", "set", "custom", &[], "", "from mage_ai.data_preparation.variable_manager import delete_global_variable, get_global_variable, set_global_variable\n\n@custom\ndef put(*args, **kwargs):\n    assert get_global_variable('v', 'old') == 1\n    set_global_variable('v', 'old', {'a': [1.5, None, 'ü']})\n    set_global_variable('v', 'new', 'yes')\n    delete_global_variable('v', 'gone')\n    delete_global_variable('v', 'never_there')\n    errors = []\n    for pipeline, value in [('no_such', 1), ('../v', 1), ('v', object())]:\n        try:\n            set_global_variable(pipeline, 'x', value)\n        except Exception as error:\n            errors.append(type(error).__name__)\n    return errors\n")
        .block("v", "get", "custom", &["set"], "", "from mage_ai.data_preparation.variable_manager import get_global_variable\nfrom mage_ai.data_preparation.models.pipeline import Pipeline\n\n@custom\ndef get(*args, **kwargs):\n    pipeline = Pipeline.get('v')\n    below = [block.uuid for block in pipeline.blocks_by_uuid['set'].downstream_blocks]\n    return [get_global_variable('v', 'old'), get_global_variable('v', 'new'), pipeline.variables == {'old': {'a': [1.5, None, 'ü']}, 'new': 'yes'}, get_global_variable('v', 'gone'), below, str(pipeline.type.value)]\n");
    let path = "pipelines/v/metadata.yaml";
    let text = std::fs::read_to_string(project.root().join(path)).unwrap();
    let head = format!("# by hand\n{text}");
    project.file(
        path,
        format!("{head}variables:   # mine\n  old:   1\n  gone: 2\n# the end\n"),
    );
    let (code, run) = project.run("v", &[]);
    assert_eq!(code, 0, "{run}");
    assert_eq!(
        project.output("v", "set", &["--name", "output_0"]),
        json!("NotFoundError")
    );
    let got: Vec<Value> = (0..6)
        .map(|n| project.output("v", "get", &["--name", &format!("output_{n}")]))
        .collect();
    assert_eq!(
        Value::from(got),
        json!([{"a": [1.5, null, "ü"]}, "yes", true, null, ["get"], "python"])
    );
    let now = std::fs::read_to_string(project.root().join(path)).unwrap();
    assert!(now.starts_with(&head), "{now}");
    assert!(
        now.contains("variables:   # mine\n") && now.ends_with("# the end\n"),
        "{now}"
    );
}

#[test]
fn a_sensor_sees_how_another_pipeline_ended() {
    let mut project = TestProject::new();
    project
        .block("other", "a", "custom", &[], "", "@custom\ndef a(*args, **kwargs):\n    if kwargs.get('fail'):\n        raise ValueError('asked for')\n    return 1\n")
        .block("other", "b", "custom", &["a"], "", "@custom\ndef b(*args, **kwargs):\n    return 2\n")
        .block("w", "look", "custom", &[], "", "from datetime import datetime, timedelta\nfrom mage_ai.orchestration.db import db_connection\nfrom mage_ai.orchestration.db.models.schedules import PipelineRun\nfrom mage_ai.orchestration.run_status_checker import check_status\n\n@custom\ndef look(*args, **kwargs):\n    db_connection.start_session()\n    date = kwargs.get('execution_date') or datetime.utcnow()\n    def status(*names, **options):\n        try:\n            return check_status(*names, **options)\n        except Exception as error:\n            return str(error)\n    runs = PipelineRun.query.filter(PipelineRun.pipeline_uuid == 'other').order_by(PipelineRun.id.asc()).all()\n    return {\n        'now': status('other', date),\n        'block': status('other', date, block_uuid='a'),\n        'long_ago': status('other', date - timedelta(days=3), hours=1),\n        'unknown': status('no_such', date),\n        'runs': [[run.status.value, [block.block_uuid for block in run.block_runs]] for run in runs],\n        'failed': PipelineRun.query.filter_by(status='failed').count(),\n    }\n");
    let look = || {
        let (code, run) = project.run("w", &["--env", "prod"]);
        assert_eq!(code, 0, "{run}");
        project.output("w", "look", &[])
    };
    let before = look();
    assert_eq!(before["now"], json!(false));
    assert!(before["unknown"].as_str().unwrap().contains("no_such"));

    project.run("other", &["--block", "a"]);
    let partial = look();
    assert_eq!(
        (&partial["now"], &partial["block"]),
        (&json!(false), &json!(true)),
        "a run of one block does not stand for the pipeline"
    );

    project.run("other", &["--env", "prod"]);
    let completed = look();
    assert_eq!(completed["now"], json!(true));
    assert_eq!(completed["long_ago"], json!(false));
    assert_eq!(
        completed["runs"],
        json!([["completed", ["a"]], ["completed", ["a", "b"]]])
    );

    project.run("other", &["--var", "fail=true"]);
    let failed = look();
    assert!(
        failed["now"].as_str().unwrap().contains("has failed"),
        "{failed}"
    );
    assert!(
        failed["block"].as_str().unwrap().contains("block `a`"),
        "{failed}"
    );
    assert_eq!(failed["failed"], json!(1));
}

/// Outputs are found under the names that Mage gives to block runs.
#[test]
fn outputs_of_child_runs_and_replicated_blocks_are_found_by_name() {
    let mut project = TestProject::new();
    project
        .block("p", "d", "data_loader", &[], "configuration: {dynamic: true}", "@data_loader\ndef d(*args):\n    return [[1, 2], [{'block_uuid': 'eu'}]]\n")
        .block("p", "c", "transformer", &["d"], "", "@transformer\ndef c(x, *args):\n    return {'x': x}\n")
        .block("p", "original", "custom", &[], "", "@custom\ndef original(*args):\n    return 'of the file'\n")
        .block("p", "copy", "custom", &[], "replicated_block: original", "")
        .block("q", "ask", "custom", &[], "", "from mage_ai.data_preparation.variable_manager import get_variable\nfrom mage_ai.orchestration.run_status_checker import check_status\nfrom datetime import datetime, timedelta\n\n@custom\ndef ask(*args, **kwargs):\n    names = ['c:eu', 'c:1', 'copy:original', 'copy']\n    soon = datetime.utcnow() + timedelta(hours=1)\n    done = [check_status('p', soon, block_uuid=name) for name in names]\n    return {'found': [get_variable('p', name, 'output_0') for name in names], 'done': done}\n");
    let (code, run) = project.run("p", &[]);
    assert_eq!(code, 0, "{run}");
    let (code, run) = project.run("q", &[]);
    assert_eq!(code, 0, "{run}");
    let found = json!([{"x": 1}, {"x": 2}, "of the file", "of the file"]);
    let expected = json!({"found": found, "done": [true, true, true, true]});
    assert_eq!(project.output("q", "ask", &[]), expected);
}
