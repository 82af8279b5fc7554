#!/usr/bin/env bash
# Formats Rust and Python code.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source scripts/checks.sh

need_rust
dev_python
cargo fmt --all
"$DEV_BIN/ruff" check --quiet --fix-only "${PYTHON_CODE[@]}"
"$DEV_BIN/ruff" format "${PYTHON_CODE[@]}"
