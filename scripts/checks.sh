# shellcheck shell=bash
# Sourced by lint.sh, fmt.sh and test.sh: one function for each check. test.sh gives a folder SCRATCH.

PYTHON_CODE=(benches python tests/corpus tests/oracle)

check_format() { cargo fmt --all --check; }
check_clippy() { cargo clippy --locked --workspace --all-targets -- -D warnings; }
check_tidy() { cargo xtask tidy; }
check_licenses() { cargo xtask licenses; }
check_shell() { "$DEV_BIN/shellcheck" -x -P SCRIPTDIR scripts/*.sh .ci/run; }
check_python_style() { "$DEV_BIN/ruff" check "${PYTHON_CODE[@]}" && "$DEV_BIN/ruff" format --check "${PYTHON_CODE[@]}"; }
check_rust_tests() { cargo test --locked --workspace; }
check_reference() { scripts/generate.sh --check; }
build_binary() { cargo build --locked -p baton-cli; }

# The pages: generated files, types, lints, tests of what needs no browser, and the build with its budget.
check_web() {
    web_packages
    (cd web && npm run --silent generate:check && npm run --silent types && npm run --silent lint && npm test --silent)
}

# The pages in a browser, against the binary with the pages inside.
check_journeys() {
    (cd web && BATON_BIN=$CARGO_TARGET_DIR/debug/baton npm run --silent journeys)
}

# The settings are those of python/pyproject.toml.
check_python_types() {
    (cd python && "$DEV_BIN/mypy" --cache-dir "$TOOLS/mypy")
    (cd benches && "$DEV_BIN/mypy" --strict --cache-dir "$TOOLS/mypy" ./*.py)
    (cd tests/oracle && "$DEV_BIN/mypy" --strict --cache-dir "$TOOLS/mypy" run.py environment.py)
    (cd tests/corpus && "$DEV_BIN/mypy" --strict --cache-dir "$TOOLS/mypy" ./*.py)
}

# What pytest skips is added to the list that test.sh prints.
check_python_tests() {
    local log=$SCRATCH/pytest.log status=0
    (cd python && "$DEV_BIN/python" -B -m pytest -q -rs -p no:cacheprovider) | tee "$log" || status=$?
    sed -n 's/^SKIPPED \[[0-9]*\] //p' "$log" >>"$SCRATCH/skipped"
    return "$status"
}

# What Mage did with recorded pipelines, and what this binary does with them. Uses the uv that dev_python found.
check_oracle() { python3 -B tests/oracle/run.py --baton "$CARGO_TARGET_DIR/debug/baton"; }

# The same through the API of a server: what a trigger starts.
check_oracle_server() { python3 -B tests/oracle/run.py --baton "$CARGO_TARGET_DIR/debug/baton" --server; }

# Two minutes of load on a server: nothing may grow and no run get stuck. `make test-heavy` has the hour.
check_soak() { python3 -B benches/soak.py --baton "$CARGO_TARGET_DIR/debug/baton" --python "$DEV_BIN/python" --seconds 120; }

# The example as a user runs it, from a copy, with a state folder of its own: one month, then the whole year.
check_example() {
    local baton=$CARGO_TARGET_DIR/debug/baton project=$SCRATCH/flights out=$SCRATCH/flights/output
    cp -R examples/flights "$project"
    rm -rf "$out"
    export BATON_HOME=$SCRATCH/home
    "$baton" check "$project" --strict
    "$baton" run "$project" flights --var month=1 | tee "$SCRATCH/month.log"
    grep -q 'hours_of_origin .* 3 of 3 completed' "$SCRATCH/month.log" # one child run per airport
    grep -q 'compare_months .* the conditional .* said no' "$SCRATCH/month.log"
    test -s "$out/report.md"
    test -n "$(find "$out/flights/month=1" -name '*.parquet')"
    test ! -e "$out/months.csv"
    test "$(wc -l <"$out/runs.log")" -eq 2 # the callbacks of the two exporters that ran
    "$baton" run "$project" flights --var top=3 --env prod --quiet
    test "$(wc -l <"$out/months.csv")" -eq 13
    test "$(grep -c 'export_months: exported' "$out/runs.log")" -eq 1
    test "$("$baton" output "$project" flights busiest_routes --format json | grep -c '"dest"')" -eq 3
    "$baton" output "$project" flights delay_by_hour --limit 3
    # The callbacks hear of failures too: the report cannot be written over a folder.
    rm "$out/report.md"
    mkdir "$out/report.md"
    if "$baton" run "$project" flights --block export_report --quiet; then return 1; fi
    grep -q 'export_report: failed: .*Is a directory' "$out/runs.log"
}
