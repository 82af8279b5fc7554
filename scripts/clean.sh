#!/usr/bin/env bash
# Removes what builds and tests made: in the clone and, for this project's builds, in the cache.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

rm -rf "$CARGO_TARGET_DIR" "$TOOLS" web/dist web/node_modules web/test-results benches/results examples/*/output
find . -name __pycache__ -type d -prune -exec rm -rf {} +
note "removed $CARGO_TARGET_DIR, $TOOLS and what examples and benchmarks wrote"
