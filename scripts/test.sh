#!/usr/bin/env bash
# The whole test suite. Runs every step even when one fails, then prints what failed and what was skipped.
# With CI=true a skipped step is a failure.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source scripts/checks.sh
started=$SECONDS
results=() failed=() skipped=()
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT

# step NAME FUNCTION
step() {
    local name=$1 begun=$SECONDS
    say "$name"
    # A subshell of its own, so that `set -e` holds in the check although its status is read here.
    set +e
    (
        set -e
        "$2"
    )
    local status=$?
    set -e
    if [ "$status" -eq 0 ]; then
        results+=("$(printf 'ok      %4d s  %s' $((SECONDS - begun)) "$name")")
    else
        results+=("$(printf 'FAILED  %4d s  %s' $((SECONDS - begun)) "$name")")
        failed+=("$name")
    fi
}

# skip NAME WHY
skip() { skipped+=("$(printf 'skipped         %-20s %s' "$1" "$2")"); }

need_rust
need_python
trim_target
need_git || skip "Git" "the history of files needs git; install by: apt-get install git"
need_postgres || skip "PostgreSQL" "the database on a server needs initdb; install by: apt-get install postgresql"

have_python=false
if (dev_python); then
    dev_python
    have_python=true
    # Rust tests that start workers without a project use this interpreter.
    export BATON_TEST_PYTHON=$DEV_BIN/python
fi

step "Formatting (rustfmt)" check_format
step "Lints (clippy)" check_clippy
step "Rules of the house (cargo xtask tidy)" check_tidy
step "Licences and bans (cargo xtask licenses)" check_licenses
have_node=false
if (need_node); then
    have_node=true
    step "Web: types, lint, unit tests" check_web
    step "Web: build" web_pages
else
    skip "Web" "the pages are built with Node; install by: https://nodejs.org"
fi
step "Rust tests" check_rust_tests
step "Build of the binary" build_binary
step "Reference pages" check_reference
if ! need_chromium; then
    skip "Web: journeys" "the pages are tried in Debian's browser; install by: apt-get install chromium"
elif $have_node && $have_python; then
    step "Web: journeys" check_journeys
fi
if $have_python; then
    step "Shell scripts (shellcheck)" check_shell
    step "Python style (ruff)" check_python_style
    step "Python types (mypy)" check_python_types
    step "Python tests (pytest)" check_python_tests
    step "Example project" check_example
    step "Oracle (what Mage did)" check_oracle
    step "Oracle through the API" check_oracle_server
    step "Soak (two minutes)" check_soak
else
    for name in "Shell scripts" "Python" "Example project" "Oracle" "Soak"; do
        skip "$name" "needs uv and a package index; install by: pip install uv, with network"
    done
fi

# Tests that skip themselves say why.
while IFS= read -r line; do
    skip "${line%%: *}" "${line#*: }; install by: a line in scripts/python-dev.txt"
done < <(cat "$SCRATCH/skipped" 2>/dev/null)

say "Summary after $((SECONDS - started)) s"
printf '%s\n' "${results[@]}"
if [ ${#skipped[@]} -gt 0 ]; then printf '%s\n' "${skipped[@]}"; fi
if [ ${#failed[@]} -gt 0 ]; then
    die "${#failed[@]} of ${#results[@]} steps failed" "${failed[@]}"
elif [ ${#skipped[@]} -gt 0 ] && [ "${CI:-}" = true ]; then
    die "${#skipped[@]} things were skipped, which CI=true does not allow"
fi
echo "${#results[@]} steps passed, ${#skipped[@]} things skipped."
