//! The reference page of statuses is the table that `apply` obeys.

use std::path::Path;

#[test]
fn the_reference_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/run-states.md");
    let page = baton_engine::states_page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "docs/reference/run-states.md differs from the table of transitions; \
         run `UPDATE=1 cargo test -p baton-engine --test it states` and look at the difference"
    );
}
