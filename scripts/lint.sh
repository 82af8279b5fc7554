#!/usr/bin/env bash
# Every check that runs no test: formatting, lints, rules of the house, licences, types.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
source scripts/checks.sh

need_rust
dev_python
check_format
check_clippy
check_tidy
check_licenses
check_shell
check_python_style
check_python_types
