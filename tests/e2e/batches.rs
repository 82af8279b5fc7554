//! `configuration.variables` with `MEMORY_MANAGER_VERSION=2`: inputs in batches, outputs that grow.

use serde_json::{Value, json};

use crate::project::{Finished, TestProject, finish};

const LOAD: &str = "import pandas as pd\n@data_loader\ndef load(**kwargs):\n    print('part', kwargs.get('part_index'))\n    return pd.DataFrame({'day': [kwargs['day']] * 3})\n";
const COUNT: &str = "@transformer\ndef count(days):\n    return [[batch.deserialize().day.tolist() for batch in days]]\n";

fn project(mode: &str) -> TestProject {
    let mut project = TestProject::new();
    let write =
        format!("configuration: {{variables: {{write: {{batch_settings: {{mode: {mode}}}}}}}}}");
    let read = "configuration: {variables: {upstream: {load: {input_data_types: [generator], batch_settings: {items: {maximum: 4}}}}}}";
    project
        .block("p", "load", "data_loader", &[], &write, LOAD)
        .block("p", "count", "transformer", &["load"], read, COUNT);
    project
}

/// Runs the pipeline with what a block of it needs, the variable of Mage among it.
fn run(project: &TestProject, day: u32, more: &[&str]) -> Finished {
    let day = format!("day={day}");
    let mut command = project.command(&["run", "PROJECT", "p", "--var", &day]);
    command.args(more).env("MEMORY_MANAGER_VERSION", "2");
    finish(command.output().unwrap())
}

fn batches(project: &TestProject) -> Value {
    project.output("p", "count", &[])
}

#[test]
fn an_output_grows_by_hand_and_is_read_in_batches() {
    let project = project("append");
    for day in [1, 2] {
        let done = run(&project, day, &[]);
        assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
        assert!(
            done.stdout.contains(&format!("part {}", day - 1)),
            "{}",
            done.stdout
        );
    }
    assert_eq!(batches(&project), json!([[1, 1, 1, 2], [2, 2]]));
    // Every run of a trigger has outputs of its own.
    let done = run(&project, 3, &["--env", "prod"]);
    assert!(done.stdout.contains("part 0"), "{}", done.stdout);
    assert_eq!(batches(&project), json!([[3, 3, 3]]));
    let done = run(&project, 4, &[]);
    assert!(done.stdout.contains("part 2"), "{}", done.stdout);
    assert_eq!(batches(&project), json!([[1, 1, 1, 2], [2, 2, 4, 4], [4]]));
}

#[test]
fn an_output_that_must_not_be_replaced_is_kept() {
    let project = project("fail");
    assert_eq!(run(&project, 1, &[]).code, Some(0));
    let again = run(&project, 2, &[]);
    assert_eq!(again.code, Some(1));
    let said = format!("{}{}", again.stdout, again.stderr);
    assert!(
        said.contains("block `load` has an output already"),
        "{said}"
    );
    assert!(said.contains("to `replace` or `append`"), "{said}");
    assert_eq!(batches(&project), json!([[1, 1, 1]]));
}
