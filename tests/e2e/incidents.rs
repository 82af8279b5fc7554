//! The incidents of `docs/development/incidents.md`: every test that the page names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every text between back-ticks in a table.
fn named(page: &str) -> BTreeSet<&str> {
    let rows = page.lines().filter(|line| line.starts_with("| "));
    rows.flat_map(|row| row.split('`').skip(1).step_by(2))
        .collect()
}

fn collect(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_that_guards_against_an_incident_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/development/incidents.md")).unwrap();
    let named = named(&page);
    assert!(named.len() > 40, "{named:?}");
    let mut code = String::new();
    for folder in ["crates", "tests"] {
        collect(&root.join(folder), &mut code);
    }
    let missing: Vec<&str> = named
        .into_iter()
        .filter(|name| !code.contains(&format!("fn {name}(")))
        .collect();
    assert!(
        missing.is_empty(),
        "the page names tests that are not there: {missing:?}"
    );
}
