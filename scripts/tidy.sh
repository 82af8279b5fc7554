#!/usr/bin/env bash
# The rules of the house that no compiler checks.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

need_rust
cargo xtask tidy
